"""What a journal tells about a scenario, without the times, ids and numbers that no two runs share."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from landfast.delivery.event_sources import StreamSource
from landfast.journal import Delivered, Divided, Entry, Finished, Invoked, Retrying, Returned, Settled
from landfast.simulate.scenario import Queue, Scenario
from tests.faithful.stack.functions import scripted

type Strand = Hashable
"""What keeps an order of its own: a lane of a shard, a message group, an event, a message."""

type Step = tuple[object, ...]

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d[:.]\d\d[:.]\d\d([.,]\d+)?(Z|[+-]\d\d:?\d\d)?")
_DAY = re.compile(r"\d{4}/\d\d/\d\d")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_UNLIKE = {
    "approximateArrivalTimestamp": "<time>",
    "ApproximateCreationDateTime": "<time>",
    "eventID": "<event>",
    "invokeIdentityArn": "<role>",
}
_NOTHING = "nothing"
_RETURNED = "returned"
_SUCCESSES = {"report": "succeed", "return": "succeed"}


@dataclass(frozen=True, kw_only=True)
class Names:
    """How one run calls things.

    Attributes:
        scenario: What is played.
        records: The scenario's name of a record, by its id in the journal.
        identifiers: The item identifier of each record, by its name.
        texts: What to replace in texts.
        shards: The number of a shard, by its name in the journal.
        exact_payload: Whether the function got the scenario's data as they are, not wrapped by a source.
    """

    scenario: Scenario
    records: Callable[[str], str]
    identifiers: Mapping[str, str]
    texts: Mapping[str, str] = field(default_factory=dict)
    shards: Callable[[int | str | None], int | None]
    exact_payload: bool


@dataclass(kw_only=True)
class Story:
    """What happened.

    Attributes:
        ends: Where each record ended, and why.
        invocations: How often each record was handed to the function.
        throttled: The records that a try without an invocation was about.
        strands: What happened in each strand, in order.
        waits: For each try that follows a failed one: the seconds between them.
        peak: The most invocations at the same time.
    """

    ends: dict[str, tuple[str, str]] = field(default_factory=dict)
    invocations: Counter[str] = field(default_factory=Counter)
    throttled: set[str] = field(default_factory=set)
    strands: dict[Strand, list[Step]] = field(default_factory=lambda: defaultdict(list))
    waits: dict[Strand, list[float]] = field(default_factory=lambda: defaultdict(list))
    peak: int = 0


def tell(entries: Iterable[Entry], names: Names) -> Story:
    """The story of the entries, which are all about one scenario."""
    teller = _Teller(names)
    for entry in entries:
        teller.take(entry)
    return teller.story


def differences(lived: Any, told: Any, place: str = "") -> Iterator[str]:
    """Where two stories, or parts of them, are not the same."""
    match lived, told:
        case Mapping(), Mapping():
            for key in dict.fromkeys((*lived, *told)):
                yield from differences(lived.get(key, _NOTHING), told.get(key, _NOTHING), f"{place}[{key!r}]")
        case [*ours], [*theirs]:
            for index, (one, other) in enumerate(zip_longest(ours, theirs, fillvalue=_NOTHING)):
                yield from differences(one, other, f"{place}[{index}]")
        case _ if lived != told:
            yield f"{place}: lived {lived!r}, told {told!r}"


class _Teller:
    def __init__(self, names: Names) -> None:
        self.names = names
        self.story = Story()
        self.open: dict[str, tuple[list[tuple[Strand, int, tuple[str, ...]]], Invoked]] = {}
        self.running: set[str] = set()
        self.lanes: dict[str, Strand] = {}
        self.unreached: set[str] = set()
        self.failed: dict[Strand, float] = {}
        queue = names.scenario.source.queue
        fifo = isinstance(queue, Queue) and queue.FifoQueue
        self.groups = {record.id: record.key for record in names.scenario.source.all()} if fifo else {}

    def take(self, entry: Entry) -> None:
        """Take in the next entry."""
        records = tuple(map(self.names.records, entry.records))
        match entry:
            case Invoked():
                self._invoked(entry, records)
            case Finished():
                self._finished(entry, records)
            case Retrying() | Returned() if records:
                self._again(records, getattr(entry, "rule", _RETURNED))
            case Divided(rest=rest, rule=rule):
                self._step(records, ("split", records, tuple(map(self.names.records, rest)), rule))
            case Delivered(kind=kind, target=target, body=body):
                self._step(records, ("delivery", kind, target, records, self._plain(body, records)))
            case Settled(state=state, rule=rule):
                assert self.story.ends.keys().isdisjoint(records), f"one of {records} has ended twice"
                self.story.ends |= dict.fromkeys(records, (state, rule))
            case _:
                pass

    def _strands(self, records: Sequence[str], entry: Invoked | None = None) -> list[tuple[Strand, tuple[str, ...]]]:
        """The strands of a batch, each with what of the batch belongs to it."""
        if isinstance(self.names.scenario.source.declared, StreamSource):
            if entry is not None:
                lane = (self.names.shards(entry.shard), entry.lane)
                self.lanes |= dict.fromkeys(records, lane)
                return [(lane, tuple(records))]
            return [(self.lanes.get(records[0], records[0]), tuple(records))]
        if self.groups:
            groups = dict.fromkeys(self.groups[record] for record in records)
            return [(group, tuple(one for one in records if self.groups[one] == group)) for group in groups]
        return [(record, tuple(sorted(records))) for record in records]

    def _step(self, records: Sequence[str], step: Step) -> None:
        for strand, _ in self._strands(records):
            self.story.strands[strand].append(step)

    def _invoked(self, entry: Invoked, records: tuple[str, ...]) -> None:
        places = []
        for strand, part in self._strands(records, entry):
            steps = self.story.strands[strand]
            assert steps[-1:] != [()], f"{strand} was handed over while an earlier invocation of it was under way"
            if steps and steps[-1][0] == "again" and steps[-1][-1] != _RETURNED:
                self.story.waits[strand].append(entry.at - self.failed[strand])
            places.append((strand, len(steps), part))
            steps.append(())
        self.open[entry.request_id] = places, entry
        self.running.add(entry.request_id)

    def _finished(self, entry: Finished, records: tuple[str, ...]) -> None:
        """Fill in how it went; a try that was throttled is none (the simulator does not even begin it)."""
        places, invoked = self.open.pop(entry.request_id, ([], None))
        if entry.outcome == "throttle":
            self.story.throttled.update(records)
            self.unreached.update(records)
            for strand, place, _ in places:
                del self.story.strands[strand][place]
            self.running.discard(entry.request_id)
            return
        assert invoked is not None, f"{entry} was never begun"
        self.story.peak = max(self.story.peak, len(self.running))
        self.running.discard(entry.request_id)
        self.story.invocations.update(records)
        outcome = _SUCCESSES.get(entry.outcome, entry.outcome)
        value = self._plain(entry.value, records)
        for strand, place, part in places:
            self.failed[strand] = entry.at
            self.story.strands[strand][place] = ("call", part, invoked.attempt, outcome, value)

    def _again(self, records: tuple[str, ...], rule: str) -> None:
        """Waits of throttled tries are as many as there were throttles, which is a matter of moments."""
        if rule != _RETURNED and self.unreached.issuperset(records):
            self.unreached.difference_update(records)
            return
        for strand, part in self._strands(records):
            alone = (strand,) if strand in part else part  # messages of a standard queue come back one by one
            self.story.strands[strand].append(("again", alone, rule))

    def _plain(self, value: Any, records: Sequence[str]) -> Any:
        identifiers = {self.names.identifiers[name]: f"<{name}>" for name in records if name in self.names.identifiers}
        return self._normal(value, identifiers)

    def _normal(self, value: Any, identifiers: Mapping[str, str]) -> Any:
        match value:
            case {"stackTrace": [*lines], **others}:
                assert lines, "an exception has a trace"
                return {"stackTrace": "<trace>", **self._normal(others, identifiers)}
            case {"requestPayload": payload, **others} if not self.names.exact_payload:
                return {"requestPayload": sorted(scripted.records(payload)), **self._normal(others, identifiers)}
            case Mapping():
                return {key: _UNLIKE.get(key) or self._normal(item, identifiers) for key, item in value.items()}
            case [*items]:
                return [self._normal(item, identifiers) for item in items]
            case str():
                return self._text(value, identifiers)
        return value

    def _text(self, text: str, identifiers: Mapping[str, str]) -> Any:
        if text in identifiers:
            return identifiers[text]
        if text.startswith("{"):
            return self._normal(json.loads(text), identifiers)
        for old, new in self.names.texts.items():
            text = text.replace(old, new)
        for pattern, word in ((_UUID, "<uuid>"), (_TIME, "<time>"), (_DAY, "<day>")):
            text = pattern.sub(word, text)
        return text
