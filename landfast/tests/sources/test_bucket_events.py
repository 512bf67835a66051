"""What targets of S3's events get.

EventBridge's shapes were recorded of AWS by localstack (tests/aws/services/s3/test_s3_notifications_eventbridge, its
snapshots); deletions and access lists are from the S3 guide, "Amazon S3 event notifications to EventBridge: event
message structure".
"""

import json
from typing import Any

import pytest

from landfast.delivery.s3_events import DELETE_MARKER_ETAG, encode_key, sequencer
from landfast.delivery.settings import Settings
from landfast.sources.bucket_events import Happened, Occasion, bus_event, message, notified, trial
from landfast.sources.notifications import Notification

NOW = Occasion(
    bucket="inbox",
    region="eu-west-1",
    account="123456789012",
    time=1767323045.678,
    sequence=7,
    request_id="4442587FB7D0A2F9",
    host_id="host",
)
PUT = Happened(name="ObjectCreated:Put", key="in/a b", size=4, etag="8d777f385d3dfec8815d20f7496026dc")


def detail(happened: Happened) -> Any:
    return bus_event(happened, NOW)["detail"]


def test_s_142_event_bridge_gets_the_whole_event() -> None:
    assert bus_event(PUT, NOW) == {
        "version": "0",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": "123456789012",
        "time": "2026-01-02T03:04:05Z",
        "region": "eu-west-1",
        "resources": ["arn:aws:s3:::inbox"],
        "detail": {
            "version": "0",
            "bucket": {"name": "inbox"},
            "object": {
                "key": "in/a b",
                "size": 4,
                "etag": "8d777f385d3dfec8815d20f7496026dc",
                "sequencer": sequencer(7),
            },
            "request-id": "4442587FB7D0A2F9",
            "requester": "123456789012",
            "source-ip-address": "127.0.0.1",
            "reason": "PutObject",
        },
    }


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("ObjectCreated:Put", "PutObject"),
        ("ObjectCreated:Post", "POST Object"),
        ("ObjectCreated:Copy", "CopyObject"),
        ("ObjectCreated:CompleteMultipartUpload", "CompleteMultipartUpload"),
    ],
)
def test_s_142_event_bridge_learns_by_which_call_an_object_was_made(name: str, reason: str) -> None:
    made = bus_event(Happened(name=name, key="a"), NOW)
    assert (made["detail-type"], made["detail"]["reason"]) == ("Object Created", reason)


def test_s_142_event_bridge_learns_the_version() -> None:
    made = Happened(name=PUT.name, key="a", size=1, etag="e", version_id="v1")
    assert list(detail(made)["object"]) == ["key", "size", "etag", "version-id", "sequencer"]
    assert "version-id" not in detail(Happened(name=PUT.name, key="a", version_id="null"))["object"]


def test_s_142_event_bridge_learns_how_an_object_was_deleted() -> None:
    gone = bus_event(Happened(name="ObjectRemoved:Delete", key="a"), NOW)
    assert gone["detail-type"] == "Object Deleted"
    assert gone["detail"]["object"] == {"key": "a", "sequencer": sequencer(7)}
    assert gone["detail"]["reason"] == "DeleteObject"
    assert gone["detail"]["deletion-type"] == "Permanently Deleted"
    marked = detail(Happened(name="ObjectRemoved:DeleteMarkerCreated", key="a", version_id="v2"))
    assert marked["object"] == {
        "key": "a",
        "etag": DELETE_MARKER_ETAG,
        "version-id": "v2",
        "sequencer": sequencer(7),
    }
    assert marked["deletion-type"] == "Delete Marker Created"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ObjectTagging:Put", "Object Tags Added"),
        ("ObjectTagging:Delete", "Object Tags Deleted"),
        ("ObjectAcl:Put", "Object ACL Updated"),
    ],
)
def test_s_142_event_bridge_learns_little_about_tags_and_access_lists(name: str, kind: str) -> None:
    made = bus_event(Happened(name=name, key="a", size=1, etag="e", version_id="v1"), NOW)
    assert made["detail-type"] == kind
    assert made["detail"]["object"] == {"key": "a", "etag": "e", "version-id": "v1"}
    assert "reason" not in made["detail"]


def test_s_142_event_bridge_learns_whence_an_object_is_restored() -> None:
    made = bus_event(Happened(name="ObjectRestore:Post", key="a", size=1, etag="e", storage_class="GLACIER"), NOW)
    assert made["detail-type"] == "Object Restore Initiated"
    assert made["detail"]["object"] == {"key": "a", "size": 1, "etag": "e"}
    assert made["detail"]["source-storage-class"] == "GLACIER"


def test_s_037_notifications_carry_the_id_of_their_configuration() -> None:
    told = Notification(arn="arn", events=("s3:ObjectCreated:*",), id="cfg-1")
    record = json.loads(message(notified(PUT, NOW), told, Settings()))["Records"][0]
    assert record["s3"]["configurationId"] == "cfg-1"
    assert record["s3"]["object"] == {
        "key": encode_key("in/a b"),
        "size": 4,
        "eTag": PUT.etag,
        "sequencer": sequencer(7),
    }
    assert record["eventTime"] == "2026-01-02T03:04:05.678Z"
    assert record["userIdentity"] == {"principalId": "AWS:123456789012"}
    assert record["s3"]["bucket"]["ownerIdentity"] == {"principalId": "123456789012"}
    assert record["responseElements"] == {"x-amz-request-id": "4442587FB7D0A2F9", "x-amz-id-2": "host"}


def test_s_042_the_test_event() -> None:
    assert json.loads(trial(NOW)) == {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": "2026-01-02T03:04:05.678Z",
        "Bucket": "inbox",
        "RequestId": "4442587FB7D0A2F9",
        "HostId": "host",
    }
