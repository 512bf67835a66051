"""The page of one event, as somebody reads it who wants to know why it failed."""

import re

from playwright.sync_api import Page, expect

from landfast.testing import Stack
from tests.browser.conftest import show
from tests.browser.looks import keyboard_faults, layout_faults, violations


def test_an_event_that_fails_says_why_and_what_comes_next_and_is_hurried_on(page: Page, shop: Stack) -> None:
    sent = shop.function("Charge").send({"order": 4, "amount": "two"})
    shop.advance(seconds=1)
    show(page, f"#/events/{sent.answer['ResponseMetadata']['RequestId']}")
    main = page.get_by_role("main")
    expect(main.get_by_role("heading", name="Charge")).to_be_visible()
    expect(main.get_by_text("the amount 'two' is no number")).to_be_visible()
    expect(main.get_by_text("tried again after one minute").first).to_be_visible()
    page.reload()  # whoever has followed a link begins behind the frame, and this looks at the whole page
    expect(main.get_by_role("button", name="attempt 1")).to_be_visible()
    assert keyboard_faults(page) == []
    main.get_by_role("button", name="attempt 1").click()
    expect(main.get_by_role("region", name="Error")).to_contain_text("raise TypeError")
    main.get_by_role("button", name="Payload").click()
    expect(main.get_by_role("region", name="Payload")).to_contain_text('"amount": "two"')
    main.get_by_role("button", name="Logs").click()
    expect(main.get_by_role("region", name="Logs")).to_contain_text("charging 4")
    assert [*violations(page), *layout_faults(page)] == []

    main.get_by_role("button", name="Now").click()
    expect(main.get_by_role("button", name="attempt 2")).to_be_visible()
    main.get_by_role("button", name="Now").click()
    expect(main.get_by_text("MaximumRetryAttempts was used up").first).to_be_visible()
    expect(main.get_by_text("in ChargesFailed")).to_be_visible()
    expect(main.get_by_role("button", name="Now")).to_have_count(0)
    main.get_by_role("link", name="S-04").first.click()
    expect(page).to_have_url(re.compile(r"#/rules/S-04$"))
    expect(main.get_by_text("First wait 1 minute, second wait 2 minutes")).to_be_visible()
