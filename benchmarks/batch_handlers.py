"""The same work as two Lambda handlers: as Powertools documents it, and by the shared layer.

The work: a scan moves its parcel, once per scan id. `parcels` and `markers` are the tables.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    SqsFifoPartialProcessor,
    process_partial_response,
)
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)

from backoffice.batches import ordered_batch
from backoffice.exactly_once import ExactlyOnceStore, Table, UnitOfWork, exactly_once

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.data_classes.kinesis_stream_event import KinesisStreamRecord
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_dynamodb import DynamoDBClient

type Scan = dict[str, Any]
type Handler = Callable[[dict[str, Any], LambdaContext], Any]
type OnceScan = Callable[..., dict[str, bool]]
type OnScan = Callable[[Scan], None]


class Context:
    """The Lambda context of a function with a minute to go."""

    function_name = "bench"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:eu-west-1:111122223333:function:bench"
    aws_request_id = "8f0c"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        """A minute."""
        return 60_000


def documented(source: EventType, client: DynamoDBClient | None = None, on_scan: OnScan | None = None) -> Handler:
    """Powertools' batch processor around its idempotent function, and the effect as one more call.

    `on_scan` is called whenever the effect is about to happen.
    """
    dynamodb = client or boto3.client("dynamodb")
    config = IdempotencyConfig(event_key_jmespath="scan_id")
    fifo = SqsFifoPartialProcessor(skip_group_on_error=True)
    processor = fifo if source is EventType.SQS else BatchProcessor(source)

    idempotent: Callable[[OnceScan], OnceScan] = idempotent_function(
        data_keyword_argument="scan",
        config=config,
        persistence_store=DynamoDBPersistenceLayer("markers", boto3_client=dynamodb),
    )

    @idempotent
    def move(scan: Scan) -> dict[str, bool]:
        if on_scan:
            on_scan(scan)
        dynamodb.update_item(
            TableName="parcels",
            Key={"parcel": {"S": scan["parcel"]}},
            UpdateExpression="SET place = :place ADD moves :one",
            ExpressionAttributeValues={":place": {"S": scan["place"]}, ":one": {"N": "1"}},
        )
        return {"moved": True}

    def handle(record: KinesisStreamRecord | SQSRecord) -> None:
        move(scan=_scan(record))

    def handler(event: dict[str, Any], context: LambdaContext) -> Any:  # noqa: ANN401 - Powertools' response
        config.register_lambda_context(context)
        return process_partial_response(event, handle, processor, context)

    return handler


def layered(source: EventType, client: DynamoDBClient | None = None, on_scan: OnScan | None = None) -> Handler:
    """The shared layer's ordered batch around its exactly-once function."""
    parcels = Table("parcels", partition_key="parcel")

    @exactly_once(ExactlyOnceStore("markers", client), key_prefix="scan", key="scan_id", payload_validation=None)
    def move(scan: Scan, unit: UnitOfWork) -> dict[str, bool]:
        if on_scan:
            on_scan(scan)
        unit.update(
            parcels,
            {"parcel": scan["parcel"]},
            "SET place = :place ADD moves :one",
            values={":place": scan["place"], ":one": 1},
        )
        return {"moved": True}

    return ordered_batch(source, lambda record: move(_scan(record)))


def _scan(record: Any) -> Scan:  # noqa: ANN401 - either of two data classes
    data = record.raw_event.get("kinesis", {}).get("data")
    return dict(json.loads(base64.b64decode(data) if data else record.body))


def kinesis_event(records: int, keys: int) -> dict[str, Any]:
    """`records` scans of `keys` parcels in turn, as a batch of a Kinesis stream; the parcel is the partition key."""
    return {
        "Records": [
            {
                "eventSource": "aws:kinesis",
                "eventSourceARN": "arn:aws:kinesis:eu-west-1:111122223333:stream/s",
                "eventID": f"shardId-000000000000:{number:021}",
                "kinesis": {
                    "partitionKey": scan["parcel"],
                    "sequenceNumber": f"{number:021}",
                    "data": base64.b64encode(json.dumps(scan).encode()).decode(),
                },
            }
            for number, scan in enumerate(_scans(records, keys))
        ]
    }


def fifo_event(records: int, groups: int) -> dict[str, Any]:
    """The same as messages of a FIFO queue; the parcel is the group."""
    return {
        "Records": [
            {
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-west-1:111122223333:q.fifo",
                "messageId": f"m{number}",
                "attributes": {"MessageGroupId": scan["parcel"]},
                "body": json.dumps(scan),
            }
            for number, scan in enumerate(_scans(records, groups))
        ]
    }


def _scans(records: int, parcels: int) -> list[Scan]:
    return [{"scan_id": f"s{number}", "parcel": f"p{number % parcels}", "place": "Lyon"} for number in range(records)]
