"""A change is published where it is made, and nowhere else; every environment is complete and guarded."""

import json
import re
import tomllib
from typing import Any

import pytest

from tests.template.deployments import GROUP, LONGEST_ROOM_FOR_THE_STACK, gradual
from tests.template.stack import ROOT, Stack, copied
from tests.template.test_rules import lint_findings
from tests.template.wiring import FUNCTION

SETTINGS: dict[str, Any] = tomllib.loads((ROOT / "samconfig.toml").read_text())
ENVIRONMENTS = sorted(set(SETTINGS) - {"version"})
VERSION = "AWS::Lambda::Version"

LONGEST_PROJECT = 40
"""What `landfast new` takes as the name of a project."""

NAMED = {
    "AWS::SQS::Queue": ("QueueName", 80),
    "AWS::Events::Rule": ("Name", 64),
    "AWS::Kinesis::Stream": ("Name", 128),
}
"""The property that names, and how long a name may be (each service's API reference)."""


def versions(stack: Stack) -> set[str]:
    return set(stack.all(VERSION))


def functions_of(stack: Stack, published: set[str]) -> set[str]:
    return {stack.properties(version)["FunctionName"]["Ref"] for version in published}


def test_a_change_of_one_function_publishes_that_one_alone(stack: Stack) -> None:
    changed = next(iter(stack.all(FUNCTION)))
    for setting, value in {"Timeout": 899, "Description": "Another.", "CodeUri": "s3://bucket/new"}.items():
        source = copied(stack.source)
        source["Resources"][changed]["Properties"][setting] = value
        after = Stack.of_source(stack.text, source)
        assert functions_of(after, versions(after) - versions(stack)) == {changed}, setting


def test_a_change_of_the_layer_publishes_every_function(stack: Stack) -> None:
    source = copied(stack.source)
    source["Resources"]["SharedLayer"]["Properties"]["Description"] = "Another."
    after = Stack.of_source(stack.text, source)
    assert functions_of(after, versions(after) - versions(stack)) == set(stack.all(FUNCTION))


def test_the_same_again_publishes_nothing(stack: Stack) -> None:
    assert versions(Stack.of(stack.text)) == versions(stack)


def test_all_at_once_needs_no_codedeploy(stack: Stack) -> None:
    assert stack.all(GROUP) == {}
    assert set(gradual(stack).all(GROUP)) == {f"{function}DeploymentGroup" for function in stack.all(FUNCTION)}


def test_cfn_lint_finds_nothing_in_what_production_gets(stack: Stack) -> None:
    assert lint_findings(json.dumps(gradual(stack).translated)) == []


def test_what_is_deployed_all_at_once_is_a_part_of_that_without_loose_ends(stack: Stack) -> None:
    """So cfn-lint would find nothing in it either; in the source it is `make template-lint` that looks."""
    at_once, production = stack.translated, gradual(stack).translated
    assert at_once | {"Resources": None} == production | {"Resources": None}
    for name, resource in at_once["Resources"].items():
        shifted = {key: value for key, value in production["Resources"][name].items() if key != "UpdatePolicy"}
        assert resource == shifted, name
    assert stack.loose_ends() == set()


def options(environment: str) -> dict[str, Any]:
    found: dict[str, Any] = SETTINGS[environment]["deploy"]["parameters"]
    return found


def overrides(environment: str) -> dict[str, str]:
    return dict(each.split("=", 1) for each in options(environment).get("parameter_overrides", "").split())


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_environment_is_complete_and_of_no_account(stack: Stack, environment: str) -> None:
    given = options(environment)
    assert given["capabilities"] == "CAPABILITY_IAM"
    assert given["resolve_s3"] is True
    assert given["fail_on_empty_changeset"] is False
    named = dict(each.split("=") for each in given["tags"].split())
    assert set(named) == {"project", "environment"}
    assert named["environment"] in {environment, "development"}
    for name, value in overrides(environment).items():
        assert value in map(str, stack.source["Parameters"][name]["AllowedValues"]), name
    assert not re.search(r"\d{12}|arn:|profile", str(SETTINGS[environment]))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_names_of_what_is_in_its_stack_are_short_enough_whatever_the_project_is_called(
    stack: Stack, environment: str
) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["name"]
    name = SETTINGS[environment]["global"]["parameters"]["stack_name"]
    assert name.startswith(project)
    assert name == name.lower()
    longest = LONGEST_PROJECT + len(name.removeprefix(project))
    assert longest <= LONGEST_ROOM_FOR_THE_STACK
    for kind, (key, most) in NAMED.items():
        for each in stack.all(kind).values():
            suffix = str(each.get(key, {}).get("Fn::Sub", "")).removeprefix("${AWS::StackName}")
            assert "${" not in suffix
            assert longest + len(suffix) <= most, suffix


def test_production_is_asked_for_shifts_gradually_and_only_a_trial_is_disposable() -> None:
    disposable = {each for each in ENVIRONMENTS if overrides(each).get("Disposable") == "true"}
    assert disposable == {"trial"}
    for environment in ("staging", "production"):
        assert options(environment)["confirm_changeset"] is True
        assert overrides(environment)["Deployment"] != "AllAtOnce"
    names = [SETTINGS[each]["global"]["parameters"]["stack_name"] for each in ENVIRONMENTS]
    assert len({*names}) == len(names)
