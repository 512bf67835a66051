"""Every rule holds for the template, and is able to fail."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from cfnlint.api import ManualArgs, lint  # type: ignore[import-untyped]  # it ships no types

from tests.template import alarms, breaks, rules
from tests.template.rules import RULES
from tests.template.stack import TEMPLATE, Stack, as_list, copied, target
from tests.template.wiring import ALARM, BUCKET, FUNCTION, Rule

type Source = dict[str, Any]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_template_keeps_the_rule(stack: Stack, rule: Rule) -> None:
    assert list(rule(stack)) == []


def lint_findings(text: str, *ignored: str) -> list[str]:
    config = ManualArgs(regions=["eu-west-1"], ignore_checks=[*ignored])
    return [str(match) for match in lint(text, config=config)]


LOOSE: dict[str, Callable[[Source], object]] = {
    "Gone": lambda it: it["Resources"]["Queue"].update(DependsOn="Gone"),
    "GoneToo": lambda it: it["Resources"]["Queue"]["Properties"].update(QueueName={"Ref": "GoneToo"}),
    "Output": lambda it: it["Outputs"].update(One={"Value": {"Fn::Sub": "${Output.Arn}"}}),
    "NoCondition": lambda it: it["Resources"]["Queue"].update(Condition="NoCondition"),
    "NorThis": lambda it: it["Resources"]["Queue"]["Properties"].update(FifoQueue={"Fn::If": ["NorThis", True, False]}),
    "Unused": lambda it: it["Parameters"].update(Unused={"Type": "String"}),
    "Never": lambda it: it["Conditions"].update(Never={"Fn::Equals": ["a", "b"]}),
}  # fmt: skip


@pytest.mark.parametrize("name", LOOSE)
def test_a_loose_end_is_found(name: str) -> None:
    template: Source = {
        "Parameters": {"Stage": {"Type": "String"}},
        "Conditions": {"Live": {"Fn::Equals": [{"Ref": "Stage"}, "live"]}},
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Condition": "Live", "Properties": {}}},
        "Outputs": {"Name": {"Condition": "Live", "Value": {"Ref": "Queue"}}},
    }
    stack = Stack("", {}, template, {})
    assert stack.loose_ends() == set()
    LOOSE[name](template)
    assert stack.loose_ends() == {name}


@pytest.mark.parametrize(("rule", "change"), breaks.of(Stack.of(TEMPLATE.read_text())))
def test_a_template_that_breaks_a_rule_is_found_by_it(
    stack: Stack, rule: Rule, change: Callable[[Source], None]
) -> None:
    source = copied(stack.source)
    change(source["Resources"])
    assert list(rule(Stack.of_source(stack.text, source))) != []


def test_a_number_without_a_reason_is_found(text: str) -> None:
    assert list(rules.numbers_say_why(Stack.of(re.sub(r"( Timeout: \d+) #", r"\1\n#", text, count=1))))


def test_an_output_without_a_description_is_found(stack: Stack) -> None:
    source = copied(stack.source)
    del next(iter(source["Outputs"].values()))["Description"]
    assert list(rules.parameters_and_outputs_are_described(Stack.of_source(stack.text, source)))


@pytest.mark.parametrize("pattern", [None, ".*", "^https?://.*$", "^https://.+$"])
def test_a_parameter_that_takes_a_relative_link_or_refuses_its_default_is_found(
    stack: Stack, pattern: str | None
) -> None:
    source = copied(stack.source)
    source["Parameters"]["Runbooks"].pop("AllowedPattern")
    source["Parameters"]["Runbooks"] |= {"AllowedPattern": pattern} if pattern else {}
    broken = Stack.of_source(stack.text, source)
    assert list(alarms.runbooks_are_linked_by_an_absolute_address(broken))


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARN", "ERROR"])
def test_s_137_metrics_are_kept_at_every_log_level_by_text_and_by_json_up_to_info(stack: Stack, level: str) -> None:
    logs = {name: function["LoggingConfig"] for name, function in stack.all(FUNCTION).items()}
    assert logs
    assert [name for name, each in logs.items() if not alarms.keeps_metrics(each, level)] == []
    following = {"LogFormat": "JSON", "ApplicationLogLevel": {"Ref": "LogLevel"}}
    assert alarms.keeps_metrics(following, level) is (level in {"DEBUG", "INFO"})


def cannot_fail(stack: Stack) -> set[Rule]:
    """Return the rules that are about something in a template and that no test breaks, or the other way round."""
    broken = {rule for rule, _ in breaks.of(stack)} | {
        rules.numbers_say_why,
        rules.parameters_and_outputs_are_described,
        alarms.runbooks_are_linked_by_an_absolute_address,
    }
    return {rule for rule in RULES if breaks.is_about_something(rule, stack)} ^ broken


def test_every_rule_that_is_about_something_here_is_broken_by_one_of_these_tests(stack: Stack) -> None:
    assert cannot_fail(stack) == set()


def test_every_section_of_the_runbooks_belongs_to_an_alarm(stack: Stack) -> None:
    linked = {alarm["AlarmDescription"]["Fn::Sub"].rpartition("#")[2] for alarm in stack.all(ALARM).values()}
    assert linked == alarms.runbook_sections()


def test_s_044_no_function_may_write_to_the_bucket_that_invokes_it(stack: Stack) -> None:
    invoking = {
        (target(each["Function"]), name)
        for name, bucket in stack.all(BUCKET).items()
        for each in bucket.get("NotificationConfiguration", {}).get("LambdaConfigurations", [])
    }
    writing = {
        (function, bucket)
        for function, bucket in invoking
        for statement in stack.statements(function)
        for action in as_list(statement["Action"])
        if action.startswith("s3:") and action not in {"s3:GetObject", "s3:GetObjectVersion"}
    }
    assert writing == set()
