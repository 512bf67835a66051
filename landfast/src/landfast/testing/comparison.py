"""What two runs have left behind, compared although ids and times differ in each.

A run leaves documents in places: items in tables, messages in queues, objects in buckets. Two undisturbed runs show
what differs by itself: where the values of an attribute are not the same in both, they are replaced everywhere, and so
are times from the beginning of the first run on. What is left has to be the same, as often in each place.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeAlias

Path: TypeAlias = tuple[str, ...]

_ANY = "*"
_REPLACED = "..."
_YEARS = 20 * 365.25 * 86_400
_SHOWN = 300
_OF_RETRIES = ("requestContext", "approximateInvokeCount")
"""What Lambda itself counts in the records of destinations: retries are what a crash makes."""


@dataclass(frozen=True)
class Place:
    """A place where a run leaves documents.

    Attributes:
        kind: ``table``, ``queue``, ``bucket``, ``stream``, ``topic`` or ``bus``.
        name: The logical id.
        documents: What is there.
        keys: The attributes that tell documents apart, where there are such.
    """

    kind: str
    name: str
    documents: Sequence[Any]
    keys: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


Left: TypeAlias = Mapping[str, Place]
"""What a run has left behind: places by their names for people."""


@dataclass(frozen=True)
class Difference:
    """A difference to the undisturbed run, at one place.

    Attributes:
        place: The place.
        what: ``lost``, ``doubled``, ``added`` or ``changed``.
        document: The document; of a changed one what it is now.
        was: What a changed one should be.
    """

    place: Place
    what: str
    document: Any
    was: Any = None

    def __str__(self) -> str:
        if self.what != "changed":
            return f"{self.place}: {self.what}: {_shown(self.document)}"
        changes = [
            f"{name} is {_attribute(self.document, name)}, undisturbed {_attribute(self.was, name)}"
            for name in sorted({*self.was, *self.document})
            if self.document.get(name) != self.was.get(name)
        ]
        key = " ".join(f"{name} {_shown(self.was[name])}" for name in self.place.keys)
        return f"{self.place}: half done: {key}: {'; '.join(changes)}"


@dataclass(frozen=True)
class Undisturbed:
    """What undisturbed runs leave behind.

    Attributes:
        left: What is left, as `Canon` writes it.
        canon: How documents are written so that runs can be compared.
        unsteady: How the second run differs from the first, beside what is replaced.
    """

    left: Mapping[str, Counter[str]]
    canon: "Canon"
    unsteady: Sequence["Difference"] = ()

    @classmethod
    def of(cls, first: Left, second: Left, *, began: float, ignore: Mapping[str, Collection[str]]) -> "Undisturbed":
        """Learn from two runs what differs by itself.

        Args:
            first: What the first one has left.
            second: What the second one has left.
            began: When the first one began, in Unix seconds.
            ignore: Names of attributes that are not looked at, by the logical id of the place.
        """
        differing = {
            (name, path)
            for name in {*first, *second}
            for path, _ in _values(first.get(name)).items() ^ _values(second.get(name)).items()
        }
        canon = Canon(frozenset(differing), began, ignore)
        undisturbed = cls({name: canon.counted(place) for name, place in first.items()}, canon)
        return replace(undisturbed, unsteady=undisturbed.differences(second))

    def differences(self, left: Left, repeats: Collection[str] = ()) -> list[Difference]:
        """How another run differs.

        Args:
            left: What it has left behind.
            repeats: The logical ids of places at which a document may be there more often.
        """
        found: list[Difference] = []
        for name, place in left.items():
            wanted, there = self.left.get(name, Counter()), self.canon.counted(place)
            lost, more = wanted - there, there - wanted
            for document in [*lost]:
                if other := _same(place, document, more):
                    found.append(Difference(place, "changed", json.loads(other), json.loads(document)))
                    lost -= Counter([document])
                    more -= Counter([other])
            found += [Difference(place, "lost", json.loads(each)) for each in lost.elements()]
            for each in more.elements():
                if each not in wanted:
                    found.append(Difference(place, "added", json.loads(each)))
                elif place.name not in repeats:
                    found.append(Difference(place, "doubled", json.loads(each)))
        return found


@dataclass(frozen=True)
class Canon:
    """How documents are written so that runs can be compared.

    Attributes:
        differing: Places and paths whose values differ by themselves.
        began: Times from here on are replaced; in Unix seconds.
        ignore: Names of attributes that are not looked at, by the logical id of the place.
    """

    differing: frozenset[tuple[str, Path]]
    began: float
    ignore: Mapping[str, Collection[str]] = field(default_factory=dict)

    def counted(self, place: Place) -> Counter[str]:
        """The documents of a place, each with how often it is there."""
        return Counter(
            json.dumps(self._written(place, parsed(document), ()), sort_keys=True) for document in place.documents
        )

    def _written(self, place: Place, value: Any, path: Path) -> Any:  # noqa: ANN401 - any JSON value
        ignored = path and path[-1] in self.ignore.get(place.name, ())
        if ignored or path[-2:] == _OF_RETRIES or (str(place), path) in self.differing or self._is_recent(value):
            return _REPLACED
        if isinstance(value, dict):
            return {name: self._written(place, each, (*path, name)) for name, each in value.items()}
        if isinstance(value, list):
            return [self._written(place, each, (*path, _ANY)) for each in value]
        return value

    def _is_recent(self, value: Any) -> bool:  # noqa: ANN401 - any JSON value
        """Tell whether a value is a time from the beginning on: a date, or Unix seconds or milliseconds."""
        if isinstance(value, str):
            try:
                number = datetime.fromisoformat(value).timestamp() if "-" in value[:5] else float(value)
            except (ValueError, OverflowError, OSError):
                return False
        elif isinstance(value, int | float) and not isinstance(value, bool):
            number = float(value)
        else:
            return False
        return any(self.began - 1 <= each < self.began + _YEARS for each in (number, number / 1000))


def parsed(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The value with the JSON objects and arrays that are in its texts."""
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            return parsed(json.loads(value))
        except (ValueError, RecursionError):
            return value
    if isinstance(value, Mapping):
        return {name: parsed(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [parsed(each) for each in value]
    return value


def _values(place: Place | None) -> dict[Path, tuple[str, ...]]:
    """The values at each path of a place's documents, in one order."""
    found: dict[Path, list[str]] = {}
    for document in place.documents if place else ():
        for path, value in _leaves(parsed(document), ()):
            found.setdefault(path, []).append(json.dumps(value))
    return {path: tuple(sorted(values)) for path, values in found.items()}


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _leaves(each, (*path, name))
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each, (*path, _ANY))
    else:
        yield path, value


def _same(place: Place, document: str, others: Iterable[str]) -> str | None:
    """The one of `others` that has the keys of a document."""
    if not place.keys:
        return None
    keys = [json.loads(document).get(name) for name in place.keys]
    if _REPLACED in keys:
        return None
    return next((each for each in others if [json.loads(each).get(name) for name in place.keys] == keys), None)


def _attribute(item: Mapping[str, Any], name: str) -> str:
    return _shown(item[name]) if name in item else "missing"


def _shown(value: Any) -> str:  # noqa: ANN401 - any JSON value
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
