"""The console of the shop in a browser; the fixture `landfast` is the plugin's, for `template.yaml`."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from pytest_socket import enable_socket, socket_allow_hosts

from landfast.testing import Console, Stack

CHROMIUM = next(
    filter(None, map(shutil.which, (os.environ.get("LANDFAST_CHROMIUM", ""), "chromium", "google-chrome"))), None
)
PATIENCE = 20_000
"""Real milliseconds after which what a test expects to see is missing; a busy machine may need some of them."""


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> None:
    enable_socket()
    socket_allow_hosts(["127.0.0.1"])


@pytest.fixture
def page(landfast: Stack) -> Iterator[Page]:
    """The console of the shop, as the URL that is printed opens it; it logs no error, and asks no other machine."""
    if CHROMIUM is None:
        pytest.skip(
            "there is no Chromium: install it (Debian: apt-get install chromium), or name it: LANDFAST_CHROMIUM"
        )
    url = Console.attach(landfast.service).url
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, chromium_sandbox=os.geteuid() != 0)
        context = browser.new_context(base_url=url.partition("#")[0], locale="en-GB", reduced_motion="reduce")
        context.set_default_timeout(PATIENCE)
        faults: list[str] = []
        context.on("weberror", lambda error: faults.append(str(error.error)))
        context.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
        context.on("request", lambda asked: faults.append(asked.url) if "//127.0.0.1:" not in asked.url else None)
        page = context.new_page()
        page.goto(url)
        yield page
        browser.close()
    assert [fault for fault in faults if not fault.startswith("data:")] == []
