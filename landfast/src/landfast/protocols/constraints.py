"""The demands of a service's model on a call: members that must be there, lengths, ranges, patterns, values.

The texts are those of AWS's services: ``1 validation error detected: Value null at 'streamName' failed to satisfy
constraint: Member must not be null``.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, TypeAlias

from landfast.protocols import models
from landfast.protocols.compiled import Compiled
from landfast.protocols.demands import Demand, demands, printed
from landfast.protocols.models import Ref, Shape

NOT_NULL = "Member must not be null"


@dataclass(frozen=True, slots=True)
class Failure:
    """One constraint that a value does not meet.

    Attributes:
        path: The place, e.g. ``("records", "1", "member", "partitionKey")``.
        value: As AWS's services print it; None where they tell no value.
        constraint: Which.
        culprit: The value that does not meet it, or of a list or a map the element or the key.
    """

    path: tuple[str, ...]
    value: str | None
    constraint: str
    culprit: object = None

    def __str__(self) -> str:
        shown = "Value" if self.value is None else f"Value {self.value}"
        return f"{shown} at '{'.'.join(self.path)}' failed to satisfy constraint: {self.constraint}"

    def under(self, *parts: str) -> "Failure":
        """The same, seen from further out."""
        return replace(self, path=parts + self.path)


def told(failures: list[Failure]) -> str:
    """All failures in one message."""
    count = len(failures)
    return f"{count} validation error{'s' if count > 1 else ''} detected: {'; '.join(map(str, failures))}"


Check: TypeAlias = Callable[[Any], list[Failure]]
"""Tells the failures of a value."""


class Checks(Compiled[Check | None]):
    """Checks values; None, which costs nothing, where the model demands nothing."""

    def structure(self, shape: Shape) -> Check | None:
        """Members that must be there are, and each meets its own demands."""
        required = [(name, spelt(name)) for name in shape.members if name in shape.required]
        checks = {name: (spelt(name), check) for name, ref in shape.members.items() if (check := self.of(ref))}
        if not required and not checks:
            return None

        def failures(value: Mapping[str, Any]) -> list[Failure]:
            found = [Failure((path,), "null", NOT_NULL) for name, path in required if name not in value]
            for name, item in value.items():
                if (inner := checks.get(name)) and (failed := inner[1](item)):
                    found += [failure.under(inner[0]) for failure in failed]
            return found

        return failures

    def listing(self, shape: Shape, member: Ref, *, flattened: bool) -> Check:
        """As many elements as there may be, and each meets its demands."""
        del flattened
        own, elements = demands(shape), self._within("Member", member)

        def failures(value: list[Any]) -> list[Failure]:
            numbered = ((str(number), item) for number, item in enumerate(value, 1))
            return [*unmet(own, value), *elements(value, numbered)]

        return failures

    def mapping(self, shape: Shape, key: Ref, value: Ref, *, flattened: bool) -> Check:
        """As many entries as there may be, and each key and value meets its demands."""
        del flattened
        own, keys, values = demands(shape), self._within("Map keys", key), self._within("Map value", value)

        def failures(items: Mapping[str, Any]) -> list[Failure]:
            return [*unmet(own, items), *keys(items, ((one, one) for one in items)), *values(items, items.items())]

        return failures

    def scalar(self, shape: Shape) -> Check | None:
        """Length, range, pattern or values."""
        own = demands(shape)
        return (lambda value: unmet(own, value, sensitive=shape.sensitive)) if own else None

    def _within(self, word: str, ref: Ref) -> "_Within":
        shape = self.model.shapes[ref.shape]
        texts = ", ".join(demand.text for demand in demands(shape))
        return _Within(f"{word} must satisfy constraint", texts, self.of(ref), shape.type in _CONTAINERS)


_CONTAINERS = frozenset({"structure", "list", "map"})


@dataclass(frozen=True, slots=True)
class _Within:
    """Checks what a list or a map contains: failures of scalars are told of the whole, all their demands together."""

    word: str
    texts: str
    check: Check | None
    is_container: bool

    def __call__(self, whole: object, items: Iterable[tuple[str, Any]]) -> Iterator[Failure]:
        for place, item in items:
            if item is None:
                yield Failure((), printed(whole), f"{self.word}: [{NOT_NULL}]")
                return
            for failure in self.check(item) if self.check else ():
                if not self.is_container:
                    yield Failure((), printed(whole), f"{self.word}: [{self.texts}]", item)
                    return
                yield failure.under(place, "member")


def unmet(own: tuple[Demand, ...], value: object, *, sensitive: bool = False) -> list[Failure]:
    """The demands that a value itself does not meet."""
    for demand in own:
        if not demand.met(value):
            break
    else:
        return []
    shown = None if sensitive else printed(value)
    return [Failure((), shown, demand.text, value) for demand in own if not demand.met(value)]


def spelt(name: str) -> str:
    """A member's name, as messages have it."""
    return name[:1].lower() + name[1:]


@cache
def checks(service: str) -> Checks:
    """Make what checks the calls of a service."""
    return Checks(models.of(service))
