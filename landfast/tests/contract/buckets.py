"""Buckets that tell a queue what is done to their objects."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from tests.contract.aws import BARE, Aws, Queue, eventually

EVERYTHING = ("s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:ObjectTagging:*", "s3:ObjectAcl:Put")
LAST = "last"
"""The key of an object whose record shows that all records of earlier calls have come."""


def notify(aws: Aws, bucket: str, *queues: Queue, events: Sequence[str] = EVERYTHING, **more: Any) -> None:
    """Let a bucket tell queues; each configuration has the queue's place for an id, from 0."""
    configurations = [
        {"Id": f"{number}", "QueueArn": queue.arn, "Events": list(events), **more}
        for number, queue in enumerate(queues)
    ]
    aws.s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": configurations}
    )


def records_of(aws: Aws, call: Callable[[str], object], *, bucket: str, **configuration: Any) -> list[Any]:
    """The records that a bucket sends for what is done in a call of the function, in the order in which they come."""
    inbox = aws.queue()
    notify(aws, bucket, inbox, **configuration)
    call(bucket)
    aws.s3.put_object(Bucket=bucket, Key=LAST)
    return records_until_last(inbox)


def records_until_last(inbox: Queue) -> list[Any]:
    """All records in a queue; that of the last object is waited for, and left out."""
    seen: list[Any] = []

    def look(seconds: int = 1) -> bool:
        for message in inbox.receive(WaitTimeSeconds=seconds):
            inbox.delete(message)
            seen.extend(json.loads(message["Body"]).get("Records", ()))  # the test event has none
        return any(_key(record) == LAST for record in seen)

    assert eventually(look), seen
    look(1 if BARE else 0)  # what has come beside the last one is seen, too
    return [record for record in seen if _key(record) != LAST]


def _key(record: Any) -> str:
    key: str = record["s3"]["object"]["key"]
    return key


def publish(aws: Aws, bucket: str, key: str) -> None:
    """Change an object's ACL; new buckets have none unless they are told to (S3 User Guide, Object Ownership)."""
    rules = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    aws.s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=rules)
    aws.s3.delete_public_access_block(Bucket=bucket)
    aws.s3.put_object_acl(Bucket=bucket, Key=key, ACL="public-read")


def told(records: Sequence[Any]) -> list[tuple[str, str]]:
    """What records tell: their event's name, and the object's key."""
    return [(record["eventName"], _key(record)) for record in records]


def created_in(prefix: str) -> dict[str, Any]:
    """What a configuration says that is about new objects below a prefix."""
    rules = [{"Name": "prefix", "Value": prefix}]
    return {"Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": rules}}}


def without_occasion(message: Any) -> Any:
    """The one record of a message, without what two uploads of one content cannot have in common."""
    [record] = message["Records"]
    record["s3"]["object"]["key"] = record["s3"]["object"]["key"].rpartition("/")[2]
    for name in ("eventTime", "responseElements"):
        assert record.pop(name)
    assert record["s3"].pop("configurationId")
    assert record["s3"]["object"].pop("sequencer")
    return message
