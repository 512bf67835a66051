"""What the first function accepts, every later one can handle: the largest of everything, all the way."""

import base64
import json
from typing import Any

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.functions.conftest import Context, Load, Published, Sample, failed
from tests.unit.shop.way import Step, Way, item_size, size

ITEM = 400 * 1024
"""DynamoDB: bytes of an item (developer guide, constraints)."""
MESSAGE = 256 * 1024
"""SNS (and Lambda's asynchronous event, SQS and EventBridge before 2025): bytes of a message (S-23)."""

WIDEST = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"[-64:]
ARTICLES, LINES, PRICE = 10_000, 500, 10**12
LATEST = "9999-12-31T23:59:59.999999-23:59"


@pytest.fixture
def way(load: Load, tables: None, monkeypatch: pytest.MonkeyPatch) -> Way:  # noqa: ARG001  they are written to
    return Way(load, monkeypatch)


def order(order_id: str, quantities: list[int], *, sku: str = WIDEST, price: int = PRICE) -> bytes:
    lines = [{"sku": sku, "quantity": quantity, "unitPriceMinor": price} for quantity in quantities]
    whole = {"orderId": order_id, "customerId": WIDEST, "placedAt": LATEST, "currency": "EUR", "lines": lines}
    return json.dumps(whole).encode()


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


@pytest.mark.parametrize(
    ("quantities", "field"),
    [
        ([1_000_000], "lines[0].quantity"),
        ([200_000], "lines[0].quantity"),
        ([ARTICLES + 1], "lines[0].quantity"),
        ([ARTICLES, 1], "lines"),
        ([21] * LINES, "lines"),
        ([1] * (LINES + 1), "lines"),
        ([10**40], "lines[0].quantity"),
    ],
)
def test_a_larger_one_is_refused_at_the_door_with_file_line_and_field(
    way: Way, quantities: list[int], field: str
) -> None:
    event = way.upload(order("A-1", [1]) + b"\n" + order("A-2", quantities))
    with pytest.raises(ValueError, match=r"s3://inbox/orders\.jsonl, line 2") as error:
        way.apps["import_orders"].handler(event, way.context)
    assert f"field {field}: " in str(error.value)
    assert boto3.client("dynamodb").scan(TableName="orders")["Items"] == []


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


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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


@pytest.mark.parametrize("wide", ["é", "注", "😀", "\\", '"', "\x00", "\n", "\u2028", "\ud800"])
@pytest.mark.parametrize("field", ["orderId", "customerId", "currency", "sku"])
def test_no_character_that_would_grow_on_the_way_gets_in(way: Way, field: str, wide: str) -> None:
    plain = json.loads(order("A-1", [1]))
    (plain if field != "sku" else plain["lines"][0])[field] = f"A{wide}"
    with pytest.raises(ValueError, match="line 1"):
        way.apps["import_orders"].handler(way.upload(json.dumps(plain).encode()), way.context)


@pytest.mark.usefixtures("tables")
def test_a_parcel_of_the_longest_order_id_can_be_scanned_with_the_widest_place(
    load: Load, sample_event: Sample, context: Context
) -> None:
    scan = {
        "scanId": WIDEST,
        "parcelId": f"{WIDEST}-{ARTICLES // 20}",
        "status": "out_for_delivery",
        "place": "😀" * 100,
        "scannedAt": "9999-12-31T23:59:59.999999Z",
    }
    event = sample_event("track_parcels")
    del event["Records"][1:]
    event["Records"][0]["kinesis"]["data"] = base64.b64encode(json.dumps(scan).encode()).decode()
    assert failed(load("track_parcels").handler(event, context)) == []
    (kept,) = boto3.client("dynamodb").scan(TableName="history")["Items"]
    assert len(kept["parcelId"]["S"].encode()) <= 2048
    assert len(kept["scannedAt"]["S"].encode()) <= 1024
    assert item_size(kept) < ITEM


@pytest.mark.usefixtures("tables")
def test_the_largest_payments_of_an_account_are_kept_to_the_last_digit(
    load: Load, sample_event: Sample, context: Context
) -> None:
    event = sample_event("post_payments")
    record = event["Records"][0]
    event["Records"] = []
    for number in range(3):
        body = {"paymentId": f"{WIDEST[:-1]}{number}", "account": WIDEST, "amountMinor": 10**15, "currency": "EUR"}
        copy = json.loads(json.dumps(record)) | {"messageId": f"m{number}", "body": json.dumps(body)}
        copy["attributes"]["MessageGroupId"] = WIDEST
        event["Records"].append(copy)
    assert failed(load("post_payments").handler(event, context)) == []
    (account,) = boto3.client("dynamodb").scan(TableName="accounts")["Items"]
    assert account["balanceMinor"] == {"N": str(3 * 10**15)}


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize(
    ("total", "accepted"), [(ARTICLES * PRICE, True), (ARTICLES * PRICE + 1, False), (10**40, False)]
)
def test_a_receipt_is_sent_for_the_largest_order_and_for_nothing_larger(
    load: Load, sample_event: Sample, context: Context, monkeypatch: pytest.MonkeyPatch, total: int, *, accepted: bool
) -> None:
    topic = Published({})
    monkeypatch.setattr(load("send_receipts").sns, "publish", topic)
    event: Any = sample_event("send_receipts")
    del event["Records"][1:]
    body = {"orderId": WIDEST, "customerId": WIDEST, "totalMinor": total, "currency": "EUR"}
    event["Records"][0]["body"] = json.dumps(body)
    assert (failed(load("send_receipts").handler(event, context)) == []) == accepted
    assert len(topic.taken) == accepted
    assert all(size(request) < MESSAGE for request in topic.taken)
