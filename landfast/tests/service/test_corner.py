"""A stack at whose corners other stacks begin, on a running service."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from landfast.cli.connection import aws
from landfast.journal import Delivered, Settled
from landfast.service.local_client import peek
from landfast.service.service import Options, Service
from landfast.service.store import read_journal

CORNER = Path(__file__).parent / "corner" / "template.yaml"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    state = tmp_path_factory.mktemp("corner")
    with Service.start(Options(template=CORNER, state=state, stack="corner", skip_waits=True)) as running:
        yield running


def kept(service: Service, queue: str) -> list[Any]:
    """The bodies of what a queue has got."""
    return [json.loads(each.body) for each in peek(service.endpoint, queue, 10)]


def test_everything_outside_is_named_once_and_can_be_found(service: Service) -> None:
    assert [line.partition("; ")[0] for line in service.not_run] == [
        "queues outside the template, local stand-ins: central-dlq (for Worker), shared-work (for WorkerWork)",
        "topic outside the template, local stand-in: announcements (for Worker)",
        "event bus outside the template, local stand-in: shared-bus (for ToBilling, WorkerShared)",
        "function that does not run here, its events are kept: billing (for Worker, ToBilling)",
    ]
    found = {resource.name for kind in ("queue", "topic", "bus") for resource in service.running.of_kind(kind)}
    assert found == {"central-dlq", "function-billing", "shared-work", "announcements", "shared-bus"}
    topic = service.running.resource("topic", "announcements").arn
    assert service.clients.sns.publish(TopicArn=topic, Message="to whom it may concern")["MessageId"]


def test_an_event_on_a_shared_bus_reaches_the_function_and_is_kept_for_the_one_of_elsewhere(service: Service) -> None:
    entry: Any = {"Source": "elsewhere", "DetailType": "d", "Detail": '{"fail": true}', "EventBusName": "shared-bus"}
    assert service.clients.events.put_events(Entries=[entry])["FailedEntryCount"] == 0
    service.settle()
    [failed] = kept(service, "central-dlq")
    assert failed["requestPayload"] == {"fail": True}
    [event] = kept(service, "function-billing")
    assert (event["detail-type"], event["detail"]) == ("d", {"fail": True})
    [message] = peek(service.endpoint, "function-billing", 1)
    told = {name: each["StringValue"] for name, each in message.raw["MessageAttributes"].items()}
    assert told["Function"] == "billing"
    assert told["Reason"] == "It does not run here"


def test_a_queue_of_elsewhere_feeds_its_mapping(service: Service) -> None:
    url = service.running.resource("queue", "shared-work").url
    sent = service.clients.sqs.send_message(QueueUrl=url, MessageBody="some work")["MessageId"]
    service.settle()
    ends = [entry for _, entry in read_journal(service.journal) if isinstance(entry, Settled) and sent in entry.records]
    assert [(end.source, end.state) for end in ends] == [("WorkerWork", "processed")]


def test_an_asynchronous_call_of_a_function_of_elsewhere_is_kept_and_a_synchronous_one_fails(service: Service) -> None:
    client = aws(service.running, "lambda")
    call = client.invoke
    assert call(FunctionName="billing", InvocationType="Event", Payload=b'{"n": 7}')["StatusCode"] == 202
    assert {"n": 7} in kept(service, "function-billing")
    noted = [entry for _, entry in read_journal(service.journal) if isinstance(entry, Delivered)]
    assert ("function billing", "it does not run here") in {(entry.source, entry.rule) for entry in noted}
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        call(FunctionName="billing", Payload=b"{}")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        call(FunctionName="nobody-names-it", InvocationType="Event", Payload=b"{}")
