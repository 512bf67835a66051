"""Brings failures back the way they came, so that none is lost and none is sent twice, wherever the process is killed.

Each replay is noted before it is sent, when it was accepted, and when it was removed from its store. Run again, what
was accepted is only removed. What was being sent when the process ended is sent again where the other side accepts
a replay once (a running service); on AWS nobody can know, so it is left and told.
"""

import base64
import contextlib
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, TypeAlias

import msgspec
from botocore.exceptions import ClientError

from landfast.delivery.sqs_events import event_record
from landfast.delivery.strict_json import json_or_text, json_text
from landfast.failures.access import Access, remove
from landfast.failures.ledger import Ledger
from landfast.failures.model import Failure, Invoke, Nowhere, Put, Records, Send, Store, Way
from landfast.failures.stream_records import read_back, sequence_of
from landfast.service.replays import HEADER

Outcome: TypeAlias = Literal["replayed", "removed", "held", "refused"]
"""What became of a replay: it was sent and removed; it had been accepted before and was removed now; nobody knows
whether it was accepted; it was refused, and the failure stays."""

UNKNOWN: Final = (
    "It was being sent when an earlier replay ended, and AWS may have accepted it: look whether it was handled, then "
    "discard it, or send it with --again."
)


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one replay.

    Attributes:
        id: The failure.
        outcome: What became of it.
        mark: What it is called where it went.
        reason: Why it was held or refused.
    """

    id: str
    outcome: Outcome
    mark: str = ""
    reason: str = ""


class _RefusedError(Exception):
    """The other side has not accepted it, for certain."""


class Replays:
    """Replays failures.

    Args:
        access: The stack.
        ledger: The ledger, open for writing.
        rate: How many a second at most; None for as many as go.
        again: True to send again what may have been accepted.
    """

    def __init__(self, access: Access, ledger: Ledger, *, rate: float | None = None, again: bool = False) -> None:
        self._access = access
        self._ledger = ledger
        self._again = again
        self._pace = _paced(rate)

    def replay(self, store: Store, failure: Failure, way: Way) -> Replayed:
        """Replay one failure, and remove it once it was accepted."""
        match self._ledger.step(failure.id):
            case "accepted" | "removed":
                self._remove(store, failure)
                return Replayed(id=failure.id, outcome="removed")
            case "sending" if not (self._access.exact or self._again or isinstance(way, Records)):
                return Replayed(id=failure.id, outcome="held", reason=UNKNOWN)
        next(self._pace)
        self._note(failure, "sending")
        try:
            mark = self._send(failure, way)
        except (_RefusedError, ClientError) as error:
            if not _is_certain(error):
                raise
            self._note(failure, "refused")
            return Replayed(id=failure.id, outcome="refused", reason=str(error))
        self._note(failure, "accepted", mark)
        self._remove(store, failure)
        return Replayed(id=failure.id, outcome="replayed", mark=mark)

    def _remove(self, store: Store, failure: Failure) -> None:
        remove(self._access, store, failure.kept)
        self._note(failure, "removed")

    def _note(self, failure: Failure, step: Any, mark: str = "") -> None:  # noqa: ANN401 - one of the ledger's steps
        self._ledger.note(failure.id, step, self._access.now(), mark)

    def _send(self, failure: Failure, way: Way) -> str:
        """Send it; what it is called there."""
        match way:
            case Invoke():
                client = self._access.clients("lambda")
                with marked(self._access, client, failure.id):
                    answer = client.invoke(FunctionName=way.function, InvocationType="Event", Payload=way.payload)
                answer["Payload"].read()  # it is empty; read, it leaves its connection to the next call
                return str(answer["ResponseMetadata"]["RequestId"])
            case Send():
                return self._send_message(failure, way)
            case Put():
                client = self._access.clients("kinesis")
                with marked(self._access, client, failure.id):
                    data = base64.b64decode(way.data)
                    answer = client.put_record(StreamARN=way.stream, PartitionKey=way.key, Data=data)
                return str(answer["SequenceNumber"])
            case Records():
                return self._handle(failure, way)
            case Nowhere(reason=reason):
                raise _RefusedError(reason)

    def _send_message(self, failure: Failure, way: Send) -> str:
        client = self._access.clients("sqs")
        account, name = way.queue.split(":")[4:6]
        url = client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
        request: dict[str, Any] = {"QueueUrl": url, "MessageBody": way.body}
        if way.attributes:
            request["MessageAttributes"] = {key: as_sqs_has_it(value) for key, value in way.attributes.items()}
        if way.group:
            request["MessageGroupId"] = way.group
        if name.endswith(".fifo"):
            # Not the message's own: within five minutes SQS would take the replay for a repeat and drop it.
            request["MessageDeduplicationId"] = f"replay-{failure.id}"
        if way.trace:
            request["MessageSystemAttributes"] = {"AWSTraceHeader": {"DataType": "String", "StringValue": way.trace}}
        with marked(self._access, client, failure.id):
            return str(client.send_message(**request)["MessageId"])

    def _handle(self, failure: Failure, way: Records) -> str:
        """Hand the function one record after the other, those that were handled in an earlier replay left out."""
        records, done = way.records, self._ledger.records(failure.id)
        if way.position is not None:
            back = read_back(self._access.clients, way.position)
            if back.missing:
                raise _RefusedError(
                    f"{back.missing} of {way.position.count} records have left the stream: they must be sent again"
                )
            records = back.records
        mark = ""
        for place, record in enumerate(records):
            name = sequence_of(record) or str(place)
            if name not in done:
                mark = self._handled(way.function, record, f"{failure.id}/{name}")
                self._note(failure, "record", name)
        return mark

    def _handled(self, function: str, record: dict[str, Any], replay: str) -> str:
        client = self._access.clients("lambda")
        with marked(self._access, client, replay):
            answer = client.invoke(FunctionName=function, Payload=json_text({"Records": [record]}))
        content = answer["Payload"].read()
        value = json_or_text(content)
        if "FunctionError" in answer:
            told = value if isinstance(value, dict) else {}
            raise _RefusedError(f"{told.get('errorType', 'Error')}: {told.get('errorMessage', '')}")
        if isinstance(value, dict) and value.get("batchItemFailures"):
            raise _RefusedError(f"the function reported {sequence_of(record)} as failed: its log tells why")
        return str(answer["ResponseMetadata"]["RequestId"])


@contextlib.contextmanager
def marked(access: Access, client: Any, name: str) -> Iterator[None]:  # noqa: ANN401 - boto3's clients have no common type
    """Let a client's requests say what they repeat if they are sent again, where the other side accepts each once."""

    def mark(request: Any, **_: object) -> None:  # noqa: ANN401 - botocore's AWSRequest
        request.headers[HEADER] = name

    if not access.exact:
        yield
        return
    events = client.meta.events
    events.register("before-sign", mark)
    try:
        yield
    finally:
        events.unregister("before-sign", mark)


def sent_to(way: Way, function: str, failure: Failure) -> Way:
    """The way to another function than the one that it came to."""
    match way:
        case Records():
            return msgspec.structs.replace(way, function=function)
        case Send():
            return Invoke(function=function, payload=json_text({"Records": [_as_event(failure, way)]}))
        case Invoke():
            return msgspec.structs.replace(way, function=function)
    return Invoke(function=function, payload=json_text(failure.event))


def edited(way: Way, event: Any) -> Way:  # noqa: ANN401 - any JSON value
    """The way of an event that was changed."""
    text = event if isinstance(event, str) else json_text(event)
    match way:
        case Invoke():
            return msgspec.structs.replace(way, payload=json_text(event))
        case Send():
            return msgspec.structs.replace(way, body=text)
        case Put():
            return msgspec.structs.replace(way, data=base64.b64encode(text.encode()).decode())
        case Records():
            return msgspec.structs.replace(way, position=None, records=tuple(event["Records"]))
    return way


def editable(access: Access, failure: Failure, way: Way) -> Any:  # noqa: ANN401 - any JSON value
    """What is edited of a failure: the event; of a stream's position, the records themselves."""
    match way:
        case Records(position=position) if position is not None:
            return {"Records": [*read_back(access.clients, position).records]}
        case Records(records=records):
            return {"Records": [*records]}
        case Send(body=body):
            return json_or_text(body)
    return failure.event


def as_sqs_has_it(attribute: Mapping[str, Any]) -> dict[str, Any]:
    """An attribute with its binary value as bytes."""
    return {name: base64.b64decode(each) if name == "BinaryValue" else each for name, each in attribute.items()}


def told(way: Way) -> str:
    """Say where a failure goes."""
    match way:
        case Invoke(function=function):
            return f"to {short(function)} by an asynchronous invocation"
        case Send(queue=queue):
            return f"to the queue {short(queue)}"
        case Put(stream=stream):
            return f"to the stream {short(stream)}, behind what came since"
        case Records(function=function):
            return f"to {short(function)}, one record after the other"
        case Nowhere(reason=reason):
            return f"nowhere: {reason}"


def short(arn: str) -> str:
    """The end of an ARN, as people name the resource: a function's with its qualifier."""
    return arn.split(":", 5)[-1].removeprefix("function:").removeprefix("stream/")


def _as_event(failure: Failure, way: Send) -> dict[str, Any]:
    """The record of a message that a function gets from its queue."""
    message = {
        "MessageId": failure.kept.key,
        "ReceiptHandle": "",
        "Body": way.body,
        "Attributes": failure.kept.system,
        "MessageAttributes": {name: as_sqs_has_it(value) for name, value in way.attributes.items()},
        "MD5OfMessageAttributes": "",
        "MD5OfBody": "",
    }
    return event_record(message, queue_arn=way.queue)


def _is_certain(error: Exception) -> bool:
    """Tell whether an error says that the other side has not accepted it."""
    if not isinstance(error, ClientError):
        return True
    return 400 <= error.response["ResponseMetadata"].get("HTTPStatusCode", 500) < 500  # noqa: PLR2004 - HTTP's own


def _paced(rate: float | None) -> Iterator[None]:
    """Let each step wait until its time has come."""
    due = time.monotonic()
    while True:
        if rate is not None:
            wait = due - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            due = max(due, time.monotonic()) + 1 / rate
        yield
