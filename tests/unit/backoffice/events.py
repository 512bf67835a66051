"""Events in the shapes of S-83, S-84 and S-105."""

import base64
import json
from typing import Any

type Event = dict[str, Any]


def kinesis_event(records: list[tuple[str, object]]) -> Event:
    """Records of (partition key, payload); the sequence numbers are ``1000``, ``1001``, ..."""
    return {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": key,
                    "sequenceNumber": str(1000 + number),
                    "data": base64.b64encode(json.dumps(payload).encode()).decode(),
                    "approximateArrivalTimestamp": 1767323039.123,
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"shardId-000000000000:{1000 + number}",
                "eventName": "aws:kinesis:record",
                "awsRegion": "eu-west-1",
                "eventSourceARN": "arn:aws:kinesis:eu-west-1:111122223333:stream/s",
            }
            for number, (key, payload) in enumerate(records)
        ]
    }


def dynamodb_event(keys: list[dict[str, Any]]) -> Event:
    """One change of the item of each key (in DynamoDB's values), sequence numbers as above."""
    return {
        "Records": [
            {
                "eventID": f"c9fb{number}",
                "eventName": "MODIFY",
                "eventVersion": "1.1",
                "eventSource": "aws:dynamodb",
                "awsRegion": "eu-west-1",
                "dynamodb": {
                    "Keys": key,
                    "NewImage": key,
                    "SequenceNumber": str(1000 + number),
                    "SizeBytes": 20,
                    "StreamViewType": "NEW_AND_OLD_IMAGES",
                },
                "eventSourceARN": "arn:aws:dynamodb:eu-west-1:111122223333:table/t/stream/2026-01-02T03:04:05.678",
            }
            for number, key in enumerate(keys)
        ]
    }


def sqs_event(messages: list[tuple[str | None, object]], queue: str = "q") -> Event:
    """Messages of (group or None, body); the ids are ``m0``, ``m1``, ..."""
    return {
        "Records": [
            {
                "messageId": f"m{number}",
                "receiptHandle": f"handle-{number}",
                "body": json.dumps(body),
                "attributes": {"ApproximateReceiveCount": "1"}
                | ({"MessageGroupId": group, "SequenceNumber": str(number)} if group is not None else {}),
                "messageAttributes": {},
                "md5OfBody": "",
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:eu-west-1:111122223333:{queue}",
                "awsRegion": "eu-west-1",
            }
            for number, (group, body) in enumerate(messages)
        ]
    }


def fifo_event(messages: list[tuple[str, object]]) -> Event:
    """Messages of (group, body) of a FIFO queue."""
    return sqs_event([*messages], queue="q.fifo")


def reported(response: Any) -> list[str]:
    """The identifiers in a partial batch response."""
    return [failure["itemIdentifier"] for failure in response["batchItemFailures"]]
