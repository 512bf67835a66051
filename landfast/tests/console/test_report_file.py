"""A journal as one file: what is in it, and what it may do."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote

import msgspec
import pytest

from landfast.console.report_file import MOST_BYTES_OF_CHAPTER, MOST_EVENTS, Chapter, report_file, since
from landfast.journal import Accepted, Entry, Retrying, Settled
from landfast.report import page
from landfast.report.live import accounts
from landfast.simulate.world import START
from tests.report import journals
from tests.report.scenarios import account_of, simulated

HOSTILE = "</script><script>alert(1)</script><!-- <img src=x onerror=alert(1)>"


class Elements(HTMLParser):
    """The elements of a file: each with its attributes and the text directly in it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str], list[str]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}, []))

    def handle_endtag(self, tag: str) -> None:
        self.found.append((f"/{tag}", {}, []))  # what follows is not in it

    def handle_data(self, data: str) -> None:
        if self.found:
            self.found[-1][2].append(data)

    def of(self, tag: str, **attributes: str) -> list[tuple[dict[str, str], str]]:
        return [
            (attrs, "".join(text))
            for name, attrs, text in self.found
            if name == tag and attributes.items() <= attrs.items()
        ]


def one(name: str, test: str = "") -> Chapter:
    return Chapter(accounts=[account_of(name)], entries=since(START, simulated(name).entries), test=test)


def live(entries: list[Entry], test: str = "") -> Chapter:
    return Chapter(accounts=accounts(entries, page.LIMITS), entries=entries, test=test)


def kept(html: str) -> dict[str, Any]:
    [(_, text)] = Elements(html).of("script", id="report")
    found: dict[str, Any] = msgspec.json.decode(text)
    return found


def digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_its_policy_allows_its_own_scripts_and_styles_and_no_request() -> None:
    elements = Elements(report_file([one("poison-both")], "poison-both"))

    [(meta, _)] = elements.of("meta", **{"http-equiv": "Content-Security-Policy"})
    policy = dict(part.strip().split(" ", 1) for part in meta["content"].split(";"))
    run = [text for attrs, text in elements.of("script") if attrs.get("type") != "application/json"]
    assert policy["default-src"] == "'none'"
    assert set(policy["script-src"].split()) == {"data:", *map(digest, run)}
    assert set(policy["style-src"].split()) == {digest(text) for _, text in elements.of("style")}
    assert policy["img-src"] == "data:"
    assert not {"connect-src", "frame-src", "font-src"} & policy.keys()
    assert not [attrs for tag, attrs, _ in elements.found if {"src", "href", "srcset", "style"} & attrs.keys()]


def test_every_module_that_is_imported_is_in_it() -> None:
    elements = Elements(report_file([], "nothing"))

    [(_, text)] = elements.of("script", type="importmap")
    modules = {name: unquote(url) for name, url in msgspec.json.decode(text)["imports"].items()}
    assert all(url.startswith("data:text/javascript,") for url in modules.values())
    imported = {
        name
        for source in modules.values()
        for name in re.findall(r"""(?:\bfrom|import\(?)\s*["']([^"']+)["']""", source)
    }
    assert imported | {"console/app.js"} == modules.keys()
    assert "console/views/whatif.js" not in modules, "what needs a server is left out"


def test_without_scripts_it_is_the_page_of_its_accounts() -> None:
    html = report_file([one("poison-both")], "poison-both")
    plain = page.page([account_of("poison-both")], title="poison-both")

    [main] = re.findall(r"<main>.*</main>", html, re.DOTALL)
    assert main in plain
    assert Elements(html).of("style")[1][1] == Elements(plain).of("style")[0][1]


def test_without_events_it_is_small() -> None:
    assert len(report_file([], "nothing").encode()) <= 220_000


def test_it_lists_every_event_with_its_end_and_its_test() -> None:
    html = report_file([one("poison-both", "test_one"), live([*journals.events()], "test_two")], "tests")

    found = kept(html)
    events = {each["id"]: each for each in found["/events"]["events"]}
    assert found["/accounts"] == ["One poison record in a batch of 100: bisected, with partial responses", "Orders"]
    assert len(events) == 301
    assert (events["r42"]["state"], events["r42"]["test"]) == ("to_destination", "test_one")
    assert (events[journals.EVENT]["function"], events[journals.EVENT]["test"]) == ("Orders", "test_two")
    assert found["/events"]["states"] == {"processed": 299, "to_destination": 2}
    assert found["now"] == max(
        each.at for each in [*since(START, simulated("poison-both").entries), *journals.events()]
    )


def test_the_way_of_an_event_its_attempts_and_the_rules_that_they_name_are_there() -> None:
    chapter = live([*journals.events()], "test_one")
    logs = {journals.EVENT: ["START RequestId: 1", "charging", "START RequestId: 1", "charging again"]}

    found = kept(report_file([msgspec.structs.replace(chapter, logs=logs)], "tests"))

    [placed] = found[f"/events/{journals.EVENT}"]["hops"]
    told = placed["hop"]["attempts"]
    assert [each["outcome"] for each in told] == ["raise", "throttle", "raise"]
    first, last = (found[f"/attempts/{journals.EVENT}/{each['call']}"] for each in (told[0], told[-1]))
    assert first["error"] == journals.ERROR
    assert (first["logs"], last["logs"]) == (
        ["START RequestId: 1", "charging"],
        ["START RequestId: 1", "charging again"],
    )
    named = [each["id"] for each in found["/rules"]]
    assert "S-04" in named
    assert "S-104" not in named
    assert found["/rules/S-04"]["text"]


def test_ways_are_told_while_there_is_room_and_those_of_failures_first() -> None:
    entries: list[Entry] = [
        Accepted(at=float(number), source="Orders", records=(f"e{number}",)) for number in range(1500)
    ]
    lost = Settled(at=2000.0, source="Orders", records=("e7",), state="dropped", rule="S-04 RetriesExhausted")
    done = Settled(at=2000.0, source="Orders", records=("e8",), state="processed", rule="S-15 Success")

    found = kept(report_file([live([*entries, done, lost])], "many"))

    ways = [path for path in found if path.startswith("/events/")]
    assert "/events/e7" in ways
    assert "/events/e8" not in ways
    assert 100 < len(ways) < 1500
    assert sum(len(msgspec.json.encode(found[path])) for path in ways) < MOST_BYTES_OF_CHAPTER + 10_000


def test_events_of_two_tests_with_the_same_id_are_told_apart() -> None:
    first = [Accepted(at=1.0, source="Orders", records=("e1",), origin="one")]
    second = [Accepted(at=1.0, source="Orders", records=("e1",), origin="two")]

    found = kept(report_file([live([*first], "test_one"), live([*second], "test_two")], "tests"))

    origins = {path: way["hops"][0]["hop"]["origin"] for path, way in found.items() if path.startswith("/events/")}
    assert origins == {"/events/e1": "one", "/events/e1 (test_two)": "two"}
    assert {each["id"] for each in found["/events"]["events"]} == {"e1", "e1 (test_two)"}


def test_of_too_many_events_those_that_failed_are_listed() -> None:
    entries: list[Entry] = [
        Accepted(at=float(number), source="Orders", records=(f"e{number}",)) for number in range(MOST_EVENTS)
    ]

    listed = kept(report_file([live(entries), one("poison-both")], "many"))["/events"]
    assert len(listed["events"]) == MOST_EVENTS
    assert listed["total"] == MOST_EVENTS + 300


def test_times_of_a_scenario_begin_at_its_date() -> None:
    [accepted, retrying] = since(1000.0, [Accepted(at=1.5), Retrying(at=2.0, due=60.0, rule="S-04")])

    assert accepted.at == 1001.5
    assert isinstance(retrying, Retrying)
    assert (retrying.at, retrying.due) == (1002.0, 1060.0)


@pytest.mark.parametrize("place", ["id", "origin", "source"])
def test_no_content_can_end_a_script(place: str) -> None:
    names = {"id": "e1", "origin": "invoke", "source": "Orders", place: HOSTILE}
    entries: list[Entry] = [
        Accepted(at=1.0, source=names["source"], records=(names["id"],), origin=names["origin"]),
    ]
    plain = Elements(report_file([live([Accepted(at=1.0, source="Orders", records=("e1",))])], "a title"))

    hostile = Elements(report_file([live(entries, HOSTILE)], HOSTILE))

    assert [tag for tag, _, _ in hostile.found] == [tag for tag, _, _ in plain.found]
    [event] = kept(report_file([live(entries, HOSTILE)], HOSTILE))["/events"]["events"]
    assert HOSTILE in event.values()
    assert event["test"] == HOSTILE
