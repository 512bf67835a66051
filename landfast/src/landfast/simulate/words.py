"""What the readable accounts say, in words: times, records in short, settings, rules."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from typing import Any, Final

from msgspec import UNSET

from landfast.journal import Delivered, Settled
from landfast.simulate.history import Batch, HoldUp, Try
from landfast.simulate.scenario import Function, Generated, Queue, Rule, Scenario

MEANINGS: Final[Mapping[str, str]] = {
    "S-63": "record for SQS or SNS",
    "S-66": "record for S3, with the whole event",
    "S-88": "the invocation succeeded: deleted",
    "S-93": "the function failed",
    "S-94": "throttled",
    "S-97": "partial response",
    "S-104": "no filter matches: deleted",
}
"""Rules whose notes are their bare ids, in words."""

DEFAULTS: Final[Mapping[str, Mapping[str, str]]] = {
    "async": {"MaximumRetryAttempts": "2", "MaximumEventAgeInSeconds": "21600"},
    "stream": {
        "BatchSize": "100",
        "MaximumBatchingWindowInSeconds": "0",
        "MaximumRetryAttempts": "-1",
        "MaximumRecordAgeInSeconds": "-1",
        "BisectBatchOnFunctionError": "false",
        "FunctionResponseTypes": "none",
        "ParallelizationFactor": "1",
    },
    "sqs": {"BatchSize": "10", "MaximumBatchingWindowInSeconds": "0", "FunctionResponseTypes": "none"},
}
"""What holds where a scenario says nothing (S-04, S-07, S-86, S-90)."""

_UNITS: Final = (("d", 86_400), ("h", 3_600), ("m", 60))
_NUMBERED: Final = re.compile(r"(.*?)(0|[1-9][0-9]*)", re.DOTALL)
_RUN: Final = 3
_PIECES: Final = 4
_LONG: Final = 60
_PLURALS: Final = {"try": "tries", "batch": "batches", "delivery": "deliveries"}


def duration(seconds: float) -> str:
    """A span of time, exact to the millisecond: ``6h 58m 3s``."""
    rest = round(seconds * 1000)
    parts: list[str] = []
    for unit, size in _UNITS:
        count, rest = divmod(rest, size * 1000)
        if count:
            parts.append(f"{count}{unit}")
    if rest or not parts:
        parts.append(f"{rest / 1000:.3f}".rstrip("0").rstrip(".") + "s")
    return " ".join(parts)


def printable(text: str) -> str:
    """The text with everything escaped that a terminal would not print as it is."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def cut(text: str, limit: int = _LONG) -> str:
    """The text, or as much of its beginning as fits."""
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def several(count: int, noun: str) -> str:
    """A number and its noun: ``1 record``, ``2 records``."""
    last = noun.rpartition(" ")[2]
    plural = noun.removesuffix(last) + _PLURALS.get(last, f"{last}s")
    return f"{count:,} {noun if count == 1 else plural}"


def short(records: Sequence[str]) -> str:
    """Records in short: ``r1-r8 (8)``; those that follow each other by number, evenly, are written as a range."""
    pieces = list(islice(_ranges(records), _PIECES + 1))
    text = ",".join(cut(printable(piece)) for piece in pieces[:_PIECES])
    if len(pieces) > _PIECES:
        text += ",..."
    return f"{text} ({len(records):,})" if len(records) > 1 else text


def _ranges(records: Sequence[str]) -> Iterator[str]:
    start = 0
    while start < len(records):
        end, step = _even_run(records, start)
        if end - start < _RUN:
            yield records[start]
            start += 1
            continue
        between = "-" if step == 1 else ".."
        yield f"{records[start]}{between}{records[end - 1]}" + ("" if step == 1 else f" by {step}")
        start = end


def _even_run(records: Sequence[str], start: int) -> tuple[int, int]:
    """Where the run that begins at `start` ends, and its step."""
    first = _NUMBERED.fullmatch(records[start])
    end, step = start + 1, 0
    if first is None:
        return end, step
    number = int(first[2])
    while end < len(records):
        following = _NUMBERED.fullmatch(records[end])
        gap = int(following[2]) - number if following and following[1] == first[1] else 0
        if gap < 1 or (step and gap != step):
            break
        end, step, number = end + 1, gap, number + gap
    return end, step


def resource(arn: str) -> str:
    """What people call the resource of an ARN: its last part."""
    return arn.rsplit(":", maxsplit=1)[-1]


def rule(text: str) -> str:
    """A rule, with what it means if the note is its bare id."""
    return f"{text} {MEANINGS[text]}" if text in MEANINGS else text


def where(attempt: Try, *, lanes: bool) -> str:
    """The shard of a try, and its lane where there is more than one."""
    if attempt.shard is None:
        return ""
    return f"shard {attempt.shard}, lane {attempt.lane}" if lanes else f"shard {attempt.shard}"


def then(attempt: Try) -> str:
    """What followed a try that did not end it all well, and why."""
    if attempt.due is None:
        return rule(attempt.rule)
    some = "" if attempt.again == attempt.records else f"{short(attempt.again)} "
    return f"{some}again at {duration(attempt.due)} ({rule(attempt.rule)})"


def outcomes(tries: Iterable[Try]) -> list[tuple[str, int]]:
    """How the tries of a batch went, and how many of them in a row."""
    return [(outcome, sum(1 for _ in alike)) for outcome, alike in groupby(each.outcome or "running" for each in tries)]


def notes(batch: Batch, name: Callable[[str], str]) -> list[str]:
    """What became of a batch: by which rule it was split, or where its records ended; `name` names a rule."""
    found = [name(batch.why)] if batch.parts else []
    found += [f"{state(end.state)} at {duration(end.at)} ({name(end.rule)})" for end in batch.ends]
    if not (found or batch.tries):
        found.append("not tried again on its own")
    return found


def rule_id(text: str) -> str:
    """The id of a rule alone."""
    return text.partition(" ")[0]


def again(repeated: Mapping[int, Sequence[str]]) -> list[str]:
    """Which records were handled again although it had gone well."""
    return [f"{short(records)}: {count} invocations succeeded" for count, records in sorted(repeated.items())]


def state(name: str) -> str:
    """Where a record ended, as people say it."""
    return name.replace("_", " ")


def held_up(hold_up: HoldUp) -> str:
    """Who was held up, for how long and by what."""
    lane = f", lane {hold_up.lane}" if hold_up.lane else ""
    who = f"{hold_up.kind} {printable(hold_up.name) or '(none)'}{lane}"
    if hold_up.ended is None:
        span = f"from {duration(hold_up.begun)} on, without end in this scenario"
    else:
        span = f"for {duration(hold_up.ended - hold_up.begun)} ({duration(hold_up.begun)} to {duration(hold_up.ended)})"
    waited = f"{several(hold_up.waiting, 'other record')} waited" if hold_up.waiting else "nothing else waited"
    return f"{who}: {span}, by {short(hold_up.failed)}; {waited}"


def delivered(delivery: Delivered) -> str:
    """What the record of a delivery says of why and how often."""
    count = _context(delivery.body).get("approximateInvokeCount")
    return rule(delivery.rule) + (f", approximateInvokeCount {count}" if count is not None else "")


def _context(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The request context of a record, which may be inside an EventBridge entry or an S3 object."""
    for record in (body, body.get("detail"), body.get("object")):
        context = record.get("requestContext") if isinstance(record, Mapping) else None
        if isinstance(context, Mapping):
            return context
    return {}


# The scenario


def source(scenario: Scenario) -> str:
    """Where the records come from."""
    kind, records = scenario.source.type, scenario.source.records
    noun = {"async": "event", "sqs": "message"}.get(kind, "record")
    if isinstance(records, Generated):
        count, keys, shards = records.count, min(records.keys, records.count), min(records.shards, records.count)
        arrive = "all at once" if records.per_second is UNSET else f"{records.per_second:g} a second"
    else:
        count = len(records)
        keys, shards = len({record.key for record in records}), len({record.shard for record in records})
        latest = max((record.at for record in records), default=0.0)
        arrive = f"until {duration(latest)}" if latest else "all at once"
    parts = [several(count, noun)]
    if kind in {"kinesis", "dynamodb"}:
        parts += [several(shards, "shard"), several(keys, "key")]
    queue = scenario.source.queue
    if kind == "sqs" and isinstance(queue, Queue) and queue.FifoQueue:
        parts.append(several(keys, "message group"))
    return f"{kind}: {', '.join(parts)}, {arrive}"


def settings(scenario: Scenario) -> list[str]:
    """What the scenario sets, one ``Name=value`` each: the source's, the mapping's, and the U settings."""
    found: list[str] = []
    origin = scenario.source
    if origin.type == "sqs":
        queue = Queue() if origin.queue is UNSET else origin.queue
        found.append(f"VisibilityTimeout={queue.VisibilityTimeout}")
        found += ["FifoQueue=true"] if queue.FifoQueue else []
        redrive = queue.RedrivePolicy
        found.append("no RedrivePolicy" if redrive is UNSET else f"maxReceiveCount={redrive.maxReceiveCount}")
    elif origin.retention is not UNSET:
        found.append(f"retention={origin.retention:g}")
    found += list(_flat(scenario.mapping, ""))
    found += [f"{name}={_value(value)}" for name, value in scenario.settings.items()]
    return found


def defaults(scenario: Scenario) -> list[str]:
    """What is left as AWS has it."""
    kind = scenario.source.type
    table = DEFAULTS["stream" if kind in {"kinesis", "dynamodb"} else kind]
    return [f"{name}={value}" for name, value in table.items() if name not in scenario.mapping]


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


def function(script: Function) -> list[str]:
    """The function: what it is set to, and what it does."""
    reserved = script.ReservedConcurrentExecutions
    found = [f"Timeout={script.Timeout}"]
    if reserved is not UNSET:
        found.append(f"ReservedConcurrentExecutions={reserved}")
    found.append(f"takes {duration(script.duration)}")
    return ["; ".join(found), *(_does(each) for each in script.behaviour)]


def _does(each: Rule) -> str:
    concerned: list[str] = []
    if each.records is not UNSET:
        concerned.append(short(each.records))
    if each.every is not UNSET:
        concerned.append(f"a multiple of {each.every}")
    text = f"{each.outcome} " + (f"when the batch holds {' or '.join(concerned)}" if concerned else "always")
    if each.report is not UNSET:
        text += f", reporting {short(each.report) or 'nothing'}"
    if each.duration is not UNSET:
        text += f", after {duration(each.duration)}"
    if each.invocations is not UNSET:
        text += f" ({'the first time' if each.invocations == 1 else f'the first {each.invocations} times'})"
    return text


# Where the records landed


def summary(counts: Mapping[str, float]) -> str:
    """The result's summary, as a sentence."""
    states = ("processed", "to_destination", "dropped", "dead_lettered", "filtered", "pending")
    landed = [f"{counts[name]:,} {state(name)}" for name in states if counts[name]]
    throttles = f" and {several(int(counts['throttles']), 'throttled try')}" if counts["throttles"] else ""
    return (
        f"{several(int(counts['invocations']), 'invocation')}{throttles}: {', '.join(landed) or 'no records'}. "
        f"Ended at {duration(counts['ended'])}."
    )


def spread(values: Iterable[float], *, time: bool = False) -> str:
    """The least and the greatest of some numbers, or the one that all are."""
    numbers = list(values)
    low, high = min(numbers), max(numbers)
    texts = [duration(each) if time else f"{each:g}" for each in (low, high)]
    return texts[0] if low == high else f"{texts[0]} - {texts[1]}"


type Landing = tuple[str, str, list[str]]
"""A state, the rule by which it was reached, and the records of which that is true."""


def landings(records: Mapping[str, Mapping[str, Any]], ends: Mapping[str, Settled]) -> list[Landing]:
    """The records by state and rule: first what went wrong, at last what was processed."""
    found: dict[tuple[str, str], list[str]] = {}
    for record, told in records.items():
        end = ends.get(record)
        found.setdefault((told["state"], "undecided by the end" if end is None else rule(end.rule)), []).append(record)
    worst = ("dropped", "dead_lettered", "to_destination", "pending", "filtered", "processed")
    return sorted(
        ((name, why, ids) for (name, why), ids in found.items()), key=lambda each: (worst.index(each[0]), each[1])
    )
