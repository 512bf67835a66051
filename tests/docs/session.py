"""A reader at two terminals: one for `landfast up`, one for everything else."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.clone import share_bytecode
from tests.docs.page import ROOT, Command, File, differs

PATIENCE = 300.0
BYTECODE = "bytecode"
"""Of what the reader's commands run, in the folder that the reader does not see."""

_OWN = ("PYTEST_", "LANDFAST_", "MAKE", "MFLAGS", "VIRTUAL_ENV")
_ENDED_BY_CTRL_C = 130
_NOT_CONFINED = re.compile(r"^functions can write beside their code\b.*?\)\n", re.MULTILINE | re.DOTALL)
"""`landfast up` says it where the system does not let functions be confined; the pages show a system that does."""


class Session:
    """Does what a page says, in a folder.

    Args:
        folder: Where the reader begins.
        apart: A folder for what the reader does not see.
    """

    def __init__(self, folder: Path, apart: Path) -> None:
        self._folder = folder
        self._apart = apart
        self._service: subprocess.Popen[bytes] | None = None
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(_OWN)},
            "PATH": f"{folder}/.venv/bin:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "GIT_AUTHOR_NAME": "Reader",
            "GIT_AUTHOR_EMAIL": "reader@localhost",
            "GIT_COMMITTER_NAME": "Reader",
            "GIT_COMMITTER_EMAIL": "reader@localhost",
            "COLUMNS": "80",
            **(share_bytecode(apart / BYTECODE) or {"PYTHONDONTWRITEBYTECODE": "1"}),
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def do(self, step: File | Command) -> None:
        """Do one step, and compare what it prints with what the page shows."""
        match step:
            case File():
                path = self._folder / step.path
                path.parent.mkdir(parents=True, exist_ok=True)
                there = path.read_text(encoding="utf-8") if path.exists() else ""
                path.write_text(step.text(there), encoding="utf-8")
            case Command(line, shown) if line.startswith("landfast up"):
                self._stop()
                self._start(line, shown)
            case Command(line, shown):
                printed = self._run(line)
                assert differs(printed, shown) is None, _told(line, printed, differs(printed, shown))

    def _run(self, line: str) -> list[str]:
        where = self._apart / "folder"
        done = subprocess.run(
            ["/bin/bash", "-c", f'{line}\nstatus=$?; pwd >"{where}"; exit $status'],
            cwd=self._folder, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, text=True, check=False, timeout=PATIENCE,
        )  # fmt: skip
        assert done.returncode == 0, f"$ {line}\nended with {done.returncode}:\n{done.stdout}"
        self._folder = Path(where.read_text().strip())
        return done.stdout.splitlines()

    def _start(self, line: str, shown: Sequence[str]) -> None:
        log = self._apart / "up.log"
        with log.open("wb") as output:
            self._service = subprocess.Popen(  # noqa: S602 - as the reader does
                f"exec {line}", shell=True, cwd=self._folder, env=self._environment, stdout=output, stderr=output
            )
        latest = time.monotonic() + PATIENCE
        while differs(printed := _NOT_CONFINED.sub("", log.read_text()).splitlines(), shown) is not None:
            assert self._service.poll() is None, f"$ {line}\nended:\n{log.read_text()}"
            assert time.monotonic() < latest, _told(line, printed, differs(printed, shown))
            time.sleep(0.1)

    def _stop(self) -> None:
        if self._service is None:
            return
        self._service.send_signal(signal.SIGINT)
        try:
            ended = self._service.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._service.kill()
            raise
        self._service = None
        assert ended in {0, _ENDED_BY_CTRL_C}, f"the service ended with {ended}: {(self._apart / 'up.log').read_text()}"


def _told(line: str, printed: Sequence[str], missing: str | None) -> str:
    return "\n".join([f"$ {line}", *printed, "", "is not what the page shows:", missing or "", f"({ROOT})"])
