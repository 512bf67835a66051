"""What will happen with these very settings: a small scenario made of them, played by the simulator."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec

from landfast.delivery.strict_json import json_text
from landfast.lint.application import EventSourceMapping
from landfast.report.account import Account, Limits
from landfast.report.wording import duration
from landfast.simulate.account import account
from landfast.simulate.declared import queue_settings, retention_of
from landfast.simulate.run import simulate
from landfast.simulate.scenario import Scenario, ScenarioError, read
from landfast.template.model import Queue, Stream

BURST: Final = 40
"""Messages that arrive at once."""

BATCH: Final = 10
"""Records of a batch in which one is bad; fewer if the mapping takes fewer."""

DAY: Final = 86_400
"""Seconds; also for how long DynamoDB keeps a stream's records (S-54)."""

_TRIES: Final = 300
"""Tries of a record that is tried without end, as many as are worth the time to play them."""

_RECEIVES: Final = 20
"""Receives of a message that is throttled, likewise."""

_LANES: Final = 20
"""Lanes of a stream that are played."""

_PLAYED: Final = frozenset(
    {
        "BatchSize",
        "BisectBatchOnFunctionError",
        "DestinationConfig",
        "FunctionResponseTypes",
        "MaximumBatchingWindowInSeconds",
        "MaximumEventAgeInSeconds",
        "MaximumRecordAgeInSeconds",
        "MaximumRetryAttempts",
        "ParallelizationFactor",
        "ScalingConfig",
    }
)
"""The settings that are played; a filter would take what the scenario sends for something else."""

_LIMITS: Final = Limits(tries=0, rows=0, trees=0, batches=0)


class Forecast(msgspec.Struct, frozen=True):
    """A scenario, and what the simulator tells of it.

    Attributes:
        scenario: What was played.
        account: What happened.
    """

    scenario: Scenario
    account: Account

    def count(self, *states: str) -> int:
        """How many records ended in these states, or how many invocations or throttles there were."""
        return sum(self.account.counts[state] for state in states)

    @property
    def tries(self) -> int:
        """How often the record was tried that was tried most often."""
        return max(each.invocations for each in self.account.records.shown)

    @property
    def ended(self) -> str:
        """When it ended, in words."""
        return duration(self.account.ended)


def forecast(scenario: Mapping[str, Any]) -> Forecast | None:
    """Play a scenario; None if AWS would refuse its settings, which other rules are about."""
    return _played(json_text(scenario))


@lru_cache(maxsize=256)
def _played(text: str) -> Forecast | None:
    """Play a scenario, once for all rules that ask for it."""
    try:
        scenario = read(text.encode())
        entries = simulate(scenario)[1]
    except ScenarioError:
        return None
    return Forecast(scenario, account(scenario, entries, _LIMITS))


def played(properties: Mapping[str, Any], **changes: object) -> dict[str, Any]:
    """The settings of a mapping, or of asynchronous events, that scenarios play."""
    return {name: value for name, value in properties.items() if name in _PLAYED} | changes


def burst(mapping: EventSourceMapping, queue: Queue, **changes: object) -> Forecast | None:
    """A burst of good messages, each batch of which takes most of the function's time-out.

    Args:
        mapping: The mapping.
        queue: What it reads.
        changes: Settings of the queue in place of its own.
    """
    function = busy(mapping.function.timeout)
    if mapping.function.reserved is not None:
        function["ReservedConcurrentExecutions"] = mapping.function.reserved
    return forecast(
        {
            "source": _messages(BURST, {**queue_settings(queue), **changes}),
            "mapping": played(mapping.properties),
            "function": function,
            "until": DAY,
        }
    )


def throttled(mapping: EventSourceMapping, queue: Queue, **changes: object) -> Forecast | None:
    """A few good messages while the function is throttled all the time."""
    settings = {**queue_settings(queue), **changes}
    return forecast(
        {
            "source": _messages(BATCH, settings),
            "mapping": played(mapping.properties),
            "function": {"Timeout": mapping.function.timeout or 1, "ReservedConcurrentExecutions": 0},
            "until": max(1, min(2 * DAY, _RECEIVES * settings["VisibilityTimeout"])),
        }
    )


def busy_lanes(mapping: EventSourceMapping, source: Stream, lanes: int) -> Forecast | None:
    """One record for each lane of a stream, each of which takes most of the time-out; None for too many."""
    if lanes > _LANES:
        return None
    return forecast(
        {
            "source": {
                "type": "kinesis",
                "records": {"count": lanes, "keys": lanes, "shards": source.shard_count or 1},
                "retention": retention_of(source),
            },
            "mapping": played(mapping.properties, StartingPosition="TRIM_HORIZON", BatchSize=1),
            "function": {
                **busy(mapping.function.timeout),
                "ReservedConcurrentExecutions": mapping.function.reserved or 0,
            },
            "until": DAY / 24,
        }
    )


def busy(timeout: int | None) -> dict[str, Any]:
    """A function that takes most of its time-out."""
    return {"Timeout": timeout or 1, "duration": round((timeout or 1) * 0.8, 1)}


def one_bad_message(mapping: EventSourceMapping, queue: Queue, *, reported: bool = False) -> Forecast | None:
    """A batch of which one message is bad; it fails the batch, or is reported."""
    size = min(BATCH, mapping.number("BatchSize", BATCH))
    until = DAY
    if queue.redrive_policy is None:
        until = min(queue.message_retention_period, _TRIES * max(queue.visibility_timeout, 1))
    return forecast(
        {
            "source": {"type": "sqs", "records": {"count": size}, "queue": queue_settings(queue)},
            "mapping": played(mapping.properties),
            "function": {"Timeout": mapping.function.timeout or 1, "behaviour": [_bad(reported=reported)]},
            "until": until,
        }
    )


def one_bad_record(
    mapping: EventSourceMapping, retention: float, *, reported: bool = False, until: float = DAY / 2
) -> Forecast | None:
    """A batch of one shard, its first record bad; it fails the batch, or is reported."""
    size = min(BATCH, mapping.number("BatchSize", 100))
    kind = "kinesis" if isinstance(mapping.source, Stream) else "dynamodb"
    return forecast(
        {
            "source": {"type": kind, "records": {"count": size}, "retention": retention},
            "mapping": played(mapping.properties, StartingPosition="TRIM_HORIZON"),
            "function": {"Timeout": mapping.function.timeout or 1, "behaviour": [_bad(reported=reported)]},
            "until": until,
        }
    )


def bad_event(properties: Mapping[str, Any], timeout: int | None) -> Forecast | None:
    """An asynchronous event with which the function always fails."""
    return forecast(
        {
            "source": {"type": "async", "records": {"count": 1}},
            "mapping": played(properties),
            "function": {"Timeout": timeout or 1, "behaviour": [{"outcome": "raise"}]},
        }
    )


def _messages(count: int, settings: Mapping[str, object]) -> dict[str, Any]:
    """A queue that gets messages at once, each of a message group of its own if it is FIFO."""
    return {"type": "sqs", "records": {"count": count, "keys": count}, "queue": settings}


def _bad(*, reported: bool) -> dict[str, Any]:
    return {"outcome": "report" if reported else "raise", "records": ["r1"]}
