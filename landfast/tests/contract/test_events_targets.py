"""What a rule sends to its targets: whole, in part, or transformed."""

import json
import re
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.contract.aws import ACCOUNT, REGION, Aws, Queue, eventually, records, refusal

pytestmark = pytest.mark.source(
    "EventBridge User Guide, Targets; recorded: localstack events/test_events_targets.snapshot.json"
)

DETAIL = {"name": 'a "quoted" name', "n": 5, "flag": True, "list": [1, "two"], "deep": {"x": {"y": "z"}}}


def _rule(aws: Aws, bus: str = "default", **target: Any) -> str:
    """The name of a new rule, which is also the source of the events it matches, with one target."""
    rule = aws.name("rule")
    aws.events.put_rule(Name=rule, EventBusName=bus, EventPattern=json.dumps({"source": [rule]}))
    told = aws.events.put_targets(Rule=rule, EventBusName=bus, Targets=[{"Id": "target", **target}])
    assert told["FailedEntryCount"] == 0, told
    return rule


def _put(aws: Aws, source: str, detail: Any = DETAIL, **more: Any) -> str:
    entry = {"Source": source, "DetailType": "made", "Detail": json.dumps(detail), **more}
    told = aws.events.put_events(Entries=[entry])
    assert told["FailedEntryCount"] == 0, told
    event_id: str = told["Entries"][0]["EventId"]
    return event_id


def test_a_queue_gets_the_whole_event(aws: Aws) -> None:
    queue = aws.queue()
    rule = _rule(aws, Arn=queue.arn)
    event_id = _put(aws, rule, Resources=["arn:aws:s3:::bucket"])
    [event] = queue.documents()
    when = event.pop("time")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", when)
    assert abs(datetime.fromisoformat(when).timestamp() - time.time()) < 60
    assert event == {
        "version": "0",
        "id": event_id,
        "detail-type": "made",
        "source": rule,
        "account": ACCOUNT,
        "region": REGION,
        "resources": ["arn:aws:s3:::bucket"],
        "detail": DETAIL,
    }


@pytest.mark.source("EventBridge API Reference, PutEventsRequestEntry: Time; recorded: test_put_events_time")
def test_an_event_has_the_time_that_it_was_given(aws: Aws) -> None:
    queue = aws.queue()
    rule = _rule(aws, Arn=queue.arn)
    _put(aws, rule, Time=datetime(2022, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert queue.documents()[0]["time"] == "2022-01-02T03:04:05Z"


@pytest.mark.source("EventBridge API Reference, Target: Input; InputPath; recorded: test_events_inputs.snapshot.json")
@pytest.mark.parametrize(
    ("target", "body"),
    [
        ({"Input": '{"fixed": true}'}, {"fixed": True}),
        ({"Input": '"just text"'}, "just text"),
        ({"InputPath": "$.detail"}, DETAIL),
        ({"InputPath": "$.detail.deep.x"}, {"y": "z"}),
        ({"InputPath": "$.detail.name"}, 'a "quoted" name'),
        ({"InputPath": "$.detail.n"}, 5),
        ({"InputPath": "$.detail.list[1]"}, "two"),
        ({"InputPath": "$.detail-type"}, "made"),
    ],
)
def test_a_target_gets_a_fixed_text_or_a_part_of_the_event(aws: Aws, target: Any, body: Any) -> None:
    queue = aws.queue()
    _put(aws, _rule(aws, Arn=queue.arn, **target))
    assert queue.documents() == [body]


PATHS = {
    "name": "$.detail.name",
    "n": "$.detail.n",
    "flag": "$.detail.flag",
    "list": "$.detail.list",
    "deep": "$.detail.deep",
    "first": "$.detail.list[0]",
    "type": "$.detail-type",
    "missing": "$.detail.missing",
}


@pytest.mark.source(
    "EventBridge User Guide, Input transformation; "
    "recorded: localstack events/test_events_inputs.snapshot.json, test_put_events_with_input_transformation_to_sqs"
)
@pytest.mark.parametrize(
    ("template", "body"),
    [
        ('{"name": <name>}', {"name": 'a "quoted" name'}),
        (
            '{"n": <n>, "flag": <flag>, "list": <list>, "deep": <deep>}',
            {"n": 5, "flag": True, "list": [1, "two"], "deep": {"x": {"y": "z"}}},
        ),
        (
            '{"text": "<type>: <n> of <flag>", "fixed": [1, "<type>"]}',
            {"text": "made: 5 of true", "fixed": [1, "made"]},
        ),
        ('{"nested": {"first": <first>, "again": [<n>, <n>]}}', {"nested": {"first": 1, "again": [5, 5]}}),
        ('"<type> has number <n>"', "made has number 5"),
        ('"<type> lacks <missing>"', "made lacks "),
        ('{"lacks": <missing>}', {"lacks": ""}),
        ('{"plain": 1}', {"plain": 1}),
    ],
)
def test_an_input_transformer_makes_the_text_of_its_template(aws: Aws, template: str, body: Any) -> None:
    queue = aws.queue()
    transformer = {"InputPathsMap": PATHS, "InputTemplate": template}
    _put(aws, _rule(aws, Arn=queue.arn, InputTransformer=transformer))
    [text] = queue.bodies()
    assert json.loads(text) == body


@pytest.mark.source(
    "recorded: localstack events/test_events_inputs.snapshot.json, ..._missing_keys, test_put_event_..."
)
@pytest.mark.parametrize(
    "target",
    [
        {"InputTransformer": {"InputPathsMap": {}, "InputTemplate": '{"x": <nowhere>}'}},
        {"Input": "{}", "InputPath": "$.detail"},
        {"InputPath": "$.detail", "InputTransformer": {"InputTemplate": "{}"}},
    ],
    ids=["an undefined variable", "two inputs", "a path and a template"],
)
def test_an_input_that_cannot_be_is_refused(aws: Aws, target: Any) -> None:
    rule, queue = aws.name("rule"), aws.queue()
    aws.events.put_rule(Name=rule, EventPattern=json.dumps({"source": [rule]}))
    put = {"Rule": rule, "Targets": [{"Id": "target", "Arn": queue.arn, **target}]}
    assert refusal(aws.events.put_targets, **put) == "ValidationException"


@pytest.mark.source(
    "EventBridge User Guide, Input transformation; recorded: test_input_transformer_predefined_variables"
)
def test_an_input_transformer_knows_the_predefined_variables(aws: Aws) -> None:
    queue = aws.queue()
    template = (
        '{"rule": <aws.events.rule-arn>, "name": <aws.events.rule-name>, "at": <aws.events.event.ingestion-time>, '
        '"event": <aws.events.event>, "whole": <aws.events.event.json>}'
    )
    rule = _rule(aws, Arn=queue.arn, InputTransformer={"InputTemplate": template})
    event_id = _put(aws, rule)
    [body] = queue.documents()
    assert (body["rule"], body["name"]) == (f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{rule}", rule)
    assert abs(datetime.fromisoformat(body["at"]).timestamp() - time.time()) < 60
    assert (body["whole"]["id"], body["whole"]["detail"]) == (event_id, DETAIL)
    whole = body["whole"]
    del whole["detail"]
    assert body["event"] == {"detailType": whole.pop("detail-type"), **whole}


@pytest.mark.source("EventBridge API Reference, SqsParameters")
def test_a_fifo_queue_gets_the_event_in_its_group(aws: Aws) -> None:
    queue = aws.queue(FifoQueue="true", ContentBasedDeduplication="true")
    rule = _rule(aws, Arn=queue.arn, SqsParameters={"MessageGroupId": "group-1"})
    _put(aws, rule)
    [message] = queue.take()
    assert message["Attributes"]["MessageGroupId"] == "group-1"
    assert json.loads(message["Body"])["source"] == rule


@pytest.mark.source("EventBridge User Guide, Targets: SNS topics get the event as the message")
def test_a_topic_publishes_the_event(aws: Aws) -> None:
    topic, queue = aws.topic(), aws.queue()
    aws.subscribe(topic, queue.arn)
    rule = _rule(aws, Arn=topic, InputPath="$.detail.deep")
    _put(aws, rule)
    [notification] = queue.documents()
    assert json.loads(notification["Message"]) == {"x": {"y": "z"}}


@pytest.mark.source("EventBridge API Reference, KinesisParameters; recorded: test_put_events_with_target_kinesis")
def test_a_stream_gets_the_event_with_the_partition_key_of_its_path(aws: Aws) -> None:
    stream = aws.stream()
    arn = aws.kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]
    parameters = {"PartitionKeyPath": "$.detail.deep.x.y"}
    rule = _rule(aws, Arn=arn, KinesisParameters=parameters, RoleArn=f"arn:aws:iam::{ACCOUNT}:role/events")
    _put(aws, rule)
    start = {"ShardIteratorType": "TRIM_HORIZON"}
    found = eventually(lambda: records(aws, stream, "shardId-000000000000", start))
    assert [(record["PartitionKey"], json.loads(record["Data"])["detail"]) for record in found] == [("z", DETAIL)]


def _bus(aws: Aws) -> str:
    name = aws.name("bus")
    aws.events.create_event_bus(Name=name)
    return name


@pytest.mark.source("EventBridge User Guide, Event buses: rules belong to a bus; an entry names its bus by name or ARN")
def test_a_custom_bus_has_its_own_events(aws: Aws) -> None:
    bus, custom, default = _bus(aws), aws.queue(), aws.queue()
    rule = _rule(aws, bus, Arn=custom.arn)
    aws.events.put_rule(Name=rule, EventPattern=json.dumps({"source": [rule]}))
    aws.events.put_targets(Rule=rule, Targets=[{"Id": "target", "Arn": default.arn}])
    _put(aws, rule, {"to": "custom"}, EventBusName=bus)
    _put(aws, rule, {"to": "custom, by ARN"}, EventBusName=f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{bus}")
    _put(aws, rule, {"to": "default"})
    assert sorted(event["detail"]["to"] for event in custom.documents(2)) == ["custom", "custom, by ARN"]
    assert [event["detail"]["to"] for event in default.documents()] == ["default"]
    assert custom.counts() == default.counts() == (0, 0, 0)


@pytest.mark.source(
    "EventBridge User Guide, Sending events between buses; recorded: test_put_events_with_target_events"
)
def test_a_bus_sends_the_event_on_to_another_bus(aws: Aws) -> None:
    first, second, queue = _bus(aws), _bus(aws), aws.queue()
    arn = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{second}"
    rule = _rule(aws, first, Arn=arn, RoleArn=f"arn:aws:iam::{ACCOUNT}:role/events")
    aws.events.put_rule(Name=rule, EventBusName=second, EventPattern=json.dumps({"source": [rule]}))
    aws.events.put_targets(Rule=rule, EventBusName=second, Targets=[{"Id": "target", "Arn": queue.arn}])
    _put(aws, rule, EventBusName=first)
    [event] = queue.documents()
    assert (event["source"], event["detail-type"], event["detail"]) == (rule, "made", DETAIL)


@pytest.mark.source("EventBridge User Guide, Dead-letter queues: a target that is gone is not tried again; attributes")
def test_an_event_for_a_target_that_is_gone_goes_to_the_targets_dead_letter_queue(aws: Aws) -> None:
    gone, dead = aws.queue(), aws.queue()
    rule = _rule(aws, Arn=gone.arn, DeadLetterConfig={"Arn": dead.arn})
    aws.sqs.delete_queue(QueueUrl=gone.url)
    event_id = _put(aws, rule)
    [message] = dead.take()
    assert json.loads(message["Body"])["id"] == event_id
    attributes = {name: attribute["StringValue"] for name, attribute in message["MessageAttributes"].items()}
    assert attributes["RULE_ARN"] == f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{rule}"
    assert attributes["TARGET_ARN"] == gone.arn
    assert attributes["ERROR_CODE"]
    assert attributes["ERROR_MESSAGE"]


@pytest.mark.source("EventBridge User Guide, Targets: up to five of a rule, each gets the event")
def test_every_target_of_a_rule_gets_the_event(aws: Aws) -> None:
    queues: list[Queue] = [aws.queue() for _ in range(3)]
    gone = aws.queue()
    rule = _rule(aws, Arn=gone.arn)
    aws.sqs.delete_queue(QueueUrl=gone.url)
    targets = [{"Id": f"t{number}", "Arn": queue.arn} for number, queue in enumerate(queues)]
    aws.events.put_targets(Rule=rule, Targets=targets)
    event_id = _put(aws, rule)
    assert [queue.documents()[0]["id"] for queue in queues] == [event_id] * 3


@pytest.mark.source("EventBridge User Guide, Rules: an event may match several, each of them sends it")
def test_every_rule_that_matches_sends_the_event(aws: Aws) -> None:
    queue, source = aws.queue(), aws.name("source")
    for number in range(3):
        rule = aws.name("rule")
        aws.events.put_rule(Name=rule, EventPattern=json.dumps({"source": [source]}))
        target = {"Id": "target", "Arn": queue.arn, "Input": f"{number}"}
        aws.events.put_targets(Rule=rule, Targets=[target])
    _put(aws, source)
    assert sorted(queue.documents(3)) == [0, 1, 2]
