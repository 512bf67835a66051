"""What DynamoDB refuses of a write by its request alone, where an engine carries it out: no item, and no record.

What both engines refuse is left to them. Calls have the shape that the API gives them: its model was asked before.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from landfast.eventplane.table_items import name_of
from landfast.eventplane.table_values import of_values

_MOST_REQUESTS: Final = 25
_NAME: Final = re.compile(r"[a-zA-Z0-9_.-]+")
_SHORTEST_NAME: Final = 3
_LONGEST_NAME: Final = 255
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
        operation: One that writes, or is about tables; of PartiQL only the parameters are looked at.
        params: The call's members, as JSON has them.
    """
    of = _PROBLEMS.get(operation)
    return None if of is None else next(of(params), None)


def _of_a_transaction(params: Mapping[str, Any]) -> Iterator[str]:
    for action in params["TransactItems"]:
        if len(action.keys() & _ACTIONS) != 1:
            yield "TransactItems can only contain one of Check, Put, Update or Delete"
        for kind in action.keys() & _ACTIONS:
            yield from _of_one(action[kind])


def _of_statements(statements: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for statement in statements:
        yield from of_values(statement.get("Parameters", ()))


def _of_a_batch(params: Mapping[str, Any]) -> Iterator[str]:
    tables = params["RequestItems"]
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
            yield from of_values(values.values())


def _of_a_table(params: Mapping[str, Any]) -> Iterator[str]:
    name = params["TableName"]
    if not name.startswith("arn:"):
        if len(name) < _SHORTEST_NAME:
            yield _constraint(name, f"have length greater than or equal to {_SHORTEST_NAME}")
        if len(name) > _LONGEST_NAME:
            yield _constraint(name, f"have length less than or equal to {_LONGEST_NAME}")
        if not _NAME.fullmatch(name):
            yield _constraint(name, f"satisfy regular expression pattern: {_NAME.pattern}")
    keys = params.get("KeySchema") or [{}]
    if len({key.get("AttributeName") for key in keys}) < len(keys):
        yield "Both the Hash Key and the Range Key element in the KeySchema have the same name"
    if keys[0].get("KeyType") != "HASH":
        yield "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"
    if any(key.get("KeyType") != "RANGE" for key in keys[1:]):
        yield "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type"


def _constraint(name: str, demand: str) -> str:
    return (
        f"1 validation error detected: Value '{name}' at 'tableName' failed to satisfy constraint: Member must {demand}"
    )


def _of_one(params: Mapping[str, Any]) -> Iterator[str]:
    yield from _of_expressions(params)
    for member in ("Item", "Key", "ExpressionAttributeValues"):
        yield from of_values(params.get(member, {}).values())
    for update in params.get("AttributeUpdates", {}).values():
        if "Value" not in update and update.get("Action") != "DELETE":
            yield (
                "One or more parameter values were invalid: "
                "Only DELETE action is allowed when no attribute value is specified"
            )
    for member in ("AttributeUpdates", "Expected"):
        for part in params.get(member, {}).values():
            yield from of_values([part["Value"]] if "Value" in part else part.get("AttributeValueList", ()))


def _of_expressions(params: Mapping[str, Any]) -> Iterator[str]:
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


_PROBLEMS: Final[Mapping[str, Callable[[Mapping[str, Any]], Iterator[str]]]] = {
    **dict.fromkeys(("PutItem", "UpdateItem", "DeleteItem"), _of_one),
    "BatchWriteItem": _of_a_batch,
    "TransactWriteItems": _of_a_transaction,
    "ExecuteStatement": lambda params: _of_statements([params]),
    "BatchExecuteStatement": lambda params: _of_statements(params["Statements"]),
    "ExecuteTransaction": lambda params: _of_statements(params["TransactStatements"]),
    "CreateTable": _of_a_table,
}
