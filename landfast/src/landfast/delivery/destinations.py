"""Destinations and dead-letter queues, named by ARN: an event goes there when its function is done with it.

A setting that AWS refuses raises `errors.Refused`, with AWS's text where it is known.
"""

import re
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from landfast.delivery.destination_records import (
    DeadLetter,
    EventBusEntry,
    async_object_key,
    event_bus_entry,
    s3_body,
    without_payloads,
)
from landfast.delivery.errors import Refused
from landfast.delivery.settings import Settings
from landfast.delivery.strict_json import json_size, text_size

Kind = Literal["sqs", "sns", "lambda", "events", "s3", "kafka"]

ON_SUCCESS: Final = frozenset[Kind]({"sqs", "sns", "lambda", "events"})
"""The services that take the record of an asynchronous success (S-19)."""

ON_FAILURE: Final = frozenset[Kind]({"sqs", "sns", "lambda", "events", "s3"})
"""The services that take the record of an asynchronous failure (S-19)."""

DEAD_LETTER: Final = frozenset[Kind]({"sqs", "sns"})
"""The services that can be a function's dead-letter queue (S-24)."""

STREAM_ON_FAILURE: Final = frozenset[Kind]({"sqs", "sns", "s3", "kafka"})
"""The services that take the on-failure record of a stream (S-68, S-135)."""

SIZE_LIMITS: Final[Mapping[Kind, int | None]] = {
    "sqs": 1024 * 1024,
    "sns": 256 * 1024,
    "lambda": 1024 * 1024,
    "events": 1024 * 1024,
    "s3": None,
    "kafka": None,
}
"""The most bytes that each kind of target takes in one message (section F of the reference); None: not limited here."""

_ARN_PATTERN = (
    r"$|kafka://([^.]([a-zA-Z0-9\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:"
    r"((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)"
)
"""The pattern of `DestinationArn` in the Lambda API's model, quoted in AWS's own refusal."""

_ARN_LENGTH = 350
_ARN = re.compile(_ARN_PATTERN)
_ANY_ARN = re.compile(
    r"arn:aws[a-zA-Z-]*:(?P<service>[a-z0-9-]+):(?P<region>[^:]*):(?P<account>[^:]*):(?P<resource>.+)"
)
_KAFKA_TOPIC = re.compile(r"kafka://(?P<name>[^.][a-zA-Z0-9_.-]{0,248})")
_KINDS: Mapping[str, Kind] = {kind: kind for kind in SIZE_LIMITS if kind != "kafka"}
_RESOURCES: Mapping[Kind, re.Pattern[str]] = {
    "sqs": re.compile(r"(?P<name>[A-Za-z0-9_-]+(\.fifo)?)"),
    "sns": re.compile(r"(?P<name>[A-Za-z0-9_-]+(\.fifo)?)"),
    "lambda": re.compile(r"function:(?P<name>[A-Za-z0-9_-]+)(:(?P<qualifier>\$LATEST|[A-Za-z0-9_-]+))?"),
    "events": re.compile(r"event-bus/(?P<name>[A-Za-z0-9._/-]+)"),
    "s3": re.compile(r"(?P<name>[a-z0-9][a-z0-9.-]+)"),
}


@dataclass(frozen=True, slots=True)
class Destination:
    """A target.

    Attributes:
        kind: The service that it belongs to.
        arn: The destination's ARN, as it was given; of a Kafka topic its ``kafka://`` name (S-135).
        name: The name of the queue, topic, function, event bus or bucket.
        region: The destination's region; empty for a bucket and a Kafka topic.
        account: The destination's account; empty for a bucket and a Kafka topic.
    """

    kind: Kind
    arn: str
    name: str
    region: str
    account: str

    @property
    def fifo(self) -> bool:
        """True if it is a FIFO queue or topic."""
        return self.kind in {"sqs", "sns"} and self.name.endswith(".fifo")


def parse(arn: str) -> Destination | None:
    """The target that an ARN names, or None if it is of no kind that takes records."""
    topic = _KAFKA_TOPIC.fullmatch(arn)
    if topic:
        return Destination("kafka", arn, topic["name"], "", "")
    whole = _ANY_ARN.fullmatch(arn)
    kind = _KINDS.get(whole["service"]) if whole else None
    if not whole or not kind:
        return None
    resource = _RESOURCES[kind].fullmatch(whole["resource"])
    if not resource:
        return None
    return Destination(kind, arn, resource["name"], whole["region"], whole["account"])


def async_destinations(
    on_success: str,
    on_failure: str,
    *,
    settings: Settings,
    function_arn: str = "",
    functions: Container[str] | None = None,
) -> tuple[Destination | None, Destination | None]:
    """The two destinations of an `EventInvokeConfig` (S-20, S-33); empty text stands for none.

    Args:
        on_success: ARN.
        on_failure: ARN.
        settings: U-4.
        function_arn: The function itself, which cannot be its own destination.
        functions: The names of the functions that exist, if that is to be checked.

    Raises:
        Refused: AWS would not take one of them.
    """
    given = (("OnSuccess", on_success, ON_SUCCESS), ("OnFailure", on_failure, ON_FAILURE))
    for side, arn, _ in given:
        _check_form(arn, f"DestinationConfig.{side}.Destination")
    destinations: list[Destination | None] = []
    for side, arn, kinds in given:
        target = parse(arn)
        field = f"DestinationConfig.{side}.Destination"
        if arn and (target is None or target.kind not in kinds):
            raise Refused(field, _invalid(on_success, on_failure))
        if target:
            _check_fifo(target, field, settings)
            _check_function(target, field, function_arn, functions)
        destinations.append(target)
    return destinations[0], destinations[1]


def dead_letter(arn: str, *, settings: Settings, field: str = "DeadLetterConfig.TargetArn") -> Destination | None:
    """The target of a `DeadLetterConfig` (S-20, S-24); empty text stands for none.

    Raises:
        Refused: It is not a standard queue or topic.
    """
    return _one_of(arn, DEAD_LETTER, "a dead-letter queue must be a standard SQS queue or SNS topic", field, settings)


def stream_destination(
    arn: str, *, settings: Settings, field: str = "DestinationConfig.OnFailure.Destination"
) -> Destination:
    """The on-failure destination of a stream's mapping (S-68).

    Raises:
        Refused: It is missing, or neither a standard queue or topic, nor a bucket, nor a Kafka topic.
    """
    _check_form(arn, field)
    text = (
        "the on-failure destination of a stream must be a standard SQS queue, a standard SNS topic, an S3 bucket or a "
        "Kafka topic"
    )
    target = _one_of(arn, STREAM_ON_FAILURE, text, field, settings)
    if target is None:
        raise Refused(field, "The Destination field is required for an OnFailure configuration.")
    return target


def fits(kind: Kind, size: int) -> bool:
    """Tell whether a message of `size` bytes can be sent to this kind of target."""
    limit = SIZE_LIMITS[kind]
    return limit is None or size <= limit


def async_body(
    target: Destination,
    record: Mapping[str, object],
    *,
    function: Destination,
    success: bool,
    new_id: Callable[[], str],
    now: float,
    settings: Settings,
) -> Mapping[str, object] | None:
    """Make what is sent to a destination for an asynchronous record (S-18, S-19, S-23); None if it is too large.

    Args:
        target: The destination.
        record: The record of S-13.
        function: The function that the record is about, with its qualifier.
        success: True if it succeeded.
        new_id: Makes UUIDs, for EventBridge's event id and S3's key.
        now: The record's time, in Unix seconds.
        settings: U-6.
    """
    match target.kind:
        case "s3":
            return s3_body(target.name, async_object_key(function.name, unique=new_id(), now=now), record)
        case "events":
            entry = event_bus_entry(
                record, entry_id=new_id(), bus_arn=target.arn, function_arn=function.arn, success=success, now=now
            )
            return entry if fits("events", _entry_size(entry)) else None
        case "sns" if not fits("sns", json_size(record)):
            return without_payloads(record, null=settings.oversized_sns_keeps_null_payloads)
        case kind:
            return record if fits(kind, json_size(record)) else None


def dead_letter_fits(target: Destination, message: DeadLetter) -> bool:
    """Tell whether a dead letter (S-24) fits: its body, and the names, types and values of its attributes."""
    size = text_size(message["body"])
    for name, attribute in message["attributes"].items():
        size += text_size(name) + text_size(attribute["DataType"]) + text_size(attribute["StringValue"])
    return fits(target.kind, size)


def _entry_size(entry: EventBusEntry) -> int:
    """An entry's size as PutEvents counts it: source, detail type, detail and resources.

    Source: EventBridge user guide, "Calculating PutEvents event entry size".
    """
    texts = (entry["source"], entry["detail-type"], *entry["resources"])
    return json_size(entry["detail"]) + sum(map(text_size, texts))


def _one_of(arn: str, kinds: frozenset[Kind], text: str, field: str, settings: Settings) -> Destination | None:
    if not arn:
        return None
    target = parse(arn)
    if target is None or target.kind not in kinds:
        raise Refused(field, f"{arn} cannot be used: {text}")
    _check_fifo(target, field, settings)
    return target


def _check_form(arn: str, field: str) -> None:
    member = ".".join(word[0].lower() + word[1:] for word in field.split("."))
    problem = f"1 validation error detected: Value '{arn}' at '{member}' failed to satisfy constraint: Member must"
    if len(arn) > _ARN_LENGTH:
        raise Refused(field, f"{problem} have length less than or equal to {_ARN_LENGTH}", code="ValidationException")
    if not _ARN.fullmatch(arn):
        raise Refused(
            field, f"{problem} satisfy regular expression pattern: {_ARN_PATTERN}", code="ValidationException"
        )


def _check_fifo(target: Destination, field: str, settings: Settings) -> None:
    if target.fifo:
        raise Refused(field, settings.fifo_destination_text)


def _check_function(target: Destination, field: str, function_arn: str, functions: Container[str] | None) -> None:
    if target.kind != "lambda":
        return
    if functions is not None and target.name not in functions:
        raise Refused(field, f"The destination ARN {target.arn} is invalid.")
    itself = parse(function_arn)
    if itself and (itself.region, itself.account, itself.name) == (target.region, target.account, target.name):
        raise Refused(field, "You can't specify the function as a destination for itself.")


def _invalid(on_success: str, on_failure: str) -> str:
    success = f"OnSuccess(destination={on_success})" if on_success else "null"
    failure = f"OnFailure(destination={on_failure})" if on_failure else "null"
    return f"The provided destination config DestinationConfig(onSuccess={success}, onFailure={failure}) is invalid."
