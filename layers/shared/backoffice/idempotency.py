"""Powertools' idempotency settings that cannot miss the invocation's context.

Without the context a record that a killed function left in progress stays blocked until it expires, an hour by
default (S-115). Configurations made here are all told of it by one call, at the start of every invocation.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.idempotency.persistence.datarecord import DataRecord

KEEP_MARKERS_SECONDS = 30 * 24 * 3600
"""Longer than any queue or failure store keeps a record (14 days), so that a late replay is still a duplicate."""


class _NoTimeLeft(LambdaContext):
    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 0


_configs: list[IdempotencyConfig] = []


def idempotency_config(
    *,
    event_key_jmespath: str,
    payload_validation_jmespath: str | None,
    expires_after_seconds: int = KEEP_MARKERS_SECONDS,
    raise_on_no_idempotency_key: bool = True,
    claims: bool = True,
) -> IdempotencyConfig:
    """A Powertools configuration; a record without a key is an error unless `raise_on_no_idempotency_key` is off.

    `payload_validation_jmespath` is what must not differ between two records of the same key; a difference raises
    Powertools' ``IdempotencyValidationError``. Both expressions see the data keyword argument only, so that has to
    hold the content. None says that the key is all there is: a record that came under a known key would be a
    duplicate whatever else it says.

    An execution claims its record for the time the invocation has left, so that no other one runs it meanwhile. A
    killed one cannot give its claim back, and retries that come before it lapses are turned away. With `claims` off it
    lapses at once: right where an order protects the record already, or where two executions do no harm.

    Each persistence layer keeps the first configuration it meets (S-117): make one of each for each use.
    """
    if payload_validation_jmespath == "":
        raise ValueError("payload_validation_jmespath: give an expression, or None where there is nothing to compare")
    config = IdempotencyConfig(
        event_key_jmespath=event_key_jmespath,
        payload_validation_jmespath=payload_validation_jmespath or "",
        expires_after_seconds=expires_after_seconds,
        raise_on_no_idempotency_key=raise_on_no_idempotency_key,
        hash_function="sha256",
        lambda_context=_NoTimeLeft(),
    )
    if claims:
        _configs.append(config)
    return config


def register_lambda_context(context: LambdaContext) -> None:
    """Tell every configuration of this process the context of the invocation that begins (S-115)."""
    for config in _configs:
        config.register_lambda_context(context)


class _Claim(threading.local):
    until_ms: int | None = None


class ClaimingLayer(DynamoDBPersistenceLayer):
    """Powertools' DynamoDB layer, for the threads of a batch: of one configuration, and of claims of their own.

    Powertools configures a layer at its first use, and says so before it has: a second thread, at the same moment of
    a cold start, would make its key by the defaults (another hash, over the whole record). The record would then have
    a marker that no later delivery finds, and its effect twice.

    An execution that was left behind may fail long after its claim has lapsed, when another one has taken the record
    over or completed it. Powertools would delete the marker, whoever's it is, and the effect would come again.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Powertools' own arguments
        super().__init__(*args, **kwargs)
        self._claim = _Claim()
        self._configuring = threading.Lock()

    def configure(
        self, config: IdempotencyConfig, function_name: str | None = None, key_prefix: str | None = None
    ) -> None:
        """Take the configuration if there is none yet; whoever returns from here finds all of it."""
        with self._configuring:
            super().configure(config, function_name, key_prefix)

    def _put_record(self, data_record: DataRecord) -> None:
        super()._put_record(data_record)
        self._claim.until_ms = data_record.in_progress_expiry_timestamp

    def _delete_record(self, data_record: DataRecord) -> None:
        try:
            self.client.delete_item(
                TableName=self.table_name, Key=self._get_key(data_record.idempotency_key), **self._ours()
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise

    def _ours(self) -> dict[str, Any]:
        """The condition that the marker is this thread's claim."""
        return {
            "ConditionExpression": "#status = :inprogress AND #claim = :claim",
            "ExpressionAttributeNames": {"#status": self.status_attr, "#claim": self.in_progress_expiry_attr},
            "ExpressionAttributeValues": {
                ":inprogress": {"S": "INPROGRESS"},
                ":claim": {"N": str(self._claim.until_ms)},
            },
        }
