"""The notices function: what a customer is told, and what it refuses."""

import pytest

from backoffice.messages import ForeignEventError, MalformedError
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


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("event", [{}, [], None, "Success", {"requestContext": None}, {"requestContext": {}}])
def test_an_event_of_another_kind_has_a_name(load: Load, context: Context, event: object) -> None:
    with pytest.raises(ForeignEventError, match="not the record of an invocation"):
        load("notify_customer").handler(event, context)


@pytest.mark.usefixtures("aws")
def test_a_condition_that_lambda_does_not_know_is_not_repeated(load: Load, context: Context) -> None:
    with pytest.raises(ForeignEventError, match=r"^the record's condition is another one than Success$"):
        load("notify_customer").handler({"requestContext": {"condition": "a customer's name"}}, context)


@pytest.mark.usefixtures("aws")
def test_a_shipment_of_more_parcels_than_a_notice_can_name_is_refused(
    load: Load, sample_event: Sample, context: Context
) -> None:
    event = sample_event("notify_customer")
    event["responsePayload"]["parcelIds"] = [f"A-{number}" for number in range(501)]
    with pytest.raises(MalformedError, match=r"length <= 500 - at `\$\.parcelIds`"):
        load("notify_customer").handler(event, context)
