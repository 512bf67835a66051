"""Times both handlers of `batch_handlers` against AWS_ENDPOINT_URL_DYNAMODB and prints the figures as JSON."""

from __future__ import annotations

import contextlib
import io
import json
import statistics
import sys
import time
from typing import TYPE_CHECKING, Any, cast

from aws_lambda_powertools.utilities.batch import EventType

from benchmarks.batch_handlers import Context, documented, fifo_event, kinesis_event, layered

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from benchmarks.batch_handlers import Handler

_CONTEXT = cast("LambdaContext", Context())


def measure(rounds: int) -> dict[str, Any]:
    """Medians over `rounds`, the two contenders in turn: ``ms`` a batch and ``cpu_ms`` a record."""
    batches = {
        "100 Kinesis records, 20 keys": (EventType.KinesisDataStreams, kinesis_event(100, 20), rounds),
        "10 FIFO messages, 5 groups": (EventType.SQS, fifo_event(10, 5), 5 * rounds),
    }
    figures: dict[str, Any] = {}
    for name, (source, event, times) in batches.items():
        contenders = {"powertools": documented(source), "layer": layered(source)}
        samples: dict[str, list[tuple[float, float]]] = {contender: [] for contender in contenders}
        for number in range(times + 1):
            for contender, handler in contenders.items():
                sample = _once(handler, event)
                if number > 0:
                    samples[contender].append(sample)
        figures[name] = {
            contender: {
                "ms": 1000 * statistics.median(wall for wall, _ in taken),
                "cpu_ms": 1000 * statistics.median(cpu for _, cpu in taken) / len(event["Records"]),
            }
            for contender, taken in samples.items()
        }
    return figures


def _once(handler: Handler, event: dict[str, Any]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):
        response = handler(event, _CONTEXT)
    taken = time.perf_counter() - wall, time.process_time() - cpu
    if response != {"batchItemFailures": []}:
        raise SystemExit(f"a record failed, so nothing was measured: {response}")
    return taken


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
