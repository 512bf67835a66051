"""Starts the processes of the workers, and keeps what they share: the scratch folder and the reaper."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from uuid import uuid4

from landfast.runtime import confinement
from landfast.runtime.environment import link_provided_packages, worker_environment
from landfast.runtime.pythons import OWN
from landfast.runtime.sandbox import TMP
from landfast.runtime.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from landfast.runtime.debugger import Debugger
    from landfast.runtime.model import FunctionSpec

ClientName = Literal["awslambdaric", "builtin"]

_HERE = Path(__file__).parent
_OPTIONS: dict[ClientName, list[str]] = {
    "awslambdaric": ["-S"],
    "builtin": ["-S", "-u"],
}
_UNFROZEN = ("-X", "frozen_modules=off")
"""debugpy cannot stop in modules that Python carries frozen, and warns of it; Python 3.10 has none."""

_WAITING_THREADS: dict[ClientName, int] = {"awslambdaric": 2, "builtin": 1}


def available_client() -> ClientName:
    """The client that AWS runs where it exists (Linux), our own elsewhere."""
    return "awslambdaric" if find_spec("runtime_client") and find_spec("awslambdaric") else "builtin"


class Host:
    """Starts workers; `close` leaves no reaper and no file, once the workers are disposed of."""

    def __init__(self, *, client: ClientName, sandbox: bool, debugpy: Path | None = None) -> None:
        self._shares_the_machine = not sandbox or bool(confinement.obstacle())
        self._own_client = client
        self._scratch = Path(tempfile.mkdtemp(prefix="landfast-"))
        self._provided: dict[ClientName, Path] = {}
        for name in {client, "builtin"}:
            self._provided[name] = self._scratch / f"runtime-{name}"
            link_provided_packages(self._provided[name], with_client=name == "awslambdaric")
        self._sites = {package.resolve().parent for package in self._provided["builtin"].iterdir()}
        self._debugpy = self._scratch / "debugger"
        if debugpy is not None:
            self._debugpy.mkdir()
            (self._debugpy / debugpy.name).symlink_to(debugpy)
            self._sites.add(debugpy.parent)
        self._telling = threading.Lock()
        self._reaper = subprocess.Popen(  # noqa: S603 - our own script
            [sys.executable, "-I", "-S", str(_HERE / "worker_reaper.py"), str(self._scratch)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def worker(self, spec: FunctionSpec, revision: object, debugger: Debugger | None = None) -> Worker:
        """Start a worker, which waits for `debugger` if there is one."""
        client, provided = self._client(spec)
        kept = None if self._shares_the_machine else confinement.kept(self._needed(spec, provided))
        scratch = self._scratch / uuid4().hex if kept is None else Path(TMP)

        log_stream = f"{datetime.now(UTC):%Y/%m/%d}/[{spec.version}]{uuid4().hex}"

        def start(api_address: str, output: int) -> subprocess.Popen[bytes]:
            environment = worker_environment(
                spec,
                api_address=api_address,
                provided=provided,
                scratch=scratch,
                log_stream=log_stream,
            )
            if kept is None:
                scratch.mkdir()
            process = subprocess.Popen(  # noqa: S603 - running the user's own handlers is the purpose
                [
                    spec.python.executable,
                    *_OPTIONS[client],
                    *(_UNFROZEN if debugger and spec.python.version != "3.10" else ()),
                    str(_HERE / "launch.py"),
                    client,
                    str(spec.ephemeral_storage_mb),
                    "-" if kept is None else "/".join(kept),
                    str(self._debugpy) if debugger else "-",
                    spec.handler,
                ],
                cwd=spec.code,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
            self._tell(f"+{process.pid}\n")
            return process

        def forget(process: int) -> None:
            self._tell(f"-{process}\n")
            if kept is None:
                shutil.rmtree(scratch, ignore_errors=True)

        threads = _WAITING_THREADS[client]
        return Worker(spec, revision, start, forget, waiting_threads=threads, log_stream=log_stream, debugger=debugger)

    def _needed(self, spec: FunctionSpec, provided: Path) -> Iterator[Path]:
        """Everything that the worker reads and that may be in `/tmp`."""
        interpreter = Path(spec.python.executable)
        yield from (_HERE, spec.code, provided, *self._sites, interpreter.parents[1], interpreter.resolve().parents[1])
        for layer in spec.layers:
            yield from (layer, layer / "python")

    def _client(self, spec: FunctionSpec) -> tuple[ClientName, Path]:
        """The client and its folder; AWS's is partly compiled, so this program's is for its own Python only."""
        if spec.provided is not None:
            return "awslambdaric", spec.provided
        client = self._own_client if spec.python.version == OWN.version else "builtin"
        return client, self._provided[client]

    def close(self) -> None:
        """End the reaper and remove the scratch folder."""
        self._reaper.communicate()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _tell(self, line: str) -> None:
        stdin = self._reaper.stdin
        if stdin is None:
            raise RuntimeError("the reaper has no standard input")
        # Without a reaper all goes on; only nobody would clear up after a kill -9.
        with self._telling, suppress(BrokenPipeError):
            stdin.write(line.encode())
            stdin.flush()
