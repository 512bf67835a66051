"""Runs tests on a package with one module broken, in a process of its own: the work tree stays as it is.

Whatever test a broken package keeps busy, it's ended by processor time, which a busy machine does not use up.
"""

import multiprocessing
import os
import resource
import signal
import sys
import time
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from multiprocessing.connection import Connection
from types import CodeType, ModuleType
from typing import NamedTuple

import pytest
from hypothesis import Phase, settings

MEMORY: int = 2 << 30
"""Bytes that a process may have: what runs for ever often collects something for ever."""

_PATIENCE = 20
"""A test that waits instead of working is ended after so many times its limit."""

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__])


class Broken(NamedTuple):
    """A module with other code.

    Attributes:
        module: Its full name.
        code: The whole of it.
    """

    module: str
    code: str


class Ran(NamedTuple):
    """What came of a run.

    Attributes:
        failed: The tests that failed, as pytest names them.
        seconds: Processor time of the slowest test.
        problem: Why nothing can be said; empty if something can.
    """

    failed: Sequence[str]
    seconds: float = 0.0
    problem: str = ""


def run(tests: Sequence[str], broken: Broken | None, *, limit: float) -> Ran:
    """Run tests up to the first that fails.

    Args:
        tests: As pytest names them.
        broken: What is to be imported instead of a module.
        limit: Seconds of processor time that a test may take.
    """
    receiving, sending = _CONTEXT.Pipe(duplex=False)
    process = _CONTEXT.Process(target=_child, args=(sending, tests, broken, limit))
    process.start()
    sending.close()
    try:
        if not receiving.poll(limit * _PATIENCE):
            return Ran([], problem=f"no end after {limit * _PATIENCE:.0f} s")
        return Ran(*receiving.recv())
    except EOFError:
        process.join()
        ended = f"more than {limit:.0f} s of work or {MEMORY >> 30} GiB in one test"
        return Ran([], problem=ended if process.exitcode == -signal.SIGPROF else f"exit status {process.exitcode}")
    finally:
        process.kill()
        process.join()


def _child(sending: Connection, tests: Sequence[str], broken: Broken | None, limit: float) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    watch = _Watch(limit, broken and Finder(broken))
    quiet = ["-qq", "-x", "--tb=no", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", "ignore::pytest.PytestWarning"]
    status = pytest.main([*quiet, *tests], plugins=[watch])
    known = status in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}
    sending.send(Ran(watch.failed, watch.slowest, "" if known else f"pytest: {pytest.ExitCode(status).name.lower()}"))


class Finder(MetaPathFinder):
    """Finds the broken module before all others do."""

    def __init__(self, broken: Broken) -> None:
        self._broken = broken

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._broken.module:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.origin is not None:
            spec.loader = _Loader(fullname, spec.origin, self._broken.code)
        return spec


class _Loader(SourceFileLoader):
    """Loads code that is in no file."""

    def __init__(self, fullname: str, path: str, code: str) -> None:
        super().__init__(fullname, path)
        self._code = code

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 - it loads one module
        return compile(self._code, self.path, "exec")


class _Watch:
    """Notes what fails, and ends the process when a test takes too long or too much memory."""

    def __init__(self, limit: float, finder: Finder | None) -> None:
        self.failed: list[str] = []
        self._finder = finder
        self.slowest = 0.0
        self._limit = limit
        self._start()

    def _start(self) -> None:
        self._begun = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, self._limit)

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self) -> None:
        """Let Hypothesis try the same examples each time, and spend no time on making them smaller.

        Only now pytest's own finder is there, which finds the modules of plugins, ours included: ours goes before it.
        """
        if self._finder is not None:
            sys.meta_path.insert(0, self._finder)
        plain = settings(derandomize=True, database=None, phases=[Phase.explicit, Phase.generate])
        settings.register_profile("mutants", plain)
        settings.load_profile("mutants")

    def pytest_runtest_logstart(self) -> None:
        self._start()

    def pytest_runtest_makereport(self, call: pytest.CallInfo[object]) -> None:
        if call.excinfo is not None and call.excinfo.errisinstance(MemoryError):
            signal.raise_signal(signal.SIGPROF)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.slowest = max(self.slowest, time.process_time() - self._begun)
        if report.failed:
            self.failed.append(report.nodeid)
