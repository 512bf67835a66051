"""Made-up functions and deliveries, and a real store, clock and threads around them."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from pytest_socket import enable_socket, socket_allow_hosts

from landfast.delivery.actions import Deliver
from landfast.delivery.asynchronous import configuration
from landfast.delivery.settings import Settings
from landfast.driver import Change
from landfast.driver.asynchronous import AsynchronousDriver
from landfast.eventplane import Router
from landfast.journal import Entry
from landfast.runtime.model import Answered, Errored, FunctionSpec, Report, Result
from landfast.runtime.runtime import Admission
from landfast.service.asynchronous import AsynchronousQueues
from landfast.service.clock import Clock
from landfast.service.delivery import Deliveries
from landfast.service.functions import Functions
from landfast.service.loop import Loop
from landfast.service.store import Store, read_journal
from landfast.service.world import Shared

ARN = "arn:aws:lambda:us-east-1:123456789012:function:"
FAILURES = "arn:aws:sqs:us-east-1:123456789012:failures"
SUCCESSES = "arn:aws:sqs:us-east-1:123456789012:successes"
REPORT = Report(duration_s=0.001, init_duration_s=None, max_memory_mb=30)


@pytest.fixture(autouse=True)
def _loopback_only() -> None:
    enable_socket()
    socket_allow_hosts(["127.0.0.1"])


def answered(value: object) -> Answered:
    return Answered(json.dumps(value).encode(), "a line of log", REPORT)


def errored(text: str) -> Errored:
    return Errored({"errorMessage": text, "errorType": "ValueError"}, "exception", "a line of log", REPORT)


@dataclass
class MadeUpRuntime:
    """Calls what a test wants called."""

    handler: Callable[[Any], Result] = answered
    calls: list[dict[str, Any]] = field(default_factory=list)

    def admit(self, function: str) -> Admission:
        return Admission(cast("Any", function))

    def leave(self, place: object) -> None:
        del place

    def reserve(self, function: str, concurrency: int | None) -> None:
        del function, concurrency

    def at_work(self, token: str) -> None:
        del token

    def invoke(self, function: str, payload: bytes, *, admitted: object = None, **keywords: Any) -> Result:
        del admitted
        self.calls.append({"function": function, "payload": payload, **keywords})
        return self.handler(json.loads(payload))


class MadeUpBuckets:
    """An S3 client that keeps what is put, after it has failed as often as a test wants."""

    def __init__(self) -> None:
        self.failures: list[Exception] = []
        self.put: list[dict[str, Any]] = []

    def put_object(self, **request: Any) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.put.append(request)


class MadeUpTargets(Deliveries):
    """Takes what is delivered, or refuses it; functions are the stage's own."""

    def __init__(self, router: Router) -> None:
        self.buckets = MadeUpBuckets()
        super().__init__(router, lambda: cast("Any", self.buckets))
        self.delivered: list[Deliver[Any]] = []
        self.refusal: Callable[[Deliver[Any]], str | None] = lambda _: None

    def at_once(self, delivery: Deliver[Any], *, origin: str, trace: str) -> str | None:
        if delivery.kind in {"lambda", "kafka"}:
            return super().at_once(delivery, origin=origin, trace=trace)
        refusal = self.refusal(delivery)
        if refusal is None:
            self.delivered.append(delivery)
        return refusal


class Stage:
    """Everything around a driver; waits are skipped, unless a test gives a speed."""

    def __init__(self, folder: Path, *, speed: float | None = None) -> None:
        self.path = folder / "service.sqlite"
        self.store = Store(self.path)
        self.clock = Clock(speed or 1.0, skips=speed is None, not_before=self.store.latest())
        self.runtime = MadeUpRuntime()
        self.crashes: list[tuple[str, BaseException]] = []
        spec = FunctionSpec(name="orders", handler="app.handler", code=folder, arn=ARN + "orders")
        zero = FunctionSpec(
            name="stopped", handler="app.handler", code=folder, arn=ARN + "stopped", reserved_concurrency=0
        )
        self.functions = Functions({"orders": spec, "stopped": zero}, self.runtime)
        self.loop = Loop(self.clock, self._commit, self._crashed)
        self.queues = AsynchronousQueues(self.loop, self.store, self.functions, Settings())
        router = Router()
        router.add("lambda", self.queues)
        self.targets = MadeUpTargets(router)
        self.shared = Shared(self.loop, self.store, self.functions, self.targets)
        self.loop.start()
        OPEN.add(self)

    def queue(self, properties: Mapping[str, object], name: str = "orders") -> AsynchronousDriver:
        target = self.functions.find(name)
        self.queues.add(target, configuration(properties, Settings()), self.shared)
        self.loop.ask(self.queues.begin)
        [driver] = [driver for of, driver in self.queues.each() if of == target]
        return driver

    def accept(self, reference: str, payload: bytes, *, request_id: str, origin: str, trace: str) -> None:
        target = self.functions.find(reference)
        self.queues.accept(target, payload, request_id=request_id, origin=origin, trace=trace)

    def journal(self, kind: type[Entry] | None = None) -> list[Any]:
        return [entry for _, entry in read_journal(self.path) if kind is None or isinstance(entry, kind)]

    def close(self) -> None:
        OPEN.discard(self)
        self.loop.stop(5)
        assert not self.loop.is_running
        self.store.close()
        assert not self.crashes, self.crashes

    def _commit(self, notes: Sequence[Entry], changes: Sequence[Change]) -> None:
        self.store.commit(notes, changes)

    def _crashed(self, where: str, error: BaseException) -> None:
        self.crashes.append((where, error))


OPEN: set[Stage] = set()
"""The stages that the running test has not closed yet."""


def eventually(condition: Callable[[], bool], *, within: float = 30.0) -> bool:
    latest = time.monotonic() + within
    while not condition():
        if time.monotonic() > latest:
            return False
        time.sleep(0.005)
    return True


@pytest.fixture(autouse=True)
def _no_stage_outlives_its_test() -> Iterator[None]:
    """Close what a failed test leaves: its thread would keep pytest alive for ever, its store fail another test."""
    yield
    while OPEN:
        left = OPEN.pop()
        left.loop.stop(5)
        left.store.close()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    try:
        yield made
    finally:
        made.close()


def to_queue(arn: str) -> dict[str, object]:
    return {"DestinationConfig": {"OnFailure": {"Destination": arn}, "OnSuccess": {"Destination": SUCCESSES}}}


def refused(delivery: Deliver[Any]) -> str:
    return f"AccessDenied: {delivery.target} does not take it"
