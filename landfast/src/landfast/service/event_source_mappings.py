"""The event source mappings of a running service: which there are, and what reads each; they can change meanwhile.

A change of a mapping is like a restart of the service for it alone: its reader stops at a place from which another one
goes on. A queue's mapping finishes the messages it has in hand; a stream's keeps its checkpoints and what it tries
again. So nothing is lost and nothing is doubled. Everything here happens in the driver's thread.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, assert_never

from landfast.aws_errors import AwsError
from landfast.delivery.errors import Refused
from landfast.driver import ForgetShards
from landfast.journal import Dropped
from landfast.service.functions import FunctionNotFoundError
from landfast.service.mappings import Mappings
from landfast.service.queues import QueueMapping, QueueReader
from landfast.service.state import ServiceError
from landfast.service.streams import StreamMapping, StreamReader
from landfast.service.world import Shared
from landfast.template import EventSourceMapping

State = Literal["Enabled", "Disabled", "Updating", "Disabling", "Deleting"]


@dataclass(slots=True)
class Entry:
    """One mapping.

    Attributes:
        mapping: Its settings, as a template would declare them.
        config: The same, read.
        state: As AWS calls it.
        modified: When it was made or changed last, in Unix seconds.
        reader: What reads it; None while nothing does.
    """

    mapping: EventSourceMapping
    config: StreamMapping | QueueMapping
    state: State
    modified: float
    reader: QueueReader | StreamReader | None = None


class EventSourceMappings:
    """Every mapping, by its UUID.

    Args:
        mappings: Reads their settings.
        shared: The parts that all sources have in common.
    """

    def __init__(self, mappings: Mappings, shared: Shared) -> None:
        self._mappings = mappings
        self._shared = shared
        self._entries: dict[str, Entry] = {}

    @property
    def readers(self) -> Sequence[QueueReader | StreamReader]:
        """What reads now; from any thread."""
        return [entry.reader for entry in tuple(self._entries.values()) if entry.reader is not None]

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._entries.values()))

    def find(self, uuid: str) -> Entry | None:
        """A mapping; None if there is none with this UUID."""
        return self._entries.get(uuid)

    def declare(self, mapping: EventSourceMapping) -> None:
        """Make a mapping as the template declares it, or as it was made before a restart.

        One that the API has made is left out, and the journal tells why, where it cannot be made any more: the template
        knows nothing of it, and could not mend it.

        Raises:
            ServiceError: AWS would refuse its settings.
        """
        is_made = mapping.logical_id == mapping.uuid
        try:
            self._add(mapping, self._mappings.read(mapping))
        except (AwsError, FunctionNotFoundError, ServiceError) as error:
            if not is_made:
                raise
            now = self._shared.loop.clock.now()
            self._shared.loop.turn.add(
                [Dropped(at=now, source=mapping.uuid, metric="MappingNotMade", error=str(error))]
            )

    def add(self, mapping: EventSourceMapping) -> Entry:
        """Make a mapping, and begin to read unless it is disabled.

        Raises:
            AwsError: What it reads does not exist.
            FunctionNotFoundError: The function has no such alias.
            Refused: AWS would refuse the settings.
        """
        return self._add(mapping, self._mappings.checked(mapping))

    def _add(self, mapping: EventSourceMapping, config: StreamMapping | QueueMapping) -> Entry:
        entry = Entry(mapping, config, "Disabled", self._shared.loop.clock.now())
        self._entries[mapping.uuid] = entry
        self._begin(entry)
        return entry

    def change(self, entry: Entry, mapping: EventSourceMapping) -> None:
        """Give a mapping, which must be at rest, other settings; whatever reads it finishes what it has begun.

        Raises:
            AwsError: What it reads does not exist.
            FunctionNotFoundError: The function has no such alias.
            Refused: AWS would refuse the settings.
        """
        if mapping == entry.mapping:
            return
        entry.config = self._mappings.checked(mapping)
        entry.mapping = mapping
        entry.modified = self._shared.loop.clock.now()
        if entry.reader is None:
            self._begin(entry)
        else:
            entry.state = "Updating" if entry.config.config.enabled else "Disabling"
            entry.reader.stop(lambda: self._stopped(entry))

    def delete(self, entry: Entry) -> None:
        """Delete a mapping, which must be at rest; it is listed until what it has begun is finished."""
        entry.state = "Deleting"
        if entry.reader is None:
            self._remove(entry)
        else:
            entry.reader.stop(lambda: self._stopped(entry))

    def _stopped(self, entry: Entry) -> None:
        # Only what is on disk can be read on from.
        self._shared.loop.turn.then(lambda: self._go_on(entry))

    def _go_on(self, entry: Entry) -> None:
        entry.reader = None
        if entry.state == "Deleting":
            self._remove(entry)
            return
        try:
            entry.config = self._mappings.checked(entry.mapping)
        except (AwsError, FunctionNotFoundError, Refused):
            entry.state = "Disabled"  # what it has read was deleted meanwhile: there is nothing to read any more
        else:
            self._begin(entry)

    def _begin(self, entry: Entry) -> None:
        if not entry.config.config.enabled:
            entry.state = "Disabled"
            return
        entry.state = "Enabled"
        match entry.config:
            case StreamMapping() as stream:
                entry.reader = StreamReader(stream, self._shared)
            case QueueMapping() as queue:
                entry.reader = QueueReader(queue, self._shared)
            case never:
                assert_never(never)
        entry.reader.start()

    def _remove(self, entry: Entry) -> None:
        del self._entries[entry.mapping.uuid]
        self._shared.loop.turn.add([], [ForgetShards(entry.mapping.logical_id)])
