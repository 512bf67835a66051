"""Finds what a request has done to objects: from the engine's answer, and by asking where that does not tell.

Deletions are told for keys that were not there, too: recorded of AWS (localstack, `test_delete_objects`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TypeAlias

from landfast.digits import whole_number
from landfast.eventplane import notification_xml
from landfast.eventplane.passing import Ask, EngineAnswer, Head
from landfast.eventplane.s3_requests import EVENTS, S3Request, target_of
from landfast.sources.bucket_events import DELETED, MARKED, Happened
from landfast.sources.buckets import Intent

Keys: TypeAlias = Sequence[tuple[str, str]]
"""Keys of objects, each with the version that is asked for, or an empty text."""

SIGNED: Mapping[str, str] = {
    "authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, "
    "SignedHeaders=host, Signature=0"
}
"""The signature of requests of our own: engines check none, but refuse what nobody is said to have signed."""

_OK = 200
_REDIRECTED = 300
_SEE_OTHER = 303
_NOT_FOUND = 404
_MAY_FAIL_LATE = frozenset({"CopyObject", "CompleteMultipartUpload", "DeleteObjects"})
_DELETIONS = frozenset({"DeleteObject", "DeleteObjects"})
_TELL_A_TIME = frozenset({"PutObject", "CopyObject", "CompleteMultipartUpload", "PostObject"})


@dataclass(frozen=True, slots=True)
class Seen:
    """The engine's knowledge of an object.

    Attributes:
        status: The HTTP status.
        headers: By names in lower case.
    """

    status: int
    headers: Mapping[str, str]

    @property
    def version_id(self) -> str:
        """The object's version; empty in a bucket without versions, where engines say ``null``."""
        version_id = self.headers.get("x-amz-version-id", "")
        return "" if version_id == "null" else version_id

    @property
    def is_marker(self) -> bool:
        """True if a delete marker is what was made, or stands in its place."""
        return self.headers.get("x-amz-delete-marker", "").lower() == "true"

    @property
    def etag(self) -> str:
        """The object's ETag, without quotes."""
        return self.headers.get("etag", "").strip('"')

    @property
    def modified(self) -> float:
        """When it was written, in whole Unix seconds; 0 if nobody says."""
        text = self.headers.get("last-modified")
        return parsedate_to_datetime(text).timestamp() if text else 0.0

    def happened(self, name: str, key: str) -> Happened:
        """This object, of which an event tells."""
        return Happened(
            name=name,
            key=key,
            size=int(self.headers.get("content-length", "0")),
            etag=self.etag,
            version_id=self.version_id,
            storage_class=self.headers.get("x-amz-storage-class", "STANDARD") if "Restore" in name else "",
        )


def seen(answer: EngineAnswer) -> Seen:
    """Read what an answer says in its head."""
    return Seen(answer.status, {name.lower(): value for name, value in answer.headers.items()})


async def look(ask: Ask, bucket: str, key: str, version_id: str = "") -> Seen:
    """Ask the engine about an object."""
    return seen(await ask("HEAD", target_of(bucket, key, version_id), SIGNED))


async def access_list(ask: Ask, request: S3Request) -> bytes:
    """The object's access list, as the engine writes it."""
    return (await ask("GET", target_of(request.bucket, request.key, request.version_id, "acl"), SIGNED)).content


def succeeded(operation: str, answer: EngineAnswer) -> bool:
    """Tell whether the engine has done it; S3 answers some failures with the status of a success."""
    if answer.status >= _REDIRECTED:
        return operation == "PostObject" and answer.status == _SEE_OTHER
    if operation not in _MAY_FAIL_LATE or not answer.content:
        return True
    return notification_xml.parse(answer.content).tag.rpartition("}")[2] != "Error"


def keys_of_deletion(body: bytes) -> Keys:
    """The objects that DeleteObjects names.

    Raises:
        Refusal: The body is no XML.
    """
    root = notification_xml.parse(body)
    return [
        (notification_xml.text_of(each, "Key") or "", notification_xml.text_of(each, "VersionId") or "")
        for each in notification_xml.children(root, "Object")
    ]


async def done(head: Head, request: S3Request, keys: Keys, answer: EngineAnswer, ask: Ask) -> list[Happened]:
    """Return what a request has done that has succeeded.

    Args:
        head: The head of the client's request.
        request: The request, as it was read.
        keys: The objects that it names.
        answer: The engine's.
        ask: Asks the engine.
    """
    told = seen(answer)
    if request.operation == "DeleteObjects":
        return await _deleted(request.bucket, keys, answer, ask)
    key, version_id = keys[0]
    if request.operation == "DeleteObject":
        return [_deletion(key, version_id, told)]
    name = EVENTS[request.operation][0]
    size = _size(head) if request.operation == "PutObject" else None
    if size is not None and told.etag:
        return [Happened(name=name, key=key, size=size, etag=told.etag, version_id=told.version_id)]
    stored = await look(ask, request.bucket, key, version_id or told.version_id)
    return [stored.happened(name, key)]


async def found(intent: Intent, ask: Ask) -> list[Happened]:
    """Return what a request of unknown end has done, as far as the engine's objects tell.

    What was written in the second in which the request began may have been there before; its event is sent rather
    twice than never, and so is one about tags or an access list of an object that is there.
    """
    known: list[Happened] = []
    for key, version_id in intent.keys:
        stored = await look(ask, intent.bucket, key, version_id)
        if intent.operation in _DELETIONS:
            if stored.status == _NOT_FOUND:
                known.append(_deletion(key, version_id, stored))
        elif stored.status == _OK and not (intent.operation in _TELL_A_TIME and stored.modified < int(intent.time)):
            known.append(stored.happened(EVENTS[intent.operation][0], key))
    return known


async def _deleted(bucket: str, keys: Keys, answer: EngineAnswer, ask: Ask) -> list[Happened]:
    root = notification_xml.parse(answer.content)
    told = [
        _deletion(
            notification_xml.text_of(each, "Key") or "",
            notification_xml.text_of(each, "VersionId") or "",
            Seen(
                _OK,
                {
                    "x-amz-delete-marker": notification_xml.text_of(each, "DeleteMarker") or "",
                    "x-amz-version-id": notification_xml.text_of(each, "DeleteMarkerVersionId") or "",
                },
            ),
        )
        for each in notification_xml.children(root, "Deleted")
    ]
    if told:
        return told
    failed = {
        (notification_xml.text_of(each, "Key"), notification_xml.text_of(each, "VersionId") or "")
        for each in notification_xml.children(root, "Error")
    }
    return await _quietly(bucket, [each for each in keys if each not in failed], ask)


async def _quietly(bucket: str, keys: Keys, ask: Ask) -> list[Happened]:
    """Of deletions that the engine does not tell: in a bucket with versions, every key is asked for its marker."""
    versioning = await ask("GET", target_of(bucket, "", subresource="versioning"), SIGNED)
    has_versions = b"<Status>" in versioning.content
    return [
        _deletion(
            key,
            version_id,
            await look(ask, bucket, key) if has_versions and not version_id else Seen(_OK, {}),
        )
        for key, version_id in keys
    ]


def _deletion(key: str, version_id: str, told: Seen) -> Happened:
    """A delete marker is what a deletion makes that names no version, in a bucket with versions."""
    if told.is_marker and not version_id:
        return Happened(name=MARKED, key=key, version_id=told.version_id)
    return Happened(name=DELETED, key=key, version_id=version_id)


def _size(head: Head) -> int | None:
    """The size of what is put, as far as the request says it."""
    text = head.headers.get("x-amz-decoded-content-length")
    if text is None and "aws-chunked" not in head.headers.get("content-encoding", ""):
        text = head.headers.get("content-length")
    return None if text is None else whole_number(text)
