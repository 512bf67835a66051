"""What alarms look at: measured from the journal, from the queues and shards, and from what functions log.

`sources.metrics.MEASURED` names the metrics of AWS's services that are measured here. A function's own metrics are
those that it logs (`sources.embedded_metrics`). Calls by whoever waits for the answer are in no journal, and
are not measured.

Sources: Lambda Developer Guide, "Types of metrics for Lambda functions" and "Event source mapping metrics"; SQS and SNS
Developer Guides and EventBridge User Guide, the pages about CloudWatch metrics.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from landfast.eventplane import SqsApi
from landfast.journal import Accepted, Deleted, Delivered, Dropped, Entry, Finished, Invoked, Settled
from landfast.service.event_source_mappings import EventSourceMappings
from landfast.service.specs import versions
from landfast.sources.metrics import Metric
from landfast.template import Template

_THROTTLED = frozenset({"throttle"})
_NOT_REACHED = frozenset({"system error", *_THROTTLED})
_OTHER_NAMES: Final = {"InvocationsFailedToBeSentToDLQ": "InvocationsFailedToBeSentToDlq"}

Measured: TypeAlias = tuple[Metric, float, float]
"""A metric, its value, and when."""


class Measures:
    """Measures what happens.

    Args:
        template: Tells which function and which mapping a source of the journal is.
        queues: All queues.
        mappings: Tells the mappings, once they are there.
    """

    def __init__(self, template: Template, queues: SqsApi, mappings: Callable[[], EventSourceMappings | None]) -> None:
        self._queues = queues
        self._mappings = mappings
        self._functions: dict[str, tuple[str, str | None, str]] = {}
        self._buses: dict[str, list[str]] = {}
        for rule in template.rules.values():
            self._buses.setdefault(rule.name, []).append(rule.event_bus_name)
        self._uuids = {each.logical_id: each.uuid for each in template.event_source_mappings.values()}
        for function in template.functions.values():
            for qualifier, version in versions(function).items():
                self._functions[f"{function.logical_id}:{qualifier}"] = (function.name, qualifier, version)
            self._functions[function.logical_id] = (function.name, None, "$LATEST")
        for mapping in template.event_source_mappings.values():
            label = f"{mapping.function}:{mapping.qualifier}" if mapping.qualifier else mapping.function
            if label in self._functions:
                self._functions[mapping.logical_id] = self._functions[label]

    def of_notes(self, notes: Iterable[Entry]) -> Iterator[Measured]:
        """What the entries of a journal tell."""
        for note in notes:
            counts = self._counts(note)
            dimensions = self._dimensions(note.source)
            for name, value in counts:
                for namespace, each in dimensions:
                    yield Metric(namespace, name, each), value, note.at

    def levels(self) -> Iterator[tuple[Metric, float]]:
        """The present levels of queues, and the ages of what mappings read last."""
        for name, visible, in_flight, delayed, age in self._queues.levels():
            dimensions: tuple[tuple[str, str], ...] = (("QueueName", name),)
            yield Metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", dimensions), visible
            yield Metric("AWS/SQS", "ApproximateNumberOfMessagesNotVisible", dimensions), in_flight
            yield Metric("AWS/SQS", "ApproximateNumberOfMessagesDelayed", dimensions), delayed
            if age is not None:
                yield Metric("AWS/SQS", "ApproximateAgeOfOldestMessage", dimensions), age
        mappings = self._mappings()
        for reader in mappings.readers if mappings is not None else ():
            age = reader.oldest()
            if age is not None:
                for namespace, dimensions in self._dimensions(reader.source):
                    yield Metric(namespace, "IteratorAge", dimensions), age * 1000

    def _dimensions(self, source: str) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
        """The namespace and dimensions of the metrics of a source, in each of the ways that AWS gives them."""
        kind, _, name = source.partition(" ")
        if kind == "topic":
            return [("AWS/SNS", (("TopicName", name),))]
        if kind == "rule":
            with_bus = [("AWS/Events", (("EventBusName", bus), ("RuleName", name))) for bus in self._buses_of(name)]
            return [("AWS/Events", (("RuleName", name),)), *with_bus]
        found: list[tuple[str, tuple[tuple[str, str], ...]]] = []
        if source in self._uuids:
            found.append(("AWS/Lambda", (("EventSourceMappingUUID", self._uuids[source]),)))
        if source in self._functions:
            name, qualifier, version = self._functions[source]
            plain = ("FunctionName", name)
            resource = ("Resource", f"{name}:{qualifier}" if qualifier else name)
            found += [("AWS/Lambda", (plain,)), ("AWS/Lambda", (plain, resource))]
            found.append(("AWS/Lambda", (("ExecutedVersion", version), plain, resource)))
        return found

    def _buses_of(self, rule: str) -> Sequence[str]:
        return self._buses.get(rule, ("default",))

    def _counts(self, note: Entry) -> list[tuple[str, float]]:  # noqa: C901, PLR0911 - one case for each kind of entry
        """The metrics that an entry counts for, and how much."""
        many = float(len(note.records))
        match note:
            case Accepted() if note.source in self._uuids:
                return [("PolledEventCount", many)]
            case Accepted():
                return [("AsyncEventsReceived", many)]
            case Invoked():
                return [("InvokedEventCount", many)]
            case Finished(outcome=outcome) if outcome in _THROTTLED:
                return [("Throttles", 1.0)]
            case Finished(outcome=outcome) if outcome not in _NOT_REACHED:
                return [("Invocations", 1.0), ("Errors", 0.0 if outcome == "succeed" else 1.0)]
            case Settled(state="filtered"):
                return [("FilteredOutEventCount", many)]
            case Settled(state="dropped"):
                return [("DroppedEventCount", many)]
            case Deleted():
                return [("DeletedEventCount", many)]
            case Delivered(kind=kind) if note.source in self._uuids and kind != "dlq":
                return [("OnFailureDestinationDeliveredEventCount", many)]
            case Delivered(kind="dlq") if note.source.startswith("rule "):
                return [("InvocationsSentToDlq", 1.0)]
            case Dropped(metric=metric):
                return [(_OTHER_NAMES.get(metric, metric), max(many, 1.0))]
            case _:
                return []
