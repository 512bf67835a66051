"""Writes orders to the orders table: BatchWriteItem, concurrently, until nothing is left unprocessed."""

import random
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import batched
from typing import TYPE_CHECKING

from import_orders.order import Order, OrderLine

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, WriteRequestUnionTypeDef

BATCH = 25
"""Most writes BatchWriteItem takes (DynamoDB API reference)."""
WRITERS = 8
"""Batches in flight: enough to hide DynamoDB's latency, few enough that the CPU keeps up."""
MAX_ATTEMPTS = 12
"""Tries of one batch, about half a minute of waits in all; then the file's own retry takes over."""
_FIRST_WAIT_S = 0.05
_LONGEST_WAIT_S = 5.0


class OrdersNotWrittenError(RuntimeError):
    """DynamoDB kept refusing writes; the import is safe to repeat, the same orders give the same table."""


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
    dynamodb: "DynamoDBClient", table: str, orders: Iterable[Order], *, sleep: Callable[[float], None] = time.sleep
) -> int:
    """Put every order, replacing what the table has under its id; return how many.

    At most `WRITERS` batches are in memory at a time. Order ids must differ, as `read_orders` sees to:
    DynamoDB refuses two writes of one item in a batch, and batches overtake each other.

    Raises:
        OrdersNotWrittenError: after `MAX_ATTEMPTS` of one batch; no new batch is begun then.
    """
    written = 0
    with ThreadPoolExecutor(WRITERS, thread_name_prefix="orders") as pool:
        in_flight: set[Future[int]] = set()
        for batch in batched(orders, BATCH, strict=False):
            if len(in_flight) >= WRITERS:
                done, in_flight = wait(in_flight, return_when=FIRST_COMPLETED)
                written += sum(future.result() for future in done)
            in_flight.add(pool.submit(_write_batch, dynamodb, table, batch, sleep))
        return written + sum(future.result() for future in in_flight)


def _write_batch(
    dynamodb: "DynamoDBClient", table: str, orders: tuple[Order, ...], sleep: Callable[[float], None]
) -> int:
    left: list[WriteRequestUnionTypeDef] = [{"PutRequest": {"Item": item(order)}} for order in orders]
    for pause in _waits():
        answer = dynamodb.batch_write_item(RequestItems={table: left})
        left = [*answer["UnprocessedItems"].get(table, [])]
        if not left:
            return len(orders)
        sleep(pause)
    raise OrdersNotWrittenError(
        f"{table} left {len(left)} of {len(orders)} orders unwritten after {MAX_ATTEMPTS} attempts"
    )


def _waits() -> Iterator[float]:
    """Yield growing waits with full jitter, so that throttled writers do not come back together."""
    for attempt in range(MAX_ATTEMPTS):
        yield random.uniform(0, min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2**attempt))  # noqa: S311  no secret
