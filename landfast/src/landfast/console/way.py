"""The way of one event: where it came from, what was made of it, and why, as far as a journal tells.

It goes back from a record to the calls that have made it, and forward to all that came of it. Records that came the
same way to the same source are one hop, so that a file of a thousand orders is a page as well.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, Final

from msgspec import Struct, field

from landfast.delivery.event_sources import ASYNCHRONOUS, mapped
from landfast.journal import Accepted, Divided, Entry, Invoked, Returned
from landfast.report import wording
from landfast.report.account import Fault, Limits, Node, error
from landfast.report.account import Landed as End
from landfast.report.chains import Call, Chains
from landfast.report.history import Try
from landfast.report.live import accounts

Read = Callable[[Sequence[int]], Sequence[Entry]]
"""Reads entries of the journal by their numbers."""

_MOST_HOPS: Final = 60
_MOST_RECORDS: Final = 50
_MOST_ATTEMPTS: Final = 200
_MOST_SENT: Final = 20
_MOST_TOLD: Final = 500
"""The most records of a hop that are told of, and that the way goes on from."""

_MOST_MATES: Final = 2_000
"""The most records of a batch whose splits are told."""

_LIMITS: Final = Limits(rows=0, trees=3, nodes=200, batches=400, groups=0)
_WORST_FIRST: Final = ("dropped", "dead_lettered", "to_destination", "pending", "filtered", "processed")


class Record(Struct, frozen=True):
    """A record of a hop, and its end.

    Attributes:
        id: A request id, a message id or an event id.
        state: The state in which it ended, or ``pending``; empty for what no function was to have.
        at: Since when, if not pending.
        rule: The rule that decided.
        attempts: The number of invocations that it took.
    """

    id: str
    state: str = ""
    at: float | None = None
    rule: str = ""
    attempts: int = 0


class Attempt(Struct, frozen=True, kw_only=True):
    """One try to invoke a function with records of a hop.

    Attributes:
        request_id: The id of the call; empty if the journal does not tell its beginning any more.
        call: Which of the calls with this id it is, from 1.
        number: The attempt's number as Lambda counts; 0 if it does not count.
        began: When it began.
        ended: When it ended; None while it runs.
        outcome: The outcome; empty while it runs.
        reached: True if the function saw it.
        records: The number of records of its batch.
        again: The number of records that are tried again.
        due: When they are.
        rule: The rule by which that was decided.
        shard: The shard, for streams.
        lane: The lane of the shard.
        error: The error in one line; empty without one.
        where: The place in the function's code that raised it.
        trace: The error's traceback.
    """

    request_id: str
    call: int
    number: int
    began: float
    ended: float | None
    outcome: str
    reached: bool
    records: int
    again: int
    due: float | None
    rule: str
    shard: str
    lane: int
    error: str
    where: str
    trace: str


class Batch(Struct, frozen=True):
    """A batch in the tree of one that was split, `depth` times.

    Attributes:
        depth: The number of splits that it comes from.
        records: The number of its records.
        mine: True if a record of the hop is in it.
        outcomes: The outcomes of its tries, each with how many of them followed each other.
        why: The rule by which it was split itself; empty if it was not.
        ends: The ends of its records: state, rule, and how many.
    """

    depth: int
    records: int
    mine: bool
    outcomes: tuple[tuple[str, int], ...]
    why: str
    ends: tuple[tuple[str, str, int], ...]


class Sent(Struct, frozen=True):
    """What was sent to a destination or a dead-letter queue: when, to what, by which rule, and what it says."""

    at: float
    kind: str
    target: str
    rule: str
    body: Mapping[str, Any]


class Trouble(Struct, frozen=True):
    """What went wrong beside the function, or was made to go wrong: when it first did, how often, and what."""

    at: float
    count: int
    text: str


class Wait(Struct, frozen=True):
    """What a hop waits for: the moment at which it is due, if that is known, and the rule."""

    due: float | None
    rule: str
    records: int


class Hop(Struct, kw_only=True):
    """Records that came the same way to the same source.

    Attributes:
        source: The event source mapping, or the function for asynchronous events, with its alias; empty for messages
            that no function was to have.
        function: The logical id of the function; empty if it was never called.
        kind: ``asynchronous``, or the kind of event source by its name in scenarios; empty if nothing read it.
        origin: What the records came from: an ARN, an object, a rule, or who called.
        seen: When the first was heard of.
        chosen: True if the record that was asked for is in it.
        parents: The places of the hops whose calls have made it, among all hops.
        shared: The most records of a call that made it: only one of them may have led here.
        records: Its records, those first that went worst.
        records_left_out: The number of records beyond those.
        untold: The number of records beyond those in turn, of which nothing else is told.
        states: The number of its records in each state.
        attempts: The tries to invoke the function with them, in order; if they are too many, rather those that failed.
        attempts_left_out: The number of tries beyond those.
        trees: The batches that were split, each from the top.
        sent: What was sent about them to destinations and dead-letter queues.
        sent_left_out: The number of deliveries beyond those.
        troubles: The deliveries and requests that failed.
        injected: The faults that were asked for and have struck.
        waits: What it waits for; None if it has ended, or runs.
    """

    source: str
    function: str
    kind: str
    origin: str
    seen: float
    chosen: bool
    parents: tuple[int, ...] = ()
    shared: int = 1
    records: tuple[Record, ...] = ()
    records_left_out: int = 0
    untold: int = 0
    states: Mapping[str, int] = {}
    attempts: tuple[Attempt, ...] = ()
    attempts_left_out: int = 0
    trees: tuple[tuple[Batch, ...], ...] = ()
    sent: tuple[Sent, ...] = ()
    sent_left_out: int = 0
    troubles: tuple[Trouble, ...] = ()
    injected: tuple[Trouble, ...] = ()
    waits: Wait | None = None


class Way(Struct, kw_only=True):
    """The way of one record.

    Attributes:
        record: The record that was asked for.
        hops: From where it came, by itself, to all that came of it.
        is_cut: True if there are more hops than are told.
        ids: The ids of all records of each hop.
    """

    record: str
    hops: list[Hop]
    is_cut: bool
    ids: list[list[str]]


class _Group(Struct, eq=False):
    """Records that came to one source together, before anything is told of them."""

    source: str
    records: list[str]
    parents: list["_Group"] = field(default_factory=list)
    shared: int = 1

    def take(self, records: Iterable[str], seen: set[tuple[str, str]]) -> None:
        """Take the records that are not on the way yet."""
        for record in records:
            if (self.source, record) not in seen:
                seen.add((self.source, record))
                self.records.append(record)


def way(chains: Chains, read: Read, record: str) -> Way:
    """The way of a record that the journal knows, by its chains.

    Args:
        chains: The chains of the journal.
        read: Reads entries of the journal.
        record: The record's id.
    """
    groups, chosen, is_cut = _groups(chains, record)
    place = {id(group): number for number, group in enumerate(groups)}
    return Way(
        record=record,
        hops=[
            _hop(
                chains,
                read,
                group,
                chosen=any(group is each for each in chosen),
                parents=tuple(place[id(each)] for each in group.parents if id(each) in place),
            )
            for group in groups
        ],
        is_cut=is_cut,
        ids=[group.records for group in groups],
    )


def _groups(chains: Chains, record: str) -> tuple[list[_Group], list[_Group], bool]:
    """The groups of the way in its order, those of the record itself among them, and whether there are more."""
    chosen = [_Group(source, [record]) for source in chains.sources(record) or ("",)]
    seen = {(group.source, record) for group in chosen}
    before = _before(chains, chosen, seen)
    after = _after(chains, chosen, seen, room=_MOST_HOPS - len(before))
    groups = [*before, *after]
    return groups[:_MOST_HOPS], chosen, len(groups) > _MOST_HOPS


def _before(chains: Chains, chosen: Sequence[_Group], seen: set[tuple[str, str]]) -> list[_Group]:
    """The groups that led to the chosen ones, the first first."""
    found: list[_Group] = []
    waiting = deque([(tuple(chosen), chosen[0].records)])
    while waiting and len(found) < _MOST_HOPS:
        made, records = waiting.popleft()
        makers: dict[str, _Group] = {}
        for call in _each(map(chains.maker, records[:_MOST_TOLD])):
            group = makers.setdefault(call.source, _Group(call.source, []))
            group.take(call.records, seen)
            for each in made:
                each.shared = max(each.shared, len(call.records))
        for group in makers.values():
            if group.records:
                found.append(group)
                waiting.append(((group,), group.records))
                for each in made:
                    each.parents.append(group)
    return found[::-1]


def _after(chains: Chains, chosen: Sequence[_Group], seen: set[tuple[str, str]], *, room: int) -> list[_Group]:
    """The chosen groups, each followed by what came of it, branch by branch; one more than there is room for."""
    found: list[_Group] = []
    waiting = list(reversed(chosen))
    while waiting and len(found) <= room:
        group = waiting.pop()
        found.append(group)
        made: dict[str, _Group] = {}
        calls = chain.from_iterable(map(chains.calls_with, group.records[:_MOST_TOLD]))
        for call in _each(call for call in calls if call.source == group.source):
            for record in call.made:
                for source in chains.sources(record) or ("",):
                    each = made.setdefault(source, _Group(source, [], [group]))
                    each.take((record,), seen)
                    each.shared = max(each.shared, len(call.records))
        waiting += [each for each in reversed(made.values()) if each.records]
    return found


def _each(calls: Iterable[Call | None]) -> Iterable[Call]:
    """Each call once."""
    return {id(call): call for call in calls if call is not None}.values()


def _hop(chains: Chains, read: Read, group: _Group, *, chosen: bool, parents: tuple[int, ...]) -> Hop:
    """All that is told of a group."""
    records = group.records[:_MOST_TOLD]
    mine = frozenset(records)
    numbers = chains.numbers(records)
    entries = _of(read(numbers), group.source)
    told = entries if not _splits(entries) else _of(read(_with_mates(chains, group)), group.source)
    account = next(iter(accounts(told, _LIMITS)), None)
    ends = [] if account is None else [end for end in account.records.shown if end.record in mine]
    tries = [] if account is None else [
        each for line in account.timeline.lines for each in line.tries if not mine.isdisjoint(each.records)
    ]  # fmt: skip
    accepted = next((entry for entry in entries if isinstance(entry, Accepted)), None)
    hop = Hop(
        source=group.source,
        function=next((entry.function for entry in entries if isinstance(entry, Invoked)), ""),
        kind=_kind(accepted, tries) if group.source else "",
        origin=accepted.origin if accepted else "",
        seen=entries[0].at if entries else 0.0,
        chosen=chosen,
        parents=parents,
        shared=group.shared,
        untold=len(group.records) - len(records),
    )
    if account is None:
        hop.records = tuple(map(Record, records[:_MOST_RECORDS]))
        hop.records_left_out = len(records) - len(hop.records)
        return hop
    _end(hop, ends)
    _try(hop, tries)
    hop.trees = tuple(_tree(each.shown, mine) for each in account.split.shown if mine & set(each.shown[0].records))
    sent = [each for each in account.deliveries.shown if not mine.isdisjoint(each.records)]
    hop.sent = tuple(Sent(each.at, each.kind, each.target, each.rule, each.body) for each in sent[:_MOST_SENT])
    hop.sent_left_out = len(sent) - len(hop.sent)
    hop.troubles = tuple(_troubles(account.troubles.shown, mine))
    hop.injected = tuple(_troubles(account.injected.shown, mine))
    hop.waits = _wait(ends, tries)
    return hop


def _of(entries: Iterable[Entry], source: str) -> list[Entry]:
    """The entries about one source; where no source is, all that there are."""
    return [entry for entry in entries if entry.source == source or not source]


def _splits(entries: Iterable[Entry]) -> bool:
    return any(isinstance(entry, Divided | Returned) for entry in entries)


def _with_mates(chains: Chains, group: _Group) -> list[int]:
    """The numbers of the entries about a group and all that was in its batches: without these no tree is whole."""
    calls = chain.from_iterable(map(chains.calls_with, group.records[:_MOST_TOLD]))
    batches = (call.records for call in calls if call.source == group.source)
    mates = dict.fromkeys(chain(group.records[:_MOST_TOLD], *batches))
    return chains.numbers(islice(mates, _MOST_MATES))


def _kind(accepted: Accepted | None, tries: Sequence[Try]) -> str:
    declared = mapped(accepted.origin) if accepted else None
    if declared is not None:
        return declared.kind
    return "stream" if any(each.shard is not None for each in tries) else ASYNCHRONOUS.kind


def _end(hop: Hop, ends: Sequence[End]) -> None:
    """Tell the ends of the records; the worst are shown first, if they are too many."""
    shown = sorted(ends, key=lambda end: _WORST_FIRST.index(end.state)) if len(ends) > _MOST_RECORDS else ends
    hop.records = tuple(
        Record(end.record, end.state, end.at, end.rule if end.at is not None else "", end.invocations)
        for end in shown[:_MOST_RECORDS]
    )
    hop.records_left_out = len(ends) - len(hop.records)
    hop.states = Counter(end.state for end in ends)


def _try(hop: Hop, tries: Sequence[Try]) -> None:
    counts: Counter[str] = Counter()
    attempts: list[Attempt] = []
    for each in tries:
        counts[each.request_id] += 1
        attempts.append(_attempt(each, counts[each.request_id] if each.request_id else 0))
    rough = sorted(range(len(attempts)), key=lambda place: attempts[place].outcome == "succeed")
    hop.attempts = tuple(attempts[place] for place in sorted(rough[:_MOST_ATTEMPTS]))
    hop.attempts_left_out = len(attempts) - len(hop.attempts)


def _attempt(attempt: Try, call: int) -> Attempt:
    fault = error(attempt) or Fault("", attempt.at, attempt.at, ())
    return Attempt(
        request_id=attempt.request_id,
        call=call,
        number=attempt.number,
        began=attempt.at,
        ended=attempt.ended,
        outcome=attempt.outcome,
        reached=attempt.reached,
        records=len(attempt.records),
        again=len(attempt.again),
        due=attempt.due,
        rule=attempt.rule,
        shard="" if attempt.shard is None else wording.shard(attempt.shard),
        lane=attempt.lane,
        error=fault.text,
        where=fault.where,
        trace=fault.trace,
    )


def _tree(nodes: Iterable[Node], mine: frozenset[str]) -> tuple[Batch, ...]:
    return tuple(
        Batch(
            depth=node.depth,
            records=len(node.records),
            mine=not mine.isdisjoint(node.records),
            outcomes=node.outcomes,
            why=node.why,
            ends=tuple((end.state, end.rule, len(end.records)) for end in node.ends),
        )
        for node in nodes
    )


def _troubles(faults: Iterable[Fault], mine: frozenset[str]) -> Iterator[Trouble]:
    for fault in faults:
        if not mine.isdisjoint(fault.records):
            yield Trouble(fault.first, fault.count, fault.text)


def _wait(ends: Sequence[End], tries: Sequence[Try]) -> Wait | None:
    """What the records wait for that have not ended and are not with the function now."""
    last = {record: each for each in tries for record in each.records}
    waiting = [end.record for end in ends if end.at is None]
    resting = [record for record in waiting if record not in last or last[record].ended is not None]
    if not resting:
        return None
    due = [last[record] for record in resting if record in last and last[record].due is not None]
    soonest = min(due, key=lambda each: each.due or 0.0, default=None)
    return Wait(soonest.due if soonest else None, soonest.rule if soonest else "", len(resting))
