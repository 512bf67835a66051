"""Three functions that a crash makes do wrong, each in another way, and one that it does not."""

import os
import time
from typing import Any

import boto3

dynamodb = boto3.client("dynamodb")
sqs = boto3.client("sqs")
ORDERS, MARKERS = os.environ["ORDERS"], os.environ["MARKERS"]
STATUS = dynamodb.describe_table(TableName=ORDERS)["Table"]["TableStatus"]
"""A call while the code is loaded: only a cold start makes it, so that it is no crash point."""


def _key(event: dict[str, Any]) -> dict[str, Any]:
    return {"id": {"S": event["order"]}}


def charge_then_mark(event: dict[str, Any], _: object) -> None:
    """Doubles: between the charge and its marker, nobody knows that it was made."""
    if "Item" in dynamodb.get_item(TableName=MARKERS, Key=_key(event)):
        return
    sqs.send_message(QueueUrl=os.environ["CHARGES"], MessageBody=event["order"])
    dynamodb.put_item(TableName=MARKERS, Item=_key(event))


def delete_first(event: dict[str, Any], _: object) -> None:
    """Loses: what it moves is nowhere, once it is deleted and not yet written."""
    answer = dynamodb.delete_item(TableName=ORDERS, Key=_key(event), ReturnValues="ALL_OLD")
    if "Attributes" in answer:
        dynamodb.put_item(TableName=MARKERS, Item=answer["Attributes"])


def add_up(event: dict[str, Any], _: object) -> None:
    """Leaves half done: the second attempt adds once more."""
    dynamodb.update_item(
        TableName=ORDERS,
        Key=_key(event),
        UpdateExpression="ADD paid :amount",
        ExpressionAttributeValues={":amount": {"N": "25"}},
    )
    dynamodb.put_item(TableName=MARKERS, Item=_key(event))


def claim(event: dict[str, Any], context: Any) -> None:
    """Is right: it claims the order for as long as it may run, and its effect is the same if it is made again."""
    now = int(time.time() * 1000)
    dynamodb.put_item(
        TableName=MARKERS,
        Item={
            **_key(event),
            "in_progress_expiration": {"N": str(now + context.get_remaining_time_in_millis())},
            "made": {"N": str(now)},
        },
        ConditionExpression="attribute_not_exists(id) OR in_progress_expiration < :now",
        ExpressionAttributeValues={":now": {"N": str(now)}},
    )
    dynamodb.put_item(TableName=ORDERS, Item={**_key(event), "paid": {"N": "25"}})
