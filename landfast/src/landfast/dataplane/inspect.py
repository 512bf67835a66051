"""Read-only views of what is at the endpoint, for people."""

from collections.abc import Iterator
from dataclasses import dataclass

from landfast.dataplane.clients import Clients
from landfast.dataplane.queues import BATCH, Message, Queue
from landfast.dataplane.world import INTERNAL_PREFIX

_PEEK_SECONDS = 10


@dataclass(frozen=True, slots=True)
class QueueSummary:
    """What SQS tells about a queue; the counts are approximate by its own account.

    Attributes:
        name: The queue's name.
        url: The queue's URL.
        visible: Messages that can be received (`ApproximateNumberOfMessages`).
        in_flight: Messages received and not yet deleted (`ApproximateNumberOfMessagesNotVisible`).
        delayed: Messages whose delay is not over (`ApproximateNumberOfMessagesDelayed`).
    """

    name: str
    url: str
    visible: int
    in_flight: int
    delayed: int


@dataclass(frozen=True, slots=True)
class ObjectSummary:
    """An object of a bucket; `size` in bytes, `modified` in Unix seconds."""

    key: str
    size: int
    modified: float


def queues(clients: Clients) -> list[QueueSummary]:
    """All queues of users, by name; internal ones are left out."""
    pages = clients.sqs.get_paginator("list_queues").paginate()
    urls = sorted(url for page in pages for url in page.get("QueueUrls", []))
    return [queue(clients, url) for url in urls if not _name(url).startswith(INTERNAL_PREFIX)]


def queue(clients: Clients, url: str) -> QueueSummary:
    """One queue."""
    told = clients.sqs.get_queue_attributes(
        QueueUrl=url,
        AttributeNames=[
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesDelayed",
            "ApproximateNumberOfMessagesNotVisible",
        ],
    )["Attributes"]
    return QueueSummary(
        name=_name(url),
        url=url,
        visible=int(told["ApproximateNumberOfMessages"]),
        in_flight=int(told["ApproximateNumberOfMessagesNotVisible"]),
        delayed=int(told["ApproximateNumberOfMessagesDelayed"]),
    )


def peek(clients: Clients, url: str, limit: int = BATCH) -> list[Message]:
    """Up to `limit` visible messages, which stay in the queue.

    SQS has no call that only looks. The messages are received and given back at once, so each of them counts one more
    receive (towards `maxReceiveCount`, if the queue has a redrive policy), nobody else can receive them for some
    milliseconds, and of a FIFO queue's group no more than the first ten are seen. If the process is killed in between,
    they come back by themselves within ten seconds.
    """
    source = Queue(clients, url)
    seen: list[Message] = []
    try:
        while len(seen) < limit:
            got = source.receive(min(limit - len(seen), BATCH), wait=0, visibility=_PEEK_SECONDS)
            if not got:
                break
            seen += got
    finally:
        source.change_visibility(seen, 0)
    return seen


def objects(clients: Clients, bucket: str, prefix: str = "") -> Iterator[ObjectSummary]:
    """The objects of a bucket by key, page after page."""
    for page in clients.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for one in page.get("Contents", []):
            yield ObjectSummary(one["Key"], one["Size"], one["LastModified"].timestamp())


def count_items(clients: Clients, table: str) -> int:
    """How many items a table has now, by reading it all; `ItemCount` of its description may be hours old."""
    pages = clients.dynamodb.get_paginator("scan").paginate(TableName=table, Select="COUNT", ConsistentRead=True)
    return sum(page["Count"] for page in pages)


def _name(url: str) -> str:
    return url.rsplit("/", 1)[-1]
