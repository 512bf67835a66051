"""A stack at whose corners other stacks begin, on a running service."""

import base64
import gzip
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from landfast.cli import schedules as commands
from landfast.cli.alarms import alarms as show_alarms
from landfast.delivery.times import iso_seconds
from landfast.journal import Accepted, AlarmChanged, Delivered, Settled
from landfast.service.clients import aws
from landfast.service.local_client import alarms, peek, schedules
from landfast.service.service import Options, Service
from landfast.service.state import ServiceError
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
        "topic outside the template, local stand-in: announcements (for Worker, ReportsWaiting, TellsOfAlarms)",
        "event bus outside the template, local stand-in: shared-bus (for ToBilling, WorkerShared)",
        (
            "functions that do not run here, their events are kept: billing (for Worker, ToBilling), "
            "log-reader (for Failures)"
        ),
    ]
    found = {resource.name for kind in ("queue", "topic", "bus") for resource in service.running.of_kind(kind)}
    assert found == {
        "reports",
        "told",
        "central-dlq",
        "function-billing",
        "function-log-reader",
        "shared-work",
        "announcements",
        "shared-bus",
    }
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


def test_a_schedule_fires_when_it_is_asked_to_and_time_jumps_to_it(service: Service) -> None:
    before = service.clock.now()
    service.settle()
    assert service.clock.now() - before < 3_600, "time has jumped to a schedule that nobody asked for"
    due = service.fire("WorkerNightly")
    service.settle()
    assert due <= service.clock.now() < due + 60
    assert time.gmtime(due)[3:6] == (2, 30, 0)
    requests = [entry for _, entry in read_journal(service.journal) if isinstance(entry, Accepted)]
    assert ("Worker", f"rule {service.running.resource('schedule', 'WorkerNightly').name}") in {
        (entry.source, entry.origin) for entry in requests
    }


def test_a_disabled_schedule_fires_at_once_where_it_is_asked_to(service: Service) -> None:
    listed = {each.name: each for each in schedules(service.endpoint)}
    weekly = listed[service.running.resource("schedule", "Weekly").name]
    assert (weekly.enabled, weekly.due) == (False, None)
    due = service.fire("Weekly")
    assert [each.body for each in peek(service.endpoint, "reports", 10)] == [iso_seconds(due)]


def test_the_commands_list_and_fire_schedules(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    state = service.options.state
    commands.schedules(state=state)
    shown = capsys.readouterr().out
    assert "WorkerNightly" in shown
    assert "cron(30 2 * * ? *)" in shown
    assert "disabled" in shown
    commands.fire("Weekly", state=state)
    assert capsys.readouterr().out.startswith("Weekly fires for 20")
    with pytest.raises(ServiceError, match="there is no schedule Monthly; there is: Weekly, WorkerNightly"):
        commands.fire("Monthly", state=state)


def test_alarms_fire_on_queues_and_on_what_functions_log_and_tell_their_topic(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    service.fire("Weekly")
    entry: Any = {"Source": "elsewhere", "DetailType": "d", "Detail": '{"fail": true}', "EventBusName": "shared-bus"}
    service.clients.events.put_events(Entries=[entry])
    service.settle()
    states = {each.name: each for each in alarms(service.endpoint)}
    assert (states["reports-waiting"].state, states["orders-failed"].state) == ("ALARM", "ALARM")
    assert "greater than 0" in states["reports-waiting"].reason
    told = [json.loads(message["Message"]) for message in kept(service, "told")]
    assert ("reports-waiting", "ALARM") in {(each["AlarmName"], each["NewStateValue"]) for each in told}
    changes = [entry for _, entry in read_journal(service.journal) if isinstance(entry, AlarmChanged)]
    assert ("alarm reports-waiting", "ALARM") in {(change.source, change.state) for change in changes}
    show_alarms(state=service.options.state)
    shown = capsys.readouterr().out
    assert shown.index("ReportsWaiting") < shown.index("Threshold")


def test_what_a_function_logs_goes_to_the_subscriber_of_its_log_group(service: Service) -> None:
    entry: Any = {
        "Source": "elsewhere",
        "DetailType": "d",
        "Detail": '{"fail": true, "n": 9}',
        "EventBusName": "shared-bus",
    }
    service.clients.events.put_events(Entries=[entry])
    service.settle()
    logs = [
        json.loads(gzip.decompress(base64.b64decode(each["awslogs"]["data"])))
        for each in kept(service, "function-log-reader")
    ]
    [log] = [log for log in logs if '"n": 9' in log["logEvents"][0]["message"]]
    assert {name: log[name] for name in ("messageType", "owner", "logGroup", "subscriptionFilters")} == {
        "messageType": "DATA_MESSAGE",
        "owner": "123456789012",
        "logGroup": "/aws/lambda/worker",
        "subscriptionFilters": ["failures"],
    }
    [event] = log["logEvents"]
    assert event["message"] == 'got {"fail": true, "n": 9}'
    assert event["timestamp"] > 1_700_000_000_000
    written = aws(service.running, "logs").get_log_events(logGroupName=log["logGroup"], logStreamName=log["logStream"])
    assert event["message"] in {each["message"].rstrip("\n") for each in written["events"]}


def test_the_api_of_the_scheduler_says_that_it_is_not_here(service: Service) -> None:
    client = aws(service.running, "scheduler")
    with pytest.raises(ClientError) as refused:
        client.list_schedules()
    assert refused.value.response["Error"]["Code"] == "NotImplementedException"
    assert "follows the schedules of the template" in refused.value.response["Error"]["Message"]
