"""Scenarios: one event source, one mapping, one scripted function. The schema is `docs/scenario.schema.json`."""

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Any, Final, Literal, TypeAlias, assert_never

import msgspec
from msgspec import UNSET, Meta, UnsetType

from landfast.delivery.event_sources import (
    EVENT_SOURCES,
    AsynchronousSource,
    Kind,
    MappedSource,
    QueueSource,
    StreamSource,
)
from landfast.delivery.strict_json import DEEPEST, NotJsonError, json_text, read_json
from landfast.errors import LandfastError

LONGEST: Final = 1e9
"""Seconds that a scenario can speak of: some thirty years."""

MOST: Final = 1_000_000_000
"""Records that a scenario can have."""

Seconds: TypeAlias = Annotated[float, Meta(ge=0, le=LONGEST)]
Count: TypeAlias = Annotated[int, Meta(ge=1, le=MOST)]

Behaviour = Literal["succeed", "raise", "timeout", "exit", "throttle", "report", "return"]


class ScenarioError(LandfastError):
    """A scenario that cannot be run; its text is one line that names the field.

    Attributes:
        place: The field at fault, as a path in the scenario; empty if it is none.
    """

    def __init__(self, field: str, message: str) -> None:
        self.place = field
        super().__init__(f"{field}: {message}" if field else message)


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Unknown fields are errors."""


class Record(_Strict, frozen=True):
    """A record, event or message, given one by one.

    Attributes:
        id: The name of the record in the scenario.
        key: The partition key, the item key or the message group.
        at: When it arrives, in seconds from the start.
        shard: The record's shard, for streams.
        data: The payload, any JSON; by default ``{"id": <id>}``.
    """

    id: Annotated[str, Meta(min_length=1)]
    key: str = ""
    at: Seconds = 0.0
    shard: Annotated[int, Meta(ge=0, le=MOST)] = 0
    data: Any = UNSET

    @property
    def payload(self) -> object:
        """The data, or its default."""
        return {"id": self.id} if self.data is UNSET else self.data


class Generated(_Strict, frozen=True):
    """Records made by number: ids ``r1`` to ``rN``."""

    count: Annotated[int, Meta(ge=0, le=MOST)]
    keys: Count = 1
    per_second: Annotated[float, Meta(gt=0)] | UnsetType = UNSET
    shards: Count = 1

    def record(self, index: int) -> Record:
        """The record with this index, from 0."""
        at = 0.0 if self.per_second is UNSET else index / self.per_second
        return Record(f"r{index + 1}", f"k{index % self.keys}", at, index % self.shards)


class Redrive(_Strict, frozen=True):
    """``RedrivePolicy`` of a queue."""

    maxReceiveCount: Annotated[int, Meta(ge=1, le=1000)]  # noqa: N815 - CloudFormation's name


class Queue(_Strict, frozen=True):
    """CloudFormation properties of an ``AWS::SQS::Queue``."""

    VisibilityTimeout: Annotated[int, Meta(ge=0, le=43_200)] = 30
    FifoQueue: bool = False
    RedrivePolicy: Redrive | UnsetType = UNSET


class Source(_Strict, frozen=True):
    """The source of the records.

    Attributes:
        retention: Seconds that a stream keeps a record.
    """

    type: Kind
    records: list[Record] | Generated
    queue: Queue | UnsetType = UNSET
    retention: Annotated[float, Meta(gt=0, le=LONGEST)] | UnsetType = UNSET

    @property
    def declared(self) -> AsynchronousSource | MappedSource:
        """The declaration of the kind of source."""
        return EVENT_SOURCES[self.type]

    def all(self) -> Iterator[Record]:
        """Every record, in the scenario's order."""
        if isinstance(self.records, Generated):
            return map(self.records.record, range(self.records.count))
        return iter(self.records)

    def by_shard(self) -> dict[int, Iterator[Record]]:
        """The records of each shard, in order, made as they are asked for."""
        if isinstance(self.records, Generated):
            made = self.records
            return {
                shard: map(made.record, range(shard, made.count, made.shards))
                for shard in range(min(made.shards, made.count))
            }
        shards: dict[int, list[Record]] = {}
        for record in self.records:
            shards.setdefault(record.shard, []).append(record)
        return {shard: iter(shards[shard]) for shard in sorted(shards)}

    @property
    def number(self) -> Callable[[str], int] | None:
        """Tells the number of a generated record, from 1, by its id; None for records given one by one."""
        return _number if isinstance(self.records, Generated) else None


def _number(record_id: str) -> int:
    return int(record_id[1:])


class Rule(_Strict, frozen=True):
    """A rule of the function's behaviour, for batches that hold certain records."""

    outcome: Behaviour
    records: Annotated[list[str], Meta(min_length=1)] | UnsetType = UNSET
    every: Count | UnsetType = UNSET
    invocations: Count | UnsetType = UNSET
    report: list[str] | UnsetType = UNSET
    value: Any = None
    duration: Seconds | UnsetType = UNSET


class Function(_Strict, frozen=True):
    """The scripted function; times in seconds."""

    Timeout: Annotated[int, Meta(ge=1, le=1800)] = 3
    ReservedConcurrentExecutions: Annotated[int, Meta(ge=0, le=MOST)] | UnsetType = UNSET
    duration: Seconds = 0.0
    behaviour: list[Rule] = []

    @property
    def reserved_concurrency(self) -> int | None:
        """`ReservedConcurrentExecutions`; None without it."""
        reserved = self.ReservedConcurrentExecutions
        return None if reserved is UNSET else reserved


class Scenario(_Strict, frozen=True):
    """A whole scenario."""

    source: Source
    name: str = ""
    mapping: dict[str, Any] = {}
    function: Function = Function()
    settings: dict[str, Any] = {}
    until: Annotated[float, Meta(gt=0, le=LONGEST)] = 604_800.0


def read(text: bytes, *, yaml: bool = False) -> Scenario:
    """Read a scenario from JSON, or from YAML that says no more than JSON can.

    Raises:
        ScenarioError: It is not one; the message names the field.
    """
    try:
        data = _yaml(text) if yaml else read_json(text)
        scenario = msgspec.convert(data, Scenario)
    except NotJsonError as error:
        raise ScenarioError("", f"not valid {'YAML' if yaml else 'JSON'}: {error}") from error
    except msgspec.ValidationError as error:
        raise ScenarioError(*_place(str(error))) from error
    _check(scenario)
    return scenario


def _yaml(text: bytes) -> object:
    import yaml  # noqa: PLC0415 - most scenarios are JSON

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _check_events(yaml.parse(text, loader))
        loaded = yaml.load(text, loader)  # noqa: S506 - it is safe
    except (yaml.YAMLError, ValueError, TypeError) as error:
        raise NotJsonError(_one_line(error)) from error
    return read_json(json_text(_jsonlike(loaded, "")))


def _check_events(events: Iterable[Any]) -> None:
    """Refuse what a few lines of YAML can do to a reader that recurses: aliases, and nesting without end.

    JSON has no aliases, and with them a few lines make billions of records.
    """
    depth = 0
    for event in events:
        kind = type(event).__name__
        depth += kind.endswith("StartEvent") - kind.endswith("EndEvent")
        if depth > DEEPEST:
            raise NotJsonError(f"it is nested more than {DEEPEST} levels deep")
        if kind == "AliasEvent":
            raise NotJsonError(f"line {event.start_mark.line + 1} has an alias, which JSON has not")


def _jsonlike(value: object, path: str) -> object:
    """A value of YAML that JSON can say as well; anything else is refused by its place.

    Raises:
        ScenarioError: A date, binary data, a key that is no text, or a number that is none.
    """
    match value:
        case dict():
            for key in value:
                if not isinstance(key, str):
                    raise ScenarioError(path or "scenario", f"the key {key!r} is not a string: put it in quotes")
            return {key: _jsonlike(item, f"{path}.{key}".lstrip(".")) for key, item in value.items()}
        case list():
            return [_jsonlike(item, f"{path}[{index}]") for index, item in enumerate(value)]
        case float() if not math.isfinite(value):
            raise ScenarioError(path or "scenario", f"{value} is not a number that JSON has")
        case None | bool() | int() | float() | str():
            return value
    raise ScenarioError(path or "scenario", f"{value} is a {type(value).__name__}, which is no JSON: quote it")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _place(message: str) -> tuple[str, str]:
    """A message of msgspec, taken apart into the field's path and what is wrong with it."""
    text, _, path = message.partition(" - at `$")
    path = path.rstrip("`").lstrip(".")
    for lead in ("Object contains unknown field `", "Object missing required field `"):
        if text.startswith(lead):
            name = text.removeprefix(lead).rstrip("`")
            problem = "unknown field" if "unknown" in lead else "required field is missing"
            return f"{path}.{name}".lstrip("."), problem
    return path or "scenario", text[:1].lower() + text[1:]


def _check(scenario: Scenario) -> None:
    """Check what the types cannot say: unique ids, shards in order, fields that belong to another kind of source."""
    source = scenario.source
    match source.declared:
        case StreamSource():
            wrong, in_shards = _not_of(source, "queue"), True
        case QueueSource():
            wrong, in_shards = _not_of(source, "retention"), False
        case AsynchronousSource():
            wrong, in_shards = _not_of(source, "queue", "retention"), False
        case never:
            assert_never(never)
    if wrong is not None:
        raise wrong
    if isinstance(source.records, Generated):
        _check_pace(source.records)
        return
    _check_ids(source.records)
    if in_shards:
        _check_arrivals(source.records)


def _not_of(source: Source, *fields: Literal["queue", "retention"]) -> ScenarioError | None:
    """The refusal of what is set but belongs to other kinds of sources."""
    owners = {"queue": "an sqs source", "retention": "a stream"}
    for field in fields:
        if getattr(source, field) is not UNSET:
            return ScenarioError(f"source.{field}", f"belongs to {owners[field]}, not to {source.type}")
    return None


def _check_pace(made: Generated) -> None:
    if made.count and made.record(made.count - 1).at > LONGEST:
        raise ScenarioError("source.records.per_second", f"the last record would arrive after {LONGEST:g} seconds")


def _check_ids(records: list[Record]) -> None:
    seen: set[str] = set()
    for index, record in enumerate(records):
        if record.id in seen:
            raise ScenarioError(f"source.records[{index}].id", f"{record.id!r} is there twice")
        seen.add(record.id)


def _check_arrivals(records: list[Record]) -> None:
    latest: dict[int, float] = {}
    for index, record in enumerate(records):
        before = latest.get(record.shard, 0.0)
        if record.at < before:
            raise ScenarioError(f"source.records[{index}].at", f"{record.at:g} is before {before:g}, in one shard")
        latest[record.shard] = record.at
