"""S3's event notifications: built from facts, or repaired where an engine sends them wrong (S-37 to S-41).

Keys are handled as bytes throughout, so that any key comes back as it went.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from landfast.delivery.settings import Settings
from landfast.delivery.times import iso_milliseconds

EXAMPLE_SEQUENCER: Final = "0055AED6DCD90281E5"
"""The sequencer of AWS's documentation, which engines send with every event."""

DELETE_MARKER_ETAG: Final = "d41d8cd98f00b204e9800998ecf8427e"
"""The `eTag` of every delete marker (S-40)."""

_DELETED = "ObjectRemoved:Delete"
_MARKED = "ObjectRemoved:DeleteMarkerCreated"
_SEQUENCED = ("ObjectCreated:", "ObjectRemoved:", "ObjectRestore:")
_ABOUT_AN_OBJECT = ("ObjectTagging:", "ObjectAcl:")
_NEWER = "2.3"
_COMMON_SINCE = "2.4"
_KEPT_AS_IS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")
_ESCAPED = re.compile(rb"%([0-9A-Fa-f]{2})")
_DIGITS = re.compile(r"[0-9]+")
_SPACE = 0x20


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectEvent:
    """What happened to an object.

    Attributes:
        name: Of the event, e.g. ``ObjectCreated:Put``, with or without ``s3:``.
        bucket: Of the object.
        key: Of the object, not encoded.
        region: Of the bucket.
        time: Unix seconds.
        sequence: Larger for what comes later to the same key; events other than PUT and DELETE have none (S-41).
        size: Of the object, in bytes.
        etag: Of the object, without quotes.
        version_id: Of the object; empty in a bucket without versions.
        configuration_id: Of the notification.
        principal_id: Who did it.
        source_ip: From where.
        request_id: S3's id of the request.
        host_id: S3's second id of the request.
        owner_id: Who owns the bucket.
    """

    name: str
    bucket: str
    key: str
    region: str
    time: float
    sequence: int = 0
    size: int = 0
    etag: str = ""
    version_id: str = ""
    configuration_id: str = ""
    principal_id: str = ""
    source_ip: str = "127.0.0.1"
    request_id: str = ""
    host_id: str = ""
    owner_id: str = ""


def notification(fact: ObjectEvent, settings: Settings) -> dict[str, object]:
    """The event that a function gets, in the shape and the key order of S-37; its version is U-9."""
    name = fact.name.removeprefix("s3:")
    return {
        "Records": [
            {
                "eventVersion": _version(name, settings.s3_event_version),
                "eventSource": "aws:s3",
                "awsRegion": fact.region,
                "eventTime": iso_milliseconds(fact.time),
                "eventName": name,
                "userIdentity": {"principalId": fact.principal_id},
                "requestParameters": {"sourceIPAddress": fact.source_ip},
                "responseElements": {"x-amz-request-id": fact.request_id, "x-amz-id-2": fact.host_id},
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "configurationId": fact.configuration_id,
                    "bucket": {
                        "name": fact.bucket,
                        "ownerIdentity": {"principalId": fact.owner_id},
                        "arn": f"arn:aws:s3:::{fact.bucket}",
                    },
                    "object": _object(
                        name,
                        key=encode_key(fact.key),
                        size=fact.size,
                        etag=fact.etag,
                        version_id=fact.version_id,
                        sequencer=sequencer(fact.sequence),
                    ),
                },
            }
        ]
    }


def is_test_event(event: Mapping[str, object]) -> bool:
    """Whether S3 only tries its target: functions do not get such events (S-42, U-10)."""
    return event.get("Event") == "s3:TestEvent"


def normalise(
    event: Mapping[str, object], *, next_sequence: Callable[[str, str], int], settings: Settings
) -> dict[str, object]:
    """An engine's notification as S3 sends it.

    Keys are encoded as S3 encodes them, names lose their ``s3:``, sizes are numbers; the version is that of the
    settings. Parts that an engine forgets are added, empty; parts that S3 leaves out are left out. A sequencer is made
    where there is none, or only that of AWS's documentation; an engine's own is kept.

    Args:
        event: The decoded notification; not changed.
        next_sequence: Gives the next number for a bucket and a decoded key: an event normalised twice gets two.
        settings: U-9.

    Raises:
        ValueError: It is no S3 notification.
    """
    records = event.get("Records")
    if not isinstance(records, Sequence) or isinstance(records, str) or not records:
        raise ValueError(f"not an S3 notification: it has {', '.join(event) or 'nothing'}, and no Records")
    return {"Records": [_record(_part(record), next_sequence, settings) for record in records]}


def encode_key(key: str) -> str:
    """An object's key as S3 writes it into events: URL-encoded, a space as ``+``, ``/`` as it is (S-39)."""
    return _encode(key.encode("utf-8", "surrogateescape"))


def decode_key(encoded: str) -> str:
    """The key of an encoded one, however much of it is encoded."""
    return _decode(encoded).decode("utf-8", "surrogateescape")


def sequencer(sequence: int) -> str:
    """A number as S3 writes it: hexadecimal, all of one length, so that later is larger as text (S-41)."""
    return f"{sequence:018X}"


def _record(
    given: Mapping[str, object], next_sequence: Callable[[str, str], int], settings: Settings
) -> dict[str, object]:
    s3 = _part(given.get("s3"))
    bucket, item = _part(s3.get("bucket")), _part(s3.get("object"))
    name = _text(given, "eventName").removeprefix("s3:")
    bucket_name, key = _text(bucket, "name"), _decode(_text(item, "key"))
    if not name or not bucket_name or not key:
        raise ValueError("not an S3 notification: a record lacks its event name, bucket name or object key")
    order = _text(item, "sequencer")
    if order in {"", EXAMPLE_SEQUENCER} and name.startswith(_SEQUENCED):
        order = sequencer(next_sequence(bucket_name, key.decode("utf-8", "surrogateescape")))
    owner = _text(_part(bucket.get("ownerIdentity")), "principalId")
    response = _part(given.get("responseElements"))
    return {
        "eventVersion": _version(name, settings.s3_event_version),
        "eventSource": "aws:s3",
        "awsRegion": _text(given, "awsRegion"),
        "eventTime": _text(given, "eventTime"),
        "eventName": name,
        "userIdentity": {"principalId": _text(_part(given.get("userIdentity")), "principalId")},
        "requestParameters": {
            "sourceIPAddress": _text(_part(given.get("requestParameters")), "sourceIPAddress") or "127.0.0.1"
        },
        "responseElements": {
            "x-amz-request-id": _text(response, "x-amz-request-id"),
            "x-amz-id-2": _text(response, "x-amz-id-2"),
        },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": _text(s3, "configurationId"),
            "bucket": {
                "name": bucket_name,
                "ownerIdentity": {"principalId": owner},
                "arn": _text(bucket, "arn") or f"arn:aws:s3:::{bucket_name}",
            },
            "object": _object(
                name,
                key=_encode(key),
                size=_size(item.get("size", 0)),
                etag=_text(item, "eTag").strip('"'),
                version_id=_text(item, "versionId"),
                sequencer=order,
            ),
        },
    }


def _version(name: str, general: str) -> str:
    """Events about tags and access lists were ahead of the others until all had one number (S-38)."""
    newer = name.startswith(_ABOUT_AN_OBJECT) and _numbers(general) < _numbers(_COMMON_SINCE)
    return _NEWER if newer else general


def _numbers(version: str) -> list[int]:
    return [int(part) for part in _DIGITS.findall(version)]


def _object(name: str, *, key: str, size: int, etag: str, version_id: str, sequencer: str) -> dict[str, object]:
    """The object of a record: what is gone has no size and no eTag, a delete marker has an eTag only (S-40).

    Recorded of AWS (localstack, test_s3_notifications_sqs: `test_object_tagging_put_event`, `test_object_put_acl`,
    `test_restore_object`): events about tags and access lists have an eTag, and neither size nor sequencer.
    """
    made: dict[str, object] = {"key": key}
    if name == _MARKED:
        made["eTag"] = DELETE_MARKER_ETAG
    elif name.startswith(_ABOUT_AN_OBJECT):
        made["eTag"] = etag
    elif name != _DELETED:
        made["size"] = size
        made["eTag"] = etag
    if version_id and version_id != "null":
        made["versionId"] = version_id
    if name.startswith(_SEQUENCED):
        made["sequencer"] = sequencer
    return made


def _encode(key: bytes) -> str:
    return "".join(chr(byte) if byte in _KEPT_AS_IS else "+" if byte == _SPACE else f"%{byte:02X}" for byte in key)


def _decode(encoded: str) -> bytes:
    spaced = encoded.encode("utf-8", "surrogateescape").replace(b"+", b" ")
    return _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), spaced)


def _size(value: object) -> int:
    text = str(value)
    if not _DIGITS.fullmatch(text):
        raise ValueError(f"not an S3 notification: the size of an object is {value!r}")
    return int(text)


def _part(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}


def _text(part: Mapping[str, object], name: str) -> str:
    value = part.get(name)
    return "" if value is None else str(value)
