"""Which items a call of DynamoDB may write, read from the call itself."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from landfast.protocols import partiql
from landfast.sources.table_changes import Item, as_kept

Keys: TypeAlias = Mapping[str, Sequence[str]]
"""The names of the key attributes of each table that is of interest."""

Touched: TypeAlias = dict[str, list[Item] | None]
"""For each table the keys of the items that a call may write, in the call's order; None for any item of the table."""

_STATEMENTS: Final = {"BatchExecuteStatement": "Statements", "ExecuteTransaction": "TransactStatements"}
WRITES: Final = frozenset(
    {
        "BatchWriteItem",
        "DeleteItem",
        "ExecuteStatement",
        "PutItem",
        "TransactWriteItems",
        "UpdateItem",
        *_STATEMENTS,
    }
)
"""The operations that write items."""


def touched(operation: str, params: Mapping[str, Any], tables: Keys) -> Touched:
    """The items of `tables` that a call may write, each once; what AWS would refuse anyhow may be left out.

    Args:
        operation: One of `WRITES`.
        params: The call's members, as JSON has them.
        tables: The tables of interest.
    """
    found: Touched = {}
    seen: set[tuple[str, str]] = set()
    for table, key in _written(operation, params, tables):
        if key is None:
            found[table] = None
            continue
        keys = found.setdefault(table, [])
        if keys is not None and (table, told := name_of(key)) not in seen:
            seen.add((table, told))
            keys.append(key)
    return found


def key_of(item: Item, names: Sequence[str]) -> Item | None:
    """The keys of an item; None if one is missing."""
    return {name: item[name] for name in names} if all(name in item for name in names) else None


def name_of(key: Item) -> str:
    """Keys as a text, always the same for the same keys, however their numbers are written."""
    return json.dumps(as_kept(key), sort_keys=True)


def table_name(given: str) -> str:
    """A table's name, where a name or an ARN may be given."""
    return given.rpartition("table/")[2].partition("/")[0]


def _written(operation: str, params: Mapping[str, Any], tables: Keys) -> Iterator[tuple[str, Item | None]]:
    match operation:
        case "PutItem" | "UpdateItem" | "DeleteItem":
            parts: Iterator[Mapping[str, Any]] = iter([params])
        case "BatchWriteItem":
            parts = _requests(params["RequestItems"])
        case "TransactWriteItems":
            parts = _actions(params["TransactItems"])
        case _:
            for statement in params[_STATEMENTS[operation]] if operation in _STATEMENTS else [params]:
                yield from _statement(statement, tables)
            return
    for part in parts:
        yield from _one(part, tables)


def _requests(given: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for table, requests in given.items():
        for request in requests:
            for part in request.values():
                yield {**part, "TableName": table}


def _actions(given: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for action in given:
        yield from (part for kind, part in action.items() if kind != "ConditionCheck")


def _one(part: Mapping[str, Any], tables: Keys) -> Iterator[tuple[str, Item | None]]:
    table = table_name(part["TableName"])
    if table in tables:
        given = part["Item"] if "Item" in part else part["Key"]
        yield table, key_of(given, tables[table])


def _statement(part: Mapping[str, Any], tables: Keys) -> Iterator[tuple[str, Item | None]]:
    statement = part["Statement"]
    table = table_name(partiql.table_of(statement) or "")
    if table in tables:
        written = partiql.written(statement, part.get("Parameters") or (), tables[table])
        if written is not None:
            yield table, written.keys
