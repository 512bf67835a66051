"""An upload becomes an entry of a table, its change an event on a bus, and that a message of a topic."""

import base64
import json
import logging
import os
import time
from typing import Any

import boto3

LOG = logging.getLogger()
table = boto3.resource("dynamodb").Table(os.environ["LEDGER"])
bus = boto3.client("events")
topic = boto3.client("sns")


def read(event: dict[str, Any], _: object) -> None:
    """Enter each uploaded file; one whose name ends with .bad fails."""
    for record in event["Records"]:
        key = record["s3"]["object"]["key"]
        LOG.warning("reading %s", key)
        if key.endswith(".slow"):
            time.sleep(5)
        if key.endswith(".bad"):
            raise ValueError(f"{key}, line 1: this is no entry")
        table.put_item(Item={"id": key, "version": record["s3"]["object"]["versionId"]})


def announce(event: dict[str, Any], _: object) -> None:
    """Put each new entry on the bus."""
    for record in event["Records"]:
        detail = json.dumps({"id": record["dynamodb"]["Keys"]["id"]["S"]})
        bus.put_events(
            Entries=[{"EventBusName": os.environ["BUS"], "Source": "ledger", "DetailType": "Entered", "Detail": detail}]
        )


def tell(event: dict[str, Any], _: object) -> None:
    """Publish what was entered."""
    topic.publish(TopicArn=os.environ["NEWS"], Message=event["detail"]["id"])


def work(event: dict[str, Any], _: object) -> dict[str, Any]:
    """Report the messages that say no."""
    failures = [{"itemIdentifier": each["messageId"]} for each in event["Records"] if each["body"] == "no"]
    return {"batchItemFailures": failures}


def count(event: dict[str, Any], _: object) -> None:
    """Enter each tick."""
    ticks = [base64.b64decode(each["kinesis"]["data"]).decode() for each in event.get("Records", [])]
    for tick in ticks or [event["tick"]]:
        table.put_item(Item={"id": tick})
