"""Commits transactions to DynamoDB: several records' together where they wait side by side, each judged alone.

A call costs its round trip and most of its CPU however many actions it carries. So transactions that threads ask for
at about the same time share one ``TransactWriteItems`` call. The guarantees are those of a call each: a group is
written whole or not at all, and when it is refused, the cancellation reasons say whose fault it was; the others are
tried again without it.
"""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import Future
from itertools import accumulate
from typing import TYPE_CHECKING, Any, cast

import msgspec
from botocore.exceptions import ClientError

from backoffice.dynamodb import Item, ItemIdentity, deserialize
from backoffice.errors import ShopError
from backoffice.units import MAX_ACTIONS, Action, ConditionFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

ATTEMPTS = 8
_FIRST_BACKOFF_S = 0.02
_LONGEST_BACKOFF_S = 0.5
_COMPANY_S = 0.00005
_RETRYABLE = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})


class Transaction(msgspec.Struct, frozen=True):
    """The completed marker of a record and the record's own actions."""

    marker: Action
    actions: list[Action]

    @property
    def all_actions(self) -> list[Action]:
        """Every action, the marker first: the order of the cancellation reasons."""
        return [self.marker, *self.actions]


class MarkerExistsError(Exception):
    """The marker's condition did not hold: the record was completed before, or is in progress elsewhere.

    Attributes:
        marker: The stored marker, in DynamoDB's own values, if DynamoDB sent it.
    """

    def __init__(self, marker: dict[str, AttributeValueTypeDef] | None) -> None:
        super().__init__("the record has a marker")
        self.marker = marker


class ConflictError(ShopError):
    """DynamoDB was too busy, or another transaction held one of the items; trying again is right."""


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
        if code in _RETRYABLE:
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


type _Waiting = tuple[Transaction, Future[None]]


class Committer:
    """Commits transactions for many threads.

    The first thread to ask waits a moment for company, then sends what has gathered while the others wait. Transactions
    that touch the same item go into different calls, as DynamoDB demands, in the order they came.
    """

    def __init__(self, client: DynamoDBClient, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._sleep = sleep
        self._lock = threading.Lock()
        self._gathered: list[_Waiting] = []

    def commit(self, transaction: Transaction) -> None:
        """Commit, or raise what `verdict` finds, or the client's error. Conflicts are retried a few times first."""
        for attempt in range(ATTEMPTS):
            try:
                self._take_part(transaction)
            except ConflictError:
                if attempt == ATTEMPTS - 1:
                    raise
                longest = min(_LONGEST_BACKOFF_S, _FIRST_BACKOFF_S * 2**attempt)
                self._sleep(random.uniform(0, longest))  # noqa: S311 - spreads retries, guards no secret
            else:
                return

    def _take_part(self, transaction: Transaction) -> None:
        done: Future[None] = Future()
        with self._lock:
            self._gathered.append((transaction, done))
            leads = len(self._gathered) == 1
        if leads:
            self._lead()
        done.result()

    def _lead(self) -> None:
        gathered = self._gather()
        try:
            for group in _groups(gathered):
                self._send(group)
        except BaseException as error:
            for _, done in gathered:
                if not done.done():
                    done.set_exception(error)
            raise

    def _gather(self) -> list[_Waiting]:
        seen = 0
        while len(self._gathered) > seen:
            seen = len(self._gathered)
            self._sleep(_COMPANY_S)
        with self._lock:
            gathered, self._gathered = self._gathered, []
        return gathered

    def _send(self, group: list[_Waiting]) -> None:
        while group:
            actions = [action.request for transaction, _ in group for action in transaction.all_actions]
            try:
                self._client.transact_write_items(TransactItems=actions)
            except ClientError as error:
                group = self._settle(group, error)
            else:
                for _, done in group:
                    done.set_result(None)
                return

    def _settle(self, group: list[_Waiting], error: ClientError) -> list[_Waiting]:
        """Tell those at fault; the others are returned, to be sent again."""
        faults = _faults([transaction for transaction, _ in group], error)
        if any(faults):
            for (_, done), fault in zip(group, faults, strict=True):
                if fault:
                    done.set_exception(fault)
            return [waiting for waiting, fault in zip(group, faults, strict=True) if not fault]
        if len(group) == 1:
            group[0][1].set_exception(error)
            return []
        # No telling whose fault it was (the call too large, for one): each alone will show it.
        for waiting in group:
            self._send([waiting])
        return []


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
