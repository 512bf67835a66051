"""Journals as a running service keeps them."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from landfast.journal import (
    Accepted,
    Checkpointed,
    Deleted,
    Delivered,
    Divided,
    Dropped,
    Entry,
    Finished,
    Invoked,
    Retrying,
    Returned,
    Settled,
)

NOON: Final = 1_767_268_800.0
"""2026-01-01T12:00:00Z."""

EVENT: Final = "0b4fa2c1-9b1c-4a53-a3a9-2f6c7d5e1f00"
MESSAGES: Final = tuple(f"{digit * 8}-1111-4222-8333-444455556666" for digit in "abc")
SHARD: Final = "shardId-000000000003"
RECORDS: Final = tuple(
    f"{SHARD}:4959033827149025660855969253836157109592157598913658889{number}" for number in range(4)
)
QUEUE: Final = "arn:aws:sqs:us-east-1:123456789012:orders"
STREAM: Final = "arn:aws:kinesis:us-east-1:123456789012:stream/scans"

_HANDLER: Final = '  File "/app/orders.py", line 12, in handler\n    charge(order)\n'
_CHARGE: Final = '  File "/app/orders.py", line 30, in charge\n    raise ValueError("no stock")\n'
ERROR: Final[dict[str, Any]] = {
    "errorType": "ValueError",
    "errorMessage": "no stock",
    "stackTrace": [_HANDLER, _CHARGE],
}
TIMED_OUT: Final = "Error: Task timed out after 3.00 seconds"


def invoked(source: str, at: float, records: tuple[str, ...], request: str, attempt: int = 1, **more: Any) -> Entry:
    return Invoked(
        at=NOON + at, source=source, records=records, request_id=request, attempt=attempt, function="Orders", **more
    )


def finished(source: str, at: float, records: tuple[str, ...], request: str, outcome: str, **more: Any) -> Entry:
    return Finished(at=NOON + at, source=source, records=records, request_id=request, outcome=outcome, **more)


def events() -> Iterator[Entry]:
    """An event that fails twice in the same way, is throttled in between, and goes to a destination."""
    records = (EVENT,)
    yield Accepted(at=NOON, source="Orders", records=records, origin="invoke")
    yield invoked("Orders", 0.25, records, EVENT)
    yield finished("Orders", 1.25, records, EVENT, "raise", error=ERROR)
    yield Retrying(at=NOON + 1.25, source="Orders", records=records, due=NOON + 61, rule="S-04 function error")
    yield invoked("Orders", 61, records, EVENT, 2)
    yield finished("Orders", 61.5, records, EVENT, "throttle")
    yield Retrying(at=NOON + 61.5, source="Orders", records=records, due=NOON + 62, rule="S-06 throttled")
    yield invoked("Orders", 62, records, EVENT, 2)
    yield finished("Orders", 63, records, EVENT, "raise", error=ERROR)
    yield Dropped(at=NOON + 63, source="Orders", records=records, metric="DeadLetterErrors", error="no such queue")
    yield Delivered(
        at=NOON + 63, source="Orders", records=records, kind="sqs", target=QUEUE, rule="S-04 RetriesExhausted",
        body={"requestContext": {"approximateInvokeCount": 2}},
    )  # fmt: skip
    yield Settled(at=NOON + 63, source="Orders", records=records, state="to_destination", rule="S-04 RetriesExhausted")


def messages() -> Iterator[Entry]:
    """A batch of which one message is reported; it is given back before the other ones are noted as deleted."""
    first, *rest = MESSAGES
    yield Accepted(at=NOON, source="OrdersQueue", records=MESSAGES, origin=QUEUE)
    yield invoked("OrdersQueue", 1, MESSAGES, "q1")
    failures = {"batchItemFailures": [{"itemIdentifier": first}]}
    yield finished("OrdersQueue", 2, MESSAGES, "q1", "succeed", value=failures)
    yield Returned(at=NOON + 2, source="OrdersQueue", records=(first,), due=NOON + 30)
    yield Deleted(at=NOON + 2, source="OrdersQueue", records=tuple(rest))
    yield Settled(at=NOON + 3, source="OrdersQueue", records=tuple(rest), state="processed", rule="S-97")
    yield Retrying(
        at=NOON + 4, source="OrdersQueue", due=NOON + 5, rule="receiving messages: Could not connect to the endpoint"
    )
    yield Accepted(at=NOON + 30, source="OrdersQueue", records=(first,), origin=QUEUE)
    yield invoked("OrdersQueue", 31, (first,), "q2", 2)
    yield finished("OrdersQueue", 32, (first,), "q2", "succeed")
    yield Deleted(at=NOON + 32, source="OrdersQueue", records=(first,))
    yield Settled(at=NOON + 32, source="OrdersQueue", records=(first,), state="processed", rule="S-97")


def stream() -> Iterator[Entry]:
    """A batch that times out, is bisected, and leaves one record out that nothing has tried yet."""
    batch, left, right = RECORDS[:3], RECORDS[:1], RECORDS[1:3]
    source = "ScansStream"
    yield Accepted(at=NOON, source=source, records=RECORDS, origin=STREAM)
    yield invoked(source, 0, batch, "s1", shard=SHARD)
    error = {"errorType": "Sandbox.Timedout", "errorMessage": f"RequestId: s1 {TIMED_OUT}"}
    yield finished(source, 3, batch, "s1", "timeout", error=error)
    yield Divided(at=NOON + 3, source=source, records=left, rest=right, rule="S-60 bisected")
    yield invoked(source, 3, left, "s2", shard=SHARD)
    error = {"errorType": "Sandbox.Timedout", "errorMessage": f"RequestId: s2 {TIMED_OUT}"}
    yield finished(source, 6, left, "s2", "timeout", error=error)
    yield Settled(at=NOON + 6, source=source, records=left, state="dropped", rule="S-59 RetryAttemptsExhausted")
    yield Dropped(at=NOON + 6, source=source, records=left, metric="DroppedEventCount")
    yield Checkpointed(at=NOON + 6, source=source, sequence="49590338", shard=SHARD)
    yield invoked(source, 6, right, "s3", shard=SHARD)
    yield finished(source, 7, right, "s3", "succeed")
    yield Settled(at=NOON + 7, source=source, records=right, state="processed", rule="S-46 the batch succeeded")


def mixed(*journals: Iterable[Entry]) -> list[Entry]:
    """All entries in the order in which they were noted."""
    return sorted((entry for journal in journals for entry in journal), key=lambda entry: entry.at)


def everything() -> list[Entry]:
    return mixed(events(), messages(), stream())
