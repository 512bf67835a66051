"""One running stack: template, engine, functions, machines and the endpoint, started and stopped together."""

import json
import math
import os
import re
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, TypeVar

from aiohttp import web

from landfast.dataplane import engine as engines
from landfast.dataplane import resources
from landfast.dataplane.clients import Clients
from landfast.dataplane.deployed import DeployedStack
from landfast.dataplane.engine import Engine, EngineName
from landfast.delivery.settings import Settings
from landfast.delivery.times import iso_seconds
from landfast.driver import Change, KeepRow, Order
from landfast.eventplane.declared import declare
from landfast.eventplane.sqs_answers import Peeked
from landfast.journal import Dropped, Entry, Retrying
from landfast.protocols import Request, Response
from landfast.runtime.confinement import obstacle
from landfast.runtime.debugger import Debugger
from landfast.runtime.model import REQUEST_LIMIT, LogRecord
from landfast.runtime.pythons import Pythons
from landfast.runtime.runtime import Load, Runtime
from landfast.service import described, local_client, service_log
from landfast.service.apis import CloudControlApi, CloudFormationApi, LambdaApi, LambdaStack, LogsApi, StsApi
from landfast.service.asynchronous import AsynchronousQueues
from landfast.service.changes import Changes
from landfast.service.clock import FASTEST, SLOWEST, Clock, Mode
from landfast.service.delivery import Deliveries
from landfast.service.elsewhere import FunctionsElsewhere
from landfast.service.endpoint import Endpoint, is_invocation
from landfast.service.event_source_mappings import EventSourceMappings
from landfast.service.faults import Faults
from landfast.service.forwarding import Forwarding
from landfast.service.function_calls import FunctionCalls
from landfast.service.functions import LATEST, Functions, Target
from landfast.service.gateway import Gateway
from landfast.service.held import Held
from landfast.service.interrupts import Interrupts
from landfast.service.layers import Packages
from landfast.service.local_api import LocalApi
from landfast.service.log_subscriptions import LogSubscriptions
from landfast.service.logs import LogEvent, LogFiles, Read
from landfast.service.loop import Loop
from landfast.service.mappings import Mappings
from landfast.service.measures import Measures
from landfast.service.payloads import Payloads
from landfast.service.plane import Plane
from landfast.service.plane_world import LivePlaneWorld
from landfast.service.proxy import Proxy
from landfast.service.queues import QueueReader
from landfast.service.replays import ReplayedCalls, Replays, replay_of
from landfast.service.specs import Builder, asynchronous_config, function_named, versions, weights
from landfast.service.state import Running, ServiceError, StateDirectory
from landfast.service.store import CLOCK, Store, StoreError
from landfast.service.streams import StreamReader
from landfast.service.timing import Timing, timing
from landfast.service.watch import Watch
from landfast.service.world import Shared
from landfast.sources.embedded_metrics import embedded_metrics
from landfast.template import Findings, Template, read
from landfast.template.reader import ACCOUNT

T = TypeVar("T")

_JOIN = 5.0
_BEGUN = re.compile(r"START RequestId: (\S+)")
_SHARED = (
    "functions can write beside their code and see this machine's /tmp and /dev/shm, unlike on Lambda: they cannot be "
    "kept from it without root ({})"
)


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of a service.

    Attributes:
        template: The SAM template.
        state: The state directory.
        layers: The folder of built layers, and of the template as SAM has translated it; in the state directory
            without it.
        stack: The stack's name.
        parameters: The values of the template's parameters.
        region: To play.
        speed: The factor by which waits pass faster than real time.
        skip_waits: True if time jumps to what is due next as soon as everything rests.
        follow: True if the journal tells which chain of events each record belongs to.
        engine: The emulator behind the service.
        port: The port of the endpoint; 0 for a free one.
        settings: The unconfirmed points.
        sandbox: Whether functions get no more of the machine than Lambda gives: code that is read-only, a ``/tmp`` of
            their own. Without it they can write wherever this process can.
        debug: The function that a debugger can attach to, by logical id or name.
        debug_port: Where debuggers connect; 0 for a free port.
    """

    template: Path = Path("template.yaml")
    state: Path = Path(".landfast")
    layers: Path | None = None
    stack: str = "landfast"
    parameters: Mapping[str, str] = field(default_factory=dict)
    region: str = "us-east-1"
    speed: float = 1.0
    skip_waits: bool = False
    follow: bool = False
    engine: EngineName = "moto"
    port: int = 0
    settings: Settings = field(default_factory=Settings)
    sandbox: bool = True
    debug: str | None = None
    debug_port: int = 5678

    @property
    def built(self) -> Path:
        """The folder of what only has to be made anew when the template or a layer changes."""
        return (self.layers or self.state / "layers").absolute()


class Page(Protocol):
    """Answers requests at the endpoint that are no calls of AWS's, in the endpoint's event loop."""

    def takes(self, target: str) -> bool:
        """Tell whether it answers a request."""
        ...

    async def response(self, request: web.BaseRequest, target: str) -> web.StreamResponse:
        """The response to one request."""
        ...

    def close(self) -> None:
        """Begin nothing more."""
        ...


class Service:
    """A running stack. Use it as a context manager: what it started ends with it."""

    template: Template

    def __init__(
        self, options: Options, interrupts: Interrupts | None = None, tell: Callable[[str], None] | None = None
    ) -> None:
        self.options = options
        self._tell = tell or (lambda _: None)
        self._interrupts = interrupts or Interrupts()
        self.failure: tuple[str, BaseException] | None = None
        self.failed = threading.Event()
        self._holds_data = False
        self._mappings: EventSourceMappings | None = None
        self._not_wanted = threading.Event()
        self._parts = ExitStack()
        self.not_run: tuple[str, ...] = ()
        self.payloads = Payloads()
        self.debugger: Debugger | None = None
        self._page: Page | None = None

    @classmethod
    def start(
        cls, options: Options, interrupts: Interrupts | None = None, *, tell: Callable[[str], None] | None = None
    ) -> Self:
        """A service that is ready to take events.

        Args:
            options: The options of the service.
            interrupts: Signals that may break the start off.
            tell: Told, in a line each, what takes long: Pythons and packages that are installed.

        Raises:
            TemplateError: The template cannot be read.
            ServiceError: It cannot be run here.
            DataplaneError: The engine cannot be had, or refuses something.
            Interrupted: A signal asked for the end; nothing is left behind.
        """
        service = cls(options, interrupts, tell)
        try:
            service._start()
        except BaseException:
            service.stop()
            raise
        return service

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def running(self) -> Running:
        """The description of the service that others need to use it."""
        return self._running

    @property
    def endpoint(self) -> str:
        """The URL for all AWS calls, those of functions included."""
        return self._proxy.url

    @property
    def in_force(self) -> Template:
        """The template with what Lambda's API has changed of it."""
        return self._changes.template

    @property
    def journal(self) -> Path:
        """The file of the journal."""
        return self._directory.journal

    @property
    def outputs(self) -> Mapping[str, str]:
        """The template's outputs, as its resources are called at the endpoint."""
        return {name: self._real_name(value) for name, value in self.template.outputs.items()}

    def logged(self, function: str) -> Iterator[tuple[str, str]]:
        """What a function has logged: each record with the id of its request, which is empty before the first one.

        Args:
            function: The function's name.
        """
        requests: dict[str, str] = {}
        for event in self._logs.events(function, lambda *_: True):
            if begun := _BEGUN.match(event.text):
                requests[event.stream] = begun[1]
            yield requests.get(event.stream, ""), event.text

    def attach(self, page: Page) -> None:
        """Let a page answer its requests from now on, in place of one before it; it ends with the service."""
        if self._page is not None:
            self._page.close()
        else:
            self._parts.callback(self._detach)
        self._page = page
        self.payloads.wanted = True

    def _detach(self) -> None:
        page, self._page = self._page, None
        if page is not None:
            page.close()

    async def driver(self, work: Callable[[], T]) -> T:
        """Return what `work` answers in the driver's thread; only from the endpoint's event loop.

        Raises:
            Exception: Whatever `work` raises.
        """
        return await self._gateway.driver(work)

    def find_messages(self, message_ids: Collection[str]) -> list[tuple[str, Peeked]]:
        """The messages with these ids that are in queues now, each with the queue's ARN; looking changes nothing."""
        return self._loop.ask(lambda: list(self._plane.queues.find(message_ids)))

    def logged_since(self, function: str, read: Read | None) -> tuple[list[LogEvent], Read | None]:
        """What a function has logged since it was read last, as `LogFiles.since` answers it.

        Args:
            function: The function's name.
            read: As this answered before; None for all that is kept.
        """
        return self._logs.since(function, read)

    def load(self, function: str) -> Load:
        """How much a function has to do now.

        Args:
            function: The function's name.
        """
        return self._runtime.load(function)

    @property
    def is_idle(self) -> bool:
        """True if no function is called and no event that was taken in has yet to end; queues are not looked into."""
        waiting = any(len(driver.machine) for _, driver in self.queues.each())
        return not waiting and not any(reader.is_busy() for reader in self.readers)

    @property
    def readers(self) -> Sequence[QueueReader | StreamReader]:
        """What reads for the event source mappings now."""
        return self._mappings.readers if self._mappings is not None else ()

    @property
    def plane(self) -> Plane:
        """What delivers events: queues, streams and the rest; only for the driver's thread."""
        return self._plane

    @property
    def mappings(self) -> EventSourceMappings | None:
        """The event source mappings, only for the driver's thread; None before they are made."""
        return self._mappings

    def at(self, due: float, work: Callable[[], None]) -> None:
        """Do `work` in a thread of its own at a time of the service's clock: what a test sends later, for example.

        Time does not skip it, and while it runs, time does not jump.

        Args:
            due: In seconds, as `Service.clock` counts them.
            work: An error in it ends the service.
        """
        loop = self._loop
        loop.ask(lambda: loop.at(due, lambda: loop.apart(work, "planned work"), Order.ARRIVED, "planned work"))

    def settle(self, timeout: float = local_client.WAIT) -> None:
        """Wait until nothing is under way and nothing is planned; with `Options.skip_waits`, waits cost no time.

        Args:
            timeout: Real seconds to wait at most.

        Raises:
            ServiceError: Something does not come to rest, and what.
        """
        local_client.settle(self.endpoint, timeout)

    def fire(self, schedule: str) -> float:
        """Fire a schedule before its time; with `Options.skip_waits`, time jumps to when it is due.

        Args:
            schedule: The logical id of the schedule, or of the rule that has one.

        Returns:
            The time of the schedule with which it fires.

        Raises:
            ServiceError: The template has no such schedule.
        """
        return local_client.fire(self.endpoint, self.running.resource("schedule", schedule).arn)

    def skip_waits(self, upto: float = math.inf, *, seeing: bool = False) -> None:
        """Let time jump only as far as this from now on; with `Options.skip_waits`, it jumps to whatever is planned.

        Args:
            upto: The time of the service's clock; no limit without it.
            seeing: True if time comes to rest there, and not before: what nobody waits for happens on the way, too.
        """
        self._loop.ask(lambda: self._loop.skip(upto, seeing=seeing))

    def timing(self, most: int = 50) -> Timing:
        """How time passes now, what is under way, and at most so many of the next things that are due."""
        return self._loop.ask(lambda: timing(self._loop, most))

    def run_clock(self, mode: Mode, speed: float = 60.0) -> None:
        """Let time pass in another way from now on, and go on if it stands; a jump that is not over is given up.

        Args:
            mode: The way.
            speed: The seconds that pass in one real second, in the mode ``fast``.

        Raises:
            ServiceError: It cannot pass at this speed.
        """
        if mode == "fast" and not SLOWEST <= speed <= FASTEST:
            raise ServiceError(f"time cannot pass {speed:g} times as fast: give a number from {SLOWEST} to {FASTEST}")
        wanted = speed if mode == "fast" else 1.0
        self._loop.ask(lambda: self._loop.run_clock(wanted, skips=mode == "skip"))

    def hold(self) -> None:
        """Let time stand until `run_clock`; what is under way goes on. A jump that is not over is given up."""
        self._loop.ask(self._loop.hold)

    def jump(self, to: float | None = None) -> float | None:
        """Let time jump once, as soon as nothing is under way; then it passes, or stands, as it does now.

        Whatever is due on the way happens at its time and in its order, with what nobody waits for.

        Args:
            to: The time of the service's clock; without it, when the next thing is due that somebody waits for.

        Returns:
            The time to which it jumps; None if nothing is planned that anybody waits for.

        Raises:
            ServiceError: This time is past.
        """

        def jump() -> float | None:
            moment = self._loop.next_due if to is None else to
            if to is not None and to < self.clock.now():
                raise ServiceError(f"{iso_seconds(to)} is past, and time does not go back")
            if moment is not None:
                self._loop.jump(moment)
            return moment

        return self._loop.ask(jump)

    def step(self) -> float | None:
        """Let time stand, but for one jump to when the next thing is due that somebody waits for.

        Returns:
            The time to which it jumps; None if nothing is planned that anybody waits for.
        """
        self.hold()
        return self.jump()

    def remember(self) -> None:
        """Remember everything as it is, for `reset`; to be called as soon as the service is ready.

        Raises:
            ServiceError: Something is under way.
            EngineError: The engine cannot tell what it holds.
        """
        self.settle()
        self._loop.ask(self.store.remember)
        self.engine.remember()

    def reset(self) -> None:
        """Make everything as it was at `remember`; what is under way is broken off, and warm workers stay.

        Raises:
            ServiceError: The service has failed.
            EngineError: The engine does not put back what it held.
        """
        if self.failure is not None:
            where, error = self.failure
            raise ServiceError(f"{where}: {error}: the service has stopped") from error
        self._loop.ask(self._loop.stopping.set)  # at the end of a turn: whatever was let in has begun
        self._loop.stop(_JOIN)
        self._runtime.break_off()
        self._proxy.run(lambda _: self._gateway.close())
        self.store.reset()
        self.engine.reset()
        self._logs.clear()
        for name, spec in self._specs.items():
            self._runtime.reserve(name, spec.reserved_concurrency)
        self._assemble(self._deployed)
        self._begin()
        self._loop.ask(
            lambda: declare(self.template, self._plane.apis, self._plane.world, self._plane.schedules, Findings())
        )
        not_run = self.not_run
        self._start_mappings()
        self.not_run = not_run
        self._proxy.run(self._gateway.open)

    def cool_down(self) -> None:
        """End every idle worker, so that the next invocation of each function initialises one."""
        self._runtime.cool_down()

    def stop(self) -> None:
        """End everything that was started; accepted events stay on disk."""
        self._parts.close()

    def _start(self) -> None:
        options = self.options
        state = options.state.absolute()
        self._directory = self._parts.enter_context(StateDirectory(state))
        self._parts.enter_context(service_log.written_to(state / service_log.NAME))
        self.store = Store(self._directory.journal, failed=lambda error: self._crashed("the store", error))
        self._parts.callback(self.store.close)
        self._assemble(self._start_engine(state), not_before=self.store.latest())
        self._proxy = self._open_proxy()
        self.clients = Clients(self._proxy.url, options.region, key=self.engine.key)
        self._parts.callback(self.clients.close)
        self._logs = LogFiles(state / "logs", lost=self._lost_logs)
        self._parts.callback(self._logs.close)
        self._start_runtime()
        self._parts.callback(lambda: self._loop.stop(_JOIN))
        self._begin()
        self._parts.enter_context(self._proxy)
        with self._interrupts.allowed():
            self._deploy()
        self._start_mappings()
        self._running = self._describe()
        self._interrupts.check()
        self._holds_data = False
        self._watch_over()
        self._proxy.run(self._gateway.open)
        self._directory.announce(self._running)

    def _assemble(self, declared: Template, *, not_before: float = 0.0) -> None:
        """Make the machines of what delivers events, as the store has kept them; nothing runs yet."""
        options = self.options
        self.clock = Clock(options.speed, skips=options.skip_waits, not_before=not_before)
        self._loop = Loop(self.clock, self._commit, self._crashed)
        world = LivePlaneWorld(self._loop, self.store)
        self._changes = Changes(world, declared)
        self._replays = Replays(world)
        self._replayed_calls = ReplayedCalls(self._loop, self._replays)
        self.template = self._changes.template
        self._plane = Plane(
            self._loop, self.store, self.template, options.settings, lambda: self.endpoint, follows=options.follow
        )
        self._measures = Measures(self.template, self._plane.queues, lambda: self._mappings)
        self._log_subscriptions = LogSubscriptions(self.template, self._loop, self._plane.router)
        self._alarms = self._plane.alarms(self.template, self._measures.levels)
        local = LocalApi(self._loop, self._plane.queues, self._plane.timetable, self._alarms)
        self.faults = Faults(self.clock.now, lambda note: self.store.commit([note]))
        self._calls = FunctionCalls(self.faults, lambda: self.functions)
        self._gateway = Gateway(self._loop, self._plane, local, self._replays, self._calls)

    def _begin(self) -> None:
        """Let the machines run, and call functions."""
        template = self.template
        aliases = {function.name: versions(function) for function in template.functions.values()}
        shares = {function.name: weights(function) for function in template.functions.values()}
        labels = {function.name: function.logical_id for function in template.functions.values()}
        loops = {function.name: function.recursive_loop for function in template.functions.values()}
        self.functions = Functions(
            self._specs,
            self._runtime,
            labels=labels,
            aliases=aliases,
            loops=loops,
            weights=shares,
            faults=self.faults,
            payloads=self.payloads,
        )
        self.queues = AsynchronousQueues(
            self._loop, self.store, self.functions, self.options.settings, follows=self.options.follow
        )
        self._elsewhere = FunctionsElsewhere(self._loop, template, self.queues, self._plane.queues)
        self._plane.router.add("lambda", self._elsewhere)
        deliveries = Deliveries(self._plane.router, lambda: self.clients.s3)
        self._shared = Shared(self._loop, self.store, self.functions, deliveries, follows=self.options.follow)
        self._loop.start()
        self._start_asynchronous()
        self._endpoint = Endpoint(self.functions, self._accept_call, self._elsewhere)

    def _deploy(self) -> None:
        """Make what the template declares, and finish what a killed service had begun."""
        findings = Findings()
        plane = self._plane
        self._loop.ask(lambda: declare(self.template, plane.apis, plane.world, plane.schedules, findings))
        arns = resources.create(self.template, self.clients, findings)
        self.template = self._deployed = self.template.without(findings)
        self.stack = DeployedStack(arns)
        self._proxy.run(self._gateway.recover)
        template, changes = self.template, self._changes.told()
        self.not_run = (*template.stand_ins, *template.not_run, *self._notices, *findings.lines, *changes)

    def _start_engine(self, state: Path) -> Template:
        """Find or start the engine while the template is read, and return that; both take a second."""
        earlier = engines.attach(state)
        if earlier is not None:
            earlier.release()
            self._holds_data = True
        pool = self._parts.enter_context(ThreadPoolExecutor(1, thread_name_prefix="engine"))
        starting = pool.submit(
            engines.obtain,
            state,
            self.options.engine,
            stack=self.options.stack,
            account=ACCOUNT,
            cancelled=self._not_wanted.is_set,
        )
        self._parts.callback(self._end_engine, starting)
        with self._interrupts.allowed():
            template = _template(self.options)
            self.engine = starting.result()
        return template

    def _end_engine(self, starting: Future[Engine]) -> None:
        """Stop the engine, unless it has the data of an earlier run and this one never got ready."""
        self._not_wanted.set()
        if starting.exception() is not None:
            return
        if self._holds_data:
            starting.result().release()
        else:
            starting.result().stop()

    def _open_proxy(self) -> Proxy:
        port = self.options.port
        try:
            proxy = Proxy(
                self.engine.url,
                ours=is_invocation,
                answer=self._answer,
                others=self._response,
                limit=REQUEST_LIMIT,
                port=port,
                key=self.engine.key,
            )
        except OSError as error:
            reason = os.strerror(error.errno or 0)  # the error's own text repeats the address
            raise ServiceError(
                f"port {port} cannot be had ({reason}): give another one with --port, or none for a free one"
            ) from error
        self._parts.callback(proxy.close)
        return proxy

    async def _response(
        self, request: web.BaseRequest, target: str, request_id: str, engine: Forwarding
    ) -> web.StreamResponse:
        """Answer a request: by the page, or by the machines that there are now."""
        if self._page is not None and self._page.takes(target):
            return await self._page.response(request, target)
        return await self._gateway.response(request, target, request_id, engine)

    def _start_runtime(self) -> None:
        builder = Builder(
            Pythons(self._tell), Packages(self.options.built, self._tell), {"AWS_ENDPOINT_URL": self._proxy.url}
        )
        with self._interrupts.allowed():
            self._specs = builder.specs(self.template)
        shared = [_SHARED.format(obstacle())] if self.options.sandbox and obstacle() else []
        self._notices = (*shared, *builder.notices)
        self.debugger = self._start_debugger()
        self._runtime = Runtime(
            self._specs.values(),
            log_sink=self._logged,
            retry_failed_init=self.options.settings.failed_init_runs_again,
            sandbox=self.options.sandbox,
            debugger=self.debugger,
        )
        self._parts.callback(self._runtime.close)

    def _start_debugger(self) -> Debugger | None:
        wanted = self.options.debug
        if wanted is None:
            return None
        name = function_named(self.template, wanted)
        held = Held(self.clock, self._loop, f"the debugger of {wanted}")
        debugger = Debugger(name, self.options.debug_port, held.set)
        self._parts.callback(debugger.close)
        return debugger

    def _start_asynchronous(self) -> None:
        settings = self.options.settings
        outside = (arn.rpartition(":")[2] for arn in self.template.functions_outside)
        known = {*self.functions.specs, *outside}
        for function in self.template.functions.values():
            for qualifier in versions(function):
                target = self.functions.find(function.name, None if qualifier == LATEST else qualifier)
                config = asynchronous_config(function, qualifier, settings, known)
                self.queues.add(target, config, self._shared)
        self._loop.ask(self.queues.begin)

    def _start_mappings(self) -> None:
        settings = self.options.settings
        mappings = Mappings(self.template, self.stack, self._plane, self.functions, settings)
        self._mappings = EventSourceMappings(mappings, self._shared)
        for mapping in self.template.event_source_mappings.values():
            try:
                self._loop.ask(partial(self._mappings.declare, mapping))
            except ServiceError as error:
                self.not_run = (*self.not_run, str(error))
        self._plane.apis.add(CloudFormationApi(self.template, self._real_name, self.clock.now()))
        self._plane.apis.add(CloudControlApi())
        self._plane.apis.add(LogsApi(self.template, self._logs, self._loop))
        self._plane.apis.add(StsApi(self.template.account, self.template.partition))
        self._plane.apis.add(
            LambdaApi(
                LambdaStack(
                    changes=self._changes,
                    functions=self.functions,
                    queues=self.queues,
                    mappings=self._mappings,
                    real_arns=self.stack.arns,
                    settings=settings,
                    shared=self._shared,
                    started=self.clock.now(),
                )
            )
        )

    def _real_name(self, declared: str) -> str:
        """What the template calls `declared`, as it is called at the endpoint."""
        for queue in self.template.queues.values():
            if queue.url == declared:
                return described.url(queue, self.template.account, self._proxy.url)
        return self.stack.real_arn(declared)

    def _commit(self, notes: Sequence[Entry], changes: Sequence[Change]) -> None:
        """Write what a turn of the driver has left behind, and the time."""
        time = KeepRow(CLOCK, "", "now", repr(self.clock.now()).encode())
        self.store.commit(notes, [*changes, time])
        if self._alarms:
            for metric, value, at in self._measures.of_notes(notes):
                self._alarms.put(metric, value, at)

    def _logged(self, record: LogRecord) -> None:
        self._logs.write(record)
        self._log_subscriptions.write(record)
        if self._alarms:
            for metric, value in embedded_metrics(record.text):
                self._loop.post(partial(self._alarms.put, metric, value, self.clock.now()))

    def _accept_call(self, target: Target, payload: bytes, request_id: str, trace: str, replay: str) -> None:
        origin = f"replay of {replay}" if replay else "invoke"
        accept = partial(self.queues.accept, target, payload, request_id=request_id, origin=origin, trace=trace)
        if replay:
            self._loop.ask(lambda: self._replays.once(replay, accept))
        else:
            accept()

    def _answer(self, request: Request) -> Response:
        under_way = self._loop.begin(f"{request.method} {request.target.partition('?')[0]}")
        try:
            return self._calls.answered(request, "lambda", self._answered)
        except StoreError as error:  # the event is not accepted, and the service ends
            content = json.dumps({"Type": "Service", "message": str(error)}).encode()
            return Response(500, content, {"Content-Type": "application/json", "x-amzn-ErrorType": "ServiceException"})
        finally:
            under_way.end()

    def _answered(self, request: Request) -> Response:
        replay = replay_of(request.headers)
        if replay and request.headers.get(b"x-amz-invocation-type") != b"Event":
            return self._replayed_calls.answer(replay, lambda: self._endpoint.answer(request))
        return self._endpoint.answer(request)

    def _watch_over(self) -> None:
        watch = Watch(self.engine, self._directory, ended=self._crashed, silent=self._note_silence)
        self._parts.callback(watch.stop)
        watch.start()

    def _note_silence(self, seconds: float | None) -> None:
        """Tell it in the journal, where `up`, `events` and the demonstration show it."""
        now, engine = self.clock.now(), self.engine.state
        rule = (
            f"{engine.engine} answers again"
            if seconds is None
            else f"{engine.engine} (process group {engine.pid}) has not answered for {seconds:.0f} s; what it holds is "
            "waited for; if it does not come back, `landfast down` ends it"
        )
        self.store.commit([Retrying(at=now, source="engine", due=now, rule=rule)])

    def _lost_logs(self, function: str, error: OSError) -> None:
        now = self.clock.now()
        self.store.commit(
            [Dropped(at=now, source=function, metric="LogsNotWritten", error=error.strerror or str(error))]
        )

    def _crashed(self, where: str, error: BaseException) -> None:
        if self.failure is None:
            self.failure = where, error
        self.failed.set()

    def _describe(self) -> Running:
        return Running(
            pid=os.getpid(),
            endpoint=self._proxy.url,
            engine=self.engine.url,
            stack=self.options.stack,
            region=self.options.region,
            speed=self.options.speed,
            skip_waits=self.options.skip_waits,
            resources=described.resources(self.template, self.stack, self._proxy.url),
        )


def _template(options: Options) -> Template:
    return read(
        options.template.absolute(),
        stack_name=options.stack,
        parameters=options.parameters,
        region=options.region,
        keep=options.built,
    )
