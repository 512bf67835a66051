"""A change is published where it is made, and nowhere else; production is what is tested."""

import json
import tomllib
from copy import deepcopy
from typing import Any


from tests.template.deployments import GROUP, LONGEST_ROOM_FOR_THE_STACK, gradual
from tests.template.stack import ROOT, Stack
from tests.template.test_rules import lint_findings
from tests.template.wiring import FUNCTION

SETTINGS: dict[str, Any] = tomllib.loads((ROOT / "samconfig.toml").read_text())
ENVIRONMENTS = sorted(set(SETTINGS) - {"version"})
VERSION = "AWS::Lambda::Version"


def versions(stack: Stack) -> set[str]:
    return set(stack.all(VERSION))


def functions_of(stack: Stack, published: set[str]) -> set[str]:
    return {stack.properties(version)["FunctionName"]["Ref"] for version in published}


def test_a_change_of_one_function_publishes_that_one_alone(stack: Stack) -> None:
    changed = next(iter(stack.all(FUNCTION)))
    for setting, value in {"Timeout": 899, "Description": "Another.", "CodeUri": "s3://bucket/new"}.items():
        source = deepcopy(stack.source)
        source["Resources"][changed]["Properties"][setting] = value
        after = Stack.of_source(stack.text, source)
        assert functions_of(after, versions(after) - versions(stack)) == {changed}, setting


def test_a_change_of_the_layer_publishes_every_function(stack: Stack) -> None:
    source = deepcopy(stack.source)
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
