"""Made-up functions and deliveries, and a real store, clock and threads around them."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pytest_socket import enable_socket, socket_allow_hosts

from landfast.dataplane.errors import DeliveryFailed
from landfast.delivery.actions import Deliver
from landfast.delivery.asynchronous import configuration
from landfast.delivery.settings import Settings
from landfast.driver import AsynchronousDriver, Change
from landfast.journal import Entry
from landfast.runtime.model import Answered, Errored, FunctionSpec, Report, Result
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
SPEED = 1200.0


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

    def invoke(self, function: str, payload: bytes, **keywords: Any) -> Result:
        self.calls.append({"function": function, "payload": payload, **keywords})
        return self.handler(json.loads(payload))


@dataclass
class MadeUpTargets:
    """Takes what is delivered, or refuses it."""

    delivered: list[Deliver[Any]] = field(default_factory=list)
    refusal: Callable[[Deliver[Any]], Exception | None] = lambda _: None

    def send(self, delivery: Deliver[Any]) -> None:
        error = self.refusal(delivery)
        if error is not None:
            raise error
        self.delivered.append(delivery)


class Stage:
    """Everything around a driver."""

    def __init__(self, folder: Path, *, speed: float = SPEED) -> None:
        self.path = folder / "service.sqlite"
        self.store = Store(self.path)
        self.clock = Clock(speed, not_before=self.store.latest())
        self.runtime = MadeUpRuntime()
        self.targets = MadeUpTargets()
        self.crashes: list[tuple[str, BaseException]] = []
        spec = FunctionSpec(name="orders", handler="app.handler", code=folder, arn=ARN + "orders")
        zero = FunctionSpec(
            name="stopped", handler="app.handler", code=folder, arn=ARN + "stopped", reserved_concurrency=0
        )
        self.functions = Functions({"orders": spec, "stopped": zero}, self.runtime)
        self.loop = Loop(self.clock, self._commit, self._crashed)
        self.queues = AsynchronousQueues(self.loop, self.store, self.functions, Settings())
        self.deliveries = Deliveries(self.targets.send, self.queues.hand_over)
        self.shared = Shared(self.loop, self.store, self.functions, self.deliveries)
        self.loop.start()

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
        self.loop.stop(5)
        alive = [thread.name for thread in threading.enumerate() if thread.name == "driver"]
        assert not alive, f"threads are left: {alive}"
        self.store.close()
        assert not self.crashes, self.crashes

    def _commit(self, notes: Sequence[Entry], changes: Sequence[Change]) -> None:
        self.store.commit(notes, changes)

    def _crashed(self, where: str, error: BaseException) -> None:
        self.crashes.append((where, error))


def eventually(condition: Callable[[], bool], *, within: float = 5.0) -> bool:
    latest = time.monotonic() + within
    while not condition():
        if time.monotonic() > latest:
            return False
        time.sleep(0.005)
    return True


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    try:
        yield made
    finally:
        made.close()


def to_queue(arn: str) -> dict[str, object]:
    return {"DestinationConfig": {"OnFailure": {"Destination": arn}, "OnSuccess": {"Destination": SUCCESSES}}}


def refused(delivery: Deliver[Any]) -> Exception:
    return DeliveryFailed(delivery.target, "AccessDenied: no")
