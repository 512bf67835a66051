"""The version of the object that an S3 event is about, where the engine doesn't say (S-37)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus

from botocore.exceptions import ClientError

from landfast.dataplane.clients import Clients


def with_versions(clients: Clients, event: Mapping[str, Any]) -> dict[str, Any]:
    """The event with the `versionId` of each object of a versioned bucket.

    It is asked of the bucket: the version with the event's ETag that was written nearest to the event's time. One that
    has been deleted meanwhile stays unnamed, and so do the deletions themselves. Where the engine keeps only whole
    seconds, the same bytes written to the same key twice in a second may both get the same version.

    Args:
        clients: Of the endpoint.
        event: In S3's own shape; as `landfast.delivery.s3_events` makes it.
    """
    return {**event, "Records": [_with_version(clients, record) for record in event["Records"]]}


def _with_version(clients: Clients, record: Mapping[str, Any]) -> Mapping[str, Any]:
    told = record["s3"]["object"]
    if "versionId" in told or not record["eventName"].startswith("ObjectCreated:"):
        return record
    bucket, key = record["s3"]["bucket"]["name"], unquote_plus(told["key"])
    written = datetime.fromisoformat(record["eventTime"])
    version_id = _newest(clients, bucket, key, told["eTag"], written) or _nearest(
        clients, bucket, key, told["eTag"], written
    )
    if version_id in {None, "null"}:
        return record
    return {**record, "s3": {**record["s3"], "object": _in_order(told, str(version_id))}}


def _newest(clients: Clients, bucket: str, key: str, etag: str, written: datetime) -> str | None:
    """The newest version, if it is the one: much quicker to ask for than all of them."""
    try:
        head = clients.s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] != "404":
            raise
        return None
    is_it = head["ETag"].strip('"') == etag and not _distance(head["LastModified"], written)[0]
    return head.get("VersionId") if is_it else None


def _nearest(clients: Clients, bucket: str, key: str, etag: str, written: datetime) -> str | None:
    pages = clients.s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key)
    candidates = [
        (*_distance(version["LastModified"], written), version["VersionId"])
        for page in pages
        for version in page.get("Versions", [])
        if version["Key"] == key and version["ETag"].strip('"') == etag
    ]
    return min(candidates)[2] if candidates else None


def _distance(modified: datetime, written: datetime) -> tuple[float, float]:
    """In whole seconds first, since the listing's time may have been cut to them."""
    cut = abs(modified.replace(microsecond=0) - written.replace(microsecond=0))
    return cut.total_seconds(), abs(modified - written).total_seconds()


def _in_order(told: Mapping[str, Any], version_id: str) -> dict[str, Any]:
    named = {**told, "versionId": version_id}
    return {key: named[key] for key in ("key", "size", "eTag", "versionId", "sequencer") if key in named}
