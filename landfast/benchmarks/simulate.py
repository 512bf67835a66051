"""What a simulation costs as a whole process, from the command line to its result: seconds and memory."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Figure, at_most, median

TITLE = "landfast simulate and --help, whole processes"
PEER = "beside"

ROOT = Path(__file__).resolve().parents[2]
SCENARIO = ROOT / "docs/scenarios/examples/kinesis-bisect.json"
LANDFAST = Path(sys.executable).with_name("landfast")
SIZES = (100_000, 300_000, 1_000_000)
SECONDS_GOAL = 20.0
MEMORY_GOAL = 1024.0
LINEAR_GOAL = 1.25
"""A record among a million may cost so many times one among 100,000; 1 is linear, the rest is noise."""

SMALL_GOAL = 0.5
HELP_GOAL = 0.4
LARGE_ROUNDS = 3
SMALL_ROUNDS = 9
_MEBIBYTE = 2**20
_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one process.

    Attributes:
        seconds: From start to end, by the clock on the wall.
        cpu: Seconds of CPU time.
        mebibytes: Of memory, at its peak.
    """

    seconds: float
    cpu: float
    mebibytes: float


def figures() -> Sequence[Figure]:
    """Large scenarios, then small commands."""
    with tempfile.TemporaryDirectory(prefix="landfast-bench-") as folder:
        return [*_of_large(_large(Path(folder))), *_of_small(Path(folder))]


def _large(folder: Path) -> dict[int, list[Cost]]:
    """The costs of each size, all sizes in turn."""
    costs: dict[int, list[Cost]] = {size: [] for size in SIZES}
    for _ in range(LARGE_ROUNDS):
        for size in SIZES:
            path = folder / f"{size}.json"
            path.write_text(json.dumps(_scenario(size)))
            costs[size].append(_cost([str(LANDFAST), "simulate", str(path), "--summary", "--json"]))
    return costs


def _scenario(count: int) -> dict[str, object]:
    """64 shards, batches of 1,000, one poison record in 10,000, bisected and reported."""
    return {
        "source": {"type": "kinesis", "records": {"count": count, "shards": 64, "keys": 10_000}},
        "mapping": {
            "StartingPosition": "TRIM_HORIZON",
            "BatchSize": 1000,
            "BisectBatchOnFunctionError": True,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "MaximumRetryAttempts": 2,
            "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:123456789012:failed"}},
        },
        "function": {"duration": 0.1, "behaviour": [{"every": 10_000, "outcome": "report"}]},
    }


def _of_large(costs: dict[int, list[Cost]]) -> list[Figure]:
    found = [
        at_most(f"{size:,} records, seconds", median(cost.seconds for cost in costs[size]), SECONDS_GOAL)
        if size == SIZES[-1]
        else Figure(name=f"{size:,} records, seconds", measured=median(cost.seconds for cost in costs[size]))
        for size in SIZES
    ]
    found.append(at_most(f"{SIZES[-1]:,} records, MiB", max(cost.mebibytes for cost in costs[SIZES[-1]]), MEMORY_GOAL))
    each = {size: median(cost.cpu for cost in costs[size]) / size * 1e6 for size in SIZES}
    few, *_, many = SIZES
    found += [
        Figure(
            name=f"CPU microseconds a record, {size:,} : {few:,}",
            measured=each[size],
            peer=each[few],
            ratio=each[size] / each[few],
            goal=f"≤ {LINEAR_GOAL:g} x" if size == many else "",
            met=each[size] / each[few] <= LINEAR_GOAL,
        )
        for size in SIZES[1:]
    ]
    return found


def _of_small(bytecode: Path) -> list[Figure]:
    """Commands as users start them: compiled by the first start, which is told apart."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(bytecode)
    commands = {
        "a small scenario, seconds (beside python -c pass)": [str(LANDFAST), "simulate", str(SCENARIO), "--json"],
        "--help, seconds (beside python -c pass)": [str(LANDFAST), "--help"],
        "": [sys.executable, "-c", "pass"],
    }
    first = {name: _cost(command, environment) for name, command in commands.items()}
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(SMALL_ROUNDS):
        for name, command in commands.items():
            costs[name].append(_cost(command, environment))
    nothing = median(cost.seconds for cost in costs.pop(""))
    found = []
    for (name, each), goal in zip(costs.items(), (SMALL_GOAL, HELP_GOAL), strict=True):
        found += [
            at_most(name, median(cost.seconds for cost in each), goal, peer=nothing),
            Figure(name="  of which CPU", measured=median(cost.cpu for cost in each)),
            Figure(name="  the first start, not yet compiled", measured=first[name].seconds),
        ]
    return found


def _cost(command: list[str], environment: Mapping[str, str] | None = None) -> Cost:
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)  # noqa: S603 - our own command
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit status {process.returncode}")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * _MAXRSS_UNIT / _MEBIBYTE)
