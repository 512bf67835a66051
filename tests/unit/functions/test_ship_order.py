"""The fulfilment function on moto: one shipment an order, in as few boxes as hold it."""

import io

import boto3
import pytest
from aws_lambda_powertools.utilities.idempotency.exceptions import IdempotencyValidationError

from backoffice.exactly_once import ConditionFailedError
from backoffice.messages import ForeignEventError, MalformedError
from tests.unit.functions.conftest import Context, Event, Load, Sample, items, logged


@pytest.mark.usefixtures("tables")
def test_a_placed_order_is_shipped_once_and_a_repeat_gets_the_same_answer(
    load: Load, sample_event: Sample, context: Context
) -> None:
    handler = load("ship_order").handler
    answers = [handler(sample_event("ship_order"), context) for _ in range(2)]
    shipment = {"orderId": "A-1001", "customerId": "C-17", "parcelIds": ["A-1001-1"]}
    assert answers == [shipment, shipment]
    assert items("shipments") == [shipment]


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize(("articles", "parcels"), [(1, 1), (20, 1), (21, 2), (60, 3)])
def test_an_order_takes_as_few_boxes_as_hold_it(
    load: Load, sample_event: Sample, context: Context, articles: int, parcels: int
) -> None:
    event = sample_event("ship_order")
    event["detail"]["lines"] = [
        {"sku": "MUG", "quantity": articles - 1, "unitPriceMinor": 1},
        {"sku": "TEA", "quantity": 1, "unitPriceMinor": 1},
    ][articles == 1 :]
    assert len(load("ship_order").handler(event, context)["parcelIds"]) == parcels


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("other", [{"customerId": "C-99"}, {"lines": [{"sku": "TEA", "quantity": 9}]}])
def test_a_second_order_of_the_same_id_with_other_content_is_an_error(
    load: Load, sample_event: Sample, context: Context, other: dict[str, object]
) -> None:
    event = sample_event("ship_order")
    shipped = load("ship_order").handler(event, context)
    event["detail"] |= other
    with pytest.raises(IdempotencyValidationError):
        load("ship_order").handler(event, context)
    assert items("shipments") == [shipped]


@pytest.mark.usefixtures("tables")
def test_an_order_without_lines_is_not_shipped(load: Load, sample_event: Sample, context: Context) -> None:
    event = sample_event("ship_order")
    event["detail"]["lines"] = []
    with pytest.raises(ValueError, match=r"length >= 1 - at `\$.lines`"):
        load("ship_order").handler(event, context)
    assert items("shipments") == []


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"quantity": 10_001}, r"<= 10000 - at `\$\.lines\[0\]\.quantity`"),
        ({"quantity": 10**12}, r"<= 10000 - at `\$\.lines\[0\]\.quantity`"),
        ({"quantity": True}, "Expected `int`, got `bool`"),
        ({"sku": "MUG\n"}, r"at `\$\.lines\[0\]\.sku`"),
    ],
)
def test_an_order_that_no_file_could_have_is_refused_whoever_placed_it(
    load: Load, sample_event: Sample, context: Context, changes: Event, reason: str
) -> None:
    event = sample_event("ship_order")
    event["detail"]["lines"][0] |= changes
    with pytest.raises(MalformedError, match=reason):
        load("ship_order").handler(event, context)
    assert items("shipments") == []


@pytest.mark.usefixtures("tables")
def test_lines_that_are_too_much_together_are_refused(load: Load, sample_event: Sample, context: Context) -> None:
    event = sample_event("ship_order")
    event["detail"]["lines"] = [{"sku": "MUG", "quantity": 5_001, "unitPriceMinor": 1}] * 2
    with pytest.raises(MalformedError, match="more articles than 500 parcels hold"):
        load("ship_order").handler(event, context)


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize(
    "event", [{}, [], None, "OrderPlaced", {"detail": None}, {"detail-type": "OrderChanged", "detail": {}}]
)
def test_an_event_of_another_kind_has_a_name(load: Load, context: Context, event: object) -> None:
    with pytest.raises(ForeignEventError, match=r"^the event"):
        load("ship_order").handler(event, context)


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize(("quantity", "ships"), [(2, True), (21, False)])
def test_what_was_shipped_stays_as_it_was_when_its_marker_has_expired(
    load: Load, sample_event: Sample, context: Context, quantity: int, *, ships: bool
) -> None:
    handler, event = load("ship_order").handler, sample_event("ship_order")
    handler(event, context)
    kept = items("shipments")
    (marker,) = items("idempotency")
    boto3.resource("dynamodb").Table("idempotency").delete_item(Key={"id": marker["id"]})
    event["detail"]["lines"][0]["quantity"] = quantity
    if ships:
        assert handler(event, context)["parcelIds"] == ["A-1001-1"]
    else:
        with pytest.raises(ConditionFailedError, match="not_shipped_otherwise"):
            handler(event, context)
    assert items("shipments") == kept


@pytest.mark.usefixtures("tables")
def test_what_comes_without_an_id_or_with_something_else_in_its_place_is_logged_under_the_request(
    load: Load, sample_event: Sample, context: Context, log: io.StringIO
) -> None:
    handler = load("ship_order").handler
    for number, strange in enumerate([None, 7, "", "A" * 32, f"{'0' * 32}\n", ["0" * 32]]):
        event = sample_event("ship_order")
        event["detail"] |= {"orderId": f"A-{number}"} | ({"correlationId": strange} if strange is not None else {})
        assert "correlationId" not in handler(event, context)
    assert {line["correlation_id"] for line in logged(log)} == {context.aws_request_id}
