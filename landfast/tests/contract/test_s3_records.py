"""S-37 to S-41: what an S3 event looks like, wherever it is sent to."""

import hashlib
import io
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

import pytest

from tests.contract.aws import REGION, Aws, eventually
from tests.contract.buckets import created_in, notify, publish, records_of, told, without_occasion

pytestmark = [
    pytest.mark.stored,
    pytest.mark.source(
        "S-37; S3 User Guide, Event message structure; recorded: localstack s3/test_s3_notifications_sqs.snapshot.json"
    ),
]


def _put(aws: Aws, *, versioned: bool = False) -> tuple[str, Any]:
    """A bucket's record of an upload."""
    bucket = aws.bucket(versioned=versioned)
    [record] = records_of(aws, lambda name: aws.s3.put_object(Bucket=name, Key="a", Body=b"content"), bucket=bucket)
    return bucket, record


def _objects(records: list[Any]) -> list[Any]:
    return [record["s3"]["object"] for record in records]


def test_s_037_s_038_a_record_has_all_the_fields_that_aws_gives_it(aws: Aws) -> None:
    bucket, record = _put(aws)
    when = record.pop("eventTime")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", when)
    assert abs((datetime.now(UTC) - datetime.fromisoformat(when)).total_seconds()) < 60
    assert record.pop("eventVersion").startswith("2.")
    assert record.pop("userIdentity")["principalId"]
    assert record.pop("requestParameters")["sourceIPAddress"] == "127.0.0.1"
    assert set(record["responseElements"]) == {"x-amz-request-id", "x-amz-id-2"}
    assert all(record.pop("responseElements").values())
    assert record["s3"]["bucket"].pop("ownerIdentity")["principalId"]
    assert int(record["s3"]["object"].pop("sequencer"), 16) > 0
    assert record == {
        "eventSource": "aws:s3",
        "awsRegion": REGION,
        "eventName": "ObjectCreated:Put",
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "0",
            "bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"},
            "object": {"key": "a", "size": 7, "eTag": hashlib.md5(b"content", usedforsecurity=False).hexdigest()},
        },
    }


@pytest.mark.source("S-37: versionId only when versioned; S3 API Reference, PutObject: the version it has made")
def test_s_037_a_record_of_a_versioned_bucket_has_the_version(aws: Aws) -> None:
    bucket, record = _put(aws, versioned=True)
    head = aws.s3.head_object(Bucket=bucket, Key="a")
    assert record["s3"]["object"]["versionId"] == head["VersionId"]
    assert f'"{record["s3"]["object"]["eTag"]}"' == head["ETag"]


@pytest.mark.source("S-40; recorded: test_object_created_and_object_removed, test_delete_objects")
def test_s_040_a_record_of_a_removal_has_no_size_and_no_etag(aws: Aws) -> None:
    bucket, _ = _put(aws)
    [gone] = records_of(aws, lambda name: aws.s3.delete_object(Bucket=name, Key="a"), bucket=bucket)
    assert set(gone["s3"]["object"]) == {"key", "sequencer"}


@pytest.mark.source("S-40: the etag of nothing and the marker's version; recorded: test_object_created_put_versioned")
def test_s_040_a_record_of_a_delete_marker_has_its_version(aws: Aws) -> None:
    bucket, created = _put(aws, versioned=True)
    versions: list[str] = []

    def delete(name: str) -> None:
        versions.append(aws.s3.delete_object(Bucket=name, Key="a")["VersionId"])
        versions.append(created["s3"]["object"]["versionId"])
        aws.s3.delete_object(Bucket=name, Key="a", VersionId=versions[1])

    records = records_of(aws, delete, bucket=bucket)
    marker, removed = (_objects([record])[0] for record in sorted(records, key=told_marker_first))
    assert int(marker.pop("sequencer"), 16) < int(removed.pop("sequencer"), 16)
    assert marker == {"key": "a", "eTag": "d41d8cd98f00b204e9800998ecf8427e", "versionId": versions[0]}
    assert removed == {"key": "a", "versionId": versions[1]}


def told_marker_first(record: Any) -> bool:
    """Sort the record of a delete marker before others."""
    return bool(record["eventName"] != "ObjectRemoved:DeleteMarkerCreated")


@pytest.mark.source("S-40; recorded: test_object_tagging_put_event, test_object_put_acl: neither size nor sequencer")
def test_s_040_records_of_tags_and_acls_have_the_etag_only(aws: Aws) -> None:
    bucket, created = _put(aws)

    def change(name: str) -> None:
        aws.s3.put_object_tagging(Bucket=name, Key="a", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
        publish(aws, name, "a")

    records = records_of(aws, change, bucket=bucket)
    assert _objects(records) == [{"key": "a", "eTag": created["s3"]["object"]["eTag"]}] * 2


@pytest.mark.source("S-39; recorded: test_key_encoding (a@b); S3 User Guide: a space is a plus sign")
@pytest.mark.parametrize(
    ("key", "encoded"),
    [
        ("a@b", "a%40b"),
        ("in/the folder/a.csv", "in/the+folder/a.csv"),
        ("a+b", "a%2Bb"),
        ("100%", "100%25"),
        ("ünï/💥", "%C3%BCn%C3%AF/%F0%9F%92%A5"),
        ("a=b&c?d#e", "a%3Db%26c%3Fd%23e"),
        ("-_.~*!'()", None),
        ("a//b/", "a//b/"),
    ],
)
def test_s_039_keys_are_url_encoded(aws: Aws, key: str, encoded: str | None) -> None:
    [record] = records_of(aws, lambda name: aws.s3.put_object(Bucket=name, Key=key), bucket=aws.bucket())
    told_key = record["s3"]["object"]["key"]
    assert unquote_plus(told_key) == key
    assert encoded is None or told_key == encoded


@pytest.mark.source("S-41; S3 User Guide, Event message structure: sequencer, to tell the order of events of one key")
def test_s_041_the_sequencer_tells_the_order_of_the_events_of_a_key(aws: Aws) -> None:
    def write(name: str) -> None:
        for number in range(6):
            aws.s3.put_object(Bucket=name, Key="a", Body=b"x" * (number + 1))
        aws.s3.delete_object(Bucket=name, Key="a")

    records = records_of(aws, write, bucket=aws.bucket())
    sequencers = {found["s3"]["object"].get("size", 7): found["s3"]["object"]["sequencer"] for found in records}
    longest = max(map(len, sequencers.values()))
    padded = [sequencers[size].ljust(longest, "0") for size in sorted(sequencers)]
    assert len(padded) == 7
    assert padded == sorted(set(padded))


@pytest.mark.source("S3 User Guide, Event message structure: size in bytes, etag; as HeadObject tells them")
def test_size_and_etag_are_those_of_the_object_however_it_was_sent(aws: Aws) -> None:
    bucket = aws.bucket()
    part = 5 * 1024 * 1024

    def write(name: str) -> None:
        aws.s3.put_object(Bucket=name, Key="crc", Body=b"x" * 100, ChecksumAlgorithm="CRC32")
        aws.s3.put_object(Bucket=name, Key="sha", Body=io.BytesIO(b"x" * 70_000), ChecksumAlgorithm="SHA256")
        aws.s3.copy_object(Bucket=name, Key="copy", CopySource=f"{name}/crc")
        upload = {"Bucket": name, "Key": "parts"}
        upload["UploadId"] = aws.s3.create_multipart_upload(**upload)["UploadId"]
        parts = [
            {"PartNumber": number, "ETag": aws.s3.upload_part(**upload, PartNumber=number, Body=b"x" * size)["ETag"]}
            for number, size in ((1, part), (2, 3))
        ]
        aws.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})

    objects = _objects(records_of(aws, write, bucket=bucket))
    assert {found["key"]: found["size"] for found in objects} == {
        "crc": 100,
        "sha": 70_000,
        "copy": 100,
        "parts": part + 3,
    }
    for found in objects:
        assert aws.s3.head_object(Bucket=bucket, Key=found["key"])["ETag"] == f'"{found["eTag"]}"'


@pytest.mark.source("S-142: queues and topics get the same record; recorded: test_s3_notifications_sns.snapshot.json")
def test_s_142_a_topic_gets_the_same_record_as_a_queue(aws: Aws) -> None:
    bucket, direct, topic, inbox = aws.bucket(), aws.queue(), aws.topic(), aws.queue()
    aws.subscribe(topic, inbox.arn)
    configuration = {
        "QueueConfigurations": [{"QueueArn": direct.arn, **created_in("queue/")}],
        "TopicConfigurations": [{"TopicArn": topic, **created_in("topic/")}],
    }
    aws.s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)
    for folder in ("queue", "topic"):
        aws.s3.put_object(Bucket=bucket, Key=f"{folder}/a b", Body=b"x")
    to_queue = direct.documents(2)[-1]
    notification = inbox.documents(2)[-1]
    assert notification["Subject"] == "Amazon S3 Notification"
    assert without_occasion(json.loads(notification["Message"])) == without_occasion(to_queue)


@pytest.mark.source("S-142, S-42; S3 User Guide, Event message structure: the test message")
def test_s_142_a_new_notification_sends_a_test_event_to_queues_and_topics(aws: Aws) -> None:
    bucket, direct, topic, inbox = aws.bucket(), aws.queue(), aws.topic(), aws.queue()
    aws.subscribe(topic, inbox.arn, RawMessageDelivery="true")
    configuration = {
        "QueueConfigurations": [{"QueueArn": direct.arn, "Events": ["s3:ObjectCreated:*"]}],
        "TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:ObjectRemoved:*"]}],
    }
    aws.s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)
    for queue in (direct, inbox):
        [event] = queue.documents()
        assert {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": bucket}.items() <= event.items()
        assert set(event) == {"Service", "Event", "Time", "Bucket", "RequestId", "HostId"}


@pytest.mark.source("S-142; S3 User Guide: a notification is for one event")
def test_two_uploads_at_once_make_two_records(aws: Aws) -> None:
    bucket, inbox = aws.bucket(), aws.queue()
    notify(aws, bucket, inbox)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: aws.s3.put_object(Bucket=bucket, Key=f"{number}", Body=b"x"), range(30)))
    aws.s3.put_object(Bucket=bucket, Key="last")
    found: list[Any] = []

    def look() -> int:
        found.extend(
            record
            for message in inbox.receive(WaitTimeSeconds=1)
            for record in json.loads(message["Body"]).get("Records", ())
        )
        return len(found)

    eventually(look, lambda count: count >= 31)
    assert sorted(told(found)) == sorted(("ObjectCreated:Put", key) for key in [*map(str, range(30)), "last"])
