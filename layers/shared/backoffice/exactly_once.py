"""Effects that happen exactly once: a record's DynamoDB writes and its completed marker in one transaction.

A function killed anywhere leaves nothing or everything. A record that comes again finds its marker and gets the
stored result. Powertools' idempotency decides what is a key, a duplicate and a changed payload; this package decides
only how the marker is written.

    store = ExactlyOnceStore(settings.markers_table)
    parcels = Table(settings.parcels_table, partition_key="parcel_id")

    @exactly_once(store, key_prefix="scan", key="scan_id", payload_validation="[parcel_id, place]")
    def record_scan(scan: Scan, unit: UnitOfWork) -> Recorded:
        unit.put(parcels, {"parcel_id": scan.parcel_id, "place": scan.place})
        return Recorded(scan.parcel_id)

    record_scan(scan)

The function may run more than once, for instance side by side with itself; only its unit is exactly once. What it does
elsewhere (a message, a call) belongs to Powertools' own ``idempotent_function``, over the ``ClaimingLayer`` of
``backoffice.idempotency``, and must carry the same key.
"""

from __future__ import annotations

import threading
import time
from functools import update_wrapper
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol, cast, get_type_hints

import msgspec
from aws_lambda_powertools.utilities.idempotency import idempotent_function
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyItemAlreadyExistsError,
    IdempotencyPersistenceLayerError,
)
from aws_lambda_powertools.utilities.idempotency.serialization.base import BaseIdempotencySerializer
from aws_lambda_powertools.utilities.jmespath_utils import query

from backoffice.dynamodb import Table, client
from backoffice.errors import ShopError
from backoffice.idempotency import KEEP_MARKERS_SECONDS, ClaimingLayer, idempotency_config
from backoffice.observability import count
from backoffice.transactions import (
    Committer,
    ConflictError,
    MarkerExistsError,
    ThrottledError,
    Transaction,
    TransactionRefusedError,
)
from backoffice.unit_of_work import Action, Condition, ConditionFailedError, UnitOfWork, UnitOfWorkError

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.idempotency.persistence.datarecord import DataRecord
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = [
    "Condition",
    "ConditionFailedError",
    "ConflictError",
    "ExactlyOnceStore",
    "StoredResultError",
    "Table",
    "ThrottledError",
    "TransactionRefusedError",
    "UnitOfWork",
    "UnitOfWorkError",
    "exactly_once",
]

type KeyOf = str | Callable[[Any], object]


class ExactlyOnceStore:
    """The markers table (partition key ``id``, TTL attribute ``expiration``) and the way to commit to it.

    Args:
        table_name: The table; one may serve all functions.
        dynamodb: A low-level client; by default the process's own.
    """

    def __init__(self, table_name: str, dynamodb: DynamoDBClient | None = None) -> None:
        self.table = Table(table_name, partition_key="id")
        self.client = dynamodb or client()
        self.committer = Committer(self.client)


class _Decorator(Protocol):
    def __call__[T, R](self, function: Callable[[T, UnitOfWork], R]) -> Callable[[T], R]: ...


def exactly_once(
    store: ExactlyOnceStore,
    *,
    key_prefix: str,
    key: KeyOf,
    payload_validation: KeyOf | None,
    on_condition_failed: Callable[[Any, ConditionFailedError, UnitOfWork], Any] | None = None,
    expires_after_seconds: int = KEEP_MARKERS_SECONDS,
    in_progress_protection: bool = False,
) -> _Decorator:
    """Decorate ``function(record, unit) -> result``; the decorated one is called with the record alone.

    The result is stored as JSON (msgspec) and decoded to the function's return type for a duplicate.

    Args:
        store: Where the markers are.
        key_prefix: Names the effect. Functions that share it (a consumer and its replay) share their markers, and it
            outlives a function's name (S-110).
        key: What makes two records the same: a JMESPath expression over the record (``"scan_id"``,
            ``"[account, payment_id]"``) or a function of it. Choose a business key, not a delivery's id (S-111).
        payload_validation: What must not differ between two records of the same key, in the same form; a difference
            raises Powertools' ``IdempotencyValidationError``, since a second record would otherwise vanish as a
            duplicate. None where there is nothing to compare: the key says it all.
        on_condition_failed: ``reject(record, failed, unit) -> result``: called when a named condition of the unit did
            not hold. Its unit and its result are the record's instead, and recorded exactly once like any other.
            Without it, ``ConditionFailedError`` is raised and the record has no marker.
        expires_after_seconds: How long a marker is kept.
        in_progress_protection: Also claim the record before the function runs, so that two executions never run it at
            once: one more write a record, needed only where no order protects and the function does more than its unit.

    Raises:
        ValueError: `payload_validation` is an empty expression, which would compare nothing.
        IdempotencyKeyError: from a call, for a record without a key: it has no marker, so it could not be protected.
        IdempotencyPersistenceLayerError: from a call, if the store failed (S-116); its cause says how.
    """
    if payload_validation == "":
        raise ValueError("payload_validation: give an expression, or None where there is nothing to compare")

    def decorate[T, R](function: Callable[[T, UnitOfWork], R]) -> Callable[[T], R]:
        layer = _TransactionalLayer(store, claims=in_progress_protection)

        idempotent: Callable[[Callable[..., R]], Callable[..., R]] = idempotent_function(
            data_keyword_argument="data",
            persistence_store=layer,
            config=idempotency_config(
                event_key_jmespath="key",
                payload_validation_jmespath=None if payload_validation is None else "payload",
                expires_after_seconds=expires_after_seconds,
                claims=in_progress_protection,
            ),
            output_serializer=_Results(_return_type(function)),
            key_prefix=key_prefix,
        )

        @idempotent
        def attempt(*, data: dict[str, Any], work: Callable[[UnitOfWork], R]) -> R:  # noqa: ARG001 - Powertools reads it
            return work(layer.unit)

        def once(record: T) -> R:
            data = {"key": _select(key, record)}
            if payload_validation is not None:
                data["payload"] = _select(payload_validation, record)
            try:
                return layer.judged(lambda: attempt(data=data, work=lambda unit: function(record, unit)))
            except ConditionFailedError as failed:
                if on_condition_failed is None:
                    raise
                reject, why = on_condition_failed, failed
            return layer.judged(lambda: attempt(data=data, work=lambda unit: reject(record, why, unit)))

        update_wrapper(once, function)
        return once

    return decorate


def _select(selector: KeyOf, record: object) -> object:
    if isinstance(selector, str):
        return query(data=msgspec.to_builtins(getattr(record, "raw_event", record)), envelope=selector)
    return selector(record)


def _return_type(function: Callable[..., object]) -> object:
    """What a stored result is decoded to; only this annotation is resolved, the others may exist for checks only."""
    annotation = function.__annotations__.get("return", Any)
    holder = SimpleNamespace(__annotations__={"return": annotation})
    try:
        return get_type_hints(holder, globalns=getattr(function, "__globals__", {}))["return"]
    except NameError as error:
        raise TypeError(
            f"exactly_once: import the result type of {function.__qualname__} outside of TYPE_CHECKING ({error}); "
            "a duplicate's result is decoded to it"
        ) from error


class StoredResultError(ShopError):
    """A marker holds a result that is not of the function's return type, which has changed since it was written."""


class _Results(BaseIdempotencySerializer):
    """Results as JSON. They are wrapped, since Powertools takes a stored result that is falsy for none."""

    def __init__(self, result_type: object) -> None:
        self._type = result_type

    def to_dict(self, data: object) -> dict[str, Any]:
        return {"result": msgspec.to_builtins(data, str_keys=True)}

    def from_dict(self, data: dict[str, Any]) -> object:
        try:
            return msgspec.convert(data["result"], cast("type[object]", self._type), str_keys=True)
        except msgspec.ValidationError as error:  # not the record's fault, whose own validation raises the same type
            raise StoredResultError("the marker's result is not of the function's return type any more") from error


class _Attempt(threading.local):
    """What the calls of Powertools have to share within one attempt, in one thread."""

    unit: UnitOfWork | None = None
    found: MarkerExistsError | None = None


_FREE = (
    "attribute_not_exists(#id) OR #expiry < :now OR "
    "(#status = :inprogress AND attribute_exists(#claim) AND #claim < :now_ms)"
)


class _TransactionalLayer(ClaimingLayer):
    """Powertools' DynamoDB layer, with the completed marker written in the transaction of the record's own writes.

    A duplicate is found by that transaction, after the function ran; Powertools looks for it before. So the attempt is
    made once more, and finds what the transaction found.
    """

    def __init__(self, store: ExactlyOnceStore, *, claims: bool) -> None:
        super().__init__(table_name=store.table.name, key_attr=store.table.partition_key, boto3_client=store.client)
        self._store = store
        self._claims = claims
        self._attempt = _Attempt()

    @property
    def unit(self) -> UnitOfWork:
        """The unit of work of the record that this thread handles."""
        if self._attempt.unit is None:
            raise UnitOfWorkError(
                "no unit of work is open: exactly_once works with Powertools' idempotency enabled only"
            )
        return self._attempt.unit

    def judged[R](self, attempt: Callable[[], R]) -> R:
        """Make an attempt; a duplicate's stored result and a failed condition come out as what they are."""
        try:
            return attempt()
        except IdempotencyPersistenceLayerError as error:
            match error.__cause__:
                case MarkerExistsError() as found:
                    self._attempt.found = found
                case ConditionFailedError() as failed:
                    raise failed from None
                case _:
                    raise
        result = attempt()
        count("DuplicateRecords")
        return result

    def _put_record(self, data_record: DataRecord) -> None:
        found, self._attempt.found = self._attempt.found, None
        if found:
            self._refuse(data_record, found)
        if self._claims:
            super()._put_record(data_record)
        self._attempt.unit = UnitOfWork(self._store.client)

    def _refuse(self, data_record: DataRecord, found: MarkerExistsError) -> None:
        if found.marker is None:
            raise IdempotencyItemAlreadyExistsError
        stored = self._item_to_data_record(found.marker)
        self._validate_payload(data_payload=data_record, stored_data_record=stored)
        raise IdempotencyItemAlreadyExistsError(old_data_record=stored)

    def _update_record(self, data_record: DataRecord) -> None:
        actions, self._attempt.unit = self.unit.actions, None
        try:
            self._store.committer.commit(Transaction(self._marker(data_record), actions))
        except MarkerExistsError:
            raise
        except Exception:
            self._release(data_record)
            raise

    def _marker(self, data_record: DataRecord) -> Action:
        key = self._get_key(data_record.idempotency_key)
        item = {
            **key,
            self.expiry_attr: {"N": str(data_record.expiry_timestamp)},
            self.status_attr: {"S": data_record.status},
            self.data_attr: {"S": data_record.response_data},
        }
        if self.payload_validation_enabled:
            item[self.validation_key_attr] = {"S": data_record.payload_hash}
        put = {
            "TableName": self.table_name,
            "Item": item,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            **(self._ours() if self._claims else self._free()),
        }
        return Action(cast("Any", {"Put": put}), (self.table_name, data_record.idempotency_key))

    def _free(self) -> dict[str, Any]:
        now = time.time()
        return {
            "ConditionExpression": _FREE,
            "ExpressionAttributeNames": {
                "#id": self.key_attr,
                "#expiry": self.expiry_attr,
                "#status": self.status_attr,
                "#claim": self.in_progress_expiry_attr,
            },
            "ExpressionAttributeValues": {
                ":now": {"N": str(int(now))},
                ":now_ms": {"N": str(int(now * 1000))},
                ":inprogress": {"S": "INPROGRESS"},
            },
        }

    def _delete_record(self, data_record: DataRecord) -> None:
        self._attempt.unit = None
        self._release(data_record)

    def _release(self, data_record: DataRecord) -> None:
        """Give up the claim, unless another execution has taken the record over."""
        if self._claims:
            super()._delete_record(data_record)
