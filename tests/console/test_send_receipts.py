"""Receipts: a malformed request is seen, read, mended and replayed; mapping, time and settings are changed."""

import json

from playwright.sync_api import Page, expect

from landfast.testing import Stack


def request(order: str, customer: str | None = "C-17") -> dict[str, object]:
    return {"orderId": order, "customerId": customer, "totalMinor": 1_900, "currency": "EUR"}


def test_a_malformed_request_is_mended_and_replayed_and_its_function_is_tried_out(page: Page, landfast: Stack) -> None:
    published = landfast.topic("ReceiptsTopic").listen()
    queue = landfast.queue("Receipts")
    queue.send(request("R-1", None))
    landfast.settle()

    page.goto("#/map")
    page.get_by_role("link", name="ReceiptsFailed 1 failure").click()
    expect(page.get_by_role("heading", name="Failures")).to_be_visible()
    page.get_by_role("link", name="MalformedReceiptRequestError").click()
    page.locator(".failures-ids a").click()
    failure = page.get_by_role("article")
    expect(failure).to_contain_text("$.customerId")
    failure.get_by_role("button", name="Replay").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Event").fill(json.dumps(request("R-1")))
    expect(dialog.get_by_role("listitem").filter(has_text="$.customerId")).to_contain_text("is changed")
    dialog.get_by_role("button", name="Replay").click()
    expect(dialog).to_contain_text("1 replayed")
    page.keyboard.press("Escape")
    landfast.settle()
    assert [one.json()["orderId"] for one in published] == ["R-1"]
    page.goto("#/events?function=SendReceipts&state=processed")
    expect(page.get_by_role("row").filter(has_text="SendReceipts")).to_have_count(2)

    page.goto("#/functions/SendReceipts")
    page.get_by_role("button", name="Pause the mapping of Receipts").click()
    expect(page.get_by_role("main").get_by_role("listitem").filter(has_text="Receipts").first).to_contain_text(
        "Disabled"
    )
    queue.send(request("R-2"))
    landfast.advance(minutes=1)
    assert [message.json()["orderId"] for message in queue] == ["R-2"]
    page.get_by_role("button", name="Resume the mapping of Receipts").click()
    expect(page.get_by_role("main").get_by_role("listitem").filter(has_text="Receipts").first).to_contain_text(
        "Enabled"
    )
    landfast.settle()

    queue.send(request("R-3"), delay=600)
    page.goto("#/clock")
    page.get_by_role("group", name="Jump ahead by").get_by_role("button", name="Jump").click()
    page.goto("#/events?function=SendReceipts&state=processed")
    expect(page.get_by_role("row").filter(has_text="SendReceipts")).to_have_count(4)
    assert [one.json()["orderId"] for one in published] == ["R-1", "R-2", "R-3"]

    page.goto("#/whatif/SendReceiptsReceipts")
    page.get_by_label("BatchSize", exact=True).fill("1")
    expect(page.get_by_role("region", name="For the template")).to_contain_text("BatchSize: 1")
