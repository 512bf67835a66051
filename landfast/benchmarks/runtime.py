"""What running a handler costs, beside the barest runtime that can be.

Both runtimes take turns in one process, so that a noisy machine disturbs them alike: read the ratio first.
"""

from __future__ import annotations

import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.bare_runtime import BareRuntime
from benchmarks.figures import Figure, at_most, median
from landfast.runtime import Answered, FunctionSpec, Runtime

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TITLE = "Running a handler"
PEER = "bare prototype"

WARM = 1_000
TURN = 50
COLD = 9
WARM_GOAL_MS = 0.6
COLD_GOAL_MS = 200.0
HANDLER = "def handler(event, context):\n    return None\n"


def _milliseconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return (time.perf_counter() - started) * 1000


def _answered(runtime: Runtime, number: int) -> None:
    result = runtime.invoke("noop", b"{}", request_id=f"request-{number}")
    if not isinstance(result, Answered):
        raise TypeError(f"the no-op handler failed: {result}")


def warm(spec: FunctionSpec) -> tuple[list[float], list[float]]:
    """Milliseconds of each warm invocation: Landfast's, the bare prototype's."""
    ours: list[float] = []
    bare: list[float] = []
    with Runtime([spec], log_sink=lambda _: None) as runtime, BareRuntime(spec.code, spec.handler) as prototype:
        _answered(runtime, -1)
        prototype.invoke(b"{}", "request")
        for turn in range(0, WARM, TURN):
            ours += [_milliseconds(partial(_answered, runtime, number)) for number in range(turn, turn + TURN)]
            bare += [_milliseconds(lambda: prototype.invoke(b"{}", "request")) for _ in range(TURN)]
    return ours, bare


def cold(spec: FunctionSpec) -> tuple[list[float], list[float]]:
    """Milliseconds from nothing to the first answer: Landfast's, the bare prototype's."""
    ours: list[float] = []
    bare: list[float] = []
    with Runtime([spec], log_sink=lambda _: None) as runtime:
        for number in range(COLD):
            runtime.update(spec)
            ours.append(_milliseconds(partial(_answered, runtime, number)))
            started = time.perf_counter()
            with BareRuntime(spec.code, spec.handler) as prototype:
                prototype.invoke(b"{}", "request")
                bare.append((time.perf_counter() - started) * 1000)
    return ours, bare


def figures() -> Sequence[Figure]:
    """Medians in milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        code = Path(folder)
        (code / "noop.py").write_text(HANDLER)
        spec = FunctionSpec(
            name="noop", handler="noop.handler", code=code, arn="arn:aws:lambda:us-east-1:000000000000:function:noop"
        )
        return [
            at_most(name, median(ours), goal, peer=median(bare))
            for name, goal, (ours, bare) in (
                (f"warm no-op, ms, median of {WARM:,}", WARM_GOAL_MS, warm(spec)),
                (f"cold start, ms, median of {COLD}", COLD_GOAL_MS, cold(spec)),
            )
        ]
