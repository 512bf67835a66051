"""Which requests are which S3 operations. The forms are those of the S3 API reference."""

import pytest

from landfast.eventplane.passing import Head
from landfast.eventplane.s3_requests import EVENTS, S3Request, bucket_of_host, read, target_of

FORM = {"content-type": "multipart/form-data; boundary=b"}
COPY = {"x-amz-copy-source": "/other/key"}


def asked(method: str, target: str, host: str = "localhost:4566", **headers: str) -> S3Request | None:
    return read(
        Head(method, target, {"host": host, **{name.replace("_", "-"): each for name, each in headers.items()}})
    )


@pytest.mark.parametrize(
    ("method", "target", "headers", "operation"),
    [
        ("PUT", "/inbox/a", {}, "PutObject"),
        ("PUT", "/inbox/a?x-id=PutObject", {}, "PutObject"),
        ("PUT", "/inbox/a?X-Amz-Signature=0&X-Amz-Expires=60&X-Amz-Algorithm=A", {}, "PutObject"),
        ("PUT", "/inbox/a?AWSAccessKeyId=a&Signature=b&Expires=1", {}, "PutObject"),
        ("PUT", "/inbox/a", COPY, "CopyObject"),
        ("PUT", "/inbox/a?tagging", {}, "PutObjectTagging"),
        ("PUT", "/inbox/a?tagging=&versionId=v", {}, "PutObjectTagging"),
        ("DELETE", "/inbox/a?tagging", {}, "DeleteObjectTagging"),
        ("PUT", "/inbox/a?acl", {}, "PutObjectAcl"),
        ("POST", "/inbox/a?restore", {}, "RestoreObject"),
        ("POST", "/inbox/a?uploadId=u", {}, "CompleteMultipartUpload"),
        ("DELETE", "/inbox/a", {}, "DeleteObject"),
        ("DELETE", "/inbox/a?versionId=v&x-id=DeleteObject", {}, "DeleteObject"),
        ("POST", "/inbox?delete", {}, "DeleteObjects"),
        ("POST", "/inbox/?delete=", {}, "DeleteObjects"),
        ("POST", "/inbox", FORM, "PostObject"),
        ("POST", "/inbox/", FORM, "PostObject"),
        ("PUT", "/inbox?notification", {}, "PutBucketNotificationConfiguration"),
        ("PUT", "/inbox?replication", {}, "PutBucketReplication"),
        ("GET", "/inbox?notification=", {}, "GetBucketNotificationConfiguration"),
        ("DELETE", "/inbox", {}, "DeleteBucket"),
    ],
)
def test_s_142_calls_that_make_events_are_known(
    method: str, target: str, headers: dict[str, str], operation: str
) -> None:
    found = read(Head(method, target, {"host": "localhost", **headers}))
    assert found is not None
    assert found.operation == operation
    assert found.bucket == "inbox"
    assert found.key == ("a" if "/a" in target else "")


@pytest.mark.parametrize(
    ("method", "target", "headers"),
    [
        ("PUT", "/inbox/a?partNumber=1&uploadId=u", {}),
        ("PUT", "/inbox/a?partNumber=1&uploadId=u", COPY),
        ("POST", "/inbox/a?uploads", {}),
        ("DELETE", "/inbox/a?uploadId=u", {}),
        ("PUT", "/inbox/a?retention", {}),
        ("PUT", "/inbox/a?legal-hold", {}),
        ("GET", "/inbox/a?acl", {}),
        ("PUT", "/inbox", {}),
        ("PUT", "/inbox?acl", {}),
        ("PUT", "/inbox?tagging", {}),
        ("DELETE", "/inbox?lifecycle", {}),
        ("POST", "/inbox", {}),
        ("GET", "/", {}),
        ("PUT", "/", {}),
        ("PUT", "/inbox/%FF", {}),
        ("POST", "/", {"x-amz-target": "DynamoDB_20120810.PutItem"}),
        (
            "PUT",
            "/restapis/a",
            {"authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/apigateway/aws4_request, Signature=b"},
        ),
    ],
)
def test_s_142_other_calls_make_no_event(method: str, target: str, headers: dict[str, str]) -> None:
    assert read(Head(method, target, {"host": "localhost", **headers})) is None


@pytest.mark.parametrize(
    ("host", "bucket"),
    [
        ("inbox.localhost", "inbox"),
        ("inbox.localhost:4566", "inbox"),
        ("inbox.s3.eu-west-1.amazonaws.com", "inbox"),
        ("inbox.s3-eu-west-1.amazonaws.com", "inbox"),
        ("my.dotted.inbox.s3.amazonaws.com", "my.dotted.inbox"),
        ("inbox.s3.localhost:4566", "inbox"),
        ("s3.localhost:4566", ""),
        ("s3.eu-west-1.amazonaws.com", ""),
        ("localhost:4566", ""),
        ("127.0.0.1:4566", ""),
        ("[::1]:4566", ""),
        ("", ""),
    ],
)
def test_a_host_may_name_the_bucket(host: str, bucket: str) -> None:
    assert bucket_of_host(host) == bucket


def test_the_path_is_the_key_where_the_host_names_the_bucket() -> None:
    found = asked("PUT", "/in/a%20b+c%2Bd.txt?x-id=PutObject", host="inbox.localhost:4566")
    assert found is not None
    assert (found.bucket, found.key) == ("inbox", "in/a b+c+d.txt")
    deletion = asked("POST", "/?delete", host="inbox.localhost:4566")
    assert deletion is not None
    assert (deletion.operation, deletion.bucket, deletion.key) == ("DeleteObjects", "inbox", "")


def test_keys_are_decoded_and_keep_their_slashes() -> None:
    found = asked("PUT", "/inbox//a//%C3%A9%2F")
    assert found is not None
    assert (found.bucket, found.key) == ("inbox", "/a//é/")


def test_a_version_is_read() -> None:
    found = asked("DELETE", "/inbox/a?versionId=v%2F1")
    assert found is not None
    assert found.version_id == "v/1"


@pytest.mark.parametrize("key", ["a b", "é/ü", "a+b", "a%2Fb", "/a//b/", "~a?b#c&d"])
def test_requests_of_our_own_name_any_key_and_version(key: str) -> None:
    found = asked("DELETE", target_of("inbox", key, "v&1"))
    assert found == S3Request("DeleteObject", "inbox", key, {"versionId": "v&1"})


def test_requests_of_our_own_may_be_about_a_bucket_or_a_part_of_an_object() -> None:
    assert target_of("inbox", "") == "/inbox"
    assert target_of("inbox", "", subresource="versioning") == "/inbox?versioning"
    assert target_of("inbox", "a", "v", "acl") == "/inbox/a?acl&versionId=v"


def test_s_142_every_call_has_its_event() -> None:
    events = {event for names in EVENTS.values() for event in names}
    assert events == {
        "ObjectCreated:Put",
        "ObjectCreated:Post",
        "ObjectCreated:Copy",
        "ObjectCreated:CompleteMultipartUpload",
        "ObjectRemoved:Delete",
        "ObjectRemoved:DeleteMarkerCreated",
        "ObjectTagging:Put",
        "ObjectTagging:Delete",
        "ObjectAcl:Put",
        "ObjectRestore:Post",
    }
