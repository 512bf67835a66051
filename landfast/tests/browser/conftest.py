"""A browser that looks at the console of the application that `shop` is (`tests.consoles`).

`page` is the console, open; a test goes on by `page.goto("#/events")`, and waits by Playwright's `expect` alone.
A page that logs an error, leaves one unhandled or asks another machine for anything fails its test.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Page,
    Request,
    WebError,
    expect,
    sync_playwright,
)
from pytest_socket import enable_socket, socket_allow_hosts

from landfast.console import Console
from tests.chromium import CHROMIUM, WITHOUT_SUGGESTIONS, with_chromium
from tests.consoles import application, console, shop

__all__ = ["application", "console", "shop"]

HEIGHTS = {1280: 900, 390: 844}
"""The screens that pages are looked at on: a notebook's and a telephone's, each by its width."""

PATIENCE = 30_000
"""Real milliseconds after which what a test expects to see is missing; a busy machine may need some of them."""

_COUNTING = """(() => {
  const ask = window.fetch;
  window.asking = 0;
  window.fetch = (...given) => { window.asking += 1; return ask(...given).finally(() => { window.asking -= 1; }); };
})()"""

expect.set_options(timeout=PATIENCE)
_FOLDER = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one worker run all of these tests, since they share the application and the browser."""
    for item in items:
        if item.path.is_relative_to(_FOLDER):
            item.add_marker(with_chromium)
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> None:
    enable_socket()
    socket_allow_hosts(["127.0.0.1"])


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(
            executable_path=CHROMIUM,
            chromium_sandbox=os.geteuid() != 0,  # it refuses to run as root within its sandbox
            args=["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", WITHOUT_SUGGESTIONS],
        )
        yield made
        made.close()


class Faults(list[str]):
    """What pages have done that no page may do; a test that provokes one takes it out."""

    def watch(self, context: BrowserContext) -> None:
        """Look at all that the pages of a context do from now on."""
        context.on("console", self._logged)
        context.on("weberror", self._unhandled)
        context.on("request", self._asked)
        context.on("dialog", self._opened)

    def _logged(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.append(f"logged: {message.text} ({message.location['url']})")

    def _unhandled(self, error: WebError) -> None:
        self.append(f"unhandled: {error.error}")

    def _opened(self, dialog: Dialog) -> None:
        self.append(f"opened a dialog of the browser's: {dialog.message}")
        dialog.dismiss()

    def _asked(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme not in {"data", "blob"} and url.hostname != "127.0.0.1":
            self.append(f"asked another machine: {request.url}")


@pytest.fixture
def faults() -> Iterator[Faults]:
    found = Faults()
    yield found
    assert found == []


def opened(
    browser: Browser,
    console: Console,
    faults: Faults,
    *,
    width: int = 1280,
    language: str = "en-GB",
    dark: bool = False,
) -> Page:
    """Open the console as somebody does who has clicked the URL that `landfast up` prints."""
    context = browser.new_context(
        base_url=console.url.partition("#")[0],
        viewport={"width": width, "height": HEIGHTS[width]},
        locale=language,
        timezone_id="UTC",
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE)
    context.add_init_script(_COUNTING)
    faults.watch(context)
    page = context.new_page()
    page.goto(console.url)
    return page


Visit = Callable[..., Page]
"""Opens a page that is `width` pixels wide, for somebody of a `language`, `dark` or not."""


@pytest.fixture
def visit(browser: Browser, console: Console, faults: Faults) -> Iterator[Visit]:
    """Opens pages of the console."""
    pages: list[Page] = []

    def open_page(**look: Any) -> Page:
        pages.append(opened(browser, console, faults, **look))
        return pages[-1]

    yield open_page
    for page in pages:
        page.context.close()


@pytest.fixture
def page(visit: Visit) -> Page:
    """The console in a browser, just opened."""
    return visit()


def show(page: Page, place: str) -> None:
    """Go to a view by its link, such as `#/events`, and wait until it shows what it has asked for."""
    page.goto(place)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_function("() => window.asking === 0")
