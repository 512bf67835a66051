"""The SQS queues of an account: made, found, changed and deleted, and kept from one run of the service to the next."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from landfast.aws_errors import AwsError
from landfast.delivery.actions import State
from landfast.driver.polled_queue import PolledQueue
from landfast.eventplane import sqs_attributes
from landfast.eventplane.ports import PlaneWorld
from landfast.eventplane.sqs_attributes import Settings
from landfast.eventplane.sqs_errors import FORBIDDEN, NOT_FOUND, invalid, invalid_value, no_queue
from landfast.journal import Settled
from landfast.sources.rows import Keep
from landfast.sources.sqs import SqsQueue
from landfast.sources.sqs_message import Message

KIND: Final = "sqs"
_ROW: Final = "queue"
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")
_LONGEST_NAME: Final = 80
_MOST_TAGS: Final = 50
_PURGE_INTERVAL: Final = 60.0
_NAMES_ARE: Final = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
_FIFO_NAMES_ARE: Final = (
    "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo "
    "suffix and be 1 to 80 in length."
)


class Kept(msgspec.Struct):
    """A queue's row.

    Attributes:
        attributes: The attributes that were set.
        tags: The queue's tags.
        created: When, in Unix seconds.
        modified: When its attributes were last set.
        token: Tells its receipt handles from those of an earlier queue of its name.
        purged: When it was last purged.
    """

    attributes: dict[str, str]
    tags: dict[str, str]
    created: float
    modified: float
    token: str
    purged: float | None = None


class Queue:
    """One queue.

    Args:
        name: The queue's name.
        arn: The queue's ARN.
        kept: The queue's row.
        keep: Keeps rows.
        polled: The queue's messages, and who waits for them; made by `Queues`.

    Attributes:
        settings: The queue's attributes.
    """

    def __init__(self, name: str, arn: str, kept: Kept, keep: Keep) -> None:
        self.name = name
        self.arn = arn
        self.kept = kept
        self.keep = keep
        self.settings = Settings(name.endswith(".fifo"), kept.attributes)
        self.polled: PolledQueue

    @property
    def messages(self) -> SqsQueue:
        """The queue's messages."""
        return self.polled.queue

    def store(self) -> None:
        """Keep its row."""
        self.keep(_ROW, msgspec.msgpack.encode(self.kept))


class Queues:
    """All queues.

    Args:
        world: The world.
        account: The account, twelve digits.
        region: The region.
        new_id: Makes unique ids.
    """

    def __init__(self, world: PlaneWorld, account: str, region: str, new_id: Callable[[], str]) -> None:
        self._world = world
        self._account = account
        self._prefix = f"arn:aws:sqs:{region}:{account}:"
        self._new_id = new_id
        self._queues: dict[str, Queue] = {}
        self._left: dict[str, PolledQueue] = {}
        rows: dict[str, dict[str, bytes]] = {}
        for owner, key, content in world.rows(KIND):
            rows.setdefault(owner, {})[key] = content
        for name, kept in rows.items():
            queue = self._open(name, msgspec.msgpack.decode(kept[_ROW], type=Kept))
            queue.messages.restore(kept)
        for queue in self:
            queue.polled.advance()
            queue.polled.changed()

    def __iter__(self) -> Iterator[Queue]:
        """All of them, by name."""
        return iter(sorted(self._queues.values(), key=lambda queue: queue.name))

    def at(self, url: str) -> Queue:
        """The queue with this URL, whatever its host is called.

        Raises:
            AwsError: There is none.
        """
        account, _, name = "/".join(url.rsplit("/", 2)[-2:]).partition("/")
        if not name:
            raise AwsError("InvalidAddress", f"The address {url} is not valid for this endpoint.", status=NOT_FOUND)
        return self.named(name, account)

    def named(self, name: str, account: str | None = None) -> Queue:
        """The queue with this name.

        Raises:
            AwsError: There is none.
        """
        queue = self._queues.get(name) if account in {None, self._account} else None
        if queue is None:
            raise no_queue()
        return queue

    def find(self, arn: str) -> Queue | None:
        """The queue with this ARN; None if there is none."""
        return self._queues.get(arn.removeprefix(self._prefix)) if arn.startswith(self._prefix) else None

    def create(self, name: str, attributes: Mapping[str, str], tags: Mapping[str, str]) -> Queue:
        """Make a queue, unless there is one that is the same.

        Raises:
            AwsError: It cannot be, or there is one with other attributes.
        """
        fifo = attributes.get("FifoQueue") == "true"
        _check_name(name, fifo=fifo)
        given = sqs_attributes.checked(attributes, fifo=fifo)
        found = self._queues.get(name)
        if found is not None:
            _check_same(found, given)
            return found
        _check_tags(tags)
        given = {name: value for name, value in given.items() if value != ""}
        self._check(Settings(fifo, given), name)
        now = self._world.now()
        queue = self._open(name, Kept(given, dict(tags), now, now, self._new_id().replace("-", "")))
        queue.store()
        return queue

    def change(self, queue: Queue, attributes: Mapping[str, str]) -> None:
        """Set attributes; an empty policy is none.

        Raises:
            AwsError: They cannot be set.
        """
        given = {**queue.settings.given, **sqs_attributes.checked(attributes, fifo=queue.settings.fifo)}
        if attributes.get("KmsMasterKeyId") and "SqsManagedSseEnabled" not in attributes:
            given.pop("SqsManagedSseEnabled", None)
        given = {name: value for name, value in given.items() if value != ""}
        settings = Settings(queue.settings.fifo, given)
        self._check(settings, queue.name)
        queue.settings = settings
        queue.kept.attributes = given
        queue.kept.modified = self._world.now()
        queue.store()
        queue.messages.attributes = settings.machine()
        queue.polled.advance()
        queue.polled.changed()

    def delete(self, queue: Queue) -> None:
        """Delete a queue with all its messages; a mapping goes on with the next queue of its name."""
        del self._queues[queue.name]
        self._left[queue.name] = queue.polled
        queue.polled.close()
        queue.keep(_ROW, None)

    def purge(self, queue: Queue) -> None:
        """Delete all messages.

        Raises:
            AwsError: That was asked for less than a minute ago.
        """
        now = self._world.now()
        if queue.kept.purged is not None and now < queue.kept.purged + _PURGE_INTERVAL:
            raise AwsError(
                "PurgeQueueInProgress",
                f"Only one PurgeQueue operation on {queue.name} is allowed every 60 seconds.",
                status=FORBIDDEN,
            )
        queue.kept.purged = now
        queue.store()
        queue.polled.purge("PurgeQueue")

    def tag(self, queue: Queue, tags: Mapping[str, str]) -> None:
        """Add tags.

        Raises:
            AwsError: There would be too many.
        """
        together = {**queue.kept.tags, **tags}
        _check_tags(together)
        queue.kept.tags = together
        queue.store()

    def untag(self, queue: Queue, keys: Sequence[str]) -> None:
        """Remove tags."""
        queue.kept.tags = {key: value for key, value in queue.kept.tags.items() if key not in keys}
        queue.store()

    def sources_of(self, queue: Queue) -> list[Queue]:
        """The queues whose dead-letter queue this one is."""
        return [each for each in self if each.settings.dead_letter_arn == queue.arn]

    def _open(self, name: str, kept: Kept) -> Queue:
        queue = Queue(name, self._prefix + name, kept, self._world.keeper(KIND, name))
        machine = SqsQueue(
            queue.settings.machine(),
            arn=queue.arn,
            keep=queue.keep,
            redrive=lambda message: self._redrive(queue, message),
            token=kept.token,
        )
        left = self._left.pop(name, None)
        if left is None:
            world = self._world.telling(lambda: self._told(name))
            left = PolledQueue(machine, world, ended=lambda *ended: self._note(name, *ended))
        else:
            left.queue = machine
        queue.polled = left
        self._queues[name] = queue
        return queue

    def _told(self, name: str) -> str:
        """Tell people what somebody waits for in a queue."""
        queue = self._queues.get(name)
        hidden = (
            [message for message in queue.messages if message.awaited and message.hidden_until is not None]
            if queue
            else []
        )
        delayed = sum(message.is_delayed for message in hidden)
        counts = ((len(hidden) - delayed, "in flight"), (delayed, "delayed"))
        told = ", ".join(f"{count} {state}" for count, state in counts if count)
        return f"queue {name} (messages: {told})" if told else f"queue {name}"

    def _redrive(self, queue: Queue, message: Message) -> bool:
        """Hand a message to the dead-letter queue; False if that is gone or may not have it (S-95)."""
        target = self.find(queue.settings.dead_letter_arn or "")
        if target is None or not target.settings.admits(queue.arn):
            return False
        target.messages.take_over(message, queue.arn, self._world.now())
        target.polled.changed()
        return True

    def _note(self, name: str, message_ids: Sequence[str], state: State, rule: str) -> None:
        """Tell in the journal what became of messages of a queue that no mapping reads."""
        now = self._world.now()
        self._world.note(Settled(at=now, source=name, records=tuple(message_ids), state=state, rule=rule))

    def _check(self, settings: Settings, name: str) -> None:
        """Tell whether attributes go together, and with the dead-letter queue that they name."""
        sqs_attributes.check_together(settings)
        arn = settings.dead_letter_arn
        if arn is None:
            return
        policy, source = settings.given["RedrivePolicy"], self._prefix + name
        target = self.find(arn)
        if target is None:
            raise invalid_value(policy, "RedrivePolicy", "Dead letter target does not exist.")
        if target.settings.fifo != settings.fifo:
            raise invalid_value(policy, "RedrivePolicy", "Dead letter queue must be same type of queue as the source.")
        if not target.settings.admits(source):
            raise invalid_value(
                policy, "RedrivePolicy", f"Queue {source} is not allowed to use {arn} as its dead letter queue."
            )


def _check_name(name: str, *, fifo: bool) -> None:
    if fifo:
        stem, _, suffix = name.rpartition(".")
        if suffix != "fifo" or not _NAME.fullmatch(stem) or len(name) > _LONGEST_NAME:
            raise invalid(_FIFO_NAMES_ARE)
    elif not _NAME.fullmatch(name):
        raise invalid(_NAMES_ARE)


def _check_same(queue: Queue, given: Mapping[str, str]) -> None:
    """Tell whether what is given of a queue that is there already is what it has."""
    settings = queue.settings.all
    for name, value in given.items():
        if settings.get(name, "") != value:
            raise AwsError(
                "QueueNameExists",
                f"A queue already exists with the same name and a different value for attribute {name}",
            )


def _check_tags(tags: Mapping[str, str]) -> None:
    if len(tags) > _MOST_TAGS:
        raise invalid("Too many tags added for queue.")
