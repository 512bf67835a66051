"""Takes values out of failures by their paths, before they leave the machine or the account; pure.

A path begins at the root of any JSON document in the failure: the event, the record around it, a message's text, the
data of a stream's record. ``$.customer.email`` goes through objects, ``[*]`` through all items of a list, ``[0]`` to
one.
"""

import base64
import re
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from landfast.delivery.strict_json import json_or_text, json_text
from landfast.failures.errors import FailuresError

REDACTED: Final = "***"
"""Stands where a value was."""

Path: TypeAlias = tuple[str | int, ...]
"""Names of members, numbers of items, and ``*`` for all items."""

_EVERY: Final = "*"
_STEP: Final = re.compile(r"\.([A-Za-z_][\w-]*)|\[(\*|\d{1,9})\]|\['([^']+)'\]")
_DOCUMENTS: Final = frozenset({"detail", "requestPayload", "responsePayload"})
"""Members that are documents of their own."""


def path(text: str) -> Path:
    """Read a path.

    Raises:
        FailuresError: It is none.
    """
    steps: list[str | int] = []
    place = 1
    while place < len(text):
        found = _STEP.match(text, place)
        if found is None:
            break
        name, item, quoted = found.groups()
        steps.append(int(item) if item and item != _EVERY else name or quoted or item)
        place = found.end()
    if not text.startswith("$") or place != len(text) or not steps:
        raise FailuresError(f"--redact {text}: write a path as in $.customer.email or $.items[*].name")
    return tuple(steps)


def redacted(text: str, paths: Sequence[Path]) -> tuple[str, int]:
    """A text without the values of these paths, and how many there were."""
    value, count = _in_text(text, paths)
    return (value, count) if count else (text, 0)


def _in_text(text: str, paths: Sequence[Path]) -> tuple[str, int]:
    value = json_or_text(text)
    if not isinstance(value, dict | list):
        return text, 0
    count = _in_document(value, paths)
    return json_text(value), count


def _in_document(document: Any, paths: Sequence[Path]) -> int:  # noqa: ANN401 - any JSON value
    return sum(_cut(document, each) for each in paths) + _inside(document, paths)


def _inside(value: Any, paths: Sequence[Path]) -> int:  # noqa: ANN401 - any JSON value
    """Redact the documents in a value, in place; how many values that were."""
    count = 0
    for key, each in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(each, str):
            value[key], cut = _in_data(each, paths) if key == "data" else _in_text(each, paths)
            count += cut
        elif isinstance(each, dict | list):
            count += _in_document(each, paths) if key in _DOCUMENTS else _inside(each, paths)
    return count


def _in_data(text: str, paths: Sequence[Path]) -> tuple[str, int]:
    """Redact the data of a stream's record, which is base64."""
    try:
        inner, count = _in_text(base64.b64decode(text, validate=True).decode(), paths)
    except ValueError:
        return text, 0
    return (base64.b64encode(inner.encode()).decode(), count) if count else (text, 0)


def _cut(value: Any, steps: Path) -> int:  # noqa: ANN401 - any JSON value
    """Put stars where a path leads, in place; how many values that were."""
    step, *following = steps
    if step == _EVERY and isinstance(value, list):
        keys: list[Any] = [*range(len(value))]
    elif step in (range(len(value)) if isinstance(value, list) else value if isinstance(value, dict) else ()):
        keys = [step]
    else:
        return 0
    if following:
        return sum(_cut(value[key], tuple(following)) for key in keys)
    for key in keys:
        value[key] = REDACTED
    return len(keys)
