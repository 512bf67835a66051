"""What a template declares, made by a running service on the engine and on the event plane."""

import http.client
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.session import Session

from landfast.service.local_client import schedules
from landfast.service.service import Options, Service
from landfast.template import read
from tests.service.conftest import eventually

pytestmark = pytest.mark.xdist_group("deployed")

SHOP = Path(__file__).parent / "shop" / "template.yaml"


def start(state: Path, template: Path = SHOP) -> Service:
    return Service.start(Options(template=template, state=state, stack="shop", skip_waits=True, sandbox=False))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with start(tmp_path_factory.mktemp("shop")) as running:
        yield running


def test_a_queue_has_the_attributes_that_the_template_gives_it(service: Service) -> None:
    url = service.running.resource("queue", "Payments").url
    told = service.clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert told["FifoQueue"] == "true"
    assert told["ContentBasedDeduplication"] == "true"
    assert told["VisibilityTimeout"] == "2"
    redrive = json.loads(told["RedrivePolicy"])
    assert redrive["deadLetterTargetArn"] == service.running.resource("queue", "DeadLetters").arn
    assert int(redrive["maxReceiveCount"]) == 2


def test_everything_is_at_the_arn_that_the_template_resolves_to(service: Service) -> None:
    clients = service.clients
    told = {
        *(
            clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
            for url in _queues(service)
        ),
        *(one["TopicArn"] for one in clients.sns.list_topics()["Topics"]),
        *(one["StreamARN"] for one in clients.kinesis.list_streams()["StreamSummaries"]),
        *(one["Arn"] for one in clients.events.list_event_buses()["EventBuses"] if one["Name"] != "default"),
        *(f"arn:aws:s3:::{one['Name']}" for one in clients.s3.list_buckets()["Buckets"]),
        *(clients.dynamodb.describe_table(TableName=one)["Table"]["TableArn"] for one in _tables(service)),
    }
    kinds = ("queue", "topic", "stream", "bus", "bucket", "table")
    assert told == {one.arn for kind in kinds for one in service.running.of_kind(kind)}


def test_a_tables_stream_is_found_by_its_declared_arn(service: Service) -> None:
    declared = service.template.tables["Orders"].stream_arn
    assert declared is not None
    real = service.stack.real_arn(declared)
    assert real != declared
    described = service.clients.dynamodbstreams.describe_stream(StreamArn=real)["StreamDescription"]
    assert described["StreamViewType"] == "NEW_AND_OLD_IMAGES"


def test_streams_tables_and_buckets_are_as_declared(service: Service) -> None:
    clients, running = service.clients, service.running
    scans = running.resource("stream", "Scans").name
    assert clients.kinesis.describe_stream_summary(StreamName=scans)["StreamDescriptionSummary"]["OpenShardCount"] == 2
    stream = clients.kinesis.describe_stream_summary(StreamName=scans)["StreamDescriptionSummary"]
    assert stream["RetentionPeriodHours"] == 48
    orders = running.resource("table", "Orders").name
    expiry = clients.dynamodb.describe_time_to_live(TableName=orders)["TimeToLiveDescription"]
    assert (expiry["TimeToLiveStatus"], expiry["AttributeName"]) == ("ENABLED", "expires")
    inbox = running.resource("bucket", "Inbox").name
    assert clients.s3.get_bucket_versioning(Bucket=inbox)["Status"] == "Enabled"


def test_a_schedule_is_declared_and_followed(service: Service) -> None:
    assert service.not_run == ()
    [timer] = schedules(service.endpoint)
    assert timer.arn == service.running.resource("schedule", "ReaderTimer").arn
    assert (timer.expression, timer.enabled) == ("rate(5 minutes)", True)
    assert timer.due is not None


def test_starting_again_keeps_the_data_and_takes_away_what_is_declared_no_more(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    (tmp_path / "function").symlink_to(SHOP.parent / "function")
    template.write_text(SHOP.read_text())
    with start(tmp_path / "state", template) as service:
        done = service.running.resource("queue", "Done")
        service.clients.sqs.send_message(QueueUrl=done.url, MessageBody="kept")
        assert _routes(service) == (1, 1, 1)
    template.write_text(_without(SHOP.read_text(), "Placed", "Notice", "Upload", "Timer"))
    with start(tmp_path / "state", template) as service:
        url = service.running.resource("queue", "Done").url
        assert service.clients.sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "kept"
        assert _routes(service) == (0, 0, 0)


def test_the_template_is_the_one_that_is_read_elsewhere(service: Service) -> None:
    declared = read(SHOP, stack_name="shop", parameters={})
    assert {one.logical_id for one in service.running.of_kind("queue")} == declared.queues.keys()


def test_time_does_not_jump_while_a_client_waits_for_a_function(service: Service, tmp_path: Path) -> None:
    begun, end, jumped = tmp_path / "begun", tmp_path / "end", threading.Event()
    session = Session()
    session.set_credentials("test", "test")
    client: Any = session.create_client("lambda", region_name="us-east-1", endpoint_url=service.endpoint)
    function = service.running.resource("function", "Reader").name
    event = json.dumps({"begun": str(begun), "end": str(end)})
    with closing(client), ThreadPoolExecutor(1) as thread:
        answer = thread.submit(client.invoke, FunctionName=function, Payload=event)
        assert eventually(begun.exists)
        service.at(service.clock.now() + 3_600.0, jumped.set)
        assert not jumped.wait(0.2)
        end.touch()
        assert answer.result()["StatusCode"] == 200
    assert jumped.wait(30)


@pytest.mark.parametrize(
    ("signed_for", "told"), [("iam", b"A form may have 16777216 bytes."), ("sts", b"Request Entity Too Large")]
)
def test_a_form_that_is_too_long_is_refused_as_a_whole(service: Service, signed_for: str, told: bytes) -> None:
    connection = http.client.HTTPConnection(urlsplit(service.endpoint).netloc, timeout=30)
    scope = f"Credential=test/20260101/us-east-1/{signed_for}/aws4_request"
    signed = f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": signed}
    with closing(connection):
        form = b"Action=GetUser&x=" + b"x" * 17 * 1024 * 1024
        connection.request("POST", "/", form, headers)
        answer = connection.getresponse()
        assert (answer.status, told in answer.read()) == (413, True)


def _queues(service: Service) -> list[str]:
    return service.clients.sqs.list_queues()["QueueUrls"]


def _tables(service: Service) -> list[str]:
    return service.clients.dynamodb.list_tables()["TableNames"]


def _routes(service: Service) -> tuple[int, int, int]:
    """How many rules, subscriptions and notifications there are."""
    clients = service.clients
    inbox = service.running.resource("bucket", "Inbox").name
    told: Any = clients.s3.get_bucket_notification_configuration(Bucket=inbox)
    rules = clients.events.list_rules(EventBusName="orders")["Rules"]
    notified = {one["LambdaFunctionArn"] for one in told.get("LambdaFunctionConfigurations", [])}
    return len(rules), len(clients.sns.list_subscriptions()["Subscriptions"]), len(notified)


def _without(text: str, *events: str) -> str:
    lines = text.splitlines()
    kept: list[str] = []
    skipping = False
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if indent <= 8:
            skipping = line.strip().rstrip(":") in events
        if not skipping:
            kept.append(line)
    return "\n".join(kept).replace("      Events:\n", "") + "\n"
