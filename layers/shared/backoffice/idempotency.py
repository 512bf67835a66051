"""Powertools' idempotency settings that cannot miss the invocation's context.

Without the context a record that a killed function left in progress stays blocked until it expires, an hour by
default (S-115). Configurations made here are all told of it by one call, at the start of every invocation.
"""

from aws_lambda_powertools.utilities.idempotency import IdempotencyConfig
from aws_lambda_powertools.utilities.typing import LambdaContext

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
    payload_validation_jmespath: str = "",
    expires_after_seconds: int = KEEP_MARKERS_SECONDS,
    raise_on_no_idempotency_key: bool = True,
    claims: bool = True,
) -> IdempotencyConfig:
    """A Powertools configuration; a record without a key is an error unless `raise_on_no_idempotency_key` is off.

    An execution claims its record for the time the invocation has left, so that no other one runs it meanwhile. A
    killed one cannot give its claim back, and retries that come before it lapses are turned away. With `claims` off it
    lapses at once: right where an order protects the record already, or where two executions do no harm.

    Each persistence layer keeps the first configuration it meets (S-117): make one of each for each use.
    """
    config = IdempotencyConfig(
        event_key_jmespath=event_key_jmespath,
        payload_validation_jmespath=payload_validation_jmespath,
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
