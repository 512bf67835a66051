"""Starting, stopping, killing and starting again."""

import signal
import socket
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from landfast.journal import Invoked, Retrying, Settled
from landfast.service.store import read_journal
from tests.end_to_end.conftest import Process, alive, eventually, landfast

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Landed: {Type: AWS::SQS::Queue}
  Failed: {Type: AWS::SQS::Queue}
  Waiting: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 30}}
  Source: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 30}}
  Work:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      CodeUri: code/
      Handler: app.handler
      Timeout: 5
      EventInvokeConfig:
        DestinationConfig:
          OnSuccess: {Type: SQS, Destination: !GetAtt Landed.Arn}
          OnFailure: {Type: SQS, Destination: !GetAtt Failed.Arn}
      Events:
        Paused: {Type: SQS, Properties: {Queue: !GetAtt Waiting.Arn, Enabled: false}}
        Queue: {Type: SQS, Properties: {Queue: !GetAtt Source.Arn, BatchSize: 1}}
"""
CODE = """
import pathlib, time
def handler(event, context):
    if "Records" in event:
        event = {"body": event["Records"][0]["body"]}
    started = pathlib.Path(__file__).with_name("started")
    started.touch()
    while not pathlib.Path(__file__).with_name("released").exists():
        time.sleep(0.02)
    if event.get("fail"):
        raise ValueError("asked to fail")
    return event
"""


@pytest.fixture
def template(tmp_path: Path) -> Path:
    code = tmp_path / "code"
    code.mkdir()
    (code / "app.py").write_text(CODE)
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE)
    return path


def closed(url: str) -> bool:
    address = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((address.hostname or "", address.port or 0)) != 0


def test_nothing_that_was_accepted_is_lost_when_the_service_is_killed(
    up: Callable[..., Process], template: Path
) -> None:
    first = up(template, "--skip-waits")
    client = first.ready()
    functions = client.aws("lambda")
    name = client.name("function", "Work")
    sent = {
        functions.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"n": %d}' % number)["ResponseMetadata"][
            "RequestId"
        ]
        for number in range(10)
    }
    client.aws("sqs").send_message(QueueUrl=client.url("Source"), MessageBody="from the queue")
    assert eventually((template.parent / "code" / "started").exists)
    assert eventually(lambda: any("Queue" in entry.source for entry in client.journal(Invoked)))
    first.signal(signal.SIGKILL)
    client.close()
    (template.parent / "code" / "released").touch()

    second = up(template, "--skip-waits").ready()
    done = {second.take("Landed", lambda _: True)["requestContext"]["requestId"] for _ in sent}
    assert done == sent
    assert second.running.engine == client.running.engine, "the engine with the users' data was thrown away"
    assert eventually(lambda: any("Queue" in entry.source for entry in second.journal(Settled)))
    second.close()


def test_s_053_a_disabled_mapping_leaves_its_messages_where_they_are(
    up: Callable[..., Process], template: Path
) -> None:
    (template.parent / "code" / "released").touch()
    client = up(template).ready()
    for queue in ("Waiting", "Source"):
        client.aws("sqs").send_message(QueueUrl=client.url(queue), MessageBody="one")
    assert eventually(lambda: len(client.journal(Settled)) == 1)
    attributes = client.aws("sqs").get_queue_attributes(
        QueueUrl=client.url("Waiting"), AttributeNames=["ApproximateNumberOfMessages"]
    )["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "1"
    assert {entry.source for entry in client.journal(Invoked)} == {"WorkQueue"}
    client.close()


def test_attempts_made_before_the_kill_are_not_made_again(up: Callable[..., Process], template: Path) -> None:
    (template.parent / "code" / "released").touch()
    first = up(template, "--speed", "1")
    client = first.ready()
    client.aws("lambda").invoke(
        FunctionName=client.name("function", "Work"), InvocationType="Event", Payload=b'{"fail": true}'
    )
    assert eventually(lambda: len(client.journal(Retrying)) == 1)
    first.signal(signal.SIGKILL)
    client.close()
    second = up(template, "--skip-waits").ready()
    record = second.take("Failed", lambda _: True)
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert [entry.attempt for entry in second.journal(Invoked)] == [1, 2, 3]
    second.close()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_no_process_and_no_port_is_left_when_it_is_stopped(
    up: Callable[..., Process], template: Path, ending: signal.Signals
) -> None:
    process = up(template)
    client = process.ready()
    functions = client.aws("lambda")
    functions.invoke(FunctionName=client.name("function", "Work"), InvocationType="Event", Payload=b"{}")
    assert eventually((template.parent / "code" / "started").exists)
    waiting = _call(client.running.endpoint, client.name("function", "Work"))
    children = [int(pid) for pid in _children(process.process.pid)]
    assert children, "the function does not run"
    client.close()
    output = process.signal(ending)
    waiting.close()
    assert process.process.returncode == 0, output
    assert "Traceback" not in output
    assert eventually(lambda: not any(map(alive, children)))
    assert closed(client.running.endpoint)
    assert closed(client.running.engine)
    assert [entry for _, entry in read_journal(client.path)], "the journal is gone"


def test_starting_twice_is_an_error_that_names_the_process(up: Callable[..., Process], template: Path) -> None:
    process = up(template)
    client = process.ready()
    again = landfast("up", "--template", str(template), state=process.state)
    assert again.returncode == 1
    assert f"pid {process.process.pid}" in again.stderr
    assert len(again.stderr.strip().splitlines()) == 1
    assert not closed(client.running.endpoint)


def test_down_stops_a_running_service_and_what_a_killed_one_left(up: Callable[..., Process], template: Path) -> None:
    running = up(template)
    client = running.ready()
    assert landfast("down", state=running.state).stdout == "stopped\n"
    assert "endpoint" in running.end()
    assert running.process.returncode == 0
    killed = up(template)
    client = killed.ready()
    killed.signal(signal.SIGKILL)
    assert not closed(client.running.engine)
    assert landfast("down", state=killed.state).stdout == "stopped\n"
    assert closed(client.running.engine)
    assert landfast("down", state=killed.state).stdout == "nothing was running\n"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("Resources: [", "line 1"),
        (None, "there is no such template"),
    ],
)
def test_a_template_that_cannot_be_read_is_one_line(tmp_path: Path, content: str | None, problem: str) -> None:
    path = tmp_path / "template.yaml"
    if content is not None:
        path.write_text(content)
    ended = landfast("up", "--template", str(path), state=tmp_path / "state")
    assert ended.returncode == 1
    assert problem in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


def _call(endpoint: str, function: str) -> socket.socket:
    """A synchronous call whose answer nobody waits for."""
    address = urlsplit(endpoint)
    caller = socket.create_connection((address.hostname or "", address.port or 0))
    caller.sendall(f"POST /2015-03-31/functions/{function}/invocations HTTP/1.1\r\nContent-Length: 0\r\n\r\n".encode())
    return caller


def _children(pid: int) -> list[str]:
    found: list[str] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += (task / "children").read_text().split()
    return found + [child for one in found for child in _children(int(one))]
