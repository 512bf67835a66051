"""The account of a simulation: what its scenario sets, in words, and what its journal tells."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, assert_never

from msgspec import UNSET

from landfast.delivery.event_sources import AsynchronousSource, QueueSource, StreamSource
from landfast.journal import Entry
from landfast.report import account as report
from landfast.report.account import Account, Limits, Row
from landfast.report.history import tell
from landfast.report.hold_ups import Arrival, Source
from landfast.report.wording import Wording, duration, printable, resource, several
from landfast.simulate.scenario import Function, Generated, Queue, Rule, Scenario

_WORDS: Final = Wording()


def account(scenario: Scenario, entries: Iterable[Entry], limits: Limits) -> Account:
    """Tell what happened in a scenario, from its journal, within limits."""
    rows = (
        Row("source", (_source(scenario),)),
        Row("set", tuple(_settings(scenario)), settings=True),
        Row("default", tuple(_defaults(scenario)), settings=True),
        Row("function", tuple(_function(scenario.function))),
    )
    return report.account(
        tell(entries),
        source(scenario),
        limits,
        title=scenario.name,
        setting=[row for row in rows if row.texts],
        words=_WORDS,
        until=scenario.until,
    )


def source(scenario: Scenario) -> Source:
    """Return the records of the source, as far as their order matters."""
    origin = scenario.source
    records = [Arrival(record.id, record.at, record.shard, record.key) for record in origin.all()]
    match origin.declared:
        case StreamSource():
            return Source(records, "shard")
        case QueueSource():
            return Source(records, "message group" if _is_fifo(scenario) else None)
        case AsynchronousSource():
            return Source(records)
        case never:
            assert_never(never)


def _is_fifo(scenario: Scenario) -> bool:
    queue = scenario.source.queue
    return isinstance(queue, Queue) and queue.FifoQueue


def _source(scenario: Scenario) -> str:
    """Describe where the records come from."""
    declared, records = scenario.source.declared, scenario.source.records
    if isinstance(records, Generated):
        count, keys, shards = records.count, min(records.keys, records.count), min(records.shards, records.count)
        arrive = "all at once" if records.per_second is UNSET else f"{records.per_second:g} a second"
    else:
        count = len(records)
        keys, shards = len({record.key for record in records}), len({record.shard for record in records})
        latest = max((record.at for record in records), default=0.0)
        arrive = f"until {duration(latest)}" if latest else "all at once"
    parts = [several(count, declared.noun)]
    match declared:
        case StreamSource():
            parts += [several(shards, "shard"), several(keys, "key")]
        case QueueSource():
            parts += [several(keys, "message group")] if _is_fifo(scenario) else []
        case AsynchronousSource():
            pass
        case never:
            assert_never(never)
    return f"{declared.kind}: {', '.join(parts)}, {arrive}"


def _settings(scenario: Scenario) -> list[str]:
    """List what the scenario sets, one ``Name=value`` each: the source's, the mapping's, and the U settings."""
    settings: list[str] = []
    origin = scenario.source
    match origin.declared:
        case QueueSource():
            queue = Queue() if origin.queue is UNSET else origin.queue
            settings.append(f"VisibilityTimeout={queue.VisibilityTimeout}")
            settings += ["FifoQueue=true"] if queue.FifoQueue else []
            redrive = queue.RedrivePolicy
            settings.append("no RedrivePolicy" if redrive is UNSET else f"maxReceiveCount={redrive.maxReceiveCount}")
        case StreamSource():
            settings += [] if origin.retention is UNSET else [f"retention={origin.retention:g}"]
        case AsynchronousSource():
            pass
        case never:
            assert_never(never)
    settings += list(_flat(scenario.mapping, ""))
    settings += [f"{name}={_value(value)}" for name, value in scenario.settings.items()]
    return settings


def _defaults(scenario: Scenario) -> list[str]:
    """List the settings that are left as AWS has them."""
    defaults = scenario.source.declared.defaults
    return [f"{name}={value}" for name, value in defaults.items() if name not in scenario.mapping]


def _flat(values: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, Mapping) and name != "FilterCriteria":
            yield from _flat(value, name if name.startswith("On") else prefix)
        elif name in {"Destination", "TargetArn"}:
            yield f"{prefix or 'DeadLetterConfig'}={resource(printable(str(value)))}"
        else:
            yield f"{name}={_value(value)}"


def _value(value: object) -> str:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(map(printable, value)) or "none"
    return printable(json.dumps(value))


def _function(script: Function) -> list[str]:
    """The function: what it is set to, and what it does."""
    reserved = script.ReservedConcurrentExecutions
    settings = [f"Timeout={script.Timeout}"]
    if reserved is not UNSET:
        settings.append(f"ReservedConcurrentExecutions={reserved}")
    settings.append(f"takes {duration(script.duration)}")
    return ["; ".join(settings), *(_does(each) for each in script.behaviour)]


def _does(each: Rule) -> str:
    concerned: list[str] = []
    if each.records is not UNSET:
        concerned.append(_WORDS.short(each.records))
    if each.every is not UNSET:
        concerned.append(f"a multiple of {each.every}")
    text = f"{each.outcome} " + (f"when the batch holds {' or '.join(concerned)}" if concerned else "always")
    if each.report is not UNSET:
        text += f", reporting {_WORDS.short(each.report) or 'nothing'}"
    if each.duration is not UNSET:
        text += f", after {duration(each.duration)}"
    if each.invocations is not UNSET:
        text += f" ({'the first time' if each.invocations == 1 else f'the first {each.invocations} times'})"
    return text
