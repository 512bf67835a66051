"""Failures on the console: found, explained, and brought back once, however often somebody asks."""

import json
import urllib.request
from itertools import takewhile
from typing import Any

import pytest

from landfast.console import Console
from landfast.failures import Ledger
from landfast.journal import Accepted
from landfast.service.store import read_journal
from landfast.testing import Stack
from tests.end_to_end.console.asking import ask

ALL = {"where": ""}


def get(console: Console, path: str) -> Any:
    answered = ask(console, f"/_landfast/api{path}")
    assert answered.status == 200, answered.content
    return json.loads(answered.content)


def post(console: Console, path: str, **content: Any) -> Any:
    status, answer = posted(console, path, content)
    assert status == 200, answer
    return answer


def posted(console: Console, path: str, content: dict[str, Any]) -> tuple[int, Any]:
    headers = {"X-Landfast-Token": console.token}
    body = json.dumps(content).encode()
    answered = ask(console, f"/_landfast/api{path}", method="POST", headers=headers, body=body)
    return answered.status, json.loads(answered.content)


def finished(console: Console, job: dict[str, Any]) -> Any:
    """A job when it is over, asked for as the page does."""
    while job["state"] in {"waiting", "running"}:
        job = get(console, f"/jobs/{job['id']}")
    return job


@pytest.fixture
def failed(shop: Stack) -> Stack:
    """The application after a charge, two orders and a click have failed."""
    shop.function("Charge").send({"order": 1, "amount": "two"})
    for number in range(2):
        shop.queue("Orders").send({"order": number})
    shop.stream("Clicks").put("no json", key="1")
    shop.settle()
    return shop


def test_failures_are_grouped_and_each_is_told_with_its_rule_and_its_way(failed: Stack, console: Console) -> None:
    told = get(console, "/failures")
    groups = {each["function"]: each for each in told["groups"]}
    assert (told["count"], told["total"], told["wrong"]) == (4, 4, "")
    assert {name: (each["error"], each["reason"], each["count"], each["stores"]) for name, each in groups.items()} == {
        "Charge": ("TypeError", "RetriesExhausted", 1, ["ChargesFailed"]),
        "Pack": ("", "maxReceiveCount", 2, ["OrdersDead"]),
        "Count": ("Unhandled", "RetryAttemptsExhausted", 1, ["ClicksFailed"]),
    }
    assert {each["name"]: each["count"] for each in told["stores"]} == {
        "ChargesFailed": 1, "OrdersDead": 2, "ParcelsDead": 0, "ClicksFailed": 1,
    }  # fmt: skip
    for group in groups.values():
        page = get(console, f"/failures/list?where={group['where'].replace(' ', '+')}")
        assert page["count"] == group["count"]
        for listed in page["failures"]:
            shown = get(console, f"/failures/{listed['id']}")["failure"]
            assert shown["listed"]["function"] == group["function"]
            assert shown["rule_key"] == group["reason"]
            records = [each for _, entry in read_journal(failed.service.journal) for each in entry.records]
            assert shown["event"] in records


def test_of_a_position_in_a_stream_the_records_are_read_back(failed: Stack, console: Console) -> None:
    [listed] = get(console, "/failures/list?where=function=Count")["failures"]
    shown = get(console, f"/failures/{listed['id']}")["failure"]
    assert [each["text"] for each in shown["remains"]["records"]] == ["no json"]
    assert 86_000 < shown["remains"]["left"] <= 86_400
    assert (shown["destination"]["by"], shown["destination"]["to"]) == ("records", "Count")
    failed.advance(hours=25)
    gone = get(console, f"/failures/{listed['id']}")["failure"]["remains"]
    assert (gone["missing"], gone["records"], gone["left"]) == (1, [], None)
    job = finished(console, post(console, "/failures/replay", meant={"ids": [listed["id"]]}))
    assert job["outcomes"] == {"refused": 1}
    assert "have left the stream" in job["troubles"][0]["reason"]


def test_whoever_clicks_twice_sends_once(failed: Stack, console: Console) -> None:
    [listed] = get(console, "/failures/list?where=function=Charge")["failures"]
    mended = '{"order": 1, "amount": 2}'
    wanted = {"meant": {"ids": [listed["id"]]}, "text": mended}
    plan = post(console, "/failures/plan", **wanted)
    assert (plan["count"], json.loads(plan["destinations"][0][0]["text"])) == (1, json.loads(mended))
    first, again, late = (post(console, "/failures/replay", key=key, **wanted) for key in ("a", "a", "b"))
    assert first["id"] == again["id"] != late["id"]
    assert finished(console, first)["outcomes"] == {"replayed": 1}
    assert finished(console, late)["message"].endswith("no such failure: `landfast failures` lists them")
    failed.settle()
    origins = [entry.origin for _, entry in read_journal(failed.service.journal) if isinstance(entry, Accepted)]
    assert origins.count(f"replay of {listed['id']}") == 1
    assert json.loads(failed.queue("Receipts").messages()[0].body)["requestPayload"] == json.loads(mended)
    assert get(console, f"/failures/{listed['id']}") == {"failure": None}


def test_what_cannot_be_done_is_told_and_changes_nothing(failed: Stack, console: Console) -> None:
    [listed] = get(console, "/failures/list?where=function=Charge")["failures"]
    one = {"ids": [listed["id"]]}
    for wanted, message in (
        ({"meant": one, "text": '{"a": 1\n"b"}'}, "this is not JSON: line 2, column 1: expecting ',' delimiter"),
        ({"meant": one, "to": "Nobody"}, "Nobody: "),
        ({"meant": {"ids": ["zz"]}}, "zz: there is no such failure"),
        ({"meant": {}}, "say which failures"),
        ({"meant": {"where": "colour=red"}}, "there is no field colour"),
        ({"meant": ALL, "text": "{}"}, "one text is for one failure, and 4 are meant"),
    ):
        status, told = posted(console, "/failures/plan", wanted)
        assert (status, told["message"][: len(message)]) == (400, message)
        job = finished(console, posted(console, "/failures/replay", {**wanted, "key": message})[1])
        assert (job["state"], job["done"]) == ("failed", 0)
        assert job["message"].startswith(message)
    with Ledger(failed.service.options.state.absolute() / "replays.jsonl"):
        job = finished(console, post(console, "/failures/replay", meant=ALL, key="beside a command"))
    assert "another replay of this stack is running" in job["message"]
    assert get(console, "/failures")["total"] == 4
    assert get(console, "/failures?where=colour")["wrong"].startswith("'colour' is no condition")


def test_all_that_match_are_exported_and_discarded(failed: Stack, console: Console) -> None:
    saved = post(console, "/failures/export", where="store=OrdersDead")
    assert saved["name"] == "failures-corner-shop.jsonl"
    assert [json.loads(line)["store"] for line in saved["text"].splitlines()] == ["OrdersDead"] * 2
    job = finished(console, post(console, "/failures/discard", meant={"where": "store=OrdersDead"}, key="a"))
    assert (job["state"], job["total"], job["outcomes"]) == ("done", 2, {"removed": 2})
    assert len(failed.queue("OrdersDead")) == 0
    assert get(console, "/failures")["total"] == 2
    assert ask(console, "/_landfast/api/jobs/99").status == 404


def test_a_store_that_is_deleted_is_looked_into_no_more(failed: Stack, console: Console) -> None:
    assert get(console, "/failures")["total"] == 4
    failed.client("sqs").delete_queue(QueueUrl=failed.queue("OrdersDead").url)
    failed.function("Charge").send({"order": 2, "amount": 1})
    failed.settle()
    assert ask(console, "/_landfast/api/failures").message.endswith("The specified queue does not exist.")
    assert get(console, "/failures")["total"] == 2


@pytest.mark.usefixtures("failed")
def test_the_page_is_told_how_many_failures_there_are(console: Console) -> None:
    with urllib.request.urlopen(f"{console.url.partition('#')[0]}api/live", timeout=20) as stream:  # noqa: S310 - the service's own
        states = (json.loads(line.removeprefix(b"data: ")) for line in stream if line.startswith(b"data: "))
        counts = [*takewhile(lambda count: count != 4, (state["failures"] for state in states))]
    assert set(counts) <= {None}
