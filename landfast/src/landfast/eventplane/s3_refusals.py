"""What S3 refuses of calls that make events, where the engines carry them out: nothing is done, and nobody is told.

What both engines refuse is left to them.
"""

import math
import re
from collections.abc import Collection
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import parse_qsl, unquote

from landfast.eventplane import bucket_facts, not_here, notification_xml
from landfast.eventplane.bucket_facts import Seen
from landfast.eventplane.passing import Ask, Head
from landfast.eventplane.s3_requests import S3Request
from landfast.sources.notifications import InvalidArgument
from landfast.sources.refusal import Refusal

WITH_BODIES: Final = frozenset({"CompleteMultipartUpload", "DeleteObjects", "PutObjectTagging"})
"""The operations whose bodies are checked."""

_LONGEST_KEY = 1_024
_MOST_METADATA = 2_048
_MOST_DELETED = 1_000
_META = "x-amz-meta-"
_SOURCE = "x-amz-copy-source"
_OK = 200
_PART_NUMBER = re.compile("[0-9]{1,5}")
_CANNED = frozenset(
    {
        "authenticated-read", "aws-exec-read", "bucket-owner-full-control", "bucket-owner-read", "log-delivery-write",
        "private", "public-read", "public-read-write",
    }
)  # fmt: skip


def concerns(request: S3Request, head: Head) -> bool:
    """Tell whether a request may be refused here; asked for each one, so it is cheap."""
    if request.operation in WITH_BODIES:
        return True
    if request.operation == "CopyObject" and any("if-" in name for name in head.headers):
        return True
    try:
        check_head(request, head)
    except Refusal:
        return True
    return False


def check_head(request: S3Request, head: Head) -> None:
    """Look at what a request says in its head.

    The limits are those of the S3 User Guide, "Naming Amazon S3 objects", "Working with object metadata" and
    "Categorizing your objects using tags".

    Raises:
        Refusal: S3 would not do it, or nothing would come of it here.
    """
    if (error := not_here.refusal("s3", request.operation)) is not None:
        raise Refusal(error.code, error.message, status=error.status)
    check_key(request.key)
    metadata = {name.removeprefix(_META): value for name, value in head.headers.items() if name.startswith(_META)}
    if (
        size := sum(len(text.encode(errors="surrogateescape")) for pair in metadata.items() for text in pair)
    ) > _MOST_METADATA:
        message = "Your metadata headers exceed the maximum allowed metadata size"
        raise _too_large("MetadataTooLarge", message, size, _MOST_METADATA)
    source = head.headers.get(_SOURCE)
    if source is not None and not source.removeprefix("/").partition("/")[2]:
        message = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey"
        raise InvalidArgument(message, {"ArgumentName": _SOURCE, "ArgumentValue": source})
    acl = head.headers.get("x-amz-acl")
    if acl is not None and acl not in _CANNED:
        raise InvalidArgument("", {"ArgumentName": "x-amz-acl", "ArgumentValue": acl})
    tags = parse_qsl(head.headers.get("x-amz-tagging", ""), keep_blank_values=True)
    _check_tags([key for key, _ in tags])


def check_key(key: str) -> None:
    """Look at the key of an object.

    Raises:
        Refusal: It is too long.
    """
    if (size := len(key.encode())) > _LONGEST_KEY:
        raise _too_large("KeyTooLongError", "Your key is too long", size, _LONGEST_KEY)


def check_body(request: S3Request, body: bytes) -> None:
    """Look at the body of one of the operations `WITH_BODIES`.

    Sources: S3 API Reference, DeleteObjects, CompleteMultipartUpload and PutObjectTagging.

    Raises:
        Refusal: S3 would not do it.
    """
    root = notification_xml.parse(body)
    match request.operation:
        case "DeleteObjects":
            count = sum(1 for _ in notification_xml.children(root, "Object"))
            if not 0 < count <= _MOST_DELETED:
                raise notification_xml.malformed()
        case "CompleteMultipartUpload":
            numbers = [
                notification_xml.text_of(part, "PartNumber") or "" for part in notification_xml.children(root, "Part")
            ]
            if not numbers or not all(_PART_NUMBER.fullmatch(number) for number in numbers):
                raise notification_xml.malformed()
            if [*map(int, numbers)] != sorted({*map(int, numbers)}):
                message = "The list of parts was not in ascending order. Parts must be ordered by part number."
                raise Refusal("InvalidPartOrder", message)
        case _:
            sets = notification_xml.children(root, "TagSet")
            tags = [tag for each in sets for tag in notification_xml.children(each, "Tag")]
            if any(notification_xml.text_of(tag, name) is None for tag in tags for name in ("Key", "Value")):
                raise notification_xml.malformed()
            _check_tags([notification_xml.text_of(tag, "Key") or "" for tag in tags])


async def check_conditions(request: S3Request, head: Head, ask: Ask) -> None:
    """Look whether the conditions hold on which an object is made; nobody may write it meanwhile.

    Source: S3 API Reference, CopyObject and CompleteMultipartUpload.

    Raises:
        Refusal: One does not.
    """
    if request.operation not in {"CopyObject", "CompleteMultipartUpload"}:
        return
    if any(name.startswith(f"{_SOURCE}-if-") for name in head.headers):
        source = await _source(head, ask)
        if source is not None:
            _check_conditions(source, head, f"{_SOURCE}-")
    if "if-match" in head.headers or "if-none-match" in head.headers:
        there = await bucket_facts.look(ask, request.bucket, request.key)
        if there.status == _OK:
            _check_conditions(there, head, "")
        elif "if-match" in head.headers:
            raise Refusal("NoSuchKey", "The specified key does not exist.", status=404, further={"Key": request.key})


async def _source(head: Head, ask: Ask) -> Seen | None:
    """The object that is to be copied; None if the engine has to say what is wrong with it."""
    path, _, query = head.headers[_SOURCE].partition("?")
    bucket, _, key = unquote(path).removeprefix("/").partition("/")
    if bucket.startswith("arn:") or not path.isascii():
        return None
    source = await bucket_facts.look(ask, bucket, key, dict(parse_qsl(query)).get("versionId", ""))
    return source if source.status == _OK else None


def _check_conditions(there: Seen, head: Head, prefix: str) -> None:
    """See that the conditions hold; those about times count where there is none about the ETag (RFC 9110, 13.2.2)."""
    match, none_match, unmodified, modified = (
        head.headers.get(f"{prefix}{name}")
        for name in ("if-match", "if-none-match", "if-unmodified-since", "if-modified-since")
    )
    if match is not None:
        broken = "" if _matches(match, there) else "If-Match"
    else:
        broken = "If-Unmodified-Since" if there.modified > _time(unmodified, math.inf) else ""
    if none_match is not None:
        broken = broken or ("If-None-Match" if _matches(none_match, there) else "")
    elif there.modified <= _time(modified, -math.inf):
        broken = broken or "If-Modified-Since"
    if broken:
        message = "At least one of the pre-conditions you specified did not hold"
        raise Refusal("PreconditionFailed", message, status=412, further={"Condition": f"{prefix}{broken}"})


def _matches(condition: str, there: Seen) -> bool:
    return any(each.strip().strip('"') in {"*", there.etag} for each in condition.split(","))


def _time(text: str | None, otherwise: float) -> float:
    """Unix seconds; what is no time is no condition (RFC 9110, 13.1.3)."""
    try:
        return parsedate_to_datetime(text).timestamp() if text else otherwise
    except ValueError:
        return otherwise


def _check_tags(keys: Collection[str]) -> None:
    if len(set(keys)) < len(keys):
        raise Refusal("InvalidTag", "Cannot provide multiple Tags with the same key")


def _too_large(code: str, message: str, size: int, limit: int) -> Refusal:
    return Refusal(code, message, further={"Size": f"{size}", "MaxSizeAllowed": f"{limit}"})
