"""Bytes pass from one address to the other, unchanged and as they come."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.local_invoke.errors import CannotRunError
from tests.local_invoke.forwarder import forwarding

BRIDGE = "127.0.0.2"
"""An address of this machine that the service does not listen on, as Docker's bridge is one."""
ELSEWHERE = "192.0.2.250"
"""An address that nobody has (RFC 5737)."""
SECONDS = 30


@contextmanager
def answering(answer: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """A server on loopback that reads until its client has said all, then answers and hangs up."""
    got: list[bytes] = []

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            pieces = iter(lambda: connection.recv(65536), b"")
            got.append(b"".join(pieces))
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1], got
        thread.join(SECONDS)


def test_what_is_asked_and_answered_passes_unchanged_with_its_host() -> None:
    asked = b"POST / HTTP/1.1\r\nHost: localhost.localhost:1\r\n\r\n" + b"\x00\xff" * 100_000
    answer = b"HTTP/1.1 200 OK\r\n\r\n" + b"\xfe" * 200_000
    with answering(answer) as (port, got), forwarding(BRIDGE, {port}) as forwarded:
        assert forwarded
        with socket.create_connection((BRIDGE, port), SECONDS) as client:
            client.sendall(asked)
            client.shutdown(socket.SHUT_WR)
            received = b"".join(iter(lambda: client.recv(65536), b""))
    assert got == [asked]
    assert received == answer


def test_a_piece_is_handed_on_before_the_connection_ends() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, forwarding(BRIDGE, {listener.getsockname()[1]}):
        listener.settimeout(SECONDS)
        with socket.create_connection((BRIDGE, listener.getsockname()[1]), SECONDS) as client:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(SECONDS)
                client.sendall(b"ask")
                assert connection.recv(3) == b"ask"
                connection.sendall(b"answer")
                assert client.recv(6) == b"answer"


def test_no_port_is_open_any_more_when_the_context_has_ended() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with forwarding(BRIDGE, {port}):
            pass
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((BRIDGE, port), SECONDS)


def test_an_address_of_another_machine_needs_no_forwarding() -> None:
    with forwarding(ELSEWHERE, {8080}) as forwarded:
        assert not forwarded


def test_a_port_that_is_taken_is_told_in_one_line() -> None:
    with socket.create_server((BRIDGE, 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(CannotRunError, match=rf"cannot listen on {BRIDGE}:{port} .*in use"),
            forwarding(BRIDGE, {port}),
        ):
            pytest.fail("it listens")
