"""The functions: how their invocations go, what they log, and what can be done to them: pause, throttle, let fail."""

import math
import threading
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec

from landfast.console.context import Context
from landfast.console.function_log import Figures, FunctionLog, Line
from landfast.console.routes import Asked, Problem, Route
from landfast.digits import whole_number
from landfast.service.event_source_mappings import Entry, State
from landfast.service.faults import Armed, Fail, Fault, Kill, Slow, Throttle, Twice
from landfast.service.functions import LATEST
from landfast.template import Function, Template
from landfast.template.graph import graph_of

if TYPE_CHECKING:
    from landfast.service.logs import Read

_LATEST_RUNS: Final = 60
_MOST_LINES: Final = 500
_MOST_TIMES: Final = 1_000_000
_LONGEST_WAIT: Final = 900.0
"""Seconds: Lambda's longest time-out."""


class MappingShown(msgspec.Struct, frozen=True, kw_only=True):
    """An event source mapping of a function.

    Attributes:
        uuid: Its UUID.
        name: What the template calls it.
        source: The logical id of the queue, stream or table that it reads.
        qualifier: The alias or version that it calls; empty for the newest code.
        state: As AWS calls it.
    """

    uuid: str
    name: str
    source: str
    qualifier: str
    state: State


class FaultShown(msgspec.Struct, frozen=True, kw_only=True):
    """A fault that is still to come.

    Attributes:
        number: By which it is known.
        kind: What happens.
        detail: The error's type, or the seconds; empty for the others.
        left: The number of invocations that it has yet to strike; None for all.
    """

    number: int
    kind: str
    detail: str
    left: int | None


class FunctionShown(msgspec.Struct, frozen=True, kw_only=True):
    """A function.

    Attributes:
        name: Its logical id.
        function_name: Its name.
        handler: Its handler.
        timeout: In seconds.
        memory: In MB.
        broken: Why it cannot be run; empty if it can.
        reserved: Its reserved concurrency; None without one.
        running: Its invocations under way.
        warm: Its workers that wait for an event.
        sources: The logical ids of what sends it events, mappings included.
        schedules: What calls it by a schedule: the logical id, and when it is due.
        mappings: Its event source mappings.
        faults: The faults that its next invocations meet, in their order.
        invocations: Its invocations that the journal tells of, throttled ones not counted.
        failures: Those of them that failed.
        throttles: The calls that did not reach it.
        figures: How its latest invocations went.
    """

    name: str
    function_name: str
    handler: str
    timeout: float
    memory: int
    broken: str
    reserved: int | None
    running: int
    warm: int
    sources: tuple[str, ...]
    schedules: tuple[tuple[str, str], ...]
    mappings: tuple[MappingShown, ...]
    faults: tuple[FaultShown, ...]
    invocations: int
    failures: int
    throttles: int
    figures: Figures


class Lines(msgspec.Struct, frozen=True, kw_only=True):
    """Lines of a log.

    Attributes:
        lines: The lines, the oldest first.
        newest: The number of the newest line of the log: what is asked for next comes after it.
        left_out: The number of older lines that match and are not among them.
    """

    lines: list[Line]
    newest: int
    left_out: int


class Enabled(msgspec.Struct, forbid_unknown_fields=True):
    """Whether a mapping is to read."""

    enabled: bool


class Reserved(msgspec.Struct, forbid_unknown_fields=True):
    """The reserved concurrency that a function is to have; None for none."""

    reserved: Annotated[int, msgspec.Meta(ge=0)] | None


class WantedFault(msgspec.Struct, forbid_unknown_fields=True):
    """A fault that the next invocations of a function are to meet.

    Attributes:
        kind: What happens.
        times: How many invocations meet it; None for all, until it is ended.
        error_type: The errorType of ``fail``.
        error_message: The errorMessage of ``fail``.
        seconds: By how much ``slow`` makes slower.
    """

    kind: Literal["fail", "kill", "slow", "twice", "throttle"]
    times: Annotated[int, msgspec.Meta(ge=1, le=_MOST_TIMES)] | None = 1
    error_type: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] = "Error"
    error_message: Annotated[str, msgspec.Meta(max_length=2_000)] = ""
    seconds: Annotated[float, msgspec.Meta(gt=0, le=_LONGEST_WAIT)] = 1.0

    def fault(self) -> Fault:
        """The fault."""
        match self.kind:
            case "fail":
                return Fail({"errorMessage": self.error_message, "errorType": self.error_type, "stackTrace": []})
            case "kill":
                return Kill()
            case "slow":
                return Slow(self.seconds)
            case "twice":
                return Twice()
            case "throttle":
                return Throttle()


class FunctionsPart:
    """Answers how functions are, and changes what they meet."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._logs = Logs(context)

    def routes(self) -> Iterable[Route]:
        """The routes of this part."""
        yield Route("GET", "/functions", self._all)
        yield Route("GET", "/functions/{name}", self._one)
        yield Route("GET", "/functions/{name}/log", self._log)
        yield Route("POST", "/functions/{name}/mappings/{uuid}", self._enable)
        yield Route("POST", "/functions/{name}/concurrency", self._reserve)
        yield Route("POST", "/functions/{name}/faults", self._arm)
        yield Route("DELETE", "/functions/{name}/faults/{number}", self._disarm)

    async def _all(self, asked: Asked) -> list[FunctionShown]:
        del asked
        return await self._shown(list(self._context.service.template.functions.values()))

    async def _one(self, asked: Asked) -> FunctionShown:
        return (await self._shown([self._function(asked)]))[0]

    async def _log(self, asked: Asked) -> Lines:
        function = self._function(asked)
        after = int(asked.number("after", 0, 1e15))
        most = int(asked.number("limit", _MOST_LINES, 10_000))
        request_id = asked.query.get("request", "")
        return await self._context.apart(lambda: self._logs.lines(function, after, request_id, most))

    async def _enable(self, asked: Asked) -> FunctionShown:
        function, enabled, uuid = self._function(asked), asked.read(Enabled).enabled, asked.parts["uuid"]
        mappings = await self._context.driver(self._mappings)
        if uuid not in {each.uuid for each in mappings.get(function.logical_id, ())}:
            raise Problem(HTTPStatus.NOT_FOUND, f"{function.logical_id} has no event source mapping {uuid}")
        await self._lambda("update_event_source_mapping", UUID=uuid, Enabled=enabled)
        return (await self._shown([function]))[0]

    async def _reserve(self, asked: Asked) -> FunctionShown:
        function, reserved = self._function(asked), asked.read(Reserved).reserved
        if reserved is None:
            await self._lambda("delete_function_concurrency", FunctionName=function.name)
        else:
            await self._lambda(
                "put_function_concurrency", FunctionName=function.name, ReservedConcurrentExecutions=reserved
            )
        return (await self._shown([function]))[0]

    async def _arm(self, asked: Asked) -> FunctionShown:
        function, wanted = self._function(asked), asked.read(WantedFault)
        self._context.service.faults.arm(function.logical_id, wanted.fault(), times=wanted.times)
        return (await self._shown([function]))[0]

    async def _disarm(self, asked: Asked) -> FunctionShown:
        function, number = self._function(asked), whole_number(asked.parts["number"])
        if number is None or not self._context.service.faults.disarm(number):
            raise Problem(HTTPStatus.NOT_FOUND, "this fault is over already")
        return (await self._shown([function]))[0]

    def _function(self, asked: Asked) -> Function:
        name = asked.parts["name"]
        functions = self._context.service.template.functions
        if name not in functions:
            raise Problem(HTTPStatus.NOT_FOUND, f"the template has no function {name} that runs here")
        return functions[name]

    async def _shown(self, functions: list[Function]) -> list[FunctionShown]:
        service = self._context.service
        mappings = await self._context.driver(self._mappings)
        fed: dict[str, list[str]] = {}
        for edge in graph_of(service.template).edges:
            if edge.kind == "event":
                fed.setdefault(edge.target, []).append(edge.source)
        figures = await self._context.apart(lambda: [self._logs.figures(function) for function in functions])
        sources = await self._context.counted()
        armed = service.faults.armed()

        def shown(function: Function, figures: Figures) -> FunctionShown:
            spec, load = service.functions.specs[function.name], service.load(function.name)
            counts = [source for source in sources.values() if source.function == function.logical_id]
            return FunctionShown(
                name=function.logical_id,
                function_name=function.name,
                handler=spec.handler,
                timeout=spec.timeout,
                memory=spec.memory_mb,
                broken=spec.broken,
                reserved=spec.reserved_concurrency,
                running=load.running,
                warm=load.idle,
                sources=tuple(fed.get(function.logical_id, ())),
                schedules=tuple(schedules_of(service.template, spec.arn)),
                mappings=tuple(mappings.get(function.logical_id, ())),
                faults=tuple(fault_shown(each) for each in armed if each.function == function.logical_id),
                invocations=sum(each.invocations for each in counts),
                failures=sum(each.failures for each in counts),
                throttles=sum(each.throttles for each in counts),
                figures=figures,
            )

        return [shown(*each) for each in zip(functions, figures, strict=True)]

    def _mappings(self) -> Mapping[str, list[MappingShown]]:
        """The event source mappings, by the logical ids of their functions; in the driver's thread."""
        found: dict[str, list[MappingShown]] = {}
        for entry in self._context.service.mappings or ():
            found.setdefault(entry.mapping.function, []).append(mapping_shown(entry))
        return found

    async def _lambda(self, operation: str, **params: object) -> None:
        """Call Lambda's API at the service's own endpoint, as anybody's client would.

        Raises:
            Problem: It refuses.
        """
        from botocore.exceptions import ClientError  # noqa: PLC0415 - heavy: loaded when it is first needed

        client = self._context.service.clients.lambda_
        call = partial(getattr(client, operation), **params)
        try:
            await self._context.apart(call)
        except ClientError as error:
            told: Any = error.response
            status = HTTPStatus(told["ResponseMetadata"]["HTTPStatusCode"])
            raise Problem(status, f"{told['Error']['Code']}: {told['Error']['Message']}") from None


class Logs:
    """What the logs of functions tell; whoever asks reads what is new. Safe to share between threads."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._logs: dict[str, tuple[FunctionLog, Read | None]] = {}

    def figures(self, function: Function) -> Figures:
        """How a function's latest invocations went."""
        with self._lock:
            return self._caught_up(function.name).figures(_LATEST_RUNS)

    def lines(self, function: Function, after: int, request_id: str, most: int) -> Lines:
        """The newest lines of a function's log that came after one."""
        with self._lock:
            log = self._caught_up(function.name)
            # A service that was started anew counts anew: whoever has seen more of it has seen the one before.
            lines = log.lines(after=after if after <= log.newest else 0, request_id=request_id)
            return Lines(lines=lines[-most:] if most else [], newest=log.newest, left_out=max(0, len(lines) - most))

    def _caught_up(self, name: str) -> FunctionLog:
        log, read = self._logs.get(name, (FunctionLog(), None))
        events, upto = self._context.service.logged_since(name, read)
        log.take(events)
        self._logs[name] = log, upto
        return log


def schedules_of(template: Template, arn: str) -> Iterator[tuple[str, str]]:
    """The logical ids and expressions of the schedules, and of rules with one, that call a function or its aliases."""
    for name, schedule in template.schedules.items():
        if _is_of(schedule.target.arn, arn):
            yield name, schedule.expression
    for name, rule in template.rules.items():
        if rule.schedule_expression and any(_is_of(target.arn, arn) for target in rule.targets):
            yield name, rule.schedule_expression


def _is_of(called: str, arn: str) -> bool:
    return called == arn or called.startswith(f"{arn}:")


def mapping_shown(entry: Entry) -> MappingShown:
    """A mapping, as the page shows it."""
    mapping = entry.mapping
    return MappingShown(
        uuid=mapping.uuid,
        name=mapping.logical_id,
        source=mapping.source,
        qualifier="" if mapping.qualifier in {None, LATEST} else str(mapping.qualifier),
        state=entry.state,
    )


def fault_shown(armed: Armed) -> FaultShown:
    """A fault, as the page shows it."""
    detail = ""
    match armed.fault:
        case Fail(error):
            kind, detail = "fail", str(error.get("errorType", ""))
        case Slow(seconds):
            kind, detail = "slow", f"{seconds:g}"
        case Kill():
            kind = "kill"
        case Twice():
            kind = "twice"
        case Throttle():
            kind = "throttle"
    left = None if math.isinf(armed.left) else int(armed.left)
    return FaultShown(number=armed.number, kind=kind, detail=detail, left=left)
