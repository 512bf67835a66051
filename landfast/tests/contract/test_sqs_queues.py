"""Queues themselves: their attributes, their counts, and looking into them."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from landfast.cli.app import app
from landfast.service.service import Service
from tests.contract.aws import ACCOUNT, REGION, Aws, Queue, eventually, refusal

pytestmark = pytest.mark.source("SQS API Reference, CreateQueue, GetQueueAttributes and SetQueueAttributes")

DEFAULTS = {
    "VisibilityTimeout": "30",
    "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600",
    "DelaySeconds": "0",
    "ReceiveMessageWaitTimeSeconds": "0",
    "SqsManagedSseEnabled": "true",
}


@pytest.mark.source("recorded: localstack sqs/test_sqs.py, test_fifo_set_content_based_deduplication_strategy")
def test_a_new_queue_has_the_attributes_that_aws_gives_it(aws: Aws) -> None:
    queue = aws.queue()
    told = dict(queue.attributes())
    assert queue.arn == f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue.url.rpartition('/')[2]}"
    for stamp in ("CreatedTimestamp", "LastModifiedTimestamp"):
        assert abs(int(told.pop(stamp)) - time.time()) < 60
    counts = {f"ApproximateNumberOfMessages{kind}": "0" for kind in ("", "NotVisible", "Delayed")}
    assert told == {"QueueArn": queue.arn, **counts, **DEFAULTS}


@pytest.mark.source("recorded: localstack sqs/test_sqs.py, test_fifo_set_content_based_deduplication_strategy")
def test_a_new_fifo_queue_has_those_of_its_kind_as_well(aws: Aws) -> None:
    told = aws.queue(FifoQueue="true").attributes()
    fifo = ("FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit")
    assert [told.get(name) for name in fifo] == ["true", "false", "queue", "perQueue"]


def test_attributes_can_be_set_and_are_told(aws: Aws) -> None:
    queue = aws.queue(VisibilityTimeout="40")
    changes = {"VisibilityTimeout": "50", "DelaySeconds": "5", "MessageRetentionPeriod": "60"}
    aws.sqs.set_queue_attributes(QueueUrl=queue.url, Attributes=changes)
    told = aws.sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=list(changes))["Attributes"]
    assert told == changes


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VisibilityTimeout", "43201"),
        ("VisibilityTimeout", "-1"),
        ("DelaySeconds", "901"),
        ("MaximumMessageSize", "1023"),
        ("MaximumMessageSize", "1048577"),
        ("MessageRetentionPeriod", "59"),
        ("MessageRetentionPeriod", "1209601"),
        ("ReceiveMessageWaitTimeSeconds", "21"),
        ("VisibilityTimeout", "a while"),
    ],
)
def test_a_value_out_of_its_range_is_refused(aws: Aws, name: str, value: str) -> None:
    queue = aws.queue()
    before = queue.attributes()[name]
    change = {"QueueUrl": queue.url, "Attributes": {name: value}}
    assert refusal(aws.sqs.set_queue_attributes, **change) == "InvalidAttributeValue"
    assert queue.attributes()[name] == before
    assert refusal(aws.sqs.create_queue, QueueName=aws.name("q"), Attributes={name: value}) == "InvalidAttributeValue"


def test_an_attribute_that_does_not_exist_is_refused(aws: Aws) -> None:
    queue = aws.queue()
    unknown = {"QueueUrl": queue.url, "Attributes": {"Colour": "red"}}
    assert refusal(aws.sqs.set_queue_attributes, **unknown) == "InvalidAttributeName"
    ask = {"QueueUrl": queue.url, "AttributeNames": ["Colour"]}
    assert refusal(aws.sqs.get_queue_attributes, **ask) == "InvalidAttributeName"


@pytest.mark.source(
    "recorded: localstack sqs/test_sqs.py, test_create_queue_with_different_attributes_raises_exception"
)
def test_a_queue_is_made_again_only_with_the_same_attributes(aws: Aws) -> None:
    name = aws.name("queue")
    first = aws.sqs.create_queue(QueueName=name, Attributes={"DelaySeconds": "1"})["QueueUrl"]
    assert aws.sqs.create_queue(QueueName=name, Attributes={"DelaySeconds": "1"})["QueueUrl"] == first
    assert aws.sqs.create_queue(QueueName=name)["QueueUrl"] == first
    assert aws.sqs.get_queue_url(QueueName=name)["QueueUrl"] == first
    other = {"QueueName": name, "Attributes": {"DelaySeconds": "2"}}
    assert refusal(aws.sqs.create_queue, **other) == "QueueAlreadyExists"


@pytest.mark.parametrize("name", ["a" * 81, "with blank", "dots.in.it", ""])
def test_a_name_that_cannot_be_is_refused(aws: Aws, name: str) -> None:
    assert refusal(aws.sqs.create_queue, QueueName=name) in {"InvalidParameterValue", "MissingParameter"}


def test_the_counts_tell_visible_and_delayed_messages_and_those_in_flight(aws: Aws) -> None:
    queue = aws.queue()
    for delay in (0, 0, 0, 60):
        queue.send("x", DelaySeconds=delay)
    assert queue.receive(MaxNumberOfMessages=1)
    assert queue.counts() == (2, 1, 1)


@pytest.mark.source("SQS API Reference, PurgeQueue; recorded: test_sqs.py, test_successive_purge_calls_fail")
def test_a_purge_deletes_everything_and_may_not_be_repeated_within_a_minute(aws: Aws) -> None:
    queue = aws.queue()
    for delay in (0, 0, 60):
        queue.send("x", DelaySeconds=delay)
    assert queue.receive(MaxNumberOfMessages=1)
    aws.sqs.purge_queue(QueueUrl=queue.url)
    assert eventually(queue.counts, lambda counts: counts == (0, 0, 0)) == (0, 0, 0)
    again = refusal(aws.sqs.purge_queue, QueueUrl=queue.url)
    assert again == "AWS.SimpleQueueService.PurgeQueueInProgress"
    queue.send("after")
    assert queue.bodies() == ["after"]


@pytest.mark.source("SQS API Reference, ListQueues and DeleteQueue")
def test_queues_are_listed_by_their_prefix_and_page_by_page_until_they_are_deleted(aws: Aws) -> None:
    prefix = aws.name("listed")
    urls = [aws.sqs.create_queue(QueueName=f"{prefix}-{number}")["QueueUrl"] for number in range(3)]
    assert aws.sqs.list_queues(QueueNamePrefix=prefix)["QueueUrls"] == urls
    first = aws.sqs.list_queues(QueueNamePrefix=prefix, MaxResults=2)
    rest = aws.sqs.list_queues(QueueNamePrefix=prefix, MaxResults=2, NextToken=first["NextToken"])
    assert first["QueueUrls"] + rest["QueueUrls"] == urls
    assert "NextToken" not in rest
    aws.sqs.delete_queue(QueueUrl=urls[0])
    assert aws.sqs.list_queues(QueueNamePrefix=prefix)["QueueUrls"] == urls[1:]


@pytest.mark.source("SQS API Reference, TagQueue, UntagQueue and ListQueueTags")
def test_tags_are_kept(aws: Aws) -> None:
    queue = aws.queue()
    aws.sqs.tag_queue(QueueUrl=queue.url, Tags={"a": "1", "b": "2"})
    aws.sqs.untag_queue(QueueUrl=queue.url, TagKeys=["a"])
    assert aws.sqs.list_queue_tags(QueueUrl=queue.url)["Tags"] == {"b": "2"}


def _landfast(service: Service, *arguments: str) -> Any:
    result = CliRunner().invoke(app, [*arguments, "--json", "--state", str(Path(service.options.state))])
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def _looked_at(aws: Aws) -> tuple[Queue, Queue]:
    """The stack's queue that gives messages up after two receives, empty, and its dead-letter queue."""
    queue, dead = (
        Queue.called(aws, aws.sqs.get_queue_url(QueueName=name)["QueueUrl"]) for name in ("looked-at", "given-up")
    )
    return queue, dead


@pytest.mark.source("Landfast's own promise: looking is no receive, for SQS has no call that only looks")
def test_looking_three_times_changes_nothing(aws: Aws, landfast: Service) -> None:
    queue, dead = _looked_at(aws)
    sent = queue.send("seen")
    for _ in range(3):
        [seen] = _landfast(landfast, "peek", "LookedAt")
        assert seen["body"] == "seen"
        [told] = [one for one in _landfast(landfast, "queues") if one["name"] == "looked-at"]
        assert (told["visible"], told["in_flight"], told["delayed"]) == (1, 0, 0)
    [message] = queue.receive()
    assert message["MessageId"] == sent["MessageId"]
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    queue.delete(message)
    assert dead.counts() == (0, 0, 0)


@pytest.mark.source("Landfast's own promise: who looks sees messages in flight and delayed ones, too")
def test_looking_shows_messages_in_flight_and_delayed_ones(aws: Aws, landfast: Service) -> None:
    queue, _ = _looked_at(aws)
    queue.send("in flight")
    [message] = queue.receive()
    queue.send("delayed", DelaySeconds=60)
    seen = _landfast(landfast, "peek", "LookedAt")
    assert sorted(one["body"] for one in seen) == ["delayed", "in flight"]
    queue.delete(message)
    aws.sqs.purge_queue(QueueUrl=queue.url)
