"""Lets a debugger attach to one function, and knows when it holds it.

A worker that is debugged runs debugpy, whose adapter listens on a port of its own. Debuggers connect to one port that
stays the same whichever worker runs, and this passes on what both say, in the Debug Adapter Protocol (its
specification, "Base Protocol"), and reads along: from a `stopped` event on the function is held, until it goes on.
"""

from __future__ import annotations

import json
import selectors
import socket
import threading
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from landfast.errors import LandfastError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOST = "127.0.0.1"

_CHUNK = 64 * 1024
_FIELD = b"Content-Length:"
_GOES_ON = frozenset({"continue", "next", "stepIn", "stepOut", "goto", "disconnect"})
"""Requests after whose answers the function runs again."""

_PATIENCE = 5.0
"""Seconds that a debugger has to begin, and to take what it is told."""

_TICK = 0.2
"""Seconds after which a debugger that waits for a worker looks whether it has become superfluous."""


class DebuggerError(LandfastError):
    """Nothing can be debugged; the message says what to do."""


class Debugger:
    """The place at which a debugger can attach to the workers of one function, one after the other.

    Its clock stands while a debugger holds the function, and while a worker waits for a debugger. Thread-safe.

    Attributes:
        function: The name of the function.
        debugpy: The folder of debugpy.
        port: Where debuggers connect, on the loopback interface.
        turn: Held by the one call of the function that runs.
    """

    def __init__(self, function: str, port: int, holds: Callable[[bool], None]) -> None:
        """Listen.

        Args:
            function: The name of the function.
            port: The port; 0 for a free one.
            holds: Told when the function begins to be held, and when it no longer is.

        Raises:
            DebuggerError: The port is taken, or there is no debugpy.
        """
        self.function = function
        self.debugpy = _debugpy()
        try:
            self._server = socket.create_server((HOST, port))
        except OSError as error:
            raise DebuggerError(
                f"port {port} for the debugger cannot be had ({error.strerror}): give another one with --debug-port"
            ) from error
        self.port: int = self._server.getsockname()[1]
        self.turn = threading.Lock()
        self._holds = holds
        self._state = threading.Condition()
        self._adapter: int | None = None
        self._waits = self._stopped = self._closed = False
        self._held_since: float | None = None
        self._held = 0.0
        self._thread = threading.Thread(target=self._serve, name="debugger", daemon=True)
        self._thread.start()

    def monotonic(self) -> float:
        """Seconds of a clock that stands while the function is held."""
        with self._state:
            now = time.monotonic() if self._held_since is None else self._held_since
            return now - self._held

    @property
    def is_held(self) -> bool:
        """Whether the function is held, or waits for a debugger."""
        with self._state:
            return self._held_since is not None

    def offer(self, port: int) -> None:
        """A worker waits for a debugger: its adapter listens at `port`."""
        with self._state:
            self._adapter = port
            self._update(waits=True, stopped=False)
            self._state.notify_all()

    def withdraw(self) -> None:
        """The worker has ended."""
        with self._state:
            self._adapter = None
            self._update(waits=False, stopped=False)

    def close(self) -> None:
        """Take no more debuggers."""
        with self._state:
            self._closed = True
            self._state.notify_all()
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)  # it wakes whoever waits in accept
        self._server.close()
        self._thread.join()

    def _update(self, *, waits: bool | None = None, stopped: bool | None = None) -> None:
        """With the lock held: note what has changed, and tell it if the function is held now, or is no longer."""
        self._waits = self._waits if waits is None else waits
        self._stopped = self._stopped if stopped is None else stopped
        is_held = self._waits or self._stopped
        if is_held == (self._held_since is not None):
            return
        if self._held_since is None:
            self._held_since = time.monotonic()
        else:
            self._held += time.monotonic() - self._held_since
            self._held_since = None
        self._holds(is_held)

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:  # it is closed
                return
            with client, suppress(OSError):
                adapter = self._wait_for_adapter(client)
                if adapter is not None:
                    with socket.create_connection((HOST, adapter), timeout=_PATIENCE) as connected:
                        self._pass_on(client, connected)
            with self._state:
                self._update(stopped=False)

    def _wait_for_adapter(self, client: socket.socket) -> int | None:
        """Return the port of the worker's adapter as soon as there is one; None if nobody wants it any more.

        What does not speak the protocol is turned away: a web page can reach this port, by requests of HTTP.
        """
        client.settimeout(_PATIENCE)
        if client.recv(len(_FIELD), socket.MSG_PEEK) != _FIELD:
            return None
        with self._state:
            while self._adapter is None and not self._closed and not _has_left(client):
                self._state.wait(_TICK)
            return None if self._closed else self._adapter

    def _pass_on(self, client: socket.socket, adapter: socket.socket) -> None:
        """Hand on what both say until one of them leaves, or the debugger is closed."""
        told = _Messages()
        with selectors.DefaultSelector() as ready:
            ready.register(client, selectors.EVENT_READ, adapter)
            ready.register(adapter, selectors.EVENT_READ, client)
            while not self._closed:
                for key, _ in ready.select(_TICK):
                    source, target = key.fileobj, key.data
                    chunk = source.recv(_CHUNK)  # type: ignore[union-attr] # both are sockets
                    if not chunk:
                        return
                    if source is adapter:
                        for message in told.feed(chunk):
                            self._read(message)
                    target.sendall(chunk)

    def _read(self, message: dict[str, Any]) -> None:
        with self._state:
            match message:
                case {"type": "event", "event": "stopped"}:
                    self._update(stopped=True)
                case {"type": "event", "event": "continued"}:
                    self._update(stopped=False)
                case {"type": "response", "success": True, "command": "configurationDone"}:
                    self._update(waits=False)
                case {"type": "response", "success": True, "command": str(command)} if command in _GOES_ON:
                    self._update(stopped=False)


class _Messages:
    """Takes the messages of the protocol out of a stream."""

    def __init__(self) -> None:
        self._unread = b""

    def feed(self, chunk: bytes) -> Iterator[dict[str, Any]]:
        self._unread += chunk
        while True:
            head, end, rest = self._unread.partition(b"\r\n\r\n")
            if not end:
                return
            length = int(head.partition(b":")[2])
            if len(rest) < length:
                return
            self._unread = rest[length:]
            yield json.loads(rest[:length])


def _debugpy() -> Path:
    found = find_spec("debugpy")
    if found is None or found.origin is None:
        raise DebuggerError("--debug needs debugpy: install it beside landfast, or landfast[debug]")
    return Path(found.origin).parent


def _has_left(client: socket.socket) -> bool:
    """Tell whether a debugger that waits has closed its connection; what it has sent stays unread."""
    try:
        return not client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True
