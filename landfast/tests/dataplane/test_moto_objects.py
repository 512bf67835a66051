"""What moto does otherwise than AWS with objects; tests/contract has the calls that clients make."""

import base64
import hashlib
import io
import zlib
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from landfast.dataplane.moto_objects import Digests

DIGEST_OF_X = "ndTkYSaMgDT1yFZOFVxnpg=="


def checksum_of(algorithm: str, body: bytes) -> str:
    if algorithm == "CRC32":
        return base64.b64encode(zlib.crc32(body).to_bytes(4)).decode()
    return base64.b64encode(hashlib.new(algorithm, body).digest()).decode()


def _answered(environ: dict[str, Any]) -> tuple[str, bytes]:
    told: list[str] = []

    def stored(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        return [environ["wsgi.input"].read()]

    def start(status: str, headers: object, error: object = None, /) -> Callable[[bytes], object]:
        del headers, error
        told.append(status)
        return bytes  # WSGI's writer, which nobody uses

    content = b"".join(Digests(stored)({"REQUEST_METHOD": "PUT", **environ}, start))
    return told[0], content


@pytest.mark.parametrize("length", [{"CONTENT_LENGTH": "1"}, {}])
def test_a_body_with_its_own_digest_is_read_as_it_was_sent(length: dict[str, str]) -> None:
    sent = {"HTTP_CONTENT_MD5": DIGEST_OF_X, "wsgi.input": io.BytesIO(b"x"), **length}
    assert _answered(sent) == ("200 OK", b"x")


@pytest.mark.parametrize(
    ("digest", "code"),
    [("1B2M2Y8AsgTpgAmY7PhCfg==", b"BadDigest"), ("x", b"InvalidDigest"), ("eHg=", b"InvalidDigest")],
)
def test_a_body_with_another_digest_is_refused(digest: str, code: bytes) -> None:
    status, content = _answered({"HTTP_CONTENT_MD5": digest, "CONTENT_LENGTH": "1", "wsgi.input": io.BytesIO(b"x")})
    assert status == "400 Bad Request"
    assert b"<Code>%b</Code>" % code in content


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_a_body_is_stored_with_its_own_checksum_and_refused_with_another(algorithm: str) -> None:
    header = f"HTTP_X_AMZ_CHECKSUM_{algorithm}"
    sent = {"CONTENT_LENGTH": "1", header: checksum_of(algorithm, b"x")}
    assert _answered({**sent, "wsgi.input": io.BytesIO(b"x")}) == ("200 OK", b"x")
    status, content = _answered({**sent, "wsgi.input": io.BytesIO(b"y")})
    assert status == "400 Bad Request"
    assert f"<Code>BadDigest</Code><Message>The {algorithm} you specified".encode() in content


@pytest.mark.parametrize("checksum", ["~", "eA==", "\u00fc"])
def test_what_is_no_checksum_is_refused_as_such(checksum: str) -> None:
    sent = {"HTTP_X_AMZ_CHECKSUM_CRC32": checksum, "CONTENT_LENGTH": "1", "wsgi.input": io.BytesIO(b"x")}
    status, content = _answered(sent)
    assert status == "400 Bad Request"
    assert b"<Message>Value for x-amz-checksum-crc32 header is invalid.</Message>" in content


@pytest.mark.parametrize("of_another_body", [{"REQUEST_METHOD": "POST"}, {"HTTP_X_AMZ_DECODED_CONTENT_LENGTH": "1"}])
def test_a_checksum_that_is_not_that_of_the_requests_body_is_left_alone(of_another_body: dict[str, str]) -> None:
    sent = {"HTTP_X_AMZ_CHECKSUM_CRC32": "AAAAAA==", "CONTENT_LENGTH": "1", "wsgi.input": io.BytesIO(b"x")}
    assert _answered({**sent, **of_another_body}) == ("200 OK", b"x")
