"""A failure is seen, understood, mended and replayed; many are replayed together; others are discarded."""

import json
from pathlib import Path

from playwright.sync_api import Page, expect

from landfast.testing import Stack
from tests.browser.conftest import show
from tests.browser.looks import violations


def test_a_failure_is_seen_read_mended_replayed_and_processed(shop: Stack, page: Page) -> None:
    shop.function("Charge").send({"order": 1, "amount": "two"})
    shop.settle()
    show(page, "#/failures?function=Charge")
    expect(page.get_by_label("Conditions")).to_have_value("function=Charge")
    page.get_by_role("link", name="TypeError").click()
    page.locator(".failures-ids a").click()
    failure = page.get_by_role("article")
    expect(failure).to_contain_text("MaximumRetryAttempts was used up (S-04)")
    expect(failure).to_contain_text("in charge")
    failure.get_by_role("button", name="Replay").click()
    dialog = page.get_by_role("dialog")
    event = dialog.get_by_label("Event")
    expect(event).to_be_visible()
    event.fill('{\n  "order": 1\n  "amount": 2}')
    expect(dialog).to_contain_text("line 3, column 3: a comma or the closing bracket is expected")
    expect(dialog.get_by_role("button", name="Replay")).to_be_disabled()
    assert violations(page) == []
    event.fill('{"order": 1.0, "amount": 2, "gift": []}')
    expect(dialog.get_by_role("listitem").filter(has_text="$.amount")).to_contain_text('is changed: "two" → 2')
    expect(dialog.get_by_role("listitem").filter(has_text="$.gift")).to_contain_text("is new: []")
    expect(dialog).to_contain_text("to Charge by an asynchronous invocation")
    dialog.get_by_role("button", name="Lay out").click()
    expect(event).to_have_value('{\n  "order": 1.0,\n  "amount": 2,\n  "gift": []\n}')
    dialog.get_by_role("button", name="Replay").dblclick()
    expect(dialog).to_contain_text("1 replayed")
    dialog.dispatch_event("click", {"detail": 2})
    expect(dialog).to_be_visible()
    shop.settle()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="No failure matches")).to_be_visible()
    [record] = shop.queue("Receipts").messages()
    assert json.loads(record.body)["requestPayload"] == {"order": 1.0, "amount": 2, "gift": []}
    page.get_by_role("link", name="Show all failures").click()
    expect(page.get_by_role("heading", name="Nothing has failed")).to_be_visible()


def test_whoever_leaves_before_a_dialog_has_told_that_it_is_closed_is_not_brought_back(shop: Stack, page: Page) -> None:
    shop.function("Charge").send({"order": 1, "amount": "two"})
    shop.settle()
    show(page, "#/failures?function=Charge")
    page.get_by_role("link", name="TypeError").click()
    page.locator(".failures-ids a").click()
    page.get_by_role("article").get_by_role("button", name="Replay").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Replay").click()
    expect(dialog).to_contain_text("1 replayed")
    page.evaluate("() => { document.querySelector('dialog').close(); location.hash = '#/events'; }")
    expect(page.get_by_role("heading", name="Events", level=1)).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.evaluate("() => location.hash") == "#/events"


def test_many_are_replayed_or_discarded_together_and_exported_before(shop: Stack, page: Page, tmp_path: Path) -> None:
    for number in range(12):
        shop.queue("Orders").send({"order": number})
    shop.settle()
    show(page, "#/failures?store=OrdersDead")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    download.value.save_as(tmp_path / "failures.jsonl")
    assert len((tmp_path / "failures.jsonl").read_text().splitlines()) == 12
    page.get_by_role("button", name="Replay 12").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("12 to the queue Orders")
    dialog.get_by_role("button", name="Replay 12").click()
    expect(dialog).to_contain_text("12 of 12: 12 replayed")
    page.keyboard.press("Escape")
    shop.settle()
    expect(page.get_by_role("button", name="Replay 12")).to_be_visible()
    page.get_by_role("button", name="Discard").click()
    expect(dialog).to_contain_text("12 failures from their stores for good")
    dialog.get_by_role("button", name="Discard all 12").click()
    expect(dialog).to_contain_text("12 of 12: 12 discarded")
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="No failure matches")).to_be_visible()
    assert shop.queue("OrdersDead").messages() == []


TAKEN = (
    "{}",
    "[]",
    ' {"a": [1, -0.5e+10, "\\u00e9\\n", true, null], "": {}} ',
    "12345678901234567890.10",
    '"\\\\"',
    "0",
)
REFUSED = (
    *("", "{", "[1,]", '{"a":1,}', "{'a': 1}", '{"a" 1}', "{1: 2}", '"a', '"\t"', '"\\x"', "1 2", "[1 2]"),
    *("01", "1.", ".5", "+1", "NaN", "tru", "nulll", "[" * 600 + "]" * 600),
)


def test_the_editor_takes_what_is_json_and_keeps_each_number_as_it_was_written(page: Page) -> None:
    scanned = """async (texts) => {
        const { scan } = await import("console/parts/json_text.js");
        return texts.map((text) => scan(text)).map(({ leaves, ...told }) => told);
    }"""
    taken = page.evaluate(scanned, [*TAKEN])
    assert [json.loads(each["formatted"]) for each in taken] == [json.loads(text) for text in TAKEN]
    assert taken[3] == {"formatted": "12345678901234567890.10"}
    refused = page.evaluate(scanned, [*REFUSED])
    assert [text for text, told in zip(REFUSED, refused, strict=True) if "wrong" not in told] == []
