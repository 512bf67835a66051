"""How many workers there are, and who gets them."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from landfast.runtime import Runtime, RuntimeClosedError, Throttled
from landfast.runtime.processors import Processors
from landfast.runtime.runtime import _Waiter
from landfast.runtime.worker import Worker
from tests.runtime.conftest import Clock, Lab, answer, eventually, invoke, running, timed_out

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future
    from pathlib import Path

    from landfast.runtime import FunctionSpec, Result

pytestmark = pytest.mark.usefixtures("by_files")

GATE = """
import os, time
from pathlib import Path
def handler(event, context):
    if event:
        (Path(event) / f"arrived-{os.getpid()}-{context.aws_request_id}").touch()
        while not (Path(event) / "open").exists():
            time.sleep(0.002)
    return os.getpid()
"""


class Gate:
    """A folder in which handlers report and wait until it is opened."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def arrived(self) -> int:
        return len(list(self.folder.glob("arrived-*")))

    def open(self) -> None:
        (self.folder / "open").touch()


class Interruption(threading.Event):
    """What interrupts whoever waits for it, as Ctrl-C does, when something else has happened."""

    def __init__(self, happened: threading.Event) -> None:
        super().__init__()
        self._happened = happened

    def wait(self, timeout: float | None = None) -> bool:
        self._happened.wait(timeout)
        raise InterruptedError


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path / "gate")


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


def gated(lab: Lab, name: str = "orders", reserved: int | None = None) -> FunctionSpec:
    return replace(lab.function(GATE, name=name, timeout=20), reserved_concurrency=reserved)


def test_each_concurrent_invocation_has_a_worker_of_its_own(lab: Lab, gate: Gate, threads: ThreadPoolExecutor) -> None:
    runtime = lab.runtime(gated(lab))
    calls = [threads.submit(invoke, runtime, str(gate.folder), request_id=f"r-{n}") for n in range(4)]
    assert eventually(lambda: gate.arrived() == 4)
    gate.open()
    assert len({answer(call.result()) for call in calls}) == 4


def test_workers_beyond_the_first_initialise_one_after_the_other(
    lab: Lab, gate: Gate, threads: ThreadPoolExecutor, tmp_path: Path
) -> None:
    log = tmp_path / "initialisations"
    note = f"with open({str(log)!r}, 'a') as log: log.write"
    code = f"{note}('begin ')\ntime.sleep(0.05)\n{note}('end ')\n"
    spec = lab.function(GATE.replace("def handler", f"{code}def handler"), timeout=20)
    runtime = lab.runtime(spec, max_starting=1)
    calls = [threads.submit(invoke, runtime, str(gate.folder), request_id=f"r-{n}") for n in range(4)]
    assert eventually(lambda: gate.arrived() == 4), "all of them get a worker in the end"
    gate.open()
    assert len({answer(call.result()) for call in calls}) == 4
    assert log.read_text().split() == ["begin", "end"] * 4


def test_whoever_waits_for_a_worker_to_start_gets_a_warm_one_that_is_there_sooner(
    lab: Lab, gate: Gate, threads: ThreadPoolExecutor, tmp_path: Path
) -> None:
    first = tmp_path / "first"
    code = f"""
import os, time
from pathlib import Path
try:
    Path({str(first)!r}).touch(exist_ok=False)
except FileExistsError:
    while not Path({str(gate.folder / "open")!r}).exists():
        time.sleep(0.002)
def handler(event, context):
    return os.getpid()
"""
    runtime = lab.runtime(lab.function(code, timeout=20), max_starting=1)
    calls = [threads.submit(invoke, runtime, request_id=f"r-{n}") for n in range(6)]
    assert eventually(lambda: sum(call.done() for call in calls) >= 5), "only one of them waits for the second worker"
    warm = {answer(call.result()) for call in calls if call.done()}
    gate.open()
    every = [answer(call.result()) for call in calls]
    assert len(warm) == 1
    assert len(every) == 6


def test_a_functions_first_worker_waits_for_no_other_functions(
    lab: Lab, gate: Gate, threads: ThreadPoolExecutor
) -> None:
    waits = f"""
import time
from pathlib import Path
(Path({str(gate.folder)!r}) / "arrived-init").touch()
while not (Path({str(gate.folder)!r}) / "open").exists():
    time.sleep(0.002)
def handler(event, context):
    return "late"
"""
    runtime = lab.runtime(lab.function(waits, name="slow", timeout=20), gated(lab), max_starting=1)
    slow = threads.submit(invoke, runtime, name="slow")
    assert eventually(lambda: gate.arrived() == 1)
    answer(invoke(runtime))
    gate.open()
    assert answer(slow.result()) == "late"


def test_a_caller_waits_for_a_warm_worker_for_as_long_as_one_more_takes_to_start(
    lab: Lab, threads: ThreadPoolExecutor
) -> None:
    runtime = lab.runtime(gated(lab))
    worker = answer(invoke(runtime))
    runtime._functions["orders"].start_takes = 60.0
    calls = [threads.submit(invoke, runtime) for _ in range(8)]
    assert {answer(call.result(timeout=20)) for call in calls} == {worker}


@pytest.fixture
def crowded(monkeypatch: pytest.MonkeyPatch) -> None:
    """No processor has time, and none is waited for so long that a worker is started all the same."""
    monkeypatch.setattr(Processors, "have_time", lambda _: False)
    monkeypatch.setattr("landfast.runtime.runtime._CROWDED", 10_000)


@pytest.mark.usefixtures("crowded")
def test_one_more_worker_waits_for_a_processor_that_has_time(
    lab: Lab, gate: Gate, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = lab.runtime(gated(lab), idle_after=0.1)  # it looks every 0.05 s then
    calls = [threads.submit(invoke, runtime, str(gate.folder), request_id=f"r-{n}") for n in range(3)]
    assert eventually(lambda: gate.arrived() == 1 and len(runtime._waiters) == 2)
    looked = threading.Semaphore(0)
    start_more = runtime._start_more

    def look() -> None:
        start_more()
        looked.release()

    monkeypatch.setattr(runtime, "_start_more", look)
    for _ in range(20):
        assert looked.acquire(timeout=20)
        if all(waiter.patient_until <= time.monotonic() for waiter in runtime._waiters):
            break
    assert looked.acquire(timeout=20)
    assert len(runtime._waiters) == 2
    monkeypatch.setattr(Processors, "have_time", lambda _: True)
    assert eventually(lambda: gate.arrived() == 3)
    gate.open()
    assert len({answer(call.result()) for call in calls}) == 3


@pytest.mark.usefixtures("crowded")
def test_a_functions_first_worker_waits_for_no_processor(lab: Lab, gate: Gate, threads: ThreadPoolExecutor) -> None:
    runtime = lab.runtime(gated(lab), gated(lab, "other"))
    held = threads.submit(invoke, runtime, str(gate.folder))
    assert eventually(lambda: gate.arrived() == 1)
    assert isinstance(answer(invoke(runtime, name="other")), int)
    gate.open()
    answer(held.result())


def test_however_busy_the_processors_are_calls_that_sleep_get_their_workers(
    lab: Lab, gate: Gate, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Processors, "have_time", lambda _: False)
    runtime = lab.runtime(gated(lab), idle_after=0.1)
    calls = [threads.submit(invoke, runtime, str(gate.folder), request_id=f"r-{n}") for n in range(3)]
    assert eventually(lambda: gate.arrived() == 3, within=20)
    gate.open()
    assert len({answer(call.result()) for call in calls}) == 3


def test_processors_have_time_while_half_of_one_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    idle = [3.0, 4.0, 4.9, 4.9]
    now = [100.0]
    monkeypatch.setattr("landfast.runtime.processors._idle_seconds", lambda: idle.pop(0))
    monkeypatch.setattr("landfast.runtime.processors.time", SimpleNamespace(monotonic=lambda: now[0]))
    processors = Processors()
    verdicts = []
    for passed in (2.0, 2.0, 0.01, 0.2):
        now[0] += passed
        verdicts.append(processors.have_time())
    assert verdicts == [True, False, False, False]
    assert idle == []


def test_processors_that_nothing_is_told_of_have_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr("landfast.runtime.processors._idle_seconds", lambda: None)
    monkeypatch.setattr("landfast.runtime.processors._WINDOW", 0.0)
    assert Processors().have_time()


def test_a_caller_that_has_waited_for_long_enough_gets_the_place_of_an_idle_worker(
    lab: Lab, gate: Gate, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("landfast.runtime.runtime._fair_after", lambda _: 0.0)
    runtime = lab.runtime(gated(lab), gated(lab, "other"), max_processes=2)
    idle = answer(invoke(runtime, name="other"))
    held = threads.submit(invoke, runtime, str(gate.folder))
    assert eventually(lambda: gate.arrived() == 1)
    second = answer(invoke(runtime))
    assert not running(idle)
    gate.open()
    assert answer(held.result()) != second


def test_the_worker_that_worked_last_is_reused_first(lab: Lab, gate: Gate, threads: ThreadPoolExecutor) -> None:
    runtime = lab.runtime(gated(lab))
    held = threads.submit(invoke, runtime, str(gate.folder))
    assert eventually(lambda: gate.arrived() == 1)
    second = answer(invoke(runtime))
    gate.open()
    first = answer(held.result())
    assert first != second
    assert [answer(invoke(runtime)) for _ in range(3)] == [first] * 3


def test_s_010_reserved_concurrency_0_throttles_every_call(lab: Lab) -> None:
    runtime = lab.runtime(gated(lab, reserved=0))
    assert invoke(runtime) == Throttled("ReservedFunctionConcurrentInvocationLimitExceeded")


def test_reserved_concurrency_throttles_what_is_over_it_and_lets_the_next_in(
    lab: Lab, gate: Gate, threads: ThreadPoolExecutor
) -> None:
    runtime = lab.runtime(gated(lab, reserved=2))
    calls = [threads.submit(invoke, runtime, str(gate.folder), request_id=f"r-{n}") for n in range(2)]
    assert eventually(lambda: gate.arrived() == 2)
    assert invoke(runtime) == Throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
    gate.open()
    for call in calls:
        answer(call.result())
    answer(invoke(runtime))


def test_the_accounts_concurrency_less_what_is_reserved_is_what_others_share(
    lab: Lab, gate: Gate, threads: ThreadPoolExecutor
) -> None:
    runtime = lab.runtime(gated(lab), gated(lab, "reserved", reserved=2), account_concurrency=3)
    call = threads.submit(invoke, runtime, str(gate.folder))
    assert eventually(lambda: gate.arrived() == 1)
    assert invoke(runtime) == Throttled("ConcurrentInvocationLimitExceeded")
    answer(invoke(runtime, name="reserved"))
    gate.open()
    answer(call.result())


def test_callers_beyond_the_cap_on_processes_wait_for_one(lab: Lab, gate: Gate, threads: ThreadPoolExecutor) -> None:
    runtime = lab.runtime(gated(lab), max_processes=2)
    calls = [threads.submit(invoke, runtime, str(gate.folder), request_id=f"r-{n}") for n in range(6)]
    assert eventually(lambda: gate.arrived() == 2)
    time.sleep(0.1)
    assert gate.arrived() == 2
    gate.open()
    assert len({answer(call.result()) for call in calls}) == 2


def test_an_idle_worker_of_another_function_makes_room_at_the_cap(lab: Lab) -> None:
    runtime = lab.runtime(gated(lab), gated(lab, "other"), max_processes=1)
    first = answer(invoke(runtime))
    answer(invoke(runtime, name="other"))
    assert not running(first)


def test_at_the_cap_two_functions_share_one_process_without_loss(lab: Lab, threads: ThreadPoolExecutor) -> None:
    runtime = lab.runtime(gated(lab), gated(lab, "other"), max_processes=1)
    names = ["orders", "other"] * 6
    calls = [threads.submit(invoke, runtime, name=name) for name in names]
    assert all(answer(call.result(timeout=20)) for call in calls)


@pytest.mark.parametrize(
    "fair",
    [(60.0, ["orders", "orders", "other"]), (0.0, ["orders", "other", "orders"])],
    ids=["not yet long", "long"],
)
def test_a_free_worker_goes_to_its_own_function_first_unless_another_has_waited_long(
    lab: Lab,
    gate: Gate,
    threads: ThreadPoolExecutor,
    fair: tuple[float, list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fair_after, order = fair
    monkeypatch.setattr("landfast.runtime.runtime._fair_after", lambda _: fair_after)
    runtime = lab.runtime(gated(lab), gated(lab, "other"), max_processes=1)
    calls = [threads.submit(invoke, runtime, str(gate.folder))]
    assert eventually(lambda: gate.arrived() == 1)
    calls.append(threads.submit(invoke, runtime, name="other"))
    assert eventually(lambda: len(runtime._waiters) == 1)
    calls.append(threads.submit(invoke, runtime))
    assert eventually(lambda: len(runtime._waiters) == 2)
    gate.open()
    assert all(answer(call.result()) for call in calls)
    assert [entry.function for entry in lab.logs if entry.kind == "START"] == order


class Round:
    """Calls that have waited long as soon as they wait, each at a gate of its own; at most two run at a time."""

    def __init__(self, lab: Lab, threads: ThreadPoolExecutor) -> None:
        self.runtime = lab.runtime(gated(lab), gated(lab, "other"), max_processes=2)
        self._root = lab.root
        self._threads = threads
        self._calls: list[tuple[Gate, Future[Result]]] = []

    def call(self, name: str) -> int:
        """Call a function, and see the call wait or run."""
        number = len(self._calls)
        gate = Gate(self._root / f"gate-{number}")
        waiting = len(self.runtime._waiters)
        call = self._threads.submit(invoke, self.runtime, str(gate.folder), name=name, request_id=f"r-{number}")
        self._calls.append((gate, call))
        assert eventually(lambda: gate.arrived() == 1 or len(self.runtime._waiters) == waiting + 1)
        return number

    def run(self, name: str) -> int:
        """Call a function, and see the call run."""
        number = self.call(name)
        assert self.arrives(number)
        return number

    def arrives(self, number: int) -> bool:
        return eventually(lambda: self._calls[number][0].arrived() == 1, within=20)

    def let_go(self, number: int) -> None:
        self._calls[number][0].open()

    def end(self, number: int) -> int:
        """Let the handler end: its process."""
        assert self.arrives(number)
        self.let_go(number)
        process: int = answer(self._calls[number][1].result(timeout=20))
        return process


@pytest.fixture
def long_waits(lab: Lab, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch) -> Round:
    monkeypatch.setattr("landfast.runtime.runtime._fair_after", lambda _: 0.0)
    return Round(lab, threads)


def test_places_that_are_shared_evenly_stay_where_they_are(long_waits: Round) -> None:
    both = [long_waits.run("orders") for _ in range(2)]
    others = [long_waits.call("other") for _ in range(4)]
    orders = [long_waits.call("orders") for _ in range(4)]
    first, second = (long_waits.end(number) for number in both)
    ends = [(long_waits.end(mine), long_waits.end(theirs)) for mine, theirs in zip(orders, others, strict=True)]
    assert {mine for mine, _ in ends} == {second}, "a warm worker was replaced, although both functions had one"
    assert len({first, second, *(theirs for _, theirs in ends)}) == 3


def test_a_place_that_is_promised_counts_while_its_old_worker_still_ends(
    long_waits: Round, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end = threading.Event()
    dispose = Worker.dispose

    def dispose_late(worker: Worker) -> None:
        may_end.wait()
        dispose(worker)

    monkeypatch.setattr(Worker, "dispose", dispose_late)
    first, second = (long_waits.run("orders") for _ in range(2))
    others = [long_waits.call("other") for _ in range(2)]
    orders = [long_waits.call("orders") for _ in range(2)]
    long_waits.let_go(first)
    assert eventually(lambda: len(long_waits.runtime._waiters) == 3)
    try:
        warm = long_waits.end(second)
        assert long_waits.end(orders[0]) == warm
    finally:
        may_end.set()
    assert long_waits.end(others[0]) != warm
    for number in (first, orders[1], others[1]):
        long_waits.end(number)


def test_a_promised_place_whose_caller_has_left_is_free_again(
    lab: Lab, threads: ThreadPoolExecutor, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    promised, left = threading.Event(), threading.Event()
    dispose = Worker.dispose

    def dispose_late(worker: Worker) -> None:
        promised.set()
        left.wait()
        dispose(worker)

    runtime = lab.runtime(gated(lab), gated(lab, "other"), max_processes=1)
    call = threads.submit(invoke, runtime, str(gate.folder))
    assert eventually(lambda: gate.arrived() == 1)
    monkeypatch.setattr("landfast.runtime.runtime._Waiter", partial(_Waiter, ready=Interruption(promised)))
    leaver = threads.submit(invoke, runtime, name="other")
    assert eventually(lambda: len(runtime._waiters) == 1)
    monkeypatch.setattr(Worker, "dispose", dispose_late)
    gate.open()
    with pytest.raises(InterruptedError):
        leaver.result(timeout=20)
    left.set()
    answer(call.result(timeout=20))
    assert runtime._functions["other"].starting == 0
    answer(invoke(runtime, name="other"))


def test_a_worker_between_two_calls_is_not_replaced_for_a_function_that_has_as_many(
    lab: Lab, threads: ThreadPoolExecutor
) -> None:
    code = "import os, time\ndef handler(event, context):\n    time.sleep(0.02)\n    return os.getpid()"
    runtime = lab.runtime(*(lab.function(code, name=name, timeout=20) for name in ("orders", "other")), max_processes=2)
    first = answer(invoke(runtime, name="other"))
    answer(invoke(runtime))
    calls = [threads.submit(invoke, runtime) for _ in range(30)]
    assert [answer(invoke(runtime, name="other")) for _ in range(10)] == [first] * 10
    assert all(answer(call.result()) for call in calls)


def test_many_callers_get_each_their_own_answer(lab: Lab, threads: ThreadPoolExecutor) -> None:
    spec = lab.function("def handler(event, context): return [event, context.aws_request_id]", timeout=20)
    runtime = lab.runtime(spec, max_processes=4)
    calls = [threads.submit(invoke, runtime, n, request_id=f"r-{n}") for n in range(400)]
    assert [answer(call.result()) for call in calls] == [[n, f"r-{n}"] for n in range(400)]


def test_a_failing_start_gives_its_place_to_the_next(lab: Lab) -> None:
    spec = lab.function(GATE)
    runtime = lab.runtime(replace(spec, environment={"A=B": ""}), max_processes=1)
    for _ in range(2):
        with pytest.raises(ValueError, match="environment variable 'A=B'"):
            invoke(runtime)
    runtime.update(spec)
    answer(invoke(runtime))


def test_idle_workers_are_ended_after_a_while(lab: Lab) -> None:
    runtime = lab.runtime(gated(lab), idle_after=0.2)
    worker = answer(invoke(runtime))
    assert eventually(lambda: not running(worker))
    assert answer(invoke(runtime)) != worker


def test_a_failure_of_the_log_sink_costs_the_worker_and_nothing_else(lab: Lab) -> None:
    def refuse(_: object) -> None:
        raise OSError("disk full")

    with Runtime([gated(lab)], log_sink=refuse, max_processes=1) as runtime:
        for _ in range(2):
            with pytest.raises(OSError, match="disk full"):
                invoke(runtime)


def test_closing_ends_running_and_waiting_invocations(lab: Lab, gate: Gate, threads: ThreadPoolExecutor) -> None:
    runtime = lab.runtime(gated(lab), max_processes=1)
    calls = [threads.submit(invoke, runtime, str(gate.folder)) for _ in range(3)]
    assert eventually(lambda: gate.arrived() == 1)
    runtime.close()
    for call in calls:
        with pytest.raises(RuntimeClosedError):
            call.result(timeout=30)
    with pytest.raises(RuntimeClosedError):
        invoke(runtime)


def test_an_interrupted_caller_leaves_the_queue(
    lab: Lab, gate: Gate, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = lab.runtime(gated(lab), max_processes=1)
    call = threads.submit(invoke, runtime, str(gate.folder))
    assert eventually(lambda: gate.arrived() == 1)
    at_once = threading.Event()
    at_once.set()
    monkeypatch.setattr("landfast.runtime.runtime._Waiter", partial(_Waiter, ready=Interruption(at_once)))
    with pytest.raises(InterruptedError):
        invoke(runtime)
    gate.open()
    worker = answer(call.result())
    assert answer(invoke(runtime)) == worker


def test_a_time_out_frees_the_place_of_its_worker(lab: Lab, clock: Clock) -> None:
    source = "import time\ndef handler(event, context):\n    print('here')\n    time.sleep(event)"
    runtime = lab.runtime(lab.function(source, timeout=60), max_processes=1)
    for _ in range(2):
        assert timed_out(lab, runtime, 99, clock, 60).kind == "timeout"
    assert answer(invoke(runtime, 0)) is None


def test_s_010_a_place_is_held_from_when_it_was_asked_for_until_it_is_left_or_used(lab: Lab) -> None:
    spec = lab.function("def handler(event, context):\n    return 'ran'\n", reserved_concurrency=1)
    runtime = lab.runtime(spec)
    place = runtime.admit("orders")
    refused = runtime.admit("orders")
    assert isinstance(refused, Throttled)
    assert runtime.invoke("orders", b"{}", request_id="1", admitted=refused) == refused
    assert answer(runtime.invoke("orders", b"{}", request_id="2", admitted=place)) == "ran"
    again = runtime.admit("orders")
    assert not isinstance(again, Throttled)
    runtime.leave(again)
    assert answer(invoke(runtime)) == "ran"
