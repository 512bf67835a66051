"""Who may ask the console for what, and what its answers let a browser do."""

import gzip
import re
import stat
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

import pytest

from landfast.console import Console
from landfast.console.routes import Asked, Route
from landfast.testing import Stack
from tests.end_to_end.console.asking import ask

HEADER = "X-Landfast-Token"
PAGES = ("/_landfast/", "/_landfast/page/app.js", "/_landfast/api/stack", "/_landfast/api/live")
FOREIGN = [
    {"Host": "evil.example"},
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


HARMLESS = {"POST /whatif", "POST /failures/plan", "POST /failures/export"}
"""What only asks, and is too long for a URL."""


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_pages_of_other_origins_and_hosts_get_nothing(console: Console, headers: Mapping[str, str]) -> None:
    for path in PAGES:
        assert ask(console, path).status == 200
        for also in ({}, {HEADER: console.token}):
            refused = ask(console, path, headers={**headers, **also})
            assert refused.status == 403
            assert b"corner-shop" not in refused.content


def test_its_answers_let_a_browser_do_what_the_page_needs_and_no_more(console: Console) -> None:
    for path in (*PAGES, "/_landfast/api/nothing", "/_landfast/page/nothing.js"):
        headers = ask(console, path, headers={"Origin": f"http://{urlsplit(console.url).netloc}"}).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "no-store"
        assert [name for name in headers if name.lower().startswith("access-control-")] == []
        assert "Set-Cookie" not in headers


def test_files_are_sent_compressed_to_whoever_takes_them_so(console: Console) -> None:
    for path in ("/_landfast/", "/_landfast/page/app.js"):
        plain = ask(console, path)
        sent = ask(console, path, headers={"Accept-Encoding": "gzip"})
        assert sent.headers["Content-Encoding"] == "gzip"
        assert len(sent.content) < len(plain.content)
        assert gzip.decompress(sent.content) == plain.content


def test_the_page_is_kept_from_scripts_of_others_and_from_frames(console: Console) -> None:
    page = ask(console, "/_landfast/")
    policy = dict(part.strip().split(" ", 1) for part in page.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'none'"
    assert re.fullmatch(r"'self' 'sha256-[A-Za-z0-9+/=]{44}'", policy["script-src"])
    assert policy["style-src"] == policy["connect-src"] == "'self'"
    assert set(" ".join(policy.values()).split()) <= {"'none'", "'self'", "data:", policy["script-src"].split()[1]}
    assert re.search(rb"\son\w+=|javascript:|<style|style=", page.content) is None


@pytest.mark.parametrize(
    "path",
    [
        "/_landfast/page/../server.py",
        "/_landfast/page/%2e%2e/server.py",
        "/_landfast/page/..%2fserver.py",
        "/_landfast/page/..%5cserver.py",
        "/_landfast/page//etc/passwd",
        "/_landfast/page/%2fetc%2fpasswd",
        "/_landfast/page/vendor/../../server.py",
        "/_landfast/page/app.js%00.css",
        "/_landfast/page/",
        "/_landfast/page/views",
        "/_landfast/page/views/",
        "/_landfast/page/index.html",
        "/_landfast/page/__init__.py",
    ],
)
def test_nothing_but_the_files_of_the_page_can_be_had(console: Console, path: str) -> None:
    answered = ask(console, path)
    assert answered.status in {400, 403, 404}
    assert b"import" not in answered.content
    assert b"root:" not in answered.content


class Switch:
    """A part that changes something."""

    def __init__(self) -> None:
        self.switched = 0

    def routes(self) -> Iterable[Route]:
        """Its one route."""
        yield Route("POST", "/switch/{name}", self._switch)

    async def _switch(self, asked: Asked) -> object:
        del asked
        self.switched += 1
        return {"switched": self.switched}


def test_whatever_changes_something_needs_the_token(shop: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    switch, parts = Switch(), Console._parts
    monkeypatch.setattr(Console, "_parts", staticmethod(lambda context: [*parts(context), switch]))
    console = Console.attach(shop.service)
    guarded = [route for route in console._routes if route.is_guarded]
    for route in guarded:
        path = f"/_landfast/api{re.sub(r'{.*?}', 'x', route.path)}"
        for headers, query in (
            ({}, ""),
            ({HEADER: ""}, ""),
            ({HEADER: "guessed"}, ""),
            ({HEADER: "\xff\xfe"}, ""),
            ({HEADER: console.token[:-1]}, ""),
            ({"Authorization": f"Bearer {console.token}"}, ""),
            ({"Cookie": f"{HEADER}={console.token}"}, ""),
            ({}, f"?token={console.token}&{HEADER}={console.token}"),
        ):
            refused = ask(console, path + query, method=route.method, headers=headers, body=b"{}")
            assert refused.status == 403, f"{route.method} {path}"
            assert "the URL that landfast up has printed" in refused.message
            assert console.token not in refused.message
    assert switch.switched == 0
    assert ask(console, "/_landfast/api/switch/x", method="POST", headers={HEADER: console.token}).status == 200
    assert switch.switched == 1


def test_only_what_is_named_as_harmless_changes_nothing_without_being_a_get(console: Console) -> None:
    """Whoever adds a route that is not guarded, and no GET, looks here first."""
    unguarded = {f"{route.method} {route.path}" for route in console._routes if not route.is_guarded}
    assert {one for one in unguarded if not one.startswith("GET ")} <= HARMLESS


def test_the_token_is_where_only_its_owner_reads_it(shop: Stack, console: Console) -> None:
    assert ask(console, "/_landfast/api/stack", headers={HEADER: console.token}).status == 200
    assert ask(console, f"/_landfast/api/nothing?token={console.token}").status == 404
    shop.function("Charge").invoke({"order": 1, "amount": 2})
    state = shop.service.options.state
    files = [path for path in state.rglob("*") if path.is_file()]
    assert {"service.json", "service.sqlite"} <= {path.name for path in files}
    telling = [path for path in files if console.token.encode() in path.read_bytes()]
    assert [path for path in telling if path.name != "service.json" or stat.S_IMODE(path.stat().st_mode) & 0o077] == []
    assert console.token.encode() not in ask(console, "/_landfast/api/stack").content
    assert urlsplit(console.url).fragment == f"token={console.token}"
    assert len(console.token) >= 32


def test_a_second_console_has_a_token_of_its_own(shop: Stack, console: Console) -> None:
    assert Console(shop.service).token != console.token
