"""Lets containers reach a loopback port: bytes that come in on Docker's bridge go on to 127.0.0.1, unchanged."""

import contextlib
import errno
import socket
import socketserver
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

from tests.local_invoke.errors import CannotRunError

_LOOPBACK = "127.0.0.1"
_PIECE = 65536


class _Connection(socketserver.BaseRequestHandler):
    """One connection: what either side sends goes to the other, until both have ended."""

    server: "_Forwarder"
    request: socket.socket

    def handle(self) -> None:
        with socket.create_connection((_LOOPBACK, self.server.port)) as upstream:
            back = threading.Thread(target=_pump, args=(upstream, self.request), name="forwarder-back")
            back.start()
            _pump(self.request, upstream)
            back.join()


class _Forwarder(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: str, port: int) -> None:
        self.port = port
        super().__init__((address, port), _Connection)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    """Hand on what arrives as it arrives, then say that no more will come; a side that hangs up ends its half alone."""
    with contextlib.suppress(ConnectionError):
        while piece := source.recv(_PIECE):
            sink.sendall(piece)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@contextmanager
def forwarding(address: str, ports: Iterable[int]) -> Iterator[bool]:
    """Forward each port of `address` to the same port of 127.0.0.1, for as long as the context lasts.

    The bytes are not looked at, so the service's own checks of `Host` and `Origin` hold for what comes this way.

    Yields:
        Whether it is done; False where the address is none of this machine's: Docker then runs in a machine of its own,
        as Docker Desktop does, which reaches the loopback addresses of this one by itself.

    Raises:
        CannotRunError: A port is taken on that address.
    """
    with ExitStack() as running:
        for port in sorted(set(ports)):
            try:
                server = running.enter_context(_Forwarder(address, port))
            except OSError as error:
                if error.errno == errno.EADDRNOTAVAIL:
                    yield False
                    return
                raise CannotRunError(
                    f"cannot listen on {address}:{port} for the containers: {error.strerror}"
                ) from error
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="forwarder")
            thread.start()
            running.callback(thread.join)
            running.callback(server.shutdown)
        yield True
