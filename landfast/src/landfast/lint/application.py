"""What a template declares, as far as delivery depends on it.

Unlike `landfast.template.Template` it has what does not run on this machine as well: functions in any language, and
mappings that AWS would refuse. What cannot be known, such as an export of another stack, is `UNKNOWN`, and no hazard is
made of it.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

import msgspec

from landfast.template.code import Code
from landfast.template.errors import Mistake, Unavailable, Where
from landfast.template.iam import roles
from landfast.template.intrinsics import scalar
from landfast.template.mappings import mapping_properties
from landfast.template.model import Bucket, Queue, Role, Rule, Schedule, Stream, Subscription, Table, Topic
from landfast.template.names import function_reference
from landfast.template.references import references
from landfast.template.resources import buckets, queues, streams, tables, topics
from landfast.template.routing import event_buses, rules
from landfast.template.schedules import schedules
from landfast.template.stack import Stack, shaped

T = TypeVar("T")

LATEST: Final = "$LATEST"

UNKNOWN: Final = "(unknown)"
"""In place of a text that only AWS knows."""

_DEFAULT_TIMEOUT: Final = 3

Source: TypeAlias = Queue | Stream | Table


class Function(msgspec.Struct, frozen=True, kw_only=True):
    """A function, in whatever language.

    Attributes:
        logical_id: The function's key under Resources.
        arn: The unqualified ARN.
        timeout: In seconds; None if it cannot be known.
        reserved: The reserved concurrency; None for none, or if it cannot be known.
        dead_letter: The ARN of its dead-letter queue or topic; None without one.
        role: None if it is not in the template.
        handler: As Lambda has it; None for an image.
        variables: The environment, as declared.
        recursive: True if a chain of calls that does not end is wanted (S-34).
    """

    logical_id: str
    arn: str
    timeout: int | None
    reserved: int | None
    dead_letter: str | None
    role: Role | None
    handler: str | None
    variables: Mapping[str, Any]
    recursive: bool


class EventSourceMapping(msgspec.Struct, frozen=True, kw_only=True):
    """A mapping to a function of the template.

    Attributes:
        logical_id: The mapping's key under Resources.
        function: The function.
        source: The queue, stream or table; None if it is not in the template.
        properties: CloudFormation's own, resolved.
    """

    logical_id: str
    function: Function
    source: Source | None
    properties: Mapping[str, Any]

    def number(self, name: str, default: int) -> int:
        """A setting that is a number."""
        value = self.properties.get(name, default)
        return value if isinstance(value, int) else default

    @property
    def reports_failures(self) -> bool:
        """True if the function's partial batch responses count (S-70, S-97)."""
        declared = self.properties.get("FunctionResponseTypes")
        return isinstance(declared, list) and "ReportBatchItemFailures" in declared

    @property
    def destination(self) -> str | None:
        """The ARN of what gets the records that are given up; None without one."""
        config = self.properties.get("DestinationConfig") or {}
        on_failure = config.get("OnFailure") if isinstance(config, dict) else None
        found = on_failure.get("Destination") if isinstance(on_failure, dict) else None
        return found if isinstance(found, str) else None


class InvokeConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The settings for asynchronous events of one qualifier.

    Attributes:
        logical_id: Their key under Resources.
        function: The function.
        qualifier: An alias or version, or ``$LATEST``.
        on_success: The ARN of the destination; None without one.
        on_failure: The same for failures.
        properties: CloudFormation's own, as far as they are known.
    """

    logical_id: str
    function: Function
    qualifier: str
    on_success: str | None
    on_failure: str | None
    properties: Mapping[str, Any]


class Application:
    """The declarations of one template.

    Attributes:
        stack: All resources.
    """

    def __init__(self, stack: Stack, code: Code) -> None:
        self.stack = stack
        self._code = code
        self.queues = queues(stack)
        self.streams = streams(stack)
        self.tables = tables(stack)
        self.topics: Mapping[str, Topic]
        self.subscriptions: list[Subscription]
        self.topics, self.subscriptions = topics(stack)
        self.buckets: Mapping[str, Bucket] = buckets(stack)
        self.rules: Mapping[str, Rule] = rules(stack)
        self.schedules: Mapping[str, Schedule] = schedules(stack)
        self.roles = {role.arn: role for role in roles(stack).values()}
        self.functions = self._each("AWS::Lambda::Function", self._function)
        self._by_name = {stack.identity(key).name: function for key, function in self.functions.items()}
        self.configs = self._configs()
        found = self._each("AWS::Lambda::EventSourceMapping", self._mapping)
        self.mappings = {key: mapping for key, mapping in found.items() if mapping is not None}
        self._by_arn = {
            each.arn: each.logical_id
            for kind in (
                self.queues,
                self.topics,
                self.buckets,
                self.streams,
                self.tables,
                self.functions,
                event_buses(stack),
            )
            for each in kind.values()
        }
        self.queues_by_arn = {queue.arn: queue for queue in self.queues.values()}

    def value(self, logical_id: str, *path: str) -> Any:  # noqa: ANN401 - a template holds any JSON value
        """A property resolved; None if it is not there, `UNKNOWN` if it cannot be known."""
        value: Any = self.stack.resources[logical_id]["Properties"]
        where: Where = (logical_id, "Properties")
        try:
            for step in path:
                where = (*where, step)
                value = value.get(step) if isinstance(value, dict) else None
                value = self.stack.resolver.branch(value, where)
            return self.stack.resolver.resolve(value, where)
        except (Mistake, Unavailable):
            return UNKNOWN

    def text(self, logical_id: str, *path: str) -> str | None:
        """The same of a property that is a text; None for an empty one."""
        value = scalar(self.value(logical_id, *path))
        return value or None

    def number(self, logical_id: str, name: str, default: int | None) -> int | None:
        """The same of a property that is a number; None if it cannot be known."""
        value = self.value(logical_id, name)
        if value is None:
            return default
        try:
            return shaped(value, int, (logical_id, "Properties", name))
        except Mistake:
            return None

    def function_of(self, reference: object) -> tuple[Function, str] | None:
        """The function, and the qualifier, that a name or an ARN means; None if it is not in this template."""
        parts = function_reference(reference) if isinstance(reference, str) else None
        if parts is None or parts[0] not in self._by_name:
            return None
        function = self._by_name[parts[0]]
        if str(reference).startswith("arn:") and not str(reference).startswith(function.arn):
            return None
        return function, parts[1] or LATEST

    def name_of(self, arn: str) -> str:
        """The logical id of what an ARN names, or what follows the ARN's last colon if the template has it not."""
        return self._by_arn.get(arn, arn.rpartition(":")[2])

    def has(self, arn: str) -> bool:
        """Tell whether an ARN, qualified or not, names a resource of the template."""
        return arn in self._by_arn or arn.rpartition(":")[0] in self._by_arn

    def code_of(self, function: Function) -> Path | None:
        """The folder of a function's code; None if it is not on this machine."""
        try:
            folder = self._code.folder(self.stack, function.logical_id, "Code")
        except (Mistake, Unavailable):
            return None
        return folder if folder.is_dir() else None

    def inline_code_of(self, function: Function) -> str | None:
        """The code that the template itself holds; None if it holds none."""
        found = self.value(function.logical_id, "Code", "ZipFile")
        return found if isinstance(found, str) and found != UNKNOWN else None

    def names(self, user: str) -> frozenset[str]:
        """The logical ids that a resource refers to."""
        properties = self.stack.resources[user]["Properties"]
        return frozenset(name for name, _ in references(properties, ()))

    def _each(self, kind: str, build: Callable[[str], T]) -> dict[str, T]:
        """Build each resource of a type whose name is known; nothing refers to the others."""
        built: dict[str, T] = {}
        for logical_id in self.stack.of_type(kind):
            try:
                built[logical_id] = build(logical_id)
            except (Mistake, Unavailable):
                continue  # only AWS knows its name
        return built

    def _function(self, logical_id: str) -> Function:
        variables = self.stack.resources[logical_id]["Properties"].get("Environment")
        declared = variables.get("Variables") if isinstance(variables, dict) else None
        role = self.text(logical_id, "Role")
        return Function(
            logical_id=logical_id,
            arn=self.stack.identity(logical_id).attributes["Arn"],
            timeout=self.number(logical_id, "Timeout", _DEFAULT_TIMEOUT),
            reserved=self.number(logical_id, "ReservedConcurrentExecutions", None),
            dead_letter=self.text(logical_id, "DeadLetterConfig", "TargetArn"),
            role=None if role is None else self.roles.get(role),
            handler=self.text(logical_id, "Handler"),
            variables=declared if isinstance(declared, dict) else {},
            recursive=self.text(logical_id, "RecursiveLoop") == "Allow",
        )

    def _configs(self) -> dict[tuple[str, str], InvokeConfig]:
        found: dict[tuple[str, str], InvokeConfig] = {}
        for logical_id in self.stack.of_type("AWS::Lambda::EventInvokeConfig"):
            of = self.function_of(self.value(logical_id, "FunctionName"))
            qualifier = self.text(logical_id, "Qualifier")
            if of is None or qualifier is None:
                continue
            properties: dict[str, Any] = {
                name: number
                for name in ("MaximumRetryAttempts", "MaximumEventAgeInSeconds")
                if (number := self.number(logical_id, name, None)) is not None
            }
            on_failure = self.text(logical_id, "DestinationConfig", "OnFailure", "Destination")
            if on_failure not in (None, UNKNOWN):
                properties["DestinationConfig"] = {"OnFailure": {"Destination": on_failure}}
            found[of[0].logical_id, qualifier] = InvokeConfig(
                logical_id=logical_id,
                function=of[0],
                qualifier=qualifier,
                on_success=self.text(logical_id, "DestinationConfig", "OnSuccess", "Destination"),
                on_failure=on_failure,
                properties=properties,
            )
        return found

    def _mapping(self, logical_id: str) -> EventSourceMapping | None:
        """The mapping; None if its function is of elsewhere, or what it says cannot be known."""
        try:
            properties = mapping_properties(self.stack, logical_id)
        except (Mistake, Unavailable):
            return None
        of = self.function_of(properties.get("FunctionName"))
        if of is None:
            return None
        sources: list[Source] = [*self.queues.values(), *self.streams.values(), *self.tables.values()]
        arn = properties.get("EventSourceArn")
        source = next((each for each in sources if arn and each.event_source_arn == arn), None)
        return EventSourceMapping(logical_id=logical_id, function=of[0], source=source, properties=properties)
