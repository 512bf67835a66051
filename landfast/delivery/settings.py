"""The points that AWS does not document, each a setting with a default.

The ids are those of the reference's list of unconfirmed points. A test that depends on one says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, cast

from landfast.delivery.errors import Refused


@dataclass(frozen=True, slots=True)
class Backoff:
    """Growing waits between tries.

    Attributes:
        base: The first wait, in seconds.
        factor: By what each wait grows.
        cap: The longest wait, in seconds.
    """

    base: float = 1.0
    factor: float = 2.0
    cap: float = 300.0

    def wait(self, failures: int) -> float:
        """The wait, in seconds, after `failures` tries (from 1) have failed."""
        exponent = min(failures - 1, 64)
        return min(self.cap, self.base * self.factor**exponent)


@dataclass(frozen=True, slots=True)
class Settings:
    """Defaults are the proposals of the reference; `from_ids` reads others."""

    count_throttled_attempts: bool = False
    version_config_for_bare_alias: bool = False
    handled_errors: bool = False
    fifo_destination_text: str = (
        "The destination ARN is of an unsupported type: FIFO queues and topics cannot be destinations."
    )
    delivery_retries: int = 0
    oversized_sns_keeps_null_payloads: bool = False
    dlq_removed_by_empty_config: bool = False
    recursion_condition: str = "RecursiveInvocationDetected"
    s3_event_version: str = "2.1"
    s3_test_event_to_lambda: bool = False
    failing_lane_blocks_shard: bool = False
    parents_first: bool = True
    stream_backoff: Backoff = Backoff()
    bisect_keeps_attempts: bool = False
    qualified_stream_arn: bool = True
    unknown_identifier_fails_batch: bool = True
    odd_values_succeed: bool = True
    window_alignment_to_epoch: bool = True
    batch_size_after_filters: bool = True
    extend_receipts: bool = False
    hold_throttled_batches: bool = True
    queue_on_failure_text: str = "Unsupported DestinationConfig parameter for given event source mapping type."
    plain_body_patterns: bool = True
    drop_oversized_records: bool = True
    empty_final_window: bool = True
    redraw_alias_version: bool = True
    zero_concurrency_wait: float = 0.0
    keep_receive_order: bool = True


IDS: Mapping[str, str] = {f"U-{number}": field.name for number, field in enumerate(fields(Settings), start=1)}
"""Which setting each unconfirmed point is: U-1 is the first field, and so on."""


def from_ids(values: Mapping[str, Any]) -> Settings:
    """Settings given by the ids of the reference, e.g. ``{"U-13": {"cap": 60}}``.

    Raises:
        Refused: An id that is not in the list, or a value of another type than the default's.
    """
    changes: dict[str, Any] = {}
    for key, value in values.items():
        if key not in IDS:
            raise Refused(
                f"settings.{key}",
                f"no such setting; there are U-1 to U-{len(IDS)}",
                code="ValidationException",
            )
        name = IDS[key]
        changes[name] = _converted(key, getattr(Settings(), name), value)
    return replace(Settings(), **changes)


def _converted(key: str, default: object, value: object) -> object:
    match default, value:
        case Backoff(), {**given} if set(given) <= {"base", "factor", "cap"} and all(map(_is_positive, given.values())):
            return Backoff(**cast("dict[str, float]", given))
        case (bool(), bool()) | (str(), str()):
            return value
        case int() | float(), int() | float() if (
            not isinstance(default, bool) and not isinstance(value, bool) and value >= 0
        ):
            return type(default)(value)
    raise Refused(f"settings.{key}", f"{value!r} is not like the default {default!r}", code="ValidationException")


def _is_positive(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0
