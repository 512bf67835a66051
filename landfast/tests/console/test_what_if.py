"""What other settings would do: settings with AWS's ranges, answers, differences, and YAML for the template."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from landfast.console.sources import EventSource, Setting, destinations, event_sources, settings_of
from landfast.console.template_changes import changes, resources
from landfast.console.what_if import MOST_RECORDS, Answer, Question, Stack, answer
from landfast.delivery.event_sources import EVENT_SOURCES
from landfast.simulate.run import simulate
from landfast.simulate.scenario import ScenarioError, read
from landfast.template import Template
from landfast.template import read as read_template

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Work:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 60
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}
  Dead: {Type: AWS::SQS::Queue}
  News: {Type: AWS::SNS::Topic}
  Scans: {Type: AWS::Kinesis::Stream, Properties: {ShardCount: 1, RetentionPeriodHours: 48}}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.handler
      Runtime: python3.13
      InlineCode: "def handler(event, context): pass"
      Timeout: 10
      EventInvokeConfig: {MaximumRetryAttempts: 1}
      Events:
        Work:
          Type: SQS
          Properties: {Queue: !GetAtt Work.Arn, BatchSize: 5, FunctionResponseTypes: [ReportBatchItemFailures]}
  Reading:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      EventSourceArn: !GetAtt Scans.Arn
      FunctionName: !Ref Worker
      StartingPosition: LATEST
      MaximumRetryAttempts: 5
"""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    path = tmp_path_factory.mktemp("stack") / "template.yaml"
    path.write_text(TEMPLATE, encoding="utf-8")
    return read_template(path, stack_name="stack")


@pytest.fixture(scope="module")
def stack(template: Template) -> Stack:
    return Stack(destinations(template), resources(template.path))


def named(template: Template, name: str) -> EventSource:
    return next(each for each in event_sources(template) if each.name == name)


def scenario(source: EventSource, **places: Any) -> dict[str, Any]:
    """A source's own settings with a few records; ``a__b=1`` changes a place, and None takes it out."""
    made: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(source.scenario))
    made["source"].setdefault("records", {"count": 6})
    for place, value in places.items():
        *path, name = place.split("__")
        node = made
        for part in path:
            node = node.setdefault(part, {})
        if value is None:
            node.pop(name)
        else:
            node[name] = value
    return made


def asked(what: Mapping[str, Any], beside: Mapping[str, Any] | None = None, **more: Any) -> Answer:
    compared = UNSET if beside is None else msgspec.Raw(msgspec.json.encode(beside))
    return answer(Question(scenario=msgspec.Raw(msgspec.json.encode(what)), beside=compared), **more)


def test_sources_have_the_settings_that_the_template_gives_them(template: Template) -> None:
    found = {each.name: each for each in event_sources(template)}

    assert list(found) == ["Reading", "WorkerWork", "Worker"]
    assert found["WorkerWork"].scenario == {
        "source": {
            "type": "sqs",
            "queue": {"VisibilityTimeout": 60, "FifoQueue": False, "RedrivePolicy": {"maxReceiveCount": 3}},
        },
        "mapping": {"BatchSize": 5, "FunctionResponseTypes": ["ReportBatchItemFailures"]},
        "function": {"Timeout": 10},
    }
    assert found["Reading"].scenario == {
        "source": {"type": "kinesis", "retention": 172_800.0},
        "mapping": {"MaximumRetryAttempts": 5, "StartingPosition": "TRIM_HORIZON"},
        "function": {"Timeout": 10},
    }
    assert found["Worker"].scenario["mapping"] == {"MaximumRetryAttempts": 1}


def every_number() -> Iterator[Any]:
    for kind, source in EVENT_SOURCES.items():
        for fifo in (False, True) if kind == "sqs" else (False,):
            for setting in settings_of(source, fifo=fifo):
                if setting.kind == "number":
                    yield pytest.param(kind, fifo, setting, id=f"{kind}{'-fifo' * fifo}-{setting.name}")


@pytest.mark.parametrize(("kind", "fifo", "setting"), [*every_number()])
def test_the_range_of_each_number_is_the_one_that_is_checked(kind: str, fifo: bool, setting: Setting) -> None:  # noqa: FBT001
    assert setting.low is not None
    assert setting.high is not None

    def refused(value: int) -> str:
        made: dict[str, Any] = {
            "source": {"type": kind, "records": {"count": 0}},
            "mapping": {"StartingPosition": "TRIM_HORIZON"} if kind in {"kinesis", "dynamodb"} else {},
            "function": {"Timeout": 1},
        }
        if kind == "sqs":  # AWS wants a window with large batches, and messages hidden for as long as the function runs
            made["source"]["queue"] = {"FifoQueue": fifo, "VisibilityTimeout": 43_200}
            made["mapping"] = {} if fifo else {"MaximumBatchingWindowInSeconds": 1}
        *path, name = setting.place.split(".")
        node = made
        for part in path:
            node = node.setdefault(part, {})
        node[name] = value
        try:
            simulate(read(msgspec.json.encode(made)))
        except ScenarioError as error:
            return error.place
        return ""

    too_low = setting.low - 1 if setting.low - 1 != setting.endless else setting.low - 2
    inside = [setting.low, setting.high, *([] if setting.endless is None else [setting.endless])]
    if setting.name == "VisibilityTimeout":
        assert refused(0) in setting.refused_at
        inside.remove(0)
    assert [refused(value) for value in inside] == [""] * len(inside)
    assert refused(too_low) == setting.place
    if setting.name != "ReservedConcurrentExecutions":  # as many as the account has
        assert refused(setting.high + 1) == setting.place


def test_an_answer_has_the_account_with_its_picture_trees_and_ends() -> None:
    found = asked(
        {
            "source": {"type": "kinesis", "records": {"count": 8}},
            "mapping": {
                "StartingPosition": "TRIM_HORIZON",
                "BisectBatchOnFunctionError": True,
                "MaximumRetryAttempts": 1,
                "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:123456789012:dead"}},
            },
            "function": {"behaviour": [{"outcome": "raise", "records": ["r5"]}]},
        }
    )

    told = found.account
    assert told is not None
    assert found.refused is None
    assert found.stopped is None
    assert told.counts["processed"] == 7
    assert told.timeline.picture.startswith("<svg")
    assert set(told.timeline.legend) == {"succeed", "raise", "delivery"}
    assert [(node.depth, node.records) for node in told.trees[0]][:3] == [
        (0, "r1-r8 (8)"),
        (1, "r1-r4 (4)"),
        (1, "r5-r8 (4)"),
    ]
    assert [(end.state, end.records) for end in told.landings] == [
        ("to_destination", "r5"),
        ("processed", "r1-r4,r6-r8 (7)"),
    ]
    assert [each.target for each in told.deliveries] == ["sqs dead"]
    assert msgspec.json.decode(msgspec.json.encode(found))["account"]["held_up"]


def test_a_refused_setting_is_named_by_its_place() -> None:
    stream = {"source": {"type": "kinesis", "records": {"count": 1}}, "mapping": {"BatchSize": 0}}
    assert asked(stream | {"mapping": {"StartingPosition": "TRIM_HORIZON", "BatchSize": 0}}).refused is not None
    refused = asked(
        {"source": {"type": "async", "records": {"count": 1}}, "mapping": {"MaximumRetryAttempts": 3}}
    ).refused
    assert refused is not None
    assert refused.place == "mapping.MaximumRetryAttempts"
    assert refused.message.startswith("ValidationException: ")
    typed = asked({"source": {"type": "async", "records": {"count": 1}}, "function": {"Timeout": "x"}}).refused
    assert typed is not None
    assert typed.place == "function.Timeout"


def test_more_records_than_are_played_here_are_refused_with_what_plays_them() -> None:
    refused = asked({"source": {"type": "async", "records": {"count": MOST_RECORDS + 1}}}).refused

    assert refused is not None
    assert refused.place == "source.records"
    assert "2,001 records: at most 2,000" in refused.message


def test_what_takes_too_many_steps_is_stopped_and_says_when(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("landfast.console.what_if.STEPS", 200)
    found = asked(
        {
            "source": {"type": "sqs", "records": {"count": 10}},
            "function": {"behaviour": [{"outcome": "raise"}]},
        }
    )

    assert found.stopped is not None
    assert found.account is not None
    assert found.account.counts["pending"] == 10
    assert found.account.ended == found.stopped
    assert 0 < found.stopped < 604_800


def test_the_difference_counts_what_is_saved_and_how_much_longer_others_wait(template: Template, stack: Stack) -> None:
    source = named(template, "Reading")
    script = {"behaviour": [{"outcome": "raise", "records": ["r2"], "invocations": 8}]}
    before = scenario(source, function=script | {"Timeout": 10}, mapping__BatchSize=1)
    after = scenario(source, function=script | {"Timeout": 10}, mapping__BatchSize=1, mapping__MaximumRetryAttempts=9)

    found = asked(after, before, source=source, stack=stack)

    assert found.difference is not None
    assert (found.difference.saved, found.difference.lost) == (1, 0)
    assert found.difference.invocations == 3
    assert found.difference.blocked > 0
    same = asked(before, before, source=source, stack=stack)
    assert same.difference is not None
    assert msgspec.structs.astuple(same.difference) == (0, 0, 0, 0, 0.0, 0.0, 0)
    assert same.yaml == ""


def test_a_record_that_is_kept_now_is_no_saved_one(template: Template) -> None:
    source = named(template, "Reading")
    script = {"behaviour": [{"outcome": "raise", "records": ["r2"]}]}
    before = scenario(source, function=script, mapping__BatchSize=1)
    kept = {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:123456789012:dead"}}

    found = asked(scenario(source, function=script, mapping__BatchSize=1, mapping__DestinationConfig=kept), before)

    assert found.difference is not None
    assert (found.difference.saved, found.difference.kept, found.difference.unkept) == (0, 1, 0)


def yaml_of(template: Template, stack: Stack, name: str, **places: Any) -> str:
    source = named(template, name)
    return changes(source, scenario(source), scenario(source, **places), stack.destinations, stack.written)


def test_changes_of_a_sam_event_are_written_where_sam_has_them(template: Template, stack: Stack) -> None:
    assert yaml_of(
        template,
        stack,
        "WorkerWork",
        mapping__BatchSize=1,
        mapping__FunctionResponseTypes=None,
        source__queue__RedrivePolicy={"maxReceiveCount": 7},
        function__Timeout=20,
    ) == (
        "Resources:\n"
        "  Worker:\n"
        "    Properties:\n"
        "      Events:\n"
        "        Work:\n"
        "          Properties:\n"
        "            BatchSize: 1\n"
        "            FunctionResponseTypes: []\n"
        "      Timeout: 20\n"
        "  Work:\n"
        "    Properties:\n"
        "      RedrivePolicy:\n"
        "        maxReceiveCount: 7\n"
    )  # fmt: skip


def test_changes_of_a_mapping_and_of_events_are_written_where_the_template_has_them(
    template: Template, stack: Stack
) -> None:
    dead = next(each.arn for each in stack.destinations if each.name == "Dead")
    news = next(each.arn for each in stack.destinations if each.name == "News")
    to_dead = {"OnFailure": {"Destination": dead}}

    changed = {"mapping__DestinationConfig": to_dead, "mapping__MaximumRetryAttempts": None}

    assert yaml_of(template, stack, "Reading", **changed) == (
        "Resources:\n"
        "  Reading:\n"
        "    Properties:\n"
        "      MaximumRetryAttempts: -1\n"
        "      DestinationConfig:\n"
        "        OnFailure:\n"
        "          Type: SQS\n"
        "          Destination: !GetAtt Dead.Arn\n"
    )  # fmt: skip
    assert yaml_of(template, stack, "Worker", mapping__DestinationConfig={"OnSuccess": {"Destination": news}}) == (
        "Resources:\n"
        "  Worker:\n"
        "    Properties:\n"
        "      EventInvokeConfig:\n"
        "        DestinationConfig:\n"
        "          OnSuccess:\n"
        "            Type: SNS\n"
        "            Destination: !Ref News\n"
    )  # fmt: skip


def test_what_is_written_is_read_as_the_settings_that_were_tried(
    template: Template, stack: Stack, tmp_path: Path
) -> None:
    """The template with the changes put in has the settings of the scenario, and nothing is left to write."""
    import yaml  # noqa: PLC0415 - only here

    from landfast.template.document import parse  # noqa: PLC0415 - only here
    from landfast.template.findings import Findings  # noqa: PLC0415 - only here

    source = named(template, "WorkerWork")
    after = scenario(source, mapping__BatchSize=2, source__queue__VisibilityTimeout=90)
    text = changes(source, scenario(source), after, stack.destinations, stack.written)
    whole: Any = parse(TEMPLATE, Findings())
    _put(whole, parse(text, Findings()))
    path = tmp_path / "template.yaml"
    path.write_text(yaml.safe_dump(whole), encoding="utf-8")

    again = named(read_template(path, stack_name="stack"), "WorkerWork")

    assert again.scenario["mapping"]["BatchSize"] == 2
    assert again.scenario["source"]["queue"]["VisibilityTimeout"] == 90
    assert changes(again, scenario(again), after, stack.destinations, stack.written) == ""


def _put(into: dict[str, Any], what: Any) -> None:
    for name, value in what.items():
        if isinstance(value, dict):
            _put(into.setdefault(name, {}), value)
        else:
            into[name] = value
