"""What docs/console.md says can be done on the console, done by clicks on the running shop: with its payments."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from pytest_socket import enable_socket, socket_allow_hosts

from landfast.testing import Console, Stack
from tests.samples import event

CHROMIUM = shutil.which(os.environ.get("LANDFAST_CHROMIUM", "chromium")) or shutil.which("google-chrome")
PATIENCE = 30_000
"""Real milliseconds after which what is expected is missing; a busy machine may need some of them."""

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no Chromium: install it, or name one in LANDFAST_CHROMIUM"
)


@pytest.fixture(autouse=True, scope="module")
def _loopback_only() -> None:
    enable_socket()
    socket_allow_hosts(["127.0.0.1"])


@pytest.fixture
def page(landfast: Stack) -> Iterator[Page]:
    """The console of the shop; it logs no error, and asks no other machine."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, chromium_sandbox=os.geteuid() != 0)
        console = Console.attach(landfast.service)
        shown = browser.new_page(base_url=console.url.partition("#")[0], locale="en-GB", reduced_motion="reduce")
        faults: list[str] = []
        shown.on("pageerror", lambda error: faults.append(str(error)))
        shown.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
        shown.on("request", lambda asked: faults.append(asked.url) if "//127.0.0.1:" not in asked.url else None)
        shown.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        shown.goto(console.url)
        yield shown
        browser.close()
    assert [fault for fault in faults if not fault.startswith("data:")] == []


def pay(stack: Stack, number: int, **changed: Any) -> None:
    first = event("post_payments")["Records"][0]
    payment = {**json.loads(first["body"]), "paymentId": f"payment-{number}", **changed}
    stack.queue("Payments").send(payment, group=payment["account"], deduplication=f"{number}")


def test_a_failed_payment_is_read_mended_replayed_and_posted(landfast: Stack, page: Page) -> None:
    pay(landfast, 1, currency="EURO")
    landfast.settle()
    page.get_by_role("link", name="Map").first.click()
    page.get_by_role("link", name="PaymentsFailed").filter(has_text="1 failure lies here").click()
    page.get_by_role("link", name="MalformedPaymentError").click()
    page.locator(".failures-ids a").click()
    failure = page.get_by_role("article")
    expect(failure).to_contain_text("currency is not a code of ISO 4217")
    failure.get_by_role("button", name="Replay").click()
    dialog = page.get_by_role("dialog")
    payment = dialog.get_by_label("Event")
    payment.fill(payment.input_value().replace("EURO", "EUR"))
    dialog.get_by_role("button", name="Replay").click()
    expect(dialog).to_contain_text("1 replayed")
    landfast.settle()
    assert len(landfast.table("EntriesTable").items()) == 1
    page.keyboard.press("Escape")
    page.goto("#/events?function=PostPayments")
    expect(page.get_by_role("row").filter(has_text="processed")).to_have_count(2)


def test_payments_wait_while_their_mapping_is_paused_and_time_jumps_to_the_retry(landfast: Stack, page: Page) -> None:
    page.goto("#/functions/PostPayments")
    page.get_by_role("button", name="Pause the mapping of Payments").click()
    expect(page.get_by_role("main").get_by_role("listitem").filter(has_text="Payments")).to_contain_text("Disabled")
    pay(landfast, 2)
    page.goto("#/queues")
    expect(page.get_by_role("row", name=re.compile("^Payments "))).to_contain_text("1")
    page.goto("#/functions/PostPayments")
    page.get_by_role("button", name="Let it happen").click()
    page.get_by_role("button", name="Resume the mapping of Payments").click()
    expect(page.locator("dt:text-is('Failed') + dd")).to_have_text("1")
    assert landfast.table("EntriesTable").items() == []
    page.goto("#/clock")
    page.get_by_role("button", name="Jump to what is next").click()
    page.goto("#/events?function=PostPayments&state=processed")
    expect(page.get_by_role("row").filter(has_text="processed")).to_have_count(1)
    assert len(landfast.table("EntriesTable").items()) == 1


def test_another_number_of_receives_is_tried_on_what_has_happened(landfast: Stack, page: Page) -> None:
    pay(landfast, 3)
    landfast.settle()
    page.goto("#/whatif/PostPaymentsPayments")
    expect(page.get_by_text("1 record of the journal")).to_be_visible()
    page.get_by_label("maxReceiveCount").fill("2")
    expect(page.get_by_role("region", name="For the template")).to_contain_text("maxReceiveCount: 2")
