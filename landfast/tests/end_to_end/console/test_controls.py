"""Time and functions are changed by the console's API as its page does it, and refusals say why."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from landfast.console import Console
from landfast.testing import Stack
from tests.end_to_end.console.asking import ask

PATIENCE = 60.0
"""Real seconds after which what is waited for will not come."""


def api(console: Console, path: str, content: object = None, method: str = "") -> Any:
    method = method or ("GET" if content is None else "POST")
    headers = {"X-Landfast-Token": console.token}
    answered = ask(console, f"/_landfast/api{path}", method=method, headers=headers, body=json.dumps(content).encode())
    return json.loads(answered.content) | {"status": answered.status}


def until(console: Console, path: str, wanted: Callable[[Any], bool]) -> Any:
    """What is answered as soon as it is as wanted."""
    deadline = time.monotonic() + PATIENCE
    while not wanted(answer := api(console, path)):
        assert time.monotonic() < deadline, answer
    return answer


def attempts(console: Console, count: int) -> Any:
    return until(console, "/functions/Charge", lambda told: (told["invocations"], told["running"]) == (count, 0))


def test_where_time_stands_each_step_lets_what_is_planned_next_happen(shop: Stack, console: Console) -> None:
    assert api(console, "/clock/hold", {})["held"]
    shop.function("Charge").send({"order": 1, "amount": "two"})
    attempts(console, 1)
    began = until(console, "/clock", lambda clock: "Charge" in str(clock["planned"]))
    (retry, *_) = [plan for plan in began["planned"] if not plan["background"]]
    assert 50 < retry["due"] - began["now"] < 70
    assert api(console, "/clock/step", {})["status"] == 200
    attempts(console, 2)
    assert (stands := api(console, "/clock"))["now"] == retry["due"]
    assert stands["jumps_to"] is None
    assert api(console, "/clock/jump", {"to": stands["now"] + 3_600})["status"] == 200
    attempts(console, 3)
    assert until(console, "/clock", lambda clock: clock["jumps_to"] is None)["now"] == stands["now"] + 3_600
    refused = api(console, "/clock/step", {})
    assert (refused["status"], refused["message"][:31]) == (409, "nothing is planned that anybody")
    assert api(console, "/clock", {"mode": "fast", "speed": 1000})["held"] is False
    assert until(console, "/clock", lambda clock: clock["now"] > stands["now"] + 3_601)["mode"] == "fast"


def test_a_reserved_concurrency_of_0_keeps_events_from_the_function_until_it_is_taken_away(
    shop: Stack, console: Console
) -> None:
    charge = shop.function("Charge")
    assert api(console, "/functions/Charge/concurrency", {"reserved": 0})["reserved"] == 0
    charge.send({"order": 1, "amount": 2})
    shop.settle()
    (failed,) = shop.queue("ChargesFailed").messages()
    assert json.loads(failed.body)["requestContext"]["condition"] == "ZeroReservedConcurrency"
    assert api(console, "/functions/Charge/concurrency", {"reserved": None})["reserved"] is None
    charge.send({"order": 2, "amount": 2})
    shop.settle()
    told = attempts(console, 1)
    assert (told["failures"], told["figures"]["runs"]) == (0, 1)
    (line,) = [line for line in api(console, "/functions/Charge/log")["lines"] if "charging 2" in line["text"]]
    assert line["request_id"] == told["figures"]["latest"][0]["request_id"]


@pytest.mark.usefixtures("shop")
def test_a_fault_is_listed_until_it_is_ended(console: Console) -> None:
    for kind in ("fail", "kill", "slow", "twice", "throttle"):
        listed = api(console, "/functions/Pack/faults", {"kind": kind, "times": None})["faults"]
        assert (listed[-1]["kind"], listed[-1]["left"]) == (kind, None)
    path = f"/functions/Pack/faults/{listed[0]['number']}"
    assert [each["kind"] for each in api(console, path, method="DELETE")["faults"]] == [
        "kill", "slow", "twice", "throttle",
    ]  # fmt: skip
    assert api(console, path, method="DELETE")["status"] == 404


@pytest.mark.parametrize(
    ("path", "content", "message"),
    [
        ("/clock", {"mode": "fast", "speed": 1e9}, "time cannot pass 1e+09 times as fast: give a number from 0.01 to"),
        ("/clock", {"mode": "backwards"}, "the request's body: Invalid enum value 'backwards'"),
        ("/clock/jump", {"to": 5}, "1970-01-01T00:00:05Z is past, and time does not go back"),
        ("/functions/Pack/concurrency", {"reserved": 950}, "InvalidParameterValueException: Specified"),
        ("/functions/Pack/concurrency", {"reserved": -1}, "the request's body: Expected `int` >= 0"),
        ("/functions/Nobody/faults", {"kind": "kill"}, "the template has no function Nobody that runs here"),
        ("/functions/Pack/faults", {"kind": "slow", "seconds": 0}, "the request's body: Expected `float` > 0"),
        ("/functions/Pack/mappings/none", {"enabled": False}, "Pack has no event source mapping none"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(
    console: Console, path: str, content: object, message: str
) -> None:
    refused = api(console, path, content)
    assert 400 <= refused["status"] < 500
    assert refused["message"].startswith(message)
