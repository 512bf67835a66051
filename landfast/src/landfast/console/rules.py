"""The delivery rules by their numbers, as docs/rules.md has them: for pages that need no network."""

from collections.abc import Iterable, Mapping
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from typing import TYPE_CHECKING

import msgspec

from landfast.console.routes import Asked, Problem, Route

if TYPE_CHECKING:
    from landfast.console.context import Context


class Rule(msgspec.Struct, frozen=True):
    """A rule, or an unconfirmed point.

    Attributes:
        title: What it is about.
        text: Its whole text with its evidence, in Markdown.
    """

    title: str
    text: str


class Named(msgspec.Struct, frozen=True):
    """A rule of a list: its number and its title."""

    id: str
    title: str


@cache
def rules() -> Mapping[str, Rule]:
    """Every rule by its number; ``make docs`` writes the file from docs/rules.md."""
    content = files("landfast.console").joinpath("rules.json").read_bytes()
    return msgspec.json.decode(content, type=dict[str, Rule])


class RulesPart:
    """Answers what the rules say."""

    def __init__(self, context: "Context") -> None:
        del context

    def routes(self) -> Iterable[Route]:
        """The routes of this part."""
        yield Route("GET", "/rules", self._listed)
        yield Route("GET", "/rules/{id}", self._one)

    async def _listed(self, asked: Asked) -> list[Named]:
        del asked
        return [Named(number, rule.title) for number, rule in rules().items()]

    async def _one(self, asked: Asked) -> Rule:
        rule = rules().get(asked.parts["id"])
        if rule is None:
            raise Problem(HTTPStatus.NOT_FOUND, f"there is no rule {asked.parts['id']}")
        return rule
