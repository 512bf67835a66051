import json
from collections.abc import Mapping
from typing import Any

import pytest

from landfast.dataplane.clients import Clients
from landfast.dataplane.destinations import Destinations
from landfast.dataplane.errors import DeliveryFailed
from landfast.dataplane.queues import QueueUrls
from landfast.dataplane.world import World
from landfast.delivery.actions import Deliver, DeliveryKind
from landfast.delivery.destination_records import dead_letter_message, event_bus_entry, s3_body
from tests.dataplane.conftest import drain

_FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:orders:$LATEST"
_RECORD = {"version": "1.0", "requestPayload": {"name": "é"}, "responseContext": {"functionError": None}}


@pytest.fixture
def destinations(clients: Clients) -> Destinations:
    return Destinations(clients, QueueUrls(clients))


def _deliver(destinations: Destinations, kind: DeliveryKind, target: str, body: Mapping[str, object] = _RECORD) -> None:
    action: Deliver[Any] = Deliver(kind=kind, target=target, body=body, records=(), rule="S-13")
    destinations.deliver(action)


def _subscribed(clients: Clients, world: World, name: str) -> str:
    """A queue that gets the topic's notifications."""
    url = clients.sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    clients.sns.subscribe(TopicArn=world.topics["Notices"], Protocol="sqs", Endpoint=arn)
    return url


def test_s_013_a_queue_gets_the_record_as_compact_json(
    clients: Clients, world: World, destinations: Destinations
) -> None:
    _deliver(destinations, "sqs", world.queues["Done"].arn)
    [message] = drain(clients, world.queues["Done"].url)
    assert message.body == ('{"version":"1.0","requestPayload":{"name":"é"},"responseContext":{"functionError":null}}')
    assert "MessageAttributes" not in message.raw


def test_s_067_a_topic_gets_the_record_as_its_message(
    clients: Clients, world: World, destinations: Destinations
) -> None:
    url = _subscribed(clients, world, "of-records")
    _deliver(destinations, "sns", world.topics["Notices"])
    [message] = drain(clients, url)
    envelope = json.loads(message.body)
    assert envelope["Type"] == "Notification"
    assert envelope["TopicArn"] == world.topics["Notices"]
    assert json.loads(envelope["Message"]) == _RECORD


def test_s_018_a_bus_gets_one_entry_with_both_resources(
    clients: Clients, world: World, destinations: Destinations
) -> None:
    bus = world.event_buses["Bus"]
    url = clients.sqs.create_queue(QueueName="of-the-bus")["QueueUrl"]
    arn = clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    clients.events.put_rule(Name="results", EventBusName="orders", EventPattern='{"source": ["lambda"]}')
    clients.events.put_targets(Rule="results", EventBusName="orders", Targets=[{"Id": "queue", "Arn": arn}])
    entry = event_bus_entry(_RECORD, entry_id="id", bus_arn=bus, function_arn=_FUNCTION, success=False, now=0.0)
    _deliver(destinations, "events", bus, dict(entry))
    [message] = drain(clients, url)
    event = json.loads(message.body)
    assert event["source"] == "lambda"
    assert event["detail-type"] == "Lambda Function Invocation Result - Failure"
    assert event["resources"] == [bus, _FUNCTION]
    assert event["detail"] == _RECORD


def test_s_019_a_bucket_gets_the_record_as_an_object(
    clients: Clients, world: World, destinations: Destinations
) -> None:
    bucket = world.buckets["Inbox"]
    _deliver(destinations, "s3", f"arn:aws:s3:::{bucket}", s3_body(bucket, "aws/lambda/async/orders/x", _RECORD))
    kept = clients.s3.get_object(Bucket=bucket, Key="aws/lambda/async/orders/x")
    assert kept["ContentType"] == "application/json"
    assert json.loads(kept["Body"].read()) == _RECORD


def test_s_024_a_dead_letter_queue_gets_the_event_unchanged_and_the_attributes(
    clients: Clients, world: World, destinations: Destinations
) -> None:
    letter = dead_letter_message('{ "as": "sent" }', request_id="r-1", error_code=200, error_message="no stock")
    _deliver(destinations, "dlq", world.queues["Done"].arn, dict(letter))
    [message] = drain(clients, world.queues["Done"].url)
    assert message.body == '{ "as": "sent" }'
    told = {name: (value["DataType"], value["StringValue"]) for name, value in message.raw["MessageAttributes"].items()}
    assert told == {
        "RequestID": ("String", "r-1"),
        "ErrorCode": ("Number", "200"),
        "ErrorMessage": ("String", "no stock"),
    }


def test_s_024_a_dead_letter_topic_gets_the_same(clients: Clients, world: World, destinations: Destinations) -> None:
    url = _subscribed(clients, world, "of-letters")
    letter = dead_letter_message('{"as":"sent"}', request_id="r-1", error_code=200, error_message="")
    _deliver(destinations, "dlq", world.topics["Notices"], dict(letter))
    [message] = drain(clients, url)
    envelope = json.loads(message.body)
    assert envelope["Message"] == '{"as":"sent"}'
    assert envelope["MessageAttributes"]["RequestID"] == {"Type": "String", "Value": "r-1"}


@pytest.mark.parametrize(
    ("kind", "target", "body"),
    [
        ("sqs", "arn:aws:sqs:us-east-1:123456789012:nowhere", _RECORD),
        ("sns", "arn:aws:sns:us-east-1:123456789012:nowhere", _RECORD),
        ("s3", "arn:aws:s3:::nowhere-at-all", {"bucket": "nowhere-at-all", "key": "k", "object": {}}),
        ("dlq", "arn:aws:sqs:us-east-1:123456789012:nowhere", {"body": "{}", "attributes": {}}),
        ("lambda", _FUNCTION, _RECORD),
    ],
)
def test_s_022_what_a_target_does_not_take_is_told_with_the_reason(
    destinations: Destinations, kind: DeliveryKind, target: str, body: Mapping[str, object]
) -> None:
    with pytest.raises(DeliveryFailed) as failed:
        _deliver(destinations, kind, target, body)
    assert failed.value.target == target
    assert failed.value.reason
    assert "\n" not in str(failed.value)


def test_s_022_an_endpoint_that_is_gone_fails_the_delivery(world: World) -> None:
    nowhere = Clients("http://127.0.0.1:9", "us-east-1")
    with pytest.raises(DeliveryFailed, match="Could not connect"):
        _deliver(Destinations(nowhere, QueueUrls(nowhere)), "sns", world.topics["Notices"])
    nowhere.close()
