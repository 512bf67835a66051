"""What the engine gets to see, what the client gets back, and what happens when either of them fails."""

import asyncio
import gzip
import http.client
import itertools
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from landfast.protocols import Request, Response
from landfast.service.connections import Waits
from landfast.service.forwarding import Forwarding
from landfast.service.proxy import Proxy
from tests.service.conftest import eventually

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SIGNED_SQS = "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=b"


class Engine:
    """Answers each request on the wire as a test wants, and keeps what it got."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self.answer = answer
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.closes = False
        self.connections: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", 0), backlog=1200)
        self._threads: list[threading.Thread] = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.getsockname()[1]}"

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for connection in self.connections:
            with closing(connection), suppress(OSError):  # one side or the other has closed it before
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self.connections.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection, connection.makefile("rb") as reader:  # the proxy may go at any time
            while head := b"".join(itertools.takewhile(lambda line: line != b"\r\n", iter(reader.readline, b""))):
                self.heads.append(head)
                length = re.search(rb"(?i)content-length: (\d+)", head)
                self.bodies.append(reader.read(int(length[1])) if length else b"")
                connection.sendall(self.answer(head))
                if self.closes:
                    return


@contextmanager
def placed(answer: Callable[[bytes], bytes], **options: object) -> Iterator[tuple[Proxy, Engine]]:
    with closing(Engine(answer)) as engine, before(engine.url, **options) as proxy:
        yield proxy, engine


def before(url: str, **options: object) -> Proxy:
    def ours(request: Request) -> Response:
        return Response(200, f"ours: {request.target}".encode())

    return Proxy(url, ours=lambda target: target.startswith("/ours"), answer=ours, limit=100, **options)  # type: ignore[arg-type]


@contextmanager
def connected(proxy: Proxy) -> Iterator[http.client.HTTPConnection]:
    with closing(http.client.HTTPConnection(urlsplit(proxy.url).netloc, timeout=10)) as made:
        yield made


def status_of(proxy: Proxy, path: str = "/ours") -> int:
    with connected(proxy) as connection:
        connection.request("GET", path)
        return connection.getresponse().status


def dialled(proxy: Proxy) -> socket.socket:
    address = urlsplit(proxy.url)
    return socket.create_connection((address.hostname or "", address.port or 0), timeout=10)


def test_the_engine_sees_the_head_as_the_client_sent_it() -> None:
    with placed(lambda _: OK, key="secret") as (proxy, engine), connected(proxy) as connection:
        connection.putrequest("POST", "/a%2Fb/../c//d+e?x=%20&y=%2B", skip_host=True, skip_accept_encoding=True)
        for name, value in (
            ("Host", "bucket.s3.localhost:1"),
            ("Content-Encoding", "aws-chunked"),
            ("x-amz-meta-two", "1"),
            ("x-amz-meta-two", "2"),
            ("X-Amz-Meta-Word", "Grüße".encode()),
            ("Content-Length", "3"),
            ("Connection", "x-dropped"),
            ("x-dropped", "1"),
            ("X-Landfast-Key", "guessed"),
        ):
            connection.putheader(name, value)
        connection.endheaders(b"abc")
        assert connection.getresponse().read() == b"ok"
    head = engine.heads[0]
    assert head.startswith(b"POST /a%2Fb/../c//d+e?x=%20&y=%2B HTTP/1.1\r\n")
    lines = head.split(b"\r\n")[1:]
    for line in (
        b"Host: bucket.s3.localhost:1",
        b"x-amz-meta-two: 1",
        b"x-amz-meta-two: 2",
        b"Content-Encoding: aws-chunked",
    ):
        assert lines.count(line) == 1
    assert "X-Amz-Meta-Word: Grüße".encode() in lines
    assert [line for line in lines if line.lower().startswith(b"x-landfast-key")] == [b"X-Landfast-Key: secret"]
    assert not [line for line in lines if line.lower().startswith((b"x-dropped", b"user-agent", b"accept"))]
    assert engine.bodies == [b"abc"]


def test_compressed_contents_pass_as_they_are_in_both_directions() -> None:
    packed = gzip.compress(b"content")
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed
    with placed(lambda _: answer) as (proxy, engine), connected(proxy) as connection:
        connection.request("PUT", "/object", body=packed, headers={"Content-Encoding": "gzip"})
        assert connection.getresponse().read() == packed
    assert engine.bodies == [packed]


def test_no_answer_lets_pages_in() -> None:
    answer = OK.replace(
        b"Content-Length", b"Access-Control-Allow-Origin: *\r\naccess-control-max-age: 9\r\nContent-Length"
    )
    with placed(lambda _: answer) as (proxy, _), connected(proxy) as connection:
        connection.request("GET", "/a")
        answered = connection.getresponse()
        assert answered.read() == b"ok"
        assert not [name for name in answered.headers if name.lower().startswith("access-control-")]


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_an_answer_without_a_body_does_not_hold_up_the_next(status: bytes) -> None:
    with placed(lambda _: b"HTTP/1.1 " + status + b"\r\nETag: x\r\n\r\n") as (proxy, _), connected(proxy) as connection:
        for _ in range(2):
            connection.request("GET", "/a")
            answered = connection.getresponse()
            assert (answered.status, answered.read()) == (int(status[:3]), b"")
            assert answered.headers["ETag"] == "x"


def test_a_redirect_is_the_clients_to_follow() -> None:
    answer = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"
    with placed(lambda _: answer) as (proxy, engine):
        assert status_of(proxy, "/a") == 307
    assert len(engine.heads) == 1


def test_a_connection_that_the_engine_closed_while_it_was_idle_is_no_error() -> None:
    with placed(lambda _: OK) as (proxy, engine), connected(proxy) as connection:
        engine.closes = True
        for number in range(20):
            connection.request("POST", "/a", body=b"%d" % number)
            assert connection.getresponse().read() == b"ok"
    assert engine.bodies == [b"%d" % number for number in range(20)]


def test_an_engine_that_ends_before_it_answers_is_a_502_and_is_asked_once() -> None:
    with placed(lambda _: b"") as (proxy, engine), connected(proxy) as connection:
        engine.closes = True
        headers = {"X-Amz-Target": "AmazonSQS.SendMessage", "Authorization": SIGNED_SQS}
        connection.request("POST", "/", body=b"{}", headers=headers)
        answered = connection.getresponse()
        assert (answered.status, json.load(answered)["__type"]) == (502, "ServiceUnavailable")
    assert len(engine.heads) == 1


def test_an_engine_that_ends_in_the_middle_of_an_answer_ends_the_clients_connection() -> None:
    cut = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"
    with placed(lambda _: cut) as (proxy, engine), connected(proxy) as connection:
        engine.closes = True
        connection.request("GET", "/a")
        with pytest.raises(http.client.IncompleteRead):
            connection.getresponse().read()


HTML = b"<!DOCTYPE HTML>\n<html lang=en><title>500 Internal Server Error</title>"
JSON = {"X-Amz-Target": "DynamoDB_20120810.ExportTableToPointInTime"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("status", [404, 405, 500, 503])
@pytest.mark.parametrize(
    ("headers", "body", "pattern", "kind"),
    [
        (JSON, b"{}", rb'"__type": "\w+", "message": "[^"]*ExportTableToPointInTime', "json"),
        (FORM, b"Version=1&Action=CreateTopic", rb"<ErrorResponse><Error>.*<Message>[^<]*CreateTopic", "xml"),
        ({}, b"", rb"<Error><Code>\w+</Code><Message>[^<]*PUT /a", "xml"),
        ({"Authorization": SIGNED_SQS.replace("sqs", "scheduler")}, b"", rb'"message": "[^"]*PUT /a', "json"),
    ],
)
def test_a_page_of_the_engine_becomes_an_error_of_the_callers_protocol(
    status: int, headers: dict[str, str], body: bytes, pattern: bytes, kind: str
) -> None:
    answer = b"HTTP/1.1 %d X\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % (status, len(HTML)) + HTML
    with placed(lambda _: answer) as (proxy, _), connected(proxy) as connection:
        connection.request("PUT", "/a", body=body, headers=headers)
        answered = connection.getresponse()
        content = answered.read()
    assert answered.status == status
    assert kind in (answered.headers["Content-Type"] or "")
    assert re.search(pattern, content)
    assert answered.headers["x-amzn-RequestId"]
    assert b"html" not in content.lower()


def test_an_error_that_the_caller_can_read_passes_as_it_is() -> None:
    body = b'<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>'
    answer = b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with placed(lambda _: answer) as (proxy, _), connected(proxy) as connection:
        connection.request("GET", "/bucket/key")
        assert connection.getresponse().read() == body


def test_what_fails_here_is_a_500_with_an_id_whose_reason_is_in_the_log_alone(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(_: Request) -> Response:
        raise OSError("no space left")

    with (
        Proxy("http://127.0.0.1:9", ours=lambda _: True, answer=fail, limit=100) as proxy,
        connected(proxy) as connection,
    ):
        connection.request("POST", "/2015-03-31/functions/a/invocations", body=b"{}")
        answered = connection.getresponse()
        content = json.load(answered)
    assert (answered.status, answered.headers["x-amzn-ErrorType"]) == (500, "ServiceException")
    assert answered.headers["x-amzn-RequestId"] in content["message"]
    assert answered.headers["x-amzn-RequestId"] in caplog.text
    assert "no space left" in caplog.text
    assert "no space left" not in json.dumps(content)
    assert capfd.readouterr().err == ""


def test_a_head_that_does_not_end_is_given_up_with_an_answer() -> None:
    with before("http://127.0.0.1:9", waits=Waits(head=0.2)) as proxy, dialled(proxy) as client:
        client.sendall(b"GET /ours HTTP/1.1\r\nHost: localhost\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 408 ")
        assert client.recv(1) == b""


def skip(proxy: Proxy, seconds: float) -> None:
    """Put the proxy's clock on when it has read what was sent, and let happen what is due then."""

    async def put_on(_: Forwarding) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time
        await asyncio.sleep(0.001)
        setattr(loop, "time", lambda: now() + seconds)  # noqa: B010 - mypy would not have a method replaced
        await asyncio.sleep(0.001)

    proxy.run(put_on)


def test_the_second_head_of_a_connection_has_no_more_time_than_the_first() -> None:
    with before("http://127.0.0.1:9") as proxy, dialled(proxy) as client:
        client.sendall(b"GET /ours HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
        client.sendall(b"GET /ours")
        skip(proxy, Waits().head)
        assert client.recv(4096).startswith(b"HTTP/1.1 408 ")


def test_a_body_that_comes_after_its_head_takes_nothing_of_the_time_of_the_next_head() -> None:
    with before("http://127.0.0.1:9") as proxy, dialled(proxy) as client:
        for _ in range(3):
            client.sendall(b"POST /ours HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\n")
            skip(proxy, 0)
            client.sendall(b"abc")
            assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
            skip(proxy, Waits().head)  # it is the client's turn, for as long as it may be idle


def test_a_client_that_drips_its_head_is_given_up_all_the_same() -> None:
    with before("http://127.0.0.1:9", waits=Waits(head=0.3)) as proxy, dialled(proxy) as client:
        client.settimeout(0.02)
        answer = b""
        for byte in b"GET /ours HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 1000:
            client.sendall(bytes([byte]))
            try:
                answer = client.recv(4096)
                break
            except TimeoutError:
                continue
        assert answer.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("path", [b"/ours", b"/bucket/key"])
def test_a_body_that_does_not_come_is_given_up_with_an_answer(path: bytes) -> None:
    with placed(lambda _: OK, waits=Waits(piece=0.2)) as (proxy, _), dialled(proxy) as client:
        client.sendall(b"PUT " + path + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\nabc")
        assert client.recv(4096).startswith(b"HTTP/1.1 408 ")


def test_a_connection_may_be_idle_for_as_long_as_there_is_room() -> None:
    with before("http://127.0.0.1:9") as proxy, dialled(proxy) as client:
        for _ in range(2):
            client.sendall(b"GET /ours HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
            skip(proxy, 86_400)


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="descriptors are counted by Linux's /proc")
@pytest.mark.parametrize(
    "said", [b"", b"GET /ours HTTP/1.1\r\n", b"POST /ours HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"]
)
def test_a_thousand_slow_clients_neither_lock_others_out_nor_use_up_descriptors(said: bytes) -> None:
    with before("http://127.0.0.1:9", most=100) as proxy, ExitStack() as stack:
        earlier = descriptors()
        for _ in range(1000):
            stack.enter_context(dialled(proxy)).sendall(said)
        assert status_of(proxy) == 200
        theirs = 1000
        assert eventually(lambda: descriptors() - earlier - theirs <= 110)


@pytest.fixture
def threads() -> Callable[[], list[threading.Thread]]:
    """Those of the proxy that the test starts; a service that other tests share has its own."""
    others = set(threading.enumerate())

    def look() -> list[threading.Thread]:
        return [one for one in threading.enumerate() if one not in others and one.name.startswith(("proxy", "call"))]

    return look


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted by Linux's /proc")
def test_long_polls_hold_no_thread_and_do_not_starve_others(threads: Callable[[], list[threading.Thread]]) -> None:
    polled = threading.Event()

    def answer(head: bytes) -> bytes:
        if b"/poll" in head:
            polled.wait(30)
        return OK

    with placed(answer) as (proxy, engine), ExitStack() as stack:
        clients = [stack.enter_context(dialled(proxy)) for _ in range(200)]
        for client in clients:
            client.sendall(b"GET /poll HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert eventually(lambda: len(engine.heads) == 200, within=20)
        assert len(threads()) == 1
        assert status_of(proxy) == 200
        assert status_of(proxy, "/quick") == 200
        polled.set()
        for client in clients:
            assert client.recv(4096).startswith(b"HTTP/1.1 200 ")


def test_calls_that_block_do_not_starve_others() -> None:
    released = threading.Event()
    inside = threading.Semaphore(0)

    def answer(request: Request) -> Response:
        if request.target == "/ours/slow":
            inside.release()
            released.wait(30)
        return Response(200)

    with (
        Proxy("http://127.0.0.1:9", ours=lambda _: True, answer=answer, limit=100) as proxy,
        ExitStack() as stack,
    ):
        clients = [stack.enter_context(dialled(proxy)) for _ in range(100)]
        for client in clients:
            client.sendall(b"GET /ours/slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert all(inside.acquire(timeout=10) for _ in clients)
        assert status_of(proxy) == 200
        released.set()
        for client in clients:
            assert client.recv(4096).startswith(b"HTTP/1.1 200 ")


def test_the_end_of_the_proxy_ends_what_is_under_way_and_leaves_no_thread(
    threads: Callable[[], list[threading.Thread]],
) -> None:
    polled = threading.Event()
    with closing(Engine(lambda _: OK if polled.wait(30) else b"")) as engine, ExitStack() as stack:
        proxy = stack.enter_context(before(engine.url))
        idle, slow, polling = (stack.enter_context(dialled(proxy)) for _ in range(3))
        slow.sendall(b"GET /a")
        polling.sendall(b"GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert eventually(lambda: len(engine.heads) == 1)
        proxy.__exit__(None, None, None)
        assert polling.recv(4096).startswith(b"HTTP/1.1 503 ")
        for client in (idle, slow):
            assert ended(client)
        polled.set()
    assert eventually(lambda: not threads())


def test_a_client_that_leaves_unnoticed_does_not_keep_the_proxy_from_its_end(
    threads: Callable[[], list[threading.Thread]],
) -> None:
    polled = threading.Event()
    with closing(Engine(lambda _: OK if polled.wait(30) else b"")) as engine, ExitStack() as stack:
        proxy = stack.enter_context(before(engine.url))
        leaving, polling = (stack.enter_context(dialled(proxy)) for _ in range(2))
        for client in (leaving, polling):
            client.sendall(b"GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert eventually(lambda: len(engine.heads) == 2)

        def leave() -> None:  # in the proxy's own thread, which looks at no socket between the two
            leaving.close()
            proxy._stop.set()

        assert proxy._loop is not None
        proxy._loop.call_soon_threadsafe(leave)
        assert polling.recv(4096).startswith(b"HTTP/1.1 503 ")
        proxy.close()
        polled.set()
    assert eventually(lambda: not threads())


def ended(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


def test_a_configured_host_may_ask_and_no_other() -> None:
    with placed(lambda _: OK, hosts=["172.17.0.1"]) as (proxy, _), connected(proxy) as connection:
        for host, status in (("172.17.0.1:4566", 200), ("evil.example", 403)):
            connection.request("GET", "/a", headers={"Host": host})
            answered = connection.getresponse()
            answered.read()
            assert answered.status == status


MOST_UNDER_WAY = 24 * 1024 * 1024
"""Bytes that the buffers of two connections may hold."""


def test_an_upload_is_taken_from_the_client_no_faster_than_the_engine_takes_it() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as engine,
        before(f"http://127.0.0.1:{engine.getsockname()[1]}") as proxy,
        dialled(proxy) as client,
    ):
        client.sendall(b"PUT /bucket/key HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n")
        assert sent_until_it_stops(client) < MOST_UNDER_WAY


def test_a_download_is_taken_from_the_engine_no_faster_than_the_client_takes_it() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as engine,
        before(f"http://127.0.0.1:{engine.getsockname()[1]}") as proxy,
        dialled(proxy) as client,
    ):
        client.sendall(b"GET /bucket/key HTTP/1.1\r\nHost: localhost\r\n\r\n")
        connection, _ = engine.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
            assert sent_until_it_stops(connection) < MOST_UNDER_WAY


def sent_until_it_stops(sender: socket.socket) -> int:
    """How many bytes it takes until nobody takes any for a second."""
    sender.settimeout(1)
    sent = 0
    while sent < 2 * MOST_UNDER_WAY:
        try:
            sent += sender.send(b"x" * 65_536)
        except TimeoutError:
            break
    return sent
