"""Paths into an event, as `InputPath`, `InputPathsMap` and `PartitionKeyPath` have them: a part of JSONPath.

There are members (``$.detail.order-id``, ``$['detail']``), elements (``[0]``) and all of them (``[*]``, ``.*``), which
give a list.

Source: EventBridge User Guide, "Amazon EventBridge input transformation" (the supported syntax).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

MISSING: Final = object()
"""The end of a path that leads to nothing."""

_STEP = re.compile(
    r"\.(?P<all>\*)|\.(?P<name>[^.\[\]*]+)|\[(?P<every>\*)\]|\[(?P<place>-?\d+)\]|\['(?P<quoted>[^']*)'\]"
)


@dataclass(frozen=True, slots=True)
class Path:
    """A path that was read.

    Attributes:
        steps: Names of members, places of elements, None for all of them.
    """

    steps: tuple[str | int | None, ...]

    @classmethod
    def read(cls, text: str) -> "Path":
        """Read a path.

        Raises:
            ValueError: It is none.
        """
        if not text.startswith("$"):
            raise ValueError(text)
        steps: list[str | int | None] = []
        place = 1
        while place < len(text):
            match = _STEP.match(text, place)
            if match is None:
                raise ValueError(text)
            steps.append(_step(match))
            place = match.end()
        return cls(tuple(steps))

    def of(self, event: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON
        """Return what the path leads to in an event; `MISSING` if there is nothing."""
        return _at(event, self.steps)


def _step(found: re.Match[str]) -> str | int | None:
    if found["place"] is not None:
        return int(found["place"])
    return found["name"] if found["name"] is not None else found["quoted"]


def _at(value: Any, steps: Sequence[str | int | None]) -> Any:  # noqa: ANN401 - any JSON
    for place, step in enumerate(steps):
        if step is None:
            children = list(value.values()) if isinstance(value, Mapping) else value
            if not isinstance(children, list):
                return MISSING
            rest = steps[place + 1 :]
            return [found for child in children if (found := _at(child, rest)) is not MISSING]
        value = _child(value, step)
        if value is MISSING:
            return MISSING
    return value


def _child(value: Any, step: str | int) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, Mapping):
        return value.get(str(step), MISSING)
    if isinstance(value, list) and isinstance(step, int) and -len(value) <= step < len(value):
        return value[step]
    return MISSING
