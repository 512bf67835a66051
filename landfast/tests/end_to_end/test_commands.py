"""Every command, as it is typed, against a running stack."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from landfast.testing import Options, Service
from tests.end_to_end.conftest import Client, landfast

pytestmark = pytest.mark.xdist_group("commands")

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Uploads: {Type: AWS::S3::Bucket}
  Readings: {Type: AWS::Kinesis::Stream, Properties: {ShardCount: 1}}
  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs.fifo, FifoQueue: true}}
  Landed: {Type: AWS::SQS::Queue}
  Failed: {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub "${AWS::StackName}-uploads-failed"}}
  TakeFile:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      CodeUri: code/
      Handler: app.take
      EventInvokeConfig:
        DestinationConfig:
          OnSuccess: {Type: SQS, Destination: !GetAtt Landed.Arn}
          OnFailure: {Type: SQS, Destination: !GetAtt Failed.Arn}
      Events:
        Upload: {Type: S3, Properties: {Bucket: !Ref Uploads, Events: "s3:ObjectCreated:*"}}
  Read:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      CodeUri: code/
      Handler: app.read
      Events:
        Stream: {Type: Kinesis, Properties: {Stream: !GetAtt Readings.Arn, StartingPosition: TRIM_HORIZON}}
"""
CODE = """
def take(event, context):
    key = event["Records"][0]["s3"]["object"]["key"]
    if "broken" in key:
        raise ValueError(f"{key} is broken")
    return {"key": key}

def read(event, context):
    return None
"""

COMMANDS = [
    "up",
    "logs",
    "outputs",
    "send s3",
    "send kinesis",
    "send sqs",
    "send events",
    "queues",
    "peek",
    "invoke",
    "events",
    "down",
]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, _loopback_only: None) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("stack")
    (folder / "code").mkdir()
    (folder / "code" / "app.py").write_text(CODE)
    (folder / "template.yaml").write_text(TEMPLATE)
    options = Options(template=folder / "template.yaml", state=folder / "state", speed=120)
    with Service.start(options) as service:
        client = Client(service.running, service.journal)
        yield client
        client.close()
        assert service.failure is None, service.failure


def upload(stack: Client, key: str) -> None:
    stack.aws("s3").put_object(Bucket=stack.name("bucket", "Uploads"), Key=key, Body=b"content")


def about(key: str) -> Callable[[Any], bool]:
    return lambda record: bool(record["requestPayload"]["Records"][0]["s3"]["object"]["key"] == key)


def test_a_file_is_sent_and_its_way_can_be_followed(stack: Client) -> None:
    state = stack.path.parent
    sent = landfast("send", "s3", __file__, "--key", "in/typed.txt", "--json", state=state)
    assert json.loads(sent.stdout)["key"] == "in/typed.txt"
    record = stack.take("Landed", about("in/typed.txt"))
    request_id = record["requestContext"]["requestId"]
    told = landfast("events", "--record", request_id, state=state)
    assert "accepted from s3://" in told.stdout
    assert "attempt 1 of TakeFile" in told.stdout
    entries = [
        json.loads(line)
        for line in landfast("events", "--record", request_id, "--json", state=state).stdout.splitlines()
    ]
    assert [entry["what"] for entry in entries] == ["accepted", "invoked", "finished", "delivered", "settled"]


def test_a_message_can_be_looked_at_and_stays(stack: Client) -> None:
    state = stack.path.parent
    upload(stack, "in/broken.txt")
    record = stack.take("Failed", about("in/broken.txt"))
    stack.aws("sqs").send_message(QueueUrl=stack.url("Failed"), MessageBody=json.dumps(record))
    for _ in range(2):
        peeked = landfast("peek", "uploads-failed", "--json", state=state)
        assert any(message["body"] == record for message in json.loads(peeked.stdout)), peeked.stderr
    assert "is broken" in landfast("peek", "Failed", state=state).stdout
    stack.take("Failed", about("in/broken.txt"))


def test_the_queues_are_listed_without_the_services_own(stack: Client) -> None:
    listed = landfast("queues", "--json", state=stack.path.parent)
    names = [queue["name"] for queue in json.loads(listed.stdout)]
    assert stack.name("queue", "Landed") in names
    assert not [name for name in names if "internal" in name]
    assert stack.name("queue", "Landed") in landfast("queues", state=stack.path.parent).stdout


def test_lines_become_records_and_messages_with_their_keys(stack: Client) -> None:
    state = stack.path.parent
    line = '{"sensor": "P-1", "n": 1}\n\n{"sensor": "P-2", "n": 2}\n'
    put = landfast("send", "kinesis", "-", "--key", "sensor", "--json", state=state, stdin=line)
    assert json.loads(put.stdout)["records"] == 2, put.stderr
    sent = landfast(
        "send", "sqs", "-", "--queue", "Jobs", "--group", "sensor", "--deduplication", "n", "--json",
        state=state, stdin=line,
    )  # fmt: skip
    assert json.loads(sent.stdout)["messages"] == 2, sent.stderr
    told = landfast("send", "events", "-", "--source", "me", "--detail-type", "x", "--json", state=state, stdin=line)
    assert json.loads(told.stdout)["events"] == 2, told.stderr


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["send", "s3", "no-such-file"], "no-such-file: No such file"),
        (["send", "kinesis", "-", "--key", "absent"], "line 1: there is no field absent"),
        (["send", "sqs", "-"], "say which queue"),
        (["peek", "nowhere"], "there is no queue nowhere"),
        (["invoke", "nobody"], "there is no function nobody"),
    ],
)
def test_a_users_mistake_is_one_line(stack: Client, arguments: list[str], problem: str) -> None:
    ended = landfast(*arguments, state=stack.path.parent, stdin='{"a": 1}')
    assert ended.returncode == 1
    assert problem in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


def test_a_function_that_fails_makes_the_command_fail(stack: Client, tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text('{"not": "an upload"}')
    ended = landfast("invoke", "TakeFile", "--event", str(event), "--json", state=stack.path.parent)
    assert ended.returncode == 1
    told = json.loads(ended.stdout)
    assert told["failed"]
    assert told["payload"]["errorType"]
    queued = landfast("invoke", "TakeFile", "--event", str(event), "--async", "--json", state=stack.path.parent)
    assert json.loads(queued.stdout)["statusCode"] == 202
    assert queued.returncode == 0


@pytest.mark.parametrize("command", ["queues", "peek x", "invoke x", "send s3 x"])
def test_without_a_service_the_commands_say_how_to_start_one(tmp_path: Path, command: str) -> None:
    ended = landfast(*command.split(), state=tmp_path)
    assert ended.returncode == 1
    assert "landfast up" in ended.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_has_an_example(command: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", "from landfast.cli import main; main()", *command.split(), "--help"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert f"Example: landfast {command}" in " ".join(ended.stdout.split())


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys\nsys.argv = ['landfast', '--help']\nfrom landfast.cli import main\n"
        "try:\n    main()\nfinally:\n"
        "    print('HEAVY', {'boto3', 'botocore', 'moto', 'msgspec', 'samtranslator', 'sqlite3'} & set(sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "HEAVY set()" in ended.stdout
