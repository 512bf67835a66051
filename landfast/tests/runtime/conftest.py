"""Functions written on the spot, a runtime to run them, and the proof that it left nothing behind."""

from __future__ import annotations

import json
import os
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import pytest

from landfast.runtime import Answered, Errored, FunctionSpec, LogRecord, Result, Runtime
from landfast.runtime.confinement import obstacle
from landfast.runtime.host import available_client
from landfast.runtime.processors import Processors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.runtime.settings import Settings

ARN = "arn:aws:lambda:eu-west-1:111122223333:function:"
PROC = Path("/proc/self").exists()
confined = pytest.mark.skipif(bool(obstacle()), reason=f"workers cannot be confined here: {obstacle()}")
REQUEST_ID = "0d5c0f3e-2b0f-4b8e-9a53-0c3c4b1f9f10"


class Lab:
    """Writes functions and runs them in one runtime.

    Attributes:
        sandbox: Whether they are kept from this machine; off where a handler tells its test by files what it does.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.sandbox = True
        self.logs: list[LogRecord] = []
        self._runtimes: list[Runtime] = []

    def function(self, source: str, *, name: str = "orders", **settings: Unpack[Settings]) -> FunctionSpec:
        """A function whose module `app.py` is `source`."""
        code = self.root / name
        code.mkdir(exist_ok=True)
        (code / "app.py").write_text(textwrap.dedent(source))
        spec = FunctionSpec(name=name, handler="app.handler", code=code, arn=ARN + name, region="eu-west-1")
        return replace(spec, **settings)

    def runtime(self, *specs: FunctionSpec, **options: Any) -> Runtime:
        """A runtime that is closed at the end of the test."""
        runtime = Runtime(specs, log_sink=self.logs.append, sandbox=self.sandbox, **options)
        self._runtimes.append(runtime)
        return runtime

    def close(self) -> None:
        for runtime in self._runtimes:
            runtime.close()


def invoke(runtime: Runtime, event: object = None, *, name: str = "orders", request_id: str = REQUEST_ID) -> Result:
    return runtime.invoke(name, json.dumps(event).encode(), request_id=request_id)


def answer(result: Result) -> Any:
    assert isinstance(result, Answered), result
    return json.loads(result.payload)


def failure(result: Result) -> Errored:
    assert isinstance(result, Errored), result
    return result


def running(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        os.kill(pid, 0)
        if not PROC:
            return True
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def frozen(*pids: int) -> bool:
    """Whether every thread of these processes has stopped: on a busy machine, some time after it was told to."""
    try:
        threads = [thread for pid in pids for thread in Path(f"/proc/{pid}/task").iterdir()]
        return all((thread / "stat").read_text().rpartition(")")[2].split()[0] == "T" for thread in threads)
    except (ProcessLookupError, FileNotFoundError):  # a thread that ended has not been stopped
        return False


def eventually(condition: Callable[[], bool], *, within: float = 30.0) -> bool:
    latest = time.monotonic() + within
    while not condition():
        if time.monotonic() > latest:
            return False
        time.sleep(0.01)
    return True


def _children() -> set[int]:
    if not PROC:
        return set()
    return {int(pid) for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}


def _open_files() -> set[str]:
    files: set[str] = set()
    if not PROC:
        return files
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the descriptor of this very listing
            files.add(f"{descriptor.name} {descriptor.readlink()}")
    return files


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    children, files = _children(), _open_files()
    lab = Lab(tmp_path)
    try:
        yield lab
    finally:
        lab.close()
    assert _children() <= children, "a worker or reaper is left"
    left = {file for file in _open_files() - files if "socket" in file or "pipe" in file}
    assert not left, "a port or pipe is left"


class Clock:
    """The time that workers go by: real, but for what a test puts it on by.

    So a limit is over at once, and no machine is too slow for what has to be done within one.
    """

    def __init__(self) -> None:
        self._later = 0.0
        self.time, self.sleep = time.time, time.sleep

    def monotonic(self) -> float:
        """Seconds, as `time.monotonic` has them."""
        return time.monotonic() + self._later

    def put_on(self, seconds: float) -> None:
        """Let so much time pass."""
        self._later += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """What workers and debuggers go by that are started from now on."""
    made = Clock()
    for module in ("worker", "debugger"):
        monkeypatch.setattr(f"landfast.runtime.{module}.time", made)
    return made


def timed_out(lab: Lab, runtime: Runtime, event: object, clock: Clock, seconds: float) -> Errored:
    """The failure of a function that is given too much time as soon as it has printed something."""
    before = len(lab.logs)
    with ThreadPoolExecutor(1) as thread:
        call = thread.submit(invoke, runtime, event)
        assert eventually(lambda: any(entry.kind == "OUTPUT" for entry in lab.logs[before:]))
        clock.put_on(seconds)
        return failure(call.result())


@pytest.fixture(autouse=True)
def _processors_have_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many workers there are is not to depend on what else this machine does."""
    monkeypatch.setattr(Processors, "have_time", lambda _: True)


@pytest.fixture
def by_files(lab: Lab) -> None:
    """Handlers tell by files what they do, which they can without a sandbox only."""
    lab.sandbox = False


@pytest.fixture(params=sorted({available_client(), "builtin"}))
def client(request: pytest.FixtureRequest) -> str:
    """Both runtime clients must behave alike."""
    name: str = request.param
    return name
