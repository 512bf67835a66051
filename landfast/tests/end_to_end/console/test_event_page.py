"""What the console answers about one event of a running service."""

import json
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from landfast.console import Console
from landfast.testing import Stack
from tests.end_to_end.console.asking import ask


def told(console: Console, path: str) -> Any:
    answer = ask(console, f"/_landfast/api{path}")
    assert answer.status == HTTPStatus.OK, answer.content
    return json.loads(answer.content)


def done(console: Console, path: str) -> Any:
    answer = ask(console, f"/_landfast/api{path}", method="POST", headers={"X-Landfast-Token": console.token})
    return answer.status, json.loads(answer.content)


def only_id(console: Console) -> str:
    (event,) = told(console, "/events")["events"]
    return str(event["id"])


def test_a_failing_event_tells_its_attempts_and_goes_on_at_once_when_time_jumps(console: Console, shop: Stack) -> None:
    shop.function("Charge").send({"order": 4, "amount": "two"})
    shop.advance(seconds=1)
    record = only_id(console)
    shown = told(console, f"/events/{record}")
    (placed,) = shown["hops"]
    (attempt,) = placed["hop"]["attempts"]
    assert placed["steps"] == [{"kind": "api", "name": "Invoke", "note": ""}]
    assert attempt["error"] == "TypeError: order 4: the amount 'two' is no number"
    assert (placed["hop"]["waits"]["rule"], shown["due"]) == ("S-04 function error", attempt["due"])
    first = told(console, f"/attempts/{record}/1")
    assert json.loads(first["payload"]["text"]) == {"order": 4, "amount": "two"}
    assert [line for line in first["logs"] if "charging 4" in line]
    assert first["is_exact"]

    status, jumped = done(console, f"/events/{record}/now")
    assert (status, jumped) == (HTTPStatus.OK, {"to": attempt["due"]})
    shop.settle()
    charge, letter = told(console, f"/events/{record}")["hops"]
    assert [each["outcome"] for each in charge["hop"]["attempts"]] == ["raise"] * 3
    assert charge["hop"]["states"] == {"to_destination": 1}
    assert charge["targets"] == {
        charge["hop"]["sent"][0]["target"]: {"kind": "queue", "name": "ChargesFailed", "note": ""}
    }
    assert [(each["queue"]["name"], each["state"]) for each in letter["lying"]] == [("ChargesFailed", "visible")]
    assert len(told(console, f"/attempts/{record}/3")["logs"]) == len(first["logs"])
    assert done(console, f"/events/{record}/now")[0] == HTTPStatus.CONFLICT


def test_what_a_call_was_made_with_is_sent_again_the_way_it_came(console: Console, shop: Stack) -> None:
    shop.function("Charge").send({"order": 1, "amount": 5})
    shop.queue("Orders").send({"order": 2, "items": ["tea"]}, attributes={"from": "Ulsan"})
    shop.stream("Clicks").put({"page": 3}, key="a")
    shop.settle()
    for event in told(console, "/events")["events"]:
        (attempt,) = told(console, f"/events/{quote(event['id'])}")["hops"][0]["hop"]["attempts"]
        path = f"/attempts/{attempt['request_id']}/1"
        status, sent = done(console, f"{path}/again")
        assert status == HTTPStatus.OK
        shop.settle()
        (again,) = sent["ids"]
        (copy,) = told(console, f"/events/{quote(again)}")["hops"][0]["hop"]["attempts"]
        first, second = (
            json.loads(told(console, f"/attempts/{each['request_id']}/1")["payload"]["text"])
            for each in (attempt, copy)
        )
        if "Records" in first:
            first, second = (
                record.get("kinesis", {}).get("data") or (record["body"], record["messageAttributes"])
                for (record,) in (first["Records"], second["Records"])
            )
        assert first == second


def test_the_position_that_a_stream_gives_up_is_followed_into_its_queue(console: Console, shop: Stack) -> None:
    shop.stream("Clicks").put("no json", key="1")
    shop.settle()
    clicks, letter = told(console, f"/events/{quote(only_id(console))}")["hops"]
    assert clicks["steps"] == [{"kind": "stream", "name": "Clicks", "note": ""}]
    assert clicks["hop"]["states"] == {"to_destination": 1}
    assert [each["error"].partition(":")[0] for each in clicks["hop"]["attempts"]] == ["JSONDecodeError"] * 3
    assert letter["steps"] == [{"kind": "queue", "name": "ClicksFailed", "note": ""}]
    assert letter["hop"]["parents"] == [0]


def test_a_message_that_nobody_has_read_is_found_in_its_queue(console: Console, shop: Stack) -> None:
    queue = shop.queue("Receipts").resource
    sent = shop.client("sqs").send_message(QueueUrl=queue.url, MessageBody="by hand", DelaySeconds=60)["MessageId"]
    shown = told(console, f"/events/{sent}")
    (placed,) = shown["hops"]
    assert [(each["queue"]["name"], each["state"]) for each in placed["lying"]] == [("Receipts", "delayed")]
    assert [step["name"] for step in placed["steps"]] == ["Receipts"]
    assert shown["due"] == placed["lying"][0]["due"]


def test_what_is_not_there_is_said(console: Console, shop: Stack) -> None:
    del shop
    for path in ("/events/nothing", "/attempts/nothing/1", f"/rules/{quote('S-999')}"):
        assert ask(console, f"/_landfast/api{path}").status == HTTPStatus.NOT_FOUND
    assert ask(console, "/_landfast/api/attempts/nothing/first").status == HTTPStatus.BAD_REQUEST
    assert "visibility timeout" in told(console, "/rules/S-93")["text"]
