"""What moto does otherwise than AWS with objects, mended in moto's own process.

moto stores a body that is not the one whose digest or checksum was sent with it. It fails at the end of an upload, and
at the loss of an object's tags, where there is no such upload or object, and at tags that are none.
"""

import base64
import hashlib
import io
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment
from xml.etree import ElementTree as ET

from moto.s3.exceptions import MissingKey, NoSuchUpload
from moto.s3.models import FakeKey, S3Backend
from moto.s3.responses import S3Response

from landfast import aws_errors
from landfast.aws_errors import Operation

_DIGEST: Final = "HTTP_CONTENT_MD5"
_MD5: Final = 16
"""Bytes of a digest."""

_CHECKSUMS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "CRC32": lambda body: zlib.crc32(body).to_bytes(4),
    "SHA1": lambda body: hashlib.sha1(body, usedforsecurity=False).digest(),
    "SHA256": lambda body: hashlib.sha256(body).digest(),
}
"""Those of S3's checksums that Python computes; CRC32C and CRC64NVME are taken for what they say."""

_IN_CHUNKS: Final = "HTTP_X_AMZ_DECODED_CONTENT_LENGTH"


def mend() -> None:
    """Let moto answer by what is mended; before its application is made."""
    S3Response.put_object_tagging = Requests.put_object_tagging  # type: ignore[method-assign, assignment]
    S3Backend.complete_multipart_upload = Objects.complete_multipart_upload  # type: ignore[method-assign, assignment]
    S3Backend.delete_object_tagging = Objects.delete_object_tagging  # type: ignore[method-assign, assignment]


class Digests:
    """Refuses bodies that are not those whose digests or checksums were sent with them.

    Source: S3 API Reference, PutObject and UploadPart; S3 User Guide, "Checking object integrity".

    Args:
        application: The application that answers the requests.
    """

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        digest, checksums = environ.get(_DIGEST), _checksums(environ)
        if digest is None and not checksums:
            return self._application(environ, start_response)
        length = environ.get("CONTENT_LENGTH", "")
        body = environ["wsgi.input"].read(*([int(length)] if length else []))
        environ["wsgi.input"] = io.BytesIO(body)
        refusal = (digest is not None and _refusal(digest, body)) or _mismatch(checksums, body)
        if refusal is None:
            return self._application(environ, start_response)
        answer = aws_errors.answer(Operation("rest-xml", environ["REQUEST_METHOD"], "s3"), 400, *refusal)
        start_response("400 Bad Request", [*answer.headers.items(), ("Content-Length", str(len(answer.content)))])
        return [answer.content]


class Objects(S3Backend):
    """moto's buckets, mended: the methods take the places of moto's."""

    def complete_multipart_upload(
        self, bucket_name: str, multipart_id: str, body: Iterable[tuple[int, str]]
    ) -> FakeKey | None:
        """Make an object of the parts of an upload, if it was begun and has not ended."""
        if multipart_id not in self.get_bucket(bucket_name).multiparts:
            raise NoSuchUpload(multipart_id)
        return _complete(self, bucket_name, multipart_id, iter(body))

    def delete_object_tagging(self, bucket_name: str, key_name: str, version_id: str | None = None) -> None:
        """Take the tags of an object away, if it is there."""
        if self.get_object(bucket_name, key_name, version_id=version_id) is None:
            raise MissingKey(key=key_name)
        _untag(self, bucket_name, key_name, version_id)


class Requests(S3Response):
    """moto's API of S3, mended: the method takes the place of moto's."""

    def put_object_tagging(self) -> Any:  # noqa: ANN401 - the signature is moto's
        """Set the tags of an object; none at all take away those that it has."""
        names = (each.tag.rpartition("}")[2] for each in ET.fromstring(self.body).iter())  # noqa: S314 - a client's
        if "Tag" in names:
            return _tag(self)
        _, headers, content = self.delete_object_tagging()
        return 200, headers, content


_tag = S3Response.put_object_tagging
_complete, _untag = S3Backend.complete_multipart_upload, S3Backend.delete_object_tagging


def _refusal(digest: str, body: bytes) -> tuple[str, str] | None:
    """The error's code and message; None for the right digest."""
    wanted = _decoded(digest)
    if len(wanted) != _MD5:
        return "InvalidDigest", "The Content-MD5 you specified was invalid."
    if hashlib.md5(body, usedforsecurity=False).digest() != wanted:
        return "BadDigest", "The Content-MD5 you specified did not match what we received."
    return None


def _decoded(digest: str) -> bytes:
    """The bytes that a digest has in Base64; none if it is no Base64."""
    try:
        return base64.b64decode(digest, validate=True)
    except ValueError:
        return b""


def _checksums(environ: WSGIEnvironment) -> Mapping[str, str]:
    """The checksums of a request's own body, by algorithm: what completes an upload has that of the whole object."""
    if environ["REQUEST_METHOD"] != "PUT" or _IN_CHUNKS in environ:
        return {}
    named = {algorithm: environ.get(f"HTTP_X_AMZ_CHECKSUM_{algorithm}") for algorithm in _CHECKSUMS}
    return {algorithm: checksum for algorithm, checksum in named.items() if checksum is not None}


def _mismatch(checksums: Mapping[str, str], body: bytes) -> tuple[str, str] | None:
    """The error's code and message; None if all are right."""
    for algorithm, checksum in checksums.items():
        computed = _CHECKSUMS[algorithm](body)
        if len(_decoded(checksum)) != len(computed):
            return "InvalidRequest", f"Value for x-amz-checksum-{algorithm.lower()} header is invalid."
        if _decoded(checksum) != computed:
            return "BadDigest", f"The {algorithm} you specified did not match the calculated checksum."
    return None
