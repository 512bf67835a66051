"""Which object an S3 notification is about (S-37 to S-41)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus


class ForeignEventError(ValueError):
    """An event that is no S3 object notification of the version this function understands."""


@dataclass(frozen=True)
class Upload:
    """One version of one object.

    `version` is S3's version id, or, in a bucket without versions, sequencer and ETag, which tell two
    uploads of one key apart just as well. `version_id` is None there.
    """

    bucket: str
    key: str
    version: str
    version_id: str | None
    etag: str

    @property
    def name(self) -> str:
        """What people call it."""
        return f"s3://{self.bucket}/{self.key}"


def uploads(event: Mapping[str, Any]) -> list[Upload]:
    """Read the uploads of a notification, in its order.

    Raises:
        ForeignEventError: saying what is not as S-37 has it; an event that can't be read must not pass as done.
    """
    records = event.get("Records")
    if not isinstance(records, list) or not records:
        raise ForeignEventError("the event has no Records: not an S3 notification")
    return [_upload(record) for record in records]


def _upload(record: Mapping[str, Any]) -> Upload:
    if record.get("eventSource") != "aws:s3":
        raise ForeignEventError(f"eventSource is {record.get('eventSource')!r}, not 'aws:s3'")
    version = str(record.get("eventVersion"))
    if version.partition(".")[0] != "2":
        raise ForeignEventError(f"eventVersion is {version}; this function reads version 2")
    try:
        bucket, entity = record["s3"]["bucket"]["name"], record["s3"]["object"]
        key, etag = unquote_plus(entity["key"], errors="strict"), entity["eTag"]
        version_id = entity.get("versionId")
        return Upload(
            bucket=bucket,
            key=key,
            version=version_id or f"{entity['sequencer']}-{etag}",
            version_id=version_id,
            etag=etag,
        )
    except (KeyError, UnicodeDecodeError) as error:
        raise ForeignEventError(f"the notification's record can't be read: {error!r}") from error
