"""Where failures are looked at: a running service, or AWS. Both answer AWS's calls; they differ in how queues are read.

A running service shows what is in a queue and takes one message out of it. On AWS a look is a receive: it hides the
message for a while, it counts, and only what was received can be deleted.
"""

import base64
import http
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Final, Protocol

from botocore.exceptions import ClientError

from landfast.failures.discovery import Clients, Found, find, physical_function
from landfast.failures.model import Failure, Kept, Store
from landfast.service import local_client
from landfast.service.local_api import MOST

_HIDDEN: Final = 300
"""Seconds for which a message is hidden that was looked at on AWS: ten of them are sent on in less."""
_RECEIVE: Final = 10
_MILLISECONDS: Final = 1000


class Access(Protocol):
    """A stack, where it runs.

    Attributes:
        stack: The stack's name.
        place: Where it is, for people.
        exact: True if a replay that is sent twice is accepted once.
        clients: The clients.
    """

    stack: str
    place: str
    exact: bool
    clients: Clients

    def messages(self, store: Store) -> Iterator[Kept]:
        """The messages of a queue; each may be removed while the iteration is at it."""
        ...

    def remove(self, store: Store, kept: Kept) -> None:
        """Delete a message; one that is gone already is no error."""
        ...

    def alarms(self, names: list[str]) -> list[str]:
        """The descriptions of alarms."""
        ...

    def now(self) -> float:
        """The time there, in Unix seconds."""
        ...


class LocalAccess:
    """A running service.

    Args:
        endpoint: The URL of the service.
        stack: The stack's name.
        clients: The clients for the endpoint.
    """

    exact = True

    def __init__(self, endpoint: str, stack: str, clients: Clients) -> None:
        self._endpoint = endpoint
        self.stack = stack
        self.place = f"the local service at {endpoint}"
        self.clients = clients

    def messages(self, store: Store) -> Iterator[Kept]:
        """The messages of a queue, those in flight and the delayed ones too; looking changes nothing."""
        for peeked in local_client.peek(self._endpoint, _name(store), MOST):
            yield _kept(peeked.raw)

    def remove(self, store: Store, kept: Kept) -> None:
        """Delete a message."""
        local_client.remove(self._endpoint, _name(store), kept.key)

    def alarms(self, names: list[str]) -> list[str]:
        """The descriptions of alarms."""
        wanted = set(names)
        return [each.description for each in local_client.alarms(self._endpoint) if each.name in wanted]

    def now(self) -> float:
        """The time of the service's clock."""
        return local_client.now(self._endpoint)


class AwsAccess:
    """A stack on AWS.

    Args:
        stack: The stack's name.
        place: Account and region, for people.
        clients: The clients.
    """

    exact = False

    def __init__(self, stack: str, place: str, clients: Clients) -> None:
        self.stack = stack
        self.place = place
        self.clients = clients
        self._handles: dict[str, str] = {}

    def messages(self, store: Store) -> Iterator[Kept]:
        """The messages of a queue, each hidden until the iteration is over, and visible again then.

        Of a FIFO queue, a group's messages come until ten are hidden: SQS gives no more of it while they are. A queue
        that SQS counts no message in is left alone; what has come within the last minute may not be counted yet.
        """
        if not store.count:
            return
        sqs, seen = self.clients("sqs"), set[str]()
        try:
            while True:
                answer = sqs.receive_message(
                    QueueUrl=store.location,
                    MaxNumberOfMessages=_RECEIVE,
                    VisibilityTimeout=_HIDDEN,
                    WaitTimeSeconds=1,  # a shorter poll asks some of SQS's servers only
                    AttributeNames=["All"],
                    MessageAttributeNames=["All"],
                )
                messages = answer.get("Messages", [])
                self._handles |= {each["MessageId"]: each["ReceiptHandle"] for each in messages}
                fresh = [each for each in messages if each["MessageId"] not in seen]
                seen |= {each["MessageId"] for each in fresh}
                if not fresh:
                    return
                yield from map(_kept, fresh)
        finally:
            for key in seen & self._handles.keys():
                self._show(store, self._handles.pop(key))

    def remove(self, store: Store, kept: Kept) -> None:
        """Delete a message that was received."""
        handle = self._handles.pop(kept.key, None)
        if handle is not None:
            self.clients("sqs").delete_message(QueueUrl=store.location, ReceiptHandle=handle)

    def alarms(self, names: list[str]) -> list[str]:
        """The descriptions of alarms."""
        if not names:
            return []
        client = self.clients("cloudwatch")
        described = []
        for start in range(0, len(names), 100):  # so many does one call take
            pages = client.get_paginator("describe_alarms").paginate(AlarmNames=names[start : start + 100])
            described += [each.get("AlarmDescription", "") for page in pages for each in page["MetricAlarms"]]
        return described

    def now(self) -> float:
        """The time."""
        return time.time()

    def _show(self, store: Store, handle: str) -> None:
        try:
            self.clients("sqs").change_message_visibility(
                QueueUrl=store.location, ReceiptHandle=handle, VisibilityTimeout=0
            )
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
                raise
            # Its time is over, so that it is visible already.


def stores_of(access: Access) -> Found:
    """The failure stores of the stack."""
    return find(access.clients, access.stack, access.alarms)


def keys(access: Access, store: Store) -> Iterator[str]:
    """The keys of the objects of a bucket that are failures."""
    pages = access.clients("s3").get_paginator("list_objects_v2")
    for prefix in store.prefixes or ("",):
        for page in pages.paginate(Bucket=store.location, Prefix=prefix):
            yield from (each["Key"] for each in page.get("Contents", []))


def objects(access: Access, store: Store, limit: int) -> Iterator[Kept]:
    """The objects of a bucket that are failures, at most `limit` of them, in the order of their keys."""
    s3 = access.clients("s3")
    for key in islice(keys(access, store), limit):
        found = s3.get_object(Bucket=store.location, Key=key)
        yield Kept(
            key=key,
            version=_version(found),
            body=found["Body"].read().decode("utf-8", "replace"),
            at=found["LastModified"].timestamp(),
        )


def everything(access: Access, store: Store, limit: int) -> Iterator[Kept]:
    """What lies in a store; each may be removed while the iteration is at it."""
    match store.kind:
        case "queue":
            return access.messages(store)
        case "bucket":
            return objects(access, store, limit)
        case "archive":
            return iter(())


def remove(access: Access, store: Store, kept: Kept) -> None:
    """Take something out of its store; what is gone already is no error."""
    if store.kind == "queue":
        access.remove(store, kept)
        return
    s3 = access.clients("s3")
    try:
        now = _version(s3.head_object(Bucket=store.location, Key=kept.key))
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != http.HTTPStatus.NOT_FOUND:
            raise
        return
    if now == kept.version:  # else it is another failure under the same key: what was replayed has failed again
        s3.delete_object(Bucket=store.location, Key=kept.key)


def logged(access: Access, failure: Failure) -> list[str]:
    """What the function logged in the invocations of a failed event; nothing if nobody knows which they were."""
    if not (failure.request_id and failure.function):
        return []
    function = physical_function(access.clients, access.stack, failure.function)
    configuration = access.clients("lambda").get_function_configuration(FunctionName=function)
    group = (configuration.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{function}"
    pages = access.clients("logs").get_paginator("filter_log_events")
    about = [
        event
        for page in pages.paginate(logGroupName=group, filterPattern=f'"{failure.request_id}"')
        for event in page["events"]
    ]
    if not about:
        return []
    # What a function prints does not name its request: it stands between lines of the platform that do.
    between = pages.paginate(
        logGroupName=group,
        logStreamNames=[*dict.fromkeys(event["logStreamName"] for event in about)],
        startTime=min(event["timestamp"] for event in about),
        endTime=max(event["timestamp"] for event in about) + 1,
    )
    return [str(event["message"]).rstrip() for page in between for event in page["events"]]


def memoized(make: Callable[[str], Any]) -> Clients:
    """The same client for each service each time."""
    made: dict[str, Any] = {}

    def client(service: str) -> Any:  # noqa: ANN401 - boto3's clients have no common type
        if service not in made:
            made[service] = make(service)
        return made[service]

    return client


def _version(head: dict[str, Any]) -> str:
    """The version of an object; when it was written where its bucket has no versions."""
    version = head.get("VersionId")
    return str(version) if version and version != "null" else str(head["LastModified"].isoformat())


def _name(store: Store) -> str:
    return store.location.rpartition("/")[2]


def _kept(message: dict[str, Any]) -> Kept:
    system = message.get("Attributes") or {}
    return Kept(
        key=message["MessageId"],
        body=message["Body"],
        at=int(system.get("SentTimestamp", "0")) / _MILLISECONDS,
        attributes={name: _attribute(value) for name, value in (message.get("MessageAttributes") or {}).items()},
        system=system,
    )


def _attribute(value: dict[str, Any]) -> dict[str, Any]:
    """An attribute as SQS takes it back, but with binary values in base64."""
    told = {name: each for name, each in value.items() if name in {"DataType", "StringValue"}}
    if (binary := value.get("BinaryValue")) is not None:
        data = binary if isinstance(binary, bytes) else bytes.fromhex(binary)  # the local service's JSON has it so
        told["BinaryValue"] = base64.b64encode(data).decode()
    return told
