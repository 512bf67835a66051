# --- order files and order changes and fulfilment and notices ---
"""What the first function accepts, every later one can handle: the largest of everything, all the way."""

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.functions.conftest import Load
from tests.unit.functions.largest import ARTICLES, ITEM, LINES, MESSAGE, PRICE, WIDEST, item_size, order, size
from tests.unit.shop.way import Step, Way


@pytest.fixture
def way(load: Load, tables: None, monkeypatch: pytest.MonkeyPatch) -> Way:  # noqa: ARG001  they are written to
    return Way(load, monkeypatch)


def assert_everything_fits(step: Step) -> None:
    assert all(item_size(image) < ITEM for image in step.images)
    assert all(len(entry["Detail"].encode()) + 100 < MESSAGE for entry in step.entries)
    assert all(item_size(shipment) < ITEM for shipment in step.shipments)
    assert all(size(record) < MESSAGE for record in step.shipped)  # what notify_customer is called with
    assert all(size(record) < MESSAGE for record in step.notices)  # what SNS gets
    markers = boto3.client("dynamodb").scan(TableName="idempotency")["Items"]
    assert all(item_size(marker) < ITEM for marker in markers)


@pytest.mark.parametrize(
    "quantities",
    [[ARTICLES], [ARTICLES // LINES] * LINES, [1] * LINES, [ARTICLES - LINES + 1] + [1] * (LINES - 1)],
    ids=["one line", "all lines alike", "all lines of one", "one line of most"],
)
def test_the_largest_order_gets_to_its_customers_notice(way: Way, quantities: list[int]) -> None:
    step = way.go(way.upload(order(WIDEST, quantities)))
    assert_everything_fits(step)
    (notice,) = step.notices
    parcels = -(-sum(quantities) // 20)
    assert notice["responsePayload"]["text"].endswith(f"{WIDEST}-{parcels}.")


# Of what an order may hold, whatever counts towards a size: drawn so that the largest are common.
_identifiers = st.sampled_from([1, 63, 64]).flatmap(
    lambda length: st.text("AZaz09._-", min_size=length, max_size=length)
)


@st.composite
def accepted_orders(draw: st.DrawFn) -> bytes:
    lines = draw(st.sampled_from([1, 2, 499, 500]))
    spare = draw(st.sampled_from([0, 1, ARTICLES - lines]))
    quantities = [1 + spare // lines] * lines
    quantities[draw(st.integers(0, lines - 1))] += spare % lines
    price = draw(st.sampled_from([0, PRICE]))
    return order(draw(_identifiers), quantities, sku=draw(_identifiers), price=price)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=accepted_orders(), number=st.integers(0, 2**64))
def test_every_accepted_order_gets_to_its_customers_notice(way: Way, body: bytes, number: int) -> None:
    resource = boto3.resource("dynamodb")
    for table, key in (("orders", "orderId"), ("shipments", "orderId"), ("idempotency", "id")):
        for found in resource.Table(table).scan()["Items"]:
            resource.Table(table).delete_item(Key={key: found[key]})
    step = way.go(way.upload(body, sequencer=f"{number:x}"))
    assert step.answer["body"] == {"files": 1, "orders": 1}
    assert_everything_fits(step)
    assert len(step.notices) == 1
