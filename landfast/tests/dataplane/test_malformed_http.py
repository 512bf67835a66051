"""What no HTTP client sends, at the engines' own ports: it is refused, never in HTML, and the engine lives on."""

import io
import socket

import pytest
from werkzeug.exceptions import BadRequest

from landfast.dataplane.clients import Clients
from landfast.dataplane.engine import Engine
from landfast.dataplane.moto_http import Chunks

HEAD = "PUT /bucket/key HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
CHUNKED = f"{HEAD}Transfer-Encoding: chunked\r\n\r\n"
MALFORMED = [
    "GET / http/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "GET /a b HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "GET /\r\n\r\n",
    f"GET /{'a' * 100_000} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "\xff\xfe\x00garbage\r\n\r\n",
    f"{HEAD}X: {'a' * 100_000}\r\n\r\n",
    f"{HEAD}Foo : bar\r\n\r\n",
    f"{HEAD}foo\r\n\r\n",
    f"{HEAD}Foo: b\x00r\r\n\r\n",
    f"{HEAD}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}",
    f"{HEAD}Content-Length: -1\r\n\r\n{{}}",
    f"{HEAD}Content-Length: +2\r\n\r\n{{}}",
    f"{HEAD}Content-Length: 0_2\r\n\r\n{{}}",
    f"{HEAD}Content-Length: {'9' * 5_000}\r\n\r\n{{}}",
    f"{HEAD}Transfer-Encoding: xchunkedx\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n",
    f"{HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n",
    f"{CHUNKED}0x2\r\n{{}}\r\n0\r\n\r\n",
    f"{CHUNKED}-2\r\n{{}}\r\n0\r\n\r\n",
    f"{CHUNKED}2_0\r\n{'a' * 32}\r\n0\r\n\r\n",
    f"{CHUNKED}2\r\n{{}}XX0\r\n\r\n",
]
ONLY_MOTO = [
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    f"{HEAD}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n",
    f"{HEAD}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{{}}",
    f"{HEAD}Content-Length: {'9' * 19}\r\n\r\n{{}}",
    "GET / HTTP/1.2\r\nHost: 127.0.0.1\r\n\r\n",
]


def answered(engine: Engine, sent: str) -> bytes:
    """All that comes back until the engine ends the connection."""
    answer = b""
    with socket.create_connection(("127.0.0.1", engine.state.port), timeout=20) as connection:
        connection.sendall(sent.encode("latin-1"))
        connection.shutdown(socket.SHUT_WR)
        while piece := connection.recv(65_536):
            answer += piece
    return answer


def assert_refused(engine: Engine, sent: str) -> None:
    answer = answered(engine, sent)
    assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 501", b"HTTP/1.1 505")), answer[:300]
    assert b"<html" not in answer.lower()
    assert engine.answers()


@pytest.mark.parametrize("sent", MALFORMED, ids=lambda sent: ascii(sent[-40:]))
def test_what_is_no_http_is_refused_by_an_engine_and_not_in_html(engine: Engine, clients: Clients, sent: str) -> None:
    clients.s3.create_bucket(Bucket="bucket")
    assert_refused(engine, sent)
    assert "Contents" not in clients.s3.list_objects_v2(Bucket="bucket")


@pytest.mark.parametrize("sent", ONLY_MOTO, ids=lambda sent: ascii(sent[-40:]))
def test_moto_refuses_what_two_readers_could_understand_differently(engine: Engine, sent: str) -> None:
    if engine.state.engine != "moto":
        pytest.skip("ministack's server speaks HTTP/2, too, and reads the others by RFC 9112's rules for recipients")
    assert_refused(engine, sent)


def test_an_engine_takes_a_form_with_a_file(engine: Engine, clients: Clients) -> None:
    clients.s3.create_bucket(Bucket="forms")
    fields = 'Content-Disposition: form-data; name="key"\r\n\r\nin/${filename}\r\n--edge\r\n'
    file = 'Content-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhello\r\n--edge--\r\n'
    form = f"--edge\r\n{fields}{file}"
    head = "POST /forms HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
    head += f"Content-Type: multipart/form-data; boundary=edge\r\nContent-Length: {len(form)}\r\n\r\n"
    assert b" 204 " in answered(engine, head + form).partition(b"\r\n")[0]
    assert clients.s3.get_object(Bucket="forms", Key="in/a.txt")["Body"].read() == b"hello"


def test_an_engine_takes_a_body_in_chunks(engine: Engine, clients: Clients) -> None:
    clients.s3.create_bucket(Bucket="chunks")
    piece = "a" * 40_000
    sent = f"{CHUNKED}2;name=value\r\n{{}}\r\n{len(piece):X}\r\n{piece}\r\n0\r\nTrailer: of it\r\n\r\n"
    assert b" 200 " in answered(engine, sent.replace("/bucket/", "/chunks/")).partition(b"\r\n")[0]
    assert clients.s3.get_object(Bucket="chunks", Key="key")["Body"].read() == b"{}" + piece.encode()


@pytest.mark.parametrize(
    "sent",
    [
        b"FFFFFFFFFFFFFFF\r\n{}", b"5\r\n{}", b"5\r\n", b"", b"5", b"2\r\n{}", b"2\r\n{}\r\n", b"2\r\n{}X\r\n0\r\n\r\n",
        b"FFFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n", b" 2\r\n{}\r\n0\r\n\r\n", b"2\n{}\n0\n\n", b"2" + b" " * 5_000,
    ],
)  # fmt: skip
def test_a_chunk_that_never_comes_is_an_error_and_not_zeros(sent: bytes) -> None:
    with pytest.raises(BadRequest):
        io.BufferedReader(Chunks(io.BytesIO(sent))).read()


@pytest.mark.parametrize("trailer", [b"", b"\n", b"A: b\r\n", b"A: b\n\r\n", b"A: " + b"b" * 4_093 + b"\r\n\r\n"])
def test_a_body_has_not_ended_where_a_trailer_is_malformed(trailer: bytes) -> None:
    chunks = Chunks(io.BytesIO(b"2\r\n{}\r\n0\r\n" + trailer))
    with pytest.raises(BadRequest):
        io.BufferedReader(chunks).read()
    assert not chunks.is_exhausted
