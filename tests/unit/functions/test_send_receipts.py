"""The receipts function on moto: one receipt an order, whatever is repeated or refused."""

import json
from copy import deepcopy

import pytest
from botocore.exceptions import ClientError

from tests.unit.functions.conftest import Context, Load, Published, Sample, failed, generated


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


@pytest.mark.usefixtures("tables")
def test_the_event_that_sam_generates_is_a_batch(load: Load, topic: Published, context: Context) -> None:
    body = json.dumps({"orderId": "A-1", "customerId": "C-1", "totalMinor": 1, "currency": "EUR"})
    event = generated("sqs", "receive-message", body=body.replace('"', '\\"'))
    assert failed(load("send_receipts").handler(event, context)) == []
    assert [json.loads(request["Message"])["receiptId"] for request in topic.taken] == ["receipt-A-1"]
