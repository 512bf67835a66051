"""Whatever events and requests hold, the console answers it as data, or says what is wrong with it."""

import json
import re
from itertools import product
from urllib.parse import quote

import pytest

from landfast.console import Console
from landfast.testing import Stack
from tests.end_to_end.console.asking import ask

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "{{constructor.constructor('alert(1)')()}}",
    "\u202eright to left",
    "\ud800",
    "a\x00b\x1b[31m",
    "🫖" * 20_000,
)
PARTS = ("..%2F..%2Fservice.json", "%00", "%FF", "'; DROP TABLE journal; --", "<script>", "9" * 400, "-1", "x" * 4_000)
NAMES = ("function", "id", "limit", "offset", "since", "source", "state", "text", "upto", "where", "within")


@pytest.fixture
def hostile(shop: Stack) -> Stack:
    """The application after events that nobody would send."""
    for text in HOSTILE:
        content = json.dumps({"order": text, "amount": text})  # an escaped surrogate is JSON, though no text
        shop.client("lambda").invoke(
            FunctionName=shop.function("Charge").name, InvocationType="Event", Payload=content
        )["Payload"].read()
        shop.queue("Orders").send(content.replace("amount", "items"))
        shop.stream("Clicks").put(content.encode()[:-1], key="a")
    shop.settle()
    return shop


@pytest.mark.usefixtures("hostile")
def test_whatever_events_hold_every_list_is_answered(console: Console) -> None:
    lists = [route.path for route in console._routes if route.method == "GET" and "{" not in route.path]
    assert "/events" in lists
    for path in lists:
        answered = ask(console, f"/_landfast/api{path}")
        assert answered.status in {200, 400}, (path, answered.content)
        assert answered.headers["Content-Type"] == "application/json"
        json.loads(answered.content)
    events = json.loads(ask(console, "/_landfast/api/events?limit=500").content)["events"]
    assert len(events) >= 3 * len(HOSTILE)
    assert max(len(event["error"]) for event in events) <= 500


def test_whatever_is_asked_for_is_answered_or_refused_in_a_sentence(hostile: Stack, console: Console) -> None:
    for path, part in product((route.path for route in console._routes if route.method == "GET"), PARTS):
        text = quote(part, safe="%")
        target = re.sub(r"{.*?}", text, path)
        for query in ("", "&".join(f"{name}={text}" for name in NAMES)):
            answered = ask(console, f"/_landfast/api{target}?{query}")
            assert answered.status < 500, (target, query, answered.content)
            assert answered.status == 200 or answered.message, (target, query)
    log = hostile.service.options.state / "service.log"
    assert not log.exists() or "Traceback" not in log.read_text()
