"""Transactions of moto that cost what they write, not what the tables hold.

Before each transaction moto copies every table that it names, once for each of its items, and puts the copies back
if the transaction is cancelled: with some thousand items in a table, a transaction takes seconds. Of a table that is
named by its ARN it makes no copy, and puts nothing back. Only the items that the transaction names are remembered here.
"""

import copy
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table


@contextmanager
def all_or_nothing(backend: DynamoDBBackend, actions: Iterable[Mapping[str, Any]]) -> Iterator[None]:
    """Put the items of a transaction back as they were if it fails.

    Nothing else may write to the tables meanwhile: the server lets requests of DynamoDB in one at a time.

    Args:
        backend: What holds the tables.
        actions: What the transaction does: one ``Put``, ``Update``, ``Delete`` or ``ConditionCheck`` each, as the
            request has them (DynamoDB API Reference, TransactWriteItem).
    """
    kept = [each for action in actions for each in _kept(backend, action)]
    for each in kept:
        each.table.__deepcopy__ = lambda _, table=each.table: table  # type: ignore[attr-defined] # what moto would copy
    try:
        yield
    except BaseException:
        for each in kept:
            each.put_back()
        raise
    finally:
        for table in {id(each.table): each.table for each in kept}.values():
            del table.__deepcopy__  # type: ignore[attr-defined] # moto's backups are copies indeed


class _Kept:
    """An item as it was, or that there was none.

    Args:
        table: Where it is.
        partition: Its partition key.
        sort: Its sort key, in a table that has one.
    """

    def __init__(self, table: Table, partition: DynamoType, sort: DynamoType | None) -> None:
        self.table = table
        self._partition, self._sort = partition, sort
        self._item: Item | None = copy.deepcopy(table.get_item(partition, sort))

    def put_back(self) -> None:
        items: Any = self.table.items  # by partition key; in a table with a sort key each a dictionary by that
        key = self._partition
        if self._sort is not None:
            items, key = items[self._partition], self._sort
        if self._item is None:
            items.pop(key, None)
        else:
            items[key] = self._item


def _kept(backend: DynamoDBBackend, action: Mapping[str, Any]) -> Iterator[_Kept]:
    """The item that an action names; none if it names none in the right form, so that moto writes none either."""
    for details in action.values():
        with suppress(JsonRESTError, ArithmeticError, KeyError, TypeError, ValueError):
            table = backend.get_table(details["TableName"])
            yield _Kept(table, *backend.get_keys_value(table, details["Key"] if "Key" in details else details["Item"]))
