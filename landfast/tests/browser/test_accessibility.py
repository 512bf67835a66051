"""Every view can be read and used by everybody: on a telephone, in the dark, by keyboard, by a screen reader."""

import re
from pathlib import Path

import pytest

import landfast.console
from landfast.console import Console
from landfast.testing import Stack
from tests.browser.conftest import HEIGHTS, Visit, show
from tests.browser.looks import keyboard_faults, layout_faults, violations

_SOURCE = (Path(landfast.console.__file__).parent / "page" / "views.js").read_text()
VIEWS = re.findall(r'name: "(\w+)", .*\bicon:', _SOURCE)
"""The views of the navigation."""

LOOKS = ((1280, False, "en-GB"), (390, True, "en-GB"), (390, False, "ko-KR"), (1280, True, "ko-KR"))
"""Widths, themes and languages: any two of them meet in one."""


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
def console(application: Stack) -> Console:
    """The console of an application in which much has happened; these tests only look."""
    application.reset()
    lively(application)
    return Console.attach(application.service)


def test_there_are_views() -> None:
    assert "map" in VIEWS


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_readable_for_everybody(visit: Visit, view: str) -> None:
    found = []
    for language in dict.fromkeys(look[2] for look in LOOKS):
        page = visit(language=language)
        show(page, f"#/{view}")
        assert page.evaluate("document.documentElement.lang") == language[:2]
        for width, dark, _ in (look for look in LOOKS if look[2] == language):
            page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
            page.emulate_media(color_scheme="dark" if dark else "light")
            where = f"{width} pixels, {'dark' if dark else 'light'}, {language}"
            found += [f"{where}: {fault}" for fault in (*violations(page), *layout_faults(page))]
    assert found == []


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_used_by_keyboard_alone(visit: Visit, view: str) -> None:
    page = visit()
    show(page, f"#/{view}")
    page.reload()  # whoever has followed a link goes on behind it, not at the top
    show(page, f"#/{view}")
    assert keyboard_faults(page) == []
