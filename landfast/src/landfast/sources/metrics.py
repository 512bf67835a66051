"""Metrics as CloudWatch keeps them: what was measured, by the minute, and its statistics over periods."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

MINUTE: Final = 60
HOUR: Final = 3_600
DAY: Final = 86_400
LONGEST: Final = 7 * DAY
"""Seconds for which measurements are kept, and the most that an alarm looks at."""

MEASURED: Final[Mapping[str, frozenset[str]]] = {
    "AWS/Lambda": frozenset(
        {
            "AsyncEventsDropped",
            "AsyncEventsReceived",
            "DeadLetterErrors",
            "DeletedEventCount",
            "DestinationDeliveryFailures",
            "DroppedEventCount",
            "Errors",
            "FilteredOutEventCount",
            "Invocations",
            "InvokedEventCount",
            "IteratorAge",
            "OnFailureDestinationDeliveredEventCount",
            "PolledEventCount",
            "RecursiveInvocationsDropped",
            "Throttles",
        }
    ),
    "AWS/SQS": frozenset(
        {
            "ApproximateAgeOfOldestMessage",
            "ApproximateNumberOfMessagesDelayed",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesVisible",
        }
    ),
    "AWS/SNS": frozenset({"NumberOfNotificationsFailed", "NumberOfNotificationsFailedToRedriveToDlq"}),
    "AWS/Events": frozenset({"FailedInvocations", "InvocationsFailedToBeSentToDlq", "InvocationsSentToDlq"}),
}
"""The metrics of AWS's services that are measured, by namespace."""

STATISTICS: Final = frozenset({"Sum", "Average", "Minimum", "Maximum", "SampleCount"})


class Metric(msgspec.Struct, frozen=True):
    """The identity of a metric.

    Attributes:
        namespace: For example ``AWS/SQS``.
        name: For example ``ApproximateNumberOfMessagesVisible``.
        dimensions: Names and values, sorted by name.
    """

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()


class _Minute:
    """What was measured in one minute."""

    def __init__(self) -> None:
        self.count = 0
        self.total = 0.0
        self.least = float("inf")
        self.most = float("-inf")

    def add(self, value: float) -> None:
        self.count += 1
        self.total += value
        self.least = min(self.least, value)
        self.most = max(self.most, value)


class Metrics:
    """Everything that was measured of the metrics that somebody looks at.

    Args:
        wanted: The metrics that somebody looks at; others are not kept.
    """

    def __init__(self, wanted: Iterable[Metric]) -> None:
        self._minutes: dict[Metric, dict[int, _Minute]] = {metric: {} for metric in wanted}

    def put(self, metric: Metric, value: float, at: float) -> None:
        """Note a measurement.

        Args:
            metric: The metric.
            value: The value that was measured.
            at: When, in Unix seconds.
        """
        minutes = self._minutes.get(metric)
        if minutes is None:
            return
        minute = int(at // MINUTE)
        if minute not in minutes:
            minutes[minute] = _Minute()
            for old in [each for each in minutes if each < minute - LONGEST // MINUTE]:
                del minutes[old]
        minutes[minute].add(value)

    def statistic(self, metric: Metric, statistic: str, period: int, start: float) -> float | None:
        """A statistic of the period that begins at `start`; None if nothing was measured in it."""
        minutes = self._minutes.get(metric, {})
        first = int(start // MINUTE)
        there = [minutes[each] for each in range(first, first + max(1, period // MINUTE)) if each in minutes]
        if not there:
            return None
        count, total = sum(each.count for each in there), sum(each.total for each in there)
        match statistic:
            case "Sum":
                return total
            case "Average":
                return total / count
            case "SampleCount":
                return float(count)
            case "Minimum":
                return min(each.least for each in there)
            case _:
                return max(each.most for each in there)

    def measured(self, metric: Metric, since: float) -> Iterator[float]:
        """The beginnings of the minutes, from that of `since` on, in which something was measured."""
        first = int(since // MINUTE)
        yield from (float(each * MINUTE) for each in sorted(self._minutes.get(metric, {})) if each >= first)
