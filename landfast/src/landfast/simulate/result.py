"""The result of a scenario: counted as things happen, and told from the journal."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from landfast.delivery.actions import State
from landfast.journal import Delivered, Entry, Finished, Invoked, Settled

_STATES: tuple[State, ...] = ("processed", "to_destination", "dropped", "dead_lettered", "filtered")
_THROTTLED = "throttle"


@dataclass(slots=True)
class Tally:
    """Counts what happens, and keeps the journal if it is wanted.

    Attributes:
        keep: True to keep the journal.
        entries: The journal.
        told: How often a record was told of.
    """

    keep: bool = True
    entries: list[Entry] = field(default_factory=list)
    told: int = 0
    _states: Counter[State] = field(default_factory=Counter)
    _invocations: int = 0
    _throttles: int = 0
    _ended: float = 0.0

    def note(self, entry: Entry) -> None:
        """Take in what happened."""
        self._ended = entry.at
        self.told += len(entry.records)
        if isinstance(entry, Settled):
            self._states[entry.state] += len(entry.records)
        elif isinstance(entry, Invoked):
            self._invocations += 1
        elif isinstance(entry, Finished) and entry.outcome == _THROTTLED:
            self._invocations -= 1
            self._throttles += 1
        if self.keep:
            self.entries.append(entry)

    def summary(self, total: int, until: float) -> dict[str, float]:
        """The result's ``summary``: what is undecided of `total` records by `until` is pending."""
        pending = total - self._states.total()
        return {
            "invocations": self._invocations,
            "throttles": self._throttles,
            **{state: self._states[state] for state in _STATES},
            "pending": pending,
            "ended": until if pending else self._ended,
        }


def result(entries: Iterable[Entry], ids: Iterable[str], summary: Mapping[str, float]) -> dict[str, Any]:
    """The whole result, in the shape of the scenario contract."""
    entries = list(entries)
    records: dict[str, dict[str, Any]] = {record: {"state": "pending", "invocations": 0, "at": None} for record in ids}
    invocations = _invocations(entries)
    for invocation in invocations:
        for record in invocation["records"]:
            records[record]["invocations"] += 1
    for entry in entries:
        if isinstance(entry, Settled):
            for record in entry.records:
                records[record].update(state=entry.state, at=entry.at)
    deliveries = [_delivery(entry) for entry in entries if isinstance(entry, Delivered)]
    return {"invocations": invocations, "deliveries": deliveries, "records": records, "summary": summary}


def _invocations(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """The calls that reached the function, in the order of their start; a throttled try is none of them."""
    begun: list[dict[str, Any]] = []
    running: dict[str, dict[str, Any]] = {}
    for entry in entries:
        match entry:
            case Invoked():
                running[entry.request_id] = _invocation(entry)
                begun.append(running[entry.request_id])
            case Finished():
                running.pop(entry.request_id).update(ended=entry.at, outcome=entry.outcome)
            case _:
                pass
    return [invocation for invocation in begun if invocation["outcome"] != _THROTTLED]


def _invocation(entry: Invoked) -> dict[str, Any]:
    shard = {} if entry.shard is None else {"shard": entry.shard}
    records = list(entry.records)
    return {"at": entry.at, "ended": None, **shard, "records": records, "attempt": entry.attempt, "outcome": None}


def _delivery(entry: Delivered) -> dict[str, Any]:
    return {
        "at": entry.at,
        "kind": entry.kind,
        "target": entry.target,
        "records": list(entry.records),
        "body": entry.body,
    }
