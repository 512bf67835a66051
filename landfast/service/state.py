"""The state directory: who runs in it, and where its files are."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec


class ServiceError(Exception):
    """Something the user can mend; the message is one line: what, where, how to mend."""


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """A resource of the template as the engine knows it.

    Attributes:
        logical_id: Its name in the template.
        kind: ``bucket``, ``queue``, ``stream``, ``table``, ``topic``, ``bus`` or ``function``.
        name: Its physical name.
        url: A queue's URL at the endpoint.
        feeds: Whether what enters it reaches a function.
        arn: Its ARN.
    """

    logical_id: str
    kind: str
    name: str
    arn: str = ""
    url: str = ""
    feeds: bool = False


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """What other processes need to know of a running service.

    Attributes:
        pid: Its process.
        endpoint: The one URL for all AWS calls, functions included.
        engine: The URL of the engine behind it.
        stack: The name of the stack.
        region: The region it plays.
        speed: How fast its time runs.
        resources: What the template declares.
    """

    pid: int
    endpoint: str
    engine: str
    stack: str
    region: str
    speed: float
    resources: tuple[Resource, ...] = ()

    def of_kind(self, kind: str) -> list[Resource]:
        """The resources of one kind, in the template's order."""
        return [resource for resource in self.resources if resource.kind == kind]


class StateDirectory:
    """The files of one service, and the lock that keeps a second one out."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.journal = path / "service.sqlite"
        self._service = path / "service.json"
        self._lock_path = path / "service.lock"
        self._lock_file: int | None = None

    def __enter__(self) -> Self:
        """Take the lock.

        Raises:
            ServiceError: Another service holds it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        lock_file = os.open(self._lock_path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.read(lock_file, 20).decode() or "unknown"
            os.close(lock_file)
            raise ServiceError(
                f"{self.path}: a service is already running here (pid {pid}): stop it with Ctrl-C or `landfast down`, "
                "or give another directory with --state"
            ) from None
        os.ftruncate(lock_file, 0)
        os.write(lock_file, str(os.getpid()).encode())
        self._lock_file = lock_file
        self._service.unlink(missing_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Give the lock back."""
        self._service.unlink(missing_ok=True)
        if self._lock_file is not None:
            os.ftruncate(self._lock_file, 0)
            os.close(self._lock_file)
            self._lock_file = None

    def announce(self, running: Running) -> None:
        """Tell other processes that the service is ready."""
        draft = self._service.with_suffix(".new")
        draft.write_bytes(msgspec.json.format(msgspec.json.encode(running)))
        draft.replace(self._service)

    def holder(self) -> int | None:
        """The pid of the process that holds the lock, or None."""
        if not self._lock_path.exists():
            return None
        lock_file = os.open(self._lock_path, os.O_RDWR)
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(os.read(lock_file, 20) or 0)
        else:
            return None
        finally:
            os.close(lock_file)

    def running(self) -> Running:
        """The service that runs here.

        Raises:
            ServiceError: None does.
        """
        if self.holder() is None or not self._service.exists():
            raise ServiceError(f"{self.path}: no service is running here: start one with `landfast up`")
        return msgspec.json.decode(self._service.read_bytes(), type=Running)
