"""Which items a PartiQL statement writes, read from its text: the table, and the keys in its tuple or its condition.

A statement whose keys cannot be told for sure is told to touch its whole table.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

Value: TypeAlias = Mapping[str, Any]
"""An attribute's value in DynamoDB's JSON."""

_TOKENS: Final = re.compile(
    r"""\s*(?:--[^\n]*\n\s*)*(?:
        (?P<text>'(?:[^']|'')*')
      | (?P<name>"(?:[^"]|"")*"|[A-Za-z_][\w]*)
      | (?P<number>-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<parameter>\?)
      | (?P<sign><<|>>|<=|>=|<>|!=|\|\||[^\s])
    )""",
    re.VERBOSE,
)
_OPENING: Final = frozenset({"{", "[", "(", "<<"})
_CLOSING: Final = frozenset({"}", "]", ")", ">>"})


@dataclass(frozen=True, slots=True)
class Written:
    """The table and the keys that a statement writes to.

    Attributes:
        table: The table's name, or its ARN.
        keys: The item's keys; None if the statement may touch any item.
    """

    table: str
    keys: Mapping[str, Value] | None


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a statement.

    Attributes:
        kind: ``text``, ``name``, ``number``, ``parameter`` or ``sign``.
        content: Without its quotes.
        word: In capitals, if it is a name without quotes.
        value: The value of the token, if it is one.
        depth: The number of open brackets around it.
    """

    kind: str
    content: str
    word: str = ""
    value: Value | None = None
    depth: int = 0


def table_of(statement: str) -> str | None:
    """The table that a statement writes to; None if it writes nothing, or is none that can be read."""
    place = place_of([*tokens_of(statement, ())])
    return None if place is None else place[0]


def written(statement: str, parameters: Sequence[Value], keys: Collection[str]) -> Written | None:
    """Return what a statement writes to; None if it writes nothing, or is none that can be read.

    Args:
        statement: The text of the statement.
        parameters: For its question marks.
        keys: The names of the table's key attributes.
    """
    tokens = [*tokens_of(statement, parameters)]
    place = place_of(tokens)
    if place is None:
        return None
    table, rest = place
    pairs = _pairs_of_tuple(rest) if tokens[0].word == "INSERT" else _pairs_of_condition(rest)
    sure = pairs is not None and all(name in pairs for name in keys)
    return Written(table, {name: pairs[name] for name in keys} if sure and pairs is not None else None)


def tokens_of(statement: str, parameters: Sequence[Value]) -> Iterator[Token]:
    """The pieces of a statement, with the parameters in the places of its question marks."""
    following = iter(parameters)
    depth = 0
    for match in _TOKENS.finditer(statement):
        kind, content = match.lastgroup or "", match[match.lastgroup or 0]
        depth -= content in _CLOSING
        match kind:
            case "text":
                content = content[1:-1].replace("''", "'")
                yield Token(kind, content, value={"S": content}, depth=depth)
            case "number":
                yield Token(kind, content, value={"N": content}, depth=depth)
            case "parameter":
                yield Token(kind, content, value=next(following, None), depth=depth)
            case "name" if content.startswith('"'):
                yield Token(kind, content[1:-1].replace('""', '"'), depth=depth)
            case _:
                yield Token(kind, content, word=content.upper() if kind == "name" else "", depth=depth)
        depth += content in _OPENING


def place_of(tokens: Sequence[Token]) -> tuple[str, Sequence[Token]] | None:
    """The table that is written to, and what stands behind it."""
    words = [token.word for token in tokens[:2]]
    at = {"INSERT": 2, "DELETE": 2, "UPDATE": 1}.get(words[0] if words else "", 0)
    expected = {"INSERT": "INTO", "DELETE": "FROM"}.get(words[0] if words else "")
    if not at or len(tokens) <= at or (expected is not None and words[1:] != [expected]):
        return None
    return (tokens[at].content, tokens[at + 1 :]) if tokens[at].kind == "name" else None


def _pairs_of_tuple(tokens: Sequence[Token]) -> dict[str, Value] | None:
    """The members of the tuple behind ``VALUE``, as far as they are plain values."""
    pairs: dict[str, Value] = {}
    for name, colon, value in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if name.depth == 1 and name.kind == "text" and colon.content == ":" and value.value is not None:
            pairs[name.content] = value.value
    return pairs


def _pairs_of_condition(tokens: Sequence[Token]) -> dict[str, Value] | None:
    """Return the values that attributes equal by the condition; None if something in it makes that unsure."""
    start = next((number for number, token in enumerate(tokens) if token.word == "WHERE" and not token.depth), None)
    if start is None:
        return None
    condition = [token for token in tokens[start:] if token.word != "RETURNING"]
    if any(token.word == "OR" and not token.depth for token in condition):  # anything else only narrows what is equal
        return None
    pairs: dict[str, Value] = {}
    for before, name, sign, value in zip(condition, condition[1:], condition[2:], condition[3:], strict=False):
        joined = before.word in {"WHERE", "AND"} and not before.depth
        if joined and name.kind == "name" and sign.content == "=" and value.value is not None:
            pairs[name.content] = value.value
    return pairs
