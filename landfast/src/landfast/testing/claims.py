"""Claims that functions make on events, and how they lapse although waits are skipped."""

import threading
import time
from collections.abc import Collection
from typing import TYPE_CHECKING, Self

from landfast.dataplane.clients import Clients

if TYPE_CHECKING:
    from landfast.testing.stack import Stack

CLAIMS = ("in_progress_expiration",)
"""The attribute by which Powertools' idempotency utility claims an event, until its function's time is over."""

_NOTICEABLE = 0.05
_MILLISECONDS = 1e11
"""More seconds than a time of this age has."""


class Ageing:
    """Lets claims lapse as time is skipped, within its context.

    Functions see real time, so that a claim until a time that was skipped would still hold when its event is tried
    again. Before each invocation after a crash, claims become older by what was skipped since the one before. They are
    changed behind the event plane, so that no stream tells of it.

    Args:
        stack: The stack.
        claims: Attributes that hold a time, in Unix seconds or milliseconds.
    """

    def __init__(self, stack: "Stack", claims: Collection[str]) -> None:
        service = stack.service
        self._service = service
        self._claims = claims
        self._clients = Clients(service.engine.url, service.options.region, key=service.engine.key)
        self._lock = threading.Lock()
        self._skew = self._ahead()
        self._tables = [table.name for table in service.running.of_kind("table")]

    def __enter__(self) -> Self:
        self._service.functions.before = self._catch_up
        return self

    def __exit__(self, *_: object) -> None:
        self._service.functions.before = lambda: None
        self._clients.close()

    def _ahead(self) -> float:
        """How far the service's clock is ahead of the real one, in seconds."""
        return self._service.clock.now() - time.time()

    def _catch_up(self) -> None:
        with self._lock:
            skipped = self._ahead() - self._skew
            self._skew += skipped
            if skipped < _NOTICEABLE or self._service.faults.pending():
                return
            # Where nobody had a claim at the crash, nobody has one who does not come to give it back.
            self._tables = [
                table for table in self._tables if sum(self._age(table, claim, skipped) for claim in self._claims)
            ]

    def _age(self, table: str, claim: str, seconds: float) -> bool:
        """Make the claims in a table older; False if there is none."""
        dynamodb, named = self._clients.dynamodb, {"#claim": claim}
        pages = dynamodb.get_paginator("scan").paginate(
            TableName=table,
            FilterExpression="attribute_type(#claim, :number)",
            ExpressionAttributeNames=named,
            ExpressionAttributeValues={":number": {"S": "N"}},
        )
        claimed = [item for page in pages for item in page["Items"]]
        if not claimed:
            return False
        keys = [key["AttributeName"] for key in dynamodb.describe_table(TableName=table)["Table"]["KeySchema"]]
        for item in claimed:
            until = float(item[claim]["N"])
            aged = until - (seconds * 1000 if until > _MILLISECONDS else seconds)
            dynamodb.update_item(
                TableName=table,
                Key={name: item[name] for name in keys},
                UpdateExpression="SET #claim = :aged",
                ExpressionAttributeNames=named,
                ExpressionAttributeValues={":aged": {"N": str(int(aged))}},
            )
        return True
