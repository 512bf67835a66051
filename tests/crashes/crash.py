# --- payments ---
"""One call of an invocation at which something goes wrong, and the process of that invocation."""

import os
import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from botocore.exceptions import ReadTimeoutError

type Kind = Literal[
    "none", "killed before", "killed in flight", "killed after", "answer lost", "frozen before", "frozen after"
]
KINDS: tuple[Kind, ...] = (
    "killed before", "killed in flight", "killed after", "answer lost", "frozen before", "frozen after",
)  # fmt: skip


@dataclass(frozen=True)
class Crash:
    """What goes wrong, and at which request (from 1) to DynamoDB, botocore's own repetitions counted.

    Attributes:
        kind: ``killed in flight``: the request has left and nobody reads the answer. ``answer lost``: the request was
            done, and the client waits in vain. ``frozen``: the process stops there, and goes on beside the next one.
        call: At which request.
    """

    kind: Kind
    call: int

    def install(self, client: Any) -> None:
        """Let it happen to the requests of this low-level client, in this process."""
        session = client._endpoint.http_session
        send, lock, sent = session.send, threading.Lock(), 0

        def sending(request: Any) -> Any:
            nonlocal sent
            with lock:
                sent += 1
                mine = sent == self.call
            return self._happen(send, request) if mine else send(request)

        session.send = sending

    def _happen(self, send: Callable[[Any], Any], request: Any) -> Any:
        match self.kind:
            case "killed before":
                _signal(signal.SIGKILL)
            case "frozen before":
                _signal(signal.SIGSTOP)
            case "killed in flight":
                _send_and_leave(request)
                _signal(signal.SIGKILL)
        answer = send(request)
        match self.kind:
            case "killed after":
                _signal(signal.SIGKILL)
            case "frozen after":
                _signal(signal.SIGSTOP)
            case "answer lost":
                raise ReadTimeoutError(endpoint_url=request.url)
        return answer


def _signal(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


def _send_and_leave(request: Any) -> None:
    """Write the request to a connection of its own, which ends with the process."""
    url = urlsplit(request.url)
    told = {"Host": url.netloc, **{name: _text(value) for name, value in request.headers.items()}}
    told["Content-Length"] = str(len(request.body))
    head = "".join([f"{request.method} {url.path or '/'} HTTP/1.1\r\n", *(f"{k}: {v}\r\n" for k, v in told.items())])
    connection = socket.create_connection((str(url.hostname), int(url.port or 0)))
    connection.sendall(head.encode() + b"\r\n" + request.body)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


class Invocation:
    """A process that runs one invocation. `ended` and `answer` tell of it when `wait` has returned."""

    def __init__(self, run: Callable[[], bytes]) -> None:
        self._read, write = os.pipe()
        self.pid = os.fork()
        self.ended = False
        self.answer = b""
        if self.pid:
            os.close(write)
            return
        os.close(self._read)
        status = 1
        try:
            os.write(write, run())
            status = 0
        finally:
            os._exit(status)

    def wait(self) -> None:
        """Until it ends or stops."""
        _, status = os.waitpid(self.pid, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            return
        self.ended = True
        with os.fdopen(self._read, "rb") as pipe:
            self.answer = pipe.read()

    def go_on(self) -> None:
        """Let a stopped one go on."""
        os.kill(self.pid, signal.SIGCONT)
