"""What a template names and does not declare: a local resource of that kind and name stands in for each.

An ARN tells the kind and the name, and so does the URL of a queue. A resource of another account or region is played
here, where the names of the template's own resources are; texts that name it are changed to its local name.
A function that does not run here has a queue, which keeps what is sent to the function.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias, TypeVar, cast

import msgspec

from landfast.template.model import (
    Bucket,
    Declared,
    EventBus,
    Function,
    Queue,
    Role,
    Rule,
    Stream,
    Table,
    Topic,
)
from landfast.template.names import STREAM_LABEL, Place

T = TypeVar("T")

Kind: TypeAlias = Literal["queue", "topic", "stream", "table", "bus", "bucket", "function"]

_ARN = re.compile(r"arn:[\w-]+:(?P<service>[a-z0-9]+):(?P<region>[\w*-]*):(?P<account>[\w*-]*):(?P<resource>.+)")
_QUEUE_URL = re.compile(
    r"https://sqs\.(?P<region>[\w-]+)\.amazonaws\.com(?:\.cn)?/(?P<account>\d{12})/(?P<name>[\w.-]+)"
)
_NAMES: Final[Mapping[str, tuple[Kind, re.Pattern[str]]]] = {
    "sqs": ("queue", re.compile(r"([\w-]+(?:\.fifo)?)")),
    "sns": ("topic", re.compile(r"([\w-]+(?:\.fifo)?)(?::[0-9a-f-]{36})?")),
    "kinesis": ("stream", re.compile(r"stream/([\w.-]+)")),
    "dynamodb": ("table", re.compile(r"table/([\w.-]+)(?:/.*)?")),
    "events": ("bus", re.compile(r"event-bus/([\w./-]+)")),
    "s3": ("bucket", re.compile(r"([a-z0-9][a-z0-9.-]+)(?:/.*)?")),
    "lambda": ("function", re.compile(r"function:([\w-]+)(?::\$LATEST|:[\w-]+|:?\*)?")),
}
"""By the service of an ARN: the kind of resource, and how the ARN's last part names it."""

_NOUNS: Final[Mapping[Kind, tuple[str, str, str]]] = {
    "queue": ("queue", "queues", "`landfast peek NAME` shows what one has got, `landfast send sqs` sends to it"),
    "topic": ("topic", "topics", "publish with `aws sns publish` at the endpoint"),
    "stream": ("stream", "streams", "`landfast send kinesis FILE --key FIELD --stream NAME` puts records"),
    "table": ("table", "tables", "the key is `id` (S), for its own is not known: declare the table to change that"),
    "bus": ("event bus", "event buses", "`landfast send events FILE --bus NAME` puts events"),
    "bucket": ("bucket", "buckets", "`landfast send s3 FILE --bucket NAME` uploads"),
}
"""By kind: AWS's noun, its plural, and what people can do with a stand-in."""

_MOST_USERS = 3
_KEY = "id"


@dataclass(frozen=True, slots=True)
class _Named:
    """A resource as a text names it."""

    kind: Kind
    name: str
    region: str
    account: str


@dataclass(slots=True)
class StandIns:
    """The stand-ins of a stack, each under its name, or under its ARN where the template has that logical id.

    Attributes:
        functions: The ARN of the queue that keeps a function's events, by the function's unqualified ARN.
        unknown_tables: The tables of elsewhere that functions use; their keys are not known, so nothing stands in.
        lines: What stands in for what, one line for each kind.
    """

    queues: dict[str, Queue] = field(default_factory=dict)
    topics: dict[str, Topic] = field(default_factory=dict)
    streams: dict[str, Stream] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)
    event_buses: dict[str, EventBus] = field(default_factory=dict)
    buckets: dict[str, Bucket] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    _local: dict[str, str] = field(default_factory=dict)

    def localised(self, value: T) -> T:
        """The same with every text that names a resource of another account or region naming the local one."""
        if not self._local:
            return value
        texts = sorted(map(re.escape, self._local), key=len, reverse=True)
        pattern = re.compile(f"(?:{'|'.join(texts)})(?![\\w.-])")
        return cast("T", _replaced(value, lambda text: pattern.sub(lambda match: self._local[match[0]], text)))


class Outside:
    """Finds what is named and not declared.

    Args:
        place: The account and region that are played.
        declared: Everything of the stack that is run.
    """

    def __init__(self, place: Place, declared: Iterable[Declared]) -> None:
        self._place = place
        self._declared: dict[Kind, set[str]] = {}
        self._logical_ids: set[str] = set()
        for each in declared:
            self._logical_ids.add(each.logical_id)
            named = _named(each.arn)
            if named is not None:
                self._declared.setdefault(named.kind, set()).add(named.name)
        self._users: dict[tuple[Kind, str], dict[str, None]] = {}
        self._timeouts: dict[str, int] = {}
        self._tables_read: set[str] = set()
        self._local: dict[str, str] = {}

    def uses(self, user: str, value: object) -> None:
        """Note what a value names, for the resource `user`; of policies, what they allow."""
        for text in _texts(value):
            self._use(user, text)

    def reads(self, user: str, source: object, function: Function | None) -> None:
        """Note the source of an event source mapping and how long its function may take."""
        named = self._use(user, source) if isinstance(source, str) else None
        if named is None:
            return
        if named.kind == "queue" and function is not None:
            self._timeouts[named.name] = max(function.timeout, self._timeouts.get(named.name, 0))
        if named.kind == "table":
            self._tables_read.add(named.name)

    def bus(self, rule: Rule) -> None:
        """Note the bus of a rule."""
        if rule.event_bus_name != "default":
            self._use(rule.logical_id, f"arn:aws:events:::event-bus/{rule.event_bus_name}")

    def stand_ins(self) -> StandIns:
        """Make a stand-in for each thing that was noted."""
        made = StandIns(_local=self._local)
        makers = {
            "queue": (made.queues, self._queue),
            "topic": (made.topics, self._topic),
            "stream": (made.streams, self._stream),
            "table": (made.tables, self._table),
            "bus": (made.event_buses, self._bus),
            "bucket": (made.buckets, self._bucket),
        }
        for kind, name in sorted(self._users):
            if kind == "function":
                queue = self._queue(f"function-{name}"[:80])
                made.queues[queue.logical_id] = queue
                made.functions[self._place.function_arn(name)] = queue.arn
            elif kind != "table" or name in self._tables_read:
                into, make = makers[kind]
                each = make(name)
                cast("dict[str, Declared]", into)[each.logical_id] = each
        made.lines += self._lines()
        return made

    def _use(self, user: str, text: str) -> _Named | None:
        named = _named(text)
        if named is None:
            return None
        here = self._here(named)
        known = self._declared.get(here.kind, set())
        if here.name not in known and not (here.kind == "bus" and here.name == "default"):
            self._users.setdefault((here.kind, here.name), {})[user] = None
        local = self._renamed(text, here)
        if local != text and "*" not in text:
            self._local[text] = local
        return here

    def _here(self, named: _Named) -> _Named:
        """The resource as it is called here: another account's bus may have a name that is taken."""
        is_taken = named.name == "default" or named.name in self._declared.get("bus", set())
        if named.kind == "bus" and is_taken and named.account not in {"", "*", self._place.account}:
            return _Named("bus", f"{named.name}-{named.account}", named.region, named.account)
        return named

    def _renamed(self, text: str, here: _Named) -> str:
        """The text with the account and the region that are played."""
        place = self._place
        if here.kind == "bucket" or (not here.region and not here.account):
            return text
        if _QUEUE_URL.fullmatch(text):
            return f"https://sqs.{place.region}.{place.url_suffix}/{place.account}/{here.name}"
        parts = text.split(":", 5)
        resource = f"event-bus/{here.name}" if here.kind == "bus" else parts[5]
        if here.kind == "table" and "/stream/" in resource:  # its label is known when the table exists
            resource = f"table/{here.name}/{STREAM_LABEL}"
        return ":".join(("arn", place.partition, parts[2], place.region, place.account, resource))

    def _logical_id(self, name: str, arn: str) -> str:
        return arn if name in self._logical_ids else name

    def _arn(self, service: str, resource: str) -> str:
        place = self._place
        return f"arn:{place.partition}:{service}:{place.region}:{place.account}:{resource}"

    def _common(self, name: str, arn: str) -> dict[str, Any]:
        return {"logical_id": self._logical_id(name, arn), "name": name, "arn": arn}

    def _queue(self, name: str) -> Queue:
        # AWS wants six times the function's time-out, and nothing less than the time-out is possible (S-91).
        visibility = min(43_200, max(30, 6 * self._timeouts.get(name, 0)))
        attributes = {"VisibilityTimeout": str(visibility)}
        if fifo := name.endswith(".fifo"):
            attributes |= {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
        place = self._place
        return Queue(
            **self._common(name, self._arn("sqs", name)),
            url=f"https://sqs.{place.region}.{place.url_suffix}/{place.account}/{name}",
            fifo_queue=fifo,
            content_based_deduplication=fifo,
            visibility_timeout=visibility,
            attributes=attributes,
        )

    def _topic(self, name: str) -> Topic:
        fifo = name.endswith(".fifo")
        common = self._common(name, self._arn("sns", name))
        return Topic(**common, fifo_topic=fifo, content_based_deduplication=fifo)

    def _stream(self, name: str) -> Stream:
        return Stream(**self._common(name, self._arn("kinesis", f"stream/{name}")), shard_count=1)

    def _table(self, name: str) -> Table:
        arn = self._arn("dynamodb", f"table/{name}")
        return Table(
            **self._common(name, arn),
            key_schema=({"AttributeName": _KEY, "KeyType": "HASH"},),
            attribute_definitions=({"AttributeName": _KEY, "AttributeType": "S"},),
            billing_mode="PAY_PER_REQUEST",
            stream_view_type="NEW_AND_OLD_IMAGES",
            stream_arn=f"{arn}/{STREAM_LABEL}",
        )

    def _bus(self, name: str) -> EventBus:
        return EventBus(**self._common(name, self._arn("events", f"event-bus/{name}")))

    def _bucket(self, name: str) -> Bucket:
        return Bucket(**self._common(name, f"arn:{self._place.partition}:s3:::{name}"))

    def _lines(self) -> Iterator[str]:
        for kind, (one, several, hint) in _NOUNS.items():
            names = [name for name in self._names(kind) if kind != "table" or name in self._tables_read]
            if len(names) == 1:
                yield f"{one} outside the template, local stand-in: {self._listed(kind, names)}; {hint}"
            elif names:
                yield f"{several} outside the template, local stand-ins: {self._listed(kind, names)}; {hint}"
        if keyless := [name for name in self._names("table") if name not in self._tables_read]:
            listed = self._listed("table", keyless)
            yield f"not made, for the keys of tables outside the template are not known: {listed}; declare them here"
        if names := self._names("function"):
            does = (
                "function that does not run here, its" if len(names) == 1 else "functions that do not run here, their"
            )
            hint = "`landfast peek function-NAME` shows them"
            yield f"{does} events are kept: {self._listed('function', names)}; {hint}"

    def _names(self, kind: Kind) -> list[str]:
        return [name for noted, name in sorted(self._users) if noted == kind]

    def _listed(self, kind: Kind, names: Iterable[str]) -> str:
        return ", ".join(f"{name} (for {_shortened(list(self._users[kind, name]))})" for name in names)


def _shortened(users: list[str]) -> str:
    more = len(users) - _MOST_USERS
    return ", ".join(users[:_MOST_USERS]) + (f" and {more} more" if more > 0 else "")


def _named(text: str) -> _Named | None:
    """The resource that a text names, if it is an ARN or URL of one."""
    if url := _QUEUE_URL.fullmatch(text):
        return _Named("queue", url["name"], url["region"], url["account"])
    arn = _ARN.fullmatch(text)
    if arn is None or arn["service"] not in _NAMES:
        return None
    kind, pattern = _NAMES[arn["service"]]
    resource = pattern.fullmatch(arn["resource"])
    return _Named(kind, resource[1], arn["region"], arn["account"]) if resource else None


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Role):  # a role names what its function uses; conditions and denials name what it does not
        yield from (text for each in value.statements if each.effect == "Allow" for text in each.resource)
    else:
        for each in _members(value):
            yield from _texts(each)


def _members(value: object) -> Iterable[object]:
    if isinstance(value, msgspec.Struct):
        return (getattr(value, name) for name in value.__struct_fields__)
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list | tuple) else ()


def _replaced(value: Any, change: Any) -> Any:  # noqa: ANN401 - whatever a template holds
    match value:
        case str():
            return change(value)
        case msgspec.Struct():
            fields = {name: getattr(value, name) for name in value.__struct_fields__}
            return msgspec.structs.replace(value, **{name: _replaced(each, change) for name, each in fields.items()})
        case Mapping():
            return {key: _replaced(each, change) for key, each in value.items()}
        case list():
            return [_replaced(each, change) for each in value]
        case tuple():
            return tuple(_replaced(each, change) for each in value)
        case _:
            return value
