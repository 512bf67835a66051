"""Events that are sent from the page's form, and followed through a queue and a stream."""

import re

from playwright.sync_api import Page, expect

from landfast.testing import Stack
from tests.browser.conftest import HEIGHTS, Visit, show
from tests.browser.looks import layout_faults, violations

BUSY = """() => {
  const ask = window.fetch;
  const headers = { "X-Landfast-Token": sessionStorage.getItem("landfast.token") };
  const body = JSON.stringify({ kind: "function", name: "Charge", payload: '{"order": 1, "amount": 1}' });
  setInterval(() => ask("/_landfast/api/send", { method: "POST", headers, body }), 150);
  window.fetch = (...given) => new Promise((done) => setTimeout(() => done(ask(...given)), 900));
}"""
"""Lets events happen all the time, and each answer take longer than there is between two of them."""


def faults(page: Page) -> list[str]:
    """What is wrong with a page as it is, on both screens and in both themes."""
    found = []
    for width, dark in ((1280, False), (390, True)):
        page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
        page.emulate_media(color_scheme="dark" if dark else "light")
        found += [*violations(page), *layout_faults(page)]
    return found


def test_a_sample_blocks_its_group_until_it_is_given_up_and_what_waits_behind_it_lands(page: Page, shop: Stack) -> None:
    show(page, "#/send?to=Parcels")
    page.get_by_role("combobox", name="sample").select_option(label="move.json")
    expect(page.get_by_label("message group id")).to_have_value("c")
    send = page.get_by_role("button", name="Send", exact=True)
    send.click()
    sent = page.get_by_role("region", name="Sent").locator("ol > li")
    expect(sent).to_have_count(1)
    page.get_by_label("body", exact=True).fill('{"parcel": 12, "to": "Seoul"}')
    send.click()
    expect(sent).to_have_count(2)
    send.click()
    expect(sent.first).to_contain_text("there is no new message (S-140)")
    assert faults(page) == []

    show(page, "#/queues/Parcels")
    groups = page.get_by_role("region", name="Message groups")
    for told in ("blocked c", "1 message waits behind", "its call has failed", "receive 1 of 3"):
        expect(groups).to_contain_text(told)
    assert faults(page) == []
    shop.settle()
    expect(groups).to_contain_text("No group has a message.")
    show(page, "#/queues/ParcelsDead")
    expect(page.get_by_role("region", name="Messages").get_by_role("row")).to_have_count(2)  # its head, and a parcel
    show(page, "#/send")
    sent.nth(1).locator("p a").click()
    expect(page.locator(".head")).to_contain_text("processed")
    assert [message.json() for message in shop.queue("ParcelsDead")] == [{"parcel": 11}]


def test_a_dead_letter_is_looked_at_with_the_queue_that_has_given_it_up(page: Page, shop: Stack) -> None:
    shop.queue("Parcels").send({"parcel": 1}, group="a")
    shop.settle()
    show(page, "#/queues")
    page.get_by_role("rowheader").get_by_role("link", name="ParcelsDead").click()
    page.get_by_role("button", name='{"parcel": 1}').click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("given up by")
    expect(dialog.get_by_role("link", name="Parcels", exact=True)).to_have_attribute("href", "#/queues/Parcels")
    assert faults(page) == []
    failure = dialog.get_by_role("link").nth(1)
    assert re.fullmatch("#/failures/[0-9a-f]+", failure.get_attribute("href") or "")
    failure.click()
    expect(page.locator("main")).to_contain_text("As it lies in ParcelsDead")
    assert len(shop.queue("ParcelsDead")) == 1


def test_a_shard_shows_the_batch_that_is_tried_again_and_its_records(visit: Visit, shop: Stack) -> None:
    shop.stream("Clicks").put("no json", key="1")
    shop.service.hold()
    page = visit()
    show(page, "#/streams/Clicks")
    shard = page.get_by_role("region", name="shardId-000000000001")
    for told in ("waits to try again", "batch of 1 record", "(2 retries at most)", "next try in"):
        expect(shard).to_contain_text(told)
    shard.get_by_role("button", name="Look at its records").click()
    shard.get_by_role("button", name="no json").click()
    expect(page.get_by_role("dialog")).to_contain_text("shardId-000000000001:")
    assert faults(page) == []
    page.keyboard.press("Escape")
    shop.service.run_clock("skip")
    shop.settle()
    expect(shard).to_contain_text("all done")


def test_a_slow_answer_is_waited_for_though_events_never_rest(page: Page, shop: Stack) -> None:
    show(page, "#/queues/Receipts")
    expect(page.locator("main")).to_contain_text("Nothing lies here")
    page.evaluate(BUSY)
    expect(page.get_by_role("region", name="Messages")).to_be_visible()
    page.goto("about:blank")
    shop.settle()
    assert len(shop.queue("Receipts")) > 0
