"""What a hazard is, and what is found of it in a template."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

import msgspec

from landfast.lint.application import Application
from landfast.lint.forecast import Forecast
from landfast.template.errors import Where


class Finding(msgspec.Struct, frozen=True):
    """A hazard in a template.

    Attributes:
        at: The place after SAM's translation, from the logical id on.
        message: What is set, what it leads to and what to set, in one line.
        forecast: The simulation that the figures of the message come from; None if there are none.
    """

    at: Where
    message: str
    forecast: Forecast | None = None


Search: TypeAlias = Callable[[Application], Iterator[Finding]]


class Hazard(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of hazard: one rule of cfn-lint.

    Attributes:
        id: The rule's id; those from 9000 on cfn-lint leaves to others.
        title: What is wrong, in a few words.
        rules: The delivery rules that make it one, by their ids in ``docs/rules.md``.
        source: AWS's page about it.
        text: Why it is a hazard, and when it is reported.
        search: Finds it in a template.
    """

    id: str
    title: str
    rules: tuple[str, ...]
    source: str
    text: str
    search: Search


def hazard(identifier: str, title: str, *rules: str, source: str) -> Callable[[Search], Hazard]:
    """Make a hazard of the function that finds it; its docstring is the hazard's text."""

    def made(search: Search) -> Hazard:
        text = " ".join((search.__doc__ or "").split())
        return Hazard(id=identifier, title=title, rules=rules, source=source, text=text, search=search)

    return made
