"""One execution environment: a worker process, its Runtime API and its output, driven by the thread that invokes.

What is imitated of Lambda's environment: its variables and search path, 1,024 open files, MemorySize, the Runtime API,
and that it is frozen between invocations (S-138): as soon as the worker waits for its next event all of its processes
are stopped, with SIGSTOP, until there is one; clocks go on meanwhile, as they do on Lambda. Where the system allows it,
`sandbox` makes all but a `/tmp` of its own read-only, takes `/dev/shm` away and counts its processes and threads;
elsewhere the worker has the machine as it is, and `TMPDIR` and `HOME` name a folder of its own.
"""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from landfast.runtime import failures
from landfast.runtime.api import Connection, DisconnectedError, Request, listen
from landfast.runtime.failures import InvocationFailed
from landfast.runtime.memory import MemoryGauge
from landfast.runtime.model import RESPONSE_LIMIT
from landfast.runtime.processes import ProcessTree

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from landfast.runtime.debugger import Debugger
    from landfast.runtime.model import Call, FunctionSpec
    from landfast.runtime.request_log import RequestLog

INIT_LIMIT = 10.0
"""Seconds that initialisation may take, which do not count towards the function's time-out (Developer Guide, "Lambda
execution environment lifecycle")."""

_KILL_PATIENCE = 5.0
"""Seconds that a worker's supervisor has to end all its processes."""

_TICK = 0.05
_LOOK_ROUND = 0.2
"""Seconds between two looks at what a worker's children hold: each takes a file for each thread of the worker, and the
kernel keeps the worker's own high-water mark."""
# A process that ends closes its connections a moment before the kernel reports its end.
_HUNG_UP_TICK = 0.001
_PIPE = 65536
_PREFIX = "/2018-06-01/runtime"
_NEXT = f"{_PREFIX}/invocation/next"
_DEBUGGER = "/landfast/debugger/"
"""Before the port at which a debugger finds the worker's adapter; this is not of Lambda's API."""
_INIT_ERROR = f"{_PREFIX}/init/error"
_ACCEPTED = ("202 Accepted", b'{"status":"OK"}')
_MIB = 1024 * 1024
_SOON_SENT = 4096
"""Bytes of an event that the kernel takes over at once: a worker that finds it when it is thawed wakes only once."""
_MOST_CONNECTIONS = 16  # a runtime client has one, two when it reports a failed initialisation


class LostError(Exception):
    """A warm worker ended before it read the event: another one can take it."""


class InitAgainError(Exception):
    """The initialisation took longer than `INIT_LIMIT`: Lambda runs it again, as part of the invocation (S-139)."""


class Worker:
    """A process that serves one invocation at a time.

    `serve`, `freeze` and `dispose` belong to one thread at a time; `kill` may be called from any.

    Attributes:
        revision: what code and settings it was started with, opaque here.
        idle_since: a monotonic time, for whoever keeps it.
        init_duration: seconds from its start until it asked for its first event; None until then.
        duration: seconds that the latest invocation took, however it ended.
        is_frozen: whether its processes have been told to stop until its next invocation.
        log_stream: the name of its log stream.
        request_id: the id of its latest invocation.
    """

    def __init__(
        self,
        spec: FunctionSpec,
        revision: object,
        start: Callable[[str, int], subprocess.Popen[bytes]],
        forget: Callable[[int], None],
        *,
        waiting_threads: int,
        log_stream: str,
        debugger: Debugger | None = None,
    ) -> None:
        """Start the process.

        Args:
            spec: the function.
            revision: see the attribute.
            start: starts the process, given the address of its Runtime API and the descriptor for its output.
            forget: told the process's id when it is dead, before another process can have it.
            waiting_threads: how many threads the runtime client has while it waits for an event.
            debugger: where a debugger attaches to it. While one holds it, its time stands. It may hold more memory
                than MemorySize, as debugpy is in it.
            log_stream: see the attribute.
        """
        self.spec = spec
        self.revision = revision
        self.log_stream = log_stream
        self.request_id = ""
        self.idle_since = 0.0
        self.init_duration: float | None = None
        self.duration = 0.0
        self._forget = forget
        self._debugger = debugger
        self._now = debugger.monotonic if debugger else time.monotonic
        self._started = self._now()
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
        self._address = f"{host}:{port}"
        self._tree = ProcessTree(self._process.pid, waiting_threads=waiting_threads)
        self._gauge: MemoryGauge | None = None
        self.is_frozen = False
        self._connections: dict[int, Connection] = {}
        self._waiting: Connection | None = None
        self._handed_over: Connection | None = None
        self._lost_if_unread: Connection | None = None
        self._event_unread = False
        self._output_ended = False
        self._tick = _TICK
        self._inspect_at = time.monotonic() + _TICK
        self._look_round_at = 0.0
        self._killing = threading.Lock()
        self._poll = select.poll()
        self._poll.register(self._listener, select.POLLIN)
        self._poll.register(self._output, select.POLLIN)

    @property
    def max_memory(self) -> int:
        """Bytes, the most it held so far."""
        return self._gauge.highest if self._gauge else 0

    @property
    def process(self) -> int | None:
        """The process that runs the handler; None as long as it has not been started."""
        return self._tree.worker

    def alive(self) -> bool:
        """Tell whether the process still runs."""
        if self._process.returncode is not None:
            return False
        try:
            return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
        except ChildProcessError:  # another thread has just killed it
            return False

    def _was_killed(self) -> bool:
        """Tell whether the process, which has ended, was killed by SIGKILL: its supervisor perhaps had no say in it."""
        ended = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return ended is not None and ended.si_status == signal.SIGKILL

    def serve(self, call: Call, log: RequestLog, initialised: Callable[[], None], *, again: bool = False) -> bytes:
        """Run one invocation, the initialisation first when the worker is new.

        The initialisation has `INIT_LIMIT` seconds of its own. Run `again`, it is part of the invocation (S-139).

        Args:
            call: the invocation.
            log: takes what the worker writes.
            initialised: told that a new worker has initialised.
            again: whether the initialisation of another worker has failed for this invocation.

        Returns:
            The handler's answer.

        Raises:
            InvocationFailed: anything else that can happen to it (S-05, S-17).
            InitAgainError: the initialisation took too long, and has not been run `again`.
            LostError: the worker was warm, and ended before it read the event.
        """
        self.request_id = call.request_id
        started = self._now()
        try:
            if again:
                started = self._started
                log.start()
                deadline = started + self.spec.timeout
                self._initialise(call, log, deadline)
                initialised()
            elif self.init_duration is None:
                self._initialise_first(call, log)
                initialised()
                started = self._now()
                deadline = started + self.spec.timeout
            else:
                deadline = started + self.spec.timeout
                self._await_next(call, log, deadline)
            log.start()
            if not again:
                started = self._now()
            self._hand_over(call, deadline)
            request = self._answer(call, log, deadline)
        finally:
            self.duration = self._now() - started
        return self._result(call, request)

    def freeze(self) -> None:
        """Stop all its processes if it has asked for its next event, without waiting for that (S-138)."""
        if self._waiting is None:
            self._listen_in()
        if self._waiting is not None:
            self._tree.freeze()
            self.is_frozen = True

    def _listen_in(self) -> None:
        """Take what an idle worker has sent. Its output stays in the pipe: it belongs to the next invocation's log."""
        readable = {descriptor for descriptor, _ in self._poll.poll(0)}
        for connection in [self._connections[each] for each in readable if each in self._connections]:
            request = self._receive(connection)
            if request is not None:
                self._route(connection, request)
        if self._listener.fileno() in readable:
            self._accept()

    def kill(self) -> None:
        """Kill the process and its children, and wait for its end."""
        with self._killing:
            if self._process.returncode is not None:
                return
            latest = time.monotonic() + _KILL_PATIENCE
            if self.alive():
                self._tree.end()
                while self.alive() and time.monotonic() < latest:
                    time.sleep(_HUNG_UP_TICK)
            elif self._was_killed():
                latest = 0.0
            if time.monotonic() >= latest:
                self._tree.force_end()
                while self.alive():
                    time.sleep(_HUNG_UP_TICK)
            if self._debugger is not None:
                self._debugger.withdraw()
            self._forget(self._process.pid)
            self._process.wait()

    def dispose(self) -> None:
        """Kill it and give back its port, connections and pipe."""
        self.kill()
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()
        self._listener.close()
        self._tree.close()
        if self._gauge is not None:
            self._gauge.close()
        os.close(self._output)

    def _initialise_first(self, call: Call, log: RequestLog) -> None:
        try:
            self._initialise(call, log, self._started + INIT_LIMIT)
        except InvocationFailed as failure:
            if failure.kind == "timeout":
                log.init_timed_out(INIT_LIMIT)
                raise InitAgainError from failure
            raise

    def _initialise(self, call: Call, log: RequestLog, deadline: float) -> None:
        while self._waiting is None:
            arrived = self._next_request(call, log, deadline)
            if arrived is None:
                continue
            connection, request = arrived
            if (request.method, request.path) == ("POST", _INIT_ERROR):
                _respond(connection, *_ACCEPTED)
                self._drain(log)
                raise InvocationFailed("init", failures.reported(request.body, request.error_type))
            self._route(connection, request)
        self.init_duration = self._now() - self._started

    def _await_next(self, call: Call, log: RequestLog, deadline: float) -> None:
        """Wait until a warm worker asks for its event, as it mostly has, and make sure that it is still there."""
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
        if self._is_readable(self._waiting):
            raise LostError
        self._lost_if_unread, self._event_unread = self._waiting, False

    def _is_readable(self, connection: Connection) -> bool:
        return any(descriptor == connection.fileno() for descriptor, _ in self._poll.poll(0))

    def _hand_over(self, call: Call, deadline: float) -> None:
        connection, self._waiting = self._waiting, None
        if connection is None:
            raise LostError
        self._handed_over = connection
        headers = {
            b"Lambda-Runtime-Aws-Request-Id": call.request_id.encode(),
            b"Lambda-Runtime-Deadline-Ms": b"%d" % ((time.time() + deadline - self._now()) * 1000),
            b"Lambda-Runtime-Invoked-Function-Arn": call.invoked_arn.encode(),
            b"Lambda-Runtime-Trace-Id": call.trace_id.encode(),
        }
        if call.client_context is not None:
            headers[b"Lambda-Runtime-Client-Context"] = call.client_context
        lines = b"".join(b"%b: %b\r\n" % (name, _one_line(value)) for name, value in headers.items())
        if len(call.payload) > _SOON_SENT:
            self._thaw()
        _respond(connection, "200 OK", call.payload, lines)
        self._thaw()

    def _thaw(self) -> None:
        if self.is_frozen:
            self.is_frozen = False
            self._tree.thaw()

    def _answer(self, call: Call, log: RequestLog, deadline: float) -> Request:
        """Wait for the handler's answer or error."""
        response, error = _answers(call)
        while True:
            arrived = self._next_request(call, log, deadline)
            if arrived is None:
                continue
            connection, request = arrived
            if request.method != "POST" or request.path not in (response, error):
                self._route(connection, request, is_serving=True)
                continue
            _respond(connection, *_ACCEPTED)
            self._drain(log)
            if self._holds_too_much(self._memory()):
                raise failures.out_of_memory(call.request_id)
            if request.length > RESPONSE_LIMIT:
                raise failures.response_too_large()
            return request

    def _result(self, call: Call, request: Request) -> bytes:
        if request.path == _answers(call)[1]:
            raise InvocationFailed("exception", failures.reported(request.body, request.error_type))
        return request.body

    def _route(self, connection: Connection, request: Request, *, is_serving: bool = False) -> None:
        """Everything that isn't the answer we wait for."""
        if (request.method, request.path) == ("GET", _NEXT):
            if is_serving:
                _respond(connection, "403 Forbidden", b'{"errorType":"InvalidStateTransition"}')
            else:
                self._waiting = connection
        elif self._debugger is not None and request.path.startswith(_DEBUGGER):
            self._debugger.offer(int(request.path.removeprefix(_DEBUGGER)))
            _respond(connection, *_ACCEPTED)
        elif request.path.startswith(f"{_PREFIX}/invocation/"):
            _respond(connection, "400 Bad Request", b'{"errorType":"InvalidRequestID"}')
        else:
            _respond(connection, "404 Not Found", b'{"errorType":"NotFound"}')

    def _next_request(self, call: Call, log: RequestLog, deadline: float) -> tuple[Connection, Request] | None:
        """Wait a tick at most for a request, and look after output, memory, life and time meanwhile."""
        left = deadline - self._now()
        if left <= 0:
            self.kill()
            self._drain(log)
            raise failures.timed_out(call.request_id, self.spec.timeout)
        is_due = time.monotonic() >= self._inspect_at
        # First this, then the connections: what it has sent before its end is there then.
        has_ended = is_due and not self.alive()
        ready = self._poll.poll(0 if has_ended else min(self._tick, left) * 1000 + 1)
        arrived = None
        readable = {descriptor for descriptor, _ in ready}
        for descriptor in readable:
            if descriptor == self._output:
                self._drain(log)
            elif descriptor in self._connections and arrived is None:  # a second one stays readable until the next turn
                connection = self._connections[descriptor]
                request = self._receive(connection)
                arrived = None if request is None else (connection, request)
        if self._listener.fileno() in readable:  # at last, for a new connection may get the descriptor of a closed one
            self._accept()
        if has_ended and readable <= {self._output}:
            self._ended(call, log)
        if is_due and not has_ended and arrived is None:
            self._inspect(call, log)
        return arrived

    def _inspect(self, call: Call, log: RequestLog) -> None:
        now = time.monotonic()
        self._inspect_at = now + self._tick
        looks_round = now >= self._look_round_at
        if looks_round:
            self._look_round_at = now + _LOOK_ROUND
        if self._holds_too_much(self._memory(now=looks_round)):
            self.kill()
            self._drain(log)
            raise failures.out_of_memory(call.request_id)

    def _holds_too_much(self, memory: int) -> bool:
        return self._debugger is None and memory > self.spec.memory_mb * _MIB

    def _memory(self, *, now: bool = False) -> int:
        """Bytes, the most the worker's processes held so far; `now` looks at its children too."""
        if self._gauge is None:
            if self._tree.worker is None:
                return 0
            self._gauge = MemoryGauge(self._tree.worker, root=self._process.pid)
        return self._gauge.sample() if now else self._gauge.peak()

    def _accept(self) -> None:
        with suppress(BlockingIOError, ConnectionAbortedError):
            accepted, _ = self._listener.accept()
            if len(self._connections) == _MOST_CONNECTIONS:
                # What a handler leaves open goes first: its answer comes by the client's, and then the next request.
                kept = self._waiting, self._handed_over
                self._drop(next(each for each in self._connections.values() if each not in kept))
            connection = Connection(accepted, host=self._address, limit=RESPONSE_LIMIT, timeout=self.spec.timeout)
            self._connections[connection.fileno()] = connection
            self._tick = _TICK
            self._poll.register(connection, select.POLLIN)

    def _receive(self, connection: Connection) -> Request | None:
        try:
            return connection.receive()
        except DisconnectedError as error:
            if error.unread and connection is self._lost_if_unread:
                self._event_unread = True
            self._drop(connection)
            if not self._connections:
                self._tick = _HUNG_UP_TICK
            self._inspect_at = 0.0
            return None

    def _drop(self, connection: Connection) -> None:
        self._poll.unregister(connection)
        del self._connections[connection.fileno()]
        connection.close()
        if self._waiting is connection:
            self._waiting = None
        if self._handed_over is connection:
            self._handed_over = None

    def _ended(self, call: Call, log: RequestLog) -> NoReturn:
        self.kill()
        self._drain(log)
        if self._event_unread:
            raise LostError
        if self._holds_too_much(self._memory()):
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


def _answers(call: Call) -> tuple[str, str]:
    """The paths of a handler's answer and of its error."""
    path = f"{_PREFIX}/invocation/{call.request_id}"
    return f"{path}/response", f"{path}/error"


def _respond(connection: Connection, status: str, body: bytes, headers: bytes = b"") -> None:
    """Respond; that a worker has gone is found, with its status, when the next request is awaited."""
    with suppress(DisconnectedError):
        connection.respond(status, body, headers)


def _one_line(value: bytes) -> bytes:
    """Line breaks can only be white space between JSON tokens here; in a header they would begin another one."""
    return value.replace(b"\r", b" ").replace(b"\n", b" ")
