"""Which object an S3 notification is about (S-37 to S-41)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import unquote_plus

import msgspec

from backoffice.correlation import digest
from backoffice.messages import ForeignEventError, Moment, converted

__all__ = ["ForeignEventError", "Upload", "uploads"]

_UNVERSIONED = "null"
"""The version id of what was written while a bucket's versioning was off or suspended: not one of its own."""
_MOST_KEY_BYTES = 1_024


class _Object(msgspec.Struct, frozen=True, rename="camel"):
    key: str
    e_tag: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9-]{1,128}\Z")]
    version_id: Annotated[str, msgspec.Meta(pattern=r"^[!-~]{1,1024}\Z")] | None = None
    sequencer: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Fa-f]{1,64}\Z")] | None = None


class _Bucket(msgspec.Struct, frozen=True):
    name: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]{1,255}\Z")]


class _S3(msgspec.Struct, frozen=True):
    bucket: _Bucket
    object: _Object


class _Record(msgspec.Struct, frozen=True, rename="camel"):
    s3: _S3
    event_name: Annotated[str, msgspec.Meta(pattern=r"^ObjectCreated:")] = "ObjectCreated:"
    event_time: Moment | None = None


@dataclass(frozen=True)
class Upload:
    """One version of one object.

    `version` is S3's version id, or, in a bucket without versions, sequencer and ETag, which tell two
    uploads of one key apart just as well. `version_id` is None there. `sequencer` is in a form that compares as text
    (S-41), and `event_time` is UTC in milliseconds; hand-made notifications may lack either.
    """

    bucket: str
    key: str
    version: str
    version_id: str | None
    etag: str
    sequencer: str | None = None
    event_time: str | None = None

    @property
    def name(self) -> str:
        """What people call it."""
        return f"s3://{self.bucket}/{self.key}"

    @property
    def correlation_id(self) -> str:
        """The id under which everything that comes of this upload is logged; the same for every replay of it."""
        return digest(self.bucket, self.key, self.version)

    @property
    def file_digest(self) -> str:
        """What stands for bucket and key where their length would cost."""
        return digest(self.bucket, self.key)


def uploads(event: Mapping[str, Any]) -> list[Upload]:
    """Read the uploads of a notification, in its order.

    Raises:
        ForeignEventError: saying what is not as S-37 has it; an event that can't be read must not pass as done.
    """
    records = event.get("Records") if isinstance(event, Mapping) else None
    if not isinstance(records, list) or not records:
        raise ForeignEventError("the event has no Records: not an S3 notification")
    return [_upload(record) for record in records]


def _upload(record: object) -> Upload:
    if not isinstance(record, Mapping) or record.get("eventSource") != "aws:s3":
        raise ForeignEventError("eventSource is not 'aws:s3'")
    if str(record.get("eventVersion")).partition(".")[0] != "2":
        raise ForeignEventError("eventVersion is another one; this function reads version 2")
    read = converted(record, _Record, _unreadable)
    entity = read.s3.object
    version_id = None if entity.version_id == _UNVERSIONED else entity.version_id
    if version_id is None and entity.sequencer is None:
        raise _unreadable("it has neither versionId nor sequencer, so that a repeat could not be told")
    return Upload(
        bucket=read.s3.bucket.name,
        key=_key(entity.key),
        version=version_id or f"{entity.sequencer}-{entity.e_tag}",
        version_id=version_id,
        etag=entity.e_tag,
        sequencer=None if entity.sequencer is None else _comparable(entity.sequencer),
        event_time=None if read.event_time is None else _milliseconds(read.event_time),
    )


def _unreadable(reason: str) -> ForeignEventError:
    return ForeignEventError(f"the notification's record can't be read: {reason}")


def _key(encoded: str) -> str:
    try:
        key = unquote_plus(encoded, errors="strict")
        size = len(key.encode())
    except UnicodeError:
        raise _unreadable("the key is not UTF-8") from None
    if not 1 <= size <= _MOST_KEY_BYTES:
        raise _unreadable(f"the key has not 1 to {_MOST_KEY_BYTES} bytes")
    return key


def _comparable(sequencer: str) -> str:
    """Without the zeros on its right a sequencer compares as text just as if both were padded with them (S-41)."""
    return sequencer.upper().rstrip("0") or "0"


def _milliseconds(moment: datetime) -> str:
    try:
        return moment.astimezone(UTC).isoformat(timespec="milliseconds")
    except OverflowError:
        raise _unreadable("eventTime is outside of the calendar") from None
