"""Whether other settings would have saved failures, told by the simulator.

A failure is played by Lambda's own rules with a function that always fails: once with the settings that there are, once
with others. What they come to is when the last try is. The event would have been saved if its cause had gone by then.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from landfast.failures.access import Access
from landfast.failures.discovery import Found
from landfast.failures.errors import FailuresError
from landfast.failures.model import Failure, Invoke, Records, Send
from landfast.failures.stream_records import retention_of
from landfast.simulate.run import simulate
from landfast.simulate.scenario import Scenario, ScenarioError

_OF_A_QUEUE: Final = frozenset({"VisibilityTimeout", "maxReceiveCount"})
_TRIES: Final[Mapping[str, tuple[str, ...]]] = {
    "asynchronous events": ("MaximumRetryAttempts", "MaximumEventAgeInSeconds"),
    "a stream": ("MaximumRetryAttempts", "MaximumRecordAgeInSeconds", "BisectBatchOnFunctionError"),
    "a queue": ("maxReceiveCount", "VisibilityTimeout"),
}
"""The settings that decide about tries, by what the event came by."""

_LONGEST: Final = 1_209_600.0
"""Seconds that are played: no queue and no settings of asynchronous events last longer."""


class Tries(msgspec.Struct, frozen=True, kw_only=True):
    """The tries of an event that fails each time.

    Attributes:
        count: The number of tries.
        last: When the last one begins, in seconds after the first.
        ends: False if the event is still tried when all that is played is over.
    """

    count: int
    last: float
    ends: bool


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What an event came by, with the settings that decide how often it is tried.

    Attributes:
        name: What people call it: the function, and the queue or stream.
        kind: A key of `_TRIES`.
        settings: The settings that there are.
        retention: Seconds for which a stream keeps a record; None for what is no stream.
    """

    name: str
    kind: str
    settings: dict[str, Any]
    retention: float | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What other settings would have done for the failures of one source.

    Attributes:
        source: The source.
        failures: The ids of its failures.
        now: The tries with the settings that there are.
        then: The tries with the others.
        refused: Why AWS refuses the others; empty if it takes them.
    """

    source: Source
    failures: tuple[str, ...]
    now: Tries
    then: Tries | None = None
    refused: str = ""

    def saved(self, lasted: float) -> bool:
        """Tell whether the others would have saved events whose cause lasted so many seconds."""
        return self.then is not None and self.then.last >= lasted


def answers(
    access: Access, found: Found, failures: Iterable[Failure], changes: Mapping[str, Any]
) -> tuple[list[Answer], list[Failure]]:
    """What changed settings would have done, by source; and the failures that no tries decide about.

    Raises:
        FailuresError: None of the sources has such a setting.
    """
    groups: dict[str, tuple[Source, list[str]]] = {}
    others = []
    for failure in failures:
        source = _source(access, found, failure)
        if source is None:
            others.append(failure)
        else:
            groups.setdefault(source.name, (source, []))[1].append(failure.id)
    known = {name for source, _ in groups.values() for name in _TRIES[source.kind]}
    if groups and (strange := changes.keys() - known):
        raise FailuresError(f"--set {', '.join(sorted(strange))}: these sources have {', '.join(sorted(known))}")
    return [_answer(source, ids, changes) for source, ids in groups.values()], others


def tries(source: Source, settings: Mapping[str, Any]) -> Tries:
    """The tries of one event that fails each time.

    Raises:
        ScenarioError: AWS refuses a setting.
    """
    result, _ = simulate(_scenario(source, settings))
    begun = [each["at"] for each in result["invocations"]]
    return Tries(count=len(begun), last=begun[-1] - begun[0] if begun else 0.0, ends=not result["summary"]["pending"])


def _answer(source: Source, ids: list[str], changes: Mapping[str, Any]) -> Answer:
    now = tries(source, source.settings)
    changed = {name: value for name, value in changes.items() if name in _TRIES[source.kind]}
    try:
        then = tries(source, {**source.settings, **changed})
    except ScenarioError as error:
        return Answer(source=source, failures=tuple(ids), now=now, refused=str(error))
    return Answer(source=source, failures=tuple(ids), now=now, then=then)


def _scenario(source: Source, settings: Mapping[str, Any]) -> Scenario:
    mapping = {name: value for name, value in settings.items() if name not in _OF_A_QUEUE and value is not None}
    played: dict[str, Any] = {"type": "async", "records": [{"id": "event"}]}
    if source.kind == "a stream":
        played |= {"type": "kinesis", "retention": source.retention}
        mapping |= {"StartingPosition": "TRIM_HORIZON", "BatchSize": 1}
    elif source.kind == "a queue":
        queue = {
            "VisibilityTimeout": settings["VisibilityTimeout"],
            "RedrivePolicy": {"maxReceiveCount": settings["maxReceiveCount"]},
        }
        played |= {"type": "sqs", "queue": queue}
        mapping["BatchSize"] = 1
    function = {"Timeout": 1, "behaviour": [{"outcome": "raise"}]}
    whole = {"source": played, "mapping": mapping, "function": function, "until": _LONGEST}
    try:
        return msgspec.convert(whole, Scenario)
    except msgspec.ValidationError as error:
        raise ScenarioError("", str(error)) from None


def _source(access: Access, found: Found, failure: Failure) -> Source | None:
    match failure.way:
        case Invoke(function=arn) if failure.what.startswith(("record of an asynchronous", "dead letter")):
            return _asynchronous(access, arn, failure.function)
        case Records(function=arn) if failure.position is not None:
            wanted = (failure.position.stream, arn)
            mapping = next(
                (each for each in found.mappings if (each.get("EventSourceArn"), each["FunctionArn"]) == wanted), None
            )
            return None if mapping is None else _stream(access, mapping, failure.function)
        case Send(queue=arn) if failure.what == "message of a queue" and failure.reason == "maxReceiveCount":
            return _queue(access, arn, failure.function)
    return None


def _asynchronous(access: Access, arn: str, name: str) -> Source:
    head, _, qualifier = arn.rpartition(":")
    function, qualifier = (head, qualifier) if head.count(":") == 6 else (arn, "$LATEST")  # noqa: PLR2004 - as ARNs are
    client = access.clients("lambda")
    pages = client.get_paginator("list_function_event_invoke_configs").paginate(FunctionName=function)
    configs = [config for page in pages for config in page["FunctionEventInvokeConfigs"]]
    config: dict[str, Any] = next((each for each in configs if each["FunctionArn"].endswith(f":{qualifier}")), {})
    return Source(
        name=f"{name}:{qualifier}", kind="asynchronous events", settings=_those("asynchronous events", config)
    )


def _stream(access: Access, mapping: Mapping[str, Any], name: str) -> Source:
    arn = str(mapping["EventSourceArn"])
    return Source(
        name=f"{name}, stream {arn.split('/')[1]}",
        kind="a stream",
        settings=_those("a stream", mapping),
        retention=retention_of(access.clients, arn),
    )


def _queue(access: Access, arn: str, name: str) -> Source:
    client = access.clients("sqs")
    account, queue = arn.split(":")[4:6]
    url = client.get_queue_url(QueueName=queue, QueueOwnerAWSAccountId=account)["QueueUrl"]
    attributes = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    redrive = msgspec.json.decode(attributes["RedrivePolicy"])
    settings = {
        "VisibilityTimeout": int(attributes["VisibilityTimeout"]),
        "maxReceiveCount": int(redrive["maxReceiveCount"]),
    }
    return Source(name=f"{name}, queue {queue}", kind="a queue", settings=settings)


def _those(kind: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: settings[name] for name in _TRIES[kind] if settings.get(name) is not None}
