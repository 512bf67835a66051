"""Time that skips waits: an hour of retries takes as long as the functions themselves."""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from landfast.journal import Accepted, Invoked, Settled
from landfast.service.service import Options, Service
from landfast.service.store import read_journal

VISIBILITY = 720
RECEIVES = 5
TEMPLATE = f"""
Transform: AWS::Serverless-2016-10-31
Globals: {{Function: {{Runtime: python3.13, CodeUri: code, Timeout: 10}}}}
Resources:
  Dead: {{Type: AWS::SQS::Queue}}
  Failed: {{Type: AWS::SQS::Queue}}
  Source:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: {VISIBILITY}
      RedrivePolicy: {{deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: {RECEIVES}}}
  Raise:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.fail
      EventInvokeConfig:
        MaximumRetryAttempts: 2
        DestinationConfig: {{OnFailure: {{Type: SQS, Destination: !GetAtt Failed.Arn}}}}
  Work:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.work
      Events: {{Messages: {{Type: SQS, Properties: {{Queue: !GetAtt Source.Arn, BatchSize: 1}}}}}}
"""
CODE = """
import time
def fail(event, context):
    time.sleep(0.1)
    raise ValueError("no stock")
def work(event, context):
    time.sleep(0.1)
    if event["Records"][0]["body"] == "poison":
        raise ValueError("poison")
"""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "app.py").write_text(CODE)
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    options = Options(template=tmp_path / "template.yaml", state=tmp_path / "state", skip_waits=True)
    with Service.start(options) as running:
        yield running


def test_all_waits_are_kept_on_the_services_clock_and_none_is_waited_for(service: Service) -> None:
    session = Session()
    session.set_credentials("test", "test")
    functions: Any = session.create_client("lambda", region_name="us-east-1", endpoint_url=service.endpoint)
    functions.invoke(FunctionName=service.running.resource("function", "Raise").name, InvocationType="Event")
    functions.close()
    source = service.running.resource("queue", "Source").url
    poison, good = (
        service.clients.sqs.send_message(QueueUrl=source, MessageBody=body)["MessageId"] for body in ("poison", "good")
    )
    service.settle()

    journal = [entry for _, entry in read_journal(service.journal)]
    attempts = [entry.at for entry in journal if isinstance(entry, Invoked) and entry.source == "Raise"]
    assert [round(later - earlier, -1) for earlier, later in pairwise(attempts)] == [60, 120]
    received = {
        message: [entry.at for entry in journal if isinstance(entry, Accepted) and message in entry.records]
        for message in (poison, good)
    }
    assert len(received[good]) == 1
    assert [round(later - earlier, -1) for earlier, later in pairwise(received[poison])] == [VISIBILITY] * (
        RECEIVES - 1
    )
    ends = {record: entry.state for entry in journal if isinstance(entry, Settled) for record in entry.records}
    assert (ends[poison], ends[good]) == ("dead_lettered", "processed")
    assert [one["Body"] for one in _held(service, "Dead")] == ["poison"]
    [record] = [json.loads(one["Body"]) for one in _held(service, "Failed")]
    assert record["requestContext"]["condition"] == "RetriesExhausted"


def _held(service: Service, queue: str) -> list[Any]:
    url = service.running.resource("queue", queue).url
    return list(service.clients.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []))
