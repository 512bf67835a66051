"""Schedules of rules and of EventBridge Scheduler, with services around them that only take what is sent."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from landfast.aws_errors import AwsError
from landfast.delivery.times import iso_seconds
from landfast.eventplane import EventPlane, EventsApi, Schedules, Timetable
from landfast.journal import Delivered, Dropped, Retrying
from landfast.protocols.call import Call
from landfast.sources.event_buses import RetryPolicy
from landfast.sources.schedules import Target
from tests.eventplane.fanout import ACCOUNT, REGION, Recorder, arn, call, router
from tests.eventplane.world import START, PlaneInMemory, Rows, ids

FUNCTION = arn("lambda", "function:handle")
QUEUE = arn("sqs", "jobs")
DEAD = arn("sqs", "dead")
BUS = arn("events", "event-bus/shop")
NIGHTLY = arn("scheduler", "schedule/default/nightly")
RULE = arn("events", "rule/timer")
BUSY = AwsError("ServiceException", "busy", status=500)
GONE = AwsError("ResourceNotFoundException", "Function not found", status=404)


@dataclass
class Stage:
    """Everything that happens by schedules."""

    rows: Rows = field(default_factory=dict)
    start: float = START
    recorder: Recorder = field(default_factory=Recorder)

    def __post_init__(self) -> None:
        self.world = PlaneInMemory(self.rows, self.start)
        routed = router(self.recorder, "lambda", "sqs", "sns", "kinesis", "events")
        self.timetable = Timetable(self.world)
        self.events = EventsApi(self.world, routed, ACCOUNT, REGION, ids(), self.timetable)
        self.apis = EventPlane()
        self.apis.add(self.events)
        self.schedules = Schedules(self.world, routed, self.apis, self.timetable, ACCOUNT, REGION, ids())

    def __call__(self, operation: str, **params: Any) -> Any:
        return self.events.answer(call("events", operation, **params))

    def rule(self, expression: str, **target: Any) -> None:
        self("PutRule", Name="timer", ScheduleExpression=expression)
        self("PutTargets", Rule="timer", Targets=[{"Id": "t", "Arn": FUNCTION, **target}])

    def put(self, expression: str, target: Target | None = None, **more: Any) -> None:
        self.schedules.put(NIGHTLY, expression, "UTC", target or Target(arn=FUNCTION, input="{}"), **more)

    def times(self, target: str = FUNCTION) -> list[str]:
        """The times of the events that a target has got."""
        return [json.loads(sent.body)["time"] for sent in self.recorder.sent_to(target)]


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_rules_schedule_sends_awss_event_to_its_targets_for_the_time_of_the_schedule(stage: Stage) -> None:
    stage.rule("rate(5 minutes)")
    stage.world.pass_by(299)
    assert stage.recorder.taken == []
    stage.world.pass_by(1)
    [sent] = stage.recorder.sent_to(FUNCTION)
    event = json.loads(sent.body)
    assert {name: value for name, value in event.items() if name != "id"} == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": iso_seconds(START + 300),
        "region": REGION,
        "resources": [RULE],
        "detail": {},
    }
    stage.world.pass_by(600)
    assert len(stage.recorder.taken) == 3


def test_nobody_waits_for_a_schedule(stage: Stage) -> None:
    stage.rule("rate(1 minute)")
    stage.put("rate(1 minute)", start=START + 60)
    assert stage.world.awaited() == []


def test_a_scheduled_event_matches_no_other_rules_pattern(stage: Stage) -> None:
    stage.rule("rate(1 minute)")
    stage("PutRule", Name="other", EventPattern='{"source": ["aws.events"]}')
    stage("PutTargets", Rule="other", Targets=[{"Id": "t", "Arn": QUEUE}])
    stage.world.pass_by(60)
    assert [target for target, _ in stage.recorder.taken] == [FUNCTION]


def test_a_target_gets_its_input_and_is_tried_again_by_its_policy(stage: Stage) -> None:
    stage.rule(
        "rate(1 hour)", Input='{"a": 1}', RetryPolicy={"MaximumRetryAttempts": 1}, DeadLetterConfig={"Arn": DEAD}
    )
    stage.recorder.refusals[FUNCTION] = BUSY
    stage.world.pass_by(3_700)
    assert stage.recorder.sent_to(FUNCTION) == []
    [letter] = stage.recorder.sent_to(DEAD)
    assert letter.attributes["RULE_ARN"]["StringValue"] == RULE
    del stage.recorder.refusals[FUNCTION]
    stage.world.pass_by(3_600)
    assert [sent.body for sent in stage.recorder.sent_to(FUNCTION)] == ['{"a": 1}']


def test_a_disabled_rule_is_not_followed_until_it_is_enabled(stage: Stage) -> None:
    stage.rule("rate(1 minute)")
    stage("DisableRule", Name="timer")
    stage.world.pass_by(150)
    assert stage.recorder.taken == []
    stage("EnableRule", Name="timer")
    stage.world.pass_by(60)
    assert stage.times() == [iso_seconds(START + 180)]
    stage("RemoveTargets", Rule="timer", Ids=["t"])
    stage("DeleteRule", Name="timer")
    stage.world.pass_by(600)
    assert len(stage.recorder.taken) == 1


@pytest.mark.parametrize("expression", ["rate(5 minute)", "cron(0 9 * * * *)", "at(2026-12-24T18:00:00)", "hourly"])
def test_what_is_no_schedule_of_a_rule_is_refused(stage: Stage, expression: str) -> None:
    with pytest.raises(AwsError, match="Parameter ScheduleExpression is not valid"):
        stage("PutRule", Name="timer", ScheduleExpression=expression)


def test_a_restarted_service_goes_on_with_a_rate_where_it_was_and_makes_nothing_up_for(stage: Stage) -> None:
    stage.rule("rate(10 minutes)")
    stage.put("rate(10 minutes)")
    stage.world.pass_by(0)
    again = Stage(stage.rows, START + 1_505)
    again.put("rate(10 minutes)")
    assert [each.due for _, each in again.timetable.listed()] == [START + 1_800, START + 1_800]
    again.world.pass_by(295)
    assert len(again.recorder.taken) == 2


def test_of_the_moments_that_a_jump_of_time_has_passed_a_schedule_fires_for_the_first(stage: Stage) -> None:
    stage.rule("rate(1 minute)")
    stage.world._now += 3_630  # as `--skip-waits` jumps to a retry
    stage.world.pass_by(0)
    assert stage.times() == [iso_seconds(START + 60)]
    stage.world.pass_by(30)
    assert stage.times()[1:] == [iso_seconds(START + 3_660)]


def test_a_schedule_invokes_with_its_context_attributes(stage: Stage) -> None:
    text = "<aws.scheduler.schedule-arn> <aws.scheduler.scheduled-time> <aws.scheduler.attempt-number> <aws.other>"
    stage.put("rate(2 days)", Target(arn=QUEUE, input=text, message_group_id="g"), start=START + 50)
    stage.world.pass_by(50)
    [sent] = stage.recorder.sent_to(QUEUE)
    assert sent.body == f"{NIGHTLY} {iso_seconds(START + 50)} 1 <aws.other>"
    assert sent.group == "g"


def test_a_rate_without_a_start_invokes_at_once_and_ends_at_its_end(stage: Stage) -> None:
    stage.put("rate(1 hour)", Target(arn=FUNCTION), end=START + 7_200)
    stage.world.pass_by(100_000)
    assert stage.times() == [iso_seconds(START + hours * 3_600) for hours in range(3)]
    event = json.loads(stage.recorder.sent_to(FUNCTION)[0].body)
    assert (event["source"], event["resources"], event["detail"]) == ("aws.scheduler", [NIGHTLY], "{}")
    assert [each.due for _, each in stage.timetable.listed()] == [None]


def test_a_one_time_schedule_puts_its_event_onto_a_bus_once(stage: Stage) -> None:
    due = iso_seconds(START + 100).removesuffix("Z")
    stage.put(f"at({due})", Target(arn=BUS, input='{"n": 1}', detail_type="Due", source="shop.clock"))
    stage.world.pass_by(10_000)
    [sent] = stage.recorder.sent_to(BUS)
    assert sent.entry == {"Source": "shop.clock", "DetailType": "Due", "Detail": '{"n": 1}', "EventBusName": BUS}


def test_a_target_that_stays_busy_ends_in_the_dead_letter_queue_with_the_reason(stage: Stage) -> None:
    policy = RetryPolicy(maximum_retry_attempts=2)
    stage.put("rate(1 day)", Target(arn=FUNCTION, input="x", retry_policy=policy, dead_letter_arn=DEAD))
    stage.recorder.refusals[FUNCTION] = BUSY
    stage.world.pass_by(60)
    assert len(stage.world.noted(Retrying)) == 2
    [letter] = stage.recorder.sent_to(DEAD)
    told = {name: each["StringValue"] for name, each in letter.attributes.items()}
    assert letter.body == "x"
    assert told.pop("EXECUTION_ID")
    assert told == {
        "ERROR_CODE": "ServiceException",
        "ERROR_MESSAGE": "busy",
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": "2",
        "SCHEDULED_TIME": iso_seconds(START),
        "SCHEDULE_ARN": NIGHTLY,
        "TARGET_ARN": FUNCTION,
    }
    [noted] = stage.world.noted(Delivered)
    assert (noted.source, noted.rule) == ("schedule nightly", "DeadLetterConfig of the schedule")


def test_a_target_that_is_gone_is_not_tried_again_and_told_in_the_journal(stage: Stage) -> None:
    stage.put("rate(1 day)")
    stage.recorder.refusals[FUNCTION] = GONE
    stage.world.pass_by(600)
    [dropped] = stage.world.noted(Dropped)
    assert (dropped.source, dropped.metric) == ("schedule nightly", "InvocationDroppedCount")
    assert "Function not found" in dropped.error


def test_what_is_tried_again_survives_a_restart(stage: Stage) -> None:
    stage.put("rate(1 day)")
    stage.recorder.refusals[FUNCTION] = BUSY
    stage.world.pass_by(0)
    again = Stage(stage.rows, START + 10)
    again.world.pass_by(0)
    assert [sent.body for sent in again.recorder.sent_to(FUNCTION)] == ["{}"]


def test_a_universal_target_calls_the_api_that_it_names(stage: Stage) -> None:
    stage("PutRule", Name="due", EventPattern='{"source": ["shop"]}')
    stage("PutTargets", Rule="due", Targets=[{"Id": "t", "Arn": QUEUE}])
    entries = [{"Source": "shop", "DetailType": "d", "Detail": "{}"}]
    prefix = "arn:aws:scheduler:::aws-sdk:"
    stage.put("rate(1 day)", Target(arn=f"{prefix}events:putEvents", input=json.dumps({"Entries": entries})))
    stage.world.pass_by(0)
    assert len(stage.recorder.sent_to(QUEUE)) == 1
    payload = json.dumps({"FunctionName": "handle", "InvocationType": "Event", "Payload": '{"n": 2}'})
    stage.put("rate(2 days)", Target(arn=f"{prefix}lambda:invoke", input=payload))
    stage.world.pass_by(0)
    assert [sent.body for sent in stage.recorder.sent_to(FUNCTION)] == ['{"n": 2}']


class Asked:
    """A service that keeps what it is asked."""

    service = "sqs"

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def answer(self, call: Call) -> dict[str, Any]:
        self.calls.append(call)
        return {}


def test_a_universal_target_sends_bytes_as_bytes(stage: Stage) -> None:
    asked = Asked()
    stage.apis.add(asked)
    attributes = {"seal": {"DataType": "Binary", "BinaryValue": "AP8="}}
    text = json.dumps({"QueueUrl": "q", "MessageBody": "m", "MessageAttributes": attributes})
    stage.put("rate(1 day)", Target(arn="arn:aws:scheduler:::aws-sdk:sqs:sendMessage", input=text))
    stage.world.pass_by(0)
    [call] = asked.calls
    assert call.params["MessageAttributes"]["seal"]["BinaryValue"] == b"\x00\xff"


@pytest.mark.parametrize(
    ("action", "text", "told"),
    [
        ("lambda:invoke", "[]", "the input is none for lambda:invoke: Expected `object`"),
        ("lambda:invoke", "{", "the input is none for lambda:invoke"),
        ("lambda:invoke", "[" * 2_000, "the input is none for lambda:invoke"),
        ("lambda:invoke", '{"FunctionName": "handle", "Payload": {}}', "Expected `str`, got `object`"),
        ("events:putEvents", "no JSON", "SerializationException"),
        ("events:putEvents", "{}", "Value null at 'entries' failed to satisfy constraint"),
        ("events:putEvents", '{"Entries": {}}', "Start of structure or map found where not expected."),
        ("events:putEvents", '{"Entries": [5]}', "SerializationException"),
        ("sns:publish", '{"TopicArn": ["t"], "Message": "m"}', "Start of list found where not expected"),
        ("sqs:sendMessage", '{"QueueUrl": "q", "MessageBody": 5}', "NUMBER_VALUE can not be converted to a String"),
    ],
)
def test_an_input_that_an_api_cannot_take_is_dropped_with_the_reason(
    stage: Stage, action: str, text: str, told: str
) -> None:
    stage.put("rate(3 days)", Target(arn=f"arn:aws:scheduler:::aws-sdk:{action}", input=text))
    stage.world.pass_by(0)
    [dropped] = stage.world.noted(Dropped)
    assert told in dropped.error


def test_whoever_asks_sees_a_schedule_fire_at_once_or_has_time_jump_to_it(stage: Stage) -> None:
    stage.rule("rate(1 hour)")
    assert stage.timetable.fire(RULE, jump=False) == START
    assert stage.times() == [iso_seconds(START)]
    assert stage.timetable.fire(RULE, jump=True) == START + 3_600
    assert stage.world.awaited() == [START + 3_600]
    stage.world.pass_by(3_600)
    assert stage.times()[1:] == [iso_seconds(START + 3_600)]
    assert stage.world.awaited() == []
    stage("DisableRule", Name="timer")
    assert stage.timetable.fire(RULE, jump=True) == START + 3_600
    assert len(stage.times()) == 3
    with pytest.raises(AwsError, match="does not exist"):
        stage.timetable.fire(NIGHTLY, jump=True)


def test_a_schedule_that_is_declared_no_more_is_followed_no_more(stage: Stage) -> None:
    stage.put("rate(1 hour)", start=START + 60)
    stage.schedules.forget_others(set())
    stage.world.pass_by(100_000)
    assert stage.recorder.taken == []
    assert not [key for kind, _, key in stage.rows if kind == "scheduler"]
