"""DynamoDB as the functions use it: one low-level client, tables with their keys, plain Python values.

Numbers are ``int`` or ``Decimal``; DynamoDB has no ``float``, and one in an item is a ``TypeError``.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.config import Config

from backoffice import clients

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

type Item = dict[str, Any]
type ItemIdentity = tuple[str, ...]

_CONNECTIONS = 32


class Table(msgspec.Struct, frozen=True):
    """A table and the names of its key attributes."""

    name: str
    partition_key: str
    sort_key: str | None = None

    def key_of(self, item: Mapping[str, Any]) -> Item:
        """The key attributes of `item`; a ``KeyError`` names the one it lacks."""
        names = [self.partition_key] if self.sort_key is None else [self.partition_key, self.sort_key]
        for name in names:
            if name not in item:
                raise KeyError(f"an item of table {self.name} lacks its key attribute {name}")
        return {name: item[name] for name in names}

    def identity_of(self, item: Mapping[str, Any]) -> ItemIdentity:
        """The same for two items exactly when they are one item of one table."""
        return (self.name, *map(repr, self.key_of(item).values()))


@cache
def client() -> DynamoDBClient:
    """The process's DynamoDB client.

    It can have a connection for every thread of a batch. Two settings save a quarter of a call's CPU: this package
    builds the requests, so botocore need not check them once more, and a given user agent is not composed anew for
    each call.
    """
    return clients.client(
        "dynamodb", connections=_CONNECTIONS, config=Config(parameter_validation=False, user_agent="backoffice")
    )


class _Deserializer(TypeDeserializer):
    def _deserialize_n(self, value: str) -> int | Decimal:
        try:
            return int(value)
        except ValueError:
            return Decimal(value)


_serializer = TypeSerializer()
_deserializer = _Deserializer()


def serialize(item: Mapping[str, Any]) -> dict[str, AttributeValueTypeDef]:
    """Plain values to DynamoDB's; raises ``TypeError`` for a type it does not have, naming the attribute."""
    serialized: dict[str, AttributeValueTypeDef] = {}
    for name, value in item.items():
        if type(value) is str:
            serialized[name] = {"S": value}
        elif type(value) is int:
            serialized[name] = {"N": str(value)}
        else:
            try:
                serialized[name] = _serializer.serialize(value)
            except TypeError as error:
                raise TypeError(
                    f"attribute {name}: DynamoDB has no {type(value).__name__}; use int or Decimal for numbers"
                ) from error
    return serialized


def deserialize(item: Mapping[str, AttributeValueTypeDef]) -> Item:
    """DynamoDB's values to plain ones; whole numbers become ``int``."""
    return {name: _deserializer.deserialize(value) for name, value in item.items()}
