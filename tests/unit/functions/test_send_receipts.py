"""The receipts function on moto: one receipt an order, whatever is repeated or refused."""

import json
from copy import deepcopy

import pytest
from botocore.exceptions import ClientError

from tests.unit.functions.conftest import Context, Event, Load, Published, Sample, failed, generated, reason
from tests.unit.functions.largest import ARTICLES, MESSAGE, PRICE, WIDEST, size


@pytest.fixture
def topic(load: Load, monkeypatch: pytest.MonkeyPatch) -> Published:
    published = Published({})
    monkeypatch.setattr(load("send_receipts").sns, "publish", published)
    return published


@pytest.fixture
def letters(load: Load, monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """What the function sends to its dead-letter queue; this queue is no FIFO queue, unlike moto's in these tests."""
    sent: list[Event] = []

    class Queue:
        def send_message_batch(self, *, Entries: list[Event], **_: str) -> Event:  # noqa: N803 - SQS's name
            sent.extend(Entries)
            return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}

    monkeypatch.setattr(load("send_receipts").dead_letters, "_sqs", Queue())
    return sent


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
def test_a_malformed_request_is_dead_lettered_alone(
    load: Load, topic: Published, sample_event: Sample, letters: list[Event], body: str
) -> None:
    event = sample_event("send_receipts")
    event["Records"][0]["body"] = body
    assert failed(load("send_receipts").handler(event, Context())) == []
    assert len(topic.taken) == 1
    [letter] = letters
    assert letter["MessageBody"] == body
    assert reason(letter)["ErrorCode"] == "MalformedReceiptRequestError"
    assert reason(letter)["ErrorMessage"]


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("other", [{"totalMinor": 250}, {"customerId": "C-2"}, {"currency": "USD"}])
def test_a_second_receipt_of_an_order_with_other_content_is_kept_with_the_reason(
    load: Load,
    topic: Published,
    sample_event: Sample,
    letters: list[Event],
    other: dict[str, object],
) -> None:
    request = {"orderId": "A-7", "customerId": "C-1", "totalMinor": 100, "currency": "EUR"}
    for body in (request, request | other):
        event = sample_event("send_receipts")
        del event["Records"][1:]
        event["Records"][0]["body"] = json.dumps(body)
        assert failed(load("send_receipts").handler(event, Context())) == []
    assert [json.loads(request["Message"])["totalMinor"] for request in topic.taken] == [100]
    [letter] = letters
    assert json.loads(letter["MessageBody"]) == request | other
    assert reason(letter)["ErrorCode"] == "IdempotencyValidationError"


@pytest.mark.usefixtures("tables")
def test_the_event_that_sam_generates_is_a_batch(load: Load, topic: Published, context: Context) -> None:
    event = generated("sqs receive-message")
    event["Records"][0]["body"] = json.dumps(
        {"orderId": "A-1", "customerId": "C-1", "totalMinor": 1, "currency": "EUR"}
    )
    assert failed(load("send_receipts").handler(event, context)) == []
    assert [json.loads(request["Message"])["receiptId"] for request in topic.taken] == ["receipt-A-1"]


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize(
    ("total", "accepted"), [(ARTICLES * PRICE, True), (ARTICLES * PRICE + 1, False), (10**40, False)]
)
def test_a_receipt_is_sent_for_the_largest_order_and_for_nothing_larger(
    load: Load,
    topic: Published,
    sample_event: Sample,
    letters: list[Event],
    total: int,
    *,
    accepted: bool,
) -> None:
    event = sample_event("send_receipts")
    del event["Records"][1:]
    body = {"orderId": WIDEST, "customerId": WIDEST, "totalMinor": total, "currency": "EUR"}
    event["Records"][0]["body"] = json.dumps(body)
    assert failed(load("send_receipts").handler(event, Context())) == []
    assert (len(topic.taken), len(letters)) == ((1, 0) if accepted else (0, 1))
    assert all(size(request) < MESSAGE for request in topic.taken)
