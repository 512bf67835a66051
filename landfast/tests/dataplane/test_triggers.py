import dataclasses
import json
import time
from typing import Any

import pytest

from landfast.dataplane.clients import Clients
from landfast.dataplane.object_versions import with_versions
from landfast.dataplane.trigger_events import rule_event, topic_event
from landfast.dataplane.world import Trigger, TriggerKind, World
from landfast.delivery import s3_events
from landfast.delivery.settings import Settings
from tests.dataplane.conftest import drain

_PLACED = {
    "version": "0",
    "id": "0d5c0f3e-2b0f-4b8e-9a53-0c3c4b1f9f10",
    "detail-type": "OrderPlaced",
    "source": "shop",
    "time": "2026-01-02T03:04:05Z",
    "region": "us-east-1",
    "resources": [],
    "detail": {"order": {"id": "A-7"}},
}


def _trigger(world: World, kind: TriggerKind) -> Trigger:
    [found] = [one for one in world.triggers if one.kind == kind]
    return found


def _notifications(clients: Clients, trigger: Trigger, count: int) -> list[dict[str, Any]]:
    bodies = (json.loads(message.body) for message in drain(clients, trigger.queue_url, count))
    events = (body for body in bodies if not s3_events.is_test_event(body))
    return [
        s3_events.normalise(event, next_sequence=lambda _bucket, _key: time.time_ns(), settings=Settings())
        for event in events
    ]


def test_s_036_an_upload_reaches_the_functions_queue_and_other_keys_do_not(clients: Clients, world: World) -> None:
    trigger = _trigger(world, "s3")
    drain(clients, trigger.queue_url, 0)
    bucket = world.buckets["Inbox"]
    clients.s3.put_object(Bucket=bucket, Key="out/ignored", Body=b"1")
    clients.s3.put_object(Bucket=bucket, Key="in/é a+b", Body=b"12")
    [event] = _notifications(clients, trigger, 1)
    [record] = event["Records"]
    assert record["eventName"] == "ObjectCreated:Put"
    assert record["s3"]["bucket"]["name"] == bucket
    assert record["s3"]["configurationId"] in trigger.configuration_ids
    assert record["s3"]["object"]["key"] == "in/%C3%A9+a%2Bb"
    assert record["s3"]["object"]["size"] == 2


def test_s_037_objects_of_a_versioned_bucket_have_their_version(clients: Clients, world: World) -> None:
    trigger = _trigger(world, "s3")
    drain(clients, trigger.queue_url, 0)
    bucket = world.buckets["Inbox"]
    versions = []
    for key, body, pause in (("in/v", b"1", 0), ("in/v", b"2", 0), ("in/v-longer", b"1", 1.1), ("in/v", b"1", 0)):
        versions.append(clients.s3.put_object(Bucket=bucket, Key=key, Body=body)["VersionId"])
        time.sleep(pause)
    events = [with_versions(clients, event) for event in _notifications(clients, trigger, 4)]
    objects = [record["s3"]["object"] for event in events for record in event["Records"]]
    assert sorted(one["versionId"] for one in objects) == sorted(versions)
    assert list(objects[0]) == ["key", "size", "eTag", "versionId", "sequencer"]


def test_s_037_objects_of_other_buckets_have_no_version(clients: Clients) -> None:
    clients.s3.create_bucket(Bucket="unversioned")
    etag = clients.s3.put_object(Bucket="unversioned", Key="a", Body=b"1")["ETag"].strip('"')
    fact = s3_events.ObjectEvent(
        name="ObjectCreated:Put", bucket="unversioned", key="a", region="us-east-1", time=time.time(), etag=etag
    )
    event = s3_events.notification(fact, Settings())
    assert with_versions(clients, event) == event


def test_an_event_on_the_bus_reaches_the_functions_queue_as_its_rule_says(clients: Clients, world: World) -> None:
    trigger = _trigger(world, "events")
    for source in ("shop", "elsewhere"):
        entry = {
            "Source": source,
            "DetailType": "OrderPlaced",
            "Detail": '{"order": "A-7"}',
            "EventBusName": world.event_buses["Bus"],
        }
        assert clients.events.put_events(Entries=[entry])["FailedEntryCount"] == 0  # type: ignore[list-item]
    [message] = drain(clients, trigger.queue_url)
    assert rule_event(trigger, message.body) == {"order": "A-7"}
    whole = dataclasses.replace(trigger, input_path=None)
    event = rule_event(whole, message.body)
    assert isinstance(event, dict)
    assert set(event) == {*_PLACED, "account"}
    assert event["account"] == "123456789012"


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("$", {**_PLACED, "account": "123456789012"}),
        ("$.detail", {"order": {"id": "A-7"}}),
        ("$.detail.order.id", "A-7"),
        ("$.detail.missing", {**_PLACED, "account": "123456789012"}),
    ],
)
def test_a_rules_input_path_picks_a_part_of_the_event(path: str, part: object) -> None:
    trigger = Trigger("events", "Rule", "Function", None, "q", "u", "arn:aws:sqs:us-east-1:123456789012:q")
    assert rule_event(dataclasses.replace(trigger, input_path=path), json.dumps(_PLACED)) == part


def test_a_rules_fixed_input_replaces_the_event_and_a_transformed_one_stays() -> None:
    trigger = Trigger("events", "Rule", "Function", None, "q", "u", "arn:aws:sqs:us-east-1:123456789012:q")
    assert rule_event(dataclasses.replace(trigger, input="[1]"), json.dumps(_PLACED)) == [1]
    assert rule_event(trigger, '{"id": "A-7"}') == {"id": "A-7"}
    assert rule_event(trigger, '"text"') == "text"


def test_a_notice_reaches_the_functions_queue_if_its_filter_lets_it(clients: Clients, world: World) -> None:
    trigger = _trigger(world, "sns")
    for kind, text in (("order", "yes"), ("other", "no")):
        attribute = {"kind": {"DataType": "String", "StringValue": kind}}
        clients.sns.publish(
            TopicArn=world.topics["Notices"],
            Subject="news",
            Message=text,
            MessageAttributes=attribute,  # type: ignore[arg-type] # the stubs want their own type of dict
        )
    [message] = drain(clients, trigger.queue_url)
    [record] = topic_event(trigger, message.body)["Records"]
    assert (record["EventSource"], record["EventVersion"]) == ("aws:sns", "1.0")
    assert record["EventSubscriptionArn"] == trigger.subscription_arn
    assert record["EventSubscriptionArn"].startswith(world.topics["Notices"])
    sns = record["Sns"]
    assert (sns["Type"], sns["TopicArn"]) == ("Notification", world.topics["Notices"])
    assert (sns["Subject"], sns["Message"]) == ("news", "yes")
    assert sns["MessageAttributes"] == {"kind": {"Type": "String", "Value": "order"}}
