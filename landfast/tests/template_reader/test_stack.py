import subprocess
import sys
from pathlib import Path

import pytest

from landfast.template import TemplateError, read, translated, write_translated
from tests.template_reader.conftest import Naming, Reading

QUEUE = "Type: AWS::SQS::Queue"


def test_a_resource_whose_condition_is_false_does_not_exist(reading: Reading) -> None:
    text = f"""
    Parameters: {{Stage: {{Type: String, Default: dev}}}}
    Conditions: {{IsProd: !Equals [!Ref Stage, prod]}}
    Resources:
      Always: {{{QUEUE}}}
      Sometimes: {{{QUEUE}, Condition: IsProd}}
    Outputs:
      Name: {{Condition: IsProd, Value: !GetAtt Sometimes.QueueName}}
    """
    assert (list(reading(text).queues), dict(reading(text).outputs)) == (["Always"], {})
    prod = reading(text, Stage="prod")
    assert list(prod.queues) == ["Always", "Sometimes"]
    assert prod.outputs == {"Name": prod.queues["Sometimes"].name}


def test_a_property_that_is_no_value_has_its_default(reading: Reading) -> None:
    text = f"""
    Conditions: {{Never: !Equals [a, b]}}
    Resources:
      Q: {{{QUEUE}, Properties: {{VisibilityTimeout: !If [Never, 60, !Ref AWS::NoValue]}}}}
    """
    queue = reading(text).queues["Q"]
    assert (queue.visibility_timeout, dict(queue.attributes)) == (30, {})


def test_an_unused_branch_makes_no_circle(reading: Reading) -> None:
    text = f"""
    Conditions: {{Never: !Equals [a, b]}}
    Resources:
      A: {{{QUEUE}, Properties: {{QueueName: !If [Never, !GetAtt B.QueueName, a]}}}}
      B: {{{QUEUE}, Properties: {{QueueName: !Sub "${{A.QueueName}}-b"}}}}
    """
    assert [queue.name for queue in reading(text).queues.values()] == ["a", "a-b"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            f"Resources: {{Orders: {{{QUEUE}, Properties: {{QueueName: !Ref Ordres}}}}}}",
            "Orders: Properties.QueueName: no resource or parameter is called Ordres; did you mean Orders?",
        ),
        (
            f"Resources: {{A: {{{QUEUE}, Properties: {{Tags: [{{Value: !GetAtt Zzz.Arn}}]}}}}}}",
            "A: Properties.Tags[0].Value: no resource or parameter is called Zzz",
        ),
        (
            f"Resources: {{A: {{{QUEUE}}}}}\nOutputs: {{O: {{Value: !Sub '${{Zzz}}'}}}}",
            "O: left out: no resource is called Zzz",
        ),
        (f"Resources: {{A: {{{QUEUE}, DependsOn: Zzz}}}}", "A: DependsOn: no resource is called Zzz"),
        (
            f"Conditions: {{C: !Equals [!Ref A, b]}}\nResources: {{A: {{{QUEUE}}}}}",
            "Conditions.C.Fn::Equals[0]: no resource or parameter is called A: CloudFormation refuses it",
        ),
        (
            f"Resources: {{A: {{{QUEUE}, Condition: C}}}}",
            "A: Condition: the template has no condition C; declare it under Conditions",
        ),
        (
            f"Resources:\n  A: {{{QUEUE}, Properties: {{QueueName: !Ref A}}}}",
            "A: Properties.QueueName: its name depends on itself: A -> A",
        ),
        (
            (
                f"Conditions: {{C: !Equals [a, b]}}\nResources: {{A: {{{QUEUE}, Condition: C}}}}\n"
                "Outputs: {O: {Value: !Ref A}}"
            ),
            "O: left out: A does not exist, for its condition C is false; use Fn::If with it here too",
        ),
        (
            f"Resources: {{A: {{{QUEUE}, Properties: {{VisibilityTimeout: soon}}}}}}",
            "A: Properties.VisibilityTimeout: wants a whole number but is given a text",
        ),
        (
            f"Resources: {{A: {{{QUEUE}, Properties: {{RedrivePolicy: {{maxReceiveCount: 3}}}}}}}}",
            "A: Properties.RedrivePolicy: deadLetterTargetArn is missing",
        ),
        (
            f"Resources: {{A: {{{QUEUE}}}}}\nOutputs: {{O: {{Value: [a]}}}}",
            "O: left out: its Value must be a text",
        ),
        (f"Resources: {{A: {{{QUEUE}}}}}\nOutputs: {{O: a}}", "O: left out: must be a mapping with a Value"),
        (
            (
                f"Parameters: {{P: {{Type: 'AWS::SSM::Parameter::Value<String>', Default: /p}}}}\n"
                f"Conditions: {{C: !Equals [!Ref P, x]}}\nResources: {{A: {{{QUEUE}, Condition: C}}}}"
            ),
            (
                "A: Conditions.C.Fn::Equals: parameter P is read from the Systems Manager parameter store; give it a "
                "value: --parameter P=VALUE"
            ),
        ),
    ],
)
def test_a_mistake_is_told_in_one_line_with_its_place(naming: Naming, text: str, message: str) -> None:
    assert naming(text) == message


def test_a_circle_of_resources_is_told_with_every_step(naming: Naming) -> None:
    text = f"""
    Resources:
      A: {{{QUEUE}, Properties: {{QueueName: !Sub "${{B.QueueName}}-a"}}}}
      B: {{{QUEUE}, DependsOn: [C]}}
      C: {{{QUEUE}, Properties: {{Tags: [{{Key: k, Value: !Sub "${{A}}"}}]}}}}
    """
    message = naming(text)
    for part in ("circular dependency", "A.Properties.QueueName", "B.DependsOn", "C.Properties.Tags[0].Value"):
        assert part in message


def test_a_value_that_only_aws_has_leaves_out_its_resource_alone(reading: Reading) -> None:
    text = f"""
    Parameters: {{Kept: {{Type: 'AWS::SSM::Parameter::Value<String>', Default: /p}}}}
    Resources:
      A: {{{QUEUE}, Properties: {{QueueName: !ImportValue Name}}}}
      B: {{{QUEUE}, Properties: {{QueueName: !Ref Kept}}}}
      C: {{{QUEUE}, Properties: {{RedrivePolicy: {{deadLetterTargetArn: !GetAtt A.Arn, maxReceiveCount: 3}}}}}}
      D: {{{QUEUE}}}
    Outputs:
      Url: {{Value: !Ref A}}
    """
    template = reading(text)
    assert list(template.queues) == ["D"]
    imported = "Fn::ImportValue can only be answered by AWS"
    assert template.not_run == (
        f"A (AWS::SQS::Queue): not run locally: Properties.QueueName.Fn::ImportValue: {imported}",
        (
            "B (AWS::SQS::Queue): not run locally: Properties.QueueName: parameter Kept is read from the "
            "Systems Manager parameter store; give it a value: --parameter Kept=VALUE"
        ),
        f"C (AWS::SQS::Queue): not run locally: A.Properties.QueueName.Fn::ImportValue: {imported}",
        f"Url (output): left out: {imported}",
    )
    assert list(reading(text, Kept="b").queues) == ["B", "D"]


def test_what_cannot_be_run_is_named_and_what_is_harmless_is_not(reading: Reading) -> None:
    template = reading(
        """
        Resources:
          Api: {Type: AWS::ApiGateway::RestApi}
          Stage: {Type: AWS::ApiGateway::Stage}
          Cluster: {Type: AWS::ECS::Cluster, Properties: {Anything: !ImportValue X}}
          Mine: {Type: Custom::Thing}
          Role: {Type: AWS::IAM::Role}
          Key: {Type: AWS::KMS::Key}
          Logs: {Type: AWS::Logs::LogGroup}
          Board: {Type: AWS::CloudWatch::Dashboard}
          TopicPolicy: {Type: AWS::SNS::TopicPolicy}
          QueuePolicy: {Type: AWS::SQS::QueuePolicy}
          BucketPolicy: {Type: AWS::S3::BucketPolicy}
        """
    )
    assert template.not_run == (
        (
            "Api (AWS::ApiGateway::RestApi): not run locally: HTTP is not served; call its functions directly: "
            "landfast invoke FUNCTION --event FILE"
        ),
        "Cluster (AWS::ECS::Cluster): not run locally: the local service has no such resource",
        "Mine (Custom::Thing): not run locally: the local service has no such resource",
    )


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "template.yaml"
    with pytest.raises(TemplateError) as caught:
        read(missing, stack_name="shop")
    assert str(caught.value) == f"{missing}: cannot be read: No such file or directory"
    missing.write_bytes(b"Resources: \xff")
    with pytest.raises(TemplateError, match=r"is not UTF-8 \(byte 11\)"):
        read(missing, stack_name="shop")


def test_a_stack_name_keeps_to_cloudformations_letters(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="'my_stack' is no stack name"):
        read(tmp_path / "template.yaml", stack_name="my_stack")


def test_region_and_account_are_in_every_arn(template_file: Path) -> None:
    template_file.write_text(f"Resources: {{Q: {{{QUEUE}, Properties: {{QueueName: q}}}}}}", encoding="utf-8")
    template = read(template_file, stack_name="shop", region="eu-west-1", account="210987654321")
    assert template.queues["Q"].arn == "arn:aws:sqs:eu-west-1:210987654321:q"


def test_the_translated_template_can_be_written_for_other_tools(template_file: Path, tmp_path: Path) -> None:
    template_file.write_text(
        """
        Transform: AWS::Serverless-2016-10-31
        Resources:
          F: {Type: AWS::Serverless::Function, Properties: {CodeUri: functions, Handler: a.b, Runtime: python3.13}}
        """,
        encoding="utf-8",
    )
    plain = translated(template_file)
    assert [resource["Type"] for resource in plain["Resources"].values()] == ["AWS::Lambda::Function", "AWS::IAM::Role"]
    assert plain["Resources"]["F"]["Properties"]["Code"] == {"S3Bucket": "local-code", "S3Key": "F/CodeUri"}
    assert plain["Resources"]["F"]["Properties"]["Role"] == {"Fn::GetAtt": ["FRole", "Arn"]}
    written = tmp_path / "translated.json"
    write_translated(template_file, written)
    assert translated(written) == plain


def test_the_translator_is_loaded_only_for_what_needs_it(template_file: Path) -> None:
    template_file.write_text(f"Resources: {{Q: {{{QUEUE}}}}}", encoding="utf-8")
    program = (
        "import sys; from pathlib import Path; from landfast.template import read; "
        "read(Path(sys.argv[1]), stack_name='shop'); print('samtranslator' in sys.modules, 'boto3' in sys.modules)"
    )
    command = [sys.executable, "-c", program, str(template_file)]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert result.stdout == "False False\n"
