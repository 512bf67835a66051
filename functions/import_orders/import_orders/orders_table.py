"""Writes orders to the orders table: conditional puts, concurrently, until each is written or found to be newer."""

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from backoffice.backoff import Backoff
from backoffice.errors import ShopError
from import_orders.file_version import FileVersion
from import_orders.order import Order, OrderLine

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

BATCH = 25
"""Orders that a writer takes at a time: enough that handing over costs nothing, few enough to keep in memory."""
WRITERS = 8
"""Batches in flight: enough to hide DynamoDB's latency, few enough that the CPU keeps up."""
MAX_ATTEMPTS = 12
"""Tries of one order, about half a minute of waits in all; then the file's own retry takes over."""
_BACKOFF = Backoff(first=0.05, longest=5.0)
# What DynamoDB itself asks to be tried again (Error handling with DynamoDB, developer guide).
_BUSY = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TransactionConflictException",
    }
)


class OrdersNotWrittenError(ShopError, RuntimeError):
    """DynamoDB kept refusing writes; the import is safe to repeat, the same orders give the same table."""


@dataclass(frozen=True)
class Written:
    """What became of a file's orders: written, or left as a newer file had them."""

    orders: int = 0
    superseded: int = 0

    def __add__(self, other: "Written") -> "Written":
        return Written(self.orders + other.orders, self.superseded + other.superseded)


def item(order: Order) -> "dict[str, AttributeValueTypeDef]":
    """Return the order as the table keeps it: only what is in the file, so that a repeat changes nothing."""
    return {
        "orderId": {"S": order.order_id},
        "customerId": {"S": order.customer_id},
        "placedAt": {"S": order.placed_at.isoformat()},
        "currency": {"S": order.currency},
        "totalMinor": {"N": str(order.total_minor)},
        "lines": {"L": [_line(line) for line in order.lines]},
    }


def _line(line: OrderLine) -> "AttributeValueTypeDef":
    return {
        "M": {
            "sku": {"S": line.sku},
            "quantity": {"N": str(line.quantity)},
            "unitPriceMinor": {"N": str(line.unit_price_minor)},
        }
    }


def write_orders(
    dynamodb: "DynamoDBClient",
    table: str,
    orders: Iterable[Order],
    version: FileVersion,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> Written:
    """Put every order of a file's version, unless the table has it from a newer one.

    An order that the table has is replaced as a whole. At most `WRITERS` batches are in memory at a time. Order ids
    must differ, as `read_orders` sees to: batches overtake each other.

    Raises:
        OrdersNotWrittenError: after `MAX_ATTEMPTS` of one order; no other write is begun then.
    """
    writer = _Writer(dynamodb, table, version, sleep)
    written = Written()
    with ThreadPoolExecutor(WRITERS, thread_name_prefix="orders") as pool:
        in_flight: set[Future[Written]] = set()
        for batch in batched(orders, BATCH, strict=False):
            if len(in_flight) >= WRITERS:
                done, in_flight = wait(in_flight, return_when=FIRST_COMPLETED)
                written = sum((future.result() for future in done), written)
            in_flight.add(pool.submit(writer.write, batch))
        return sum((future.result() for future in in_flight), written)


class _Writer:
    def __init__(
        self, dynamodb: "DynamoDBClient", table: str, version: FileVersion, sleep: Callable[[float], None]
    ) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._sleep = sleep
        self._attributes = version.attributes
        self._request: dict[str, Any] = {
            "TableName": table,
            "ConditionExpression": version.condition,
            "ExpressionAttributeNames": version.names,
            "ExpressionAttributeValues": version.values,
        }
        self._given_up = threading.Event()

    def write(self, orders: tuple[Order, ...]) -> Written:
        written = 0
        for order in orders:
            if self._given_up.is_set():
                break  # another writer raises what it was refused
            written += self._put(order)
        return Written(written, len(orders) - written)

    def _put(self, order: Order) -> bool:
        request = self._request | {"Item": item(order) | self._attributes}
        for attempt in range(MAX_ATTEMPTS):
            try:
                self._dynamodb.put_item(**request)
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code == "ConditionalCheckFailedException":
                    return False
                if code not in _BUSY:
                    self._given_up.set()
                    raise
                self._sleep(_BACKOFF.pause(attempt))
            else:
                return True
        self._given_up.set()
        raise OrdersNotWrittenError(f"{self._table} did not take an order in {MAX_ATTEMPTS} attempts")
