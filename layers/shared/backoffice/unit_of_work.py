"""A unit of work: the DynamoDB writes of one record, gathered while it is handled and committed together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from backoffice.dynamodb import Item, ItemIdentity, Table, deserialize, serialize
from backoffice.errors import ShopError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

MAX_ACTIONS = 100
"""Actions in one transaction (DynamoDB's limit, TransactWriteItems in its API reference)."""


class UnitOfWorkError(ShopError):
    """The unit asks for what one DynamoDB transaction cannot do."""


class ConditionFailedError(ShopError):
    """A named condition of the unit did not hold, so nothing of the unit was written.

    Attributes:
        name: The condition's name.
        item: The item that it was checked against, if there was one.
    """

    def __init__(self, name: str, item: Item | None = None) -> None:
        super().__init__(f"condition {name} does not hold")
        self.name = name
        self.item = item


class Condition(msgspec.Struct, frozen=True):
    """A condition expression with a name by which its failure is known, such as ``enough_money``."""

    name: str
    expression: str


class Action(msgspec.Struct, frozen=True):
    """One action of a transaction, the item it is about, and the name of its condition."""

    request: TransactWriteItemTypeDef
    identity: ItemIdentity
    condition: str | None = None


class _Expressions(msgspec.Struct, frozen=True):
    condition: Condition | None
    names: Mapping[str, str] | None
    values: Item | None

    def members(self) -> dict[str, Any]:
        members: dict[str, Any] = {}
        if self.condition is not None:
            members["ConditionExpression"] = self.condition.expression
            members["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        if self.names:
            members["ExpressionAttributeNames"] = dict(self.names)
        if self.values:
            members["ExpressionAttributeValues"] = serialize(self.values)
        return members


class UnitOfWork:
    """The writes of one record. Nothing is sent before the record's handler has returned.

    `names` and `values` of a method are DynamoDB's expression attribute names and values (``{":amount": 5}``) of its
    expressions, values in plain Python. A condition that does not hold surfaces as ``ConditionFailedError``.
    """

    def __init__(self, client: DynamoDBClient) -> None:
        self._client = client
        self._actions: dict[ItemIdentity, Action] = {}

    @property
    def actions(self) -> list[Action]:
        """The actions so far, in the order they were asked for."""
        return list(self._actions.values())

    def get(self, table: Table, key: Item) -> Item | None:
        """Read an item now, consistently; without this unit's own writes, which are not made yet."""
        response = self._client.get_item(TableName=table.name, Key=serialize(key), ConsistentRead=True)
        return deserialize(response["Item"]) if "Item" in response else None

    def put(
        self,
        table: Table,
        item: Item,
        *,
        condition: Condition | None = None,
        names: Mapping[str, str] | None = None,
        values: Item | None = None,
    ) -> None:
        """Write the whole item, in place of the one with its key if there is one and `condition` allows it."""
        self._add("Put", table, item, {"Item": serialize(item)}, _Expressions(condition, names, values))

    def update(
        self,
        table: Table,
        key: Item,
        expression: str,
        *,
        condition: Condition | None = None,
        names: Mapping[str, str] | None = None,
        values: Item | None = None,
    ) -> None:
        """Change attributes of an item by an update expression, such as ``ADD balance :amount``."""
        request = {"Key": serialize(key), "UpdateExpression": expression}
        self._add("Update", table, key, request, _Expressions(condition, names, values))

    def delete(
        self,
        table: Table,
        key: Item,
        *,
        condition: Condition | None = None,
        names: Mapping[str, str] | None = None,
        values: Item | None = None,
    ) -> None:
        """Remove an item, if there is one and `condition` allows it."""
        self._add("Delete", table, key, {"Key": serialize(key)}, _Expressions(condition, names, values))

    def condition_check(
        self,
        table: Table,
        key: Item,
        condition: Condition,
        *,
        names: Mapping[str, str] | None = None,
        values: Item | None = None,
    ) -> None:
        """Commit only if `condition` holds for an item that this unit does not write."""
        self._add("ConditionCheck", table, key, {"Key": serialize(key)}, _Expressions(condition, names, values))

    def _add(self, kind: str, table: Table, item: Item, request: dict[str, Any], asked: _Expressions) -> None:
        identity = table.identity_of(item)
        if identity in self._actions:
            raise UnitOfWorkError(
                f"two actions on one item of {table.name}: DynamoDB refuses them in one transaction; join them"
            )
        if len(self._actions) + 1 == MAX_ACTIONS:
            raise UnitOfWorkError(
                f"more than {MAX_ACTIONS - 1} actions for one record: DynamoDB takes {MAX_ACTIONS} in a transaction, "
                "the completed marker among them; split the record"
            )
        # A union of four shapes, of which `kind` selects one.
        action: Any = {kind: request | asked.members() | {"TableName": table.name}}
        self._actions[identity] = Action(action, identity, asked.condition.name if asked.condition else None)
