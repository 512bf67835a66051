"""``landfast check``: few runs of it, for cfn-lint takes seconds to load."""

from pathlib import Path

from typer.testing import CliRunner

from landfast.cli.app import app

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters: {Bus: {Type: String, Default: shared}, Stage: {Type: String}}
Globals: {Function: {Runtime: python3.13, Handler: app.handler}}
Resources:
  Standard: {Type: AWS::SQS::Queue}
  Fifo:
    Type: AWS::SQS::Queue
    Properties: {FifoQueue: true, RedrivePolicy: {deadLetterTargetArn: !GetAtt Standard.Arn, maxReceiveCount: 3}}
  Small: {Type: AWS::Serverless::Function, Properties: {MemorySize: 64}}
  Reserved: {Type: AWS::Serverless::Function, Properties: {Environment: {Variables: {AWS_REGION: eu-west-1}}}}
  Wrong: {Type: AWS::Serverless::Function, Properties: {Bogus: 1}}
  Staged: {Type: AWS::Serverless::Function, Properties: {AutoPublishAlias: !Ref Stage}}
  Nested: {Type: AWS::Serverless::Application, Properties: {Location: ./nested.yaml}}
  Subnet: {Type: AWS::EC2::Subnet, Properties: {VpcId: vpc-12345678, CidrBlock: 10.0.0.0/24}}
"""

RESERVED = "'AWS_REGION' is a reserved variable name"
STAGED = (
    "'AutoPublishAlias' must be a string or a Ref to a template parameter; "
    "parameter Stage has no value; give it one: --parameter Stage=VALUE"
)
NESTED = "nested applications are not read; read their own template"
NAME = "environment variable AWS_REGION"
KINDS = "Source queue type 'FIFO' does not match destination queue type 'standard'"
BOGUS = "property Bogus not defined for resource of type AWS::Serverless::Function"


def test_what_does_not_run_here_and_what_aws_would_refuse_are_told_apart(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(TEMPLATE)
    ended = CliRunner().invoke(app, ["check", "--template", str(template)])
    refused = "AWS would refuse: "
    assert [line for line in ended.output.splitlines() if not line.startswith(refused)] == [
        f"Staged (AWS::Serverless::Function): not run locally: SAM refuses it: {STAGED}",
        f"Nested (AWS::Serverless::Application): not run locally: {NESTED}",
        "Subnet (AWS::EC2::Subnet): not run locally: the local service has no such resource",
        "Small (AWS::Lambda::Function): not run locally: Properties.MemorySize: wants at least 128: AWS refuses less",
        f"Reserved (AWS::Lambda::Function): {NAME} left out: Lambda reserves it, and refuses the function",
    ]
    assert sorted(line.removeprefix(refused) for line in ended.output.splitlines() if line.startswith(refused)) == [
        f"Fifo.Properties.FifoQueue: {KINDS} (cfn-lint E3502)",
        f"Reserved.Properties.Environment.Variables.AWS_REGION: {RESERVED} (cfn-lint E3663)",
        "Small.Properties.MemorySize: 64 is less than the minimum of 128 (cfn-lint E3034)",
        f"Wrong (AWS::Serverless::Function): not run locally: SAM refuses it: {BOGUS}",
    ]
    assert ended.exit_code == 1


def test_types_of_sams_without_its_transform_are_refused(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(TEMPLATE.replace("Transform: AWS::Serverless-2016-10-31", ""))
    ended = CliRunner().invoke(app, ["check", "--template", str(template)])
    assert "AWS would refuse: Transform: add AWS::Serverless-2016-10-31: CloudFormation refuses " in ended.output
    assert ended.exit_code == 1
