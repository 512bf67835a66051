"""The order changes function on moto: one event a change, in order, and none lost silently."""

import json

import pytest

from tests.unit.functions.conftest import Context, Load, Published, Sample, failed, generated


@pytest.fixture
def bus(load: Load, monkeypatch: pytest.MonkeyPatch) -> Published:
    published = Published({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]})
    monkeypatch.setattr(load("publish_order_changes").events, "put_events", published)
    return published


@pytest.mark.usefixtures("tables")
def test_changes_become_events_in_their_orders_order_and_once(
    load: Load, bus: Published, sample_event: Sample, context: Context
) -> None:
    handler = load("publish_order_changes").handler
    for _ in range(2):
        assert failed(handler(sample_event("publish_order_changes"), context)) == []
    entries = [request["Entries"][0] for request in bus.taken]
    assert [(entry["Source"], entry["DetailType"], entry["EventBusName"]) for entry in entries] == [
        ("shop.orders", "OrderPlaced", "shop"),
        ("shop.orders", "OrderChanged", "shop"),
    ]
    assert json.loads(entries[0]["Detail"]) == {
        "orderId": "A-1001",
        "customerId": "C-17",
        "placedAt": "2026-01-02T03:04:05+00:00",
        "currency": "EUR",
        "totalMinor": 2500,
        "lines": [{"sku": "MUG-RED", "quantity": 2, "unitPriceMinor": 1250}],
        "changeId": sample_event("publish_order_changes")["Records"][0]["eventID"],
    }


@pytest.mark.usefixtures("tables")
def test_another_change_under_the_id_of_a_published_one_is_an_error(
    load: Load, bus: Published, sample_event: Sample, context: Context
) -> None:
    event = sample_event("publish_order_changes")
    del event["Records"][1:]
    assert failed(load("publish_order_changes").handler(event, context)) == []
    event["Records"][0]["dynamodb"]["NewImage"]["totalMinor"] = {"N": "1"}
    number = event["Records"][0]["dynamodb"]["SequenceNumber"]
    assert failed(load("publish_order_changes").handler(event, context)) == [number]
    assert len(bus.taken) == 1


@pytest.mark.usefixtures("tables")
def test_an_entry_that_the_bus_refuses_is_a_failure_although_the_call_succeeded(
    load: Load, bus: Published, sample_event: Sample, context: Context
) -> None:
    event = sample_event("publish_order_changes")
    bus.answer = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}
    numbers = [record["dynamodb"]["SequenceNumber"] for record in event["Records"]]
    assert failed(load("publish_order_changes").handler(event, context)) == numbers
    assert len(bus.taken) == 1
    bus.answer = {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}
    assert failed(load("publish_order_changes").handler(event, context)) == []
    assert len(bus.taken) == 3


@pytest.mark.usefixtures("tables")
def test_a_removal_that_the_filter_let_through_fails(
    load: Load, bus: Published, sample_event: Sample, context: Context
) -> None:
    event = sample_event("publish_order_changes")
    del event["Records"][1:]
    event["Records"][0]["eventName"] = "REMOVE"
    assert len(failed(load("publish_order_changes").handler(event, context))) == 1
    assert bus.taken == []


@pytest.mark.usefixtures("tables")
def test_of_the_event_that_sam_generates_the_removal_alone_fails(load: Load, bus: Published, context: Context) -> None:
    event = generated("dynamodb", "update")
    removals = [each["dynamodb"]["SequenceNumber"] for each in event["Records"] if each["eventName"] == "REMOVE"]
    assert failed(load("publish_order_changes").handler(event, context)) == removals
    assert [request["Entries"][0]["DetailType"] for request in bus.taken] == ["OrderPlaced", "OrderChanged"]
