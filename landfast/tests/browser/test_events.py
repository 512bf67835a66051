"""The list of events: what it shows, finds and keeps in its place."""

import re

from playwright.sync_api import Page, expect

from landfast.testing import Stack
from tests.browser.conftest import show


def test_events_are_listed_as_they_come_and_keep_their_places_for_whoever_reads(page: Page, shop: Stack) -> None:
    show(page, "#/events")
    expect(page.get_by_role("heading", name="No event has come yet")).to_be_visible()
    expect(page.get_by_role("link", name="Send an event")).to_have_attribute("href", "#/send")
    charge = shop.function("Charge")
    for number in range(3):
        charge.send({"order": number, "amount": 5})
    shop.settle()
    table = page.get_by_role("grid", name="Events")
    expect(table).to_have_attribute("aria-rowcount", "4")
    expect(page.get_by_text("3 events")).to_be_visible()

    table.focus()
    page.keyboard.press("End")
    chosen = table.get_by_role("row", selected=True)
    expect(chosen).to_have_attribute("aria-rowindex", "4")
    first = chosen.get_by_role("link").inner_text()
    charge.send({"order": 3, "amount": "two"})
    newer = page.get_by_role("button", name="1 new event")
    expect(newer).to_be_visible()
    expect(table.locator("tr[aria-rowindex='4']").get_by_role("link")).to_have_text(first)
    newer.click()
    expect(table).to_have_attribute("aria-rowcount", "5")
    expect(table.locator("tr[aria-rowindex='2']")).to_contain_text("again in")
    shop.settle()
    expect(table.locator("tr[aria-rowindex='2']")).to_contain_text("to destination")

    table.focus()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"#/events/{first}"))


def test_filters_find_events_and_are_kept_in_the_address(page: Page, shop: Stack) -> None:
    shop.function("Charge").send({"order": 1, "amount": "two"})
    shop.function("Charge").send({"order": 2, "amount": 5})
    shop.queue("Orders").send({"order": 3, "items": ["tea"]})
    shop.settle()
    show(page, "#/events")
    table = page.get_by_role("grid", name="Events")
    page.get_by_label("Function").select_option("Charge")
    expect(table).to_have_attribute("aria-rowcount", "3")
    page.get_by_role("button", name="to destination 1").click()
    expect(table).to_have_attribute("aria-rowcount", "2")
    row = table.get_by_role("row").nth(1)
    expect(row.get_by_role("gridcell").nth(5)).to_have_text("3")
    expect(row.get_by_role("gridcell").nth(6)).to_contain_text("→ ChargesFailed TypeError: order 1")
    page.reload()
    expect(table).to_have_attribute("aria-rowcount", "2")
    expect(page.get_by_role("button", name="to destination 1")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("searchbox").fill("no such text")
    page.get_by_role("button", name="Clear the filters").click()
    page.get_by_role("searchbox").fill("typeERROR")
    expect(table).to_have_attribute("aria-rowcount", "2")
    expect(page.get_by_text("1 of 3 events")).to_be_visible()
