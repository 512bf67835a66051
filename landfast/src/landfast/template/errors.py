"""Errors of a template: what is wrong with a part of it, and what is right and yet not to be had on one machine."""

from typing import TypeAlias

from landfast.errors import LandfastError

Where: TypeAlias = tuple[str | int, ...]
"""A place in a template, from a logical id or a section on, e.g. ``("Orders", "Properties", "Tags", 0)``."""


class TemplateError(LandfastError):
    """A template that cannot be read. Its text is one line: file, logical id and property, problem, how to mend it."""


class Mistake(Exception):  # noqa: N818 - the author's mistake; `TemplateError` is what leaves this package
    """Something that is wrong in the template. It costs the resource it is in, and no other.

    Attributes:
        where: The place of it.
        problem: The problem and how to mend it, without the place.
    """

    def __init__(self, where: Where, problem: str) -> None:
        self.where = where
        self.problem = problem
        super().__init__(f"{dotted(where)}: {problem}" if where else problem)


class Unavailable(Exception):  # noqa: N818 - nothing is wrong: the value exists on AWS only
    """A value that only AWS can know, e.g. an export of another stack.

    Attributes:
        where: The place that needs it.
        problem: Why it cannot be had and what to do, without the place.
    """

    def __init__(self, where: Where, problem: str) -> None:
        self.where = where
        self.problem = problem
        super().__init__(f"{dotted(where)}: {problem}")


def dotted(where: Where) -> str:
    """A place as people write it: ``Orders.Properties.Tags[0]``."""
    text = ""
    for step in where:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")
