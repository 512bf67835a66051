import importlib
import io
import json
import pkgutil
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, TextIO, cast

import msgspec
import pytest
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyKeyError,
    IdempotencyPersistenceLayerError,
)
from botocore.exceptions import ClientError

import backoffice
from backoffice.batches import EventType, ordered_batch
from backoffice.correlation import about, carried, correlated, digest
from backoffice.dead_letters import DeadLetterQueue
from backoffice.errors import ShopError
from backoffice.idempotency import idempotency_config
from backoffice.observability import count, describe, logger, observed
from backoffice.records import NotABatchError
from backoffice.settings import SettingsError
from backoffice.transactions import MarkerExistsError
from tests.unit.backoffice.events import fifo_event, sqs_event

if TYPE_CHECKING:
    import logging

    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_sqs import SQSClient

EMAIL = "jane@example.com"


def _lines(captured: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in captured.splitlines()]


def _metrics(captured: str) -> dict[str, list[float]]:
    [line] = [line for line in _lines(captured) if "_aws" in line]
    names = [metric["Name"] for directive in line["_aws"]["CloudWatchMetrics"] for metric in directive["Metrics"]]
    return {name: line[name] for name in names}


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the log says; Powertools keeps the stream that was standard output when the module was loaded."""
    handler = cast("logging.StreamHandler[TextIO]", logger.registered_handler)
    stream = io.StringIO()
    before = handler.setStream(stream)
    yield stream
    handler.setStream(before or sys.stdout)


def test_a_failed_record_is_logged_by_its_identity_and_never_by_its_data(
    log: io.StringIO, context: "LambdaContext"
) -> None:
    def handle(_: object) -> None:
        int(EMAIL)

    ordered_batch(EventType.SQS, handle)(sqs_event([(None, {"email": EMAIL})]), context)

    output = log.getvalue()
    [failure] = [line for line in _lines(output) if line.get("message") == "record failed"]
    assert failure["record"] == "m0"
    assert failure["error"] == "ValueError"
    assert failure["at"].startswith("test_observability.py:")
    assert failure["function_request_id"] == "8f0c"
    assert EMAIL not in output


def test_every_outcome_of_a_batch_is_a_metric(capsys: pytest.CaptureFixture[str], context: "LambdaContext") -> None:
    def handle(record: Any) -> None:
        if record.message_id == "m1":
            raise LookupError("refused")

    event = fifo_event([("B", 1), ("A", 1), ("A", 2), ("A", 3)])
    ordered_batch(EventType.SQS, handle)(event, context)

    assert _metrics(capsys.readouterr().out) == {
        "RecordsHandled": [1.0],
        "RecordsFailed": [1.0],
        "RecordsHeldBack": [2.0],
        "RecordsDeadLettered": [0.0],
    }


def test_a_dead_lettered_message_is_counted_and_logged_with_its_reason(
    log: io.StringIO, capsys: pytest.CaptureFixture[str], context: "LambdaContext"
) -> None:
    class Queue:
        def send_message_batch(self, **_: Any) -> dict[str, Any]:
            return {"Successful": []}

    def handle(_: object) -> None:
        raise ShopError("the currency is none")

    letters = DeadLetterQueue("https://queue", sqs=cast("SQSClient", Queue()))
    invoke = ordered_batch(EventType.SQS, handle, permanent=(ShopError,), dead_letters=letters)
    invoke(sqs_event([(None, EMAIL)]), context)

    assert _metrics(capsys.readouterr().out) == {
        "RecordsHandled": [0.0],
        "RecordsFailed": [0.0],
        "RecordsHeldBack": [0.0],
        "RecordsDeadLettered": [1.0],
    }
    [line] = [line for line in _lines(log.getvalue()) if line.get("message") == "record dead-lettered"]
    assert (line["record"], line["error"], line["reason"]) == ("m0", "ShopError", "the currency is none")
    assert EMAIL not in log.getvalue()


def test_counts_from_many_threads_add_up(capsys: pytest.CaptureFixture[str], context: "LambdaContext") -> None:
    start = threading.Barrier(4)

    def handle(_: object) -> None:
        start.wait(timeout=10)
        for _ in range(500):
            count("PaymentRejected")

    ordered_batch(EventType.SQS, handle, threads=4)(sqs_event([(None, 1)] * 4), context)

    assert _metrics(capsys.readouterr().out)["PaymentRejected"] == [2000.0]


def test_an_invocation_that_raises_still_sends_its_counts_and_the_next_starts_from_none(
    capsys: pytest.CaptureFixture[str], context: "LambdaContext"
) -> None:
    @observed
    def handler(event: dict[str, Any], _: "LambdaContext") -> str:
        count(event["outcome"])
        if event["outcome"] == "Refused":
            raise LookupError("refused")
        return "done"

    with pytest.raises(LookupError, match="refused"):
        handler({"outcome": "Refused"}, context)
    assert _metrics(capsys.readouterr().out) == {"Refused": [1.0]}
    assert handler({"outcome": "Accepted"}, context) == "done"
    assert _metrics(capsys.readouterr().out) == {"Accepted": [1.0]}


def test_an_invocation_without_counts_sends_none(capsys: pytest.CaptureFixture[str], context: "LambdaContext") -> None:
    @observed
    def handler(_: dict[str, Any], __: "LambdaContext") -> None:
        return None

    handler({}, context)

    assert capsys.readouterr().out == ""


def test_s_115_every_observed_handler_tells_idempotency_its_context(context: "LambdaContext") -> None:
    config = idempotency_config(event_key_jmespath="id", payload_validation_jmespath=None)

    @observed
    def handler(_: dict[str, Any], __: "LambdaContext") -> object:
        return config.lambda_context

    assert handler({}, context) is context


class _Scan(msgspec.Struct, forbid_unknown_fields=True):
    status: Literal["seen", "lost"]
    weight: int = 0


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"status": EMAIL}, "Not an accepted value or field - at `$.status`"),
        ({"status": "seen", EMAIL: 1}, "Not an accepted value or field"),
        ({"status": "seen", "weight": EMAIL}, "Expected `int`, got `str` - at `$.weight`"),
        ({}, "Object missing required field `status`"),
    ],
)
def test_an_invalid_record_is_described_by_its_field_and_not_its_value(data: dict[str, Any], reason: str) -> None:
    with pytest.raises(msgspec.ValidationError) as raised:
        msgspec.convert(data, _Scan)

    assert describe(raised.value)["reason"] == reason


def test_the_text_of_a_safe_error_is_logged_and_so_are_the_codes_of_aws_in_its_cause() -> None:
    error = ShopError("order 7: total does not match its lines")
    error.__cause__ = ClientError({"Error": {"Code": "ValidationException", "Message": EMAIL}}, "PutItem")

    assert describe(error) == {
        "error": "ShopError",
        "reason": "order 7: total does not match its lines",
        "cause": "ClientError: ValidationException",
    }


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (NotABatchError(), "The event is not a batch of the function's source: the wiring is wrong, not a record."),
        (SettingsError("Settings: set X"), "Settings: set X"),
        (MarkerExistsError(None), "the record has a marker"),
        (IdempotencyKeyError("No data found to create a hashed idempotency_key"), "No data found to create"),
        (IdempotencyAlreadyInProgressError("Execution already in progress"), "Execution already in progress"),
        (IdempotencyPersistenceLayerError("Failed to save in progress", ValueError(EMAIL)), "Failed to save in"),
    ],
)
def test_every_error_of_the_shop_and_of_idempotency_has_a_reason(error: Exception, reason: str) -> None:
    assert describe(error)["reason"].startswith(reason)
    assert EMAIL not in str(describe(error))


@pytest.mark.parametrize("text", [b"", b"{", b'{"email": "jane@example.com",}', b"\xff", b'"\\ud800"', b"[1] 2"])
def test_broken_json_is_described_by_what_is_wrong_with_it(text: bytes) -> None:
    with pytest.raises(msgspec.DecodeError) as raised:
        msgspec.json.decode(text)

    assert describe(raised.value)["reason"]
    assert EMAIL not in describe(raised.value)["reason"]


def test_a_foreign_error_is_described_by_its_type_and_place() -> None:
    with pytest.raises(ValueError, match=EMAIL) as raised:
        int(EMAIL)

    described = describe(raised.value)
    assert described["error"] == "ValueError"
    assert described["at"].startswith("test_observability.py:")
    assert EMAIL not in str(described)


def test_every_error_class_of_the_layer_is_a_shop_error() -> None:
    modules = [importlib.import_module(f"backoffice.{one.name}") for one in pkgutil.iter_modules(backoffice.__path__)]
    raised = [
        kind
        for module in modules
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Exception) and kind.__module__ == module.__name__
    ]

    assert len(raised) > 8
    assert [kind for kind in raised if not issubclass(kind, ShopError)] == []


def test_an_error_carries_the_correlation_id_and_the_thread_forgets_it(log: io.StringIO) -> None:
    with pytest.raises(LookupError) as error, correlated("id"):
        raise LookupError
    assert about(error.value) == {"correlation_id": "id"}
    assert about(LookupError()) == {}
    logger.warning("behind it")
    assert "correlation_id" not in _lines(log.getvalue())[-1]


def test_a_correlation_id_stands_for_its_identity_whatever_text_that_is() -> None:
    assert digest("a", "b") == digest("a", "b") != digest("ab")
    assert carried(digest("\ud800")) is not None
