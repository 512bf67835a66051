"""S-141: what each way to write an item leaves in its table's stream."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.contract.aws import Aws, refusal
from tests.contract.tables import Change, between_marks, change, insert, item, mark, modify, remove

pytestmark = [
    pytest.mark.stored,
    pytest.mark.source(
        "S-141; DynamoDB Developer Guide, Streams: a record for each changed item, none for a write that changes "
        "nothing; "
        "recorded: localstack dynamodb/test_dynamodb.snapshot.json, test_transact_write_items_streaming"
    ),
]

OLD = item(id="old", n=1, tags={"a", "b"})
OLD["tags"] = {"SS": ["a", "b"]}
OTHER = item(id="other", n=5)
NEW = item(id="new", n=1)
GREATER = {**OLD, "n": {"N": "2"}}
NOT_THERE = "attribute_not_exists(id)"
SET_TWO = {"UpdateExpression": "SET n = :n", "ExpressionAttributeValues": {":n": {"N": "2"}}}


@dataclass(frozen=True, slots=True)
class Write:
    """A call, and what the stream then has of it.

    Attributes:
        what: It does.
        call: Of the client of DynamoDB, on a table.
        changes: In the stream; items that are changed by one call come in any order.
        code: Of the error, if it is refused.
    """

    what: str
    call: Callable[[Any, str], object]
    changes: tuple[Change, ...] = ()
    code: str = ""


def _transact(*actions: dict[str, Any], **more: Any) -> Callable[[Any, str], object]:
    """A transaction of these actions, each of which is on the table."""

    def call(db: Any, table: str) -> None:
        db.transact_write_items(
            TransactItems=[
                {kind: {"TableName": table, **params} for kind, params in action.items()} for action in actions
            ],
            **more,
        )

    return call


def _by_arn(call: Callable[[Any, str], object]) -> Callable[[Any, str], object]:
    """A call that names the table by its ARN (DynamoDB API Reference, ``TableName``)."""
    return lambda db, table: call(db, db.describe_table(TableName=table)["Table"]["TableArn"])


def _sql(*statements: str, of: str = "execute_transaction") -> Callable[[Any, str], object]:
    """PartiQL statements, each of which has the table for a question mark."""

    def call(db: Any, table: str) -> None:
        named = [{"Statement": statement.replace("?", f'"{table}"')} for statement in statements]
        match of:
            case "execute_statement":
                for one in named:
                    db.execute_statement(**one)
            case "batch_execute_statement":
                answers = db.batch_execute_statement(Statements=named)["Responses"]
                assert [answer["Error"] for answer in answers if "Error" in answer] == []
            case _:
                db.execute_transaction(TransactStatements=named)

    return call


def _both(first: Callable[[Any, str], object], then: Callable[[Any, str], object]) -> Callable[[Any, str], object]:
    def both(db: Any, table: str) -> None:
        first(db, table)
        then(db, table)

    return both


def _twice(call: Callable[[Any, str], object]) -> Callable[[Any, str], object]:
    return _both(call, call)


KEY = {"id": OLD["id"]}
NEW_KEY = {"id": NEW["id"]}
UPDATE_OLD = {"Update": {"Key": KEY, **SET_TWO}}
SQL_INSERT = "INSERT INTO ? VALUE {'id': 'new', 'n': 1}"
SQL_UPDATE = "UPDATE ? SET n = 2 WHERE id = 'old'"
SQL_DELETE = "DELETE FROM ? WHERE id = 'other'"

SINGLE = [
    Write("PutItem makes an item", lambda db, t: db.put_item(TableName=t, Item=NEW), (insert(NEW),)),
    Write("PutItem replaces one", lambda db, t: db.put_item(TableName=t, Item=GREATER), (modify(OLD, GREATER),)),
    Write("PutItem of what is there", lambda db, t: db.put_item(TableName=t, Item=OLD)),
    Write(
        "PutItem with its set in another order",
        lambda db, t: db.put_item(TableName=t, Item={**OLD, "tags": {"SS": ["b", "a"]}}),
    ),
    Write(
        "PutItem with its number written otherwise",
        lambda db, t: db.put_item(TableName=t, Item={**OLD, "n": {"N": "1.0"}}),
    ),
    Write(
        "UpdateItem without an expression puts binary values and truths",
        lambda db, t: db.update_item(
            TableName=t,
            Key=NEW_KEY,
            AttributeUpdates={"b": {"Value": {"B": b"\xff"}}, "t": {"Value": {"BOOL": True}}},
        ),
        (insert({**NEW_KEY, "b": {"B": b"\xff"}, "t": {"BOOL": True}}),),
    ),
    Write(
        "UpdateItem without an expression takes from a set and adds to a number",
        lambda db, t: db.update_item(
            TableName=t,
            Key=KEY,
            AttributeUpdates={
                "tags": {"Action": "DELETE", "Value": {"SS": ["b", "c"]}},
                "n": {"Action": "ADD", "Value": {"N": "0.50"}},
            },
        ),
        (modify(OLD, {**OLD, "n": {"N": "1.5"}, "tags": {"SS": ["a"]}}),),
    ),
    Write(
        "PutItem on a condition that fails",
        lambda db, t: db.put_item(TableName=t, Item=GREATER, ConditionExpression=NOT_THERE),
        code="ConditionalCheckFailedException",
    ),
    Write(
        "UpdateItem makes an item",
        lambda db, t: db.update_item(
            TableName=t,
            Key=NEW_KEY,
            UpdateExpression="SET n = :n",
            ExpressionAttributeValues={":n": {"N": "1"}},
        ),
        (insert(NEW),),
    ),
    Write(
        "UpdateItem makes an item that is a key only",
        lambda db, t: db.update_item(TableName=t, Key=NEW_KEY),
        (insert(NEW_KEY),),
    ),
    Write(
        "UpdateItem changes an item",
        lambda db, t: db.update_item(TableName=t, Key=KEY, **SET_TWO),
        (modify(OLD, GREATER),),
    ),
    Write(
        "UpdateItem sets what is set",
        lambda db, t: db.update_item(
            TableName=t, Key=KEY, UpdateExpression="SET n = :n", ExpressionAttributeValues={":n": {"N": "1"}}
        ),
    ),
    Write(
        "UpdateItem removes what is not there",
        lambda db, t: db.update_item(TableName=t, Key=KEY, UpdateExpression="REMOVE absent"),
    ),
    Write("UpdateItem without an expression", lambda db, t: db.update_item(TableName=t, Key=KEY)),
    Write(
        "UpdateItem adds to a set what it has",
        lambda db, t: db.update_item(
            TableName=t, Key=KEY, UpdateExpression="ADD tags :t", ExpressionAttributeValues={":t": {"SS": ["a"]}}
        ),
    ),
    Write(
        "UpdateItem on a condition that fails",
        lambda db, t: db.update_item(TableName=t, Key=KEY, ConditionExpression=NOT_THERE, **SET_TWO),
        code="ConditionalCheckFailedException",
    ),
    Write(
        "UpdateItem on a condition that fails, of an item that is not there",
        lambda db, t: db.update_item(TableName=t, Key=NEW_KEY, ConditionExpression="attribute_exists(id)", **SET_TWO),
        code="ConditionalCheckFailedException",
    ),
    Write(
        "UpdateItem of a key",
        lambda db, t: db.update_item(
            TableName=t, Key=KEY, UpdateExpression="SET id = :n", ExpressionAttributeValues={":n": {"S": "x"}}
        ),
        code="ValidationException",
    ),
    Write(
        "UpdateItem with AttributeUpdates",
        lambda db, t: db.update_item(
            TableName=t, Key=KEY, AttributeUpdates={"n": {"Action": "ADD", "Value": {"N": "1"}}}
        ),
        (modify(OLD, GREATER),),
    ),
    Write("DeleteItem", lambda db, t: db.delete_item(TableName=t, Key=KEY), (remove(OLD),)),
    Write("DeleteItem of what is not there", lambda db, t: db.delete_item(TableName=t, Key=NEW_KEY)),
    Write(
        "DeleteItem on a condition that fails",
        lambda db, t: db.delete_item(TableName=t, Key=KEY, ConditionExpression=NOT_THERE),
        code="ConditionalCheckFailedException",
    ),
    Write("GetItem, Query and Scan", lambda db, t: (db.get_item(TableName=t, Key=KEY), db.scan(TableName=t))),
]

SEVERAL = [
    Write(
        "TransactWriteItems of binary values",
        _transact({"Put": {"Item": {**NEW, "b": {"B": b"\xff"}, "s": {"BS": [b"a"]}}}}),
        (insert({**NEW, "b": {"B": b"\xff"}, "s": {"BS": [b"a"]}}),),
    ),
    Write(
        "BatchWriteItem",
        lambda db, t: db.batch_write_item(
            RequestItems={
                t: [
                    {"PutRequest": {"Item": NEW}},
                    {"PutRequest": {"Item": OLD}},
                    {"DeleteRequest": {"Key": {"id": OTHER["id"]}}},
                    {"DeleteRequest": {"Key": {"id": {"S": "missing"}}}},
                ]
            }
        ),
        (insert(NEW), remove(OTHER)),
    ),
    Write(
        "TransactWriteItems",
        _transact(
            {"Put": {"Item": NEW}},
            UPDATE_OLD,
            {"Delete": {"Key": {"id": OTHER["id"]}}},
            {"ConditionCheck": {"Key": {"id": {"S": "missing"}}, "ConditionExpression": NOT_THERE}},
        ),
        (insert(NEW), modify(OLD, GREATER), remove(OTHER)),
    ),
    Write(
        "TransactWriteItems makes an item by Update",
        _transact({"Update": {"Key": NEW_KEY, **SET_TWO}}),
        (insert({**NEW, "n": {"N": "2"}}),),
    ),
    Write("TransactWriteItems of what is there", _transact({"Put": {"Item": OLD}}, {"Delete": {"Key": NEW_KEY}})),
    Write(
        "TransactWriteItems, cancelled",
        _transact(UPDATE_OLD, {"Put": {"Item": NEW, "ConditionExpression": "attribute_exists(id)"}}),
        code="TransactionCanceledException",
    ),
    Write("TransactWriteItems by ARN", _by_arn(_transact({"Put": {"Item": NEW}})), (insert(NEW),)),
    Write(
        "TransactWriteItems by ARN, cancelled",
        _by_arn(_transact(UPDATE_OLD, {"Put": {"Item": NEW, "ConditionExpression": "attribute_exists(id)"}})),
        code="TransactionCanceledException",
    ),
    Write(
        "TransactWriteItems, cancelled by a ConditionCheck",
        _transact(
            {"Put": {"Item": NEW}},
            {"Delete": {"Key": KEY}},
            {"ConditionCheck": {"Key": {"id": OTHER["id"]}, "ConditionExpression": NOT_THERE}},
        ),
        code="TransactionCanceledException",
    ),
    Write(
        "TransactWriteItems with two actions on one item",
        _transact({"Put": {"Item": NEW}}, {"Update": {"Key": NEW_KEY, **SET_TWO}}),
        code="ValidationException",
    ),
    Write(
        "TransactWriteItems twice with one token",
        _twice(
            _transact(
                {
                    "Update": {
                        "Key": KEY,
                        "UpdateExpression": "ADD n :n",
                        "ExpressionAttributeValues": {":n": {"N": "1"}},
                    }
                },
                ClientRequestToken="the-same-token",
            )
        ),
        (modify(OLD, GREATER),),
    ),
    Write(
        "TransactWriteItems with the token of another transaction",
        _both(
            _transact({"Put": {"Item": NEW}}, ClientRequestToken="another-token"),
            _transact({"Delete": {"Key": KEY}}, ClientRequestToken="another-token"),
        ),
        (insert(NEW),),
        code="IdempotentParameterMismatchException",
    ),
]

PARTIQL = [
    Write(
        "PartiQL DELETE of items that it does not name by their keys",
        _sql("DELETE FROM ? WHERE n = 5", of="execute_statement"),
        code="ValidationException",
    ),
    Write(
        "PartiQL DELETE if a value is one of others",
        _sql("DELETE FROM ? WHERE id = 'other' AND n IN [1, 2]", of="execute_statement"),
        code="ConditionalCheckFailedException",
    ),
    Write(
        "PartiQL UPDATE without a condition",
        _sql("UPDATE ? SET n = 2", of="execute_statement"),
        code="ValidationException",
    ),
    Write("ExecuteStatement inserts", _sql(SQL_INSERT, of="execute_statement"), (insert(NEW),)),
    Write("ExecuteStatement updates", _sql(SQL_UPDATE, of="execute_statement"), (modify(OLD, GREATER),)),
    Write("ExecuteStatement deletes", _sql(SQL_DELETE, of="execute_statement"), (remove(OTHER),)),
    Write("ExecuteStatement selects", _sql("SELECT * FROM ? WHERE id = 'old'", of="execute_statement")),
    Write(
        "ExecuteStatement inserts what is there",
        _sql("INSERT INTO ? VALUE {'id': 'old'}", of="execute_statement"),
        code="DuplicateItemException",
    ),
    Write(
        "ExecuteStatement updates what is not there",
        _sql("UPDATE ? SET n = 2 WHERE id = 'missing'", of="execute_statement"),
        code="ConditionalCheckFailedException",
    ),
    Write(
        "ExecuteStatement deletes what is not there",
        _sql("DELETE FROM ? WHERE id = 'missing'", of="execute_statement"),
    ),
    Write(
        "ExecuteStatement deletes on a condition that fails",
        _sql("DELETE FROM ? WHERE id = 'old' AND n = 7", of="execute_statement"),
        code="ConditionalCheckFailedException",
    ),
    Write(
        "ExecuteStatement updates on a condition of several values",
        _sql("UPDATE ? SET n = 2 WHERE id = 'old' AND n IN [1, 7]", of="execute_statement"),
        (modify(OLD, GREATER),),
    ),
    Write(
        "BatchExecuteStatement",
        _sql(SQL_INSERT, SQL_UPDATE, of="batch_execute_statement"),
        (insert(NEW), modify(OLD, GREATER)),
    ),
    Write(
        "ExecuteTransaction",
        _sql(SQL_INSERT, SQL_UPDATE, SQL_DELETE),
        (insert(NEW), modify(OLD, GREATER), remove(OTHER)),
    ),
    Write(
        "ExecuteTransaction, cancelled",
        _sql(SQL_UPDATE, "INSERT INTO ? VALUE {'id': 'other'}"),
        code="TransactionCanceledException",
    ),
]


def _if(condition: str, **values: Any) -> Callable[[Any, str], object]:
    """A change of the old item on a condition."""
    named = {f":{name}": value for name, value in values.items()}
    return lambda db, t: db.put_item(
        TableName=t, Item=GREATER, ConditionExpression=condition, ExpressionAttributeValues=named
    )


CONDITIONS: list[tuple[bool, str, dict[str, Any]]] = [
    (False, "n < :text", {"text": {"S": "2"}}),
    (True, "n <> :text", {"text": {"S": "1"}}),
    (False, "n = :true", {"true": {"BOOL": True}}),
    (False, "absent = :null", {"null": {"NULL": True}}),
    (True, "absent <> :null", {"null": {"NULL": True}}),
    (False, "size(absent) > :zero", {"zero": {"N": "0"}}),
    (False, "tags < :set", {"set": {"SS": ["z"]}}),
    (False, "id BETWEEN :low AND :high", {"low": {"N": "0"}, "high": {"N": "9"}}),
]
CONDITIONAL = [
    Write(
        f"PutItem if {condition}",
        _if(condition, **values),
        (modify(OLD, GREATER),) if holds else (),
        "" if holds else "ConditionalCheckFailedException",
    )
    for holds, condition, values in CONDITIONS
]

REFUSED = [
    Write(
        "PutItem of what is no number",
        lambda db, t: db.put_item(TableName=t, Item={**NEW, "n": {"N": "one"}}),
        code="ValidationException",
    ),
    Write(
        "UpdateItem to what is no number",
        lambda db, t: db.update_item(
            TableName=t,
            Key=KEY,
            UpdateExpression="SET n = :n",
            ExpressionAttributeValues={":n": {"NS": ["1", "one"]}},
        ),
        code="ValidationException",
    ),
    Write(
        "UpdateItem of a member of what is no map",
        lambda db, t: db.update_item(
            TableName=t,
            Key=KEY,
            UpdateExpression="SET n.p = :n",
            ExpressionAttributeValues={":n": {"N": "2"}},
        ),
        code="ValidationException",
    ),
    Write(
        "UpdateItem without an expression, of which one change is refused",
        lambda db, t: db.update_item(
            TableName=t,
            Key=NEW_KEY,
            AttributeUpdates={"a": {"Value": {"N": "1"}}, "b": {"Action": "DELETE", "Value": {"S": "x"}}},
        ),
        code="ValidationException",
    ),
    Write(
        "PutItem with a set that has a value twice",
        lambda db, t: db.put_item(TableName=t, Item={**NEW, "tags": {"NS": ["1", "1.0"]}}),
        code="ValidationException",
    ),
    Write(
        "PutItem with a number of too many digits",
        lambda db, t: db.put_item(TableName=t, Item={**NEW, "n": {"N": "1" * 39}}),
        code="ValidationException",
    ),
    Write(
        "PutItem with values and without an expression",
        lambda db, t: db.put_item(TableName=t, Item=NEW, ExpressionAttributeValues={":n": {"N": "2"}}),
        code="ValidationException",
    ),
    Write(
        "UpdateItem with a value that its expression does not have",
        lambda db, t: db.update_item(
            TableName=t,
            Key=KEY,
            UpdateExpression="SET n = :n",
            ExpressionAttributeValues={":n": {"N": "2"}, ":m": {"N": "3"}},
        ),
        code="ValidationException",
    ),
    Write(
        "BatchWriteItem of too many",
        lambda db, t: db.batch_write_item(
            RequestItems={t: [{"PutRequest": {"Item": item(id=f"new-{number}")}} for number in range(26)]}
        ),
        code="ValidationException",
    ),
    Write(
        "BatchWriteItem that puts an item and deletes it",
        lambda db, t: db.batch_write_item(
            RequestItems={t: [{"PutRequest": {"Item": GREATER}}, {"DeleteRequest": {"Key": KEY}}]}
        ),
        code="ValidationException",
    ),
    Write(
        "a transaction that puts and deletes in one action",
        _transact({"Put": {"Item": NEW}, "Delete": {"Key": KEY}}),
        code="ValidationException",
    ),
]


@pytest.mark.parametrize("write", [*SINGLE, *CONDITIONAL, *SEVERAL, *PARTIQL, *REFUSED], ids=lambda write: write.what)
def test_s_141_a_stream_has_one_record_for_each_item_that_a_call_has_changed(aws: Aws, write: Write) -> None:
    table = aws.table()
    for there in (OLD, OTHER):
        aws.dynamodb.put_item(TableName=table, Item=there)
    mark(aws, table, "begin")
    assert refusal(lambda: write.call(aws.dynamodb, table)) == write.code
    mark(aws, table, "end")
    seen = [change(record) for record in between_marks(aws, table)]
    assert sorted(seen, key=str) == sorted(write.changes, key=str)


def test_s_141_a_transaction_on_two_tables_leaves_a_record_in_the_stream_of_each(aws: Aws) -> None:
    first, second, without = aws.table(), aws.table(), aws.table(view=None)
    for table in (first, second):
        mark(aws, table, "begin")
    puts = [{"Put": {"TableName": table, "Item": NEW}} for table in (first, second, without)]
    aws.dynamodb.transact_write_items(TransactItems=puts)
    for table in (first, second):
        mark(aws, table, "end")
        assert [change(record) for record in between_marks(aws, table)] == [insert(NEW)]


def test_s_141_after_a_cancelled_transaction_every_later_change_is_told_once(aws: Aws) -> None:
    table = aws.table()
    mark(aws, table, "begin")
    fails = {"Key": KEY, "ConditionExpression": "attribute_exists(id)"}
    cancelled = _transact({"Put": {"Item": NEW}}, {"Delete": fails})
    for number in range(3):
        assert refusal(lambda: cancelled(aws.dynamodb, table)) == "TransactionCanceledException"
        aws.dynamodb.put_item(TableName=table, Item=item(id=f"after-{number}"))
        _transact({"Put": {"Item": item(id=f"within-{number}")}})(aws.dynamodb, table)
    mark(aws, table, "end")
    expected = [insert(item(id=f"{when}-{number}")) for number in range(3) for when in ("after", "within")]
    assert [change(record) for record in between_marks(aws, table)] == expected
