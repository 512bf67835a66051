"""What other settings would do: traffic that was recorded or made up, played by the simulator."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from http import HTTPStatus
from typing import Any, Final

import msgspec
from msgspec import UNSET

from landfast.console.context import Context
from landfast.console.routes import Asked, Problem, Route
from landfast.console.sources import Destination, EventSource, destinations, event_sources
from landfast.console.template_changes import changes, resources
from landfast.journal import Entry, Settled
from landfast.report import plain
from landfast.report.account import Account
from landfast.report.history import tell
from landfast.service.store import read_journal
from landfast.simulate.account import account
from landfast.simulate.recorded import Recorded, recorded
from landfast.simulate.run import begin
from landfast.simulate.scenario import Generated, ScenarioError, read

MOST_RECORDS: Final = 2_000
"""Records that are played here; ``landfast simulate`` plays any number."""

STEPS: Final = 30_000
"""Steps that are played: half a second of work, in which a poison record is tried for a day; the worst takes six."""

TOLD: Final = 300
"""Records of the recorded traffic, the newest ones."""

_LOOKED_AT: Final = 40_000
"""Entries of the journal, the newest ones, in which traffic is looked for."""

_GOOD: Final = frozenset({"processed", "filtered"})
_KEPT: Final = frozenset({"to_destination", "dead_lettered"})


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """What can be tried in a stack."""

    sources: Sequence[EventSource]
    destinations: Sequence[Destination]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked.

    Attributes:
        source: The event source whose settings these are; empty if it is none of the stack.
        scenario: The scenario, as `landfast simulate` reads it.
        beside: The scenario that it is compared with.
    """

    source: str = ""
    scenario: msgspec.Raw
    beside: msgspec.Raw | msgspec.UnsetType = UNSET


class Refusal(msgspec.Struct, frozen=True):
    """Why a scenario cannot be played: by AWS's word or ours, with the place of the setting in the scenario."""

    place: str
    message: str


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings change.

    Attributes:
        saved: Records that are processed now, and were not.
        lost: Records that were processed, and are not any more.
        kept: Records that were dropped, and are kept in a destination or dead-letter queue now.
        unkept: Records that were kept there, and are dropped now.
        blocked: Seconds by which the longest hold-up of a shard or message group is longer.
        ended: Seconds by which the last record ends later.
        invocations: Invocations more.
    """

    saved: int
    lost: int
    kept: int
    unkept: int
    blocked: float
    ended: float
    invocations: int


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """What the scenario beside comes to: invocations and records in each state, and when it ended, in words."""

    counts: Mapping[str, int]
    ended_at: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a scenario comes to.

    Attributes:
        refused: Why it cannot be played; the rest is empty then.
        account: What happens.
        stopped: When it was stopped, in seconds, as it takes more steps than are played here.
        took: Milliseconds that the server needed.
        difference: What is other than in the scenario beside it; None if that is refused.
        beside: What that comes to.
        yaml: What of the settings differs, for the template.
    """

    refused: Refusal | None = None
    account: plain.Plain | None = None
    stopped: float | None = None
    took: float = 0.0
    difference: Difference | None = None
    beside: Beside | None = None
    yaml: str = ""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What is compared of a scenario's end."""

    states: Mapping[str, str]
    blocked: float
    ended: float
    told: Beside

    @property
    def invocations(self) -> int:
        """How often the function was called."""
        return self.told.counts["invocations"]


def answer(question: Question, source: EventSource | None = None, stack: "Stack | None" = None) -> Answer:
    """Play a scenario, and compare it with the one beside it.

    Args:
        question: The question.
        source: The event source whose settings these are.
        stack: What the template says of the source.
    """
    begun = time.perf_counter()
    try:
        told, outcome, stopped = _played(bytes(question.scenario))
    except ScenarioError as error:
        return Answer(refused=Refusal(error.place, _message(error)))
    before: _Outcome | None = None
    yaml = ""
    if question.beside is not UNSET:
        before = _outcome(bytes(question.beside))
        if source is not None and stack is not None:
            old, new = msgspec.json.decode(question.beside), msgspec.json.decode(question.scenario)
            yaml = changes(source, old, new, stack.destinations, stack.written)
    return Answer(
        account=plain.plain(told, "whatif"),
        stopped=stopped,
        took=round((time.perf_counter() - begun) * 1000, 1),
        difference=None if before is None else _difference(before, outcome),
        beside=None if before is None else before.told,
        yaml=yaml,
    )


@dataclass(frozen=True, slots=True)
class Stack:
    """What a template says: what its resources are, and how they are written."""

    destinations: Sequence[Destination]
    written: Mapping[str, Any]


def _message(error: ScenarioError) -> str:
    """The error without the place, which is told beside it."""
    return " ".join(str(error).removeprefix(f"{error.place}: ").split())


def _played(text: bytes) -> tuple[Account, _Outcome, float | None]:
    scenario = read(text)
    records = scenario.source.records
    count = records.count if isinstance(records, Generated) else len(records)
    if count > MOST_RECORDS:
        raise ScenarioError(
            "source.records",
            f"{count:,} records: at most {MOST_RECORDS:,} are played here; landfast simulate plays any",
        )
    run, entries = begin(scenario, STEPS)
    told = account(run, entries, plain.LIMITS)
    held_up = told.held_up.shown
    blocked = 0.0
    if held_up:
        longest = held_up[0]
        blocked = (told.ended if longest.ended is None else longest.ended) - longest.begun
    beside = Beside(counts=told.counts, ended_at=told.words.time(told.ended))
    outcome = _Outcome(_states(entries), blocked, told.ended, beside)
    return told, outcome, run.until if run is not scenario else None


def _states(entries: Iterable[Entry]) -> dict[str, str]:
    return {record: entry.state for entry in entries if isinstance(entry, Settled) for record in entry.records}


@lru_cache(maxsize=16)
def _outcome(text: bytes) -> _Outcome | None:
    """What the scenario beside comes to: it stays the same while the other one changes with every key."""
    try:
        return _played(text)[1]
    except ScenarioError:
        return None


def _difference(before: _Outcome, after: _Outcome) -> Difference:
    pairs = [
        (before.states.get(record, ""), after.states.get(record, "")) for record in {*before.states, *after.states}
    ]
    return Difference(
        saved=sum(old not in _GOOD and new in _GOOD for old, new in pairs),
        lost=sum(old in _GOOD and new not in _GOOD for old, new in pairs),
        kept=sum(old == "dropped" and new in _KEPT for old, new in pairs),
        unkept=sum(old in _KEPT and new == "dropped" for old, new in pairs),
        blocked=round(after.blocked - before.blocked, 3),
        ended=round(after.ended - before.ended, 3),
        invocations=after.invocations - before.invocations,
    )


class WhatIfPart:
    """Answers what other settings would do. It changes nothing, so nothing of it needs the token."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> Iterable[Route]:
        """The routes of this part."""
        yield Route("GET", "/whatif/sources", self._sources)
        yield Route("GET", "/whatif/traffic/{source}", self._traffic)
        yield Route("POST", "/whatif", self._what_if, changes=False)

    async def _sources(self, asked: Asked) -> Sources:
        del asked
        template = self._context.service.in_force
        return Sources(sources=event_sources(template), destinations=destinations(template))

    async def _traffic(self, asked: Asked) -> Recorded:
        source = self._source(asked.parts["source"])
        if source is None:
            raise Problem(HTTPStatus.NOT_FOUND, f"the stack has no event source {asked.parts['source']}")
        return await self._context.apart(partial(self._recorded, source))

    def _recorded(self, source: EventSource) -> Recorded:
        service = self._context.service
        entries = read_journal(service.journal, after=max(0, service.store.newest() - _LOOKED_AT))
        history = tell(entry for _, entry in entries if entry.source == source.name)
        fifo = source.scenario["source"].get("queue", {}).get("FifoQueue", False)
        return recorded(history, most=TOLD, groups=fifo)

    async def _what_if(self, asked: Asked) -> Answer:
        question = asked.read(Question)
        return await self._context.apart(partial(self._answer, question))

    def _answer(self, question: Question) -> Answer:
        source = self._source(question.source)
        if source is None:
            return answer(question)
        template = self._context.service.in_force
        return answer(question, source, Stack(destinations(template), resources(template.path)))

    def _source(self, name: str) -> EventSource | None:
        return next((each for each in event_sources(self._context.service.in_force) if each.name == name), None)
