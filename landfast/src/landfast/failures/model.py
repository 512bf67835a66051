"""The words of failures: where they are kept, what each is, and which way it goes back."""

from typing import Any, Literal, TypeAlias

import msgspec

Role: TypeAlias = Literal[
    "asynchronous", "stream", "function dead letter", "queue dead letter", "target", "subscription", "parked"
]
"""Why something is in a store: an on-failure destination of asynchronous events or of a stream, the dead-letter queue
of a function, a queue, a rule's target or a subscription, or a function's own doing."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """What puts its failures into a store.

    Attributes:
        role: Why it does.
        function: The ARN of the function that the events were for, as it was called; empty where there is none.
        source: The ARN of the queue, subscription or stream, or the name of the rule, that the events came from; empty
            where there is none.
        tries: How often a queue lets a message be received; None for anything else.
    """

    role: Role
    function: str = ""
    source: str = ""
    tries: int | None = None


class Store(msgspec.Struct, frozen=True, kw_only=True):
    """A place where failures are kept.

    Attributes:
        name: The logical id, or the physical name of what the stack does not declare.
        kind: The kind of resource.
        arn: The store's ARN.
        location: The URL of a queue; the name of a bucket or an archive.
        prefixes: The beginnings of the keys of a bucket's failures; none if all objects are failures.
        retention: Seconds for which a message is kept; None if nothing expires by itself.
        count: The number of failures, as far as AWS counts them; None if it does not.
        origins: What puts its failures here.
        reader: The function that a mapping hands them to, which makes them another's work; empty without one.
        redrives: True if looking too often moves a message to another queue.
        runbook: What an alarm's description gives as its runbook; empty without one.
    """

    name: str
    kind: Literal["queue", "bucket", "archive"]
    arn: str
    location: str
    prefixes: tuple[str, ...] = ()
    retention: float | None = None
    count: int | None = None
    origins: tuple[Origin, ...] = ()
    reader: str = ""
    redrives: bool = False
    runbook: str = ""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A message or an object as it lies in its store.

    Attributes:
        key: The message id, or the object's key.
        body: The text.
        version: The version of an object, or when it was written where its bucket has none.
        at: When it was sent or written, in Unix seconds.
        attributes: Message attributes as SQS has them, but with binary values in base64.
        system: SQS's own attributes.
    """

    key: str
    version: str = ""
    body: str
    at: float
    attributes: dict[str, dict[str, Any]] = {}
    system: dict[str, str] = {}


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """An error as far as a record tells it.

    Attributes:
        type: The error's type.
        message: The error's message.
        trace: The stack trace, a line each.
    """

    type: str = ""
    message: str = ""
    trace: tuple[str, ...] = ()


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a shard that a stream's record names (S-63).

    Attributes:
        stream: The stream's ARN.
        shard: The shard's id.
        first: The sequence number of the first record.
        last: The sequence number of the last record.
        count: The number of records.
        arrived: When the first of them arrived, as the record tells it.
    """

    stream: str
    shard: str
    first: str
    last: str
    count: int
    arrived: str = ""


class Invoke(msgspec.Struct, frozen=True, kw_only=True, tag="invoke"):
    """Back by an asynchronous invocation.

    Attributes:
        function: The function's ARN, as it was called.
        payload: The event, JSON text.
    """

    function: str
    payload: str


class Send(msgspec.Struct, frozen=True, kw_only=True, tag="send"):
    """Back as a message of a queue.

    Attributes:
        queue: The queue's ARN.
        body: The text.
        attributes: The message attributes.
        group: The message group id; empty without one.
        trace: The trace header; empty without one.
    """

    queue: str
    body: str
    attributes: dict[str, dict[str, Any]] = {}
    group: str = ""
    trace: str = ""


class Records(msgspec.Struct, frozen=True, kw_only=True, tag="records"):
    """Back record by record, each handed to the function alone, as a mapping does that bisects.

    Attributes:
        function: The function's ARN, as the mapping calls it.
        position: Where the records are; None if they are here.
        records: The records as the function gets them.
    """

    function: str
    position: Position | None = None
    records: tuple[dict[str, Any], ...] = ()


class Put(msgspec.Struct, frozen=True, kw_only=True, tag="put"):
    """Back as a record of a Kinesis stream, behind what came since.

    Attributes:
        stream: The stream's ARN.
        key: The partition key.
        data: The record's data, in base64.
    """

    stream: str
    key: str
    data: str


class Nowhere(msgspec.Struct, frozen=True, kw_only=True, tag="nowhere"):
    """Not back at all.

    Attributes:
        reason: Why not, a whole sentence.
    """

    reason: str


Way: TypeAlias = Invoke | Send | Records | Put | Nowhere


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """One failure, whatever wrote it.

    Attributes:
        id: Names it for commands; the same as long as it lies in its store.
        store: The store's name.
        what: What it was written as, in words.
        function: The name of the function that failed, or that the event was for; empty if nobody tells.
        reason: Why it was given up, in AWS's word for it.
        rule: The rule that ended it, in one sentence.
        error: The last error.
        attempts: How often it was tried; None if nobody counted.
        at: When it came into the store, in Unix seconds.
        expires: When the store forgets it; None if it does not.
        request_id: The request id of the invocation that failed last; empty if nobody tells.
        event: The event as it was: JSON, or text; None if only its position is known.
        position: Where in a stream the event is.
        way: Which way a replay goes.
        replay_of: The id of the failure whose replay failed again here; empty if it is no replay.
        kept: As it lies in its store.
    """

    id: str
    store: str
    what: str
    function: str = ""
    reason: str = ""
    rule: str = ""
    error: Trouble = Trouble()
    attempts: int | None = None
    at: float
    expires: float | None = None
    request_id: str = ""
    event: Any = None
    position: Position | None = None
    way: Way
    replay_of: str = ""
    kept: Kept
