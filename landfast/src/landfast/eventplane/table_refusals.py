"""What DynamoDB refuses of a write by its request alone, where an engine carries it out: no item, and no record.

What both engines refuse is left to them, and so is whatever has another shape than the API gives it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from landfast.eventplane.table_items import name_of

_MOST_REQUESTS: Final = 25
_DIGITS: Final = 38
_LARGEST: Final = 125
_SMALLEST: Final = -130
"""Powers of ten (DynamoDB guide, "Data types": numbers up to 9.9E+125, and as small as 1E-130)."""

_DEEPEST: Final = 32
_SETS: Final = {"SS": "string", "NS": "number", "BS": "binary"}
_REQUESTS: Final = frozenset({"DeleteRequest", "PutRequest"})
_ACTIONS: Final = frozenset({"ConditionCheck", "Delete", "Put", "Update"})
_EXPRESSIONS: Final = ("ConditionExpression", "UpdateExpression")
_PLACEHOLDERS: Final = (
    ("ExpressionAttributeNames", re.compile(r"#\w+"), "name"),
    ("ExpressionAttributeValues", re.compile(r":\w+"), "value"),
)
_LEGACY: Final = ("AttributeUpdates", "ConditionalOperator", "Expected")


def problem(operation: str, params: Mapping[str, Any]) -> str | None:
    """Why DynamoDB would refuse a call; None if it would not, or an engine says so as well.

    Sources: DynamoDB API Reference, BatchWriteItem, TransactWriteItems and AttributeValue; Developer Guide, "Data
    types" and "Constraints". Messages are AWS's where they are known.

    Args:
        operation: One that writes; statements of PartiQL are left alone.
        params: The call's members, as JSON has them.

    Raises:
        TypeError: The call has another shape; and so AttributeError, LookupError and ValueError.
    """
    return next(_problems(operation, params), None)


def _problems(operation: str, params: Mapping[str, Any]) -> Iterator[str]:
    match operation:
        case "PutItem" | "UpdateItem" | "DeleteItem":
            yield from _of_one(params)
        case "BatchWriteItem":
            yield from _of_a_batch(params["RequestItems"])
        case "TransactWriteItems":
            for action in params["TransactItems"]:
                if len(action.keys() & _ACTIONS) != 1:
                    yield "TransactItems can only contain one of Check, Put, Update or Delete"
                for kind in action.keys() & _ACTIONS:
                    yield from _of_one(action[kind])


def _of_a_batch(tables: Mapping[str, Any]) -> Iterator[str]:
    if sum(map(len, tables.values())) > _MOST_REQUESTS:
        yield "Too many items requested for the BatchWriteItem call"
    for requests in tables.values():
        if any(len(request.keys() & _REQUESTS) != 1 for request in requests):
            yield "Supplied requests must have exactly one of PutRequest and DeleteRequest"
        items = [request["PutRequest"]["Item"] for request in requests if "PutRequest" in request]
        keys = [request["DeleteRequest"]["Key"] for request in requests if "DeleteRequest" in request]
        deleted = {name_of(key) for key in keys}
        if any(
            name_of({name: item[name] for name in key if name in item}) in deleted for key in keys for item in items
        ):
            yield "Provided list of item keys contains duplicates"
        for values in (*items, *keys):
            for value in values.values():
                yield from _of_a_value(value)


def _of_one(params: Mapping[str, Any]) -> Iterator[str]:
    expressions = {name: params[name] for name in _EXPRESSIONS if name in params}
    if expressions and (others := [name for name in _LEGACY if name in params]):
        yield (
            "Can not use both expression and non-expression parameters in the same request: "
            f"Non-expression parameters: {{{', '.join(others)}}} Expression parameters: {{{', '.join(expressions)}}}"
        )
    for name, expression in expressions.items():
        if not expression:
            yield f"Invalid {name}: The expression can not be empty;"
    for member, pattern, what in _PLACEHOLDERS:
        used = {each: name for name, text in expressions.items() for each in pattern.findall(text)}
        given = params.get(member)
        if given is not None and not expressions:
            yield f"{member} can only be specified when using expressions"
        yield from _of_placeholders(member, what, used, given or {})
    for member in ("Item", "Key", "ExpressionAttributeValues"):
        for value in params.get(member, {}).values():
            yield from _of_a_value(value)


def _of_placeholders(member: str, what: str, used: Mapping[str, str], given: Mapping[str, Any]) -> Iterator[str]:
    """Problems with what stands for names or values; `used` has the expression of each that stands in one."""
    for each, expression in used.items():
        if each not in given:
            yield (
                f"Invalid {expression}: An expression attribute {what} used in expression is not defined; "
                f"attribute {what}: {each}"
            )
    if unused := sorted(given.keys() - used.keys()):
        yield f"Value provided in {member} unused in expressions: keys: {{{', '.join(unused)}}}"


def _of_a_value(value: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    if len(value) != 1:
        how = "has more than one datatypes set" if value else "is empty"
        yield f"Supplied AttributeValue {how}, must contain exactly one of the supported datatypes"
    elif depth > _DEEPEST:
        yield "Nesting Levels have exceeded supported limits"
    else:
        for kind, content in value.items():
            match kind:
                case "L" | "M":
                    for each in content.values() if kind == "M" else content:
                        yield from _of_a_value(each, depth + 1)
                case "SS" | "NS" | "BS":
                    yield from _of_a_set(kind, content)
                case "N":
                    yield from _of_a_number(content)


def _of_a_set(kind: str, content: Sequence[str]) -> Iterator[str]:
    if not content:
        yield f"One or more parameter values were invalid: An {_SETS[kind]} set  may not be empty"
    if len({name_of({"": {kind[0]: each}}) for each in content}) < len(content):
        told = ", ".join(content)
        yield f"One or more parameter values were invalid: Input collection [{told}] contains duplicates."
    if kind == "NS":
        for each in content:
            yield from _of_a_number(each)


def _of_a_number(text: str) -> Iterator[str]:
    if len(text) <= _DIGITS and "E" not in text.upper():
        return  # as nearly all are: it is neither long nor large nor small
    try:
        number = Decimal(text)
    except ArithmeticError:
        return  # no number: the engine says so
    if not number.is_finite() or not number:
        return
    if len("".join(map(str, number.as_tuple().digits)).strip("0")) > _DIGITS:
        yield "Attempting to store more than 38 significant digits in a Number"
    if number.adjusted() > _LARGEST:
        yield "Number overflow. Attempting to store a number with magnitude larger than supported range"
    if number.adjusted() < _SMALLEST:
        yield "Number underflow. Attempting to store a number with magnitude smaller than supported range"
