"""How fast a queue and a stream are emptied through a no-op function, beside ministack's own delivery of the same work.

Each round is filled before anything reads it, so that no sender is measured. Function and batch sizes are the same. The
function notes when it was called with how many records; the clock runs from its first call to its last.
"""

import io
import itertools
import os
import socket
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from botocore.session import Session

from benchmarks.figures import Figure, median, ratio_at_least
from landfast.dataplane import engine as engines
from landfast.dataplane.clients import CREDENTIAL, Clients
from landfast.dataplane.ministack import ministack_command, ministack_settings
from landfast.service.service import Options, Service

TITLE = "Throughput through a no-op function"
PEER = "ministack's own"

ROUNDS = 3
SOURCE = "source"
REGION = "us-east-1"
PATIENCE = 60.0
FUNCTION = """
import os, time
CALLS = os.open(os.environ["CALLS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
def handler(event, context):
    os.write(CALLS, f"{time.time()} {len(event['Records'])}\\n".encode())
"""

type Deliver = Callable[["Work", Path], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be delivered.

    Attributes:
        name: What the figure is called.
        count: How many messages or records.
        source: The template's resource that holds them.
        mapping: The settings of its mapping.
        service: Of the source, as its ARN names it.
        fill: Puts them there, given the clients of an endpoint.
        goal: How many times faster it has to be.
    """

    name: str
    count: int
    source: Mapping[str, object]
    mapping: Mapping[str, object]
    service: str
    fill: Callable[[Clients, int], None]
    goal: float


def _fill_queue(clients: Clients, count: int) -> None:
    url = clients.sqs.get_queue_url(QueueName=SOURCE)["QueueUrl"]
    for numbers in itertools.batched(range(count), 10, strict=False):
        entries: Any = [{"Id": str(number), "MessageBody": f'{{"number": {number}}}'} for number in numbers]
        clients.sqs.send_message_batch(QueueUrl=url, Entries=entries)


def _fill_stream(clients: Clients, count: int) -> None:
    for numbers in itertools.batched(range(count), 500, strict=False):
        records: Any = [{"Data": f'{{"number": {number}}}', "PartitionKey": f"key-{number}"} for number in numbers]
        clients.kinesis.put_records(StreamName=SOURCE, Records=records)


WORK = (
    Work(
        "messages/s of a standard queue, batches of 10",
        4_000,
        {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": SOURCE, "VisibilityTimeout": 60}},
        {"BatchSize": 10},
        "sqs",
        _fill_queue,
        4.0,
    ),
    Work(
        "records/s of 4 Kinesis shards, batches of 100",
        40_000,
        {"Type": "AWS::Kinesis::Stream", "Properties": {"Name": SOURCE, "ShardCount": 4}},
        {"BatchSize": 100, "StartingPosition": "TRIM_HORIZON"},
        "kinesis",
        _fill_stream,
        6.0,
    ),
)


def figures() -> Sequence[Figure]:
    """Records a second of both, medians of rounds that they take in turn."""
    found = []
    for work in WORK:
        rounds = [(_rate(work, _landfast), _rate(work, _ministack)) for _ in range(ROUNDS)]
        ours, theirs = zip(*rounds, strict=True)
        found.append(ratio_at_least(work.name, median(ours), median(theirs), work.goal))
    return found


def _rate(work: Work, deliver: Deliver) -> float:
    with tempfile.TemporaryDirectory(prefix="landfast-bench-") as folder:
        home = Path(folder)
        (home / "code").mkdir()
        (home / "code" / "noop.py").write_text(FUNCTION)
        with deliver(work, home):
            return _measured(home / "calls", work.count)


def _measured(calls: Path, count: int) -> float:
    """Records a second after the first call."""
    deadline = time.monotonic() + PATIENCE
    delivered = 0
    while time.monotonic() < deadline:
        lines = [line.split() for line in calls.read_text().splitlines()] if calls.exists() else []
        delivered = sum(int(size) for _, size in lines)
        if delivered >= count:
            times = [float(at) for at, _ in lines]
            return (delivered - int(lines[0][1])) / (max(times) - times[0])
        time.sleep(0.2)
    raise RuntimeError(f"only {delivered} of {count} records were delivered within {PATIENCE:.0f} s")


def _template(work: Work, calls: Path, *, enabled: bool) -> dict[str, Any]:
    return {
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {
            "Source": work.source,
            "Noop": {
                "Type": "AWS::Serverless::Function",
                "Properties": {
                    "CodeUri": "code/",
                    "Handler": "noop.handler",
                    "Runtime": "python3.13",
                    "Timeout": 10,
                    "Environment": {"Variables": {"CALLS": str(calls)}},
                },
            },
            "Mapping": {
                "Type": "AWS::Lambda::EventSourceMapping",
                "Properties": {
                    "EventSourceArn": {"Fn::GetAtt": ["Source", "Arn"]},
                    "FunctionName": {"Ref": "Noop"},
                    "Enabled": enabled,
                    **work.mapping,
                },
            },
        },
    }


@contextmanager
def _landfast(work: Work, home: Path) -> Iterator[None]:
    """A service whose mapping is off is filled; another one takes over what it has kept, with the mapping on."""
    template = home / "template.json"
    options = Options(template=template, state=home / "state", region=REGION, sandbox=False)
    for enabled in (False, True):
        template.write_bytes(msgspec.json.encode(_template(work, home / "calls", enabled=enabled)))
        with Service.start(options) as service:
            if enabled:
                yield
            else:
                work.fill(service.clients, work.count)


@contextmanager
def _ministack(work: Work, home: Path) -> Iterator[None]:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("noop.py", FUNCTION)
    with _with_its_own_lambda(home) as url, closing(_lambda(url)) as client, closing(Clients(url, REGION)) as clients:
        if work.service == "sqs":
            made = clients.sqs.create_queue(QueueName=SOURCE, Attributes={"VisibilityTimeout": "60"})
            asked = clients.sqs.get_queue_attributes(QueueUrl=made["QueueUrl"], AttributeNames=["QueueArn"])
            arn = asked["Attributes"]["QueueArn"]
        else:
            clients.kinesis.create_stream(StreamName=SOURCE, ShardCount=4)
            arn = clients.kinesis.describe_stream_summary(StreamName=SOURCE)["StreamDescriptionSummary"]["StreamARN"]
        work.fill(clients, work.count)
        client.create_function(
            FunctionName="noop",
            Handler="noop.handler",
            Runtime="python3.13",
            Role="arn:aws:iam::123456789012:role/noop",
            Code={"ZipFile": packed.getvalue()},
            Timeout=10,
            Environment={"Variables": {"CALLS": str(home / "calls")}},
        )
        client.create_event_source_mapping(FunctionName="noop", EventSourceArn=arn, **work.mapping)
        yield


@contextmanager
def _with_its_own_lambda(home: Path) -> Iterator[str]:
    """Ministack as it comes: what Landfast starts has its Lambda out of reach."""
    with socket.socket() as probe:
        probe.bind((engines.HOST, 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ, **ministack_settings(port, home),
        "LAMBDA_EXECUTOR": "local", "LAMBDA_STRICT": "0", "MINISTACK_HOST": engines.HOST, "TMPDIR": str(home),
    }  # fmt: skip
    with subprocess.Popen(ministack_command("ministack"), env=environment) as process:  # noqa: S603 - ministack
        try:
            deadline = time.monotonic() + PATIENCE
            while not _listens(port):
                if time.monotonic() > deadline or process.poll() is not None:
                    raise RuntimeError("ministack did not start")
                time.sleep(0.05)
            yield f"http://{engines.HOST}:{port}"
        finally:
            process.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((engines.HOST, port)) == 0


def _lambda(url: str) -> Any:  # noqa: ANN401 - botocore makes clients at run time
    session = Session()
    session.set_credentials(CREDENTIAL, CREDENTIAL)
    return session.create_client("lambda", region_name=REGION, endpoint_url=url)
