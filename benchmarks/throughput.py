"""Messages and records a second through a no-op function: the service on ministack, and ministack's own delivery.

    python -m benchmarks.throughput [--count 2000]

Both run the same handler, which writes down how many records each call had; the clock stops when all are written down.
"""

import argparse
import io
import json
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from landfast.dataplane import engine as engines
from landfast.dataplane.clients import Clients
from landfast.service.service import Options, Service

GOAL = 1.5
SHARDS = 4
PATIENCE = 120.0
WARMING = 10
SENDERS = 4
"""So that the sender is not what is measured."""
HANDLER = """
import os

def handler(event, context):
    line = os.open({counts!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(line, b"x" * len(event["Records"]))
    os.close(line)
"""
RESOURCES: dict[str, Any] = {
    "Stream": {"Type": "AWS::Kinesis::Stream", "Properties": {"Name": "bench", "ShardCount": SHARDS}},
    "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "bench", "VisibilityTimeout": 60}},
}
MAPPINGS: dict[str, dict[str, Any]] = {
    "sqs": {"BatchSize": 10},
    "kinesis": {"BatchSize": 100, "StartingPosition": "TRIM_HORIZON"},
}


def ours(folder: Path, kind: str, count: int) -> float:
    """Records a second in the service."""
    source = "Queue" if kind == "sqs" else "Stream"
    event = {
        "Type": "SQS" if kind == "sqs" else "Kinesis",
        "Properties": {**MAPPINGS[kind], source: {"Fn::GetAtt": [source, "Arn"]}},
    }
    function = {
        "Type": "AWS::Serverless::Function",
        "Properties": {
            "Runtime": "python3.13",
            "CodeUri": "code/",
            "Handler": "app.handler",
            "Timeout": 30,
            "Events": {"Source": event},
        },
    }
    counts = _write_code(folder)
    template = {"Transform": "AWS::Serverless-2016-10-31", "Resources": {**RESOURCES, "Work": function}}
    (folder / "template.json").write_text(json.dumps(template))
    options = Options(template=folder / "template.json", state=folder / "state", engine="ministack")
    with Service.start(options) as service:
        return _rate(service.clients, kind, count, counts)


def theirs(folder: Path, kind: str, count: int) -> float:
    """Records a second in ministack's own Lambda."""
    counts = _write_code(folder)
    with engines.start(folder / "state", "ministack", stack="bench") as engine:
        clients = Clients(engine.url, "us-east-1")
        with _lambda(engine.url) as client:
            arn = _source(clients, kind)
            archive = io.BytesIO()
            with zipfile.ZipFile(archive, "w") as packed:
                packed.write(folder / "code" / "app.py", "app.py")
            client.create_function(
                FunctionName="bench",
                Runtime="python3.13",
                Role="arn:aws:iam::123456789012:role/bench",
                Handler="app.handler",
                Code={"ZipFile": archive.getvalue()},
                Timeout=30,
            )
            client.create_event_source_mapping(FunctionName="bench", EventSourceArn=arn, **MAPPINGS[kind])
            try:
                return _rate(clients, kind, count, counts)
            finally:
                clients.close()


def _write_code(folder: Path) -> Path:
    counts = folder / "counts"
    (folder / "code").mkdir()
    (folder / "code" / "app.py").write_text(HANDLER.format(counts=str(counts)))
    return counts


def _source(clients: Clients, kind: str) -> str:
    if kind == "sqs":
        url = clients.sqs.create_queue(QueueName="bench", Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
        attributes = clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        return attributes["QueueArn"]
    clients.kinesis.create_stream(StreamName="bench", ShardCount=SHARDS)
    return clients.kinesis.describe_stream_summary(StreamName="bench")["StreamDescriptionSummary"]["StreamARN"]


@contextmanager
def _lambda(url: str) -> Iterator[Any]:
    import boto3  # noqa: PLC0415 - only ministack's own side needs it

    client = boto3.client(
        "lambda",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - emulators take any
    )
    try:
        yield client
    finally:
        client.close()


def _rate(clients: Clients, kind: str, count: int, counts: Path) -> float:
    send = _send_messages if kind == "sqs" else _put_records
    send(clients, WARMING)  # starts a worker, so that it is not measured
    _wait(lambda: _counted(counts) >= WARMING)
    begun = time.perf_counter()
    send(clients, count)
    _wait(lambda: _counted(counts) >= count + WARMING)
    return count / (time.perf_counter() - begun)


def _send_messages(clients: Clients, count: int) -> None:
    url = clients.sqs.get_queue_url(QueueName="bench")["QueueUrl"]
    entries: Any = [{"Id": str(number), "MessageBody": "x" * 100} for number in range(10)]
    with ThreadPoolExecutor(SENDERS) as pool:
        sent = [pool.submit(clients.sqs.send_message_batch, QueueUrl=url, Entries=entries) for _ in range(count // 10)]
        for one in sent:
            one.result()


def _put_records(clients: Clients, count: int) -> None:
    for start in range(0, count, 500):
        records: Any = [
            {"Data": b"x" * 100, "PartitionKey": str(number)} for number in range(start, min(start + 500, count))
        ]
        clients.kinesis.put_records(StreamName="bench", Records=records)


def _counted(counts: Path) -> int:
    return counts.stat().st_size if counts.exists() else 0


def _wait(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not all records were handled within {PATIENCE:g} s")
        time.sleep(0.02)


def main() -> None:
    """Print the figures of one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000, help="of messages; there are ten times as many records")
    messages = parser.parse_args().count
    table = Table("a second", "landfast", "ministack", "ratio", f"goal {GOAL}", title="through a no-op function")
    for kind, name in (("sqs", "messages, standard queue"), ("kinesis", f"records, {SHARDS} shards")):
        count = messages if kind == "sqs" else 10 * messages
        rates = []
        for measure in (ours, theirs):
            with tempfile.TemporaryDirectory(prefix="landfast-bench-") as folder:
                rates.append(measure(Path(folder), kind, count))
        ratio = rates[0] / rates[1]
        verdict = "met" if ratio >= GOAL else "MISSED"
        table.add_row(name, f"{rates[0]:,.0f}", f"{rates[1]:,.0f}", f"{ratio:.1f}", verdict)
    Console().print(table)


if __name__ == "__main__":
    main()
