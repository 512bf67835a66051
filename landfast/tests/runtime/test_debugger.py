"""A debugger that attaches to a function: its time stands while it is held."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from landfast.runtime.debugger import Debugger, DebuggerError
from tests.debugging import DebugClient
from tests.runtime.conftest import Clock, Lab, answer, eventually, invoke

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = """
def handler(event, context):
    doubled = event * 2
    return doubled
"""


pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def held() -> list[bool]:
    return []


@pytest.fixture
def debugger(lab: Lab, held: list[bool]) -> Iterator[Debugger]:
    debugger = Debugger("orders", 0, held.append)
    try:
        yield debugger
    finally:
        lab.close()
        debugger.close()


def test_a_breakpoint_holds_the_function_its_time_out_and_all_further_calls(
    lab: Lab, debugger: Debugger, held: list[bool], clock: Clock
) -> None:
    spec = lab.function(SOURCE, timeout=60)
    runtime = lab.runtime(spec, debugger=debugger)
    with ThreadPoolExecutor(2) as threads, DebugClient(debugger.port) as client:
        calls = [threads.submit(invoke, runtime, number) for number in (20, 21)]
        client.attach(spec.code / "app.py", 4)
        numbers = []
        for _ in calls:
            thread, line = client.stopped()
            assert line == 4
            assert debugger.is_held
            before = debugger.monotonic()
            clock.put_on(90)
            assert debugger.monotonic() == before
            scopes = client.ask("scopes", frameId=client.ask("stackTrace", threadId=thread)["stackFrames"][0]["id"])
            seen = client.ask("variables", variablesReference=scopes["scopes"][0]["variablesReference"])["variables"]
            numbers.append(int(next(each["value"] for each in seen if each["name"] == "doubled")))
            client.ask("continue", threadId=thread)
        assert sorted(numbers) == sorted(answer(call.result()) for call in calls) == [40, 42]
        assert all(0 < call.result().report.duration_s < 60 for call in calls)  # type: ignore[union-attr] # answered
    assert not debugger.is_held
    assert held[:2] == [True, False], "held until the debugger is there"
    assert held[2:] == [True, False] * 2


def test_a_debugger_that_leaves_lets_the_function_go_on_and_another_one_can_come(lab: Lab, debugger: Debugger) -> None:
    spec = lab.function(SOURCE + "# changed", timeout=10)
    runtime = lab.runtime(spec, debugger=debugger)
    with ThreadPoolExecutor(1) as threads:
        with DebugClient(debugger.port) as client:
            call = threads.submit(invoke, runtime, 1)
            client.attach(spec.code / "app.py", 3)
            client.stopped()
            client.leave()
        assert answer(call.result()) == 2
        assert eventually(lambda: not debugger.is_held)
        with DebugClient(debugger.port) as client:
            client.attach(spec.code / "app.py", 3)
            call = threads.submit(invoke, runtime, 2)
            thread, _ = client.stopped()
            client.ask("continue", threadId=thread)
            assert answer(call.result()) == 4


def test_breakpoint_without_a_debugger_is_passed_over_and_told(lab: Lab) -> None:
    spec = lab.function("def handler(event, context):\n    breakpoint()\n    return 'on'\n")
    assert answer(invoke(lab.runtime(spec))) == "on"
    [told] = [record.text for record in lab.logs if record.kind == "OUTPUT"]
    assert told == f"breakpoint() passed over at {spec.code}/app.py:2; `landfast up --debug orders` stops there"


def test_a_port_that_is_taken_is_told_with_the_option(debugger: Debugger) -> None:
    with pytest.raises(DebuggerError, match=rf"^port {debugger.port} for the debugger cannot be had .*--debug-port$"):
        Debugger("orders", debugger.port, list[bool]().append)


def test_what_does_not_speak_the_protocol_is_turned_away(debugger: Debugger) -> None:
    with socket.create_connection(("127.0.0.1", debugger.port), timeout=30) as page:
        page.sendall(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}")
        with pytest.raises(ConnectionResetError):
            page.recv(1)
