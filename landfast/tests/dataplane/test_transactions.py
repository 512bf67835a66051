from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import ClientError

from landfast.dataplane.clients import Clients

_TABLE = "transactions"


def test_a_rejected_transaction_takes_no_other_clients_write_back(clients: Clients) -> None:
    dynamodb = clients.dynamodb
    dynamodb.create_table(
        TableName=_TABLE,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.put_item(TableName=_TABLE, Item={"id": {"S": "taken"}})

    def rejected(number: int) -> str:
        absent = "attribute_not_exists(id)"
        puts = [
            {"Put": {"TableName": _TABLE, "Item": {"id": {"S": name}}, "ConditionExpression": absent}}
            for name in (*(f"never-{number}-{index}" for index in range(99)), "taken")
        ]
        try:
            dynamodb.transact_write_items(TransactItems=puts)  # type: ignore[arg-type] # the stubs want literals
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "accepted"

    def written(number: int) -> None:
        dynamodb.put_item(TableName=_TABLE, Item={"id": {"S": f"kept-{number}"}})

    with ThreadPoolExecutor(6) as pool:
        refusals = [pool.submit(rejected, number) for number in range(40)]
        writes = [pool.submit(written, number) for number in range(40)]
        assert {refusal.result() for refusal in refusals} == {"TransactionCanceledException"}
        for write in writes:
            write.result()
    found = {item["id"]["S"] for item in dynamodb.scan(TableName=_TABLE)["Items"]}
    assert found == {"taken", *(f"kept-{number}" for number in range(40))}
