"""The sample events of a project, and what each of them can be sent to.

They lie in the folder ``events`` beside the template. A file is named after its function in snake case, as
``charge_card.json`` or, for a second one, ``charge_card-refund.json``. JSON is one invocation's event: it can be
given to the function itself, and what its records tell can be sent to the queue, stream, table, topic or bus that they
would come from. JSON Lines are one event a line for a queue or stream, or a file for a bucket, as anything else is.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from landfast.console.sending import (
    Attribute,
    Sending,
    ToBucket,
    ToBus,
    ToFunction,
    ToQueue,
    ToStream,
    ToTable,
    ToTopic,
)
from landfast.delivery.strict_json import NotJsonError, read_json
from landfast.template import Template
from landfast.template.graph import graph_of

FOLDER: Final = "events"
_MOST_LINES: Final = 20
_LARGEST: Final = 1_048_576
_OTHERS: Final = frozenset({".md", ".txt"})
"""What explains the samples, and is none."""


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """A sample, ready to be sent.

    Attributes:
        file: The name of its file.
        part: Which record or line of it, from 1; 0 for all of it.
        function: The logical id of the function that it is for.
        sending: What is sent.
    """

    file: str
    part: int
    function: str
    sending: Sending


def samples(template: Template) -> list[Sample]:
    """The samples of the project of a template, by file; what cannot be read as it should be is left out."""
    folder = template.path.parent / FOLDER
    functions = {name.lower(): name for name in template.functions}
    feeding = _feeding(template)
    found: list[Sample] = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        stem = path.name.partition(".")[0].partition("-")[0]
        function = functions.get(stem.replace("_", "").lower())
        text = _text(path)
        if function is not None and text is not None:
            sources = feeding.get(function, {})
            for part, sending in _sendings(path.name, text, function, sources, template):
                found.append(Sample(file=path.name, part=part, function=function, sending=sending))
    return found


def _feeding(template: Template) -> dict[str, dict[str, str]]:
    """For each function, the first source of each kind that sends it events."""
    graph = graph_of(template)
    kinds = {node.name: node.kind for node in graph.nodes}
    feeding: dict[str, dict[str, str]] = {}
    for edge in graph.edges:
        if edge.kind == "event":
            feeding.setdefault(edge.target, {}).setdefault(kinds[edge.source], edge.source)
    return feeding


def _text(path: Path) -> str | None:
    if path.suffix in _OTHERS or not path.is_file() or path.stat().st_size > _LARGEST:
        return None
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None


def _sendings(
    file: str, text: str, function: str, sources: Mapping[str, str], template: Template
) -> Iterator[tuple[int, Sending]]:
    if file.endswith(".json"):
        try:
            event = read_json(text)
        except NotJsonError:
            return
        yield from sent_by(event, sources)
        yield 0, ToFunction(name=function, payload=text.strip())
    elif "bucket" in sources:
        yield 0, ToBucket(name=sources["bucket"], key=_key(file, function, sources["bucket"], template), content=text)
    elif file.endswith(".jsonl"):
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        for number, line in enumerate(lines[:_MOST_LINES], start=1):
            if "queue" in sources:
                yield number, ToQueue(name=sources["queue"], body=line)
            elif "stream" in sources:
                yield number, ToStream(name=sources["stream"], partition_key="", data=line)


def sent_by(event: object, sources: Mapping[str, str]) -> Iterator[tuple[int, Sending]]:
    """What has to be sent so that a function gets such an event, with its place among the event's records.

    Args:
        event: The event.
        sources: The names of what sends the function events, by kind.
    """
    if not isinstance(event, dict):
        return
    if {"detail-type", "source", "detail"} <= event.keys() and "bus" in sources:
        detail = json.dumps(event["detail"], ensure_ascii=False)
        yield 0, ToBus(name=sources["bus"], source=event["source"], detail_type=event["detail-type"], detail=detail)
        return
    records = event.get("Records")
    several = isinstance(records, list) and len(records) > 1
    for number, record in enumerate(records if isinstance(records, list) else (), start=1):
        try:
            sending = _sent_by_record(record, sources)
        except (AttributeError, KeyError, TypeError, ValueError):
            continue  # it is no record as AWS makes them, so that nothing could be sent for it
        if sending is not None:
            yield number if several else 0, sending


def _sent_by_record(record: Mapping[str, Any], sources: Mapping[str, str]) -> Sending | None:
    source = record.get("eventSource") or record.get("EventSource")
    match source:
        case "aws:sqs" if "queue" in sources:
            system = record.get("attributes", {})
            return ToQueue(
                name=sources["queue"],
                body=record["body"],
                attributes=dict(_attributes(record.get("messageAttributes", {}), "dataType", "stringValue")),
                group=system.get("MessageGroupId", ""),
                deduplication_id=system.get("MessageDeduplicationId", ""),
            )
        case "aws:kinesis" if "stream" in sources:
            data = base64.b64decode(record["kinesis"]["data"], validate=True).decode()
            return ToStream(name=sources["stream"], partition_key=record["kinesis"]["partitionKey"], data=data)
        case "aws:dynamodb" if "table" in sources and record["dynamodb"].get("NewImage"):
            item = json.dumps(record["dynamodb"]["NewImage"], ensure_ascii=False, indent=2)
            return ToTable(name=sources["table"], item=item)
        case "aws:sns" if "topic" in sources:
            told = record["Sns"]
            return ToTopic(
                name=sources["topic"],
                message=told["Message"],
                subject=told.get("Subject") or "",
                attributes=dict(_attributes(told.get("MessageAttributes", {}), "Type", "Value")),
            )
    return None


def _attributes(given: Mapping[str, Any], kind: str, value: str) -> Iterable[tuple[str, Attribute]]:
    for name, attribute in given.items():
        if attribute[kind].startswith("Binary"):
            yield name, Attribute(attribute[kind], attribute.get("binaryValue") or attribute[value])
        else:
            yield name, Attribute(attribute[kind], attribute[value])


def _key(file: str, function: str, bucket: str, template: Template) -> str:
    """A key for a file under which its bucket tells the function of it."""
    arn = template.functions[function].arn
    for one in template.buckets[bucket].notifications:
        if one.target_arn == arn or one.target_arn.startswith(f"{arn}:"):
            return f"{one.prefix}{file}" + ("" if file.endswith(one.suffix) else one.suffix)
    return file
