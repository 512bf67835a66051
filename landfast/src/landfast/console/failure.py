"""One failure as the page shows it: in a list, and alone with all that is known of it."""

from typing import Any, Final

import msgspec

from landfast.failures import StackFailures, Store
from landfast.failures.decoding import data_of
from landfast.failures.discovery import Found
from landfast.failures.editing import Draft, draft, pretty
from landfast.failures.model import Failure, Invoke, Nowhere, Put, Records, Send, Way
from landfast.failures.replaying import short
from landfast.failures.stream_records import content_of, read_back, sequence_of
from landfast.report.wording import GIVEN_UP, cut

_MESSAGE: Final = 300
_RECORDS: Final = 50
_TEXT: Final = 256 * 1024
"""Characters of an event that are shown: SQS, SNS and asynchronous invocations take no more."""

_KEYS: Final = {sentence: key for key, sentence in GIVEN_UP.items()}


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A failure in a list.

    Attributes:
        id: The failure's id.
        store: The store's name.
        function: The function that failed, or that the event was for.
        error: The type of the last error.
        message: Its message, or the beginning of it.
        reason: Why it was given up, in AWS's word for it.
        attempts: How often it was tried; None if nobody counted.
        at: When it came into the store.
        expires: When the store forgets it; None if it does not.
        replay_of: The failure whose replay failed again here.
        reader: The function that reads the store, whose work it is; empty without one.
    """

    id: str
    store: str
    function: str
    error: str
    message: str
    reason: str
    attempts: int | None
    at: float
    expires: float | None
    replay_of: str
    reader: str


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """Where a replay goes.

    Attributes:
        by: ``invoke``, ``send``, ``put`` or ``records``, as `Way` has them; ``nowhere`` if it cannot go back.
        to: The function with its qualifier, the queue or the stream.
        reason: Why it goes nowhere.
        text: What is sent.
    """

    by: str
    to: str = ""
    reason: str = ""
    text: str = ""


class RecordShown(msgspec.Struct, frozen=True):
    """A record of a stream that a failure is about.

    Attributes:
        sequence: The sequence number.
        text: What it is about: its data, or the change of an item.
    """

    sequence: str
    text: str


class Remains(msgspec.Struct, frozen=True, kw_only=True):
    """What the stream still has of a position.

    Attributes:
        stream: The stream.
        shard: The shard.
        count: The number of records of the position.
        missing: The number of those that have left the stream.
        left: Seconds until the stream forgets the first of the others.
        records: The others, or the first of many.
    """

    stream: str
    shard: str
    count: int
    missing: int
    left: float | None
    records: tuple[RecordShown, ...]


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One failure with all that is known of it.

    Attributes:
        listed: As a list tells it, with the whole message.
        what: What it was written as.
        rule: The rule that ended it, in one sentence.
        rule_key: Names that sentence; empty if it has no name.
        trace: The stack trace of the last error, a line each.
        runbook: What the store's alarm gives as its runbook.
        event: The id of its event in the journal; empty if nobody tells.
        draft: What can be edited of it.
        raw: As it lies in its store.
        destination: Where a replay goes.
        remains: Of a position in a stream, what is left there.
    """

    listed: Listed
    what: str
    rule: str
    rule_key: str
    trace: tuple[str, ...]
    runbook: str
    event: str
    draft: Draft
    raw: str
    destination: Destination
    remains: Remains | None


def listed(store: Store, failure: Failure, message: int | None = _MESSAGE) -> Listed:
    """A failure as a list tells it, with so many characters of the error's message."""
    text = failure.error.message
    return Listed(
        id=failure.id,
        store=failure.store,
        function=failure.function,
        error=failure.error.type,
        message=text if message is None else cut(text, message),
        reason=failure.reason,
        attempts=failure.attempts,
        at=failure.at,
        expires=failure.expires,
        replay_of=failure.replay_of,
        reader=store.reader,
    )


def shown(failures: StackFailures, store: Store, failure: Failure) -> Shown:
    """A failure with all that is known of it; what a stream still has of it is read back."""
    remains, first = _remains(failures, failure)
    return Shown(
        listed=listed(store, failure, None),
        what=failure.what,
        rule=failure.rule,
        rule_key=_KEYS.get(failure.rule, ""),
        trace=tuple(line for each in failure.error.trace for line in each.split("\n")),
        runbook=store.runbook,
        event=_event(failure, first),
        draft=draft(failures.access, failure),
        raw=failure.kept.body[:_TEXT],
        destination=destination(failure.way, failures.found),
        remains=remains,
    )


def _remains(failures: StackFailures, failure: Failure) -> tuple[Remains | None, dict[str, Any] | None]:
    """What the stream still has of a position whose data nobody has kept, and the first of these records."""
    position = failure.position
    if position is None or failure.event is not None:
        return None, None
    back = read_back(failures.access.clients, position)
    shown = (RecordShown(sequence_of(each), _text(content_of(each))) for each in back.records[:_RECORDS])
    remains = Remains(
        stream=_called(position.stream, failures.found),
        shard=position.shard,
        count=position.count,
        missing=back.missing,
        left=back.left(failures.access.now()),
        records=tuple(shown),
    )
    return remains, back.records[0] if back.records else None


def _event(failure: Failure, first: dict[str, Any] | None) -> str:
    """What the journal calls the event of a failure."""
    if isinstance(failure.way, Records) and failure.way.records:
        first = failure.way.records[0]
    if first is not None:
        return str(first.get("eventID", ""))
    if failure.what == "message of a queue":
        return str(failure.kept.attributes.get("OriginalMessageId", {}).get("StringValue", failure.kept.key))
    return failure.request_id


def destination(way: Way, found: Found, *, with_text: bool = False) -> Destination:
    """Where a way leads, and what is sent there."""
    match way:
        case Invoke(function=function, payload=payload):
            by, to, sent = "invoke", function, payload
        case Send(queue=queue, body=body):
            by, to, sent = "send", queue, body
        case Put(stream=stream, data=data):
            by, to, sent = "put", stream, _text(data_of(data))
        case Records(function=function, records=records):
            by, to, sent = "records", function, _text([*records]) if records else ""
        case Nowhere(reason=reason):
            return Destination(by="nowhere", reason=reason)
    return Destination(by=by, to=_called(to, found), text=_indented(sent)[:_TEXT] if with_text else "")


def _called(arn: str, found: Found) -> str:
    """What people call a resource: its logical id, of a function with its qualifier."""
    for name, known in found.arns.items():
        if arn == known or arn.startswith(f"{known}:"):
            return name + arn.removeprefix(known).removesuffix(":$LATEST")
    return short(arn)


def _text(value: object) -> str:
    return value if isinstance(value, str) else pretty(value)


def _indented(text: str) -> str:
    """JSON with a line for each value; any other text as it is."""
    try:
        return msgspec.json.format(text)
    except msgspec.DecodeError:
        return text
