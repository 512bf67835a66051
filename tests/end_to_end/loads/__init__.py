"""Events for the whole back office, from a seed: good ones, one in a hundred that is poison, duplicates, disorder.

One module a pipeline, named after its function, with a class `Load`: what is to be sent, and what must become of it by
the shop's own rules. Which are used is what the template has. Where another pipeline feeds its own, a load follows what
that one hands on; where that one is not there, it sends events of its own.
"""

import importlib
import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from demo.landing import Landing
from demo.shop import Message, Shop
from tests.samples import FUNCTIONS

POISON = 0.01
DUPLICATES = 0.05


@dataclass(frozen=True)
class Tolerance:
    """What may happen beyond once, if functions or the service are killed between a call elsewhere and its marker.

    Attributes:
        repeats: Receipts, notices or events on the bus that may be published again, with the same id; and files and
            scans whose sender was not answered and has sent them again.
        both: Whether what has had its effect may be in a failure store, too: killed after it, each time.
    """

    repeats: int = 0
    both: bool = False


@dataclass
class Way:
    """The way of orders from one pipeline to the next, as far as it is counted.

    Attributes:
        orders: What each function on the way has handed on, by its name; orders by their ids.
        kept: The ids of those that are in a failure store on the way, and need not arrive.
    """

    orders: dict[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)

    def due[T](self, found: Iterable[str], wanted: Mapping[str, T]) -> list[T]:
        """What of `wanted`, by order id, must be at a place where these have been found."""
        there = set(found)
        return [each for name, each in wanted.items() if name not in self.kept or name in there]


class Load:
    """What is sent to one pipeline.

    Attributes:
        share: Of all events.
        fed_by: The function that makes its events, if the template has it.
        keeps: The queues and buckets whose content the load's own landings tell of.
        repeats: The topics and buses to which its function may send the same twice, with the same id, if it is killed
            between a call and the marker of it.
        is_pure: Whether there is no poison in it: its events come from our own functions.
        events: How many different ones it sends.
        poison: How many of them nobody can handle.
    """

    share: float
    fed_by: str | None = None
    keeps: frozenset[str] = frozenset()
    repeats: frozenset[str] = frozenset()
    is_pure: bool = False
    events: int = 0
    poison: int = 0

    def __init__(self, random: Random, events: int) -> None:
        """Make so many different events, and a twentieth of them again."""
        raise NotImplementedError

    def attach(self, shop: Shop) -> None:
        """Subscribe to what has to be heard from the beginning."""
        self.shop = shop

    def send(self) -> None:
        """Send all of it."""

    def landings(self, tolerance: Tolerance, way: Way) -> Sequence[Landing]:
        """Where all of it must be."""
        raise NotImplementedError


def workload(seed: int, events: int) -> dict[str, Load]:
    """The loads of the template's functions, by function."""
    kinds = loads()
    sending = {name: kind for name, kind in kinds.items() if kind.fed_by not in kinds}
    whole = sum(kind.share for kind in sending.values())
    work = {}
    for name, kind in kinds.items():
        number = round(events * kind.share / whole) if name in sending else 0
        work[name] = kind(Random(f"{seed} {name}"), number)  # noqa: S311 - a schedule to repeat, no secret
        work[name].events = number
    return work


def loads() -> dict[str, type[Load]]:
    """The loads of the template's functions, in the order in which pipelines feed each other."""
    found: dict[str, type[Load]] = {
        name: importlib.import_module(f"{__name__}.{name}").Load
        for name in FUNCTIONS
        if (Path(__file__).parent / f"{name}.py").exists()
    }
    ordered: dict[str, type[Load]] = {}
    while found:
        name = next(name for name, kind in found.items() if kind.fed_by not in found)
        ordered[name] = found.pop(name)
    return ordered


def poisonous(events: int) -> int:
    """How many of so many events are poison: one in a hundred at least, and one in any case."""
    return max(1, math.ceil(events * POISON))


def shuffled[T](random: Random, events: Sequence[T], *, again: Sequence[T]) -> list[T]:
    """All of them and some of `again` a second time, in no order."""
    sent = [*events, *random.sample(again, round(len(again) * DUPLICATES))]
    random.shuffle(sent)
    return sent


def once[T: Hashable](found: Iterable[T], repeats: int) -> list[T]:
    """The same, up to so many repeats left out."""
    counted = Counter(found)
    extra = counted.total() - len(counted)
    return list(counted) if extra <= repeats else list(counted.elements())


def original_id(message: Message) -> str:
    """The id under which a dead letter was sent first: a function's copy has one of its own."""
    return message.attributes.get("OriginalMessageId", message.id)
