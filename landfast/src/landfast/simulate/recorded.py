"""Traffic that a journal tells of, as scenarios play it: when records arrived, and what the function did with them.

A journal says of a failed invocation which batch failed, not which of its records was at fault. That is worked out: the
records that never ended well, or those that failed in a smaller batch as well; else the batch's first record stands for
all, since nothing tells them apart. What was given up is played as failing always: no journal knows what one more try
would have come to.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from statistics import median
from typing import Final, TypeAlias, cast, get_args

from msgspec import UNSET, Struct

from landfast.report.history import CUT_OFF, NOT_REACHED, REPORTED, SUCCEEDED, History, Try
from landfast.simulate.scenario import Behaviour, Record, Rule

_Blamed: TypeAlias = dict[str, list[Try]]

_BEHAVIOURS: Final = frozenset(get_args(Behaviour))
_NO_FAULT: Final = frozenset({"processed", "filtered"})


class Recorded(Struct, frozen=True, kw_only=True):
    """The traffic of one source, and what came of it.

    Attributes:
        records: The records as they arrived, named ``r1`` to ``rN``.
        events: The ids that they have in the journal.
        duration: Seconds that an invocation took, in the middle.
        behaviour: What the function did, as rules of a scenario.
        ends: How many records came to each state.
        filtered: Records that filters took out: they are not among the others, as a journal keeps no payloads.
        left_out: Older records, beyond what is told.
        unsure: Failed invocations of which nothing tells whose fault they were.
    """

    records: tuple[Record, ...] = ()
    events: tuple[str, ...] = ()
    duration: float = 0.0
    behaviour: tuple[Rule, ...] = ()
    ends: Mapping[str, int] = {}
    filtered: int = 0
    left_out: int = 0
    unsure: int = 0


def recorded(history: History, *, most: int, groups: bool = False) -> Recorded:
    """The newest traffic of a source.

    Args:
        history: The source's history.
        most: The most records to tell of.
        groups: True if records wait for others of their group. Journals do not name groups, so each record is taken for
            one of its own.
    """
    states = {record: end.state for record, end in history.ends.items()}
    filtered = sum(1 for record in history.seen if states.get(record) == "filtered")
    arrived = sorted(
        ((at, record) for record, at in history.seen.items() if states.get(record) != "filtered"),
        key=lambda pair: pair[0],
    )
    newest = arrived[-most:]
    names = {record: f"r{number}" for number, (_, record) in enumerate(newest, start=1)}
    tries = [each for each in history.tries if not names.keys().isdisjoint(each.records)]
    blamed, unsure = _blamed(tries, {record for record in names if states.get(record) not in _NO_FAULT}, names.keys())
    return Recorded(
        records=tuple(_records(newest, names, tries, groups=groups)),
        events=tuple(names),
        duration=_duration(tries),
        behaviour=tuple(_rules(blamed, names, states)),
        ends=Counter(states.get(record, "pending") for record in names),
        filtered=filtered,
        left_out=len(arrived) - len(newest),
        unsure=unsure,
    )


def _records(
    arrived: Sequence[tuple[float, str]], names: Mapping[str, str], tries: Iterable[Try], *, groups: bool
) -> Iterator[Record]:
    place = {record: (each.shard, each.lane) for each in tries for record in each.records}
    lanes = any(lane for _, lane in place.values())
    shards: dict[int | str | None, int] = {}
    for at, record in arrived:
        shard, lane = place.get(record, (None, 0))
        key = f"lane {lane}" if lanes else names[record] if groups else ""
        number = shards.setdefault(shard, len(shards))
        yield Record(names[record], key, round(at - arrived[0][0], 3), number)


def _duration(tries: Sequence[Try]) -> float:
    good = [each for each in tries if each.outcome in SUCCEEDED]
    took = [each.until - each.at for each in good or tries if each.reached and each.outcome != CUT_OFF]
    return round(median(took), 3) if took else 0.0


def _blamed(tries: Iterable[Try], ill: set[str], known: Iterable[str]) -> tuple[_Blamed, int]:
    """The failed tries that each record is to blame for, and the number of those that it is only said to be.

    Args:
        tries: All tries.
        ill: The records that never ended well.
        known: The records that are told of.
    """
    known = frozenset(known)
    failed = [each for each in tries if each.outcome not in SUCCEEDED | {CUT_OFF, ""}]
    blamed: _Blamed = {}
    unsure = 0
    for attempt in sorted(failed, key=lambda each: len(each.records)):
        batch = [record for record in attempt.records if record in known]
        if attempt.outcome in NOT_REACHED:  # nobody's fault: the first record only says when
            guilty, is_sure = batch[:1], True
        elif guilty := _named(attempt, batch):
            is_sure = True
        elif guilty := [record for record in batch if record in ill] or [each for each in batch if each in blamed]:
            is_sure = len(guilty) == 1
        else:
            guilty, is_sure = batch[:1], len(batch) == 1
        unsure += not is_sure
        for record in guilty:
            blamed.setdefault(record, []).append(attempt)
    return blamed, unsure


def _named(attempt: Try, batch: Sequence[str]) -> list[str]:
    """The records that the function itself has named, in a partial batch response.

    Where its identifiers are not the journal's ids, it is the first one that was tried again; a stream's batch that was
    given up begins with it.
    """
    if attempt.outcome != REPORTED:
        return []
    named = [record for record in batch if record.rpartition(":")[2] in attempt.reported]
    return named or [record for record in batch if record in attempt.again[:1]] or [*batch[:1]]


def _rules(blamed: _Blamed, names: Mapping[str, str], states: Mapping[str, str]) -> Iterator[Rule]:
    """The rules of what failed: first what failed some times, then what has always failed."""
    groups: dict[tuple[bool, tuple[int, ...]], list[str]] = {}
    order = {record: number for number, record in enumerate(names)}
    for record in sorted(blamed, key=order.__getitem__):
        blamed[record].sort(key=lambda each: each.at)
        key = (states.get(record) != "processed", tuple(id(each) for each in blamed[record]))
        groups.setdefault(key, []).append(record)
    always: dict[Behaviour, list[str]] = {}
    for (endless, _), records in groups.items():
        runs = [(outcome, [*run]) for outcome, run in groupby(blamed[records[0]], key=_behaviour)]
        if endless:
            always.setdefault(runs.pop()[0], []).extend(records)
        for outcome, run in runs:
            together = {record for record, tries in blamed.items() if any(each in tries for each in run)}
            named = [names[record] for record in records]
            also = [names[record] for record in names if record in together]
            report = also if outcome == REPORTED and len(also) > len(named) else UNSET
            yield Rule(outcome, named, invocations=len(run), report=report)
    for outcome, records in always.items():
        yield Rule(outcome, [names[record] for record in records])


def _behaviour(attempt: Try) -> Behaviour:
    """What a scripted function does instead; failures of a kind that it does not know are raised."""
    if attempt.outcome in NOT_REACHED:
        return "throttle"
    return cast("Behaviour", attempt.outcome) if attempt.outcome in _BEHAVIOURS else "raise"
