"""Partial batch responses: a function with `ReportBatchItemFailures` names what has failed (S-70, S-97).

Source: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html and
https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from landfast.delivery.outcomes import Unreadable
from landfast.delivery.settings import Settings
from landfast.delivery.strict_json import NotJsonError, read_json

_KEY = "batchItemFailures"


@dataclass(frozen=True, slots=True)
class Success:
    """The whole batch is processed."""


@dataclass(frozen=True, slots=True)
class WholeBatch:
    """The whole batch failed."""


@dataclass(frozen=True, slots=True)
class Lowest:
    """The first failed record; Lambda goes on from it, inclusive (S-70).

    Attributes:
        index: The lowest failed record's place in the batch, from 0.
    """

    index: int


def stream_failures(value: object, sequences: Sequence[str], settings: Settings) -> Success | WholeBatch | Lowest:
    """Interpret what a stream's function returned (S-70).

    Args:
        value: The decoded response, or an `Unreadable` one.
        sequences: The batch's sequence numbers, in its order.
        settings: U-16 decides about ids that are not in the batch, U-17 about values that are no object.
    """
    identifiers = _identifiers(value, settings)
    if identifiers is None:
        return WholeBatch()
    failed = set(identifiers)
    if settings.unknown_identifier_fails_batch and not failed <= set(sequences):
        return WholeBatch()
    return next((Lowest(index) for index, sequence in enumerate(sequences) if sequence in failed), Success())


def queue_failures(value: object, message_ids: Collection[str], settings: Settings) -> frozenset[str] | WholeBatch:
    """Interpret what a queue's function returned: the ids that failed, none for a success (S-97).

    Args:
        value: The decoded response, or an `Unreadable` one.
        message_ids: The batch's message ids.
        settings: U-17 decides about values that are no object; for queues they are as little documented.
    """
    identifiers = _identifiers(value, settings)
    if identifiers is None or not set(identifiers) <= set(message_ids):
        return WholeBatch()
    return frozenset(identifiers)


def _identifiers(value: object, settings: Settings) -> list[str] | None:
    """The ids in a response; None if it is invalid."""
    match value:
        case None | "" | []:
            return []
        case Mapping():
            return _listed(value.get(_KEY))
        case _ if isinstance(value, Unreadable) or not settings.odd_values_succeed:
            return None
        case list():
            return _contained(value)
        case _:
            return _contained([_decoded(value)])


def _listed(failures: object) -> list[str] | None:
    if failures is None:
        return []
    if not isinstance(failures, list):
        return None
    identifiers = [item.get("itemIdentifier") if isinstance(item, Mapping) else None for item in failures]
    valid = [identifier for identifier in identifiers if isinstance(identifier, str) and identifier]
    return valid if len(valid) == len(identifiers) else None


def _contained(values: Iterable[object]) -> list[str] | None:
    """The ids of the first response inside a list or a string (U-17)."""
    return next((_listed(item[_KEY]) for item in values if isinstance(item, Mapping) and _KEY in item), [])


def _decoded(value: object) -> Any:  # noqa: ANN401 - any JSON
    try:
        return read_json(value) if isinstance(value, str) else None
    except NotJsonError:
        return None
