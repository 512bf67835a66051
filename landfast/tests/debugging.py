"""A debugger's side of the Debug Adapter Protocol, as editors speak it to debugpy."""

import itertools
import json
import socket
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self


class DebugClient:
    """Attaches to whatever listens at a port of the loopback interface, and waits for what it is told."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._stream = self._socket.makefile("rb")
        self._numbers = itertools.count(1)
        self._told: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()
        self._socket.close()

    def send(self, command: str, **arguments: Any) -> int:
        """Send a request, and return its number."""
        number = next(self._numbers)
        body = json.dumps({"seq": number, "type": "request", "command": command, "arguments": arguments}).encode()
        self._socket.sendall(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        return number

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Send a request, and return what its answer holds."""
        number = self.send(command, **arguments)
        answer = self._wait_for(lambda told: told["type"] == "response" and told["request_seq"] == number)
        assert answer["success"], answer
        body: dict[str, Any] = answer.get("body", {})
        return body

    def event(self, name: str) -> dict[str, Any]:
        """Wait for an event, and return what it holds."""
        body: dict[str, Any] = self._wait_for(lambda told: told.get("event") == name).get("body", {})
        return body

    def attach(self, file: Path, *lines: int) -> None:
        """Attach with breakpoints in a file, as an editor does."""
        self.ask("initialize", adapterID="test", pathFormat="path", linesStartAt1=True)
        self.send("attach", justMyCode=True)
        self.event("initialized")
        self.ask("setBreakpoints", source={"path": str(file)}, breakpoints=[{"line": line} for line in lines])
        self.ask("configurationDone")

    def leave(self) -> None:
        """Detach, as an editor does."""
        self.ask("disconnect", terminateDebuggee=False)

    def stopped(self) -> tuple[int, int]:
        """Wait until the function is stopped: the thread, and the line."""
        thread = self.event("stopped")["threadId"]
        return thread, self.ask("stackTrace", threadId=thread)["stackFrames"][0]["line"]

    def _wait_for(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        for message in self._told:
            if wanted(message):
                self._told.remove(message)
                return message
        while True:
            message = self._read()
            if wanted(message):
                return message
            self._told.append(message)

    def _read(self) -> dict[str, Any]:
        length = 0
        while (line := self._stream.readline()) != b"\r\n":
            assert line, "the other side has left"
            name, _, value = line.partition(b":")
            length = int(value) if name == b"Content-Length" else length
        message: dict[str, Any] = json.loads(self._stream.read(length))
        return message
