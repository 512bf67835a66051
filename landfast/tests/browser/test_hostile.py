"""Whatever events hold is shown as text, wherever it is shown."""

import json

from playwright.sync_api import Page, expect

from landfast.testing import Stack
from tests.browser.conftest import show
from tests.browser.test_accessibility import VIEWS

MARKUP = "<img src=x onerror=alert(1)></script><script>alert(2)</script>"
LONG = "&lt;b&gt;" * 80_000


def test_what_events_hold_is_no_markup(page: Page, shop: Stack) -> None:
    for order in (MARKUP, "\u202eright to left", "\ud800", LONG):
        event = json.dumps({"order": order, "amount": "two"})
        shop.client("lambda").invoke(FunctionName=shop.function("Charge").name, InvocationType="Event", Payload=event)[
            "Payload"
        ].read()
        shop.queue("Orders").send(event)
    shop.settle()
    for view in VIEWS:
        show(page, f"#/{view}")
        assert page.locator("main :is(img, script)").count() == 0
    show(page, "#/events")
    page.get_by_role("searchbox").fill(MARKUP)
    told = page.get_by_role("row").filter(has_text=MARKUP)
    expect(told).to_have_count(1)
    told.get_by_role("link").first.click()
    expect(page.get_by_role("main")).to_contain_text(MARKUP)
    assert page.locator("main :is(img, script)").count() == 0
