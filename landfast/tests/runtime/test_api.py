"""The HTTP of the Runtime API, byte by byte."""

from __future__ import annotations

import select
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from landfast.runtime.api import Connection, DisconnectedError, Request
from tests.runtime.conftest import REQUEST_ID, Lab, answer, invoke

if TYPE_CHECKING:
    from collections.abc import Iterator

NEXT = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
POST = b"POST /p HTTP/1.1\r\nHOST: 127.0.0.1\r\ncontent-LENGTH:  5\r\n\r\nhello"
POSTING = b"POST /p HTTP/1.1\r\nHost: 127.0.0.1\r\n%b\r\n\r\n"


@pytest.fixture
def wire() -> Iterator[tuple[socket.socket, Connection]]:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        accepted, _ = listener.accept()
        connection = Connection(accepted, host="127.0.0.1", limit=100, timeout=30)
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
    client.sendall(b"POST /p HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 101\r\n\r\nabc")
    assert connection.receive() == Request("POST", "/p", 101, b"")


def test_a_client_that_asks_before_it_sends_is_told_to_go_on(wire: tuple[socket.socket, Connection]) -> None:
    client, connection = wire
    client.sendall(b"POST /p HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    assert connection.receive() is None
    assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.sendall(b"ok")
    assert connection.receive() == Request("POST", "/p", 2, b"ok")


def receive_all(connection: Connection) -> Request | None:
    """Read until there is a request, at most some megabytes."""
    return next((request for request in (connection.receive() for _ in range(1000)) if request is not None), None)


def refused(wire: tuple[socket.socket, Connection], request: bytes) -> bytes:
    """Send it, in two pieces, and see that it closes the connection: the first line of the answer."""
    client, connection = wire
    client.sendall(request[:10])
    with suppress(DisconnectedError):
        assert connection.receive() is None
        client.sendall(request[10:])
        assert connection.receive() is None, "it was not refused"
        pytest.fail("it was not refused")
    client.settimeout(30)
    answered = client.recv(1000)
    assert b"\r\nConnection: close\r\n" in answered
    return answered.partition(b"\r\n")[0]


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x16\x03\x01\r\n\r\n",
        NEXT + NEXT,
        NEXT.replace(b"\r\n", b"\n"),
        b"GET /p HTTP/1.1\r\nHost : 127.0.0.1\r\n\r\n",
        b"GET /p HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /p HTTP/1.1\r\nHost: 127.0.0.1\r\nA: b\r\n c\r\n\r\n",
        b"GET /p HTTP/1.1\r\nHost: 127.0.0.1\r\nA: b\0c\r\n\r\n",
        b"GET /p HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"CONNECT 127.0.0.1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        POSTING % b"Content-Length: 5\r\nContent-Length: 6",
        POSTING % b"Content-Length: 5\r\nContent-Length: 5",
        POSTING % b"Content-Length: 5, 5",
        POSTING % b"Content-Length: -5",
        POSTING % b"Content-Length: +5",
        POSTING % (b"Content-Length: " + b"9" * 5000),
        POSTING % b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        POSTING % b"Transfer-Encoding: chunked\r\nContent-Length: 5",
        POSTING % b"Transfer-Encoding: xchunkedx",
        POSTING % b"Transfer-Encoding: identity",
        POSTING % b"Transfer-Encoding: chunked, gzip",
        POSTING % b"Transfer-Encoding: chunked" + b"0x2\r\nhe\r\n0\r\n\r\n",
        POSTING % b"Transfer-Encoding: chunked" + b"-2\r\nhe\r\n0\r\n\r\n",
        POSTING % b"Transfer-Encoding: chunked" + b"F" * 17 + b"\r\nhe\r\n0\r\n\r\n",
        POSTING % b"Transfer-Encoding: chunked" + b"2\r\nhello\r\n0\r\n\r\n",
        POSTING % b"Transfer-Encoding: chunked" + b"0\r\nHost: 127.0.0.1\r\n\r\n",
    ],
)
def test_what_is_no_proper_http_is_refused_and_ends_the_connection(
    wire: tuple[socket.socket, Connection], nonsense: bytes
) -> None:
    assert refused(wire, nonsense) == b"HTTP/1.1 400 Bad Request"


def test_only_http_1_1_is_spoken(wire: tuple[socket.socket, Connection]) -> None:
    assert refused(wire, NEXT.replace(b"1.1", b"1.0")) == b"HTTP/1.1 505 HTTP Version Not Supported"


@pytest.mark.parametrize(
    "header",
    [
        b"Host: evil.example",
        b"Host: localhost",
        b"Host: 127.0.0.1:1",
        b"X: y",
        b"Host: 127.0.0.1\r\nOrigin: https://evil.example",
        b"Host: 127.0.0.1\r\nORIGIN: null",
        b"Host: 127.0.0.1\r\nOrigin: http://127.0.0.1",
        b"Host: 127.0.0.1\r\nSec-Fetch-Site: cross-site",
        b"Host: 127.0.0.1\r\nsec-fetch-site: same-site",
        b"Sec-Fetch-Site: cross-site\r\nHost: 127.0.0.1",
    ],
)
@pytest.mark.parametrize("line", [b"GET /2018-06-01/runtime/invocation/next", b"POST /p", b"OPTIONS /p"])
def test_a_web_page_is_refused(wire: tuple[socket.socket, Connection], line: bytes, header: bytes) -> None:
    body = b"Content-Length: 2\r\nContent-Type: text/plain\r\n\r\n{}"
    assert refused(wire, line + b" HTTP/1.1\r\n" + header + b"\r\n" + body) == b"HTTP/1.1 403 Forbidden"


@pytest.mark.parametrize("site", [b"none", b"same-origin"])
def test_what_comes_from_no_other_page_is_served(wire: tuple[socket.socket, Connection], site: bytes) -> None:
    client, connection = wire
    client.sendall(NEXT[:-2] + b"Sec-Fetch-Site: " + site + b"\r\n\r\n")
    assert connection.receive() == Request("GET", "/2018-06-01/runtime/invocation/next", 0, b"")


def test_a_chunked_body_is_read(wire: tuple[socket.socket, Connection]) -> None:
    client, connection = wire
    client.sendall(POSTING % b"Transfer-Encoding: chunked" + b"2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nT: t\r\n\r\n")
    assert connection.receive() == Request("POST", "/p", 5, b"hello")


def test_an_endless_chunked_body_is_not_awaited(wire: tuple[socket.socket, Connection]) -> None:
    client, connection = wire
    client.sendall(POSTING % b"Transfer-Encoding: chunked" + b"32\r\n" + b"x" * 50 + b"\r\n")
    assert connection.receive() is None
    client.sendall(b"40\r\n" + b"x" * 64 + b"\r\n")
    request = connection.receive()
    assert request is not None
    assert request.length > 100
    assert request.body == b""
    client.sendall(b"40\r\n")
    with pytest.raises(DisconnectedError):
        connection.receive()


def test_an_endless_head_is_refused(wire: tuple[socket.socket, Connection]) -> None:
    client, connection = wire
    client.sendall(b"GET /p HTTP/1.1\r\n")

    def flood() -> None:
        with suppress(OSError):
            while True:
                client.sendall(b"A: " + b"x" * 60_000 + b"\r\n")

    flooder = threading.Thread(target=flood)
    flooder.start()
    with pytest.raises(DisconnectedError):
        receive_all(connection)
    connection.close()
    flooder.join()


def test_a_closed_connection_is_told(wire: tuple[socket.socket, Connection]) -> None:
    client, connection = wire
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


def test_a_web_page_gets_no_event_and_answers_none(lab: Lab) -> None:
    spec = lab.function(
        """
        import json, os, socket
        def ask(head):
            host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
            with socket.create_connection((host, int(port))) as page:
                page.sendall(head.encode() + b"Content-Length: 2\\r\\n\\r\\n{}")
                return page.recv(100).split(b"\\r\\n")[0].decode()
        def handler(event, context):
            address = os.environ["AWS_LAMBDA_RUNTIME_API"]
            answer = f"POST /2018-06-01/runtime/invocation/{context.aws_request_id}/response HTTP/1.1\\r\\n"
            following = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\n"
            return [
                ask(following + "Host: evil.example\\r\\n"),
                ask(answer + "Host: evil.example\\r\\n"),
                ask(answer + f"Host: {address}\\r\\nOrigin: http://evil.example\\r\\n"),
                ask(following + f"Host: {address}\\r\\nSec-Fetch-Site: cross-site\\r\\n"),
            ]
        """,
        timeout=10,
    )
    runtime = lab.runtime(spec)
    for _ in range(2):
        assert answer(invoke(runtime)) == ["HTTP/1.1 403 Forbidden"] * 4


def test_a_second_request_for_an_event_while_one_is_at_work_is_refused(lab: Lab) -> None:
    spec = lab.function(
        """
        import os
        from urllib import error, request
        def handler(event, context):
            try:
                address = os.environ["AWS_LAMBDA_RUNTIME_API"]
                request.urlopen(f"http://{address}/2018-06-01/runtime/invocation/next")
            except error.HTTPError as refused:
                return [refused.code, refused.read().decode()]
        """,
        timeout=10,
    )
    runtime = lab.runtime(spec)
    for _ in range(2):
        assert answer(invoke(runtime)) == [403, '{"errorType":"InvalidStateTransition"}']


def test_a_worker_that_opens_connections_without_end_keeps_its_one(lab: Lab, client: str) -> None:
    spec = lab.function(
        """
        import os, socket
        held = []
        def handler(event, context):
            host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
            for _ in range(24):
                held.append(socket.create_connection((host, int(port))))
            held[-20].recv(1)  # so many are there that this one is dropped: older ones have been before
            for each in held[:12]:
                each.close()
            return len(held)
        """,
        timeout=20,
    )
    runtime = lab.runtime(spec, client=client)
    assert [answer(invoke(runtime, request_id=f"r-{n}")) for n in range(2)] == [24, 48]
    (worker,) = runtime._functions["orders"].idle
    assert len(worker._connections) <= 16


def test_a_client_that_ends_before_it_has_read_what_was_sent_is_told_from_one_that_has_read_it(
    wire: tuple[socket.socket, Connection],
) -> None:
    client, connection = wire
    connection.respond("200 OK", b"{}")
    client.recv(1000)
    client.close()
    with pytest.raises(DisconnectedError) as ended:
        connection.receive()
    assert not ended.value.unread


@pytest.mark.parametrize("size", [2, 20_000_000])
@pytest.mark.parametrize("comes_first", ["the end", "the response"])
def test_a_client_that_ends_has_left_a_response_unread_whichever_comes_first(
    wire: tuple[socket.socket, Connection], size: int, comes_first: str
) -> None:
    client, connection = wire
    sending = threading.Thread(target=_respond, args=(connection, size))
    if comes_first == "the response":
        sending.start()
        assert select.select([client], [], [], 10)[0]
        client.close()
    else:
        client.close()
        sending.start()
    sending.join()
    with pytest.raises(DisconnectedError) as ended:
        connection.receive()
    assert ended.value.unread


def _respond(connection: Connection, size: int) -> None:
    with suppress(DisconnectedError):
        connection.respond("200 OK", b"x" * size)
