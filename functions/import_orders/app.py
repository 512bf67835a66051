"""Order files: an upload to the bucket becomes orders in the table, the whole file or nothing of it.

The answer, `{"statusCode": 200, "body": {"files": 1, "orders": 3}}`, is what the success record shows.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec
from aws_lambda_powertools.utilities.idempotency import idempotent_function
from aws_lambda_powertools.utilities.typing import LambdaContext

from backoffice import clients
from backoffice.dynamodb import client
from backoffice.idempotency import ClaimingLayer, idempotency_config
from backoffice.observability import count, logger, observed
from backoffice.settings import from_environment
from import_orders.object_version import open_version
from import_orders.order_file import InvalidOrderFileError, read_orders
from import_orders.orders_table import write_orders
from import_orders.upload import Upload, uploads


class Settings(msgspec.Struct, frozen=True):
    """Names of the tables."""

    orders_table: str
    idempotency_table: str


settings = from_environment(Settings)
dynamodb = client()
s3 = clients.client("s3")


def import_file(upload: Upload) -> int:
    """Import one file and return its number of orders.

    The object is read twice, first to validate every line, then to write, so that neither memory nor disk
    bounds its size; both reads name its version and ETag, so that they are of the same bytes.
    """
    try:
        with open_version(s3, upload) as body:
            deque(read_orders(upload.name, body), maxlen=0)
    except InvalidOrderFileError:
        count("InvalidOrderFiles")
        raise
    with open_version(s3, upload) as body:
        orders = write_orders(dynamodb, settings.orders_table, read_orders(upload.name, body))
    count("ImportedOrders", orders)
    return orders


import_once: Callable[..., int] = idempotent_function(
    import_file,
    data_keyword_argument="upload",
    persistence_store=ClaimingLayer(settings.idempotency_table, boto3_client=dynamodb),
    # No claim: a retry must take over what a killed attempt left, and two imports of one version write the same items.
    config=idempotency_config(
        event_key_jmespath="[bucket, key, version]", payload_validation_jmespath="etag", claims=False
    ),
    key_prefix="import_orders",
)


@observed
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Import each uploaded file of an S3 notification."""
    counts = []
    for upload in uploads(event):
        orders = import_once(upload=upload)
        logger.info("imported", extra={"file": upload.name, "version": upload.version, "orders": orders})
        counts.append(orders)
    return {"statusCode": 200, "body": {"files": len(counts), "orders": sum(counts)}}
