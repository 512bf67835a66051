"""The queues of a running service, as the page shows them: looking changes nothing.

A queue of the list costs as little to tell as its counts, whatever lies in it. Its groups and its messages are only
looked through while somebody looks at that queue.
"""

import base64
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from itertools import islice
from typing import Any, Literal, TypeAlias

import msgspec

from landfast.aws_errors import AwsError
from landfast.console.context import Context
from landfast.console.routes import Asked, Problem, Route
from landfast.eventplane.sqs_queues import Queue, Queues
from landfast.failures.decoding import identify
from landfast.failures.model import Kept, Store
from landfast.service.event_source_mappings import Entry
from landfast.service.queues import QueueMapping, QueueReader
from landfast.sources.sqs_message import Message, system_attributes
from landfast.template import Template, graph_of

_PREVIEW = 300
_MOST_MESSAGES = 1_000
_MESSAGES = 100
_MOST_GROUPS = 200
_MOST_HOLDERS = 10

State: TypeAlias = Literal["visible", "in flight", "delayed"]
Held: TypeAlias = Literal["function", "client", "nobody"]


class MappingShown(msgspec.Struct, frozen=True, kw_only=True):
    """An event source mapping, beside what it reads.

    Attributes:
        id: The mapping's logical id, or its UUID if the API has made it.
        uuid: The mapping's UUID.
        function: The logical id of its function.
        state: The state, as AWS calls it.
    """

    id: str
    uuid: str
    function: str
    state: str


class QueueShown(msgspec.Struct, frozen=True, kw_only=True):
    """A queue.

    Attributes:
        name: The queue's name. Others are told by their logical ids, where they have one.
        arn: The queue's ARN.
        logical_id: The queue's name in the template; empty if that does not declare it.
        fifo: True if it is a FIFO queue.
        visible: Messages that can be received, or wait for their group's turn.
        in_flight: Messages received and not yet deleted.
        delayed: Messages whose delay is not over.
        oldest: From when on the retention of the message counts that is there for longest.
        retention: Seconds for which a message is kept.
        visibility_timeout: Seconds for which a received message is hidden.
        delay: Seconds until a message that was sent becomes visible.
        dead_letter_queue: The queue that takes what was received too often; empty for none.
        max_receive_count: How often a message is received before that.
        sources: The queues whose dead-letter queue this one is.
        keeps_failures: True if the failures of something in the template come here.
        blocked_groups: Groups that wait for a message of theirs that is in flight.
        mappings: The mappings that poll it.
    """

    name: str
    arn: str
    logical_id: str
    fifo: bool
    visible: int
    in_flight: int
    delayed: int
    oldest: float | None
    retention: float
    visibility_timeout: float
    delay: float
    dead_letter_queue: str
    max_receive_count: int | None
    sources: tuple[str, ...]
    keeps_failures: bool
    blocked_groups: int
    mappings: tuple[MappingShown, ...]


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """A message in flight, which holds up its group.

    Attributes:
        id: The message id.
        since: When it was received last.
        until: When it becomes visible again, unless it is deleted before.
        receives: How often this queue has delivered it.
        held: Who has it: a mapping whose function is being called, a client of the API, or nobody, since its call has
            failed and it waits to be received again.
        mapping: The mapping that handles it; empty otherwise.
        function: The function that it calls.
    """

    id: str
    since: float
    until: float
    receives: int
    held: Held
    mapping: str = ""
    function: str = ""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A message group of a FIFO queue.

    Attributes:
        id: The message group id.
        waiting: Messages that can be received, or wait for the ones in flight.
        delayed: Messages whose delay is not over.
        holders: The messages in flight, the first ones of many; the group is blocked while there is one.
        in_flight: How many there are.
    """

    id: str
    waiting: int
    delayed: int
    holders: tuple[Holder, ...]
    in_flight: int


class MessageShown(msgspec.Struct, frozen=True, kw_only=True):
    """A message, with as much of its body as a list needs.

    Attributes:
        id: The message id.
        number: The message's place in the order of sending.
        state: The state of the message.
        due: When it becomes visible; None if it is.
        expires: When its retention ends.
        sent_at: When it was sent.
        receives: How often it was received, in all queues.
        deliveries: How often by this queue.
        group: The message group id; empty without one.
        size: Bytes of the body.
        body: The body, or its beginning.
        is_blocked: True if it is visible and its group waits for a message in flight.
    """

    id: str
    number: int
    state: State
    due: float | None
    expires: float
    sent_at: float
    receives: int
    deliveries: int
    group: str
    size: int
    body: str
    is_blocked: bool


class WholeMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message with everything.

    Attributes:
        message: The message, with its whole body.
        attributes: Its message attributes, binary values in base64.
        system: SQS's own attributes.
        dead_letter_of: The queue that has given it up; empty if none has.
        failure: The id of the failure that it is; empty if the queue keeps none.
    """

    message: MessageShown
    attributes: Mapping[str, Mapping[str, str]]
    system: Mapping[str, str]
    dead_letter_of: str
    failure: str


class QueuePage(msgspec.Struct, frozen=True, kw_only=True):
    """A queue with what is in it.

    Attributes:
        queue: The queue.
        groups: Its groups, if it is a FIFO queue: the blocked ones first, then the fullest.
        more_groups: Groups that are not among them.
        messages: The first messages.
        attributes: All attributes of the queue, as SQS has them.
    """

    queue: QueueShown
    groups: tuple[Group, ...]
    more_groups: int
    messages: tuple[MessageShown, ...]
    attributes: Mapping[str, str]


class QueuesPart:
    """Answers what is in the queues."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._of: Template | None = None
        self._failed: frozenset[str] = frozenset()
        self._logical_ids: dict[str, str] = {}

    def routes(self) -> Iterable[Route]:
        """The routes of this part."""
        yield Route("GET", "/queues", self._list)
        yield Route("GET", "/queues/{name}", self._page)
        yield Route("GET", "/queues/{name}/messages/{id}", self._message)

    async def _list(self, asked: Asked) -> tuple[QueueShown, ...]:
        del asked
        return await self._context.driver(lambda: tuple(self._shown(queue) for queue in self._queues()))

    async def _page(self, asked: Asked) -> QueuePage:
        limit = int(asked.number("limit", _MESSAGES, _MOST_MESSAGES))
        return await self._context.driver(lambda: self._looked_at(self._named(asked), limit))

    async def _message(self, asked: Asked) -> WholeMessage:
        return await self._context.driver(lambda: self._whole(self._named(asked), asked.parts["id"]))

    def _looked_at(self, queue: Queue, limit: int) -> QueuePage:
        queue.polled.advance()  # what is due now is visible, and what is too old is gone
        entries = self._mappings_of(queue)
        groups = groups_of(queue, lambda message_id: _handled_by(message_id, entries))
        return QueuePage(
            queue=self._shown(queue),
            groups=tuple(groups[:_MOST_GROUPS]),
            more_groups=max(0, len(groups) - _MOST_GROUPS),
            messages=messages_of(queue, limit),
            attributes=queue.settings.all,
        )

    def _whole(self, queue: Queue, message_id: str) -> WholeMessage:
        found = next((message for message in queue.messages if message.id == message_id), None)
        if found is None:
            raise Problem(HTTPStatus.NOT_FOUND, f"queue {queue.name}: message {message_id} is not in it any more")
        keeps_failures = self._shown(queue).keeps_failures
        return whole(queue, found, self._logical_ids, keeps_failures=keeps_failures)

    def _named(self, asked: Asked) -> Queue:
        """The queue that a request names, by its logical id or its name."""
        name = asked.parts["name"]
        declared = self._context.service.template.queues.get(name)
        try:
            return self._queues().named(declared.name if declared else name)
        except AwsError:
            raise Problem(HTTPStatus.NOT_FOUND, f"there is no queue {name}") from None

    def _shown(self, queue: Queue) -> QueueShown:
        template = self._context.service.template
        if self._of is not template:
            self._of, self._failed = template, _failure_stores(template)
            self._logical_ids = {one.arn: one.logical_id for one in template.queues.values()}
        sources = [source.arn for source in self._queues().sources_of(queue)]
        logical_id = self._logical_ids.get(queue.arn, "")
        return shown(
            queue,
            self._logical_ids,
            sources=sources,
            keeps_failures=bool(sources) or logical_id in self._failed,
            mappings=map(mapping_shown, self._mappings_of(queue)),
        )

    def _mappings_of(self, queue: Queue) -> list[Entry]:
        mappings = self._context.service.mappings
        return [entry for entry in mappings or () if reads_queue(entry, queue)]

    def _queues(self) -> Queues:
        return self._context.service.plane.queues.all


def _failure_stores(template: Template) -> frozenset[str]:
    """The logical ids of whatever failures come to."""
    return frozenset(edge.target for edge in graph_of(template).edges if edge.kind == "failure")


def shown(
    queue: Queue,
    logical_ids: Mapping[str, str],
    *,
    sources: Iterable[str],
    keeps_failures: bool,
    mappings: Iterable[MappingShown],
) -> QueueShown:
    """A queue with its counts.

    Args:
        queue: The queue.
        logical_ids: Those of the template's queues, by their ARNs.
        sources: The ARNs of the queues whose dead-letter queue it is.
        keeps_failures: True if the failures of something in the template come here.
        mappings: The mappings that poll it.
    """
    queue.polled.advance()
    messages, attributes = queue.messages, queue.messages.attributes
    return QueueShown(
        name=queue.name,
        arn=queue.arn,
        logical_id=logical_ids.get(queue.arn, ""),
        fifo=attributes.fifo,
        visible=len(messages) - messages.in_flight - messages.delayed,
        in_flight=messages.in_flight,
        delayed=messages.delayed,
        oldest=messages.oldest(),
        retention=attributes.retention,
        visibility_timeout=attributes.visibility_timeout,
        delay=attributes.delay,
        dead_letter_queue=_named(queue.settings.dead_letter_arn or "", logical_ids),
        max_receive_count=attributes.max_receive_count,
        sources=tuple(_named(arn, logical_ids) for arn in sources),
        keeps_failures=keeps_failures,
        blocked_groups=messages.blocked_groups,
        mappings=tuple(mappings),
    )


def _named(arn: str, logical_ids: Mapping[str, str]) -> str:
    return logical_ids.get(arn) or arn.rpartition(":")[2]


def mapping_shown(entry: Entry) -> MappingShown:
    """An event source mapping, beside what it reads."""
    mapping = entry.mapping
    return MappingShown(id=mapping.logical_id, uuid=mapping.uuid, function=mapping.function, state=entry.state)


def reads_queue(entry: Entry, queue: Queue) -> bool:
    """Tell whether a mapping polls a queue."""
    return isinstance(entry.config, QueueMapping) and entry.config.reads is queue.polled


def groups_of(queue: Queue, handled_by: Callable[[str], MappingShown | None]) -> list[Group]:
    """The groups of a FIFO queue: the blocked ones first, then those in which most messages wait.

    Args:
        queue: The queue.
        handled_by: Tells which mapping handles a message now.
    """
    if not queue.settings.fifo:
        return []
    by_group: dict[str, list[Message]] = {}
    for message in queue.messages:
        by_group.setdefault(message.group, []).append(message)
    groups = [_group(name, messages, handled_by) for name, messages in by_group.items()]
    return sorted(groups, key=lambda group: (not group.in_flight, -group.waiting, group.id))


def _group(name: str, messages: Iterable[Message], handled_by: Callable[[str], MappingShown | None]) -> Group:
    waiting = delayed = in_flight = 0
    holders: list[Holder] = []
    for message in messages:
        if message.hidden_until is None:
            waiting += 1
        elif message.is_delayed:
            delayed += 1
        else:
            in_flight += 1
            if in_flight <= _MOST_HOLDERS:
                holders.append(_holder(message, message.hidden_until, handled_by(message.id)))
    return Group(id=name, waiting=waiting, delayed=delayed, holders=tuple(holders), in_flight=in_flight)


def _holder(message: Message, until: float, mapping: MappingShown | None) -> Holder:
    """Tell who has a message that is in flight."""
    held: Held = "nobody"
    if mapping is not None:
        held = "function"
    elif message.outside and not message.given_back:
        held = "client"
    return Holder(
        id=message.id,
        since=message.received_at,
        until=until,
        receives=message.deliveries,
        held=held,
        mapping=mapping.id if mapping else "",
        function=mapping.function if mapping else "",
    )


def _handled_by(message_id: str, entries: Iterable[Entry]) -> MappingShown | None:
    for entry in entries:
        if isinstance(entry.reader, QueueReader) and entry.reader.holds(message_id):
            return mapping_shown(entry)
    return None


def messages_of(queue: Queue, limit: int) -> tuple[MessageShown, ...]:
    """The first messages of a queue, in the order of sending; of a long body only the beginning."""
    first = [*islice(queue.messages, limit)]
    return tuple(_message(queue, message, body=message.body[:_PREVIEW]) for message in first)


def whole(
    queue: Queue, message: Message, logical_ids: Mapping[str, str], *, keeps_failures: bool = False
) -> WholeMessage:
    """A message with everything that SQS knows of it; see `shown`."""
    store, kept = Store(name="", kind="queue", arn=queue.arn, location=""), Kept(key=message.id, body="", at=0.0)
    return WholeMessage(
        message=_message(queue, message, body=message.body),
        attributes={name: _attribute(value) for name, value in message.attributes.items()},
        system=system_attributes(message, fifo=queue.settings.fifo, epoch=0.0),
        dead_letter_of=_named(message.source_arn, logical_ids),
        failure=identify(store, kept) if keeps_failures else "",
    )


def _message(queue: Queue, message: Message, *, body: str) -> MessageShown:
    state: State = "visible"
    if message.hidden_until is not None:
        state = "delayed" if message.is_delayed else "in flight"
    return MessageShown(
        id=message.id,
        number=message.number,
        state=state,
        due=message.hidden_until,
        expires=message.kept_from + queue.messages.attributes.retention,
        sent_at=message.sent_at,
        receives=message.receives,
        deliveries=message.deliveries,
        group=message.group,
        size=len(message.body.encode(errors="surrogatepass")),
        body=body,
        is_blocked=message.hidden_until is None and queue.messages.is_blocked(message.group),
    )


def _attribute(value: Mapping[str, Any]) -> dict[str, str]:
    binary = value.get("BinaryValue")
    content = value["StringValue"] if binary is None else base64.b64encode(binary).decode()
    return {"type": value["DataType"], "value": content}
