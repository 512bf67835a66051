"""A PartiQL statement that writes an item, as the call of DynamoDB's other API that does the same.

DynamoDB's ``INSERT``, ``UPDATE`` and ``DELETE`` are about one item each, which their tuple or condition names by its
whole key (Developer Guide, "PartiQL reference"): a ``PutItem``, ``UpdateItem`` or ``DeleteItem`` with a condition.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from landfast.protocols.partiql import Token, Value, place_of, tokens_of, written

Kind: TypeAlias = Literal["Put", "Update", "Delete"]

_JOINING: Final = frozenset({"AND", "OR", "NOT", "BETWEEN", "IN"})
_FUNCTIONS: Final = frozenset(
    {
        "attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains", "if_not_exists",
        "list_append", "size",
    }
)  # fmt: skip
_OF_SETS: Final[Mapping[str, str]] = {"SET_ADD": "ADD", "SET_DELETE": "DELETE"}
_CLAUSES: Final = frozenset({"SET", "REMOVE", "WHERE", "RETURNING"})
_RETURNING: Final[Mapping[tuple[str, ...], str]] = {
    ("ALL", "OLD"): "ALL_OLD",
    ("ALL", "NEW"): "ALL_NEW",
    ("MODIFIED", "OLD"): "UPDATED_OLD",
    ("MODIFIED", "NEW"): "UPDATED_NEW",
}
_SETS: Final[Mapping[str, str]] = {"S": "SS", "N": "NS", "B": "BS"}


_WITHOUT_KEYS: Final = "Where clause does not contain a mandatory equality on all key attributes"
_PARAMETERS: Final = "Number of parameters in request and statement don't match."


class UnreadableError(Exception):
    """A statement that is to write and does not name one item, or cannot be read; the text is for people."""

    def __init__(self, message: str = "Statement wasn't well formed, can't be processed") -> None:
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Write:
    """The call that does what a statement says.

    Attributes:
        kind: What it does to the item, as ``TransactWriteItems`` names it.
        call: The members of the call's request.
        returns: Its ``ReturnValues``.
    """

    kind: Kind
    call: Mapping[str, Any]
    returns: str = "NONE"


def write_of(
    statement: str, parameters: Sequence[Value], keys: Callable[[str], Collection[str] | None]
) -> Write | None:
    """The call that does what a statement says; None if it writes nothing, or its table is not there.

    Args:
        statement: The text of the statement.
        parameters: For its question marks.
        keys: The names of a table's key attributes; None for a table that is not there.

    Raises:
        UnreadableError: It is to write, and does not name one item, or cannot be read.
    """
    tokens = [*tokens_of(statement, parameters)]
    place = place_of(tokens)
    names = keys(place[0]) if place else None
    if place is None or names is None:
        return None
    table, rest = place
    if sum(token.kind == "parameter" for token in tokens) != len(parameters):
        raise UnreadableError(_PARAMETERS)
    about = written(statement, parameters, names)
    is_insert = tokens[0].word == "INSERT"
    if about is None or about.keys is None:
        missing = f"One or more parameter values were invalid: Missing the key {', '.join(names)} in the item"
        raise UnreadableError(missing if is_insert else _WITHOUT_KEYS)
    pieces = _Pieces(rest)
    if is_insert:
        return _put(table, pieces, names)
    return _change(table, pieces, about.keys, "Update" if tokens[0].word == "UPDATE" else "Delete")


def _put(table: str, pieces: "_Pieces", names: Collection[str]) -> Write:
    pieces.expect("VALUE")
    item = pieces.value().get("M")
    if item is None or pieces.token is not None:
        raise UnreadableError
    condition = {"ConditionExpression": "attribute_not_exists(#k)", "ExpressionAttributeNames": {"#k": min(names)}}
    return Write("Put", {"TableName": table, "Item": item, **condition})


def _change(table: str, pieces: "_Pieces", key: Mapping[str, Value], kind: Kind) -> Write:
    clauses: dict[str, list[str]] = {"SET": [], "REMOVE": [], "ADD": [], "DELETE": []}
    clause = ""
    while pieces.token is not None and pieces.token.word != "WHERE":
        clause = pieces.clause() or clause
        for where, text in pieces.changes(clause):
            clauses[where].append(text)
    pieces.expect("WHERE")
    name = pieces.name(min(key))
    condition = "".join(pieces.condition())
    returns = pieces.returning()
    changes = " ".join(f"{name} {', '.join(each)}" for name, each in clauses.items() if each)
    call: dict[str, Any] = {"TableName": table, "Key": dict(key)}
    if kind == "Update":
        if not changes:
            raise UnreadableError
        call["UpdateExpression"] = changes
        call["ConditionExpression"] = f"attribute_exists({name}) AND ({condition})"
    else:  # to delete what is not there succeeds (Developer Guide, "PartiQL delete statements")
        call["ConditionExpression"] = f"attribute_not_exists({name}) OR ({condition})"
    call["ExpressionAttributeNames"] = {short: name for name, short in pieces.names.items()}
    call["ExpressionAttributeValues"] = pieces.values
    return Write(kind, call, returns)


@dataclass(slots=True)
class _Pieces:
    """Reads a statement's pieces one after the other, and writes expressions of them.

    Attributes:
        tokens: The pieces.
        at: The number of the next one.
        names: What stands for each attribute's name.
        values: The value of each placeholder.
    """

    tokens: Sequence[Token]
    at: int = 0
    names: dict[str, str] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)

    @property
    def token(self) -> Token | None:
        """The next piece; None at the end."""
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self) -> Token:
        """The next piece, which is read now."""
        token = self.token
        if token is None:
            raise UnreadableError
        self.at += 1
        return token

    def expect(self, text: str) -> None:
        """Read a word or a sign."""
        token = self.take()
        if text not in {token.word, token.content}:
            raise UnreadableError

    def has(self, text: str) -> bool:
        """Read a word or a sign if it is next; tell whether it was."""
        is_next = self.token is not None and text in {self.token.word, self.token.content}
        self.at += is_next
        return is_next

    def name(self, name: str) -> str:
        """What stands for an attribute's name."""
        return self.names.setdefault(name, f"#n{len(self.names)}")

    def clause(self) -> str:
        """The clause that begins here; empty if it goes on."""
        token = self.token
        if token is None or token.word not in {"SET", "REMOVE"}:
            self.expect(",")
            return ""
        return self.take().word

    def changes(self, clause: str) -> Iterator[tuple[str, str]]:
        """One change, with the clause of an update expression that it belongs to."""
        path = self.path()
        if clause == "REMOVE":
            yield "REMOVE", path
            return
        self.expect("=")
        token = self.token
        if token is not None and token.word in _OF_SETS:
            self.take()
            self.expect("(")
            if self.path() != path:
                raise UnreadableError
            self.expect(",")
            yield _OF_SETS[token.word], f"{path} {self.placeholder()}"
            self.expect(")")
            return
        yield "SET", f"{path} = {''.join(self.data())}"

    def data(self) -> Iterator[str]:
        """What an attribute is set to: operands, with plus or minus between them."""
        yield self.operand()
        while self.token is not None and (self.token.content in {"+", "-"} or self.token.kind == "number"):
            # "n+1" has a sign of its own, "n-1" a negative number
            yield f" {self.take().content} " if self.token.kind == "sign" else " + "
            yield self.operand()

    def operand(self) -> str:
        """A value, a path, or a function of both."""
        token = self.token
        if token is None:
            raise UnreadableError
        if token.kind == "name" and token.word.lower() in _FUNCTIONS and self.follows("("):
            self.at += 2
            operands = [self.operand()]
            while self.has(","):
                operands.append(self.operand())
            self.expect(")")
            return f"{token.word.lower()}({', '.join(operands)})"
        if token.kind == "name" and token.word not in {"TRUE", "FALSE", "NULL"}:
            return self.path()
        return self.placeholder()

    def condition(self) -> Iterator[str]:
        """The condition, up to ``RETURNING``."""
        while self.token is not None and self.token.word != "RETURNING":
            token = self.token
            if token.word == "IN":
                self.take()
                end = "]" if self.has("[") else ")"
                if end == ")":
                    self.expect("(")
                several = [self.placeholder()]
                while self.has(","):
                    several.append(self.placeholder())
                self.expect(end)
                yield f" IN ({', '.join(several)})"
            elif token.word in _JOINING:
                yield f" {self.take().word} "
            elif token.kind == "sign" and token.content not in {"[", "{", "<<"}:
                sign = self.take().content
                yield f" {'<>' if sign == '!=' else sign} " if sign not in {"(", ")"} else sign
            else:
                yield self.tested(self.operand())

    def tested(self, operand: str) -> str:
        """An operand, or whether it is there at all."""
        if not self.has("IS"):
            return operand
        is_not = self.has("NOT")
        self.expect("MISSING")
        return f"attribute_{'' if is_not else 'not_'}exists({operand})"

    def returning(self) -> str:
        """The ``ReturnValues`` that ``RETURNING`` asks for."""
        if not self.has("RETURNING"):
            return "NONE"
        wanted = _RETURNING.get((self.take().word, self.take().word))
        self.expect("*")
        if wanted is None or self.token is not None:
            raise UnreadableError
        return wanted

    def path(self) -> str:
        """The path of an attribute."""
        token = self.take()
        if token.kind != "name" or token.word in _CLAUSES:
            raise UnreadableError
        text = self.name(token.content)
        while self.token is not None and self.token.content in {".", "["}:
            if self.take().content == ".":
                text += f".{self.name(self.take().content)}"
            else:
                text += f"[{self.take().content}]"
                self.expect("]")
        return text

    def follows(self, sign: str) -> bool:
        """Tell whether a sign stands behind the next piece."""
        return self.at + 1 < len(self.tokens) and self.tokens[self.at + 1].content == sign

    def placeholder(self) -> str:
        """What stands for a value."""
        short = f":v{len(self.values)}"
        self.values[short] = self.value()
        return short

    def value(self) -> Value:
        """A value in DynamoDB's JSON."""
        token = self.take()
        if token.value is not None:
            return token.value
        if token.word in {"TRUE", "FALSE"}:
            return {"BOOL": token.word == "TRUE"}
        if token.word == "NULL":
            return {"NULL": True}
        match token.content:
            case "[":
                return {"L": [*self.several("]")]}
            case "<<":
                return _set([*self.several(">>")])
            case "{":
                return {"M": dict(self.members())}
        raise UnreadableError

    def several(self, end: str) -> Iterator[Value]:
        """Values up to a closing sign."""
        while not self.has(end):
            yield self.value()
            if self.token is not None and self.token.content != end:
                self.expect(",")

    def members(self) -> Iterator[tuple[str, Value]]:
        """The members of a tuple, behind its opening brace."""
        while not self.has("}"):
            name = self.take().content
            self.expect(":")
            yield name, self.value()
            if self.token is not None and self.token.content != "}":
                self.expect(",")


def _set(members: Sequence[Value]) -> Value:
    kinds = {kind for member in members for kind in member}
    if len(kinds) != 1 or not kinds <= _SETS.keys():
        raise UnreadableError
    (kind,) = kinds
    return {_SETS[kind]: [member[kind] for member in members]}
