"""The pytest plugin: what a session, a test and a reset cost, and what it costs those who do not use it."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.figures import Figure, at_most, median
from landfast.testing import Options, Stack

TITLE = "The pytest plugin"
PEER = "a new start"
TEMPLATE = Path(__file__).parents[1] / "tests" / "testing" / "app" / "template.yaml"
ROUNDS = 9
STARTS = 4
PLUGIN = "import time, pytest; t = time.perf_counter(); import landfast.pytest_plugin; print(time.perf_counter() - t)"
SESSION = f"""
import time, pytest
t = time.perf_counter()
from pathlib import Path
from landfast.testing import Options, Stack
with Stack.start(Options(template=Path({str(TEMPLATE)!r}), state=Path("state"), layers=Path("layers"))):
    print(time.perf_counter() - t)
"""


def figures() -> Sequence[Figure]:
    """Start a session again and again, the first time cold; then let files fail three times in one stack."""
    with tempfile.TemporaryDirectory() as folder:
        starts = [_told(SESSION, folder) for _ in range(STARTS)]
        with Stack.start(Options(template=TEMPLATE, state=Path(folder) / "other")) as stack:
            _fail_three_times(stack)  # its worker is warm from now on
            flows = [_timed(lambda: _fail_three_times(stack)) for _ in range(ROUNDS)]
            resets = [_timed(stack.reset) for _ in range(ROUNDS)]
        imports = [_told(PLUGIN, folder) for _ in range(ROUNDS)]
    start = median(starts[1:])
    return [
        at_most("a session's start, imports included, warm [s]", start, 3.0),
        at_most("a test with three attempts, reset included [s]", median(flows), 0.3, peer=start),
        at_most("a reset [s]", median(resets), 0.05, peer=start),
        at_most("a session that does not use it [s]", median(imports), 0.03),
    ]


def _told(code: str, folder: str) -> float:
    command = [sys.executable, "-c", code]
    return float(subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout)  # noqa: S603


def _fail_three_times(stack: Stack) -> None:
    stack.reset()
    upload = stack.s3("Uploads").put("a.bad", b"")
    stack.settle()
    landed = stack.where(upload)
    if landed.attempts != 3 or not landed.in_queue("Failures"):  # noqa: PLR2004 - it is what the flow is about
        raise RuntimeError(landed.account())


def _timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
