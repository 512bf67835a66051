"""All that is told of a journal, as one value: worked out once, and only written by the renderers."""

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from landfast.delivery.actions import State
from landfast.journal import Delivered, Dropped, Settled
from landfast.report import wording
from landfast.report.history import Batch, History, Try
from landfast.report.hold_ups import HoldUp, Source, hold_ups
from landfast.report.timeline import Timeline, timeline
from landfast.report.wording import Wording

T = TypeVar("T")

_WORST_FIRST: Final = ("dropped", "dead_lettered", "to_destination", "pending", "filtered", "processed")
_FRAME: Final = re.compile(r'File "([^"]+)", line (\d+), in (\S+)')
_REQUEST: Final = re.compile(r"RequestId: \S+ Error: ")


class Limits(Struct, frozen=True, kw_only=True):
    """The most that is told of each thing; what is left out is counted.

    Attributes:
        tries: Lines of the timeline.
        rows: The timeline's rows; without any, it is not to be drawn.
        trees: Batches that were split.
        nodes: Batches in the tree of one.
        batches: Batches in all trees, of which the first is there in any case.
        groups: Groups of records that landed alike.
        lines: Deliveries, faults, hold-ups and the like, each.
        records: Records.
    """

    tries: int = sys.maxsize
    rows: int = sys.maxsize
    trees: int = sys.maxsize
    nodes: int = sys.maxsize
    batches: int = sys.maxsize
    groups: int = sys.maxsize
    lines: int = sys.maxsize
    records: int = sys.maxsize


class Listed(Struct, Generic[T], frozen=True):
    """The first of some things, and how many more there are."""

    shown: tuple[T, ...]
    left_out: int


class Row(Struct, frozen=True):
    """A line on what was run; `settings` are written as code, one beside the other, other texts one below the other."""

    name: str
    texts: tuple[str, ...]
    settings: bool = False


class Node(Struct, frozen=True):
    """A batch in the tree of one that was split, `depth` times; `why` is empty if it was not split itself.

    Its outcomes are those of its tries, each with how many of them followed each other; its ends those of its records.
    """

    depth: int
    records: tuple[str, ...]
    outcomes: tuple[tuple[str, int], ...]
    why: str
    ends: tuple[Settled, ...]


class Landed(Struct, frozen=True):
    """The end of a record: since when, if not pending, after how many invocations, and by which rule."""

    record: str
    state: State | str
    at: float | None
    invocations: int
    rule: str


class Landing(Struct, frozen=True):
    """Records that reached the same state by the same rule: the first and the last moment, the least and most often."""

    state: State | str
    rule: str
    records: tuple[str, ...]
    when: tuple[float, float] | None
    invocations: tuple[int, int]


class Again(Struct, frozen=True):
    """Records that more than one invocation succeeded with."""

    records: tuple[str, ...]
    invocations: int


class Fault(Struct, frozen=True):
    """Errors that are all the same: when the first and the last came, of which records, and the first one's trace."""

    text: str
    first: float
    last: float
    records: tuple[str, ...]
    where: str = ""
    trace: str = ""
    count: int = 1


class Account(Struct, frozen=True, kw_only=True):
    """The account of a journal: what happened, where every record landed, and why; times are in seconds by `words`.

    Attributes:
        title: The title.
        words: The way in which times and ids are written.
        setting: The settings of what was run.
        begun: When it began.
        ended: When it ended.
        counts: The counts of invocations, tries that did not reach the function, and records in each state.
        timeline: The tries.
        split: The trees of batches that were split, each as its batches from the top.
        landings: The ends of all records, with the reasons; what went wrong comes first.
        errors: The errors of the function.
        troubles: The deliveries and requests to the engine that failed.
        injected: The faults that were asked for and have struck.
        again: The records that were handled again after it went well.
        held_up: The hold-ups by failures, longest first.
        deliveries: The records that were sent to destinations and dead-letter queues.
        records: Every record; if some are left out, first those that were not simply processed.
    """

    title: str
    words: Wording
    setting: Sequence[Row]
    begun: float
    ended: float
    counts: Mapping[str, int]
    timeline: Timeline
    split: Listed[Listed[Node]]
    landings: Listed[Landing]
    errors: Listed[Fault]
    troubles: Listed[Fault]
    injected: Listed[Fault]
    again: Listed[Again]
    held_up: Listed[HoldUp]
    deliveries: Listed[Delivered]
    records: Listed[Landed]


def account(
    history: History,
    source: Source,
    limits: Limits,
    *,
    title: str,
    setting: Sequence[Row],
    words: Wording,
    until: float | None = None,
) -> Account:
    """All there is to tell of a history.

    Args:
        history: The history.
        source: The source of the records.
        limits: The most to tell.
        title: The title.
        setting: The settings of what was run.
        words: The way in which times and ids are written; of a live journal errors of the function are told as well.
        until: When it was stopped, in seconds, if anything is pending; None for the last entry.
    """
    landed = _landed(history, source)
    counts = _counts(history, landed)
    return Account(
        title=title,
        words=words,
        setting=setting,
        begun=history.begun if words.live else 0.0,
        ended=until if counts["pending"] and until is not None else history.ended,
        counts=counts,
        timeline=timeline(history, source, words, lines=limits.tries, rows=limits.rows),
        split=_split(history, limits),
        landings=_listed(_landings(landed), limits.groups),
        errors=_listed(_errors(history) if words.live else [], limits.lines),
        troubles=_listed(_troubles(history), limits.lines),
        injected=_listed(_injected(history), limits.lines),
        again=_listed(handled_again(history), limits.lines),
        held_up=_listed(hold_ups(source, history), limits.lines),
        deliveries=_listed(history.deliveries, limits.lines),
        records=_records(landed, limits.records),
    )


def sections(told: Account) -> Iterator[tuple[str, Listed[tuple[str, str]]]]:
    """Yield what is told line by line: titles, each with its lines and what is folded into each."""
    words = told.words
    parts: tuple[tuple[str, Listed[Any], Callable[[Any], str]], ...] = (
        ("Errors of the function", told.errors, words.fault),
        ("Failed deliveries and requests", told.troubles, words.fault),
        ("Faults that were injected", told.injected, words.fault),
        ("Handled again after it went well", told.again, words.again),
        ("Held up by failures", told.held_up, words.held_up),
    )
    for title, found, say in parts:
        if found.shown:
            yield title, Listed(tuple((say(each), getattr(each, "trace", "")) for each in found.shown), found.left_out)


def _listed(items: Sequence[T], limit: int) -> Listed[T]:
    return Listed(tuple(items[:limit]), max(0, len(items) - limit))


def _landed(history: History, source: Source) -> list[Landed]:
    invocations = Counter(record for attempt in history.tries if attempt.reached for record in attempt.records)
    found: list[Landed] = []
    for record in (each.id for each in source.records):
        end, count = history.ends.get(record), invocations[record]
        if end is None:
            found.append(Landed(record, "pending", None, count, "undecided by the end"))
        else:
            found.append(Landed(record, end.state, end.at, count, wording.rule(end.rule)))
    return found


def _counts(history: History, landed: Iterable[Landed]) -> dict[str, int]:
    outcomes = Counter(attempt.outcome for attempt in history.tries)
    states = Counter(each.state for each in landed)
    return {
        "invocations": sum(attempt.reached for attempt in history.tries),
        "throttles": outcomes["throttle"],
        "system_errors": outcomes["system error"],
        **{state: states[state] for state in wording.STATES},
    }


def _split(history: History, limits: Limits) -> Listed[Listed[Node]]:
    trees: list[Listed[Node]] = []
    split = [batch for batch in history.batches if batch.parts]
    room = limits.batches
    for root in split[: limits.trees]:
        nodes = [_node(depth, batch) for depth, batch in root.walk()]
        if trees and len(nodes) > room:
            break
        trees.append(_listed(nodes, limits.nodes))
        room -= len(nodes)
    return Listed(tuple(trees), len(split) - len(trees))


def _node(depth: int, batch: Batch) -> Node:
    outcomes = groupby(wording.printable(attempt.outcome) or "running" for attempt in batch.tries)
    counts = tuple((outcome, sum(1 for _ in alike)) for outcome, alike in outcomes)
    return Node(depth, batch.records, counts, batch.why if batch.parts else "", tuple(batch.ends))


def _landings(landed: Iterable[Landed]) -> list[Landing]:
    groups: dict[tuple[str, str], list[Landed]] = {}
    for each in landed:
        groups.setdefault((each.state, each.rule), []).append(each)
    landings: list[Landing] = []
    for (state, rule), alike in groups.items():
        times = [each.at for each in alike if each.at is not None]
        counts = [each.invocations for each in alike]
        when = (min(times), max(times)) if times else None
        landings.append(Landing(state, rule, tuple(each.record for each in alike), when, (min(counts), max(counts))))
    return sorted(landings, key=lambda landing: (_WORST_FIRST.index(landing.state), landing.rule))


def handled_again(history: History) -> list[Again]:
    """The records that more than one invocation succeeded with, by the number of those invocations."""
    counts = Counter(record for attempt in history.tries if attempt.outcome == "succeed" for record in attempt.records)
    by_count: dict[int, list[str]] = {}
    for record, count in counts.items():
        if count > 1:
            by_count.setdefault(count, []).append(record)
    return [Again(tuple(records), count) for count, records in sorted(by_count.items())]


def _records(landed: Sequence[Landed], limit: int) -> Listed[Landed]:
    """The records in their order or, if they are too many, first those that were not simply processed."""
    if len(landed) > limit:
        landed = sorted(landed, key=lambda each: each.state == "processed" and each.invocations <= 1)
    return _listed(landed, limit)


def _errors(history: History) -> list[Fault]:
    """List the errors of tries, each once; an error of a long entry may have been cut (S-06)."""
    return _merged(fault for attempt in history.tries if (fault := error(attempt)))


def error(attempt: Try) -> Fault | None:
    """The error of a try, with where the function raised it; None without one."""
    if attempt.error is None:
        return None
    frames = attempt.error.get("stackTrace") or []
    trace = "".join(map(str, frames)) if isinstance(frames, list) else str(frames)
    places = _FRAME.findall(trace)
    where = "{}:{} in {}".format(*places[-1]) if places else ""
    text = _REQUEST.sub("", wording.error(attempt.error))
    return Fault(text, attempt.until, attempt.until, attempt.records, where, trace)


def _troubles(history: History) -> list[Fault]:
    """List what failed beside the function; what is dropped without an error ended by a rule, which is told anyway."""
    troubles = (entry for entry in history.troubles if not isinstance(entry, Dropped) or entry.error)
    return _merged(Fault(wording.trouble(entry), entry.at, entry.at, entry.records) for entry in troubles)


def _injected(history: History) -> list[Fault]:
    """List the faults that a user has asked for."""
    return _merged(Fault(f"{each.function} {each.fault}", each.at, each.at, each.records) for each in history.injected)


def _merged(faults: Iterable[Fault]) -> list[Fault]:
    groups: dict[tuple[str, str], list[Fault]] = {}
    for fault in faults:
        groups.setdefault((fault.text, fault.where), []).append(fault)
    return [
        replace(alike[0], count=len(alike), last=alike[-1].last, records=tuple(dict.fromkeys(chain.from_iterable(
            fault.records for fault in alike
        ))))
        for alike in groups.values()
    ]  # fmt: skip
