"""The engine alone: transactions that meet are done one after the other, or what functions promise cannot hold."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from landfast.dataplane import engine as engines
from landfast.dataplane.engine import EngineName

ROUNDS = 15
PAYMENTS = 4


def test_of_transactions_that_meet_each_marker_lets_one_change_its_balance(engine: EngineName, tmp_path: Path) -> None:
    with engines.start(tmp_path, engine, stack="transactions") as running:
        dynamodb = boto3.client(
            "dynamodb",
            endpoint_url=running.url,
            region_name="eu-west-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - the engine's, not a secret
            config=Config(retries={"total_max_attempts": 1}),
        )
        for table in ("markers", "accounts"):
            dynamodb.create_table(
                TableName=table,
                BillingMode="PAY_PER_REQUEST",
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            )
        names = [f"{number}-{payment}" for number in range(ROUNDS) for payment in range(PAYMENTS)]
        # A zombie's requests and the next invocation's at once, and a redelivery when all is quiet.
        at_once = [name for first in range(0, len(names), PAYMENTS) for name in names[first : first + PAYMENTS] * 2]
        with ThreadPoolExecutor(8) as pool:
            done = [*pool.map(lambda name: _post(dynamodb, name), at_once)]
        again = [_post(dynamodb, name) for name in names]
        balances = {one["id"]["S"]: one["balance"]["N"] for one in dynamodb.scan(TableName="accounts")["Items"]}
        markers = {one["id"]["S"] for one in dynamodb.scan(TableName="markers")["Items"]}

    assert done.count(True) == len(names)
    assert not any(again)
    assert markers == set(names)
    assert balances == dict.fromkeys(names, "1")


def _post(dynamodb: Any, name: str) -> bool:
    marker = {"TableName": "markers", "Item": {"id": {"S": name}}, "ConditionExpression": "attribute_not_exists(id)"}
    balance = {
        "TableName": "accounts",
        "Key": {"id": {"S": name}},
        "UpdateExpression": "ADD balance :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    try:
        dynamodb.transact_write_items(TransactItems=[{"Put": marker}, {"Update": balance}])
    except ClientError as error:
        if error.response["Error"]["Code"] != "TransactionCanceledException":
            raise
        return False
    return True
