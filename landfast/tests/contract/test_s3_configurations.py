"""Which events a bucket's configuration lets pass, and which configurations are refused."""

from typing import Any

import pytest

from tests.contract.aws import NOBODY, REGION, Aws, refused
from tests.contract.buckets import notify, records_of, records_until_last, told

pytestmark = [
    pytest.mark.stored,
    pytest.mark.source("S3 User Guide, Event notifications: filters by event type, prefix and suffix"),
]

TAGGED = ["ObjectTagging:Delete", "ObjectTagging:Put"]


def _filter(**rules: str) -> Any:
    return {"Key": {"FilterRules": [{"Name": name, "Value": value} for name, value in rules.items()]}}


def _write(aws: Aws, bucket: str, *keys: str) -> None:
    for key in keys:
        aws.s3.put_object(Bucket=bucket, Key=key, Body=b"x")


@pytest.mark.source("recorded: localstack s3/test_s3_notifications_sqs.snapshot.json, test_notifications_with_filter")
@pytest.mark.parametrize(
    ("rules", "passes"),
    [
        ({"prefix": "in/"}, ["in/a.csv", "in/b.txt"]),
        ({"suffix": ".csv"}, ["in/a.csv", "out/a.csv"]),
        ({"prefix": "in/", "suffix": ".csv"}, ["in/a.csv"]),
        ({"Prefix": "in/", "Suffix": ".csv"}, ["in/a.csv"]),
        ({"prefix": "the out/"}, ["the+out/c.txt"]),
        ({"prefix": "IN/"}, []),
    ],
)
def test_a_prefix_and_a_suffix_choose_keys_as_they_are(aws: Aws, rules: dict[str, str], passes: list[str]) -> None:
    bucket, inbox = aws.bucket(), aws.queue()
    created = ["s3:ObjectCreated:*"]
    queues = [
        {"QueueArn": inbox.arn, "Events": created, "Filter": _filter(**rules)},
        {"QueueArn": inbox.arn, "Events": created, "Filter": _filter(prefix="last", suffix="last")},
    ]
    aws.s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": queues}
    )
    _write(aws, bucket, "in/a.csv", "in/b.txt", "out/a.csv", "the out/c.txt", "last")
    assert sorted(key for _, key in told(records_until_last(inbox))) == passes


@pytest.mark.source("S3 User Guide, Event notification types: with and without a wildcard")
@pytest.mark.parametrize(
    ("events", "names"),
    [
        (["s3:ObjectCreated:Put"], ["ObjectCreated:Put"]),
        (["s3:ObjectCreated:Put", "s3:ObjectCreated:Copy"], ["ObjectCreated:Copy", "ObjectCreated:Put"]),
        (["s3:ObjectCreated:Put", "s3:ObjectRemoved:*"], ["ObjectCreated:Put", "ObjectRemoved:Delete"]),
        (["s3:ObjectCreated:Put", "s3:ObjectTagging:*"], ["ObjectCreated:Put", *TAGGED]),
    ],
)
def test_only_events_of_the_configured_types_are_sent(aws: Aws, events: list[str], names: list[str]) -> None:
    def write(bucket: str) -> None:
        _write(aws, bucket, "a")
        aws.s3.copy_object(Bucket=bucket, Key="b", CopySource=f"{bucket}/a")
        aws.s3.put_object_tagging(Bucket=bucket, Key="a", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
        aws.s3.delete_object_tagging(Bucket=bucket, Key="a")
        aws.s3.delete_object(Bucket=bucket, Key="b")

    records = records_of(aws, write, bucket=aws.bucket(), events=events)
    assert sorted(name for name, _ in told(records)) == names


@pytest.mark.source("S3 API Reference, PutBucketNotificationConfiguration: the configuration is replaced, or removed")
def test_a_configuration_is_replaced_and_removed(aws: Aws) -> None:
    bucket, first, second = aws.bucket(), aws.queue(), aws.queue()
    notify(aws, bucket, first)
    _write(aws, bucket, "one", "last")
    notify(aws, bucket, second)
    _write(aws, bucket, "two", "last")
    aws.s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    _write(aws, bucket, "three")
    assert "QueueConfigurations" not in aws.s3.get_bucket_notification_configuration(Bucket=bucket)
    assert told(records_until_last(first)) == [("ObjectCreated:Put", "one")]
    assert told(records_until_last(second)) == [("ObjectCreated:Put", "two")]
    assert first.counts()[0] == second.counts()[0] == 0


@pytest.mark.source("S3 API Reference, GetBucketNotificationConfiguration; recorded: test_notifications_with_filter")
def test_a_configuration_is_told_as_it_was_put_with_an_id(aws: Aws) -> None:
    bucket, inbox, topic = aws.bucket(), aws.queue(), aws.topic()
    put = {
        "QueueConfigurations": [
            {"QueueArn": inbox.arn, "Events": ["s3:ObjectCreated:*"], "Filter": _filter(prefix="in/", suffix=".csv")}
        ],
        "TopicConfigurations": [{"Id": "mine", "TopicArn": topic, "Events": ["s3:ObjectRemoved:Delete"]}],
        "EventBridgeConfiguration": {},
    }
    aws.s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=put)
    got = aws.s3.get_bucket_notification_configuration(Bucket=bucket)
    del got["ResponseMetadata"]
    [queue] = got["QueueConfigurations"]
    assert queue.pop("Id")
    assert queue == {
        "QueueArn": inbox.arn,
        "Events": ["s3:ObjectCreated:*"],
        "Filter": _filter(Prefix="in/", Suffix=".csv"),
    }
    assert got["TopicConfigurations"] == put["TopicConfigurations"]
    assert got["EventBridgeConfiguration"] == {}


@pytest.mark.source("S-42; recorded: localstack s3/test_s3_notifications_sqs.snapshot.json, test_invalid_sqs_arn")
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"QueueArn": NOBODY, "Events": ["s3:ObjectCreated:*"]},
         "Unable to validate the following destination configurations"),
        ({"QueueArn": "invalid-queue", "Events": ["s3:ObjectCreated:*"]}, "The ARN could not be parsed"),
        ({"QueueArn": None, "Events": ["s3:ObjectCreated:*"], "Filter": _filter(infix="a")},
         "filter rule name must be either prefix or suffix"),
        ({"QueueArn": None, "Events": ["s3:ObjectVanished:*"]}, None),
    ],
    ids=["no such queue", "no ARN", "no such filter", "no such event"],
)  # fmt: skip
def test_s_042_a_configuration_that_cannot_work_is_refused(aws: Aws, wrong: Any, message: str | None) -> None:
    bucket, inbox = aws.bucket(), aws.queue()
    notify(aws, bucket, inbox)
    configuration = {"QueueConfigurations": [{**wrong, "QueueArn": wrong["QueueArn"] or inbox.arn}]}
    put = {"Bucket": bucket, "NotificationConfiguration": configuration}
    error = refused(aws.s3.put_bucket_notification_configuration, **put)
    assert error.get("Code") in ({"InvalidArgument"} if message else {"InvalidArgument", "MalformedXML"})
    assert message in {None, error["Message"]}
    _write(aws, bucket, "last")
    assert records_until_last(inbox) == [], "the old configuration is still there"


@pytest.mark.source("S3 User Guide, Event notifications: overlapping prefixes for one event type")
def test_s_042_configurations_that_overlap_are_refused(aws: Aws) -> None:
    bucket, inbox, other = aws.bucket(), aws.queue(), aws.queue()
    queues = [
        {"QueueArn": inbox.arn, "Events": ["s3:ObjectCreated:*"], "Filter": _filter(prefix="in/")},
        {"QueueArn": other.arn, "Events": ["s3:ObjectCreated:Put"], "Filter": _filter(prefix="in/a")},
    ]
    configuration = {"QueueConfigurations": queues}
    error = refused(
        aws.s3.put_bucket_notification_configuration, Bucket=bucket, NotificationConfiguration=configuration
    )
    assert error.get("Code") == "InvalidArgument"


@pytest.mark.source("S3 API Reference, PutBucketNotificationConfiguration: x-amz-skip-destination-validation; S-42")
def test_s_042_an_unknown_target_is_taken_when_its_check_is_skipped(aws: Aws) -> None:
    bucket = aws.bucket()
    queue = {"Id": "q", "QueueArn": f"arn:aws:sqs:{REGION}:123456789012:later", "Events": ["s3:ObjectCreated:*"]}
    aws.s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [queue]}, SkipDestinationValidation=True
    )
    assert aws.s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"] == [queue]
    _write(aws, bucket, "an upload succeeds whatever becomes of its notification")
