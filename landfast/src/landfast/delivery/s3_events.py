"""S3's event notifications, built from facts (S-37 to S-41).

Keys are handled as bytes throughout, so that any key comes back as it went.
"""

import re
from dataclasses import dataclass
from typing import Final

from landfast.delivery.settings import Settings
from landfast.delivery.times import iso_milliseconds

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
    """An event of an object.

    Attributes:
        name: The name of the event, e.g. ``ObjectCreated:Put``, with or without ``s3:``.
        bucket: The bucket of the object.
        key: The key of the object, not encoded.
        region: The region of the bucket.
        time: Unix seconds.
        sequence: Larger for what comes later to the same key; events other than PUT and DELETE have none (S-41).
        size: The bytes of the object.
        etag: The ETag of the object, without quotes.
        version_id: The version of the object; empty in a bucket without versions.
        configuration_id: The id of the notification's configuration.
        principal_id: The principal that did it.
        source_ip: From where.
        request_id: S3's id of the request.
        host_id: S3's second id of the request.
        owner_id: The owner of the bucket.
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


def encode_key(key: str) -> str:
    """An object's key as S3 writes it into events: URL-encoded, a space as ``+``, ``/`` as it is (S-39)."""
    return _encode(key.encode("utf-8", "surrogateescape"))


def decode_key(encoded: str) -> str:
    """The key of an encoded one, however much of it is encoded; filters of notifications are encoded so, too."""
    return _decode(encoded).decode("utf-8", "surrogateescape")


def sequencer(sequence: int) -> str:
    """A number as S3 writes it: hexadecimal, all of one length, so that later is larger as text (S-41)."""
    return f"{sequence:018X}"


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
