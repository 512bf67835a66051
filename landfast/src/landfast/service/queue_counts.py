"""Counts the messages of queues, by SQS's own counts."""

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class QueueCounts(msgspec.Struct, frozen=True):
    """The numbers of messages in a queue.

    Attributes:
        name: The queue's name.
        url: The queue's URL.
        visible: Messages that can be received.
        in_flight: Messages received and not yet deleted.
        delayed: Messages whose delay is not over.
    """

    name: str
    url: str
    visible: int
    in_flight: int
    delayed: int


def counts(sqs: "SQSClient") -> list[QueueCounts]:
    """All queues, by name.

    Raises:
        botocore.exceptions.BotoCoreError: The endpoint does not answer.
    """
    pages = sqs.get_paginator("list_queues").paginate()
    return [_counted(sqs, url) for url in sorted(url for page in pages for url in page.get("QueueUrls", []))]


def _counted(sqs: "SQSClient", url: str) -> QueueCounts:
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return QueueCounts(
        name=url.rsplit("/", 1)[-1],
        url=url,
        visible=int(attributes["ApproximateNumberOfMessages"]),
        in_flight=int(attributes["ApproximateNumberOfMessagesNotVisible"]),
        delayed=int(attributes["ApproximateNumberOfMessagesDelayed"]),
    )
