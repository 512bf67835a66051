"""Order files: an upload to the bucket becomes orders in the table; a file with a mistake writes nothing.

The answer, `{"statusCode": 200, "body": {"files": 1, "orders": 3}}`, is what the success record shows. If a newer file
had some of its orders already, `superseded` in the body counts them, and `orders` those that were written.
"""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import msgspec
from aws_lambda_powertools.utilities.idempotency import idempotent_function
from aws_lambda_powertools.utilities.typing import LambdaContext

from backoffice import clients
from backoffice.correlation import correlated
from backoffice.dynamodb import client
from backoffice.idempotency import ClaimingLayer, idempotency_config
from backoffice.observability import count, logger, observed
from backoffice.settings import from_environment
from import_orders.file_version import version_of
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


def import_file(upload: Upload) -> dict[str, int]:
    """Import one file and return how many of its orders were written, and how many superseded by a newer file's.

    The object is read twice, first to validate every line, then to write, so that neither memory nor disk
    bounds its size; both reads name its version and ETag, so that they are of the same bytes.
    """
    try:
        with open_version(s3, upload) as opened:
            deque(read_orders(upload.name, opened.body), maxlen=0)
    except InvalidOrderFileError:
        count("InvalidOrderFiles")
        raise
    with open_version(s3, upload) as opened:
        orders, version = read_orders(upload.name, opened.body), version_of(upload, opened.last_modified)
        written = write_orders(dynamodb, settings.orders_table, orders, version)
    count("ImportedOrders", written.orders)
    if written.superseded:
        count("OrdersSuperseded", written.superseded)
    return asdict(written)


import_once: Callable[..., dict[str, int]] = idempotent_function(
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
    files = uploads(event)
    total: Counter[str] = Counter()
    for upload in files:
        with correlated(upload.correlation_id):
            imported = import_once(upload=upload)
            logger.info("imported", extra={"file": upload.name, "version": upload.version, **imported})
        total.update(imported)
    body = {"files": len(files), "orders": total["orders"]}
    return {"statusCode": 200, "body": body | ({"superseded": total["superseded"]} if total["superseded"] else {})}
