"""The AWS APIs as the tests use them: boto3's clients of one endpoint, and resources with names of their own."""

import hashlib
import itertools
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session

from landfast.service.service import Service

ACCOUNT = "123456789012"
REGION = "us-east-1"
BARE = bool(os.environ.get("LANDFAST_CONTRACT_BARE"))
"""Whether the engines are tested by themselves, to tell what they can do without Landfast."""

PATIENCE = 5.0 if BARE else 60.0
"""How many seconds what must come is waited for; only who waits in vain waits so long, and bare engines often do."""

NOBODY = f"arn:aws:sqs:{REGION}:{ACCOUNT}:there-is-no-such-queue"


def eventually[T](look: Callable[[], T], enough: Callable[[T], object] = bool, *, within: float = PATIENCE) -> T:
    """What is seen as soon as it is enough, or at last, for the test to say what is missing."""
    latest = time.monotonic() + within
    while not enough(seen := look()) and time.monotonic() < latest:
        time.sleep(0.01)
    return seen


def refusal(call: Callable[..., object], **params: Any) -> str:
    """The code of the error with which a call is refused; empty if it is not."""
    code: str = refused(call, **params).get("Code", "")
    return code


def refused(call: Callable[..., object], **params: Any) -> Mapping[str, Any]:
    """The error with which a call is refused; empty if it is not."""
    try:
        call(**params)
    except ClientError as error:
        return error.response["Error"]
    return {}


def words(size: int) -> str:
    """A text of so many bytes."""
    return ("every event lands " * (size // 18 + 1))[:size]


class Aws:
    """One endpoint.

    Attributes:
        endpoint: Its URL.
        service: The service behind it; None where the endpoint is a bare engine.
        ledger: Where the stack's functions note their events.
        asked: The services for which a client was taken.
    """

    def __init__(self, endpoint: str, ledger: Path, service: Service | None = None) -> None:
        self.endpoint = endpoint
        self.service = service
        self.ledger = ledger
        self.asked: set[str] = set()
        self._numbers = itertools.count(1)
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """The client of a service; it tries once, so that every error is seen."""
        self.asked.add(service)
        if service not in self._clients:
            self._clients[service] = self.make(service)
        return self._clients[service]

    def make(self, service: str, **config: Any) -> Any:
        """A client of one's own, to be closed.

        Args:
            service: As boto3 names it.
            config: Of botocore, beside what all clients of the tests have.
        """
        self.asked.add(service)
        own = {
            "proxies": {},
            "read_timeout": 30,
            "retries": {"mode": "standard", "total_max_attempts": 1},
            "s3": {"addressing_style": "path"},
            **config,
        }
        make: Any = self._session.client
        return make(service, endpoint_url=self.endpoint, config=Config(**own))

    dynamodb = property(lambda self: self.client("dynamodb"))
    events = property(lambda self: self.client("events"))
    kinesis = property(lambda self: self.client("kinesis"))
    s3 = property(lambda self: self.client("s3"))
    sns = property(lambda self: self.client("sns"))
    sqs = property(lambda self: self.client("sqs"))
    streams = property(lambda self: self.client("dynamodbstreams"))

    @cached_property
    def _session(self) -> boto3.session.Session:
        core = Session(
            session_vars={
                "profile": (None, None, None, None),
                "config_file": (None, None, os.devnull, None),
                "credentials_file": (None, None, os.devnull, None),
            }
        )
        core.set_credentials("test", "test")
        core.set_config_variable("region", REGION)
        return boto3.session.Session(botocore_session=core)

    def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            client.close()

    def name(self, what: str) -> str:
        """A name that nothing else has."""
        return f"{what}-{next(self._numbers)}"

    def queue(self, **attributes: str) -> "Queue":
        """A new queue, a FIFO one if the attributes say so."""
        name = self.name("queue") + (".fifo" if "FifoQueue" in attributes else "")
        return Queue.called(self, self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])

    def topic(self, **attributes: str) -> str:
        """The ARN of a new topic."""
        name = self.name("topic") + (".fifo" if "FifoTopic" in attributes else "")
        arn: str = self.sns.create_topic(Name=name, Attributes=attributes)["TopicArn"]
        return arn

    def subscribe(self, topic: str, endpoint: str, **attributes: str) -> str:
        """The ARN of a new subscription of a queue or a function."""
        protocol = endpoint.split(":")[2]
        arn: str = self.sns.subscribe(
            TopicArn=topic, Protocol=protocol, Endpoint=endpoint, Attributes=attributes, ReturnSubscriptionArn=True
        )["SubscriptionArn"]
        return arn

    def bucket(self, *, versioned: bool = False) -> str:
        """A new bucket."""
        name = self.name("bucket")
        self.s3.create_bucket(Bucket=name)
        if versioned:
            self.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    def stream(self, shards: int = 1) -> str:
        """A new Kinesis stream."""
        name = self.name("stream")
        self.kinesis.create_stream(StreamName=name, ShardCount=shards)
        self.active(name)
        return name

    def active(self, stream: str) -> None:
        """Wait until a stream can be used."""
        status = eventually(
            lambda: self.kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamStatus"],
            lambda status: status == "ACTIVE",
        )
        assert status == "ACTIVE"

    def table(self, view: str | None = "NEW_AND_OLD_IMAGES", key: str = "S") -> str:
        """A new table with the key `id` of that type, and with a stream of that view."""
        name = self.name("table")
        stream = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": view}} if view else {}
        self.dynamodb.create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": key}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
            **stream,
        )
        return name

    def function(self, name: str) -> str:
        """The ARN of one of the stack's functions."""
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"

    def calls(self, function: str, text: str) -> list[Any]:
        """The notes of a function's calls whose event has the text in it: the event, and its trace header."""
        path = self.ledger / function
        lines = path.read_text().splitlines() if path.exists() else []
        return [json.loads(line) for line in lines if text in line]


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue, and what is in it."""

    aws: Aws
    url: str
    arn: str

    @classmethod
    def called(cls, aws: Aws, url: str) -> "Queue":
        """The queue with this URL."""
        told = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        return cls(aws, url, told["QueueArn"])

    def send(self, body: str, **params: Any) -> Any:
        """SendMessage."""
        return self.aws.sqs.send_message(QueueUrl=self.url, MessageBody=body, **params)

    def receive(self, **params: Any) -> list[Any]:
        """ReceiveMessage, with every attribute."""
        asked = {
            "QueueUrl": self.url,
            "MaxNumberOfMessages": 10,
            "MessageAttributeNames": ["All"],
            "MessageSystemAttributeNames": ["All"],
        }
        found: list[Any] = self.aws.sqs.receive_message(**{**asked, **params}).get("Messages", [])
        return found

    def delete(self, message: Any) -> None:
        """DeleteMessage."""
        self.aws.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])

    def hide(self, message: Any, seconds: int) -> None:
        """ChangeMessageVisibility."""
        self.aws.sqs.change_message_visibility(
            QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=seconds
        )

    def each(self, within: float = PATIENCE) -> Iterator[Any]:
        """Every message as it comes, deleted, until nothing came for so many seconds."""
        latest = time.monotonic() + within
        while time.monotonic() < latest:
            for message in self.receive(WaitTimeSeconds=1):
                self.delete(message)
                yield message

    def take(self, count: int = 1) -> list[Any]:
        """The next messages, deleted; fewer if they do not come."""
        taken: list[Any] = []
        latest = time.monotonic() + PATIENCE
        while len(taken) < count and time.monotonic() < latest:
            for message in self.receive(MaxNumberOfMessages=min(10, count - len(taken)), WaitTimeSeconds=1):
                self.delete(message)
                taken.append(message)
        return taken

    def bodies(self, count: int = 1) -> list[str]:
        """The bodies of the next messages."""
        return [message["Body"] for message in self.take(count)]

    def documents(self, count: int = 1) -> list[Any]:
        """The next messages' bodies, which are JSON."""
        return [json.loads(body) for body in self.bodies(count)]

    def until(self, is_last: Callable[[Any], bool]) -> list[Any]:
        """The messages before the one that is the last, which must come."""
        taken: list[Any] = []
        for message in self.each():
            if is_last(message):
                return taken
            taken.append(message)
        raise AssertionError(f"the last message never came, only {[message['Body'][:300] for message in taken]}")

    def attributes(self) -> Mapping[str, str]:
        """GetQueueAttributes."""
        told: Mapping[str, str] = self.aws.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])[
            "Attributes"
        ]
        return told

    def counts(self) -> tuple[int, int, int]:
        """How many messages are visible, in flight and delayed."""
        told = self.attributes()
        visible, in_flight, delayed = (
            int(told[f"ApproximateNumberOfMessages{kind}"]) for kind in ("", "NotVisible", "Delayed")
        )
        return visible, in_flight, delayed


def redrive(to: Queue, receives: int) -> dict[str, str]:
    """The attribute that makes `to` a dead-letter queue."""
    return {"RedrivePolicy": json.dumps({"deadLetterTargetArn": to.arn, "maxReceiveCount": receives})}


def digest(attributes: Mapping[str, Mapping[str, Any]]) -> str:
    """The MD5 of message attributes, by the SQS Developer Guide's "Calculating the MD5 message digest"."""
    found = hashlib.md5(usedforsecurity=False)

    def add(value: bytes) -> None:
        found.update(len(value).to_bytes(4) + value)

    for name, attribute in sorted(attributes.items()):
        add(name.encode())
        add(attribute["DataType"].encode())
        binary = "BinaryValue" in attribute
        found.update(b"\x02" if binary else b"\x01")
        add(attribute["BinaryValue"] if binary else attribute["StringValue"].encode())
    return found.hexdigest()


def records(aws: Aws, stream: str, shard: str, start: Mapping[str, Any], limit: int = 10_000) -> list[Any]:
    """What a shard of a Kinesis stream has from a starting position on."""
    iterator = aws.kinesis.get_shard_iterator(StreamName=stream, ShardId=shard, **start)["ShardIterator"]
    found: list[Any] = []
    while iterator:
        got = aws.kinesis.get_records(ShardIterator=iterator, Limit=limit)
        found += got["Records"]
        iterator = got.get("NextShardIterator")
        if not got["Records"] and got["MillisBehindLatest"] == 0:
            break
    return found


def texts(found: Sequence[Any]) -> list[str]:
    """The data of Kinesis records."""
    return [record["Data"].decode() for record in found]
