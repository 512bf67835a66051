"""What moto's tables hold after transactions that are carried out, and after those that are cancelled."""

import copy
from collections.abc import Iterable, Mapping
from typing import Any, Never

import pytest
from moto.dynamodb.exceptions import TransactionCanceledException
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType

from landfast.dataplane.moto_transactions import all_or_nothing

HASH = ({"AttributeName": "id", "KeyType": "HASH"},)
RANGE = (*HASH, {"AttributeName": "n", "KeyType": "RANGE"})
TYPES = [{"AttributeName": "id", "AttributeType": "S"}, {"AttributeName": "n", "AttributeType": "N"}]

type Action = dict[str, dict[str, Any]]


class Uncopied:
    """An item that nobody may copy."""

    def __deepcopy__(self, memo: object) -> Never:
        raise AssertionError("a transaction copied what it does not name")


@pytest.fixture
def backend() -> DynamoDBBackend:
    made = DynamoDBBackend("us-east-1", "123456789012")
    for name, schema in (("one", HASH), ("two", RANGE)):
        made.create_table(
            name, schema=list(schema), attr=TYPES[: len(schema)], throughput={}, global_indexes=[], indexes=[],
            streams=None, billing_mode="PAY_PER_REQUEST", sse_specification=None, tags=[],
            deletion_protection_enabled=False, warm_throughput=None,
        )  # fmt: skip
    made.put_item("one", {"id": {"S": "old"}, "list": {"L": [{"S": "a"}]}})
    made.put_item("two", {"id": {"S": "old"}, "n": {"N": "1"}})
    return made


def _held(backend: DynamoDBBackend) -> list[Mapping[str, Any]]:
    return [item.to_json()["Attributes"] for name in ("one", "two") for item in backend.tables[name].all_items()]


def _transact(backend: DynamoDBBackend, actions: Iterable[Action]) -> None:
    with all_or_nothing(backend, actions):
        backend.transact_write_items(list(actions))


def _put(table: str, **item: Any) -> Action:
    return {"Put": {"TableName": table, "Item": item}}


def _update(table: str, expression: str, **key: Any) -> Action:
    names, values = {"#l": "list"}, {":new": {"L": [{"S": "b"}]}}
    used = {"ExpressionAttributeNames": names, "ExpressionAttributeValues": values}
    return {"Update": {"TableName": table, "Key": key, "UpdateExpression": expression, **used}}


APPEND = "SET #l = list_append(#l, :new)"
MAKE = "SET #l = :new"
ABSENT = {"TableName": "two", "Key": {"id": {"S": "absent"}, "n": {"N": "1"}}}
CHECK: Action = {"ConditionCheck": {**ABSENT, "ConditionExpression": "attribute_exists(id)"}}
OLD, NEW = {"S": "old"}, {"S": "new"}
WRITES = [
    _put("one", id=OLD),
    _put("one", id=NEW),
    _update("one", APPEND, id=OLD),
    _update("one", MAKE, id=NEW),
    {"Delete": {"TableName": "one", "Key": {"id": OLD}}},
    _put("two", id=OLD, n={"N": "1"}, more={"S": "x"}),
    _put("two", id=OLD, n={"N": "2"}),
    _put("two", id=NEW, n={"N": "1"}),
    _update("two", MAKE, id=OLD, n={"N": "1"}),
    {"Delete": {"TableName": "two", "Key": {"id": OLD, "n": {"N": "1"}}}},
    _put("arn:aws:dynamodb:us-east-1:123456789012:table/one", id=NEW),
]


@pytest.mark.parametrize("write", WRITES, ids=lambda write: f"{next(iter(write))}")
def test_a_cancelled_transaction_leaves_every_item_as_it_was(backend: DynamoDBBackend, write: Action) -> None:
    before = copy.deepcopy(_held(backend))
    with pytest.raises(TransactionCanceledException, match="ConditionalCheckFailed"):
        _transact(backend, [write, CHECK])
    assert _held(backend) == before
    _transact(backend, [write])
    assert _held(backend) != before


def test_a_transaction_copies_nothing_that_it_does_not_name(backend: DynamoDBBackend) -> None:
    items: dict[DynamoType, Any] = backend.tables["one"].items
    items[DynamoType({"S": "another"})] = Uncopied()
    _transact(backend, [_put("one", id=NEW), _update("one", APPEND, id=OLD)])
    with pytest.raises(TransactionCanceledException):
        _transact(backend, [_put("one", id={"S": "newer"}), CHECK])
    assert {key.value for key in items} == {"old", "new", "another"}
    assert items[DynamoType(OLD)].to_json()["Attributes"]["list"] == {"L": [{"S": "a"}, {"S": "b"}]}


def test_a_table_is_copied_again_after_a_transaction_as_backups_need_it(backend: DynamoDBBackend) -> None:
    _transact(backend, [_put("one", id=NEW)])
    copied = copy.deepcopy(backend.tables["one"])
    _transact(backend, [_put("one", id={"S": "newer"})])
    assert [len(list(table.all_items())) for table in (copied, backend.tables["one"])] == [2, 3]


@pytest.mark.parametrize(
    "action",
    [
        _put("absent", id=NEW),
        _put("one", name=NEW),
        {"Put": {"TableName": "one"}},
        _put("two", id=NEW),
        _put("two", id=NEW, n={"N": "x"}),
    ],
)
def test_what_names_no_item_is_left_to_moto_to_refuse(backend: DynamoDBBackend, action: Action) -> None:
    before = copy.deepcopy(_held(backend))
    with pytest.raises(TransactionCanceledException):
        _transact(backend, [_put("one", id={"S": "newer"}), action])
    assert _held(backend) == before
