"""A world of the event plane in memory, and services that only take what is sent to them."""

import heapq
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from landfast.aws_errors import AwsError
from landfast.driver import Order
from landfast.eventplane import Router
from landfast.journal import Entry
from landfast.protocols.call import Call
from landfast.sources.rows import Keep
from landfast.sources.sent import Sent

ACCOUNT = "123456789012"
REGION = "eu-west-1"
START = 1_767_323_000.0


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


class Planned:
    """Work that can be cancelled."""

    def __init__(self) -> None:
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class FanoutWorld:
    """Time passes by `pass_until`; rows survive in `kept`."""

    def __init__(self, kept: dict[tuple[str, str, str], bytes] | None = None, now: float = START) -> None:
        self.kept: dict[tuple[str, str, str], bytes] = {} if kept is None else kept
        self.notes: list[Entry] = []
        self._now = now
        self._planned: list[tuple[float, Order, int, Callable[[], None], Planned]] = []
        self._count = itertools.count()
        self.background: list[float] = []

    def now(self) -> float:
        return self._now

    def at(
        self, due: float, work: Callable[[], None], order: Order = Order.DUE, *, background: bool = False
    ) -> Planned:
        plan = Planned()
        if background:
            self.background.append(due)
        heapq.heappush(self._planned, (due, order, next(self._count), work, plan))
        return plan

    def after(self, seconds: float, work: Callable[[], None]) -> Planned:
        return self.at(self._now + seconds, work)

    def keeper(self, kind: str, owner: str) -> Keep:
        def keep(key: str, content: bytes | None) -> None:
            if content is None:
                self.kept.pop((kind, owner, key), None)
            else:
                self.kept[kind, owner, key] = content

        return keep

    def rows(self, kind: str) -> Iterator[tuple[str, str, bytes]]:
        for (its_kind, owner, key), content in sorted(self.kept.items()):
            if its_kind == kind:
                yield owner, key, content

    def note(self, entry: Entry) -> None:
        self.notes.append(entry)

    def pass_until(self, moment: float) -> None:
        """Let time pass, and do what is due meanwhile."""
        while self._planned and self._planned[0][0] <= moment:
            due, _, _, work, plan = heapq.heappop(self._planned)
            self._now = max(self._now, due)
            if not plan.cancelled:
                work()
        self._now = max(self._now, moment)

    def restarted(self) -> "FanoutWorld":
        """The world of the next run of the service: only rows survive."""
        return FanoutWorld(dict(self.kept), self._now)


@dataclass
class Recorder:
    """Takes what is sent, or refuses it.

    Attributes:
        taken: ARN and what was sent, in order.
        refusals: By ARN, as long as they are there.
    """

    taken: list[tuple[str, Sent]] = field(default_factory=list)
    refusals: dict[str, AwsError] = field(default_factory=dict)

    def take(self, arn: str, sent: Sent) -> None:
        if arn in self.refusals:
            raise self.refusals[arn]
        self.taken.append((arn, sent))

    def sent_to(self, arn: str) -> list[Sent]:
        return [sent for target, sent in self.taken if target == arn]


def router(recorder: Recorder, *services: str) -> Router:
    made = Router()
    for service in services:
        made.add(service, recorder)
    return made


def ids() -> Callable[[], str]:
    """Numbered ids in the form of UUIDs."""
    count = itertools.count(1)
    return lambda: f"00000000-0000-4000-8000-{next(count):012d}"


def call(service: str, operation: str, /, trace: str = "", **params: Any) -> Call:
    return Call(service, operation, params, trace=trace)


def text(value: str) -> Mapping[str, Any]:
    """A message attribute of type String."""
    return {"DataType": "String", "StringValue": value}
