"""The fulfilment function on moto: one shipment an order, in as few boxes as hold it."""

import pytest
from aws_lambda_powertools.utilities.idempotency.exceptions import IdempotencyValidationError

from tests.unit.functions.conftest import Context, Load, Sample, items


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
