"""Every view can be read and used by everybody: on a telephone, in the dark, by keyboard, by a screen reader."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

import landfast.console
from landfast.console import Console
from landfast.testing import Stack
from tests.browser.conftest import HEIGHTS, Faults, opened, show
from tests.browser.looks import keyboard_faults, layout_faults, violations

_SOURCE = (Path(landfast.console.__file__).parent / "page" / "views.js").read_text()
VIEWS = re.findall(r'name: "(\w+)", .*\bicon:', _SOURCE)
"""The views of the navigation."""

DETAILS = {
    "events": ("#/events?state=to_destination", "tbody a"),
    "failures": ("#/failures", "a[aria-expanded]", ".failures-ids a"),
    "functions": ("#/functions/Charge",),
    "queues": ("#/queues/Parcels",),
    "rules": ("#/rules/S-04",),
    "streams": ("#/streams/Clicks",),
}
"""Single things, by their views: the link, and what is clicked there."""

LOOKS = (("ko", 1280, "dark"), ("ko", 390, "light"), ("en", 1280, "light"), ("en", 390, "dark"))
"""Languages, widths and themes: any two of them meet in one. Single things are looked at in two of them."""


def lively(shop: Stack) -> None:
    """Let events end in every way, and others wait."""
    charge, orders, parcels, clicks = (
        shop.function("Charge"), shop.queue("Orders"), shop.queue("Parcels"), shop.stream("Clicks"),
    )  # fmt: skip
    for number in range(3):
        charge.send({"order": number, "amount": 5})
        orders.send({"order": number, "items": ["tea"]})
        parcels.send({"parcel": number, "to": "Ulsan"}, group="a")
        clicks.put({"page": number}, key=str(number))
    charge.send({"order": "4 <img src=x onerror=alert(1)>", "amount": "two"})
    orders.send({"order": 5})
    clicks.put("no json", key="1")
    shop.settle()
    charge.send({"order": 6, "amount": None})
    parcels.send({"parcel": 7}, group="b")
    parcels.send({"parcel": 8, "to": "Seoul"}, group="b")
    orders.send({"order": 9})
    shop.advance(seconds=1)


@pytest.fixture(scope="module")
def page(application: Stack, browser: Browser) -> Iterator[Page]:
    """The console of an application in which much has happened; these tests only look."""
    application.reset()
    lively(application)
    faults = Faults()
    page = opened(browser, Console.attach(application.service), faults)
    yield page
    page.context.close()
    assert faults == []


def test_there_are_views() -> None:
    assert "map" in VIEWS


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_for_everybody(page: Page, view: str) -> None:
    show(page, f"#/{view}")
    assert faults_of(page, LOOKS) == []
    assert keyboard_faults(page) == []


@pytest.mark.parametrize("view", DETAILS)
def test_a_single_thing_is_for_everybody(page: Page, view: str) -> None:
    link, *clicks = DETAILS[view]
    show(page, link)
    for selector in clicks:
        page.locator("main").locator(selector).first.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_function("() => window.asking === 0")
    assert faults_of(page, LOOKS[1:3]) == []
    assert keyboard_faults(page) == []


def faults_of(page: Page, looks: Iterable[tuple[str, int, str]]) -> list[str]:
    """What there is against a page in each of these looks."""
    found = []
    for language, width, theme in looks:
        page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        page.locator("header select:has(option[lang])").select_option(language)
        expect(page.locator("html")).to_have_attribute("lang", language)
        faults = (*violations(page), *layout_faults(page))
        found += [f"{language}, {width} pixels, {theme}: {fault}" for fault in faults]
    return found


def test_a_dialog_has_the_keyboard_until_escape_closes_it(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": HEIGHTS[1280]})
    show(page, "#/failures")
    page.locator("a[aria-expanded]").first.click()
    page.locator(".failures-ids a").first.click()
    opener = page.get_by_role("article").get_by_role("button", name="Replay")
    opener.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert violations(page) == []
    assert layout_faults(page) == []
    for _ in range(12):
        page.keyboard.press("Tab")
        inside = page.evaluate(
            "() => document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
        assert inside, "the Tab key leaves an open dialog"
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(opener).to_be_focused()
