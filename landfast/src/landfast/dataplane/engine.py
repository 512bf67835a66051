"""The emulator's process: started, found again after a crash of the service, and stopped for certain.

The engines keep everything in memory, so the process has a session of its own and survives the service. Whether it is
alive is asked of ``engine.lock``, which its processes inherit locked and the system unlocks when the last of them is
gone: as long as it is locked, the process group in ``engine.json`` is ours, whatever ids have been reused meanwhile.
"""

import contextlib
import fcntl
import http
import http.client
import os
import secrets
import signal
import socket
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, Self

import msgspec

from landfast import private
from landfast.dataplane.engine_watchdog import GRACE, INTERVAL, LEASE, LOG, STATE
from landfast.dataplane.errors import EngineError
from landfast.dataplane.guard import HEALTH, KEY_VARIABLE, REMEMBER, RESET, TAKE_OVER
from landfast.dataplane.ministack import ministack_command, ministack_settings
from landfast.dataplane.succession import numbered
from landfast.loopback import KEY

EngineName = Literal["moto", "ministack"]

HOST = "127.0.0.1"
LOCK = "engine.lock"
PATIENCE = 3600.0
"""For how long, in seconds, an engine waits for a service to come back."""

_MINISTACK_SERVER = str(Path(__file__).with_name("ministack_server.py"))
_START_TIMEOUT = 30.0
_DOWNLOAD_TIMEOUT = 180.0
_TAKE_OVER_TIMEOUT = 30.0
_ATTEMPTS = 3
_POLL = 0.02
_LONGEST_PID = 10


class State(msgspec.Struct, frozen=True, kw_only=True):
    """The content of ``engine.json``.

    Attributes:
        engine: Which emulator.
        pid: The engine's process, session and process group.
        port: The port on loopback.
        stack: The stack whose resources it holds.
        account: The account id of its ARNs.
        data_id: Of what it holds. Another id means that the engine is a new one and that positions in its streams,
            kept from before, mean nothing.
        key: By which the emulator knows the endpoint; the file is its owner's alone.
    """

    engine: EngineName
    data_id: str
    pid: int
    port: int
    stack: str
    account: str
    key: str = ""


class _PortTakenError(EngineError):
    pass


@dataclass(frozen=True, slots=True)
class _Launch:
    command: list[str]
    environment: Mapping[str, str]
    timeout: float


class Engine:
    """A running emulator. While this object is open, the emulator is in use and its watchdog leaves it alone."""

    def __init__(self, directory: Path, state: State) -> None:
        self.directory = directory
        self.state = state
        self._lease = os.fdopen(private.opened(directory / LEASE, os.O_RDWR | os.O_CREAT), "w")
        fcntl.flock(self._lease, fcntl.LOCK_SH)
        self._number = 0

    @property
    def key(self) -> str:
        """The key by which the emulator knows our endpoint."""
        return numbered(self.state.key, self._number)

    @property
    def url(self) -> str:
        """The endpoint for AWS clients."""
        return f"http://{HOST}:{self.state.port}"

    @property
    def log(self) -> Path:
        """The lines that the emulator has written."""
        return self.directory / LOG

    def is_alive(self) -> bool:
        """Tell whether any process of the emulator is left."""
        return _is_locked(self.directory)

    def has_ended(self) -> bool:
        """Tell whether the emulator is gone, or the watchdog without which nothing would end it."""
        return not self.is_alive() or not _runs(self.state.pid)

    def answers(self) -> bool:
        """Tell whether it answers a request, with whatever status, within seconds."""
        return _status(self.state.port) is not None

    def take_over(self) -> None:
        """Have the emulator let nothing of an earlier service in any more, and finish what it has begun for that.

        Raises:
            EngineError: It does not come to an end with it.
        """
        status, content = _asked(self.state.port, TAKE_OVER, {KEY: self.key}, _TAKE_OVER_TIMEOUT)
        if status != http.HTTPStatus.OK:
            raise EngineError(
                f"{self.state.engine} still answers the requests of an earlier service (status {status}): see "
                f"{self.log}; `landfast down` ends it, with all it holds"
            )
        self._number = int(content)

    def remember(self) -> None:
        """Have the emulator remember all that it holds, for `reset`; buckets and tables have to be empty.

        Raises:
            EngineError: It cannot.
        """
        self._have("remember what it holds", REMEMBER)

    def reset(self) -> None:
        """Have it put back what it held at `remember`; all else is gone.

        Raises:
            EngineError: It cannot.
        """
        self._have("put back what it held", RESET)

    def _have(self, what: str, path: str) -> None:
        status = _status(self.state.port, path, {KEY: self.key})
        if status != http.HTTPStatus.OK:
            raise EngineError(f"{self.state.engine} did not {what} (status {status}): see {self.log}")

    def release(self) -> None:
        """Let go of the emulator and leave it running, for the next start to find."""
        self._lease.close()

    def stop(self) -> None:
        """End the emulator; all it holds is gone."""
        self.release()
        stop(self.directory)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def attach(directory: Path) -> Engine | None:
    """The engine that runs for this state directory, or None.

    Raises:
        EngineError: One does, and which one cannot be read.
    """
    if not _is_locked(directory):
        return None
    state = _read(directory)
    return None if state is None else Engine(directory, state)


def start(
    directory: Path,
    engine: EngineName = "moto",
    *,
    stack: str,
    account: str = "123456789012",
    port: int = 0,
    cancelled: Callable[[], bool] = lambda: False,
) -> Engine:
    """Start an engine and wait until it answers.

    Args:
        directory: The state directory; it is made when missing.
        engine: Which emulator.
        stack: The stack whose resources it will hold.
        account: The account id, 12 digits.
        port: The port on loopback; 0 takes a free one.
        cancelled: Asked again and again whether the engine is not wanted any more.

    Raises:
        EngineError: One runs already, it cannot be had, it does not come up, or it was cancelled.
    """
    directory = directory.absolute()
    private.folder(directory)
    for _ in range(_ATTEMPTS - 1):
        try:
            return _start(directory, engine, stack, account, port or _free_port(), cancelled=cancelled)
        except _PortTakenError:
            if port:
                raise
    return _start(directory, engine, stack, account, port or _free_port(), cancelled=cancelled)


def obtain(
    directory: Path,
    engine: EngineName = "moto",
    *,
    stack: str,
    account: str = "123456789012",
    port: int = 0,
    cancelled: Callable[[], bool] = lambda: False,
) -> Engine:
    """The engine that still runs from before with all its data, or a new one.

    Raises:
        EngineError: The one that runs is for another stack, account or emulator, or is not done with what an earlier
            service has asked for.
    """
    running = attach(directory)
    if running is None:
        return start(directory, engine, stack=stack, account=account, port=port, cancelled=cancelled)
    state = running.state
    if (state.engine, state.stack, state.account) != (engine, stack, account):
        running.release()
        raise EngineError(
            f"{directory}: {state.engine} still runs with the resources of stack {state.stack} "
            f"(account {state.account}); `landfast down` ends it"
        )
    try:
        running.take_over()
    except BaseException:
        running.release()
        raise
    return running


def stop(directory: Path) -> bool:
    """End the engine of this state directory, for certain; whether there was one.

    Raises:
        EngineError: A process of it survives even SIGKILL.
    """
    if not (directory / LOCK).exists():
        return False
    alive = _is_locked(directory)
    group = _group(directory) if alive else None
    if group is not None:
        _signal(group, signal.SIGTERM)
        if not _wait_for_end(directory, GRACE):
            _signal(group, signal.SIGKILL)
    (directory / STATE).unlink(missing_ok=True)  # without it, the watchdog ends the engine by itself
    if alive and not _wait_for_end(directory, GRACE + 2 * INTERVAL):
        raise EngineError(f"{directory}: the engine (process group {group or 'unknown'}) cannot be ended: kill -9 it")
    if group is not None:
        _reap(group)
    return alive


def _moto(port: int, account: str) -> _Launch:
    return _Launch(
        command=[sys.executable, "-m", "landfast.dataplane.moto_server", HOST, str(port)],
        environment={
            "DOCKER_HOST": "unix:///nowhere/docker.sock",  # of what is within reach, nothing asks for it
            "MOTO_ACCOUNT_ID": account,
            "MOTO_DISABLE_GLOBAL_CORS": "true",
            "MOTO_PORT": str(port),
        },
        timeout=_START_TIMEOUT,
    )


def _ministack(port: int, account: str, directory: Path) -> _Launch:
    command = ministack_command("python", "-P", _MINISTACK_SERVER)
    return _Launch(
        command=command,
        environment={
            **ministack_settings(port, directory),
            "MINISTACK_ACCOUNT_ID": account,
            "TMPDIR": str(private.folder(directory / "tmp")),
        },
        timeout=_START_TIMEOUT if "--offline" in command else _DOWNLOAD_TIMEOUT,
    )


def _spawn(directory: Path, launch: _Launch, lock: int, key: str) -> int:
    # Without PYTHONPYCACHEPREFIX, too: workers find beside botocore's sources what the engine has compiled of them.
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PYTHON"))}
    command = [
        sys.executable, "-m", "landfast.dataplane.engine_watchdog",
        str(directory), str(lock), str(PATIENCE), *launch.command,
    ]  # fmt: skip
    log = str(directory / LOG)
    return os.posix_spawn(
        command[0],
        command,
        {**inherited, "PYTHONUNBUFFERED": "1", KEY_VARIABLE: key, **launch.environment},
        setsid=True,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, private.FILE),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
    )


def _start(
    directory: Path, engine: EngineName, stack: str, account: str, port: int, *, cancelled: Callable[[], bool]
) -> Engine:
    launch = _moto(port, account) if engine == "moto" else _ministack(port, account, directory)
    with _locked(directory) as lock:
        (directory / STATE).unlink(missing_ok=True)
        pid = _spawn(directory, launch, lock, key := secrets.token_hex())
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(pid).encode(), 0)
    state = State(engine=engine, data_id=uuid.uuid4().hex, pid=pid, port=port, stack=stack, account=account, key=key)
    try:
        _write(directory, state)
        running = Engine(directory, state)
    except BaseException:
        stop(directory)
        raise
    try:
        _wait_until_ready(running, launch, cancelled)
    except BaseException:
        running.stop()
        raise
    return running


def _wait_until_ready(running: Engine, launch: _Launch, cancelled: Callable[[], bool]) -> None:
    deadline = time.monotonic() + launch.timeout
    while _status(running.state.port) != http.HTTPStatus.OK:
        if cancelled():
            raise EngineError(f"{running.state.engine}: its start was broken off")
        if not running.is_alive():
            last = _last_line(running.log)
            kind = _PortTakenError if "in use" in last else EngineError
            raise kind(f"{running.state.engine} ended while starting: {last} (see {running.log})")
        if time.monotonic() > deadline:
            raise EngineError(
                f"{running.state.engine} did not answer within {launch.timeout:.0f} s: {_last_line(running.log)} "
                f"(see {running.log})"
            )
        time.sleep(_POLL)


def _status(port: int, path: str = HEALTH, headers: Mapping[str, str] = MappingProxyType({})) -> int | None:
    return _asked(port, path, headers)[0]


def _asked(port: int, path: str, headers: Mapping[str, str], timeout: float = 2.0) -> tuple[int | None, bytes]:
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, http.client.HTTPException):
        return None, b""
    finally:
        connection.close()


def _runs(pid: int) -> bool:
    """Tell whether the process is there and more than a zombie, which only its parent could see."""
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    except ChildProcessError:
        pass  # an earlier service has started it
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n") if log.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "it wrote nothing")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _read(directory: Path) -> State | None:
    try:
        return msgspec.json.decode((directory / STATE).read_bytes(), type=State)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EngineError(
            f"{directory / STATE}: cannot be read as this version of Landfast writes it ({error}); "
            "`landfast down` ends the engine that it is about"
        ) from error


def _group(directory: Path) -> int | None:
    """The process group of the engine that holds the lock, which names it as well as ``engine.json`` does."""
    try:
        state = _read(directory)
    except EngineError:
        state = None
    named = (directory / LOCK).read_bytes() if state is None else str(state.pid).encode()
    return int(named) if named.isdigit() and len(named) <= _LONGEST_PID and int(named) > 1 else None


def _write(directory: Path, state: State) -> None:
    private.replace(directory / STATE, msgspec.json.encode(state))


@contextlib.contextmanager
def _locked(directory: Path) -> Iterator[int]:
    """The lock, ours until every process that inherits it has ended, too."""
    lock = private.opened(directory / LOCK, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.set_inheritable(lock, True)  # noqa: FBT003 - the signature is Python's
        yield lock
    except BlockingIOError as error:
        raise EngineError(f"{directory}: an engine runs already; `landfast down` ends it") from error
    finally:
        os.close(lock)


def _is_locked(directory: Path) -> bool:
    try:
        with (directory / LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _signal(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def _wait_for_end(directory: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while _is_locked(directory):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL)
    return True


def _reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)
