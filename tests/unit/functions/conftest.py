"""The functions under test: imported with the environment the template gives them, on moto's AWS in this process."""

import importlib
import io
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import boto3
import moto
import pytest
from moto.backends import get_backend
from moto.core.botocore_stubber import BotocoreStubber
from moto.dynamodb.models.table import Table
from pytest_socket import disable_socket, enable_socket

from backoffice.observability import logger

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeDefinitionTypeDef, KeySchemaElementTypeDef

type Event = dict[str, Any]
type Letters = Callable[[], list[dict[str, Any]]]
type Load = Callable[[str], ModuleType]
type Sample = Callable[[str], Event]

EVENTS = Path(__file__).parents[3] / "events"
GENERATED = Path(__file__).parent / "generated"

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "POWERTOOLS_SERVICE_NAME": "unit",
    "POWERTOOLS_METRICS_NAMESPACE": "unit",
    "ORDERS_TABLE": "orders",
    "IDEMPOTENCY_TABLE": "idempotency",
    "PARCELS_TABLE": "parcels",
    "HISTORY_TABLE": "history",
    "PARKED_BUCKET": "parked",
    "MAX_RECEIVE_COUNT": "5",
    "ACCOUNTS_TABLE": "accounts",
    "ENTRIES_TABLE": "entries",
    "RECEIPTS_TOPIC": "arn:aws:sns:eu-west-1:123456789012:receipts",
    "EVENT_BUS": "shop",
    "SHIPMENTS_TABLE": "shipments",
    "DEAD_LETTERS_QUEUE": "https://sqs.eu-west-1.amazonaws.com/123456789012/dead-letters.fifo",
}


@dataclass
class Context:
    """What a function is told of its invocation; time does not pass."""

    remaining_ms: int = 60_000
    function_name: str = "unit"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = "arn:aws:lambda:eu-west-1:123456789012:function:unit"
    aws_request_id: str = "0d5c0f3e-2b0f-4b8e-9a53-0c3c4b1f9f10"

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


@pytest.fixture(autouse=True)
def no_network() -> Iterator[None]:
    disable_socket()
    yield
    enable_socket()


@pytest.fixture(scope="session", autouse=True)
def environment() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        patch.delenv("AWS_PROFILE", raising=False)
        yield


MADE = {"client": cache(boto3.client), "resource": cache(boto3.resource)}
"""To make one takes longer than a test's calls; moto answers whichever there is, and forgets everything in between."""


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An AWS that holds nothing yet and does one call at a time.

    moto takes a rejected transaction back by restoring whole tables, and with them what other threads wrote meanwhile.
    """
    one_at_a_time = threading.RLock()
    answer = BotocoreStubber.__call__

    def locked(stubber: BotocoreStubber, *args: Any, **kwargs: Any) -> Any:
        with one_at_a_time:
            return answer(stubber, *args, **kwargs)

    monkeypatch.setattr(BotocoreStubber, "__call__", locked)
    for name, made in MADE.items():
        monkeypatch.setattr(boto3, name, made)
    with moto.mock_aws():
        yield


@pytest.fixture
def load(aws: None) -> Callable[[str], ModuleType]:  # noqa: ARG001  the module's clients need it
    """Import a function's `app`."""
    return lambda function: importlib.import_module(f"{function}.app")


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What the functions log from now on."""
    captured = io.StringIO()
    (handler,) = logger.handlers
    monkeypatch.setattr(handler, "stream", captured)
    return captured


def logged(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


@pytest.fixture
def context() -> Context:
    return Context()


@pytest.fixture
def sample_event() -> Callable[[str], dict[str, Any]]:
    """Read a sample event of events/."""
    return lambda name: json.loads((EVENTS / f"{name}.json").read_text())


def make_table(name: str, partition_key: str, sort_key: str | None = None) -> None:
    attributes: list[AttributeDefinitionTypeDef] = [{"AttributeName": partition_key, "AttributeType": "S"}]
    schema: list[KeySchemaElementTypeDef] = [{"AttributeName": partition_key, "KeyType": "HASH"}]
    if sort_key:
        attributes.append({"AttributeName": sort_key, "AttributeType": "S"})
        schema.append({"AttributeName": sort_key, "KeyType": "RANGE"})
    boto3.client("dynamodb").create_table(
        TableName=name, AttributeDefinitions=attributes, KeySchema=schema, BillingMode="PAY_PER_REQUEST"
    )


def items(table: str) -> list[dict[str, Any]]:
    found = boto3.resource("dynamodb").Table(table).scan()["Items"]
    return sorted(found, key=lambda item: json.dumps(item, default=str, sort_keys=True))


@pytest.fixture
def dead_letters(aws: None) -> Callable[[], list[dict[str, Any]]]:  # noqa: ARG001  it is made there
    """The dead-letter queue of whichever queue feeds the function; a call reads what is in it."""
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName="dead-letters.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    assert url == ENVIRONMENT["DEAD_LETTERS_QUEUE"]

    def read() -> list[dict[str, Any]]:
        taken: list[dict[str, Any]] = []
        while messages := sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"], MessageAttributeNames=["All"]
        ).get("Messages", []):
            taken += [{**message} for message in messages]
            for message in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return taken

    return read


@pytest.fixture
def tables(aws: None) -> None:  # noqa: ARG001  they are put there
    """Empty tables, copied from those that moto made first: to make them takes longer than most of the tests."""
    moto_s = get_backend("dynamodb")["123456789012"]["eu-west-1"]
    if not EMPTY:
        make_table("idempotency", "id")
        make_table("parcels", "parcelId")
        make_table("history", "parcelId", "scannedAt")
        make_table("accounts", "account")
        make_table("entries", "account", "paymentId")
        make_table("shipments", "orderId")
        EMPTY.update(deepcopy(moto_s.tables))
    moto_s.tables = deepcopy(EMPTY)


EMPTY: dict[str, Table] = {}


def reason(letter: Mapping[str, Any]) -> dict[str, str]:
    """A dead letter's attributes."""
    return {name: told["StringValue"] for name, told in letter["MessageAttributes"].items()}


def failed(answer: Event) -> list[str]:
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


class Published:
    """A topic or bus that keeps what it takes, and can be told what to answer."""

    def __init__(self, answer: dict[str, Any] | Exception) -> None:
        self.taken: list[dict[str, Any]] = []
        self.answer = answer

    def __call__(self, **request: Any) -> dict[str, Any]:
        self.taken.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def generated(name: str) -> Event:
    """The event that `sam local generate-event` makes; it differs from AWS's (no FIFO attributes, for one).

    Args:
        name: Service and kind, for example ``sqs receive-message``. `tests/local_invoke` compares the files with SAM's.
    """
    event: Event = json.loads((GENERATED / f"{name.replace(' ', '-')}.json").read_text())
    return event
