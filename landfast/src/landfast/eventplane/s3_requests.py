"""Which S3 operation a request asks for, as far as operations make events (S-142).

Buckets are found in the path (``/bucket/key``) and in the host (``bucket.localhost``, ``bucket.s3.anything``).
Keys are UTF-8, as S3 wants them: what is no UTF-8 makes no event.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, quote, unquote

from landfast.aws_errors import signed_for
from landfast.eventplane.passing import Head

EVENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "CompleteMultipartUpload": ("ObjectCreated:CompleteMultipartUpload",),
    "CopyObject": ("ObjectCreated:Copy",),
    "DeleteObject": ("ObjectRemoved:Delete", "ObjectRemoved:DeleteMarkerCreated"),
    "DeleteObjectTagging": ("ObjectTagging:Delete",),
    "DeleteObjects": ("ObjectRemoved:Delete", "ObjectRemoved:DeleteMarkerCreated"),
    "PostObject": ("ObjectCreated:Post",),
    "PutObject": ("ObjectCreated:Put",),
    "PutObjectAcl": ("ObjectAcl:Put",),
    "PutObjectTagging": ("ObjectTagging:Put",),
    "RestoreObject": ("ObjectRestore:Post",),
}
"""The events that an operation may make."""

GET_NOTIFICATIONS: Final = "GetBucketNotificationConfiguration"
PUT_NOTIFICATIONS: Final = "PutBucketNotificationConfiguration"
DELETE_BUCKET: Final = "DeleteBucket"

_BUCKET_IN_HOST = re.compile(r"(?P<bucket>[a-z0-9][a-z0-9.-]+?)\.(?:localhost|s3[.-].+|s3)")
_NO_BUCKETS = frozenset({"s3", "www"})
_OF_ANY_REQUEST = ("x-", "response-")
_HARMLESS = frozenset({"versionid", "awsaccesskeyid", "signature", "expires"})
_PLAIN: Mapping[str, str] = {"PUT": "PutObject", "DELETE": "DeleteObject"}
_OBJECT: Mapping[tuple[str, str], str] = {
    ("PUT", "tagging"): "PutObjectTagging",
    ("DELETE", "tagging"): "DeleteObjectTagging",
    ("PUT", "acl"): "PutObjectAcl",
    ("POST", "restore"): "RestoreObject",
    ("POST", "uploadId"): "CompleteMultipartUpload",
}
_BUCKET: Mapping[tuple[str, str], str] = {
    ("GET", "notification"): GET_NOTIFICATIONS,
    ("PUT", "notification"): PUT_NOTIFICATIONS,
    ("PUT", "replication"): "PutBucketReplication",
    ("POST", "delete"): "DeleteObjects",
}


@dataclass(frozen=True, slots=True)
class S3Request:
    """A request that may make an event, or that the event plane answers or refuses.

    Attributes:
        operation: AWS's name of it.
        bucket: The bucket's name.
        key: The key of the object; empty if it is about the bucket, or if the body names the objects.
        query: The parameters after the question mark, decoded.
    """

    operation: str
    bucket: str
    key: str = ""
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def version_id(self) -> str:
        """The version that is asked for; empty without one."""
        return self.query.get("versionId", "")


def read(head: Head) -> S3Request | None:
    """Read what a request asks for; None if it makes no event."""
    if "x-amz-target" in head.headers or signed_for(head.headers.get("authorization", "")) not in {"", "s3"}:
        return None
    path, _, query_text = head.target.partition("?")
    query = dict(parse_qsl(query_text, keep_blank_values=True))
    try:
        resource = unquote(path.removeprefix("/"), errors="strict")
    except UnicodeDecodeError:
        return None
    bucket = bucket_of_host(head.headers.get("host", ""))
    key = resource
    if not bucket:
        bucket, _, key = resource.partition("/")
    operation = _operation(head, key, query) if bucket else None
    return None if operation is None else S3Request(operation, bucket, key, query)


def bucket_of_host(host: str) -> str:
    """The bucket that a host's name begins with; empty without one."""
    match = _BUCKET_IN_HOST.fullmatch(host.rpartition(":")[0] or host)
    return "" if match is None or match["bucket"] in _NO_BUCKETS else match["bucket"]


def target_of(bucket: str, key: str, version_id: str = "", subresource: str = "") -> str:
    """The target of a request of our own about an object, or about the bucket if the key is empty."""
    path = f"/{quote(bucket)}/{quote(key, safe='/~')}" if key else f"/{quote(bucket)}"
    query = "&".join(part for part in (subresource, version_id and f"versionId={quote(version_id, safe='')}") if part)
    return f"{path}?{query}" if query else path


def _operation(head: Head, key: str, query: Mapping[str, str]) -> str | None:
    asked = [name for name in query if name.lower() not in _HARMLESS and not name.lower().startswith(_OF_ANY_REQUEST)]
    if asked:  # a part of an upload has parameters, too
        table = _OBJECT if key else _BUCKET
        return next((table[head.method, name] for name in asked if (head.method, name) in table), None)
    if key:
        copied = head.method == "PUT" and "x-amz-copy-source" in head.headers
        return "CopyObject" if copied else _PLAIN.get(head.method)
    if head.method == "DELETE":
        return DELETE_BUCKET
    is_form = head.headers.get("content-type", "").lower().startswith("multipart/form-data")
    return "PostObject" if head.method == "POST" and is_form else None
