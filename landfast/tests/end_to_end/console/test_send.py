"""Events that are sent by the console's form arrive as if a program had sent them, and AWS's refusals are told."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from landfast.console import Console
from landfast.console.server import TOKEN
from landfast.testing import Options, Stack
from landfast.testing.sources import Message
from tests.end_to_end.console.asking import Answer, ask

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Landed: {Type: AWS::SQS::Queue}
  Ordered: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true}}
  Uploads:
    Type: AWS::S3::Bucket
    Properties:
      NotificationConfiguration:
        QueueConfigurations: [{Event: "s3:ObjectCreated:*", Queue: !GetAtt Landed.Arn}]
  News:
    Type: AWS::SNS::Topic
    Properties: {Subscription: [{Protocol: sqs, Endpoint: !GetAtt Landed.Arn}]}
  Bus: {Type: AWS::Events::EventBus, Properties: {Name: bus}}
  Rule:
    Type: AWS::Events::Rule
    Properties:
      EventBusName: !Ref Bus
      EventPattern: {source: [shop]}
      Targets: [{Id: landed, Arn: !GetAtt Landed.Arn}]
  Clicks: {Type: AWS::Kinesis::Stream, Properties: {ShardCount: 1}}
  Kept:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      BillingMode: PAY_PER_REQUEST
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      BillingMode: PAY_PER_REQUEST
      StreamSpecification: {StreamViewType: NEW_IMAGE}
"""


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory, _loopback_only: None) -> Iterator[Stack]:
    """A stack with everything that takes events, and no function."""
    folder = tmp_path_factory.mktemp("places")
    (folder / "template.yaml").write_text(TEMPLATE)
    options = Options(template=folder / "template.yaml", state=folder / "state", stack="places", sandbox=False)
    with Stack.start(options) as stack:
        yield stack


def post(console: Console, kind: str, name: str, **given: Any) -> Answer:
    body = json.dumps({"kind": kind, "name": name, **given}).encode()
    return ask(console, "/_landfast/api/send", method="POST", headers={TOKEN: console.token}, body=body)


def send(console: Console, kind: str, name: str, **given: Any) -> dict[str, Any]:
    answer = post(console, kind, name, **given)
    assert answer.status == 200, answer.content
    answered: dict[str, Any] = json.loads(answer.content)
    return answered


def look(console: Console, path: str) -> Any:
    answer = ask(console, f"/_landfast/api{path}")
    assert answer.status == 200, answer.content
    return json.loads(answer.content)


def kind_of(message: Message) -> str:
    """The subject of a topic's message, the type of a bus's event, the name of a bucket's."""
    told = message.json()
    found = told.get("Subject") or told.get("detail-type") or told.get("Event") or told["Records"][0]["eventName"]
    return str(found)


def test_an_event_can_be_sent_to_everything_that_takes_one(places: Stack) -> None:
    console = Console.attach(places.service)
    colour = {"colour": {"type": "String", "value": "red"}}
    message = send(console, "queue", "Landed", body="to the queue", attributes=colour)
    send(console, "topic", "News", message="to the topic", subject="Hello")
    send(console, "bus", "Bus", source="shop", detail_type="Ordered", detail='{"to": "the bus"}')
    send(console, "bucket", "Uploads", key="to the bucket.txt", content="한글")
    record = send(console, "stream", "Clicks", partition_key="k", data='{"to": "the stream"}')
    send(console, "table", "Orders", item='{"id": "A-1", "total": 2.5}')
    places.settle()

    landed = {one.id: one for one in places.queue("Landed")}
    assert dict(landed.pop(message["event"]).attributes) == {"colour": "red"}
    assert sorted(map(kind_of, landed.values())) == ["Hello", "ObjectCreated:Put", "Ordered", "s3:TestEvent"]
    assert places.s3("Uploads").get("to the bucket.txt").decode() == "한글"
    assert places.table("Orders").get({"id": "A-1"}) == {"id": "A-1", "total": 2.5}

    [shard] = look(console, "/streams/Clicks")["shards"]
    [shown] = look(console, f"/streams/Clicks/shards/{shard['id']}/records")["records"]
    assert (shown["event"], shown["data"]) == (record["event"], '{"to": "the stream"}')
    [changes] = look(console, "/streams/Orders")["shards"]
    [change] = look(console, f"/streams/Orders/shards/{changes['id']}/records?from=oldest")["records"]
    assert (change["name"], json.loads(change["data"])["NewImage"]["total"]) == ("INSERT", {"N": "2.5"})
    page = look(console, "/queues/Landed")
    assert [one["id"] for one in page["messages"]] == [one.id for one in places.queue("Landed")]


@pytest.mark.parametrize(
    ("kind", "given", "told"),
    [
        ("queue", {"name": "Ordered", "body": "a"}, "MissingParameter: The request must contain the parameter"),
        ("queue", {"name": "Nowhere", "body": "a"}, "the template has no queue Nowhere"),
        ("bus", {"name": "Bus", "source": "a", "detail_type": "b", "detail": "{"}, "MalformedDetail: "),
        ("table", {"name": "Orders", "item": '{"total": 1}'}, "ValidationException: "),
        ("table", {"name": "Orders", "item": "{"}, "the item is not JSON: "),
        ("stream", {"name": "Clicks", "partition_key": "", "data": "a"}, "Parameter validation failed: "),
        ("fax", {"name": "Clicks"}, "the request's body: "),
    ],
)
def test_what_cannot_be_sent_is_told_in_awss_own_words(
    places: Stack, kind: str, given: dict[str, str], told: str
) -> None:
    answer = post(Console.attach(places.service), kind, **given)
    assert (answer.status, answer.message[: len(told)]) == (400, told)


def test_what_is_not_there_is_told(places: Stack) -> None:
    console = Console.attach(places.service)
    for path in (
        "/queues/Nowhere",
        "/queues/Landed/messages/1",
        "/streams/Nowhere",
        "/streams/Clicks/shards/1/records",
    ):
        assert ask(console, f"/_landfast/api{path}").status == 404
    kept = ask(console, "/_landfast/api/streams/Kept")
    assert (kept.status, kept.message) == (404, "the table Kept has no stream")
    [shard] = look(console, "/streams/Clicks")["shards"]
    at = f"/_landfast/api/streams/Clicks/shards/{shard['id']}/records"
    assert ask(console, f"{at}?from=nowhere").status == 400
    assert ask(console, f"{at}/999").status == 404


def test_a_function_is_called_and_its_answer_or_its_error_is_shown(shop: Stack, console: Console) -> None:
    answered = send(console, "function", "Charge", payload='{"order": 1, "amount": 5}', asynchronous=False)
    assert (answered["answer"], answered["function_error"]) == ({"charged": 5}, "")
    assert "charging 1" in answered["log"]
    failed = send(console, "function", "Charge", payload='{"order": 2}', asynchronous=False)
    assert (failed["answer"]["errorType"], failed["function_error"]) == ("TypeError", "Unhandled")
    accepted = send(console, "function", "Charge", payload='{"order": 3, "amount": 5}')
    shop.settle()
    event = look(console, f"/events/{accepted['event']}")
    assert event["hops"][0]["hop"]["records"][0]["state"] == "processed"
    refused = post(console, "function", "Charge", payload="{")
    assert refused.message.startswith("InvalidRequestContentException: ")


def test_nobody_sends_without_the_token(shop: Stack, console: Console) -> None:
    body = b'{"kind": "queue", "name": "Orders", "body": "a"}'
    assert ask(console, "/_landfast/api/send", method="POST", body=body).status == 403
    assert len(shop.queue("Orders")) == 0
