"""The order changes function on moto: one event a change, in order, and none lost silently."""

import io
import json
from collections import Counter
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from tests.unit.functions.conftest import Context, Event, Load, Published, Sample, failed, generated, logged


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
    event = generated("dynamodb update")
    removals = [each["dynamodb"]["SequenceNumber"] for each in event["Records"] if each["eventName"] == "REMOVE"]
    assert failed(load("publish_order_changes").handler(event, context)) == removals
    assert [request["Entries"][0]["DetailType"] for request in bus.taken] == ["OrderPlaced", "OrderChanged"]


def changes(orders: int, each: int = 1) -> Event:
    """Return so many changes of so many orders, in turns."""
    records = []
    for number in range(orders * each):
        key = {"orderId": {"S": f"A-{number % orders}"}}
        records.append(
            {
                "eventID": f"change-{number}",
                "eventName": "INSERT" if number < orders else "MODIFY",
                "eventSource": "aws:dynamodb",
                "dynamodb": {
                    "Keys": key,
                    "NewImage": key | {"totalMinor": {"N": str(number)}, "_moment": {"S": "2026"}},
                    "SequenceNumber": str(number),
                },
                "eventSourceARN": "arn:aws:dynamodb:eu-west-1:111122223333:table/orders/stream/2026",
            }
        )
    return {"Records": records}


class Bus:
    """A bus that refuses the changes of some orders, wherever they stand in a call."""

    def __init__(self, refused: Callable[[Event], bool] = lambda _: False) -> None:
        self.calls: list[list[Event]] = []
        self.taken: list[Event] = []
        self._refused = refused

    def __call__(self, *, Entries: list[Event]) -> Event:  # noqa: N803  boto3's name
        self.calls.append(Entries)
        told = []
        for entry in Entries:
            detail = json.loads(entry["Detail"])
            if self._refused(detail):
                told.append({"ErrorCode": "InternalFailure", "ErrorMessage": "busy"})
            else:
                self.taken.append(detail)
                told.append({"EventId": "1"})
        return {"FailedEntryCount": sum("ErrorCode" in each for each in told), "Entries": told}


@pytest.mark.usefixtures("tables")
def test_changes_of_many_orders_go_ten_to_a_call_and_each_orders_in_order(
    load: Load, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, bus = load("publish_order_changes"), Bus()
    left = Counter({f"A-{order}": 2 for order in range(25)})

    def busy_until_the_next_call_is_full(*, Entries: list[Event]) -> Event:  # noqa: N803  boto3's name
        sending = {json.loads(entry["Detail"])["orderId"] for entry in Entries}

        def nobody_can_come() -> bool:
            waiting = [json.loads(each.entry.detail)["orderId"] for each in list(app.bus._waiting)]
            held = sending.union(waiting)  # an order's next change comes when this one is taken
            return len(waiting) >= 10 or len(held) >= app.THREADS or not set(+left) - held

        with app.bus._changed:
            assert app.bus._changed.wait_for(nobody_can_come, timeout=30)
        left.subtract(sending)
        return bus(Entries=Entries)

    monkeypatch.setattr(app.events, "put_events", busy_until_the_next_call_is_full)
    event = changes(25, each=2)
    for _ in range(2):
        assert failed(app.handler(event, context)) == []
    assert max(len(call) for call in bus.calls) == 10
    assert len(bus.calls) <= 15
    for order in range(25):
        told = [detail["changeId"] for detail in bus.taken if detail["orderId"] == f"A-{order}"]
        assert told == [f"change-{order}", f"change-{order + 25}"]


@pytest.mark.usefixtures("tables")
def test_a_refused_entry_fails_alone_with_what_is_behind_it_of_its_order(
    load: Load, context: Context, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    app = load("publish_order_changes")
    busy = Bus(refused=lambda detail: detail["changeId"] in {"change-3", "change-17"})
    monkeypatch.setattr(app.events, "put_events", busy)
    event = changes(12, each=2)
    assert failed(app.handler(event, context)) == ["3", "15", "17"]
    bus = Bus()
    monkeypatch.setattr(app.events, "put_events", bus)
    assert failed(app.handler(event, context)) == []
    assert sorted(detail["changeId"] for detail in bus.taken) == ["change-15", "change-17", "change-3"]
    assert '"RecordsHeldBack":[1.0]' in capsys.readouterr().out


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "ThrottlingException", "Message": "A-1001 too often"}}, "PutEvents"),
        ReadTimeoutError(endpoint_url="https://events"),
    ],
)
def test_a_call_that_fails_has_a_reason_for_each_of_its_changes(
    load: Load, context: Context, bus: Published, log: io.StringIO, error: Exception
) -> None:
    bus.answer = error
    assert failed(load("publish_order_changes").handler(changes(3), context)) == ["0", "1", "2"]
    reasons = {line["reason"] for line in logged(log)}
    assert reasons < {"EventBridge: ThrottlingException", "EventBridge: ReadTimeoutError"}


@pytest.mark.usefixtures("tables")
def test_what_the_table_keeps_beside_an_order_is_not_published(load: Load, context: Context, bus: Published) -> None:
    load("publish_order_changes").handler(changes(1), context)
    assert json.loads(bus.taken[0]["Entries"][0]["Detail"]) == {
        "orderId": "A-0",
        "totalMinor": 0,
        "changeId": "change-0",
    }


@pytest.mark.usefixtures("tables")
def test_an_order_of_which_only_the_file_has_changed_makes_no_event(
    load: Load, context: Context, bus: Published
) -> None:
    event = changes(1, each=3)
    first, second, third = (record["dynamodb"] for record in event["Records"])
    second["OldImage"] = second["NewImage"] | {"_moment": {"S": "2025"}, "correlationId": {"S": "0" * 32}}
    third["OldImage"] = first["NewImage"]
    assert failed(load("publish_order_changes").handler(event, context)) == []
    entries = [entry for request in bus.taken for entry in request["Entries"]]
    assert [json.loads(entry["Detail"])["changeId"] for entry in entries] == ["change-0", "change-2"]
