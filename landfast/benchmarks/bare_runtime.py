"""The least that runs a handler under awslambdaric: what `benchmarks/runtime.py` compares Landfast's runtime with.

One worker, one queue, the standard library's HTTP server; no time-out, no error told from another, no logs, no limits.
"""

from __future__ import annotations

import contextlib
import http.server
import os
import queue
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_GET(self) -> None:
        request_id, event = self.server.events.get()
        if request_id:
            self._send(
                200, event, {"Lambda-Runtime-Aws-Request-Id": request_id, "Lambda-Runtime-Deadline-Ms": "9" * 13}
            )

    def do_POST(self) -> None:
        self.server.results.put(self.rfile.read(int(self.headers["Content-Length"])))
        self._send(202, b"", {})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle(self) -> None:
        with contextlib.suppress(ConnectionResetError):  # the worker is killed when all is done
            super().handle()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.events: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()
        self.results: queue.SimpleQueue[bytes] = queue.SimpleQueue()


class BareRuntime:
    """One function, one worker."""

    def __init__(self, code: Path, handler: str) -> None:
        self._server = _Server()
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        environment = {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_port}", "PYTHONPATH": str(code)}
        self._worker = subprocess.Popen(  # noqa: S603 - the benchmark's own handler
            [sys.executable, "-m", "awslambdaric", handler],
            cwd=code,
            env={**os.environ, **environment, "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._worker.kill()
        self._worker.wait()
        self._server.events.put(("", b""))
        self._server.shutdown()
        self._server.server_close()

    def invoke(self, event: bytes, request_id: str) -> bytes:
        """Run the handler once."""
        self._server.events.put((request_id, event))
        return self._server.results.get()
