"""What DynamoDB refuses of writes by their requests alone. tests/contract has some of it, on both engines.

Sources: DynamoDB API Reference, BatchWriteItem, TransactWriteItems and AttributeValue; Developer Guide, "Data types".
"""

from typing import Any

import pytest

from landfast.eventplane.table_items import name_of
from landfast.eventplane.table_refusals import problem
from tests.eventplane.engine import Moto, Tables

KEY = {"id": {"S": "a"}}
ONE = {":n": {"N": "1"}}


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {"S": "x"}
    for level in range(levels):
        value = {"L": [value]} if level % 2 else {"M": {"m": value}}
    return value


def put(value: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "PutItem", {"TableName": "t", "Item": {**KEY, "v": value}}


def update(expression: str, **more: Any) -> tuple[str, dict[str, Any]]:
    return "UpdateItem", {"TableName": "t", "Key": KEY, "UpdateExpression": expression, **more}


def batch(*requests: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "BatchWriteItem", {"RequestItems": {"t": list(requests)}}


def table(name: str = "orders", keys: tuple[str, ...] = ("HASH",)) -> tuple[str, dict[str, Any]]:
    schema = [{"AttributeName": f"key-{number}", "KeyType": kind} for number, kind in enumerate(keys)]
    return "CreateTable", {"TableName": name, "KeySchema": schema}


def puts(count: int) -> list[dict[str, Any]]:
    return [{"PutRequest": {"Item": {"id": {"S": f"{number}"}}}} for number in range(count)]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (put({}), "is empty, must contain exactly one"),
        (put({"S": "a", "N": "1"}), "has more than one datatypes set"),
        (put({"L": [{"M": {"m": {}}}]}), "is empty, must contain exactly one"),
        (put({"SS": []}), "An string set  may not be empty"),
        (put({"SS": ["a", "b", "a"]}), "Input collection [a, b, a] contains duplicates."),
        (put({"NS": ["1", "1.0"]}), "Input collection [1, 1.0] contains duplicates."),
        (put({"N": "1" * 39}), "more than 38 significant digits"),
        (put({"NS": ["0.1" + "0" * 37 + "1"]}), "more than 38 significant digits"),
        (put({"N": "1E126"}), "Number overflow"),
        (put({"N": "1e99999999999999999999"}), "Number overflow"),
        (put({"N": "1e-99999999999999999999"}), "Number underflow"),
        (put({"N": "-1E-131"}), "Number underflow"),
        *[
            (put({kind: content}), "The parameter cannot be converted to a numeric value")
            for text in ("", "one", " 5", "1_000", "NaN", "Infinity", "0x1", "\u0661", "1e", ".", "5\n")
            for kind, content in (("N", text), ("NS", ["1", text]), ("L", [{"N": text}]))
        ],
        (update("SET n = :n", ExpressionAttributeValues={":n": {"N": "one"}}), "numeric value: one"),
        (("UpdateItem", {"Key": KEY, "AttributeUpdates": {"n": {"Value": {"N": "one"}}}}), "numeric value: one"),
        (("UpdateItem", {"Key": KEY, "AttributeUpdates": {"n": {"Action": "ADD"}}}), "Only DELETE action is allowed"),
        (
            ("DeleteItem", {"Key": KEY, "Expected": {"n": {"AttributeValueList": [{"N": "one"}]}}}),
            "numeric value: one",
        ),
        (("ExecuteStatement", {"Statement": "", "Parameters": [{"N": "one"}]}), "numeric value: one"),
        (("BatchExecuteStatement", {"Statements": [{"Parameters": [{"SS": []}]}]}), "An string set  may not be empty"),
        (("ExecuteTransaction", {"TransactStatements": [{}, {"Parameters": [{}]}]}), "is empty"),
        (put({"NULL": False}), "Null attribute value types must have the value of true"),
        (put({"Q": "x"}), "is empty, must contain exactly one"),
        (table("ab"), "have length greater than or equal to 3"),
        (table("a" * 256), "have length less than or equal to 255"),
        *[(table(name), "satisfy regular expression pattern") for name in ("a/b", "a b c", "table\n", "t\u00e4ble")],
        (table(keys=("RANGE",)), "The first KeySchemaElement is not a HASH key type"),
        (table(keys=("HASH", "HASH")), "The second KeySchemaElement is not a RANGE key type"),
        (
            ("CreateTable", {"TableName": "orders", "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}] * 2}),
            "Both the Hash Key and the Range Key element in the KeySchema have the same name",
        ),
        (put(nested(33)), "Nesting Levels have exceeded supported limits"),
        (update("SET n = :m", ExpressionAttributeValues=ONE), "is not defined; attribute value: :m"),
        (update("SET #n = :n", ExpressionAttributeValues=ONE), "is not defined; attribute name: #n"),
        (
            update("SET n = :n", ExpressionAttributeValues={**ONE, ":a": {"S": ""}, ":b": {"S": ""}}),
            "Value provided in ExpressionAttributeValues unused in expressions: keys: {:a, :b}",
        ),
        (
            update("REMOVE n", ExpressionAttributeNames={"#n": "n"}),
            "Value provided in ExpressionAttributeNames unused in expressions: keys: {#n}",
        ),
        (update(""), "Invalid UpdateExpression: The expression can not be empty;"),
        (
            update("REMOVE n", Expected={}),
            "Non-expression parameters: {Expected} Expression parameters: {UpdateExpression}",
        ),
        (
            ("DeleteItem", {"TableName": "t", "Key": KEY, "ExpressionAttributeValues": ONE}),
            "ExpressionAttributeValues can only be specified when using expressions",
        ),
        (batch(*puts(26)), "Too many items requested for the BatchWriteItem call"),
        (
            batch({"PutRequest": {"Item": {**KEY, "n": {"N": "1"}}}}, {"DeleteRequest": {"Key": KEY}}),
            "Provided list of item keys contains duplicates",
        ),
        (batch({"PutRequest": {"Item": KEY}, "DeleteRequest": {"Key": {"id": {"S": "b"}}}}), "exactly one of"),
        (batch({}), "exactly one of"),
        (batch({"PutRequest": {"Item": {**KEY, "v": {"SS": []}}}}), "may not be empty"),
        (("TransactWriteItems", {"TransactItems": [{}]}), "TransactItems can only contain one of"),
        (
            ("TransactWriteItems", {"TransactItems": [{"Put": {"Item": KEY}, "Delete": {"Key": KEY}}]}),
            "TransactItems can only contain one of",
        ),
        (
            ("TransactWriteItems", {"TransactItems": [{"Put": {"Item": {**KEY, "v": {"BS": ["YQ==", "YQ=="]}}}}]}),
            "contains duplicates",
        ),
    ],
)
def test_s_141_what_dynamodb_refuses_is_known_by_its_request(call: tuple[str, dict[str, Any]], told: str) -> None:
    assert told in (problem(*call) or "")


@pytest.mark.parametrize(
    "call",
    [
        put({"N": "1" * 38 + "000"}),
        put({"N": "0." + "0" * 100 + "1" * 38}),
        put({"N": "9.9E+125"}),
        put({"N": "1E-130"}),
        put({"N": "0E400"}),
        put({"NS": ["+1", ".5", "5.", "1e-3"]}),
        table("a.b-c_D"),
        table("arn:aws:dynamodb:us-east-1:123456789012:table/orders"),
        table(keys=("HASH", "RANGE")),
        ("UpdateItem", {"Key": KEY, "AttributeUpdates": {"n": {"Action": "DELETE"}, "m": {"Value": {"N": "1"}}}}),
        ("DescribeTable", {"TableName": "a"}),
        put({"NS": ["1" * 37 + "1", "1" * 37 + "2"]}),
        put({"NULL": True}),
        put(nested(32)),
        update("SET #n = if_not_exists(n, :n)", ExpressionAttributeValues=ONE, ExpressionAttributeNames={"#n": "m"}),
        update(
            "SET n = :n",
            ConditionExpression="attribute_not_exists(#m)",
            ExpressionAttributeValues=ONE,
            ExpressionAttributeNames={"#m": "m"},
        ),
        ("UpdateItem", {"TableName": "t", "Key": KEY, "AttributeUpdates": {}, "Expected": {}}),
        ("PutItem", {"TableName": "t", "Item": KEY}),
        ("ExecuteStatement", {"Statement": "no statement"}),
        batch(*puts(25)),
        batch({"PutRequest": {"Item": KEY}}, {"DeleteRequest": {"Key": {"id": {"S": "b"}}}}),
        ("TransactWriteItems", {"TransactItems": [{"ConditionCheck": {"Key": KEY, "ConditionExpression": "a = b"}}]}),
    ],
)
def test_s_141_what_dynamodb_takes_is_handed_on(call: tuple[str, dict[str, Any]]) -> None:
    assert problem(*call) is None


def test_s_141_what_is_refused_reaches_no_table_and_leaves_no_record() -> None:
    moto = Moto()
    moto.reset()
    tables = Tables(moto)
    tables.make()
    refused = tables.call("PutItem", TableName="orders", Item={"id": {"S": "a"}, "v": {"SS": ["a", "a"]}})
    assert refused[0] == "ValidationException"
    assert tables.call("Scan", TableName="orders")["Count"] == 0
    assert tables.records() == []


def test_keys_whose_numbers_differ_in_the_last_of_38_digits_are_two() -> None:
    first, second = ({"id": {"N": "1" * 37 + digit}} for digit in "12")
    assert name_of(first) != name_of(second)
    assert name_of({"id": {"N": "1" * 38 + ".0"}}) == name_of({"id": {"N": "1" * 38}})
