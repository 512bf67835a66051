"""What the shared layer's batches cost, beside Powertools as documented.

Real botocore, 4 ms added to each call. Both contenders take turns in one process, so that a noisy machine disturbs them
alike: read the ratios first.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TITLE = "The shared layer's batches"
PEER = "Powertools"

ROOT = Path(__file__).resolve().parent.parent
DELAY_MS = 4
ROUNDS = 7
IMPORT_ROUNDS = 11
GOALS = {"100 Kinesis records, 20 keys": 20.0, "10 FIFO messages, 5 groups": 11.0}
CPU_GOAL = 1.0
IMPORT_GOAL = 1.25
CASE_GOALS = {"each parcel right": 1, "of its key, overtook it": 0, "killed at any moment: most effects": 1}

_POWERTOOLS = """
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig, idempotent_function
logger, metrics = Logger(), Metrics()
"""
IMPORTS = {
    "imports": (
        _POWERTOOLS,
        "import backoffice.batches, backoffice.exactly_once, backoffice.observability, backoffice.settings",
    ),
    # --- parcel scans ---
    "a handler with its client": (
        f"{_POWERTOOLS}\nDynamoDBPersistenceLayer('markers')",
        "import track_parcels.app",
    ),
    # --- shared ---
}

_ENVIRONMENT = os.environ | {
    "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in (".", "functions/track_parcels", "layers/shared")),
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "POWERTOOLS_SERVICE_NAME": "bench",
    "POWERTOOLS_METRICS_NAMESPACE": "Bench",
    "POWERTOOLS_LOG_LEVEL": "CRITICAL",
    "PARCELS_TABLE": "parcels",
    "HISTORY_TABLE": "history",
    "IDEMPOTENCY_TABLE": "markers",
}


def _python(*arguments: str, **environment: str) -> str:
    command = [sys.executable, *arguments]
    return subprocess.run(  # noqa: S603 - this interpreter, our own modules
        command, env=_ENVIRONMENT | environment, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


@contextmanager
def _slow_dynamodb() -> Iterator[str]:
    command = [sys.executable, str(ROOT / "benchmarks/slow_dynamodb.py"), str(DELAY_MS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - as above
        try:
            port = server.stdout.readline().strip() if server.stdout else ""
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def speed(rounds: int) -> dict[str, Any]:
    """Figures of `batch_speed`."""
    with _slow_dynamodb() as endpoint:
        return dict(
            json.loads(_python("-m", "benchmarks.batch_speed", str(rounds), AWS_ENDPOINT_URL_DYNAMODB=endpoint))
        )


def imports(rounds: int) -> dict[str, dict[str, float]]:
    """Median CPU milliseconds of the imports in fresh interpreters, the contenders in turn."""
    figures: dict[str, dict[str, float]] = {}
    for name, statements in IMPORTS.items():
        taken: tuple[list[float], list[float]] = ([], [])
        for number in range(rounds + 1):
            for statement, samples in zip(statements, taken, strict=True):
                timed = f"import time; t = time.process_time()\n{statement}\nprint(time.process_time() - t)"
                sample = 1000 * float(_python("-c", timed))
                if number > 0:
                    samples.append(sample)
        figures[name] = {"powertools": statistics.median(taken[0]), "layer": statistics.median(taken[1])}
    return figures


def figures() -> Sequence[Figure]:
    """Speed, CPU time and imports; then what becomes of 1 bad record in 100 with 3 retries, replayed afterwards."""
    return [*_speed(), *_imports(), *_poison()]


def _speed() -> Iterator[Figure]:
    for batch, figures_of in speed(ROUNDS).items():
        documented, layer = figures_of["powertools"], figures_of["layer"]
        faster = documented["ms"] / layer["ms"]
        yield Figure(
            name=f"{batch}, ms",
            measured=layer["ms"],
            peer=documented["ms"],
            ratio=faster,
            goal=f"≥ {GOALS[batch]:g} x",
            met=faster >= GOALS[batch],
        )
        yield _times_at_most("  CPU a record, ms", layer["cpu_ms"], documented["cpu_ms"], CPU_GOAL)


def _imports() -> Iterator[Figure]:
    for name, medians in imports(IMPORT_ROUNDS).items():
        yield _times_at_most(f"cold start: {name}, CPU ms", medians["layer"], medians["powertools"], IMPORT_GOAL)


def _poison() -> Iterator[Figure]:
    cases = json.loads(_python("-m", "benchmarks.batch_poison"))
    for case, found in cases["layer"].items():
        wanted = CASE_GOALS.get(case)
        yield Figure(
            name=case,
            measured=float(found),
            peer=float(cases["powertools"][case]),
            goal="" if wanted is None else f"{wanted}",
            met=wanted is None or found == wanted,
        )


def _times_at_most(name: str, layer: float, documented: float, limit: float) -> Figure:
    ratio = layer / documented
    return Figure(name=name, measured=layer, peer=documented, ratio=ratio, goal=f"≤ {limit:g} x", met=ratio <= limit)
