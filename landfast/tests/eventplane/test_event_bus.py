"""EventBridge with services around it that only take what is sent.

Texts of refusals and shapes of answers were recorded from AWS by LocalStack
(``tests/aws/services/events/test_events.snapshot.json``) where nothing else is said.
"""

import json
from typing import Any

import pytest

from landfast.aws_errors import AwsError
from landfast.eventplane.event_bus import EventsApi
from landfast.journal import Delivered, Dropped, Retrying
from landfast.sources.sent import Sent
from tests.eventplane.fanout import ACCOUNT, REGION, Sender, arn
from tests.eventplane.world import START

QUEUE = arn("sqs", "orders")
FIFO_QUEUE = arn("sqs", "orders.fifo")
DEAD = arn("sqs", "dead")
FUNCTION = arn("lambda", "function:handle")
STREAM = arn("kinesis", "stream/clicks")
TOPIC = arn("sns", "news")
DEFAULT = arn("events", "event-bus/default")
RULE = arn("events", "rule/orders")
NO_FUNCTION = AwsError("ResourceNotFoundException", "Function not found", status=404)
BUSY = AwsError("ProvisionedThroughputExceededException", "Rate exceeded")
ENTRY = {"Source": "shop", "DetailType": "order", "Detail": '{"total": 5}'}


class Events(Sender):
    API = EventsApi
    TAKERS = ("sqs", "lambda", "sns", "kinesis")

    def rule(self, *targets: Any, name: str = "orders", bus: str = "default", **params: Any) -> str:
        pattern = json.dumps({"source": ["shop"]})
        made: str = self("PutRule", Name=name, EventBusName=bus, **{"EventPattern": pattern, **params})["RuleArn"]
        if targets:
            named = [{"Id": f"t{number}", **each} for number, each in enumerate(targets)]
            answer = self("PutTargets", Rule=name, EventBusName=bus, Targets=named)
            assert answer == {"FailedEntryCount": 0, "FailedEntries": []}
        return made

    def put(self, trace: str = "", **entry: Any) -> Any:
        return self("PutEvents", trace=trace, Entries=[{**ENTRY, **entry}])


@pytest.fixture
def events() -> Events:
    return Events()


def test_a_target_gets_the_whole_event(events: Events) -> None:
    assert events.rule({"Arn": FUNCTION}) == RULE
    answer = events.put(Resources=["arn:aws:s3:::a"], Time=START - 0.5)
    assert answer["FailedEntryCount"] == 0
    [sent] = events.recorder.sent_to(FUNCTION)
    assert sent.body == json.dumps(
        {
            "version": "0",
            "id": answer["Entries"][0]["EventId"],
            "detail-type": "order",
            "source": "shop",
            "account": ACCOUNT,
            "time": "2026-01-02T03:03:19Z",
            "region": REGION,
            "resources": ["arn:aws:s3:::a"],
            "detail": {"total": 5},
        },
        separators=(",", ":"),
    )
    assert sent.origin == "rule orders"


def test_targets_of_every_kind_get_what_they_need(events: Events) -> None:
    events.rule(
        {"Arn": FIFO_QUEUE, "SqsParameters": {"MessageGroupId": "g"}},
        {"Arn": TOPIC, "InputPath": "$.detail"},
        {"Arn": STREAM, "KinesisParameters": {"PartitionKeyPath": "$.detail.total"}, "Input": '"ping"'},
        {"Arn": FUNCTION, "InputTransformer": {
            "InputPathsMap": {"total": "$.detail.total"},
            "InputTemplate": '{"rule": <aws.events.rule-name>, "at": <aws.events.event.ingestion-time>, "n": <total>}',
        }},
    )  # fmt: skip
    events.put()
    assert events.recorder.sent_to(FIFO_QUEUE)[0].group == "g"
    assert events.recorder.sent_to(TOPIC)[0].body == '{"total":5}'
    [record] = events.recorder.sent_to(STREAM)
    assert (record.partition_key, record.body) == ("5", '"ping"')
    assert events.recorder.sent_to(FUNCTION)[0].body == '{"rule":"orders","at":"2026-01-02T03:03:20Z","n":5}'


def test_a_record_of_a_stream_has_the_id_of_its_event_as_key_where_nothing_else_is_found(events: Events) -> None:
    events.rule({"Arn": STREAM}, {"Arn": STREAM, "KinesisParameters": {"PartitionKeyPath": "$.detail.gone"}})
    identity = events.put()["Entries"][0]["EventId"]
    assert [sent.partition_key for sent in events.recorder.sent_to(STREAM)] == [identity, identity]


def test_only_rules_that_match_and_are_on_send(events: Events) -> None:
    events.rule({"Arn": QUEUE}, name="a")
    events.rule({"Arn": FUNCTION}, name="b", EventPattern='{"source": ["other"]}')
    events.rule({"Arn": TOPIC}, name="c", State="DISABLED")
    events.put()
    assert [target for target, _ in events.recorder.taken] == [QUEUE]
    events("EnableRule", Name="c")
    events("DisableRule", Name="a")
    events.put()
    assert [target for target, _ in events.recorder.taken] == [QUEUE, TOPIC]


@pytest.mark.parametrize(
    ("entry", "code", "message"),
    [
        ({"Source": ""}, "InvalidArgument", "Parameter Source is not valid. Reason: Source is a required argument."),
        (
            {"DetailType": None},
            "InvalidArgument",
            "Parameter DetailType is not valid. Reason: DetailType is a required argument.",
        ),
        ({"Detail": None}, "InvalidArgument", "Parameter Detail is not valid. Reason: Detail is a required argument."),
        ({"Detail": "{"}, "MalformedDetail", "Detail is malformed."),
        ({"Detail": "[1]"}, "MalformedDetail", "Detail is malformed."),
        ({"Source": "aws.s3"}, "NotAuthorizedForSourceException", "Not authorized for the source."),
        (
            {"DetailType": "x" * 129},
            "InvalidArgument",
            "Parameter DetailType is not valid. Reason: DetailType must be at most 128 characters.",
        ),
    ],
)
def test_an_entry_that_makes_no_event_is_told_beside_those_that_do(
    events: Events, entry: Any, code: str, message: str
) -> None:
    events.rule({"Arn": QUEUE})
    answer = events("PutEvents", Entries=[{**ENTRY, **entry}, ENTRY])
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0] == {"ErrorCode": code, "ErrorMessage": message}
    assert set(answer["Entries"][1]) == {"EventId"}
    assert len(events.recorder.taken) == 1


def test_a_request_has_at_most_ten_entries_and_a_megabyte(events: Events) -> None:
    events.rule({"Arn": QUEUE})
    frame = {"Source": "shop", "DetailType": "order"}
    largest = {**frame, "Detail": json.dumps({"x": "y" * (1_048_576 - 9 - 9)})}
    assert events("PutEvents", Entries=[largest])["FailedEntryCount"] == 0
    # EventBridge API, PutEvents: 1 MB in all
    refused = events.refusal("PutEvents", Entries=[{**largest, "Source": "shops"}])
    assert refused.code == "ValidationException"
    assert refused.message == "Total size of the entries in the request is over the limit."
    assert "less than or equal to 10" in events.refusal("PutEvents", Entries=[ENTRY] * 11).message
    assert len(events.recorder.taken) == 1


def test_an_event_for_a_bus_that_is_not_there_is_taken_and_noted(events: Events) -> None:
    answer = events.put(EventBusName="none")
    assert answer["FailedEntryCount"] == 0
    [note] = events.world.notes
    assert isinstance(note, Dropped)
    assert note.records == (answer["Entries"][0]["EventId"],)
    assert note.error == "Event bus none does not exist."


def test_s_034_a_chain_of_calls_does_not_go_on_through_a_bus(events: Events) -> None:
    events.rule({"Arn": QUEUE})
    events.put(trace="Root=1-a;Lineage=00000000:1")
    events.put(TraceHeader="Root=1-b")
    assert [sent.trace for sent in events.recorder.sent_to(QUEUE)] == ["Root=1-a", "Root=1-b"]


# From bus to bus


def test_an_event_goes_from_bus_to_bus_once(events: Events) -> None:
    buses = [events("CreateEventBus", Name=name)["EventBusArn"] for name in ("second", "third")]
    assert buses[0] == arn("events", "event-bus/second")
    events.rule({"Arn": buses[0]})
    events.rule({"Arn": QUEUE}, {"Arn": buses[1], "DeadLetterConfig": {"Arn": DEAD}}, bus="second")
    events.rule({"Arn": FUNCTION}, bus="third")
    identity = events.put()["Entries"][0]["EventId"]
    assert json.loads(events.recorder.sent_to(QUEUE)[0].body)["id"] == identity
    assert events.recorder.sent_to(FUNCTION) == []
    # The user guide, "Sending and receiving events between event buses": none is routed to a third bus
    letter = events.recorder.sent_to(DEAD)[0]
    assert letter.attributes["ERROR_CODE"]["StringValue"] == "THIRD_ACCOUNT_HOP_DETECTED"


def test_a_bus_that_feeds_itself_comes_to_an_end(events: Events) -> None:
    events.rule({"Arn": DEFAULT}, {"Arn": QUEUE})
    events.put()
    assert len(events.recorder.sent_to(QUEUE)) == 2


# Failures


def attributes(sent: Sent) -> dict[str, str]:
    return {name: each["StringValue"] for name, each in sent.attributes.items()}


def test_a_target_that_is_not_there_gets_its_event_into_the_dead_letter_queue_at_once(events: Events) -> None:
    events.rule({"Arn": FUNCTION, "DeadLetterConfig": {"Arn": DEAD}})
    events.recorder.refusals[FUNCTION] = NO_FUNCTION
    identity = events.put()["Entries"][0]["EventId"]
    [letter] = events.recorder.sent_to(DEAD)
    assert json.loads(letter.body)["id"] == identity
    assert attributes(letter) == {
        "RULE_ARN": RULE,
        "TARGET_ARN": FUNCTION,
        "ERROR_CODE": "NO_RESOURCE",
        "ERROR_MESSAGE": "Function not found",
        "RETRY_ATTEMPTS": "0",
    }
    [note] = events.world.notes
    assert isinstance(note, Delivered)
    assert (note.kind, note.target, note.records) == ("dlq", DEAD, (identity,))


def test_without_a_dead_letter_queue_the_event_is_dropped_with_the_reason(events: Events) -> None:
    events.rule({"Arn": FUNCTION})
    events.recorder.refusals[FUNCTION] = NO_FUNCTION
    events.put()
    [note] = events.world.notes
    assert isinstance(note, Dropped)
    assert note.metric == "FailedInvocations"
    assert FUNCTION in note.error
    assert "Function not found" in note.error


def test_a_dead_letter_queue_that_is_not_there_drops_the_event(events: Events) -> None:
    events.rule({"Arn": FUNCTION, "DeadLetterConfig": {"Arn": DEAD}})
    events.recorder.refusals |= {FUNCTION: NO_FUNCTION, DEAD: AwsError("QueueDoesNotExist", "gone")}
    events.put()
    [note] = events.world.notes
    assert isinstance(note, Dropped)
    assert note.metric == "InvocationsFailedToBeSentToDLQ"


def test_an_input_that_does_not_become_json_is_a_failure_for_good(events: Events) -> None:
    events.rule({
        "Arn": QUEUE,
        "DeadLetterConfig": {"Arn": DEAD},
        "InputTransformer": {"InputPathsMap": {"text": "$.detail.text"}, "InputTemplate": '{"text": "<text>"}'},
    })  # fmt: skip
    events.put(Detail=json.dumps({"text": 'say "hi"'}))
    assert events.recorder.sent_to(QUEUE) == []
    assert attributes(events.recorder.sent_to(DEAD)[0])["ERROR_CODE"] == "INVALID_JSON"


def test_a_busy_target_is_tried_again_with_growing_waits(events: Events) -> None:
    events.rule({"Arn": STREAM})
    events.recorder.refusals[STREAM] = BUSY
    identity = events.put()["Entries"][0]["EventId"]
    events.world.pass_until(START + 10)
    waits = [note.due - START for note in events.world.notes if isinstance(note, Retrying)]
    assert waits == [1, 3, 7, 15]
    del events.recorder.refusals[STREAM]
    events.world.pass_until(START + 20)
    assert [json.loads(sent.body)["id"] for sent in events.recorder.sent_to(STREAM)] == [identity]
    assert not any(key.startswith("retry ") for _, _, key in events.world.kept)


def test_the_default_policy_ends_after_24_hours_or_185_retries(events: Events) -> None:
    events.rule({"Arn": STREAM, "DeadLetterConfig": {"Arn": DEAD}})
    events.recorder.refusals[STREAM] = BUSY
    events.put()
    events.world.pass_until(START + 23 * 3600)
    assert events.recorder.sent_to(DEAD) == []
    events.world.pass_until(START + 25 * 3600)
    letter = attributes(events.recorder.sent_to(DEAD)[0])
    assert int(letter["RETRY_ATTEMPTS"]) in range(180, 186)
    assert letter["EXHAUSTED_RETRY_CONDITION"] in {"MaximumEventAgeInSeconds", "MaximumRetryAttempts"}
    assert letter["ERROR_CODE"] == "THROTTLING"


@pytest.mark.parametrize(
    ("policy", "condition", "retries"),
    [
        ({"MaximumRetryAttempts": 0}, "MaximumRetryAttempts", "0"),
        ({"MaximumRetryAttempts": 2}, "MaximumRetryAttempts", "2"),
        ({"MaximumEventAgeInSeconds": 60}, "MaximumEventAgeInSeconds", "5"),
    ],
)
def test_a_policy_that_is_used_up_ends_in_the_dead_letter_queue(
    events: Events, policy: Any, condition: str, retries: str
) -> None:
    events.rule({"Arn": STREAM, "RetryPolicy": policy, "DeadLetterConfig": {"Arn": DEAD}})
    events.recorder.refusals[STREAM] = BUSY
    events.put()
    events.world.pass_until(START + 3600)
    [letter] = events.recorder.sent_to(DEAD)
    assert attributes(letter)["EXHAUSTED_RETRY_CONDITION"] == condition
    assert attributes(letter)["RETRY_ATTEMPTS"] == retries


def test_what_is_still_to_be_tried_survives_a_restart(events: Events) -> None:
    events.rule({"Arn": STREAM})
    events.recorder.refusals[STREAM] = BUSY
    identity = events.put()["Entries"][0]["EventId"]
    events.world.pass_until(START + 2)
    again = events.restarted()
    del again.recorder.refusals[STREAM]
    again.world.pass_until(START + 2.9)
    assert again.recorder.sent_to(STREAM) == []
    again.world.pass_until(START + 3)
    assert [json.loads(sent.body)["id"] for sent in again.recorder.sent_to(STREAM)] == [identity]
    assert not any(key.startswith("retry ") for _, _, key in again.world.kept)


def test_a_retry_of_a_target_that_was_removed_is_dropped(events: Events) -> None:
    events.rule({"Arn": STREAM})
    events.recorder.refusals[STREAM] = BUSY
    events.put()
    events("RemoveTargets", Rule="orders", Ids=["t0"])
    events.world.pass_until(START + 10)
    note = events.world.notes[-1]
    assert isinstance(note, Dropped)
    assert "t0" in note.error


# Rules and targets


def test_a_rule_tells_what_it_was_given(events: Events) -> None:
    events("CreateEventBus", Name="shop")
    made = events.rule(bus="shop", Description="d", State="DISABLED")
    assert made == arn("events", "rule/shop/orders")
    told = events("DescribeRule", Name="orders", EventBusName=arn("events", "event-bus/shop"))
    assert told == {
        "Name": "orders",
        "Arn": made,
        "EventPattern": '{"source": ["shop"]}',
        "State": "DISABLED",
        "Description": "d",
        "EventBusName": "shop",
        "CreatedBy": ACCOUNT,
    }
    assert events("ListRules", EventBusName="shop", NamePrefix="or")["Rules"][0]["Name"] == "orders"
    assert events("ListRules", EventBusName="shop", NamePrefix="x")["Rules"] == []
    assert events("ListRules")["Rules"] == []


def test_a_rule_that_is_put_again_keeps_its_targets(events: Events) -> None:
    events.rule({"Arn": QUEUE})
    events.rule(EventPattern='{"source": ["other"]}')
    events.put()
    events.put(Source="other")
    assert len(events.recorder.sent_to(QUEUE)) == 1
    assert events("ListTargetsByRule", Rule="orders")["Targets"] == [{"Id": "t0", "Arn": QUEUE}]


def test_a_schedule_is_no_pattern(events: Events) -> None:
    events("PutRule", Name="nightly", ScheduleExpression="rate(1 minute)")
    events("PutTargets", Rule="nightly", Targets=[{"Id": "t", "Arn": FUNCTION}])
    events.put()
    assert events.recorder.taken == []
    assert events("DescribeRule", Name="nightly")["ScheduleExpression"] == "rate(1 minute)"


def test_targets_are_listed_changed_and_removed(events: Events) -> None:
    params = {"RetryPolicy": {"MaximumRetryAttempts": 3}, "DeadLetterConfig": {"Arn": DEAD}}
    events.rule({"Arn": QUEUE, **params}, {"Arn": FUNCTION})
    assert events("ListTargetsByRule", Rule="orders")["Targets"][0] == {"Id": "t0", "Arn": QUEUE, **params}
    assert events("ListRuleNamesByTarget", TargetArn=FUNCTION)["RuleNames"] == ["orders"]
    assert events("ListRuleNamesByTarget", TargetArn=TOPIC)["RuleNames"] == []
    events("PutTargets", Rule="orders", Targets=[{"Id": "t0", "Arn": TOPIC}])
    events.put()
    assert [target for target, _ in events.recorder.taken] == [TOPIC, FUNCTION]
    answer = events("RemoveTargets", Rule="orders", Ids=["t0", "none"])
    assert answer["FailedEntryCount"] == 1
    assert answer["FailedEntries"][0]["TargetId"] == "none"
    first = events("ListTargetsByRule", Rule="orders", Limit=1)
    assert first["Targets"] == [{"Id": "t1", "Arn": FUNCTION}]
    assert "NextToken" not in first


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ({"Arn": QUEUE, "Input": "{}", "InputPath": "$"},
         "Only one of Input, InputPath, or InputTransformer must be provided for target t."),
        ({"Arn": "nonsense"}, "Parameter nonsense is not valid. Reason: Provided Arn is not in correct format."),
        ({"Arn": FIFO_QUEUE}, "Parameter(s) SqsParameters must be specified for target: t."),
        ({"Arn": DEFAULT, "Input": "{}"}, "Modifying the input for target t is not supported."),
        ({"Arn": QUEUE, "DeadLetterConfig": {"Arn": FIFO_QUEUE}},
         "DeadLetterConfig of target t must name a standard SQS queue."),
        ({"Arn": STREAM, "KinesisParameters": {"PartitionKeyPath": "x"}}, "Invalid JSONPath x for target t."),
    ],
)  # fmt: skip
def test_a_target_that_eventbridge_does_not_take_is_refused(events: Events, target: Any, text: str) -> None:
    events.rule()
    refused = events.refusal("PutTargets", Rule="orders", Targets=[{"Id": "a", "Arn": QUEUE}, {"Id": "t", **target}])
    assert (refused.code, refused.message) == ("ValidationException", text)
    assert events("ListTargetsByRule", Rule="orders")["Targets"] == []


def test_a_target_of_a_service_that_is_not_run_is_an_entry_that_failed(events: Events) -> None:
    events.rule()
    machine, web = arn("states", "stateMachine:m"), arn("events", "api-destination/m/1")
    targets = [{"Id": "a", "Arn": machine}, {"Id": "b", "Arn": QUEUE}, {"Id": "c", "Arn": web}]
    answer = events("PutTargets", Rule="orders", Targets=targets)
    assert answer["FailedEntryCount"] == 2
    assert [each["TargetId"] for each in answer["FailedEntries"]] == ["a", "c"]
    assert "states targets are not run locally" in answer["FailedEntries"][0]["ErrorMessage"]
    assert "api-destination targets are not run locally" in answer["FailedEntries"][1]["ErrorMessage"]
    assert [each["Id"] for each in events("ListTargetsByRule", Rule="orders")["Targets"]] == ["b"]


def test_a_rule_has_at_most_five_targets(events: Events) -> None:
    events.rule(*[{"Arn": QUEUE}] * 4)
    more = [{"Id": "x", "Arn": QUEUE}, {"Id": "y", "Arn": QUEUE}]
    refused = events.refusal("PutTargets", Rule="orders", Targets=more)
    assert refused.code == "LimitExceededException"
    assert refused.message == "The requested resource exceeds the maximum number allowed."
    assert len(events("ListTargetsByRule", Rule="orders")["Targets"]) == 4


@pytest.mark.parametrize(
    ("params", "code", "text"),
    [
        ({"Name": "r"}, "ValidationException", "Parameter(s) EventPattern or ScheduleExpression must be specified."),
        ({"Name": "r", "EventPattern": '{"a": "b"}'}, "InvalidEventPatternException",
         'Event pattern is not valid. Reason: "a" must be an object or an array'),
        ({"Name": "r", "EventBusName": "none", "EventPattern": "{}"}, "ResourceNotFoundException",
         "Event bus none does not exist."),
        ({"Name": "r", "EventBusName": "shop", "ScheduleExpression": "rate(1 day)"}, "ValidationException",
         "ScheduleExpression is supported only on the default event bus."),
    ],
)  # fmt: skip
def test_a_rule_that_eventbridge_does_not_take_is_refused(events: Events, params: Any, code: str, text: str) -> None:
    events("CreateEventBus", Name="shop")
    refused = events.refusal("PutRule", **params)
    assert (refused.code, refused.message, refused.status) == (code, text, 400)


def test_a_rule_is_deleted_without_its_targets_only(events: Events) -> None:
    events.rule({"Arn": QUEUE})
    assert events.refusal("DeleteRule", Name="orders").message == "Rule can't be deleted since it has targets."
    events("RemoveTargets", Rule="orders", Ids=["t0"])
    events("DeleteRule", Name="orders")
    events("DeleteRule", Name="orders")
    refused = events.refusal("DescribeRule", Name="orders")
    assert refused.code == "ResourceNotFoundException"
    assert refused.message == "Rule orders does not exist on EventBus default."


def test_a_pattern_can_be_tried(events: Events) -> None:
    event = json.dumps({"source": "shop", "detail": {"total": 5}})
    assert events("TestEventPattern", Event=event, EventPattern='{"source": ["shop"]}') == {"Result": True}
    assert events("TestEventPattern", Event=event, EventPattern='{"source": ["x"]}') == {"Result": False}
    assert events.refusal("TestEventPattern", Event=event, EventPattern="[]").code == "InvalidEventPatternException"


# Buses


def test_a_bus_is_made_shown_and_deleted(events: Events) -> None:
    answer = events("CreateEventBus", Name="shop", Description="d", DeadLetterConfig={"Arn": DEAD})
    assert answer["Description"] == "d"
    told = events("DescribeEventBus", Name="shop")
    assert (told["Name"], told["Arn"], told["CreationTime"]) == ("shop", arn("events", "event-bus/shop"), START)
    assert told["DeadLetterConfig"] == {"Arn": DEAD}
    assert events("DescribeEventBus")["Name"] == "default"
    assert [bus["Name"] for bus in events("ListEventBuses")["EventBuses"]] == ["default", "shop"]
    assert [bus["Name"] for bus in events("ListEventBuses", NamePrefix="sh")["EventBuses"]] == ["shop"]
    first = events("ListEventBuses", Limit=1)
    assert [bus["Name"] for bus in events("ListEventBuses", Limit=1, NextToken=first["NextToken"])["EventBuses"]] == [
        "shop"
    ]
    refused = events.refusal("CreateEventBus", Name="shop")
    assert (refused.code, refused.message) == ("ResourceAlreadyExistsException", "Event bus shop already exists.")
    events.rule(bus="shop")
    events("DeleteEventBus", Name="shop")
    events("DeleteEventBus", Name="shop")
    assert events.refusal("DescribeEventBus", Name="shop").message == "Event bus shop does not exist."
    assert not any("shop" in key for _, _, key in events.world.kept)
    assert events.refusal("DeleteEventBus", Name="default").message == "Cannot delete event bus default."
    assert events.refusal("ListEventBuses", NextToken="x").code == "ValidationException"


def test_a_bus_has_a_policy(events: Events) -> None:
    grant = {"Action": "events:PutEvents", "Principal": ACCOUNT, "StatementId": "s"}
    events("PutPermission", **grant)
    events("PutPermission", **{**grant, "StatementId": "all", "Principal": "*"})
    statements = json.loads(events("DescribeEventBus")["Policy"])["Statement"]
    assert statements[0] == {
        "Sid": "s",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "events:PutEvents",
        "Resource": DEFAULT,
    }
    assert statements[1]["Principal"] == "*"
    events("RemovePermission", StatementId="s")
    refused = events.refusal("RemovePermission", StatementId="s")
    assert refused.message == "Statement with the provided id does not exist."
    events("RemovePermission", RemoveAllPermissions=True)
    assert "Policy" not in events("DescribeEventBus")
    events("PutPermission", Policy='{"Version": "2012-10-17", "Statement": [{"Sid": "p"}]}')
    assert json.loads(events("DescribeEventBus")["Policy"])["Statement"] == [{"Sid": "p"}]
    for text in ("{", '{"Statement": ["p"]}'):
        assert events.refusal("PutPermission", Policy=text).message == "Parameter Policy is not valid."
    events("RemovePermission", StatementId="p")
    assert events.refusal("PutPermission", Action="a").message == "Parameter Principal must be specified."
    assert events.refusal("PutPermission", EventBusName="none", **grant).message == "Event bus none does not exist."


def test_buses_and_rules_have_tags(events: Events) -> None:
    rule = events.rule(Tags=[{"Key": "x", "Value": "0"}])
    for what in (rule, DEFAULT):
        events("TagResource", ResourceARN=what, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
        events("UntagResource", ResourceARN=what, TagKeys=["a", "x"])
        assert events("ListTagsForResource", ResourceARN=what)["Tags"] == [{"Key": "b", "Value": "2"}]
    assert events.refusal("ListTagsForResource", ResourceARN=rule + "x").code == "ResourceNotFoundException"


@pytest.mark.parametrize("operation", ["CreateArchive", "StartReplay", "CreateConnection", "PutPartnerEvents"])
def test_an_action_that_is_not_run_is_named(events: Events, operation: str) -> None:
    refused = events.refusal(operation)
    assert (refused.code, refused.status) == ("NotImplementedException", 501)
    assert operation in refused.message


# From other services, and from one run of the service to the next


def test_s_018_a_bus_takes_entries_of_destinations(events: Events) -> None:
    events.rule({"Arn": QUEUE}, EventPattern='{"source": ["lambda"]}')
    entry = {"Source": "lambda", "DetailType": "d", "Detail": '{"a": 1}', "Resources": [DEFAULT, FUNCTION]}
    events.api.take(DEFAULT, Sent(entry={**entry, "EventBusName": DEFAULT}))
    made = json.loads(events.recorder.sent_to(QUEUE)[0].body)
    assert (made["source"], made["resources"], made["detail"]) == ("lambda", [DEFAULT, FUNCTION], {"a": 1})


def test_a_bus_takes_whole_events_of_services(events: Events) -> None:
    events.rule({"Arn": QUEUE}, EventPattern='{"source": ["aws.s3"]}')
    given = {"detail-type": "Object Created", "source": "aws.s3", "detail": {"a": 1}, "time": "2020-01-01T00:00:00Z"}
    events.api.take(DEFAULT, Sent(entry=given))
    made = json.loads(events.recorder.sent_to(QUEUE)[0].body)
    assert list(made) == [
        "version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail",
    ]  # fmt: skip
    assert made["time"] == "2020-01-01T00:00:00Z"
    assert (made["account"], made["region"]) == (ACCOUNT, REGION)


def test_a_bus_refuses_what_is_no_event(events: Events) -> None:
    with pytest.raises(AwsError, match="Event bus none does not exist"):
        events.api.take(arn("events", "event-bus/none"), Sent(entry=ENTRY))
    with pytest.raises(AwsError, match="Detail is malformed"):
        events.api.take(DEFAULT, Sent(entry={**ENTRY, "Detail": "x"}))
    with pytest.raises(AwsError, match="Source is a required argument"):
        events.api.take(DEFAULT, Sent(body="x"))


def test_a_restart_forgets_nothing(events: Events) -> None:
    events("CreateEventBus", Name="shop", Description="d", Tags=[{"Key": "a", "Value": "1"}])
    events("PutPermission", EventBusName="shop", Action="events:PutEvents", Principal="*", StatementId="s")
    events.rule({"Arn": QUEUE, "InputPath": "$.detail"}, {"Arn": FUNCTION}, bus="shop", Description="r")
    events.world.pass_until(START + 100)
    again = events.restarted()
    for operation, params in (
        ("ListEventBuses", {}),
        ("DescribeEventBus", {"Name": "shop"}),
        ("ListRules", {"EventBusName": "shop"}),
        ("ListTargetsByRule", {"Rule": "orders", "EventBusName": "shop"}),
        ("ListTagsForResource", {"ResourceARN": arn("events", "event-bus/shop")}),
    ):
        assert again(operation, **params) == events(operation, **params)
    again.put(EventBusName="shop")
    assert again.recorder.sent_to(QUEUE)[0].body == '{"total":5}'
