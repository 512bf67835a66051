# --- order files and order changes and fulfilment and notices ---
"""The way of an order file through the functions, as AWS hands things over from one to the next."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

import boto3
import pytest

from tests.unit.functions.conftest import Context, Load, Published, make_table

BUCKET = "inbox"

type Event = dict[str, Any]


def record_of(request: object, response: object, function: str) -> Event:
    """Return the record of a success that Lambda sends to a destination (S-13, S-15)."""
    return {
        "version": "1.0",
        "timestamp": "2026-01-02T03:04:07.890Z",
        "requestContext": {
            "requestId": "0d5c0f3e-2b0f-4b8e-9a53-0c3c4b1f9f10",
            "functionArn": f"arn:aws:lambda:eu-central-1:111122223333:function:{function * 3}:$LATEST",
            "condition": "Success",
            "approximateInvokeCount": 1,
        },
        "requestPayload": request,
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"},
        "responsePayload": response,
    }


@dataclass
class Step:
    """What went over from one function to the next."""

    answer: Event
    images: list[Event]
    entries: list[Event]
    shipments: list[Event]
    shipped: list[Event]
    notices: list[Event]


class Way:
    """All functions of the way, on moto's AWS."""

    def __init__(self, load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
        self.apps = {
            name: load(name) for name in ("import_orders", "publish_order_changes", "ship_order", "notify_customer")
        }
        self.context = Context()
        self._bus = Published({"FailedEntryCount": 0, "Entries": []})
        monkeypatch.setattr(self.apps["publish_order_changes"].events, "put_events", self._bus)
        boto3.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        make_table("orders", "orderId")

    def upload(self, body: bytes, key: str = "orders.jsonl", sequencer: str = "0055AED6DCD90281E5") -> Event:
        """Put an object and return S3's notification of it (S-37)."""
        put = boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)
        entity = {"key": quote_plus(key), "eTag": put["ETag"].strip('"'), "sequencer": sequencer}
        return {
            "Records": [
                {
                    "eventVersion": "2.1",
                    "eventSource": "aws:s3",
                    "eventName": "ObjectCreated:Put",
                    "eventTime": "2026-01-02T03:04:05.678Z",
                    "s3": {"bucket": {"name": BUCKET}, "object": entity},
                }
            ]
        }

    def go(self, upload: Event) -> Step:
        """Take an upload all the way."""
        answer = self.apps["import_orders"].handler(upload, self.context)
        images = boto3.client("dynamodb").scan(TableName="orders")["Items"]
        self._bus.taken.clear()
        changes = {"Records": [self._change(number, image) for number, image in enumerate(images)]}
        assert self.apps["publish_order_changes"].handler(changes, self.context) == {"batchItemFailures": []}
        entries = [entry for request in self._bus.taken for entry in request["Entries"]]
        placed = [self._event(entry) for entry in entries]
        shipped = [self.apps["ship_order"].handler(event, self.context) for event in placed]
        records = [record_of(event, answered, "ship_order") for event, answered in zip(placed, shipped, strict=True)]
        notices = [
            record_of(record, self.apps["notify_customer"].handler(record, self.context), "notify_customer")
            for record in records
        ]
        shipments = boto3.client("dynamodb").scan(TableName="shipments")["Items"]
        return Step(answer, images, entries, shipments, records, notices)

    @staticmethod
    def _change(number: int, image: Any) -> Event:
        """Return a stream record (S-84)."""
        return {
            "eventID": f"{number:032x}",
            "eventName": "INSERT",
            "eventSource": "aws:dynamodb",
            "dynamodb": {
                "Keys": {"orderId": image["orderId"]},
                "NewImage": image,
                "SequenceNumber": str(number + 1),
            },
            "eventSourceARN": "arn:aws:dynamodb:eu-west-1:111122223333:table/orders/stream/2026-01-02T03:04:05.678",
        }

    @staticmethod
    def _event(entry: Event) -> Event:
        return {
            "version": "0",
            "id": "7bf73129-1428-4cd3-a780-95db273d1602",
            "detail-type": entry["DetailType"],
            "source": entry["Source"],
            "account": "111122223333",
            "time": "2026-01-02T03:04:06Z",
            "region": "eu-central-1",
            "resources": [],
            "detail": json.loads(entry["Detail"]),
        }
