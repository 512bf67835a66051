"""What the shared layer's batches cost, beside Powertools as documented: `python benchmarks/batches.py [--json]`.

Real botocore, 4 ms added to each call. Both contenders take turns in one process, so that a noisy machine disturbs them
alike: read the ratios first.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
DELAY_MS = 4
ROUNDS = 7
IMPORT_ROUNDS = 11
GOALS = {"100 Kinesis records, 20 keys": 20.0, "10 FIFO messages, 5 groups": 11.0}
CPU_GOAL = 1.0
IMPORT_GOAL = 1.25

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
    "a handler with its client": (
        f"{_POWERTOOLS}\nDynamoDBPersistenceLayer('markers')",
        "import track_parcels.app",
    ),
}

_ENVIRONMENT = os.environ | {
    "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in (".", "functions", "layers/shared")),
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


def measure(rounds: int) -> list[dict[str, Any]]:
    """Each figure of both contenders, their ratio, and the goal for it."""
    rows: list[dict[str, Any]] = []
    for batch, figures in speed(rounds).items():
        documented, layer = figures["powertools"], figures["layer"]
        faster = documented["ms"] / layer["ms"]
        rows.append(
            {"name": f"{batch}, ms", "powertools": documented["ms"], "layer": layer["ms"], "ratio": faster}
            | {"goal": f"{GOALS[batch]:g} times faster", "met": faster >= GOALS[batch]}
        )
        ratio = layer["cpu_ms"] / documented["cpu_ms"]
        rows.append(
            {"name": "  CPU a record, ms", "powertools": documented["cpu_ms"], "layer": layer["cpu_ms"], "ratio": ratio}
            | {"goal": "no more", "met": ratio <= CPU_GOAL}
        )
    for name, medians in imports(IMPORT_ROUNDS).items():
        ratio = medians["layer"] / medians["powertools"]
        rows.append(
            {"name": f"cold start: {name}, CPU ms", **medians, "ratio": ratio}
            | {"goal": f"at most {IMPORT_GOAL:g} times", "met": ratio <= IMPORT_GOAL}
        )
    return rows


def main() -> None:
    """Measure and print; the exit code says whether every goal was met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="batches of each kind, five times as many for FIFO")
    arguments = parser.parse_args()
    rows = measure(arguments.rounds)
    cases = json.loads(_python("-m", "benchmarks.batch_poison"))
    if arguments.json:
        print(json.dumps({"figures": rows, "failures": cases}, indent=2))
    else:
        _show(rows, cases)
    right = cases["layer"]["each parcel right"] and cases["layer"]["killed at any moment: most effects"] == 1
    sys.exit(not (right and all(row["met"] for row in rows)))


def _show(rows: list[dict[str, Any]], cases: dict[str, dict[str, Any]]) -> None:
    console = Console()
    figures = Table("batches", "Powertools", "shared layer", "ratio", "goal", "")
    for row in rows:
        figures.add_row(
            row["name"],
            f"{row['powertools']:.2f}",
            f"{row['layer']:.2f}",
            f"{row['ratio']:.2f}",
            row["goal"],
            "met" if row["met"] else "[red]missed[/red]",
        )
    console.print(figures)
    failures = Table("1 bad record of 100, 3 retries, then replayed", "Powertools", "shared layer")
    for case in cases["layer"]:
        failures.add_row(case, str(cases["powertools"][case]), str(cases["layer"][case]))
    console.print(failures)


if __name__ == "__main__":
    main()
