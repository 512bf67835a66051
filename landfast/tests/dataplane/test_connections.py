"""Several requests on one connection of an engine: each is read from where the last one ended."""

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from landfast.dataplane.clients import Clients
from landfast.dataplane.engine import Engine

SCOPE = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"
SIGNED = f"HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {SCOPE.format('s3')}\r\n"
"""The rest of a request's head, but for its end. The engines do not check the signature."""

LAST = "Connection: close\r\n"


@pytest.fixture
def connection(engine: Engine) -> Iterator[http.client.HTTPConnection]:
    with closing(http.client.HTTPConnection("127.0.0.1", engine.state.port, timeout=20)) as made:
        made.connect()
        yield made


def ask(
    connection: http.client.HTTPConnection, method: str, path: str, content: bytes | Iterator[bytes] | None = None
) -> tuple[int, bytes]:
    connection.request(method, path, content, {"Authorization": SCOPE.format("s3")})
    with connection.getresponse() as response:
        assert response.status == 204 or len(response.headers.get_all("Content-Length", [])) == 1
        return response.status, response.read()


def size(connection: http.client.HTTPConnection, path: str) -> int:
    """The length of an object, of which only the head is asked for."""
    connection.request("HEAD", path, None, {"Authorization": SCOPE.format("s3")})
    with connection.getresponse() as response:
        assert response.read() == b""
        return int(response.headers["Content-Length"])


def tables(connection: http.client.HTTPConnection) -> object:
    target = {"X-Amz-Target": "DynamoDB_20120810.ListTables", "Authorization": SCOPE.format("dynamodb")}
    connection.request("POST", "/", b"{}", {"Content-Type": "application/x-amz-json-1.0", **target})
    with connection.getresponse() as response:
        return json.loads(response.read())


def answers(engine: Engine, sent: str) -> list[bytes]:
    """What comes back until the engine ends the connection, split where a response begins."""
    answer = b""
    with socket.create_connection(("127.0.0.1", engine.state.port), timeout=20) as connection:
        connection.sendall(sent.encode())
        while piece := connection.recv(65_536):
            answer += piece
    return answer.split(b"HTTP/1.1 ")[1:]


def test_requests_with_and_without_content_follow_each_other_on_one_connection(
    clients: Clients, connection: http.client.HTTPConnection
) -> None:
    clients.s3.create_bucket(Bucket="following")
    first = connection.sock
    for number in range(3):
        text = b"x" * number
        assert ask(connection, "PUT", "/following/key", text)[0] == 200
        assert size(connection, "/following/key") == number
        assert ask(connection, "GET", "/following/key") == (200, text)
        assert ask(connection, "GET", "/following/missing")[0] == 404
        assert ask(connection, "DELETE", "/following/key") == (204, b"")
        assert tables(connection) == {"TableNames": []}
    assert connection.sock is first


def test_a_body_in_chunks_ends_where_the_next_request_begins(
    clients: Clients, connection: http.client.HTTPConnection
) -> None:
    clients.s3.create_bucket(Bucket="pieces")
    first = connection.sock
    assert ask(connection, "PUT", "/pieces/key", iter([b"a" * 70_000, b"b"]))[0] == 200
    assert ask(connection, "GET", "/pieces/key") == (200, b"a" * 70_000 + b"b")
    assert connection.sock is first


def test_requests_that_come_at_once_are_answered_one_after_the_other(clients: Clients, engine: Engine) -> None:
    clients.s3.create_bucket(Bucket="at-once")
    puts = [f"PUT /at-once/{name} {SIGNED}Content-Length: 1\r\n\r\n{name}" for name in "abc"]
    gets = [f"GET /at-once/{name} {SIGNED}{last}\r\n" for name, last in zip("abc", ["", "", LAST], strict=True)]
    told = answers(engine, "".join([*puts, *gets]))
    assert [one[:3] for one in told] == [b"200"] * 6
    assert [one[-1:] for one in told[3:]] == [b"a", b"b", b"c"]


def test_a_body_that_was_refused_unread_is_never_taken_for_a_request(clients: Clients, engine: Engine) -> None:
    clients.s3.create_bucket(Bucket="unread")
    clients.s3.put_object(Bucket="unread", Key="hidden", Body=b"of the body")
    clients.s3.put_object(Bucket="unread", Key="next", Body=b"of the next request")
    hidden = f"GET /unread/hidden {SIGNED}\r\n"
    refused = f"PUT /unread/key HTTP/1.1\r\nHost: elsewhere.example\r\nContent-Length: {len(hidden)}\r\n\r\n{hidden}"
    first, *others = answers(engine, f"{refused}GET /unread/next {SIGNED}{LAST}\r\n")
    assert first.startswith(b"403 ")
    assert others or b"connection: close" in first.lower()
    assert [one for one in others if not one.endswith(b"of the next request")] == []


@pytest.mark.parametrize("trailer", ["A: b", "A: " + "b" * 4_093], ids=len)
def test_what_a_trailer_hides_is_never_taken_for_a_request(clients: Clients, engine: Engine, trailer: str) -> None:
    clients.s3.create_bucket(Bucket="trailers")
    clients.s3.put_object(Bucket="trailers", Key="hidden", Body=b"of the trailer")
    hidden = f"GET /trailers/hidden {SIGNED}\r\n"
    chunks = f"2\r\n{{}}\r\n0\r\n{trailer}\r\n{hidden}"
    told = answers(engine, f"PUT /trailers/key {SIGNED}{LAST}Transfer-Encoding: chunked\r\n\r\n{chunks}")
    told += answers(
        engine, f"PUT /trailers/key {SIGNED}Transfer-Encoding: chunked\r\n\r\n{chunks}GET / {SIGNED}{LAST}\r\n"
    )
    assert [one for one in told if one.endswith(b"of the trailer")] == []


def test_a_client_of_http_1_0_reads_to_the_end_of_the_connection(clients: Clients, engine: Engine) -> None:
    clients.s3.create_bucket(Bucket="older")
    clients.s3.put_object(Bucket="older", Key="key", Body=b"content")
    [told] = answers(engine, f"GET /older/key {SIGNED.replace('1.1', '1.0', 1)}Connection: keep-alive\r\n\r\n")
    assert told.endswith(b"\r\n\r\ncontent")
