"""The notices function: what a customer is told, and what it refuses."""

import pytest

from tests.unit.functions.conftest import Context, Event, Load, Sample


@pytest.mark.usefixtures("aws")
def test_s_015_the_record_of_a_shipment_becomes_a_notice(load: Load, sample_event: Sample, context: Context) -> None:
    assert load("notify_customer").handler(sample_event("notify_customer"), context) == {
        "noticeId": "shipped-A-1001",
        "customerId": "C-17",
        "text": "Your order A-1001 is on its way in 1 parcel: A-1001-1.",
    }


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"requestContext": {"condition": "RetriesExhausted"}, "responsePayload": None}, "RetriesExhausted"),
        ({"responsePayload": {"orderId": "A"}}, "missing required field"),
        ({"responsePayload": None}, "Expected `object`, got `null`"),
    ],
)
def test_a_record_without_a_shipment_fails(
    load: Load, sample_event: Sample, context: Context, changes: Event, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        load("notify_customer").handler(sample_event("notify_customer") | changes, context)
