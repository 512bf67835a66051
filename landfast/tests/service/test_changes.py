"""What Lambda's API has changed is kept, and holds until the template says otherwise of that one thing."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from landfast.service.changes import Changes
from landfast.template import Alias, Template, read
from tests.eventplane.world import PlaneInMemory

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Jobs: {Type: AWS::SQS::Queue}
  Work:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: work
      CodeUri: .
      Handler: app.handler
      Runtime: python3.13
      AutoPublishAlias: live
      ReservedConcurrentExecutions: 5
      EventInvokeConfig: {MaximumRetryAttempts: 1}
      Tags: {team: jobs}
      Events:
        Jobs:
          Type: SQS
          Properties: {Queue: !GetAtt Jobs.Arn, BatchSize: 4, FunctionResponseTypes: [ReportBatchItemFailures]}
  Uploads:
    Type: AWS::Lambda::Permission
    Properties: {FunctionName: work, Action: lambda:InvokeFunction, Principal: s3.amazonaws.com}
"""


@pytest.fixture
def template(tmp_path: Path) -> Callable[..., Template]:
    def made(old: str = "", new: str = "") -> Template:
        assert old in TEMPLATE
        (tmp_path / "template.yaml").write_text(TEMPLATE.replace(old, new) if old else TEMPLATE)
        return read(tmp_path / "template.yaml", stack_name="stack")

    return made


def told(template: Template) -> Mapping[str, Any]:
    """Everything that can be changed."""
    [function], mappings = template.functions.values(), template.event_source_mappings.values()
    return {
        "aliases": {name: alias.version for name, alias in function.aliases.items()},
        "concurrency": function.reserved_concurrent_executions,
        "mappings": [mapping.properties.get("Enabled", True) for mapping in mappings],
        "policies": function.policies,
        "retries": {name: config.properties for name, config in function.event_invoke_configs.items()},
        "tags": function.tags,
    }


def test_every_kind_of_change_survives_a_restart_and_a_change_of_something_else(
    template: Callable[..., Template],
) -> None:
    world = PlaneInMemory()
    changes = Changes(world, template())
    [mapping] = changes.template.event_source_mappings.values()
    config = changes.function("work").event_invoke_configs["live"]
    changes.mapping(mapping.uuid, replace(mapping, properties={**mapping.properties, "Enabled": False}))
    changes.alias("work", "blue", Alias(name="blue", arn="arn:blue", version="1"))
    changes.event_invoke_config("work", "live", replace(config, properties={**config.properties, "Qualifier": "x"}))
    changes.concurrency("work", None)
    changes.policies("work", {})
    changes.tags("work", {"team": "others"})
    expected = told(changes.template)
    assert all(expected[name] != value for name, value in told(template()).items())
    again = Changes(world, template("app.handler", "app.other"))
    assert told(again.template) == expected
    assert len([*again.told()]) == 6


def test_the_template_counts_again_once_it_says_something_else(template: Callable[..., Template]) -> None:
    world = PlaneInMemory()
    changes = Changes(world, template())
    [mapping] = changes.template.event_source_mappings.values()
    changes.mapping(mapping.uuid, None)
    changes.concurrency("work", 7)
    other = Changes(world, template("BatchSize: 4", "BatchSize: 5"))
    [remade] = other.template.event_source_mappings.values()
    assert (remade.properties["BatchSize"], other.function("work").reserved_concurrent_executions) == (5, 7)
    assert told(Changes(world, template()).template)["mappings"] == [True], "a change that was forgotten stays so"


def test_what_is_as_declared_again_is_no_change(template: Callable[..., Template]) -> None:
    world = PlaneInMemory()
    changes = Changes(world, template())
    [mapping] = changes.template.event_source_mappings.values()
    changes.mapping(mapping.uuid, replace(mapping, properties={**mapping.properties, "Enabled": False}))
    changes.mapping(mapping.uuid, replace(mapping, properties={**mapping.properties, "Enabled": True}))
    changes.policies("work", {name: [*each] for name, each in changes.function("work").policies.items()})
    assert [*world.rows("lambda")] == []


def test_what_was_made_for_a_function_that_is_no_more_is_forgotten(template: Callable[..., Template]) -> None:
    world = PlaneInMemory()
    changes = Changes(world, template())
    [mapping] = changes.template.event_source_mappings.values()
    changes.mapping("made", replace(mapping, logical_id="made", uuid="made"))
    changes.concurrency("work", 9)
    gone = Changes(world, replace(template(), functions={}, event_source_mappings={}))
    assert gone.template.event_source_mappings == {}
    assert [*world.rows("lambda")] == []
