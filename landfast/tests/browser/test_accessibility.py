"""Every view can be read and used by everybody: on a telephone, in the dark, by keyboard, by a screen reader."""

import re
from collections.abc import Iterator
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

LOOKS = (("ko", 390, "light"), ("ko", 1280, "dark"), ("en", 390, "dark"), ("en", 1280, "light"))
"""Languages, widths and themes: any two of them meet in one."""


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
    found = []
    for language, width, theme in LOOKS:
        page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        page.locator("header select:has(option[lang])").select_option(language)
        expect(page.locator("html")).to_have_attribute("lang", language)
        faults = (*violations(page), *layout_faults(page))
        found += [f"{language}, {width} pixels, {theme}: {fault}" for fault in faults]
    assert found == []
    assert keyboard_faults(page) == []
