"""The API of SQS's messages: sent, received, deleted, hidden for longer or shorter."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from landfast.aws_errors import AwsError
from landfast.driver.polled_queue import Poll
from landfast.eventplane.plane import Pending, Result
from landfast.eventplane.ports import PlaneWorld
from landfast.eventplane.sqs_answers import SYSTEM, Peeked, peeked, shown, system_names
from landfast.eventplane.sqs_errors import (
    FORBIDDEN,
    NOT_FOUND,
    invalid_value,
    no_queue,
    not_for_this_type,
    unknown_attribute,
)
from landfast.eventplane.sqs_queues import Queue, Queues
from landfast.eventplane.sqs_sending import (
    check_batch,
    check_batch_size,
    check_fifo_entries,
    check_message,
    deduplication_id,
)
from landfast.protocols.call import Call
from landfast.sources.sent import Sent
from landfast.sources.sqs import IN_FLIGHT_LIMIT, LONGEST_VISIBILITY, RECEIVE_LIMIT
from landfast.sources.sqs_message import NO_ATTRIBUTES, Attributes, Message, md5_of_attributes, md5_of_body

if TYPE_CHECKING:
    from landfast.driver import Plan

_LONGEST_WAIT: Final = 20


class Requests:
    """Answers the calls that are about messages.

    Args:
        world: The world.
        queues: All queues.
        new_id: Makes unique ids.
    """

    def __init__(self, world: PlaneWorld, queues: Queues, new_id: Callable[[], str]) -> None:
        self._world = world
        self._queues = queues
        self._new_id = new_id
        self.operations: Mapping[str, Callable[[Call], Result | Pending]] = {
            "ChangeMessageVisibility": self._change_visibility,
            "ChangeMessageVisibilityBatch": self._change_visibility_batch,
            "DeleteMessage": self._delete,
            "DeleteMessageBatch": self._delete_batch,
            "ReceiveMessage": self._receive,
            "SendMessage": self._send,
            "SendMessageBatch": self._send_batch,
        }

    def take(self, arn: str, sent: Sent) -> None:
        """Take what another service sends to a queue.

        Raises:
            AwsError: There is no such queue, or it does not take the message.
        """
        queue = self._queues.find(arn)
        if queue is None:
            raise no_queue()
        message: dict[str, Any] = {"MessageBody": sent.body, "MessageAttributes": sent.attributes}
        if sent.group is not None:
            message["MessageGroupId"] = sent.group
        if sent.deduplication_id is not None:
            message["MessageDeduplicationId"] = sent.deduplication_id
        check_message(message, queue.settings)
        self._put(queue, message, sent.trace)

    def peek(self, queue: Queue, limit: int) -> Sequence[Peeked]:
        """The first messages of a queue."""
        now = self._world.now()
        return [peeked(queue, message, now) for message, _ in zip(queue.messages, range(limit), strict=False)]

    def _send(self, call: Call) -> Result:
        queue = self._queues.at(call.params["QueueUrl"])
        check_message(call.params, queue.settings)
        return self._put(queue, call.params, call.trace)

    def _send_batch(self, call: Call) -> Result:
        queue, entries = self._batch(call)
        check_fifo_entries(entries, queue.settings)
        check_batch_size(entries)

        def send(entry: Mapping[str, Any]) -> Result:
            check_message(entry, queue.settings)
            return self._put(queue, entry, call.trace)

        return _each(entries, send)

    def _put(self, queue: Queue, message: Mapping[str, Any], trace: str) -> dict[str, Any]:
        attributes = _kept(message.get("MessageAttributes"))
        system = message.get("MessageSystemAttributes")
        fifo = queue.settings.fifo
        sent = queue.messages.send(
            self._new_id(),
            message["MessageBody"],
            self._world.now(),
            group=message.get("MessageGroupId") or "",
            attributes=attributes,
            trace=system["AWSTraceHeader"]["StringValue"] if system else trace,
            deduplication_id=deduplication_id(message, queue.settings) if fifo else "",
            delay=None if fifo else message.get("DelaySeconds"),
        )
        self._world.traced((sent.id,), sent.trace)
        queue.polled.changed()
        result: dict[str, Any] = {"MessageId": sent.id, "MD5OfMessageBody": md5_of_body(sent.body)}
        if attributes:
            result["MD5OfMessageAttributes"] = md5_of_attributes(attributes)
        if system:
            result["MD5OfMessageSystemAttributes"] = md5_of_attributes(system)
        if fifo:
            result["SequenceNumber"] = sent.sequence_number
        return result

    def _receive(self, call: Call) -> Result | Pending:
        params = call.params
        queue = self._queues.at(params["QueueUrl"])
        wait = _check_receive(params, queue)
        pending = Pending()
        timer: list[Plan] = []

        def received(messages: Sequence[Message]) -> None:
            for plan in timer:
                plan.cancel()
            pending.resolve(shown(queue, messages, params))

        poll = Poll(
            params.get("MaxNumberOfMessages", 1),
            received,
            params.get("VisibilityTimeout"),
            params.get("ReceiveRequestAttemptId") or "",
            abandoned=lambda: pending.abandoned,
        )
        messages = queue.polled.receive(poll)
        if messages or not wait:
            return shown(queue, messages, params)

        def ended() -> None:
            queue.polled.give_up(poll)
            pending.resolve({})

        timer.append(self._world.after(wait, ended))
        queue.polled.wait(poll)
        return pending

    def _delete(self, call: Call) -> Result:
        self._delete_one(self._queues.at(call.params["QueueUrl"]), call.params)
        return {}

    def _delete_batch(self, call: Call) -> Result:
        queue, entries = self._batch(call)
        return _each(entries, lambda entry: self._delete_one(queue, entry))

    def _delete_one(self, queue: Queue, params: Mapping[str, Any]) -> Result:
        handle = params["ReceiptHandle"]
        match queue.messages.delete(handle, self._world.now()):
            case "invalid":
                raise _no_handle(handle)
            case "expired":
                raise _expired(handle)
            case "stale" if queue.settings.fifo:
                raise _expired(handle)
        queue.polled.changed()
        return {}

    def _change_visibility(self, call: Call) -> Result:
        self._change_one(self._queues.at(call.params["QueueUrl"]), call.params)
        return {}

    def _change_visibility_batch(self, call: Call) -> Result:
        queue, entries = self._batch(call)
        return _each(entries, lambda entry: self._change_one(queue, entry))

    def _change_one(self, queue: Queue, params: Mapping[str, Any]) -> Result:
        handle, seconds = params["ReceiptHandle"], params.get("VisibilityTimeout")
        _check_visibility(seconds)
        handled = queue.messages.change_visibility(handle, seconds or 0, self._world.now())
        match handled:
            case "invalid":
                raise _no_handle(handle)
            case "gone":
                raise invalid_value(
                    handle,
                    "ReceiptHandle",
                    "Message does not exist or is not available for visibility timeout change.",
                )
            case "expired" | "stale" if queue.settings.fifo:
                raise _expired(handle)
            case "given_back":
                raise AwsError("MessageNotInflight", "The specified message isn't in flight.")
            case "too_long":
                raise invalid_value(
                    seconds,
                    "VisibilityTimeout",
                    f"Total VisibilityTimeout for the message is beyond the limit [{LONGEST_VISIBILITY:.0f} seconds].",
                )
        queue.polled.changed()
        return {}

    def _batch(self, call: Call) -> tuple[Queue, Sequence[Mapping[str, Any]]]:
        queue = self._queues.at(call.params["QueueUrl"])
        entries: Sequence[Mapping[str, Any]] = call.params["Entries"]
        check_batch(entries, call.operation)
        return queue, entries


def _kept(attributes: Attributes | None) -> Attributes:
    """Message attributes without their empty lists."""
    if not attributes:
        return NO_ATTRIBUTES
    members = ("DataType", "StringValue", "BinaryValue")
    return {name: {part: value[part] for part in members if part in value} for name, value in attributes.items()}


def _each(entries: Iterable[Mapping[str, Any]], do: Callable[[Mapping[str, Any]], Result]) -> Result:
    """The result of a batch, each entry by itself."""
    successful: list[Mapping[str, Any]] = []
    failed: list[Mapping[str, Any]] = []
    for entry in entries:
        try:
            successful.append({"Id": entry["Id"], **do(entry)})
        except AwsError as error:
            failed.append({"Id": entry["Id"], "SenderFault": True, "Code": error.code, "Message": error.message})
    return {"Successful": successful, "Failed": failed}


def _check_receive(params: Mapping[str, Any], queue: Queue) -> int:
    """Tell whether messages can be received so; how long to wait for them."""
    most = params.get("MaxNumberOfMessages", 1)
    if not 1 <= most <= RECEIVE_LIMIT:
        raise invalid_value(most, "MaxNumberOfMessages", f"Must be between 1 and {RECEIVE_LIMIT}, if provided.")
    wait: int = params.get("WaitTimeSeconds", queue.settings.number("ReceiveMessageWaitTimeSeconds"))
    if not 0 <= wait <= _LONGEST_WAIT:
        raise invalid_value(wait, "WaitTimeSeconds", f"Must be >= 0 and <= {_LONGEST_WAIT}, if provided.")
    _check_visibility(params.get("VisibilityTimeout"))
    attempt_id = params.get("ReceiveRequestAttemptId")
    if attempt_id and not queue.settings.fifo:
        raise not_for_this_type(attempt_id, "ReceiveRequestAttemptId")
    for name in system_names(params) - SYSTEM:
        raise unknown_attribute(name)
    queue.polled.advance()
    if queue.messages.in_flight >= IN_FLIGHT_LIMIT and not queue.settings.fifo:
        raise AwsError("OverLimit", f"Too many messages in flight: {IN_FLIGHT_LIMIT} at most.", status=FORBIDDEN)
    return wait


def _check_visibility(seconds: int | None) -> None:
    if seconds is not None and not 0 <= seconds <= LONGEST_VISIBILITY:
        raise invalid_value(
            seconds, "VisibilityTimeout", f"Must be between 0 and {LONGEST_VISIBILITY:.0f}, if provided."
        )


def _no_handle(handle: str) -> AwsError:
    return AwsError(
        "ReceiptHandleIsInvalid",
        f'The input receipt handle "{handle}" is not a valid receipt handle.',
        status=NOT_FOUND,
    )


def _expired(handle: str) -> AwsError:
    return invalid_value(handle, "ReceiptHandle", "The receipt handle has expired.")
