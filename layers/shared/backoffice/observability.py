"""One structured log and one set of metrics for a function, safe to use from the threads of a batch.

The log carries a record's identity and never its data: an unexpected exception is logged by its type and the
place that raised it, since its text may quote the record.
"""

import functools
import os
import threading
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.idempotency.exceptions import BaseError as IdempotencyError
from botocore.exceptions import ClientError

from backoffice import invocation
from backoffice.errors import ShopError
from backoffice.idempotency import register_lambda_context

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

type LambdaHandler[R] = Callable[[dict[str, Any], LambdaContext], R]

logger = Logger()
metrics = Metrics(namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "BackOffice"))


class _Counts:
    """Counts of one invocation. Powertools' metric set is not made for several threads; this is."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def add(self, outcome: str, number: int) -> None:
        with self._lock:
            self._counts[outcome] += number

    def take(self) -> Counter[str]:
        with self._lock:
            taken, self._counts = self._counts, Counter()
        return taken


_counts = _Counts()


def count(outcome: str, number: int = 1) -> None:
    """Add to the metric `outcome` (a name such as ``PaymentRejected``) of this invocation; from any thread."""
    _counts.add(outcome, number)


def describe(error: BaseException) -> dict[str, str]:
    """What of an exception may be logged: its type, where the function's code raised it, its text if that is safe.

    ``error``, ``at`` (file, line, function), ``reason`` and ``cause``. The shop's own errors always have a reason;
    one from elsewhere has its type and place, since its text may quote the record.
    """
    described = {"error": type(error).__name__}
    frames = list(traceback.extract_tb(error.__traceback__))
    task = os.environ.get("LAMBDA_TASK_ROOT", "")
    frames = [frame for frame in frames if task and frame.filename.startswith(task)] or frames
    if frames:
        described["at"] = f"{Path(frames[-1].filename).name}:{frames[-1].lineno} {frames[-1].name}"
    if reason := _reason(error):
        described["reason"] = reason
    if error.__cause__ is not None:
        cause = _reason(error.__cause__)
        described["cause"] = type(error.__cause__).__name__ + (f": {cause}" if cause else "")
    return described


def _reason(error: BaseException) -> str | None:
    """The text of an error, as far as it quotes nothing of a record."""
    match error:
        case ShopError():
            return str(error) or _summary(type(error))
        case IdempotencyError():  # its details, which str() adds, may be another error's text
            return error.message or _summary(type(error))
        case ClientError():
            return str(error.response["Error"].get("Code"))
        case msgspec.ValidationError():
            return _without_values(str(error))
        case msgspec.DecodeError():  # what is wrong with the JSON, and at which byte
            return str(error)
        case _:
            return None


def _summary(kind: type[BaseException]) -> str:
    """What the error's type says of itself, where it was raised without a text."""
    return (kind.__doc__ or kind.__name__).strip().partition("\n")[0]


def _without_values(text: str) -> str:
    # msgspec quotes what it was given in these two messages only; the others name the field and the types.
    if not text.startswith(("Invalid", "Object contains unknown field")):
        return text
    _, at, path = text.rpartition(" - at ")
    return f"Not an accepted value or field{at}{path}" if at else "Not an accepted value or field"


def observed[R](handler: LambdaHandler[R]) -> LambdaHandler[R]:
    """Wrap a Lambda handler: request id in the log, the context known to idempotency, counts sent at its end.

    The counts are sent as metrics even when the handler raises.
    """

    @functools.wraps(handler)
    def observed_handler(event: dict[str, Any], context: "LambdaContext") -> R:
        invocation.begin(context)
        register_lambda_context(context)
        _counts.take()
        try:
            return handler(event, context)
        finally:
            _send_counts()

    return logger.inject_lambda_context(observed_handler, clear_state=True)


def _send_counts() -> None:
    counts = _counts.take()
    for outcome, number in counts.items():
        metrics.add_metric(name=outcome, unit=MetricUnit.Count, value=number)
    if counts:
        metrics.flush_metrics()
