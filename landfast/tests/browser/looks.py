"""What can be found out about how a page looks and is reached, without looking."""

from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_AXE = Axe().axe_script
_LOOKS = Path(__file__).with_name("looks.js").read_text()
_MOST = 400
"""Steps of a walk; a page with more of them needs another way in."""


def violations(page: Page) -> list[str]:
    """What axe-core has against a page as it is now, with what it is about."""
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(_AXE)
    found: dict[str, Any] = page.evaluate("axe.run({ resultTypes: ['violations'] })")
    assert found["passes"], "axe-core has looked at nothing"
    return [
        f"{each['id']}: {node['target']}: {node['failureSummary']}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


def layout_faults(page: Page) -> list[str]:
    """What is cut off, or makes a page scroll sideways that is no table's own box."""
    return list(_ask(page, "layout"))


def keyboard_faults(page: Page) -> list[str]:
    """What the Tab key does not reach from the top of a page, or reaches without showing it."""
    count = _ask(page, "reachable")
    assert count, "nothing can be reached"
    found = []
    for _ in range(min(count + 2, _MOST)):
        page.keyboard.press("Tab")
        fault = _ask(page, "walked")
        if fault is None:
            break
        if fault:
            found.append(fault)
    return [*found, *_ask(page, "missed")]


def _ask(page: Page, what: str) -> Any:
    return page.evaluate(f"{_LOOKS}.{what}()")
