"""The failures of a running service, as the page shows them: looked at, explained, mended, replayed and discarded.

All of it is what ``landfast failures`` does, by the same code and with the same ledger.
"""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from landfast.console.context import Context
from landfast.console.failure import Destination, Listed, Shown, destination, listed, shown
from landfast.console.jobs import Job, Jobs
from landfast.console.routes import Asked, Route
from landfast.errors import LandfastError
from landfast.failures import FailuresError, Ledger, Replayed, Replays, StackFailures, Store, chosen_by, exported
from landfast.failures.access import keys
from landfast.failures.editing import draft, mended
from landfast.failures.grouping import Group, groups
from landfast.failures.model import Failure, Way
from landfast.failures.stack import Chosen
from landfast.service import service_log

_LOG: Final = service_log.logger(__name__)
_PAGE: Final = 100
_MOST: Final = 1_000
_OLD: Final = 5.0
"""Real seconds for which a look is good while the journal stands still: not all that changes a store is noted there."""

_RESTS: Final = 4
"""A look is followed by a rest of so many times its own duration, however often somebody asks."""

_FOUND: Final = 30.0
"""Real seconds after which the stores of the stack are found again."""

_OBJECTS: Final = 2.0
"""Real seconds between two counts of the objects in buckets."""


class StoreShown(msgspec.Struct, frozen=True, kw_only=True):
    """A failure store.

    Attributes:
        name: The store's name.
        kind: The kind of resource.
        count: The number of failures that lie there.
        reader: The function that reads it; empty without one.
    """

    name: str
    kind: str
    count: int
    reader: str


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """All failures, by what they have in common.

    Attributes:
        count: The number of failures that match.
        total: The number of all failures.
        groups: Those that match, by function, error and reason.
        stores: Every store, those without a failure too.
        functions: What a failure can be sent to.
        untold: What could not be asked about, in a line each.
        wrong: Why the condition is none; then nothing matches. It is no refusal, as people are still typing it.
    """

    count: int
    total: int
    groups: tuple[Group, ...]
    stores: tuple[StoreShown, ...]
    functions: tuple[str, ...]
    untold: tuple[str, ...]
    wrong: str


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a list of failures, the newest first.

    Attributes:
        count: The number of failures that match.
        failures: Those of this part.
    """

    count: int
    failures: tuple[Listed, ...]


class MaybeShown(msgspec.Struct, frozen=True):
    """A failure; None if it is not there any more, which may be since somebody has just replayed it."""

    failure: Shown | None


class Meant(msgspec.Struct, frozen=True, kw_only=True):
    """Which failures are meant: these, or all that match.

    Attributes:
        ids: Their ids.
        where: A condition as `landfast failures --where` takes it; an empty one chooses all.
    """

    ids: tuple[str, ...] | None = None
    where: str | None = None

    def of(self, failures: StackFailures, ledger: Ledger) -> Chosen:
        """The failures that are meant.

        Raises:
            FailuresError: There is no such failure, or the condition is none.
        """
        if (self.ids is None) == (self.where is None):
            raise FailuresError("say which failures: either ids or where")
        if self.ids is not None:
            return failures.named(ledger, self.ids)
        return failures.matching(ledger, self.where or None)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be replayed, and how.

    Attributes:
        meant: The failures.
        to: The function to send them to; where they came to without one.
        text: What is sent of the one that is meant, instead of what it is.
        key: Names this wish, so that it is done once however often it is sent.
    """

    meant: Meant
    to: str | None = None
    text: str | None = None
    key: str = ""

    def ways(self, failures: StackFailures, chosen: Chosen) -> dict[str, Way]:
        """Which way each goes.

        Raises:
            FailuresError: There is no such function, or the text is not what it has to be.
        """
        if self.text is None:
            return failures.ways(chosen, self.to)
        if len(chosen) != 1:
            raise FailuresError(f"one text is for one failure, and {len(chosen)} are meant")
        [(key, (_, failure))] = chosen.items()
        before = draft(failures.access, failure)
        return failures.ways(chosen, self.to, {key: mended(failure, self.text, is_json=before.is_json)})


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay would send where.

    Attributes:
        count: The number of failures.
        left_out: The number of those that match as well, and that a function reads: they are its work.
        destinations: Where they go, and how many of them; of a single one with what is sent.
    """

    count: int
    left_out: int
    destinations: tuple[tuple[Destination, int], ...]


class Saved(msgspec.Struct, frozen=True):
    """Failures as JSON Lines, with the name of a file for them."""

    name: str
    text: str


class _Look(msgspec.Struct, frozen=True, kw_only=True):
    """All failures at a moment, the newest first.

    Attributes:
        failures: The stack.
        seen: Each failure with its store.
        journal: The number of the journal's newest entry before the look.
        began: When the look into the stores began, in real seconds.
        ended: When it ended.
    """

    failures: StackFailures
    seen: tuple[tuple[Store, Failure], ...]
    journal: int
    began: float
    ended: float

    def matching(self, where: str) -> list[tuple[Store, Failure]]:
        """Those that a condition chooses; all without one."""
        holds = chosen_by(where) if where.strip() else None
        return [each for each in self.seen if holds is None or holds(each[1])]


class _Objects(msgspec.Struct, frozen=True, kw_only=True):
    """The number of objects in buckets, and when they were counted: in real seconds, and by the journal."""

    count: int = 0
    journal: int = -1
    at: float = float("-inf")

    def is_old(self, journal: int) -> bool:
        """Tell whether they are to be counted again: something has happened, and the last count is a while ago."""
        return journal != self.journal and time.monotonic() - self.at > _OBJECTS


class FailuresPart:
    """Answers what failed, and brings it back.

    A look at all stores is shared by everybody who asks while it is good. It is taken only when somebody asks.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._jobs = Jobs(context, self._forget)
        self._failures: StackFailures | None = None
        self._found_at = 0.0
        self._finds = threading.Lock()
        self._finding: asyncio.Task[None] | None = None
        self._last: _Look | None = None
        self._free_from = 0.0
        self._coming: asyncio.Task[_Look] | None = None
        self._looking = asyncio.Lock()
        self._objects = _Objects()
        self._counting: asyncio.Task[None] | None = None
        self._counted = 0

    def routes(self) -> Iterable[Route]:
        """The routes of this part."""
        yield Route("GET", "/failures", self._overview)
        yield Route("GET", "/failures/list", self._listed)
        yield Route("GET", "/failures/{id}", self._one)
        yield Route("POST", "/failures/plan", self._planned, changes=False)
        yield Route("POST", "/failures/replay", self._replay)
        yield Route("POST", "/failures/discard", self._discard)
        yield Route("POST", "/failures/export", self._export, changes=False)
        yield from self._jobs.routes()

    async def _overview(self, asked: Asked) -> Overview:
        look = await self._look()
        found, wrong = [], ""
        try:
            found = look.matching(asked.query.get("where", ""))
        except FailuresError as error:
            wrong = str(error)
        return Overview(
            count=len(found),
            total=len(look.seen),
            groups=tuple(groups(failure for _, failure in found)),
            stores=tuple(_stores(look)),
            functions=tuple(sorted(look.failures.found.routes.functions.values())),
            untold=look.failures.found.untold,
            wrong=wrong,
        )

    async def _listed(self, asked: Asked) -> Page:
        start, limit = int(asked.number("start", 0, 1e9)), int(asked.number("limit", _PAGE, _MOST))
        found = (await self._look()).matching(asked.query.get("where", ""))
        return Page(count=len(found), failures=tuple(listed(*each) for each in found[start : start + limit]))

    async def _one(self, asked: Asked) -> MaybeShown:
        look = await self._look()
        found = next((each for each in look.seen if each[1].id == asked.parts["id"]), None)
        if found is None:
            return MaybeShown(None)
        return MaybeShown(await self._context.apart(lambda: shown(look.failures, *found)))

    async def _planned(self, asked: Asked) -> Planned:
        wanted = asked.read(Wanted)
        failures = await self._context.apart(self._found)
        return await self._context.apart(lambda: _planned(failures, wanted))

    async def _replay(self, asked: Asked) -> Job:
        wanted = asked.read(Wanted)

        def work(job: Job) -> Iterator[Replayed]:
            failures = self._found()
            with Ledger(failures.ledger) as ledger:
                chosen = wanted.meant.of(failures, ledger)
                ways = wanted.ways(failures, chosen)
                job.total = len(chosen)
                replays = Replays(failures.access, ledger)
                yield from failures.worked_off(
                    ledger, chosen, lambda store, failure: replays.replay(store, failure, ways[failure.id])
                )

        return self._jobs.start(wanted.key, work)

    async def _discard(self, asked: Asked) -> Job:
        wanted = asked.read(Wanted)

        def work(job: Job) -> Iterator[Replayed]:
            failures = self._found()
            with Ledger(failures.ledger) as ledger:
                chosen = wanted.meant.of(failures, ledger)
                job.total = len(chosen)
                yield from failures.worked_off(ledger, chosen, failures.discard)

        return self._jobs.start(wanted.key, work)

    async def _export(self, asked: Asked) -> Saved:
        meant = asked.read(Meant)

        def lines() -> str:
            failures = self._found()
            chosen = meant.of(failures, Ledger(failures.ledger).read())
            carried = exported(failures.access, failures.found, chosen.values())
            return "".join(f"{msgspec.json.encode(each).decode()}\n" for each in carried)

        return Saved(f"failures-{self._context.service.options.stack}.jsonl", await self._context.apart(lines))

    async def count(self) -> int | None:
        """The number of failures, had cheaply: messages are counted at once, and objects now and then.

        None until the stores are found, which whoever asks first lets begin.
        """
        if self._counting is None and self._objects.is_old(self._context.service.store.newest()):
            self._counting = asyncio.create_task(self._count_objects())
        if self._failures is None:
            return None
        stores = self._failures.found.stores
        queues = {store.arn for store in stores if store.kind == "queue"}
        every = self._context.service.plane.queues.all
        messages = await self._context.driver(lambda: sum(len(each.messages) for each in every if each.arn in queues))
        count = self._objects.count + messages
        if count != self._counted:
            self._counted, self._last = count, None  # not all that changes a store is noted in the journal
        return count

    async def _count_objects(self) -> None:
        journal = self._context.service.store.newest()
        try:
            count = await self._context.apart(self._counted_objects)
        except (LandfastError, BotoCoreError, ClientError, OSError):
            count = self._objects.count  # a bucket that is gone: the list of failures says so
        self._objects = _Objects(count=count, journal=journal, at=time.monotonic())
        self._counting = None

    def _counted_objects(self) -> int:
        failures = self._found()
        buckets = [store for store in failures.found.stores if store.kind == "bucket"]
        return sum(1 for store in buckets for _ in keys(failures.access, store))

    def _forget(self) -> None:
        self._last, self._free_from = None, 0.0

    async def _look(self) -> _Look:
        """All failures as they are now, or as they were a moment ago if nothing has happened since."""
        last = self._last
        journal = self._context.service.store.newest()
        if last is not None and last.journal == journal and time.monotonic() - last.ended < _OLD:
            return last
        if self._coming is None:  # otherwise one will begin that sees all that there is now
            self._coming = asyncio.create_task(self._look_again())
        return await asyncio.shield(self._coming)

    async def _look_again(self) -> _Look:
        await asyncio.sleep(max(0.0, self._free_from - time.monotonic()))
        async with self._looking:
            self._coming = None
            self._last = look = await self._context.apart(self._looked)
            self._free_from = look.ended + _RESTS * (look.ended - look.began)
        if self._finding is None and time.monotonic() - self._found_at > _FOUND:
            self._finding = asyncio.create_task(self._find_again())
        return look

    def _looked(self) -> _Look:
        journal = self._context.service.store.newest()
        try:
            failures = self._found()
            began = time.monotonic()
            seen = [*failures.each(Ledger(failures.ledger).read())]
        except (LandfastError, ClientError) as error:
            self._failures = None  # a store may be gone: the next look finds those that there are
            raise FailuresError(str(error)) from None
        seen.sort(key=lambda each: -each[1].at)
        return _Look(failures=failures, seen=tuple(seen), journal=journal, began=began, ended=time.monotonic())

    def _found(self) -> StackFailures:
        """The stack with its stores, in a thread that may wait."""
        with self._finds:
            if self._failures is None:
                service = self._context.service
                self._failures = StackFailures.of_service(
                    service.running, service.options.state.absolute(), self._context.clients
                )
                self._found_at = time.monotonic()
            return self._failures

    async def _find_again(self) -> None:
        """Find the stores anew while those that are known are looked into: what the API changes is rare."""
        known = self._found()
        try:
            self._failures = await self._context.apart(lambda: StackFailures.of(known.access, known.ledger))
        except (LandfastError, BotoCoreError, ClientError, OSError):
            _LOG.exception("console: the failure stores were not found again")
        self._found_at, self._finding = time.monotonic(), None


def _stores(look: _Look) -> Iterator[StoreShown]:
    counts = Counter(store.arn for store, _ in look.seen)
    for store in look.failures.found.stores:
        yield StoreShown(
            name=store.name,
            kind=store.kind,
            count=counts[store.arn] if store.kind != "archive" else store.count or 0,
            reader=look.failures.found.routes.function(store.reader),
        )


def _planned(failures: StackFailures, wanted: Wanted) -> Planned:
    ledger = Ledger(failures.ledger).read()
    chosen = wanted.meant.of(failures, ledger)
    ways = wanted.ways(failures, chosen)
    left_out = 0
    if wanted.meant.where is not None:
        holds = chosen_by(wanted.meant.where) if wanted.meant.where else None
        left_out = sum(
            bool(store.reader) and (holds is None or holds(failure)) for store, failure in failures.each(ledger)
        )
    alone = len(ways) == 1
    counts = Counter(destination(way, failures.found, with_text=alone) for way in ways.values())
    return Planned(count=len(ways), left_out=left_out, destinations=tuple(counts.most_common()))
