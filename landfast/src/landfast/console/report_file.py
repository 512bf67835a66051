"""A journal as one file that needs no server: the console's page, and what it shows.

Without scripts the file is the page of `landfast.report`. With them the console's own modules, which are in it as well,
show the same accounts and every event. Nothing in it can ask for anything: its policy allows no request.
"""

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final
from urllib.parse import quote

import msgspec

from landfast.console import files
from landfast.console.chronicle import attempts
from landfast.console.event_page import EventShown, Placed, attempt_shown
from landfast.console.events import Event, Events, listed
from landfast.console.index import Table, Wanted
from landfast.console.places import Places, Step
from landfast.console.rules import Named, rules
from landfast.console.way import Way, way
from landfast.journal import Entry
from landfast.report import page
from landfast.report.account import Account
from landfast.report.chains import Chains

MOST_BYTES: Final = 4_000_000
"""Bytes of JSON of the ways of events, and of what was logged on them."""

MOST_BYTES_OF_CHAPTER: Final = 400_000
"""The same of one chapter."""

MOST_EVENTS: Final = 2_000
"""Events that a file lists: of each chapter those first that were not simply processed."""

_FAILED: Final = frozenset({"dropped", "dead_lettered", "to_destination"})
_VIEWS: Final = "console/views.js"
_OFFLINE_VIEWS: Final = "report_views.js"
_RULE: Final = re.compile(r"\b[SU]-[0-9]+\b")
_PLAIN: Final = "!$&'()*+,-./:;=?@[]^_`{|}~ "
"""What a data URL holds as it is: all but what HTML, JSON and URLs read as their own."""

_BEGIN: Final = f"""
const make = (name, more) => Object.assign(document.createElement(name), more);
const plain = document.querySelector("main");
const kept = make("div", {{ hidden: true }});
kept.append(...plain.querySelectorAll(":scope > article"));
document.body.append(kept, plain.querySelector(".defs"));
plain.replaceWith(make("div", {{ id: "app" }}));
document.getElementById("plain").media = "not all";
document.getElementById("style").media = "all";
import("{files.ENTRY}");
"""
"""Shows the console in place of the page without scripts. A browser that knows no modules leaves that as it is."""


class Chapter(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a report: a test, a scenario, or a journal.

    Attributes:
        accounts: The accounts of it, one for each source.
        entries: The journal, its times in Unix seconds.
        test: The test that it is of; empty if it is none.
        places: The places of the stack, if there is one.
        logs: What functions have logged, by request id.
    """

    accounts: Sequence[Account]
    entries: Sequence[Entry]
    test: str = ""
    places: Places | None = None
    logs: Mapping[str, Sequence[str]] = {}


class Told(Event, frozen=True, kw_only=True):
    """An event, with the test that has sent it."""

    test: str = ""


def since(start: float, entries: Iterable[Entry]) -> list[Entry]:
    """The entries of a scenario, whose times are seconds from its start, as a service would have noted them.

    Args:
        start: The start in Unix seconds.
        entries: The entries.
    """
    return [
        msgspec.structs.replace(
            entry, at=entry.at + start, **({"due": entry.due + start} if hasattr(entry, "due") else {})
        )
        for entry in entries
    ]


def report_file(chapters: Sequence[Chapter], title: str) -> str:
    """The file as text.

    Args:
        chapters: What it tells.
        title: What it is of, for people.
    """
    told = [account for chapter in chapters for account in chapter.accounts]
    ways: dict[str, msgspec.Raw] = {}
    answers = {
        "now": max((entry.at for chapter in chapters for entry in chapter.entries), default=0.0),
        "/stack": {"name": title, "region": "", "endpoint": title, "nodes": [], "rows": [], "not_run": []},
        "/accounts": [account.title for account in told],
        "/events": _events(chapters, ways),
        **ways,
    }
    return _with_console(page.page(told, title=title), answers | _rules(msgspec.json.encode(answers).decode()))


def _events(chapters: Iterable[Chapter], ways: dict[str, msgspec.Raw]) -> Events:
    """Every event of all chapters, newest first; what the page asks about them is put to `ways`."""
    found: list[Told] = []
    left_out = 0
    for chapter in chapters:
        ordered = sorted(_of_chapter(chapter), key=_worst_first)
        room = max(0, MOST_EVENTS - len(found))
        found += _with_ways(chapter, ordered[:room], ways)
        left_out += len(ordered[room:])
    return Events(
        events=sorted(found, key=lambda each: -each.at),
        offset=0,
        matching=len(found),
        newer=0,
        total=len(found) + left_out,
        upto=0,
        read=1.0,
        states=Counter(each.state for each in found),
        functions=sorted({each.function for each in found} - {""}),
    )


def _worst_first(event: Event) -> tuple[bool, bool, bool]:
    return event.state not in _FAILED, event.state == "processed", event.attempts == 1


def _with_ways(chapter: Chapter, events: Iterable[Told], ways: dict[str, msgspec.Raw]) -> Iterator[Told]:
    """Yield the events of a chapter; while there is room, put their ways and attempts to `ways`."""
    chains = Chains.of(chapter.entries)
    room = min(MOST_BYTES_OF_CHAPTER, MOST_BYTES - _size(ways))
    for event in events:
        # Records of streams may have the same ids in each test, as a test begins with a new stream.
        name = event.id if f"/events/{event.id}" not in ways else f"{event.id} ({event.test})"
        if room > 0:
            made = {path: each for path, each in _way(chapter, chains, event.id, name) if path not in ways}
            ways |= made
            room -= _size(made)
        yield msgspec.structs.replace(event, id=name)


def _way(chapter: Chapter, chains: Chains, record: str, name: str) -> Iterator[tuple[str, msgspec.Raw]]:
    """Yield what the page asks about an event, by path: its way, and each attempt on it."""

    def read(numbers: Sequence[int]) -> list[Entry]:
        return [chapter.entries[number - 1] for number in numbers]

    shown = _shown(way(chains, read, record), chapter.places)
    yield f"/events/{name}", msgspec.Raw(msgspec.json.encode(shown))
    for placed in shown.hops:
        for each in placed.hop.attempts:
            if each.request_id:
                calls = attempts(chains, read, each.request_id)
                told = attempt_shown(calls, each.call, chapter.logs.get(each.request_id, ()), None)
                yield f"/attempts/{each.request_id}/{each.call}", msgspec.Raw(msgspec.json.encode(told))


def _size(ways: Mapping[str, msgspec.Raw]) -> int:
    return sum(len(bytes(each)) for each in ways.values())


def _shown(found: Way, places: Places | None) -> EventShown:
    """The way of an event as its page gets it; where its messages lie now, no journal tells."""
    hops = []
    for hop in found.hops:
        maker = found.hops[hop.parents[0]].function if hop.parents else ""
        steps = places.steps(hop.origin, maker) if places else (Step("", hop.origin),) if hop.origin else ()
        targets = {sent.target: places.of_arn(sent.target) for sent in hop.sent} if places else {}
        hops.append(Placed(hop, steps, (), {arn: step for arn, step in targets.items() if step is not None}))
    due = [placed.hop.waits.due for placed in hops if placed.hop.waits is not None and placed.hop.waits.due is not None]
    return EventShown(found.record, tuple(hops), found.is_cut, min(due, default=None))


def _rules(told: str) -> dict[str, Any]:
    """The rules that are named in what is told."""
    known = rules()
    named = sorted({*_RULE.findall(told)} & known.keys(), key=lambda each: (each[0], int(each[2:])))
    listed = [Named(number, known[number].title) for number in named]
    return {"/rules": listed, **{f"/rules/{number}": known[number] for number in named}}


def _of_chapter(chapter: Chapter) -> list[Told]:
    table = Table()
    numbered = [*enumerate(chapter.entries, start=1)]
    while table.read(lambda begin, most: msgspec.json.encode(numbered[begin - 1 : begin - 1 + most])):
        pass
    wanted = Wanted(limit=len(table))
    rows = listed(wanted, table.window(wanted), {}).events
    return [Told(**msgspec.structs.asdict(each), test=chapter.test) for each in rows]


def _with_console(plain: str, answers: Mapping[str, Any]) -> str:
    """The page without scripts, with the console in it."""
    imports, style = _modules(), files.content(files.STYLE).decode()
    [own_style] = re.findall(r"<style>(.*?)</style>", plain, re.DOTALL)
    policy = (
        f"default-src 'none'; script-src data: {_hash(imports)} {_hash(_BEGIN)}; "
        f"style-src {_hash(own_style)} {_hash(style)}; img-src data:; base-uri 'none'; form-action 'none'"
    )
    head = (
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f'<style id="style" media="not all">{style}</style>\n'
        f'<script type="importmap">{imports}</script>\n'
    )
    kept = msgspec.json.encode(answers).decode().replace("<", "\\u003c")
    body = f'<script type="application/json" id="report">{kept}</script>\n<script type="module">{_BEGIN}</script>\n'
    return (
        plain.replace("<style>", f'{head}<style id="plain">', 1)
        .replace("</body>", f"{body}</body>", 1)
    )  # fmt: skip


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def _modules() -> str:
    """The import map with every module that the page of a report needs, each as a data URL."""
    sources = files.modules(files.ENTRY, {_VIEWS: _OFFLINE_VIEWS}, later=True)
    urls = {name: f"data:text/javascript,{quote(source, safe=_PLAIN)}" for name, source in sources.items()}
    return msgspec.json.encode({"imports": urls}).decode()
