"""A template with a mistake of each kind starts, and delivers what it can; what does not run is named exactly."""

import json
import zipfile
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from landfast.journal import Settled
from landfast.service.service import Options, Service
from landfast.service.store import read_journal

TEMPLATE = """
Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Parameters:
  Names: {Type: CommaDelimitedList, Default: 'One,Two'}
  Stage: {Type: String}
  Prefix: {Type: String, Default: jobs, AllowedPattern: '\\p{Lower}++'}
Globals: {Function: {Handler: app.handler, Runtime: python3.13, Timeout: 10, Bogus: 1}}
Conditions: {Unknown: !Equals [!Ref Stage, prod]}
Resources:
  Fn::Transform: {Name: AWS::Include, Parameters: {Location: more.yaml}}
  Fn::ForEach::Queues:
    - Name
    - !Ref Names
    - 'Queue${Name}':
        Type: AWS::SQS::Queue
        Properties: {QueueName: !Sub '${Prefix}-${Name}', VisibilityTimeout: 60, VisibilityTimeout: 61}
  Here:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        Good: {Type: SQS, Properties: {Queue: !GetAtt QueueOne.Arn}}
        Bad: {Type: SQS, Properties: {}}
  Inline:
    Type: AWS::Lambda::Function
    Properties:
      Handler: index.handler
      Runtime: python3.13
      Role: !GetAtt Role.Arn
      Code: {ZipFile: "def handler(event, context):\\n    return 'inline'\\n"}
  Packed: {Type: AWS::Serverless::Function, Properties: {CodeUri: packed.zip}}
  Alone: {Type: AWS::Serverless::Function, Properties: {CodeUri: one/alone.py, Handler: alone.handler}}
  Asset:
    Type: AWS::Lambda::Function
    Metadata: {aws:asset:path: asset.1, aws:asset:property: Code}
    Properties: {Handler: app.handler, Runtime: python3.13, Role: !GetAtt Role.Arn, Code: {S3Bucket: b, S3Key: 1.zip}}
  Missing: {Type: AWS::Serverless::Function, Properties: {CodeUri: gone}}
  Node: {Type: AWS::Serverless::Function, Properties: {Runtime: nodejs22.x}}
  Image: {Type: AWS::Lambda::Function, Properties: {PackageType: Image, Code: {ImageUri: ''}}}
  Timeless: {Type: AWS::Serverless::Function, Properties: {Timeout: 0}}
  Staged: {Type: AWS::SQS::Queue, Properties: {QueueName: !Ref Stage}}
  Perhaps: {Type: AWS::SQS::Queue, Condition: Unknown}
  Stray: {Type: AWS::SQS::Queue, Properties: {QueueName: !Ref Nobody}}
  Named: {Type: AWS::SQS::Queue, Properties: {QueueName: 'broken!'}}
  Reader:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {EventSourceArn: !GetAtt Shut.Arn, FunctionName: !Ref Inline}
  Shut: {Type: AWS::SQS::Queue, Properties: {MessageRetentionPeriod: 1}}
  Fifo:
    Type: AWS::SQS::Queue
    Properties: {FifoQueue: true, RedrivePolicy: {deadLetterTargetArn: !GetAtt QueueTwo.Arn, maxReceiveCount: 2}}
  Table: {Type: AWS::DynamoDB::Table, Properties: {KeySchema: [{AttributeName: id, KeyType: HASH}]}}
  Bucket: {Type: AWS::S3::Bucket, Properties: {BucketName: a}}
  Stream: {Type: AWS::Kinesis::Stream, Properties: {RetentionPeriodHours: 1}}
  Shards: {Type: AWS::Kinesis::Stream, Properties: {ShardCount: -1}}
  Bus: {Type: AWS::Events::EventBus, Properties: {Name: two words}}
  Rule: {Type: AWS::Events::Rule, Properties: {EventPattern: {source: {}}}}
  NoType: {Properties: {}}
  Role: {Type: AWS::IAM::Role}
Outputs:
  Good: {Value: !Ref QueueTwo}
  Odd: {Value: [a]}
"""

NAMED = """
line 16: key VisibilityTimeout is given twice: the last one counts
NoType: not run locally: it must be a mapping with a Type
Globals.Function: Bogus left out: SAM refuses it
Here (AWS::Serverless::Function): event Bad left out: SAM refuses it: Missing required property 'Queue'.
Perhaps (AWS::SQS::Queue): not run locally: Conditions.Unknown.Fn::Equals: parameter Stage has no value
Stray (AWS::SQS::Queue): not run locally: Properties.QueueName: no resource or parameter is called Nobody
Image (AWS::Lambda::Function): not run locally: Properties.PackageType: images are not run
Missing (AWS::Lambda::Function): not run locally: Properties.Code: there is no folder gone beside the template
Node (AWS::Lambda::Function): not run locally: Properties.Runtime: nodejs22.x is not Python 3, and not run
Timeless (AWS::Lambda::Function): not run locally: Properties.Timeout: wants at least 1: AWS refuses less
Staged (AWS::SQS::Queue): not run locally: Properties.QueueName: parameter Stage has no value; give it one: --parameter
Odd (output): left out: its Value must be a text
Named (AWS::SQS::Queue): not run locally: InvalidParameterValue
Shut (AWS::SQS::Queue): not run locally: InvalidAttributeValue
Fifo (AWS::SQS::Queue): RedrivePolicy left out: InvalidParameterValue: Value
Stream (AWS::Kinesis::Stream): not run locally:
Shards (AWS::Kinesis::Stream): not run locally: ValidationException: 1 validation error detected: Value '-1'
Bus (AWS::Events::EventBus): not run locally: ValidationException: 1 validation error detected: Value 'two words'
Rule (AWS::Events::Rule): not run locally: InvalidEventPatternException
Table (AWS::DynamoDB::Table): not run locally: CreateTable: ValidationException
Bucket (AWS::S3::Bucket): not run locally: CreateBucket: InvalidBucketName
Reader (AWS::Lambda::EventSourceMapping): not run locally: Shut (AWS::SQS::Queue) is not run locally
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("any")
    (folder / "template.yaml").write_text(TEMPLATE)
    (folder / "more.yaml").write_text("Included: {Type: AWS::SQS::Queue}")
    for path, answer in (("app.py", "here"), ("one/alone.py", "alone"), ("asset.1/app.py", "asset")):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(f"def handler(event, context):\n    return '{answer}'\n")
    with zipfile.ZipFile(folder / "packed.zip", "w") as archive:
        archive.writestr("app.py", "def handler(event, context):\n    return 'packed'\n")
    options = Options(template=folder / "template.yaml", state=folder / "state", stack="any", skip_waits=True)
    with Service.start(options) as running:
        yield running


def test_each_thing_that_does_not_run_is_one_line_and_nothing_else_is(service: Service) -> None:
    assert len(service.not_run) == len(NAMED.strip().splitlines())
    for line, begin in zip(service.not_run, NAMED.strip().splitlines(), strict=True):
        assert line.startswith(begin)


def test_what_runs_is_there_under_its_name(service: Service) -> None:
    assert service.template.functions.keys() == {"Here", "Inline", "Packed", "Alone", "Asset"}
    queues = {queue.logical_id for queue in service.running.of_kind("queue")}
    assert queues == {"Included", "QueueOne", "QueueTwo", "Fifo"}
    assert service.template.outputs == {"Good": service.template.queues["QueueTwo"].url}


@pytest.mark.parametrize("function", ["Here", "Inline", "Packed", "Alone", "Asset"])
def test_code_runs_wherever_it_is(service: Service, function: str) -> None:
    name = service.template.functions[function].name
    with closing(HTTPConnection(urlsplit(service.endpoint).netloc, timeout=10)) as connection:
        connection.request("POST", f"/2015-03-31/functions/{name}/invocations", "{}")
        assert json.load(connection.getresponse()) == function.lower()


def test_events_are_delivered_beside_what_does_not_run(service: Service) -> None:
    queue = service.running.resource("queue", "QueueOne")
    service.clients.sqs.send_message(QueueUrl=queue.url, MessageBody="hello")
    service.settle()
    settled = [entry for _, entry in read_journal(service.journal) if isinstance(entry, Settled)]
    assert [entry.state for entry in settled] == ["processed"]
