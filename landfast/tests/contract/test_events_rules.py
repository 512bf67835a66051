"""PutEvents' answers, and rules and buses themselves."""

import json
from typing import Any

import pytest

from tests.contract.aws import ACCOUNT, NOBODY, REGION, Aws, Queue, refusal, words

pytestmark = pytest.mark.source(
    "EventBridge API Reference, PutEvents; recorded: localstack events/test_events.snapshot.json"
)


def _watched(aws: Aws) -> tuple[str, Queue]:
    """A rule that sends the events of its name's source to a queue."""
    rule, queue = aws.name("rule"), aws.queue()
    aws.events.put_rule(Name=rule, EventPattern=json.dumps({"source": [rule]}))
    aws.events.put_targets(Rule=rule, Targets=[{"Id": "queue", "Arn": queue.arn, "InputPath": "$.detail"}])
    return rule, queue


def _entry(source: str, detail: str = "{}") -> dict[str, Any]:
    return {"Source": source, "DetailType": "made", "Detail": detail}


def _required(name: str) -> tuple[str, str]:
    return "InvalidArgument", f"Parameter {name} is not valid. Reason: {name} is a required argument."


MALFORMED = ("MalformedDetail", "Detail is malformed.")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"Source": None}, _required("Source")),
        ({"DetailType": None}, _required("DetailType")),
        ({"Detail": None}, _required("Detail")),
        ({"Detail": "no JSON"}, MALFORMED),
        ({"Detail": "[1]"}, MALFORMED),
        ({"Detail": '"text"'}, MALFORMED),
        ({"Source": "aws.s3"}, ("NotAuthorizedForSourceException", "Not authorized for the source.")),
    ],
    ids=["no source", "no type", "no detail", "no JSON", "a list", "a string", "AWS's own source"],
)
def test_an_entry_that_cannot_be_fails_alone(aws: Aws, change: Any, error: tuple[str, str]) -> None:
    rule, queue = _watched(aws)
    wrong = {name: value for name, value in (_entry(rule) | change).items() if value is not None}
    told = aws.events.put_events(Entries=[_entry(rule, '{"n": 1}'), wrong, _entry(rule, '{"n": 2}')])
    assert told["FailedEntryCount"] == 1
    assert told["Entries"][1] == {"ErrorCode": error[0], "ErrorMessage": error[1]}
    assert all(set(told["Entries"][place]) == {"EventId"} for place in (0, 2))
    assert sorted(one["n"] for one in queue.documents(2)) == [1, 2]
    assert queue.counts() == (0, 0, 0)


@pytest.mark.source("recorded: test_put_events_exceed_limit_ten_entries, test_put_event_with_too_big_detail")
def test_a_request_beyond_the_limits_is_refused_as_a_whole(aws: Aws) -> None:
    rule, queue = _watched(aws)
    for entries in ([_entry(rule)] * 11, [_entry(rule, json.dumps({"text": words(1024 * 1024)}))]):
        assert refusal(aws.events.put_events, Entries=entries) == "ValidationException"
    assert queue.counts() == (0, 0, 0)


@pytest.mark.source("EventBridge User Guide, Quotas: an entry may have up to 1 MB (since January 2026)")
def test_an_event_may_be_large(aws: Aws) -> None:
    rule, queue = _watched(aws)
    text = words(900 * 1024)
    aws.events.put_events(Entries=[_entry(rule, json.dumps({"text": text}))])
    assert queue.documents() == [{"text": text}]


@pytest.mark.source("EventBridge API Reference, DisableRule, EnableRule, RemoveTargets, DeleteRule")
def test_a_rule_that_is_disabled_or_has_no_target_sends_nothing(aws: Aws) -> None:
    rule, queue = _watched(aws)
    aws.events.disable_rule(Name=rule)
    assert aws.events.describe_rule(Name=rule)["State"] == "DISABLED"
    aws.events.put_events(Entries=[_entry(rule, '{"n": "disabled"}')])
    aws.events.enable_rule(Name=rule)
    aws.events.put_events(Entries=[_entry(rule, '{"n": "enabled"}')])
    assert queue.documents() == [{"n": "enabled"}]
    assert refusal(aws.events.delete_rule, Name=rule) == "ValidationException"
    aws.events.remove_targets(Rule=rule, Ids=["queue"])
    aws.events.put_events(Entries=[_entry(rule)])
    aws.events.delete_rule(Name=rule)
    assert refusal(aws.events.describe_rule, Name=rule) == "ResourceNotFoundException"
    assert queue.counts() == (0, 0, 0)


@pytest.mark.source("EventBridge API Reference, PutTargets: a target's id is its own; it is replaced")
def test_a_target_is_replaced_by_one_with_its_id(aws: Aws) -> None:
    rule, queue = _watched(aws)
    other = aws.queue()
    aws.events.put_targets(Rule=rule, Targets=[{"Id": "queue", "Arn": other.arn, "Input": '"other"'}])
    aws.events.put_events(Entries=[_entry(rule)])
    assert other.documents() == ["other"]
    assert queue.counts() == (0, 0, 0)
    assert aws.events.list_targets_by_rule(Rule=rule)["Targets"] == [
        {"Id": "queue", "Arn": other.arn, "Input": '"other"'}
    ]
    assert rule in aws.events.list_rule_names_by_target(TargetArn=other.arn)["RuleNames"]


@pytest.mark.source("EventBridge API Reference, DescribeRule, ListRules")
def test_rules_are_told(aws: Aws) -> None:
    rule = aws.name("told")
    pattern = json.dumps({"source": [rule]})
    arn = aws.events.put_rule(Name=rule, EventPattern=pattern, Description="about")["RuleArn"]
    assert arn == f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{rule}"
    expected = {
        "Name": rule,
        "Arn": arn,
        "EventPattern": pattern,
        "State": "ENABLED",
        "Description": "about",
        "EventBusName": "default",
    }
    assert expected.items() <= aws.events.describe_rule(Name=rule).items()
    [listed] = aws.events.list_rules(NamePrefix=rule)["Rules"]
    assert expected.items() <= listed.items()


@pytest.mark.source("EventBridge API Reference, CreateEventBus, DescribeEventBus, ListEventBuses, DeleteEventBus")
def test_buses_are_made_told_and_deleted(aws: Aws) -> None:
    bus = aws.name("bus")
    arn = aws.events.create_event_bus(Name=bus)["EventBusArn"]
    assert arn == f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{bus}"
    assert refusal(aws.events.create_event_bus, Name=bus) == "ResourceAlreadyExistsException"
    assert aws.events.describe_event_bus(Name=bus)["Arn"] == arn
    names = {one["Name"] for one in aws.events.list_event_buses()["EventBuses"]}
    assert {"default", bus} <= names
    aws.events.delete_event_bus(Name=bus)
    assert refusal(aws.events.describe_event_bus, Name=bus) == "ResourceNotFoundException"


@pytest.mark.source("EventBridge API Reference, Errors: ResourceNotFoundException")
@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("describe_rule", {"Name": "no-such-rule"}),
("put_targets", {"Rule": "no-such-rule", "Targets": [{"Id": "t", "Arn": NOBODY}]}),
        ("put_rule", {"Name": "r", "EventBusName": "no-such-bus", "EventPattern": '{"source": ["x"]}'}),
        ("list_targets_by_rule", {"Rule": "no-such-rule"}),
        ("list_rules", {"EventBusName": "no-such-bus"}),
    ],
)  # fmt: skip
def test_a_rule_or_a_bus_that_does_not_exist_is_refused(aws: Aws, operation: str, params: Any) -> None:
    assert refusal(getattr(aws.events, operation), **params) == "ResourceNotFoundException"


@pytest.mark.source("EventBridge API Reference, PutRule: a pattern or a schedule, ValidationException without either")
def test_a_rule_without_pattern_and_schedule_is_refused(aws: Aws) -> None:
    assert refusal(aws.events.put_rule, Name=aws.name("rule")) == "ValidationException"
