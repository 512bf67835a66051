"""Reads what lies in a failure store, whatever wrote it; pure.

Begin reading with `decode`. What SQS has moved goes back to its queue, and what EventBridge could not deliver to its
target, whatever it says. Of everything else the content says what it is: a record of a failure can come by a queue, in
a topic's envelope or in an event of a bus.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from landfast.delivery.event_sources import DYNAMODB, KINESIS
from landfast.delivery.strict_json import json_or_text, json_text
from landfast.digits import whole_number
from landfast.failures.model import (
    Failure,
    Invoke,
    Kept,
    Nowhere,
    Origin,
    Position,
    Put,
    Records,
    Send,
    Store,
    Trouble,
    Way,
)
from landfast.report.wording import GIVEN_UP

_ID: Final = 12
"""Characters of an id: among 10,000 failures, two are alike once in 5,000,000 stacks."""

_OWN: Final = frozenset({"ErrorCode", "ErrorMessage", "RequestID", "OriginalMessageId"})
"""Attributes that say why a message is a dead letter, and are no part of the message."""

_NO_WAY: Final = "Nobody knows where it came from: give the function with --to, or discard it."


class Routes(msgspec.Struct, frozen=True, kw_only=True):
    """What the stack tells of who calls whom.

    Attributes:
        readers: The functions that mappings call, as they are called, by the ARN of what is read; a stream may have
            several.
        functions: The logical ids of the stack's functions, by their names.
    """

    readers: Mapping[str, tuple[str, ...]] = {}
    functions: Mapping[str, str] = {}

    def function(self, arn: str) -> str:
        """What people call the function of an ARN: its logical id, or its name; empty without an ARN."""
        name = _name_of(arn)
        return self.functions.get(name, name)

    def reader(self, source: str, named: str = "") -> str:
        """The function that reads something, as its mapping calls it; empty if none does.

        Args:
            source: The ARN of what is read.
            named: The ARN of the function if it is known, with a qualifier or without: another one is no answer then.
        """
        found = self.readers.get(source, ())
        if named:
            found = (named,) if named in found else tuple(each for each in found if _name_of(each) == _name_of(named))
        return next(iter(found), "")

    def behind(self, target: str) -> str:
        """What people call the function that a target is, or that reads it."""
        return self.function(target if ":lambda:" in target else self.reader(target))


def identify(store: Store, kept: Kept) -> str:
    """The id of what lies in a store."""
    return hashlib.sha256(f"{store.arn}\n{kept.key}\n{kept.version}".encode()).hexdigest()[:_ID]


def decode(store: Store, kept: Kept, routes: Routes) -> Failure:
    """The failure that lies in a store."""
    content = _unwrapped(kept.body)
    try:
        read = next(found for reader in _READERS if (found := reader(store, kept, content, routes)) is not None)
    except (
        AttributeError,
        KeyError,
        TypeError,
        ValueError,
    ):  # it looks like a record, and is none: anybody may send it
        read = _unknown(store, kept, content, routes)
    expires = None if store.retention is None else kept.at + store.retention
    return msgspec.structs.replace(read, id=identify(store, kept), expires=expires)


def _name_of(arn: str) -> str:
    """The name of the function of an ARN, without its qualifier."""
    parts = arn.split(":")
    return parts[6] if len(parts) > 6 else parts[-1]  # noqa: PLR2004 - arn:partition:lambda:region:account:function:name


def _unwrapped(body: str) -> Any:  # noqa: ANN401 - any JSON value
    """What a message says: its JSON, out of a topic's envelope or a bus's event; or its text."""
    value = json_or_text(body)
    match value:
        case {"Type": "Notification", "TopicArn": str(), "Message": str(message)}:
            inner = json_or_text(message)
            return inner if _is_record(inner) else value
        case {"detail-type": "Lambda Function Invocation Result - Failure", "detail": dict(detail)}:
            return detail
    return value


def _is_record(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("requestContext"), dict) and "version" in value


def _from_a_queue(store: Store, kept: Kept, content: Any, routes: Routes) -> Failure | None:  # noqa: ANN401
    """What SQS has moved after too many receives, or a function has sent to the dead-letter queue of its queue."""
    origins = {origin.source: origin for origin in store.origins if origin.role == "queue dead letter"}
    source = kept.system.get("DeadLetterQueueSourceArn", "")
    if not source and (len(origins) != 1 or len(store.origins) != 1):
        return None
    source = source or next(iter(origins))
    code, message = _attribute(kept, "ErrorCode"), _attribute(kept, "ErrorMessage")
    # Its receives are no measure: SQS goes on counting in the dead-letter queue, and a look on AWS is a receive.
    tries = origins[source].tries if source in origins else None
    way = Send(
        queue=source,
        body=kept.body,
        attributes={name: value for name, value in kept.attributes.items() if name not in _OWN},
        group=kept.system.get("MessageGroupId", ""),
        trace=kept.system.get("AWSTraceHeader", ""),
    )
    return _failure(
        store,
        kept,
        what="message of a queue",
        function=routes.function(routes.reader(source)),
        reason=code or "maxReceiveCount",
        rule=GIVEN_UP["function" if code else "maxReceiveCount"],
        error=Trouble(type=code, message=message),
        attempts=None if code else tries,
        request_id=_attribute(kept, "RequestID"),
        event=content,
        way=way,
    )


def _asynchronous(store: Store, kept: Kept, content: Any, routes: Routes) -> Failure | None:  # noqa: ANN401
    """The record of an asynchronous event (S-13)."""
    match content:
        case {"requestContext": {"functionArn": str(arn)} as context, "requestPayload": event, "version": _}:
            error = _trouble(content.get("responsePayload"))
        case _:
            return None
    return _failure(
        store,
        kept,
        what="record of an asynchronous event",
        function=routes.function(arn),
        reason=str(context.get("condition", "")),
        rule=GIVEN_UP.get(str(context.get("condition", "")), ""),
        error=error,
        attempts=context.get("approximateInvokeCount"),
        request_id=str(context.get("requestId", "")),
        event=event,
        way=Invoke(function=arn, payload=json_text(event)),
    )


def _of_a_stream(store: Store, kept: Kept, content: Any, routes: Routes) -> Failure | None:  # noqa: ANN401
    """The record of a batch that a mapping gave up (S-63), with its data if it is in a bucket (S-66)."""
    if not _is_record(content):
        return None
    info = next((content[each.batch_info] for each in (KINESIS, DYNAMODB) if each.batch_info in content), None)
    if not isinstance(info, dict):
        return None
    context = content["requestContext"]
    position = _position(info)
    named = str(context.get("functionArn", ""))
    function = routes.reader(position.stream, named) or named
    event = json_or_text(content["payload"]) if isinstance(content.get("payload"), str) else None
    records = tuple(event["Records"]) if isinstance(event, dict) and "Records" in event else ()
    way = Records(function=function, position=None if records else position, records=records)
    return _failure(
        store,
        kept,
        what="record of a stream's batch" if event is None else "record of a stream's batch, with its data",
        function=routes.function(function),
        reason=str(context.get("condition", "")),
        rule=GIVEN_UP.get(str(context.get("condition", "")), ""),
        error=Trouble(type=(content.get("responseContext") or {}).get("functionError") or ""),
        attempts=context.get("approximateInvokeCount"),
        request_id=str(context.get("requestId", "")),
        event=event,
        position=position,
        way=way,
    )


def _of_a_rule(store: Store, kept: Kept, content: Any, routes: Routes) -> Failure | None:  # noqa: ANN401
    """An event that EventBridge could not deliver to a target."""
    del content
    target = _attribute(kept, "TARGET_ARN")
    if not target:
        return None
    code = _attribute(kept, "ERROR_CODE")
    exhausted = _attribute(kept, "EXHAUSTED_RETRY_CONDITION")
    retries = whole_number(_attribute(kept, "RETRY_ATTEMPTS"))
    return _failure(
        store,
        kept,
        what="event of a rule",
        function=routes.behind(target),
        reason=code,
        rule=GIVEN_UP["target exhausted" if exhausted else "target refused"],
        error=Trouble(type=code, message=_attribute(kept, "ERROR_MESSAGE")),
        attempts=None if retries is None else retries + 1,
        event=json_or_text(kept.body),
        way=_to_target(target, kept.body),
    )


def _of_a_subscription(store: Store, kept: Kept, content: Any, routes: Routes) -> Failure | None:  # noqa: ANN401
    """A message that SNS could not deliver to a subscriber."""
    origin = _subscription(store, content)
    if origin is None:
        return None
    target = origin.function
    way: Way = Send(queue=target, body=kept.body, group=kept.system.get("MessageGroupId", ""))
    if ":lambda:" in target:
        way = Invoke(function=target, payload=json_text(_notification(content, origin.source)))
    return _failure(
        store,
        kept,
        what="message of a topic",
        function=routes.behind(target),
        reason=_attribute(kept, "ErrorCode") or "not delivered",
        rule=GIVEN_UP["subscription"],
        error=Trouble(type=_attribute(kept, "ErrorCode"), message=_attribute(kept, "ErrorMessage")),
        event=content,
        way=way,
    )


def _subscription(store: Store, content: Any) -> Origin | None:  # noqa: ANN401 - any JSON value
    """The subscription that a message was for: its envelope names it; a bare message is of the only one there is."""
    found = [origin for origin in store.origins if origin.role == "subscription"]
    if isinstance(content, dict) and content.get("Type") == "Notification":
        unsubscribe = str(content.get("UnsubscribeURL", ""))
        named = [each for each in found if unsubscribe.endswith(each.source)]
        found = named or [each for each in found if each.source.startswith(f"{content.get('TopicArn')}:")]
    elif found and (len(store.origins) > 1 or ":lambda:" in found[0].function):
        return None
    return found[0] if len(found) == 1 else None


def _parked(store: Store, kept: Kept, content: Any, routes: Routes) -> Failure | None:  # noqa: ANN401
    """A stream's record that a function has put aside itself."""
    if not any(origin.role == "parked" for origin in store.origins):
        return None
    parked = content if isinstance(content, dict) else {}
    stream = str(parked.get("streamArn", ""))
    reader = routes.reader(stream) or next((each.function for each in store.origins), "")
    reason = parked.get("reason")
    told = reason if isinstance(reason, dict) else {"reason": reason}
    way: Way = Nowhere(reason=GIVEN_UP["parked without data"])
    event: Any = content
    if stream and isinstance(parked.get("data"), str) and isinstance(parked.get("partitionKey"), str):
        way = Put(stream=stream, key=parked["partitionKey"], data=parked["data"])
        event = data_of(parked["data"])
    return _failure(
        store,
        kept,
        what="record that a function has parked",
        function=routes.function(reader),
        reason=str(told.get("error") or "parked"),
        rule=GIVEN_UP["parked"],
        error=Trouble(type=str(told.get("error") or ""), message=str(told.get("reason") or "")),
        event=event,
        way=way,
    )


def _of_a_function(store: Store, kept: Kept, content: Any, routes: Routes) -> Failure | None:  # noqa: ANN401
    """A function's dead letter (S-24): the event itself, and why in attributes."""
    functions = {origin.function for origin in store.origins if origin.role == "function dead letter"}
    if not functions:
        return None
    text, attributes = _dead_letter(kept, content)
    function = functions.pop() if len(functions) == 1 else ""
    code = attributes.get("ErrorCode", "")
    return _failure(
        store,
        kept,
        what="dead letter of a function",
        function=routes.function(function),
        reason=f"ErrorCode {code}" if code else "",
        rule=GIVEN_UP["function dead letter"],
        error=Trouble(message=attributes.get("ErrorMessage", "")),
        request_id=attributes.get("RequestID", ""),
        event=json_or_text(text),
        way=Invoke(function=function, payload=text) if function else Nowhere(reason=_NO_WAY),
    )


def _unknown(store: Store, kept: Kept, content: Any, routes: Routes) -> Failure:  # noqa: ANN401
    del routes
    return _failure(store, kept, what="something else", event=content, way=Nowhere(reason=_NO_WAY))


_READERS: Final[tuple[Callable[[Store, Kept, Any, Routes], Failure | None], ...]] = (
    _from_a_queue,
    _of_a_rule,
    _asynchronous,
    _of_a_stream,
    _of_a_subscription,
    _parked,
    _of_a_function,
    _unknown,
)


def _failure(store: Store, kept: Kept, *, what: str, way: Way, **told: Any) -> Failure:  # noqa: ANN401 - the fields
    return Failure(id="", store=store.name, what=what, at=kept.at, kept=kept, way=way, **told)


def _dead_letter(kept: Kept, content: Any) -> tuple[str, dict[str, str]]:  # noqa: ANN401 - any JSON value
    """The event as it was sent and the attributes, out of a topic's envelope if it came by one."""
    if isinstance(content, dict) and content.get("Type") == "Notification" and "Message" in content:
        inner = content.get("MessageAttributes") or {}
        return str(content["Message"]), {name: str(value.get("Value", "")) for name, value in inner.items()}
    return kept.body, {name: _attribute(kept, name) for name in kept.attributes}


def _attribute(kept: Kept, name: str) -> str:
    return str(kept.attributes.get(name, {}).get("StringValue", ""))


def _trouble(payload: object) -> Trouble:
    """The error of a function's answer."""
    if not isinstance(payload, dict):
        return Trouble(message="" if payload is None else str(payload))
    trace = payload.get("stackTrace") or ()
    return Trouble(
        type=str(payload.get("errorType") or ""),
        message=str(payload.get("errorMessage") or ""),
        trace=tuple(str(line).rstrip() for line in trace) if isinstance(trace, list) else (),
    )


def _position(info: Mapping[str, Any]) -> Position:
    return Position(
        stream=str(info.get("streamArn", "")),
        shard=str(info.get("shardId", "")),
        first=str(info.get("startSequenceNumber", "")),
        last=str(info.get("endSequenceNumber", "")),
        count=int(info.get("batchSize") or 0),
        arrived=str(info.get("approximateArrivalOfFirstRecord", "")),
    )


def _to_target(target: str, body: str) -> Way:
    service = target.split(":")[2]
    if service == "lambda":
        return Invoke(function=target, payload=body)
    if service == "sqs":
        return Send(queue=target, body=body)
    return Nowhere(reason=f"The target {target} is neither a function nor a queue: send the event to it yourself.")


def _notification(envelope: Mapping[str, Any], subscription: str) -> dict[str, Any]:
    """The event of a subscribed function, out of the envelope that its dead-letter queue got."""
    renamed = {"SigningCertURL": "SigningCertUrl", "UnsubscribeURL": "UnsubscribeUrl"}
    notification = {"Subject": None, **{renamed.get(name, name): value for name, value in envelope.items()}}
    notification.setdefault("MessageAttributes", {})
    return {
        "Records": [
            {
                "EventSource": "aws:sns",
                "EventVersion": "1.0",
                "EventSubscriptionArn": subscription,
                "Sns": notification,
            }
        ]
    }


def data_of(encoded: str) -> Any:  # noqa: ANN401 - any JSON value
    """The data of a stream's record: JSON, text, or the base64 that it is if it is neither."""
    try:
        return json_or_text(base64.b64decode(encoded, validate=True).decode())
    except ValueError:
        return encoded
