from pathlib import Path
from typing import Any

from landfast.delivery.settings import Settings, from_ids
from landfast.runtime.model import FunctionSpec
from landfast.service.asynchronous import AsynchronousQueues
from landfast.service.functions import Functions, Target
from landfast.service.specs import asynchronous_config, versions, weights
from landfast.template import read
from tests.service.conftest import MadeUpRuntime, Stage

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: app.handler
      CodeUri: .
      DeadLetterQueue: { Type: SQS, TargetArn: arn:aws:sqs:us-east-1:123456789012:dead }
  Version:
    Type: AWS::Lambda::Version
    Properties: { FunctionName: !Ref Orders }
  VersionConfig:
    Type: AWS::Lambda::EventInvokeConfig
    Properties: { FunctionName: !Ref Orders, Qualifier: "1", MaximumRetryAttempts: 0 }
  Live:
    Type: AWS::Lambda::Alias
    Properties:
      Name: live
      FunctionName: !Ref Orders
      FunctionVersion: "1"
      RoutingConfig: { AdditionalVersionWeights: [{ FunctionVersion: "2", FunctionWeight: 0.25 }] }
"""


def _alias(folder: Path) -> tuple[Any, Target]:
    (folder / "template.yaml").write_text(TEMPLATE)
    [function] = read(folder / "template.yaml", stack_name="shop").functions.values()
    spec = FunctionSpec(name=function.name, handler="app.handler", code=folder, arn=function.arn)
    found = Functions(
        {function.name: spec},
        MadeUpRuntime(),
        aliases={function.name: versions(function)},
        weights={function.name: weights(function)},
    )
    return function, found.find(function.name, "live")


def test_u_026_an_alias_divides_its_calls_by_weight(tmp_path: Path) -> None:
    _, target = _alias(tmp_path)
    assert [target.drawn(chance) for chance in (0.0, 0.24, 0.25, 0.99)] == ["2", "2", "1", "1"]


def test_u_026_each_attempt_is_drawn_anew_or_all_go_where_the_first_one_went(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    assert len({stage.queues._draw("one event") for _ in range(20)}) > 1
    queues = AsynchronousQueues(stage.loop, stage.store, stage.functions, from_ids({"U-26": False}))
    assert len({queues._draw("one event") for _ in range(20)}) == 1
    assert queues._draw("one event") != queues._draw("another event")
    stage.close()


def test_u_002_an_alias_without_settings_has_the_defaults_or_those_of_its_version(tmp_path: Path) -> None:
    function, _ = _alias(tmp_path)
    retries = [
        asynchronous_config(function, "live", settings, {}).maximum_retry_attempts
        for settings in (Settings(), from_ids({"U-2": True}))
    ]
    assert retries == [2, 0]


def test_s_025_the_dead_letter_queue_of_a_function_holds_for_each_of_its_versions(tmp_path: Path) -> None:
    function, _ = _alias(tmp_path)
    targets = [asynchronous_config(function, name, Settings(), {}).dead_letter for name in ("$LATEST", "1", "live")]
    assert [target and target.name for target in targets] == ["dead"] * 3
