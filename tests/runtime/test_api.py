"""The HTTP of the Runtime API, byte by byte."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from landfast.runtime.api import Connection, DisconnectedError, Request
from tests.runtime.conftest import REQUEST_ID, Lab, answer, invoke

if TYPE_CHECKING:
    from collections.abc import Iterator

NEXT = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
POST = b"POST /p HTTP/1.1\r\nHOST: x\r\ncontent-LENGTH:  5\r\n\r\nhello"


@pytest.fixture
def wire() -> Iterator[tuple[socket.socket, Connection]]:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        accepted, _ = listener.accept()
        connection = Connection(accepted, limit=100, timeout=2)
        yield client, connection
        connection.close()


def test_a_request_may_arrive_in_any_pieces(wire: tuple[socket.socket, Connection]) -> None:
    client, connection = wire
    for cut in range(1, len(POST)):
        client.sendall(POST[:cut])
        assert connection.receive() is None
        client.sendall(POST[cut:])
        assert connection.receive() == Request("POST", "/p", 5, b"hello")


def test_requests_follow_each_other_on_one_connection(wire: tuple[socket.socket, Connection]) -> None:
    client, connection = wire
    for _ in range(3):
        client.sendall(NEXT)
        assert connection.receive() == Request("GET", "/2018-06-01/runtime/invocation/next", 0, b"")
        connection.respond("200 OK", b"{}", b"A: b\r\n")
        expected = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nA: b\r\nContent-Length: 2\r\n\r\n{}"
        assert client.recv(1000) == expected


def test_a_body_over_the_limit_is_not_awaited(wire: tuple[socket.socket, Connection]) -> None:
    client, connection = wire
    client.sendall(b"POST /p HTTP/1.1\r\nContent-Length: 101\r\n\r\nabc")
    assert connection.receive() == Request("POST", "/p", 101, b"")


def test_a_client_that_asks_before_it_sends_is_told_to_go_on(wire: tuple[socket.socket, Connection]) -> None:
    client, connection = wire
    client.sendall(b"POST /p HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    assert connection.receive() is None
    assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.sendall(b"ok")
    assert connection.receive() == Request("POST", "/p", 2, b"ok")


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x16\x03\x01\r\n\r\n",
        b"POST /p HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        NEXT + NEXT,
        b"",
    ],
    ids=["no HTTP", "chunked", "pipelined", "closed"],
)
def test_what_no_runtime_client_sends_ends_the_connection(
    wire: tuple[socket.socket, Connection], nonsense: bytes
) -> None:
    client, connection = wire
    client.sendall(nonsense)
    client.shutdown(socket.SHUT_WR)
    with pytest.raises(DisconnectedError):
        connection.receive()


def test_a_client_that_is_gone_is_noticed_when_answered(wire: tuple[socket.socket, Connection]) -> None:
    client, connection = wire
    client.close()
    connection.respond("200 OK", b"the peer refuses this one, which is what tells us")
    with pytest.raises(DisconnectedError):
        connection.respond("200 OK", b"{}")


def test_a_handler_that_calls_the_runtime_api_itself_disturbs_nothing(lab: Lab) -> None:
    spec = lab.function(
        """
        import os
        from urllib import error, request
        BASE = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"]
        def ask(path, body):
            try:
                with request.urlopen(BASE + path, body) as response:
                    return response.status
            except error.HTTPError as refused:
                return refused.code
        def handler(event, context):
            return [ask(path, b"{}") for path in event]
        """,
        timeout=10,
    )
    runtime = lab.runtime(spec)
    paths = ["/2020-01-01/extension/register", "/2018-06-01/runtime/invocation/other/response"]
    assert [answer(invoke(runtime, paths, request_id=f"{REQUEST_ID}-{n}")) for n in range(3)] == [[404, 400]] * 3
