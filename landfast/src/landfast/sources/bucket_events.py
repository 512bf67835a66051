"""The events of S3 about an object, for each kind of target.

Topics, queues and functions get the notification of S-37. EventBridge gets another event; its shape is that of the S3
guide, "Amazon S3 event notifications to EventBridge: event message structure", and of what localstack recorded of AWS
(tests/aws/services/s3/test_s3_notifications_eventbridge).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from landfast.delivery import s3_events
from landfast.delivery.s3_events import DELETE_MARKER_ETAG, ObjectEvent
from landfast.delivery.settings import Settings
from landfast.delivery.strict_json import json_text
from landfast.delivery.times import iso_milliseconds, iso_seconds
from landfast.sources.notifications import Notification

SUBJECT: Final = "Amazon S3 Notification"
"""The subject of a topic's message."""

DELETED: Final = "ObjectRemoved:Delete"
MARKED: Final = "ObjectRemoved:DeleteMarkerCreated"

_DETAIL_TYPES: Mapping[str, str] = {
    "ObjectAcl:Put": "Object ACL Updated",
    "ObjectCreated:CompleteMultipartUpload": "Object Created",
    "ObjectCreated:Copy": "Object Created",
    "ObjectCreated:Post": "Object Created",
    "ObjectCreated:Put": "Object Created",
    DELETED: "Object Deleted",
    MARKED: "Object Deleted",
    "ObjectRestore:Post": "Object Restore Initiated",
    "ObjectTagging:Delete": "Object Tags Deleted",
    "ObjectTagging:Put": "Object Tags Added",
}
_REASONS: Mapping[str, str] = {
    "ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
    "ObjectCreated:Copy": "CopyObject",
    "ObjectCreated:Post": "POST Object",
    "ObjectCreated:Put": "PutObject",
    DELETED: "DeleteObject",
    MARKED: "DeleteObject",
}
_DELETIONS: Mapping[str, str] = {DELETED: "Permanently Deleted", MARKED: "Delete Marker Created"}
_WHOLE = ("ObjectCreated:", "ObjectRestore:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """A change of an object.

    Attributes:
        name: The name of the event, e.g. ``ObjectCreated:Put``.
        key: The key of the object, not encoded.
        size: The size of the object, in bytes.
        etag: The ETag of the object, without quotes.
        version_id: The version id of the object; empty in a bucket without versions.
        storage_class: The storage class of an object that is restored.
    """

    name: str
    key: str
    size: int = 0
    etag: str = ""
    version_id: str = ""
    storage_class: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """When and where it was done.

    Attributes:
        bucket: The bucket's name.
        region: The region of the bucket.
        account: The account of the bucket and of who did it.
        time: Unix seconds.
        sequence: Larger for what comes later.
        request_id: S3's id of the request.
        host_id: S3's second id of the request.
    """

    bucket: str
    region: str
    account: str
    time: float
    sequence: int = 0
    request_id: str = ""
    host_id: str = ""


def notified(happened: Happened, occasion: Occasion) -> ObjectEvent:
    """The facts for notifications. Who did it, and who owns the bucket, are the account: no users are known here."""
    return ObjectEvent(
        name=happened.name,
        bucket=occasion.bucket,
        key=happened.key,
        region=occasion.region,
        time=occasion.time,
        sequence=occasion.sequence,
        size=happened.size,
        etag=happened.etag,
        version_id=happened.version_id,
        principal_id=f"AWS:{occasion.account}",
        request_id=occasion.request_id,
        host_id=occasion.host_id,
        owner_id=occasion.account,
    )


def message(fact: ObjectEvent, notification: Notification, settings: Settings) -> str:
    """The text that the target of a notification gets."""
    return json_text(s3_events.notification(replace(fact, configuration_id=notification.id), settings))


def bus_event(happened: Happened, occasion: Occasion) -> Mapping[str, Any]:
    """The event that EventBridge gets, without an id."""
    detail: dict[str, Any] = {
        "version": "0",
        "bucket": {"name": occasion.bucket},
        "object": _bus_object(happened, occasion.sequence),
        "request-id": occasion.request_id,
        "requester": occasion.account,
        "source-ip-address": "127.0.0.1",
    }
    if happened.name in _REASONS:
        detail["reason"] = _REASONS[happened.name]
    if happened.name in _DELETIONS:
        detail["deletion-type"] = _DELETIONS[happened.name]
    if happened.storage_class:
        detail["source-storage-class"] = happened.storage_class
    return {
        "version": "0",
        "detail-type": _DETAIL_TYPES[happened.name],
        "source": "aws.s3",
        "account": occasion.account,
        "time": iso_seconds(occasion.time),
        "region": occasion.region,
        "resources": [f"arn:aws:s3:::{occasion.bucket}"],
        "detail": detail,
    }


def trial(occasion: Occasion) -> str:
    """Make the test event that queues and topics get when a bucket begins to tell them something (S-42)."""
    return json_text(
        {
            "Service": "Amazon S3",
            "Event": "s3:TestEvent",
            "Time": iso_milliseconds(occasion.time),
            "Bucket": occasion.bucket,
            "RequestId": occasion.request_id,
            "HostId": occasion.host_id,
        }
    )


def _bus_object(happened: Happened, sequence: int) -> Mapping[str, Any]:
    """The object as EventBridge's event has it: its key is not encoded."""
    made: dict[str, Any] = {"key": happened.key}
    if happened.name.startswith(_WHOLE):
        made["size"] = happened.size
    if happened.name == MARKED:
        made["etag"] = DELETE_MARKER_ETAG
    elif happened.name != DELETED:
        made["etag"] = happened.etag
    if happened.version_id and happened.version_id != "null":
        made["version-id"] = happened.version_id
    if happened.name in _REASONS:
        made["sequencer"] = s3_events.sequencer(sequence)
    return made
