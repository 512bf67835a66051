"""The functions behind the order files, on moto: what each effect is, and what happens to duplicates and failures."""

import base64
import json
from collections.abc import Callable
from copy import deepcopy
from types import ModuleType
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.unit.functions.conftest import Context

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeDefinitionTypeDef, KeySchemaElementTypeDef

type Event = dict[str, Any]
type Load = Callable[[str], ModuleType]
type Sample = Callable[[str], Event]


def make_table(name: str, partition_key: str, sort_key: str | None = None) -> None:
    attributes: list[AttributeDefinitionTypeDef] = [{"AttributeName": partition_key, "AttributeType": "S"}]
    schema: list[KeySchemaElementTypeDef] = [{"AttributeName": partition_key, "KeyType": "HASH"}]
    if sort_key:
        attributes.append({"AttributeName": sort_key, "AttributeType": "S"})
        schema.append({"AttributeName": sort_key, "KeyType": "RANGE"})
    boto3.client("dynamodb").create_table(
        TableName=name, AttributeDefinitions=attributes, KeySchema=schema, BillingMode="PAY_PER_REQUEST"
    )


def items(table: str) -> list[dict[str, Any]]:
    found = boto3.resource("dynamodb").Table(table).scan()["Items"]
    return sorted(found, key=lambda item: json.dumps(item, default=str, sort_keys=True))


@pytest.fixture
def tables(aws: None) -> None:  # noqa: ARG001  they are made there
    make_table("idempotency", "id")
    make_table("parcels", "parcelId")
    make_table("history", "parcelId", "scannedAt")
    make_table("accounts", "account")
    make_table("entries", "account", "paymentId")
    make_table("shipments", "orderId")


def failed(answer: Event) -> list[str]:
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


# Parcel scans


def scan(scan_id: str, **changes: object) -> dict[str, object]:
    return {
        "scanId": scan_id,
        "parcelId": "A-1",
        "status": "in_transit",
        "place": "Kassel",
        "scannedAt": "2026-01-02T03:00:00Z",
    } | changes


def kinesis_event(sample: Sample, *data: bytes | dict[str, object]) -> Event:
    template = sample("track_parcels")["Records"][0]
    records = []
    for number, each in enumerate(data, 1):
        record = deepcopy(template)
        raw = each if isinstance(each, bytes) else json.dumps(each).encode()
        key = "poison" if isinstance(each, bytes) else str(each["parcelId"])
        record["kinesis"] |= {
            "sequenceNumber": str(number),
            "partitionKey": key,
            "data": base64.b64encode(raw).decode(),
        }
        records.append(record)
    return {"Records": records}


@pytest.mark.usefixtures("tables")
def test_the_sample_scans_move_their_parcels(load: Load, sample_event: Sample, context: Context) -> None:
    assert failed(load("track_parcels").handler(sample_event("track_parcels"), context)) == []
    assert [(item["parcelId"], item["place"]) for item in items("parcels")] == [
        ("A-1001-1", "Kassel"),
        ("A-1002-1", "Hannover"),
    ]
    assert len(items("history")) == 3


@pytest.mark.usefixtures("tables")
def test_the_newest_scan_wins_by_its_own_time_and_a_late_one_is_history(
    load: Load, sample_event: Sample, context: Context
) -> None:
    late = scan("S-2", place="Leipzig", scannedAt="2026-01-02T02:59:59.999999Z")
    same_moment_elsewhere = scan("S-0", place="Bonn", scannedAt="2026-01-02T04:00:00+01:00")
    event = kinesis_event(sample_event, scan("S-1"), late, same_moment_elsewhere)
    assert failed(load("track_parcels").handler(event, context)) == []
    assert [item["place"] for item in items("parcels")] == ["Kassel"]
    assert sorted(item["scannedAt"] for item in items("history")) == [
        "2026-01-02T02:59:59.999999+00:00#S-2",
        "2026-01-02T03:00:00.000000+00:00#S-0",
        "2026-01-02T03:00:00.000000+00:00#S-1",
    ]


@pytest.mark.usefixtures("tables")
def test_of_two_scans_of_one_moment_the_same_wins_in_either_order(
    load: Load, sample_event: Sample, context: Context
) -> None:
    first, second = scan("S-1", place="Kassel"), scan("S-2", place="Bonn")
    load("track_parcels").handler(kinesis_event(sample_event, first, second), context)
    other = [each | {"parcelId": "A-2", "scanId": f"{each['scanId']}-other"} for each in (second, first)]
    load("track_parcels").handler(kinesis_event(sample_event, *other), context)
    assert [item["place"] for item in items("parcels")] == ["Bonn", "Bonn"]


@pytest.mark.usefixtures("tables")
def test_a_repeated_batch_appends_nothing(load: Load, sample_event: Sample, context: Context) -> None:
    handler = load("track_parcels").handler
    for _ in range(2):
        assert failed(handler(sample_event("track_parcels"), context)) == []
    assert len(items("history")) == 3


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("poison", [b"\x00", b"{}", b'{"scanId":"S-9"', b'{"scanId":"\xff"}'])
def test_a_poison_scan_is_reported_and_its_neighbours_are_tracked(
    load: Load, sample_event: Sample, context: Context, poison: bytes
) -> None:
    event = kinesis_event(sample_event, scan("S-1"), poison, scan("S-2", parcelId="A-2"))
    assert failed(load("track_parcels").handler(event, context)) == ["2"]
    assert [item["parcelId"] for item in items("parcels")] == ["A-1", "A-2"]


@pytest.mark.usefixtures("tables")
def test_a_scan_id_that_says_something_else_the_second_time_fails(
    load: Load, sample_event: Sample, context: Context
) -> None:
    event = kinesis_event(sample_event, scan("S-1"), scan("S-1", place="Bonn"))
    assert failed(load("track_parcels").handler(event, context)) == ["2"]
    assert [item["place"] for item in items("parcels")] == ["Kassel"]


# Payments


def payment(payment_id: str, account: str, amount: int, currency: str = "EUR") -> dict[str, object]:
    return {"paymentId": payment_id, "account": account, "amountMinor": amount, "currency": currency}


def payments_event(sample: Sample, *payments: dict[str, object]) -> Event:
    template = sample("post_payments")["Records"][0]
    records = []
    for number, each in enumerate(payments, 1):
        record = deepcopy(template)
        record |= {"messageId": f"m{number}", "body": json.dumps(each)}
        record["attributes"]["MessageGroupId"] = each["account"]
        records.append(record)
    return {"Records": records}


def balances() -> dict[str, int]:
    return {item["account"]: int(item["balanceMinor"]) for item in items("accounts")}


def results() -> dict[str, str]:
    return {item["paymentId"]: item["result"] for item in items("entries")}


@pytest.mark.usefixtures("tables")
def test_the_sample_payments_are_posted(load: Load, sample_event: Sample, context: Context) -> None:
    assert failed(load("post_payments").handler(sample_event("post_payments"), context)) == []
    assert balances() == {"C-17": 2500, "C-23": 1200}
    assert results() == {"P-1": "posted", "P-2": "posted", "P-3": "posted"}


@pytest.mark.usefixtures("tables")
def test_an_overdraft_is_entered_as_rejected_and_later_payments_go_on(
    load: Load, sample_event: Sample, context: Context
) -> None:
    event = payments_event(
        sample_event,
        payment("P-0", "nobody", -1),
        payment("P-1", "C-1", 1000),
        payment("P-2", "C-1", -1001),
        payment("P-3", "C-1", -1000),
    )
    assert failed(load("post_payments").handler(event, context)) == []
    assert balances() == {"C-1": 0}
    assert results() == {"P-0": "overdraft", "P-1": "posted", "P-2": "overdraft", "P-3": "posted"}


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("amount", [500, -500])
def test_a_payment_in_another_currency_is_rejected(
    load: Load, sample_event: Sample, context: Context, amount: int
) -> None:
    event = payments_event(sample_event, payment("P-1", "C-1", 1000), payment("P-2", "C-1", amount, currency="JPY"))
    assert failed(load("post_payments").handler(event, context)) == []
    assert balances() == {"C-1": 1000}
    assert results()["P-2"] == "currency_differs"


@pytest.mark.usefixtures("tables")
def test_a_rejection_stays_one_although_the_money_is_there_when_it_is_repeated(
    load: Load, sample_event: Sample, context: Context
) -> None:
    handler = load("post_payments").handler
    refused = payment("P-1", "C-1", -100)
    handler(payments_event(sample_event, refused), context)
    assert failed(handler(payments_event(sample_event, payment("P-2", "C-1", 500), refused), context)) == []
    assert balances() == {"C-1": 500}
    assert results() == {"P-1": "overdraft", "P-2": "posted"}


@pytest.mark.usefixtures("tables")
def test_a_repeated_payment_changes_the_balance_once(load: Load, sample_event: Sample, context: Context) -> None:
    event = payments_event(sample_event, payment("P-1", "C-1", 100), payment("P-1", "C-1", 100))
    for _ in range(2):
        assert failed(load("post_payments").handler(event, context)) == []
    assert balances() == {"C-1": 100}


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize(
    "broken",
    [
        payment("P-2", "C-1", 0),
        payment("P-2", "C-1", 5, currency="EURO"),
        payment("P-2", "C-1", 5, currency="XYZ"),
        payment("P-2", "C-1", 10**15 + 1),
        payment("P-2", "C-1", 5) | {"amountMinor": 5.5},
        payment("P-2", "C-1", 5) | {"amountMinor": "5"},
        payment("", "C-1", 5),
        payment("P-1", "C-1", 7),
    ],
)
def test_s_101_a_malformed_payment_holds_back_its_account_alone(
    load: Load, sample_event: Sample, context: Context, broken: dict[str, object]
) -> None:
    event = payments_event(
        sample_event,
        payment("P-1", "C-1", 100),
        broken,
        payment("P-3", "C-1", 10),
        payment("P-4", "C-2", 20),
    )
    assert failed(load("post_payments").handler(event, context)) == ["m2", "m3"]
    assert balances() == {"C-1": 100, "C-2": 20}


@pytest.mark.usefixtures("tables")
def test_a_payment_in_another_accounts_group_fails(load: Load, sample_event: Sample, context: Context) -> None:
    event = payments_event(sample_event, payment("P-1", "C-1", 100))
    event["Records"][0]["attributes"]["MessageGroupId"] = "C-2"
    assert failed(load("post_payments").handler(event, context)) == ["m1"]
    assert balances() == {}


# Receipts


class Published:
    """A topic or bus that keeps what it takes, and can be told what to answer."""

    def __init__(self, answer: dict[str, Any] | Exception) -> None:
        self.taken: list[dict[str, Any]] = []
        self.answer = answer

    def __call__(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401  any request
        self.taken.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def topic(load: Load, monkeypatch: pytest.MonkeyPatch) -> Published:
    published = Published({})
    monkeypatch.setattr(load("send_receipts").sns, "publish", published)
    return published


@pytest.mark.usefixtures("tables")
def test_each_orders_receipt_is_published_once(
    load: Load, topic: Published, sample_event: Sample, context: Context
) -> None:
    event = sample_event("send_receipts")
    again = deepcopy(event["Records"][0]) | {"messageId": "sent-again-by-the-shop"}
    handler = load("send_receipts").handler
    assert failed(handler(event, context)) == []
    assert failed(handler({"Records": [again]}, context)) == []
    assert sorted(json.loads(request["Message"])["receiptId"] for request in topic.taken) == [
        "receipt-A-1001",
        "receipt-A-1002",
    ]
    assert {request["TopicArn"] for request in topic.taken} == {"arn:aws:sns:eu-west-1:123456789012:receipts"}


@pytest.mark.usefixtures("tables")
def test_a_receipt_that_was_not_taken_is_sent_on_the_next_delivery(
    load: Load, topic: Published, sample_event: Sample, context: Context
) -> None:
    event = sample_event("send_receipts")
    topic.answer = ClientError({"Error": {"Code": "InternalError", "Message": ""}}, "Publish")
    both = [record["messageId"] for record in event["Records"]]
    assert failed(load("send_receipts").handler(event, context)) == both
    topic.answer = {}
    assert failed(load("send_receipts").handler(event, context)) == []
    assert len(topic.taken) == 4


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("body", ["", "{}", '{"orderId":"A","customerId":"C","totalMinor":-1,"currency":"EUR"}'])
def test_a_malformed_request_fails_alone(
    load: Load, topic: Published, sample_event: Sample, context: Context, body: str
) -> None:
    event = sample_event("send_receipts")
    event["Records"][0]["body"] = body
    assert failed(load("send_receipts").handler(event, context)) == [event["Records"][0]["messageId"]]
    assert len(topic.taken) == 1


# Order changes


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
    assert json.loads(entries[0]["Detail"]) == sample_event("ship_order")["detail"]


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


# Fulfilment and notices


@pytest.mark.usefixtures("tables")
def test_a_placed_order_is_shipped_once_and_a_repeat_gets_the_same_answer(
    load: Load, sample_event: Sample, context: Context
) -> None:
    handler = load("ship_order").handler
    answers = [handler(sample_event("ship_order"), context) for _ in range(2)]
    assert answers[0] == answers[1] == sample_event("notify_customer")["responsePayload"]
    assert items("shipments") == [{"orderId": "A-1001", "customerId": "C-17", "parcelIds": ["A-1001-1"]}]


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
def test_an_order_without_lines_is_not_shipped(load: Load, sample_event: Sample, context: Context) -> None:
    event = sample_event("ship_order")
    event["detail"]["lines"] = []
    with pytest.raises(ValueError, match=r"length >= 1 - at `\$.lines`"):
        load("ship_order").handler(event, context)
    assert items("shipments") == []


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
