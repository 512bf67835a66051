"""Commits transactions to DynamoDB: several records' together where they wait side by side, each judged alone.

A call costs its round trip and most of its CPU however many actions it carries. So transactions that threads ask for
at about the same time share one ``TransactWriteItems`` call. The guarantees are those of a call each: a group is
written whole or not at all, and when it is refused, the cancellation reasons say whose fault it was; the others are
tried again without it.
"""

from __future__ import annotations

import time
from itertools import accumulate
from typing import TYPE_CHECKING, Any, cast

import msgspec
from botocore.exceptions import ClientError

from backoffice import invocation
from backoffice.backoff import Backoff
from backoffice.dynamodb import Item, ItemIdentity, deserialize
from backoffice.errors import ShopError
from backoffice.sharing import Shared, Waiting
from backoffice.unit_of_work import MAX_ACTIONS, Action, ConditionFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

ATTEMPTS = 8
_CONFLICT = "TransactionConflict"
_THROTTLED = frozenset({"ThrottlingError", "ProvisionedThroughputExceeded"})
"""Cancellation reasons that say that a table was too busy for this transaction, whatever is in it."""

_BUSY = frozenset(
    {
        "IdempotentParameterMismatchException",
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)
"""Errors of a whole call that pass. The two about botocore's request token pass since the next call has another one."""

_SERVER_ERRORS = 500
_CONTENT = frozenset({"ValidationException", "TransactionCanceledException"})
"""Errors of a whole call for which one of its transactions may be to blame."""


CONFLICT_BACKOFF = Backoff(first=0.02, longest=0.5)
THROTTLE_BACKOFF = Backoff(first=0.1, longest=2.0)
"""On top of botocore's own waits: a throttled table gets fewer calls, not more."""


class Transaction(msgspec.Struct, frozen=True):
    """The completed marker of a record and the record's own actions."""

    marker: Action
    actions: list[Action]

    @property
    def all_actions(self) -> list[Action]:
        """Every action, the marker first: the order of the cancellation reasons."""
        return [self.marker, *self.actions]


class MarkerExistsError(ShopError):
    """The marker's condition did not hold: the record was completed before, or is in progress elsewhere.

    Attributes:
        marker: The stored marker, in DynamoDB's own values, if DynamoDB sent it.
    """

    def __init__(self, marker: dict[str, AttributeValueTypeDef] | None) -> None:
        super().__init__("the record has a marker")
        self.marker = marker


class ConflictError(ShopError):
    """Another transaction held one of the items; trying again is right."""


class ThrottledError(ConflictError):
    """DynamoDB was too busy, for longer than there was patience or time; trying again is right."""


class TransactionRefusedError(ShopError):
    """DynamoDB refused the transaction for a reason that trying again does not mend."""


def verdict(transaction: Transaction, reasons: Sequence[dict[str, Any]]) -> Exception | None:
    """Why `transaction` was refused, from its part of ``CancellationReasons``; None if it was not at fault.

    A marker that exists comes first: whatever else is true, the record was done before.
    """
    if _code(reasons[0]) == "ConditionalCheckFailed":
        return MarkerExistsError(reasons[0].get("Item"))
    codes = [_code(reason) for reason in reasons]
    for code in codes:
        if code in _THROTTLED:
            return ThrottledError(f"DynamoDB: {code}")
        if code == _CONFLICT:
            return ConflictError(f"DynamoDB: {code}")
    for action, reason in zip(transaction.all_actions, reasons, strict=True):
        if _code(reason) == "ConditionalCheckFailed":
            return ConditionFailedError(action.condition or "", _plain(reason.get("Item")))
    faults = [code for code in codes if code != "None"]
    return TransactionRefusedError(f"DynamoDB refused the transaction: {', '.join(faults)}") if faults else None


def _code(reason: dict[str, Any]) -> str:
    return str(reason.get("Code") or "None")


def _plain(item: dict[str, AttributeValueTypeDef] | None) -> Item | None:
    return deserialize(item) if item else None


type _Waiting = Waiting[Transaction]


class Committer:
    """Commits transactions for many threads, several in a call where they come side by side.

    Transactions that touch the same item go into different calls, as DynamoDB demands, in the order they came.

    Args:
        client: A low-level client.
        sleep: Waits for company and between attempts.
        seconds_left: The time in which further attempts make sense.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        sleep: Callable[[float], None] = time.sleep,
        seconds_left: Callable[[], float] = invocation.seconds_left,
    ) -> None:
        self._client = client
        self._sleep = sleep
        self._seconds_left = seconds_left
        self._shared = Shared(self._send_all, sleep)

    def commit(self, transaction: Transaction) -> None:
        """Commit, or raise what `verdict` finds, or the client's error. What passes is tried a few times first."""
        attempt = 0
        while True:
            try:
                return self._shared.ask(transaction)
            except ThrottledError:
                raise  # the call was repeated already, for all that shared it
            except ConflictError:
                if not self._paused(CONFLICT_BACKOFF, attempt):
                    raise
            attempt += 1

    def _paused(self, backoff: Backoff, attempt: int) -> bool:
        """Wait before the next attempt, if there is to be one."""
        pause = backoff.pause(attempt)
        if attempt + 1 >= ATTEMPTS or pause >= self._seconds_left():
            return False
        self._sleep(pause)
        return True

    def _send_all(self, gathered: list[_Waiting]) -> None:
        for group in _groups(gathered):
            self._send(group)

    def _send(self, group: list[_Waiting]) -> None:
        attempt = 0
        while group:
            actions = [action.request for transaction, _ in group for action in transaction.all_actions]
            try:
                self._client.transact_write_items(TransactItems=actions)
            except ClientError as error:
                group, busy = self._settle(group, error)
            else:
                return _tell(group, None)
            if busy:
                if group and not self._paused(THROTTLE_BACKOFF, attempt):
                    return _tell(group, busy)
                attempt += 1
        return None

    def _settle(self, group: list[_Waiting], error: ClientError) -> tuple[list[_Waiting], ThrottledError | None]:
        """Tell those whose fault it was. The others are returned, to be sent again; together, and after a wait if busy.

        A table that is too busy for one of them is likely so for its neighbours: they wait with it, in the one call.
        """
        faults = _faults([transaction for transaction, _ in group], error)
        if any(faults):
            busy = next((fault for fault in faults if isinstance(fault, ThrottledError)), None)
            again = []
            for waiting, fault in zip(group, faults, strict=True):
                if fault is None or isinstance(fault, ThrottledError):
                    again.append(waiting)
                else:
                    _tell([waiting], fault)
            return again, busy
        code = error.response["Error"].get("Code", "")
        if code in _BUSY or error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= _SERVER_ERRORS:
            return group, ThrottledError(f"DynamoDB: {code}")
        if code not in _CONTENT or len(group) == 1:
            _tell(group, error)
        else:
            # No telling whose fault it was (the call too large, for one): the halves will show it.
            self._send(group[: len(group) // 2])
            self._send(group[len(group) // 2 :])
        return [], None


def _tell(group: list[_Waiting], failure: Exception | None) -> None:
    for _, done in group:
        if failure is None:
            done.set_result(None)
        else:
            done.set_exception(failure)


def _groups(gathered: list[_Waiting]) -> Iterator[list[_Waiting]]:
    """Split into what one call takes each: no item twice, and no more actions than DynamoDB allows."""
    while gathered:
        group: list[_Waiting] = []
        left: list[_Waiting] = []
        touched: set[ItemIdentity] = set()
        for waiting in gathered:
            identities = {action.identity for action in waiting[0].all_actions}
            fits = len(touched) + len(identities) <= MAX_ACTIONS and touched.isdisjoint(identities)
            (group if fits else left).append(waiting)
            touched |= identities
        yield group
        gathered = left


def _faults(transactions: Sequence[Transaction], error: ClientError) -> list[Exception | None]:
    sizes = [len(transaction.all_actions) for transaction in transactions]
    reasons: list[dict[str, Any]] = cast("Any", error.response).get("CancellationReasons", [])
    if len(reasons) != sum(sizes):
        return [None] * len(transactions)
    ends = list(accumulate(sizes))
    return [
        verdict(transaction, reasons[end - size : end])
        for transaction, size, end in zip(transactions, sizes, ends, strict=True)
    ]
