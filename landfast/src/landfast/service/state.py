"""The state directory: who runs in it, and where its files are."""

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from landfast import private
from landfast.errors import LandfastError

_LOCK = "service.lock"
_MARKS = frozenset({_LOCK, "service.sqlite", "engine.lock"})
"""Any of these makes a directory a state directory."""

_BEFORE_THE_FIRST_START = frozenset({"layers"})
_LONGEST_PID = 10
_TRIES = 10
_MOMENT = 0.02


class ServiceError(LandfastError):
    """Something the user can mend; the message is one line: what, where, how to mend."""


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """A resource of the template as the engine knows it.

    Attributes:
        logical_id: The resource's name in the template.
        kind: ``bucket``, ``queue``, ``stream``, ``table``, ``topic``, ``bus``, ``schedule``, ``alarm`` or ``function``.
        name: The resource's physical name.
        url: A queue's URL at the endpoint.
        feeds: True if what enters it reaches a function.
        arn: The resource's ARN.
    """

    logical_id: str
    kind: str
    name: str
    arn: str = ""
    url: str = ""
    feeds: bool = False


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """The description of a running service, for other processes.

    Attributes:
        pid: The service's process.
        endpoint: The one URL for all AWS calls, functions included.
        engine: The URL of the engine behind it.
        stack: The name of the stack.
        region: The region it plays.
        speed: The speed of the service's time.
        skip_waits: True if its time skips waits.
        resources: The resources that the template declares.
    """

    pid: int
    endpoint: str
    engine: str
    stack: str
    region: str
    speed: float
    skip_waits: bool = False
    resources: tuple[Resource, ...] = ()

    def of_kind(self, kind: str) -> list[Resource]:
        """The resources of one kind, in the template's order."""
        return [resource for resource in self.resources if resource.kind == kind]

    def resource(self, kind: str, logical_id: str) -> Resource:
        """The resource of this kind and logical id.

        Raises:
            ServiceError: The template declares no such resource.
        """
        for resource in self.of_kind(kind):
            if resource.logical_id == logical_id:
                return resource
        raise ServiceError(f"the template has no {kind} {logical_id}")


class StateDirectory:
    """The files of one service, and the lock that keeps a second one out.

    The directory is the user's alone (0700, its files 0600). One that others could look into is tightened if it is a
    state directory already, or empty. One with other things in it, such as a home or a project, is refused: taking
    away others' rights there could lock out who needs them, and leaving them would show the events to everybody.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.journal = path / "service.sqlite"
        self._service = path / "service.json"
        self._lock_path = path / _LOCK
        self._lock_file: int | None = None

    def __enter__(self) -> Self:
        """Take the lock.

        Raises:
            ServiceError: Another service holds it, or the directory cannot be used.
        """
        with self._usable():
            private.folder(self.path)
            self._claim()
            lock_file = private.opened(self._lock_path, os.O_RDWR | os.O_CREAT)
        try:
            self._take(lock_file)
            with self._usable():
                self._service.unlink(missing_ok=True)  # at once: a killed one's would be taken for ours
                os.ftruncate(lock_file, 0)
                os.pwrite(lock_file, str(os.getpid()).encode(), 0)
                private.tighten(self.path)
        except BaseException:
            os.close(lock_file)
            raise
        self._lock_file = lock_file
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Give the lock back."""
        if self._lock_file is not None:
            if self.is_intact():
                self._service.unlink(missing_ok=True)
            os.ftruncate(self._lock_file, 0)
            os.close(self._lock_file)
            self._lock_file = None

    def announce(self, running: Running) -> None:
        """Tell other processes that the service is ready."""
        with self._usable():
            private.replace(self._service, msgspec.json.format(msgspec.json.encode(running)))

    def is_intact(self) -> bool:
        """Tell whether the directory still has the lock that this object took; not if somebody deleted or moved it."""
        if self._lock_file is None:
            return False
        try:
            return os.path.samestat(self._lock_path.stat(), os.fstat(self._lock_file))
        except OSError:
            return False

    def holder(self) -> int | None:
        """The pid of the process that holds the lock, or None; 0 if the lock does not tell.

        Raises:
            ServiceError: It cannot be asked.
        """
        with self._usable():
            try:
                lock_file = os.open(self._lock_path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return None
            try:
                fcntl.flock(lock_file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return _pid(lock_file)
            else:
                return None
            finally:
                os.close(lock_file)

    def running(self) -> Running:
        """The service that runs here.

        Raises:
            ServiceError: None does, or it is of another version of Landfast.
        """
        holder = self.holder()
        if holder is None:
            raise ServiceError(f"{self.path}: no service is running here: start one with `landfast up`")
        with self._usable():
            try:
                running = msgspec.json.decode(self._service.read_bytes(), type=Running)
            except FileNotFoundError:
                raise self._not_ready() from None
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise ServiceError(
                    f"{self._service}: not as this version of Landfast writes it ({error}): "
                    "`landfast down`, then `landfast up`"
                ) from None
        if holder not in {0, running.pid}:
            raise self._not_ready()
        return running

    def _not_ready(self) -> ServiceError:
        return ServiceError(f"{self.path}: the service here is starting or stopping: try again")

    def _take(self, lock_file: int) -> None:
        """Take the lock, which another process may hold for a moment only to see who has it."""
        for _ in range(_TRIES):
            with contextlib.suppress(BlockingIOError):
                return fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            time.sleep(_MOMENT)
        pid = _pid(lock_file) or "unknown"
        raise ServiceError(
            f"{self.path}: a service is already running here (pid {pid}): stop it with Ctrl-C or `landfast down`, "
            "or give another directory with --state"
        )

    def _claim(self) -> None:
        """Make sure that the directory is a state directory, or can become one."""
        owner = self.path.stat().st_uid
        if os.geteuid() not in {owner, 0}:
            raise ServiceError(f"{self.path}: belongs to another user (uid {owner}): name your own with --state")
        names = {inner.name for inner in self.path.iterdir()}
        foreign = sorted(names - _BEFORE_THE_FIRST_START)
        if foreign and not names & _MARKS:
            raise ServiceError(
                f"{self.path}: is no state directory, it holds {foreign[0]}: name a new or empty one with --state, "
                f"such as {self.path / '.landfast'}"
            )

    @contextlib.contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ServiceError(
                f"{error.filename or self.path}: {_reason(error)}: mend that, or name another directory with --state"
            ) from error


def _reason(error: OSError) -> str:
    return "is a symbolic link" if error.errno == errno.ELOOP else error.strerror or str(error)


def _pid(lock_file: int) -> int:
    """The process that a lock file names; 0 if it names none."""
    text = os.pread(lock_file, _LONGEST_PID + 1, 0)
    return int(text) if text.isdigit() and len(text) <= _LONGEST_PID else 0
