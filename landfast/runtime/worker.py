"""One execution environment: a worker process, its Runtime API and its output, driven by the thread that invokes."""

from __future__ import annotations

import json
import os
import select
import signal
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

from landfast.runtime import failures
from landfast.runtime.api import Connection, DisconnectedError, Request, listen
from landfast.runtime.failures import InvocationFailed
from landfast.runtime.memory import MemoryGauge
from landfast.runtime.model import RESPONSE_LIMIT

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from landfast.runtime.model import Call, FunctionSpec
    from landfast.runtime.request_log import RequestLog

INIT_LIMIT = 10.0
"""Seconds that initialisation may take on top of the function's time-out (Developer Guide, "Lambda execution
environment lifecycle")."""

_TICK = 0.05
# A process that ends closes its connections a moment before the kernel reports its end.
_HUNG_UP_TICK = 0.001
_PIPE = 65536
_PREFIX = "/2018-06-01/runtime"
_NEXT = f"{_PREFIX}/invocation/next"
_INIT_ERROR = f"{_PREFIX}/init/error"
_ACCEPTED = ("202 Accepted", b'{"status":"OK"}')
_MIB = 1024 * 1024


class LostError(Exception):
    """A warm worker ended before it read the event: another one can take it."""


class Worker:
    """A process that serves one invocation at a time.

    `serve` and `dispose` belong to one thread at a time; `kill` may be called from any.

    Attributes:
        revision: what code and settings it was started with, opaque here.
        idle_since: a monotonic time, for whoever keeps it.
        init_duration: seconds from its start until it asked for its first event; None until then.
        duration: seconds that the latest invocation took, however it ended.
    """

    def __init__(
        self,
        spec: FunctionSpec,
        revision: object,
        start: Callable[[str, int], subprocess.Popen[bytes]],
        forget: Callable[[int], None],
    ) -> None:
        """Start the process.

        Args:
            spec: the function.
            revision: see the attribute.
            start: starts the process, given the address of its Runtime API and the descriptor for its output.
            forget: told the process group once it is dead.
        """
        self.spec = spec
        self.revision = revision
        self.idle_since = 0.0
        self.init_duration: float | None = None
        self.duration = 0.0
        self._forget = forget
        self._started = time.monotonic()
        self._listener = listen()
        self._output, theirs = os.pipe()
        os.set_blocking(self._output, False)
        host, port = self._listener.getsockname()
        try:
            self._process = start(f"{host}:{port}", theirs)
        except BaseException:
            self._listener.close()
            os.close(self._output)
            raise
        finally:
            os.close(theirs)
        self._gauge = MemoryGauge(self._process.pid)
        self._connections: dict[int, Connection] = {}
        self._waiting: Connection | None = None
        self._lost_if_reset: Connection | None = None
        self._event_unread = False
        self._output_ended = False
        self._tick = _TICK
        self._inspect_at = self._started + _TICK
        self._killing = threading.Lock()
        self._poll = select.poll()
        self._poll.register(self._listener, select.POLLIN)
        self._poll.register(self._output, select.POLLIN)

    @property
    def max_memory(self) -> int:
        """Bytes, the most it held so far."""
        return self._gauge.highest

    def alive(self) -> bool:
        """Whether the process still runs."""
        if self._process.returncode is not None:
            return False
        try:
            return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
        except ChildProcessError:  # another thread has just killed it
            return False

    def serve(self, call: Call, log: RequestLog) -> bytes:
        """Run one invocation, the initialisation first when the worker is new.

        Initialisation is free for `INIT_LIMIT` seconds. One that takes longer counts fully against the
        time-out: AWS starts it again under the function's time-out then, which ends alike.

        Returns:
            The handler's answer.

        Raises:
            InvocationFailed: anything else that can happen to it (S-05, S-17).
            LostError: the worker was warm, and ended before it read the event.
        """
        started = time.monotonic()
        try:
            if self.init_duration is None:
                deadline = self._initialise(call, log)
            else:
                deadline = started + self.spec.timeout
                self._await_next(call, log, deadline)
            log.start()
            started = time.monotonic()
            self._hand_over(call)
            return self._answer(call, log, deadline)
        finally:
            self.duration = time.monotonic() - started

    def kill(self) -> None:
        """Kill the process and its children, and wait for its end."""
        with self._killing:
            if self._process.returncode is not None:
                return
            with suppress(ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
                os.killpg(self._process.pid, signal.SIGKILL)
            self._forget(self._process.pid)
            self._process.wait()

    def dispose(self) -> None:
        """Kill it and give back its port, connections and pipe."""
        self.kill()
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()
        self._listener.close()
        self._gauge.close()
        os.close(self._output)

    def _initialise(self, call: Call, log: RequestLog) -> float:
        latest = self._started + max(INIT_LIMIT, self.spec.timeout)
        while self._waiting is None:
            arrived = self._next_request(call, log, latest)
            if arrived is None:
                continue
            connection, request = arrived
            if (request.method, request.path) == ("POST", _INIT_ERROR):
                _respond(connection, *_ACCEPTED)
                self._drain(log)
                raise InvocationFailed("init", _error_object(request))
            self._route(connection, request)
        now = time.monotonic()
        self.init_duration = now - self._started
        return (self._started if self.init_duration > INIT_LIMIT else now) + self.spec.timeout

    def _await_next(self, call: Call, log: RequestLog, deadline: float) -> None:
        if not self.alive():
            raise LostError
        try:
            while self._waiting is None:
                arrived = self._next_request(call, log, deadline)
                if arrived is not None:
                    self._route(*arrived)
        except InvocationFailed as failure:
            if failure.kind == "timeout":
                raise
            raise LostError from failure
        # A worker that waits for its event has nothing to say: a readable connection is a closed one.
        if any(descriptor == self._waiting.fileno() for descriptor, _ in self._poll.poll(0)):
            raise LostError
        self._lost_if_reset = self._waiting

    def _hand_over(self, call: Call) -> None:
        connection, self._waiting = self._waiting, None
        if connection is None:
            raise LostError
        headers = {
            b"Lambda-Runtime-Aws-Request-Id": call.request_id.encode(),
            b"Lambda-Runtime-Deadline-Ms": b"%d" % ((time.time() + self.spec.timeout) * 1000),
            b"Lambda-Runtime-Invoked-Function-Arn": call.invoked_arn.encode(),
            b"Lambda-Runtime-Trace-Id": call.trace_id.encode(),
        }
        if call.client_context is not None:
            headers[b"Lambda-Runtime-Client-Context"] = call.client_context
        lines = b"".join(b"%b: %b\r\n" % (name, _one_line(value)) for name, value in headers.items())
        _respond(connection, "200 OK", call.payload, lines)

    def _answer(self, call: Call, log: RequestLog, deadline: float) -> bytes:
        response = f"{_PREFIX}/invocation/{call.request_id}/response"
        error = f"{_PREFIX}/invocation/{call.request_id}/error"
        while True:
            arrived = self._next_request(call, log, deadline)
            if arrived is None:
                continue
            connection, request = arrived
            if request.method != "POST" or request.path not in (response, error):
                self._route(connection, request)
                continue
            _respond(connection, *_ACCEPTED)
            self._drain(log)
            if self._gauge.peak() > self.spec.memory_mb * _MIB:
                raise failures.out_of_memory(call.request_id)
            if request.length > RESPONSE_LIMIT:
                raise failures.response_too_large()
            if request.path == error:
                raise InvocationFailed("exception", _error_object(request))
            return request.body

    def _route(self, connection: Connection, request: Request) -> None:
        """Everything that isn't the answer we wait for."""
        if (request.method, request.path) == ("GET", _NEXT):
            self._waiting = connection
        elif request.path.startswith(f"{_PREFIX}/invocation/"):
            _respond(connection, "400 Bad Request", b'{"errorType":"InvalidRequestID"}')
        else:
            _respond(connection, "404 Not Found", b'{"errorType":"NotFound"}')

    def _next_request(self, call: Call, log: RequestLog, deadline: float) -> tuple[Connection, Request] | None:
        """Wait a tick at most for a request, and look after output, memory, life and time meanwhile."""
        left = deadline - time.monotonic()
        if left <= 0:
            self.kill()
            self._drain(log)
            raise failures.timed_out(call.request_id, self.spec.timeout)
        ready = self._poll.poll(min(self._tick, left) * 1000 + 1)
        if time.monotonic() >= self._inspect_at:
            self._inspect(call, log)
        arrived = None
        for descriptor, _ in ready:
            if descriptor == self._output:
                self._drain(log)
            elif descriptor == self._listener.fileno():
                self._accept()
            elif arrived is None:  # a second one stays readable until the next turn
                arrived = self._receive(self._connections[descriptor], call, log)
        return arrived

    def _inspect(self, call: Call, log: RequestLog) -> None:
        self._inspect_at = time.monotonic() + self._tick
        if not self.alive():
            self._ended(call, log)
        if self._gauge.sample() > self.spec.memory_mb * _MIB:
            self.kill()
            self._drain(log)
            raise failures.out_of_memory(call.request_id)

    def _accept(self) -> None:
        with suppress(BlockingIOError, ConnectionAbortedError):
            accepted, _ = self._listener.accept()
            connection = Connection(accepted, limit=RESPONSE_LIMIT, timeout=self.spec.timeout)
            self._connections[connection.fileno()] = connection
            self._tick = _TICK
            self._poll.register(connection, select.POLLIN)

    def _receive(self, connection: Connection, call: Call, log: RequestLog) -> tuple[Connection, Request] | None:
        try:
            request = connection.receive()
        except DisconnectedError as error:
            # The kernel resets, rather than ends, a connection whose last data the dead process had not read.
            self._event_unread = connection is self._lost_if_reset and isinstance(error.__cause__, ConnectionResetError)
            self._drop(connection)
            if not self._connections:
                self._tick = _HUNG_UP_TICK
            self._inspect(call, log)
            return None
        return None if request is None else (connection, request)

    def _drop(self, connection: Connection) -> None:
        self._poll.unregister(connection)
        del self._connections[connection.fileno()]
        connection.close()
        if self._waiting is connection:
            self._waiting = None

    def _ended(self, call: Call, log: RequestLog) -> NoReturn:
        self.kill()
        self._drain(log)
        if self._event_unread:
            raise LostError
        if self._gauge.peak() > self.spec.memory_mb * _MIB:
            raise failures.out_of_memory(call.request_id)
        raise failures.exited(call.request_id, self._process.returncode)

    def _drain(self, log: RequestLog) -> None:
        """Read what a pipe holds at most, once: a worker that never stops writing shall not keep us here."""
        try:
            chunk = os.read(self._output, _PIPE)
        except BlockingIOError:
            return
        if chunk:
            log.output(chunk)
        elif not self._output_ended:
            self._output_ended = True
            self._poll.unregister(self._output)


def _respond(connection: Connection, status: str, body: bytes, headers: bytes = b"") -> None:
    """Respond; that a worker has gone is found, with its status, when the next request is awaited."""
    with suppress(DisconnectedError):
        connection.respond(status, body, headers)


def _one_line(value: bytes) -> bytes:
    """Line breaks can only be white space between JSON tokens here; in a header they would begin another one."""
    return value.replace(b"\r", b" ").replace(b"\n", b" ")


def _error_object(request: Request) -> dict[str, Any]:
    if request.length > RESPONSE_LIMIT:
        raise failures.response_too_large()
    error: dict[str, Any] = json.loads(request.body)
    return error
