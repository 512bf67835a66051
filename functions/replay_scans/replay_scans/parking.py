"""Where what can't be replayed is kept: one object each, with its data and the reason."""

import base64
import json
from typing import TYPE_CHECKING, Any

from replay_scans.failed_range import FailureRecord
from replay_scans.reading import Missing, StreamRecord

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def parked_record(failure: FailureRecord, record: StreamRecord, reason: dict[str, str]) -> tuple[str, bytes]:
    """Return key and content for a record that failed again; the same record gets the same key."""
    content = {
        "reason": reason,
        "partitionKey": record.partition_key,
        "sequenceNumber": record.sequence_number,
        "arrived": record.arrived.isoformat(),
        "data": base64.b64encode(record.data).decode(),
    }
    return f"{_folder(failure)}/{record.sequence_number}.json", _json(failure, content)


def parked_gap(failure: FailureRecord, gap: Missing) -> tuple[str, bytes]:
    """Return key and content for a part of the range that has left the stream, so that it is not skipped silently."""
    content = {
        "reason": {"error": "LeftTheStream", "reason": "the stream keeps these records no longer"},
        "startSequenceNumber": gap.start_sequence_number,
        "endSequenceNumber": gap.end_sequence_number,
    }
    name = f"{gap.start_sequence_number}-{gap.end_sequence_number}.missing.json"
    return f"{_folder(failure)}/{name}", _json(failure, content)


def park(s3: "S3Client", bucket: str, parked: tuple[str, bytes]) -> None:
    """Write one object; a repeat writes it again."""
    key, content = parked
    s3.put_object(Bucket=bucket, Key=key, Body=content, ContentType="application/json")


def _folder(failure: FailureRecord) -> str:
    return f"{failure.range.stream_name}/{failure.range.shard_id}"


def _json(failure: FailureRecord, content: dict[str, Any]) -> bytes:
    origin = {
        "streamArn": failure.range.stream_arn,
        "shardId": failure.range.shard_id,
        "condition": failure.cause.condition,
    }
    return json.dumps(origin | content).encode()
