"""Requests that are not HTTP/1.1 (RFC 9112), or too much of it: refused in AWS's shape, and the next one is served.

Each is sent in one piece, and again cut behind its head and in its middle, since parsers take other ways then.
"""

import http.client
import itertools
import json
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from landfast.protocols import Request, Response
from landfast.service.connections import Waits
from landfast.service.proxy import Proxy

POST = b"POST /ours HTTP/1.1\r\nHost: localhost\r\n"
GET = b"GET /ours HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
LONG = b"x" * 70_000

MALFORMED = {
    "two lengths": (POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
    "two equal lengths": (POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400),
    "a list of lengths": (POST + b"Content-Length: 3, 4\r\n\r\nabcd", 400),
    "a list of equal lengths": (POST + b"Content-Length: 3, 3\r\n\r\nabc", 400),
    "length, then encoding": (POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "encoding, then length": (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400),
    "xchunkedx": (POST + b"Transfer-Encoding: xchunkedx\r\n\r\n0\r\n\r\n", 400),
    "chunked in quotes": (POST + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n', 400),
    "an unknown encoding": (POST + b"Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n", 400),
    "chunked not last": (POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400),
    "chunked twice": (POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    "two encodings": (POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", 400),
    "an encoding inside chunked": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    "an encoding in HTTP/1.0": (CHUNKED.replace(b"/1.1", b"/1.0") + b"0\r\n\r\n", 501),
    "chunk size 0x2": (CHUNKED + b"0x2\r\nab\r\n0\r\n\r\n", 400),
    "chunk size -1": (CHUNKED + b"-1\r\nab\r\n0\r\n\r\n", 400),
    "chunk size +2": (CHUNKED + b"+2\r\nab\r\n0\r\n\r\n", 400),
    "chunk size behind a space": (CHUNKED + b" 2\r\nab\r\n0\r\n\r\n", 400),
    "chunk size before a space": (CHUNKED + b"2 \r\nab\r\n0\r\n\r\n", 400),
    "chunk size 2_0": (CHUNKED + b"2_0\r\nab\r\n0\r\n\r\n", 400),
    "no chunk size": (CHUNKED + b"\r\nab\r\n0\r\n\r\n", 400),
    "a chunk size beyond 64 bits": (CHUNKED + b"ffffffffffffffffff\r\nab\r\n0\r\n\r\n", 400),
    "a chunk longer than its size": (CHUNKED + b"2\r\nabc\r\n0\r\n\r\n", 400),
    "a chunk size that ends in LF": (CHUNKED + b"2\nab\r\n0\r\n\r\n", 400),
    "a chunk that ends in LF": (CHUNKED + b"2\r\nab\n0\r\n\r\n", 400),
    "an extension with LF": (CHUNKED + b"2;a\nb\r\nab\r\n0\r\n\r\n", 400),
    "a trailer without a colon": (CHUNKED + b"2\r\nab\r\n0\r\nno colon\r\n\r\n", 400),
    "too many trailers": (
        CHUNKED + b"2\r\nab\r\n0\r\n" + b"".join(b"a%d: b\r\n" % number for number in range(1000)) + b"\r\n",
        400,
    ),
    "a long trailer": (CHUNKED + b"2\r\nab\r\n0\r\na: " + LONG + b"\r\n\r\n", 400),
    "length -1": (POST + b"Content-Length: -1\r\n\r\n", 400),
    "length +3": (POST + b"Content-Length: +3\r\n\r\nabc", 400),
    "length 3x": (POST + b"Content-Length: 3x\r\n\r\nabc", 400),
    "length 1_0": (POST + b"Content-Length: 1_0\r\n\r\n0123456789", 400),
    "an empty length": (POST + b"Content-Length: \r\n\r\n", 400),
    "a superscript three": (POST + b"Content-Length: \xb3\r\n\r\nabc", 400),
    "an Arabic three": (POST + b"Content-Length: \xd9\xa3\r\n\r\nabc", 400),
    "a length of 5,000 digits": (POST + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\nabc", 400),
    "a length beyond 64 bits": (POST + b"Content-Length: 18446744073709551616\r\n\r\nabc", 400),
    "a space in a name": (GET + b"Bad Name: x\r\n\r\n", 400),
    "a space before a colon": (POST + b"Content-Length : 0\r\n\r\n", 400),
    "an empty name": (GET + b": x\r\n\r\n", 400),
    "brackets in a name": (GET + b"a(b): x\r\n\r\n", 400),
    "a name beyond ASCII": (GET + b"a\xe9: x\r\n\r\n", 400),
    "no colon": (GET + b"nocolon\r\n\r\n", 400),
    "NUL in a value": (GET + b"a: b\x00c\r\n\r\n", 400),
    "a control character in a value": (GET + b"a: b\x01c\r\n\r\n", 400),
    "CR in a value": (GET + b"a: b\rc\r\n\r\n", 400),
    "bare LF": (b"GET /ours HTTP/1.1\nHost: localhost\n\n", 400),
    "bare LF behind a header": (GET + b"a: b\nc: d\r\n\r\n", 400),
    "bare LF at the end": (GET + b"a: b\r\n\n", 400),
    "a folded header": (GET + b"a: b\r\n c\r\n\r\n", 400),
    "a folded first header": (b"GET /ours HTTP/1.1\r\n Host: localhost\r\n\r\n", 400),
    "no host": (b"GET /ours HTTP/1.1\r\n\r\n", 400),
    "two hosts": (GET + b"Host: localhost\r\n\r\n", 400),
    "no host in HTTP/1.0": (b"GET /ours HTTP/1.0\r\n\r\n", 403),
    "another host": (b"GET /ours HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403),
    "an empty host": (b"GET /ours HTTP/1.1\r\nHost:\r\n\r\n", 403),
    "a list of hosts": (b"GET /ours HTTP/1.1\r\nHost: localhost, evil.example\r\n\r\n", 403),
    "HTTP/2.0": (GET.replace(b"/1.1", b"/2.0") + b"\r\n", 505),
    "HTTP/1.2": (GET.replace(b"/1.1", b"/1.2") + b"\r\n", 400),
    "HTTP/1.10": (GET.replace(b"/1.1", b"/1.10") + b"\r\n", 400),
    "HTTP/0.9": (b"GET /ours\r\n\r\n", 505),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "http in small letters": (GET.replace(b"HTTP", b"http") + b"\r\n", 400),
    "tabs in the request line": (b"GET\t/ours\tHTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "a space in the target": (b"GET /ours /a HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "a method of nonsense": (b"G@T /ours HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "a target without a slash": (b"GET ours HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "an absolute target of another host": (b"GET http://evil.example/ours HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "a fragment in the target": (b"GET /ours#x HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "an asterisk": (b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "CONNECT": (b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost:80\r\n\r\n", 400),
    "a control character in the target": (b"GET /ours\x01 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "a target beyond ASCII": (b"GET /ours\xff HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "a long target": (b"GET /ours" + LONG + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "a long header": (GET + b"a: " + LONG + b"\r\n\r\n", 400),
    "a long name": (GET + LONG + b": a\r\n\r\n", 400),
    "many headers": (GET + b"".join(b"a%d: b\r\n" % number for number in range(1000)) + b"\r\n", 400),
    "much in headers": (GET + b"".join(b"a%d: %s\r\n" % (number, LONG[:1000]) for number in range(90)) + b"\r\n", 431),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500, 400),
    "another expectation": (POST + b"Expect: bananas\r\nContent-Length: 0\r\n\r\n", 417),
    "nonsense": (b"nonsense\r\n\r\n", 400),
    "an origin": (GET + b"Origin: http://evil.example\r\n\r\n", 403),
    "no origin": (GET + b"Origin: null\r\n\r\n", 403),
    "a preflight": (GET.replace(b"GET", b"OPTIONS") + b"Origin: http://localhost:1\r\n\r\n", 403),
    "another site": (GET + b"Sec-Fetch-Site: cross-site\r\n\r\n", 403),
}


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    def answer(request: Request) -> Response:
        return Response(200, f"{request.target} {request.content!r}".encode())

    with Proxy("http://127.0.0.1:9", ours=lambda _: True, answer=answer, limit=100, waits=Waits(piece=1)) as made:
        yield made


@pytest.fixture
def client(proxy: Proxy) -> Iterator[socket.socket]:
    address = urlsplit(proxy.url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=30) as made:
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield made


def whole(client: socket.socket) -> tuple[int, http.client.HTTPMessage, bytes]:
    answer = http.client.HTTPResponse(client)
    try:
        answer.begin()
        return answer.status, answer.headers, answer.read()
    finally:
        answer.close()


def cuts(raw: bytes) -> list[int]:
    """Where a request is cut in two: nowhere, behind its head, and in its middle."""
    return sorted({len(raw), min(raw.find(b"\r\n\r\n") + 4, len(raw)), len(raw) // 2})


@pytest.mark.parametrize(
    ("raw", "status", "cut"),
    [
        pytest.param(raw, status, cut, id=f"{name}, cut at {cut}")
        for name, (raw, status) in MALFORMED.items()
        for cut in cuts(raw)
    ],
)
def test_a_malformed_request_is_refused_in_the_shape_of_aws(
    client: socket.socket, proxy: Proxy, raw: bytes, status: int, cut: int
) -> None:
    client.sendall(raw[:cut])
    if raw[cut:]:
        threading.Event().wait(0.01)  # so that the pieces arrive as two; if they do not, the test is the other one
        client.sendall(raw[cut:])
    got, headers, content = whole(client)
    assert got == status
    assert "text/html" not in (headers["Content-Type"] or "")
    assert not [name for name in headers if name.lower().startswith("access-control-")]
    assert headers["x-amzn-RequestId"]
    assert b"Message" in content or json.loads(content)["message"]
    assert client.recv(1) == b""
    assert asked(proxy) == 200


@pytest.mark.parametrize(
    ("raw", "content"),
    [
        (POST + b"Content-Length: 3\r\n\r\nabc", b"/ours b'abc'"),
        (CHUNKED + b"2\r\nab\r\n1;note=x\r\nc\r\n0\r\nx-trailer: y\r\n\r\n", b"/ours b'abc'"),
        (CHUNKED + b"A\r\n0123456789\r\n0\r\n\r\n", b"/ours b'0123456789'"),
        (b"GET http://localhost/ours?a=b HTTP/1.1\r\nHost: localhost\r\n\r\n", b"/ours?a=b b''"),
        (GET.replace(b"/1.1", b"/1.0") + b"\r\n", b"/ours b''"),
        (b"\r\n" + GET + b"\r\n", b"/ours b''"),
    ],
)
def test_what_is_well_formed_though_rare_is_served(client: socket.socket, raw: bytes, content: bytes) -> None:
    client.sendall(raw)
    status, _, got = whole(client)
    assert (status, got) == (200, content)


def test_a_request_hidden_behind_a_malformed_one_is_not_served(client: socket.socket) -> None:
    client.sendall(POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + GET + b"\r\n")
    received = b"".join(itertools.takewhile(bool, iter(lambda: client.recv(4096), None)))
    assert received.count(b"HTTP/1.1 ") == 1
    assert received.startswith(b"HTTP/1.1 400 ")


def asked(proxy: Proxy) -> int:
    """The status of a request of another client."""
    connection = http.client.HTTPConnection(urlsplit(proxy.url).netloc, timeout=10)
    connection.request("GET", "/ours")
    status = connection.getresponse().status
    connection.close()
    return status
