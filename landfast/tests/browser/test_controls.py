"""What can be done to a running stack: time jumps, mappings pause, calls are made to fail."""

import re

from playwright.sync_api import Locator, Page, expect

from landfast.testing import Stack
from tests.browser.conftest import show
from tests.browser.looks import layout_faults, violations


def fact(page: Page, name: str) -> Locator:
    """What a function's page says of it under a name."""
    return page.locator(f"dt:text-is('{name}') + dd")


def test_a_paused_mapping_lets_its_queue_fill_until_it_is_resumed(page: Page, shop: Stack) -> None:
    show(page, "#/functions/Pack")
    page.get_by_role("button", name="Pause the mapping of Orders").click()
    mapping = page.get_by_role("main").get_by_role("listitem").filter(has_text="Orders")
    expect(mapping).to_contain_text("Disabled")
    orders = shop.queue("Orders")
    orders.send({"order": 1, "items": ["tea"]})
    shop.advance(minutes=5)
    assert [message.state for message in orders.messages()] == ["visible"]
    expect(fact(page, "Invocations")).to_have_text("0")
    page.get_by_role("button", name="Resume the mapping of Orders").click()
    expect(mapping).to_contain_text("Enabled")
    expect(fact(page, "Invocations")).to_have_text("1")
    expect(page.get_by_role("log").get_by_text("packing 1")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    assert [*violations(page), *layout_faults(page)] == []


def test_a_call_is_made_to_fail_and_the_clock_jumps_over_the_wait_for_its_retry(page: Page, shop: Stack) -> None:
    show(page, "#/functions/Charge")
    page.get_by_label("Error type").fill("OutOfPaper")
    page.get_by_role("button", name="Let it happen").click()
    expect(page.get_by_text("OutOfPaper, 1 call left")).to_be_visible()
    shop.function("Charge").send({"order": 1, "amount": 5})
    expect(fact(page, "Failed")).to_have_text("1")
    expect(page.get_by_text("call left")).to_have_count(0)
    show(page, "#/clock")
    page.get_by_role("button", name="Hold", exact=True).click()
    expect(page.get_by_text("Time stands: nothing becomes due")).to_be_visible()
    retry = page.get_by_role("row", name=re.compile("Charge.* planned"))
    expect(retry.get_by_text(re.compile(r"in [\d.]+ (s|min)"))).to_be_visible()
    retry.get_by_role("button", name="Jump there").click()
    expect(retry).to_have_count(0)
    show(page, "#/functions/Charge")
    expect(fact(page, "Invocations")).to_have_text("2")
    expect(fact(page, "Failed")).to_have_text("1")
    expect(page.get_by_role("log").get_by_text("charging 1")).to_be_visible()
