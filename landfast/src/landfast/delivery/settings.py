"""The points that AWS does not document, each a setting with a default.

The ids are those of the reference's list of unconfirmed points, written beside each field. A test that depends on one
says so. `docs/conformance.md` lists them all, with the tests that show what another value changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, Final, Literal, cast

from landfast.delivery.errors import Refused

_LONGEST: Final = 1e9
"""Seconds that a setting's wait may have."""

_STEEPEST: Final = 100.0
"""By how much a setting's waits may grow from one to the next."""


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
class Bisect:
    """The unconfirmed points of a bisected batch (S-62).

    Attributes:
        odd_record: The half that the middle record of an odd batch goes to.
        order: ``left`` works the left half off to its end before the right one; ``breadth`` tries both halves before
            the parts of either.
        counter: ``fresh`` begins to count anew for each half; ``kept`` goes on from the whole batch's count, the
            attempt that led to the split included.
        exhausted: ``single`` gives up nothing that can still be split; ``any`` gives up a batch of any size whose
            retries are used up.
    """

    odd_record: Literal["right", "left"] = "right"
    order: Literal["left", "breadth"] = "left"
    counter: Literal["fresh", "kept"] = "fresh"
    exhausted: Literal["single", "any"] = "single"

    def __str__(self) -> str:
        return _told(self)

    def middle(self, size: int) -> int:
        """Count the records of a batch of `size` that the left half gets."""
        return size // 2 if self.odd_record == "right" else (size + 1) // 2


@dataclass(frozen=True, slots=True)
class OversizedRecords:
    """The end of a record that no invocation's payload can hold (S-48).

    Attributes:
        drop: True if it is dropped, and counted, where there is no on-failure destination; otherwise it holds its
            shard until it is too old.
        condition: The condition in the on-failure record, where there is a destination.
    """

    drop: bool = True
    condition: str = "PayloadSizeExceeded"

    def __str__(self) -> str:
        return _told(self)


def _unconfirmed(identifier: str, default: Any) -> Any:  # noqa: ANN401 - as the field that it stands for
    return field(default=default, metadata={"id": identifier})


_STREAM_BACKOFF: Final = Backoff(cap=12.0)
_BISECT: Final = Bisect()
_OVERSIZED_RECORDS: Final = OversizedRecords()


@dataclass(frozen=True, slots=True)
class Settings:
    """Defaults are the proposals of the reference; `from_ids` reads others."""

    count_throttled_attempts: bool = _unconfirmed("U-1", default=False)
    version_config_for_bare_alias: bool = _unconfirmed("U-2", default=False)
    handled_errors: bool = _unconfirmed("U-3", default=False)
    fifo_destination_text: str = _unconfirmed(
        "U-4", "The destination ARN is of an unsupported type: FIFO queues and topics cannot be destinations."
    )
    delivery_retries: int = _unconfirmed("U-5", 0)
    oversized_sns_keeps_null_payloads: bool = _unconfirmed("U-6", default=False)
    dlq_removed_by_empty_config: bool = _unconfirmed("U-7", default=False)
    recursion_condition: str = _unconfirmed("U-8", "RecursiveInvocationDetected")
    s3_event_version: str = _unconfirmed("U-9", "2.1")
    s3_test_event_to_lambda: bool = _unconfirmed("U-10", default=False)
    failing_lane_blocks_shard: bool = _unconfirmed("U-11", default=False)
    parents_first: bool = _unconfirmed("U-12", default=True)
    stream_backoff: Backoff = field(default=_STREAM_BACKOFF, metadata={"id": "U-13"})
    bisect: Bisect = field(default=_BISECT, metadata={"id": "U-14"})
    qualified_stream_arn: bool = _unconfirmed("U-15", default=True)
    unknown_identifier_fails_batch: bool = _unconfirmed("U-16", default=True)
    odd_values_succeed: bool = _unconfirmed("U-17", default=True)
    window_alignment_to_epoch: bool = _unconfirmed("U-18", default=True)
    batch_size_after_filters: bool = _unconfirmed("U-19", default=True)
    extend_visibility: bool = _unconfirmed("U-20", default=True)
    hold_throttled_batches: bool = _unconfirmed("U-21", default=True)
    queue_on_failure_text: str = _unconfirmed(
        "U-22", "Unsupported DestinationConfig parameter for given event source mapping type."
    )
    plain_body_patterns: bool = _unconfirmed("U-23", default=True)
    oversized_records: OversizedRecords = field(default=_OVERSIZED_RECORDS, metadata={"id": "U-24"})
    empty_final_window: bool = _unconfirmed("U-25", default=True)
    redraw_alias_version: bool = _unconfirmed("U-26", default=True)
    zero_concurrency_wait: float = _unconfirmed("U-27", 0.0)
    keep_receive_order: bool = _unconfirmed("U-28", default=True)
    throttled_age_looked_ahead: bool = _unconfirmed("U-29", default=False)
    merge_bisected_failures: bool = _unconfirmed("U-30", default=False)
    cidr_patterns: bool = _unconfirmed("U-31", default=True)
    failed_init_runs_again: bool = _unconfirmed("U-32", default=False)


IDS: Mapping[str, str] = {each.metadata["id"]: each.name for each in fields(Settings)}
"""Which setting each unconfirmed point is."""


def from_ids(values: Mapping[str, Any]) -> Settings:
    """Settings given by the ids of the reference, e.g. ``{"U-13": {"cap": 60}}``.

    A setting of several parts takes an object with those that differ; U-24 also takes the truth value of `drop`.

    Raises:
        Refused: An id that is not in the list, or a value of another type than the default's.
    """
    changes: dict[str, Any] = {}
    for key, value in values.items():
        if key not in IDS:
            raise Refused(f"settings.{key}", f"no such setting; there are {', '.join(IDS)}", code=_CODE)
        changes[IDS[key]] = _converted(f"settings.{key}", getattr(Settings(), IDS[key]), value)
    return replace(Settings(), **changes)


_CODE: Final = "ValidationException"


def _converted(place: str, default: object, value: object) -> object:
    if isinstance(default, OversizedRecords) and isinstance(value, bool):
        return replace(default, drop=value)
    if is_dataclass(default) and not isinstance(default, type):
        return _with_parts(place, default, value)
    match default, value:
        case (bool(), bool()) | (str(), str()):
            return value
        case int(), int() if not isinstance(default, bool) and not isinstance(value, bool) and 0 <= value <= _LONGEST:
            return value
        case float(), int() | float() if not isinstance(value, bool) and 0 <= value <= _LONGEST:
            return float(value)
    raise Refused(place, f"{value!r} is not like the default {default!r}", code=_CODE)


def _with_parts(place: str, default: Any, value: object) -> object:  # noqa: ANN401 - one of the classes above
    names = [each.name for each in fields(default)]
    if not isinstance(value, Mapping) or not value.keys() <= set(names):
        raise Refused(place, f"{value!r} is not an object with {', '.join(names)} and nothing else", code=_CODE)
    given = cast("Mapping[str, object]", value)
    return replace(default, **{name: _part(place, default, name, part) for name, part in given.items()})


def _part(place: str, default: object, name: str, value: object) -> object:
    choices = _CHOICES.get(name)
    if choices is not None:
        if value not in choices:
            raise Refused(place, f"{name} {value!r} is not one of {', '.join(choices)}", code=_CODE)
        return value
    most = _STEEPEST if name == "factor" else _LONGEST
    if isinstance(default, Backoff) and not _is_between(value, most):
        raise Refused(place, f"{name} {value!r} is not a number above 0 and up to {most:g}", code=_CODE)
    return _converted(place, getattr(default, name), value)


def _is_between(value: object, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= most


_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "odd_record": ("right", "left"),
    "order": ("left", "breadth"),
    "counter": ("fresh", "kept"),
    "exhausted": ("single", "any"),
}


def _told(parts: Any) -> str:  # noqa: ANN401 - one of the classes above
    """For people: the parts, each with its value."""
    words = {True: "yes", False: "no"}
    values = ((each.name, getattr(parts, each.name)) for each in fields(parts))
    return ", ".join(f"{name}: {words.get(value, value)}" for name, value in values)
