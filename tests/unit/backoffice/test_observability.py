import io
import json
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, TextIO, cast

import msgspec
import pytest
from botocore.exceptions import ClientError

from backoffice.batches import EventType, ordered_batch
from backoffice.errors import ShopError
from backoffice.idempotency import idempotency_config
from backoffice.observability import count, describe, logger, observed
from tests.unit.backoffice.events import fifo_event, sqs_event

if TYPE_CHECKING:
    import logging

    from aws_lambda_powertools.utilities.typing import LambdaContext

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
    }


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
    config = idempotency_config(event_key_jmespath="id")

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
