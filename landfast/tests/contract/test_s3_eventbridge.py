"""What a bucket sends to EventBridge."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.aws import ACCOUNT, REGION, Aws, Queue
from tests.contract.buckets import publish

pytestmark = [
    pytest.mark.stored,
    pytest.mark.source(
        "S3 User Guide, EventBridge event message structure; "
        "recorded: localstack s3/test_s3_notifications_eventbridge.snapshot.json"
    ),
]

TAGS = {"TagSet": [{"Key": "k", "Value": "v"}]}


def _watched(aws: Aws, *, versioned: bool = False) -> tuple[str, Queue]:
    """A bucket that sends to EventBridge, and a queue that gets what it sends."""
    bucket, inbox, rule = aws.bucket(versioned=versioned), aws.queue(), aws.name("rule")
    aws.s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}}}
    aws.events.put_rule(Name=rule, EventPattern=json.dumps(pattern))
    aws.events.put_targets(Rule=rule, Targets=[{"Id": "inbox", "Arn": inbox.arn}])
    return bucket, inbox


def test_an_upload_is_an_event_with_the_key_as_it_is(aws: Aws) -> None:
    bucket, inbox = _watched(aws)
    aws.s3.put_object(Bucket=bucket, Key="in/a b@ü.csv", Body=b"content")
    [event] = inbox.documents()
    assert event.pop("id")
    assert event.pop("time").endswith("Z")
    detail = event.pop("detail")
    assert event == {
        "version": "0",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": ACCOUNT,
        "region": REGION,
        "resources": [f"arn:aws:s3:::{bucket}"],
    }
    assert detail["object"].pop("sequencer")
    assert (detail.pop("request-id"), detail.pop("requester")) != ("", "")
    assert detail.pop("event-version", "1.0")
    assert detail == {
        "version": "0",
        "bucket": {"name": bucket},
        "object": {"key": "in/a b@ü.csv", "size": 7, "etag": "9a0364b9e99bb480dd25e1f0284c8555"},
        "source-ip-address": "127.0.0.1",
        "reason": "PutObject",
    }


def _multipart(aws: Aws, bucket: str) -> None:
    upload = {"Bucket": bucket, "Key": "new"}
    upload["UploadId"] = aws.s3.create_multipart_upload(**upload)["UploadId"]
    etag = aws.s3.upload_part(**upload, PartNumber=1, Body=b"x")["ETag"]
    aws.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})


CREATED = "Object Created"
DELETED = "Object Deleted"
KEY = "a"


@pytest.mark.parametrize(
    ("call", "versioned", "expected"),
    [
        (lambda aws, b: aws.s3.put_object(Bucket=b, Key=KEY), False, (CREATED, "PutObject", None)),
        (
            lambda aws, b: aws.s3.copy_object(Bucket=b, Key="copy", CopySource=f"{b}/{KEY}"),
            False,
            (CREATED, "CopyObject", None),
        ),
        (_multipart, False, (CREATED, "CompleteMultipartUpload", None)),
        (
            lambda aws, b: aws.s3.delete_object(Bucket=b, Key=KEY),
            False,
            (DELETED, "DeleteObject", "Permanently Deleted"),
        ),
        (
            lambda aws, b: aws.s3.delete_objects(Bucket=b, Delete={"Objects": [{"Key": KEY}]}),
            False,
            (DELETED, "DeleteObject", "Permanently Deleted"),
        ),
        (
            lambda aws, b: aws.s3.delete_object(Bucket=b, Key=KEY),
            True,
            (DELETED, "DeleteObject", "Delete Marker Created"),
        ),
        (
            lambda aws, b: aws.s3.put_object_tagging(Bucket=b, Key=KEY, Tagging=TAGS),
            False,
            ("Object Tags Added", None, None),
        ),
        (
            lambda aws, b: aws.s3.delete_object_tagging(Bucket=b, Key=KEY),
            False,
            ("Object Tags Deleted", None, None),
        ),
        (lambda aws, b: publish(aws, b, KEY), False, ("Object ACL Updated", None, None)),
    ],
    ids=["put", "copy", "multipart", "delete", "delete several", "delete, versioned", "tag", "untag", "acl"],
)
def test_each_operation_has_its_own_type_and_reason(
    aws: Aws,
    call: Callable[[Aws, str], object],
    versioned: bool,  # noqa: FBT001 - a case's column
    expected: Any,
) -> None:
    bucket, inbox = _watched(aws, versioned=versioned)
    aws.s3.put_object(Bucket=bucket, Key="a", Tagging="k=v")
    inbox.take()
    call(aws, bucket)
    [event] = inbox.documents()
    detail = event["detail"]
    assert (event["detail-type"], detail.get("reason"), detail.get("deletion-type")) == expected


def test_a_bucket_sends_to_eventbridge_only_when_told_so(aws: Aws) -> None:
    bucket, inbox = _watched(aws)
    aws.s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    aws.s3.put_object(Bucket=bucket, Key="untold")
    aws.s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    aws.s3.put_object(Bucket=bucket, Key="told")
    assert [event["detail"]["object"]["key"] for event in inbox.documents()] == ["told"]
    assert inbox.counts() == (0, 0, 0)
