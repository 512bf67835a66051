"""What if: other settings for what has happened."""

import re

from playwright.sync_api import Page, expect

from landfast.testing import Stack
from tests.browser.conftest import show

_LINKED = """async () => {
    const { unpacked } = await import("console/parts/scenario.js");
    for (let tries = 0; tries < 100; tries += 1) {
        const held = new URLSearchParams(location.hash.split("?")[1]).get("s");
        const { scenario } = (held && await unpacked(held)) || {};
        if (scenario?.mapping.MaximumRetryAttempts === 0 && scenario.function.behaviour[0].invocations === 1)
            return location.href;
        await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error(`not in the address: ${location.hash}`);
}"""
"""The address as soon as it holds what was typed last: it follows when nobody has typed for a moment."""


def test_other_settings_are_tried_on_what_has_happened_and_written_for_the_template(shop: Stack, page: Page) -> None:
    charge = shop.function("Charge")
    charge.send({"order": 1, "amount": 5})
    charge.send({"order": 2, "amount": "two"})
    shop.settle()

    show(page, "#/whatif/Charge")
    counts = page.get_by_role("row")
    expect(page.get_by_text("2 records of the journal")).to_be_visible()
    expect(counts.filter(has_text="invocations")).to_have_text(re.compile("invocations44"))

    page.get_by_label("MaximumRetryAttempts").fill("3")
    expect(page.get_by_role("alert")).to_contain_text("mapping.MaximumRetryAttempts")
    expect(page.get_by_label("MaximumRetryAttempts")).to_have_attribute("aria-invalid", "true")

    page.get_by_label("MaximumRetryAttempts").fill("0")
    expect(page.get_by_role("status").filter(has_text="2 invocations fewer")).to_be_visible()
    expect(counts.filter(has_text="to destination").first).to_contain_text("11")
    expect(page.get_by_role("region", name="For the template")).to_contain_text(
        "EventInvokeConfig:\n        MaximumRetryAttempts: 0"
    )
    expect(page.get_by_role("img", name="Timeline of 2 tries in 2 rows")).to_be_visible()

    page.get_by_label("How many times").fill("1")
    expect(counts.filter(has_text="processed").first).to_have_text(re.compile("processed21"))
    expect(page.get_by_text("1 record no longer processed")).to_be_visible()

    link = page.evaluate(_LINKED)
    page.goto("#/map")
    page.goto(link)
    expect(page.get_by_label("MaximumRetryAttempts")).to_have_value("0")
    expect(page.get_by_text("1 record no longer processed")).to_be_visible()


def test_a_link_that_holds_no_scenario_is_told_and_a_trial_is_none(page: Page) -> None:
    page.goto("#/whatif/Charge?s=dnonsense")
    expect(page.get_by_text("The link holds no scenario that can be read.")).to_be_visible()
    expect(page.get_by_label("MaximumRetryAttempts")).to_have_value("2")


def test_a_stream_is_tried_with_made_up_records_and_shows_how_batches_are_split(page: Page) -> None:
    show(page, "#/whatif/CountClicks")
    expect(page.get_by_text("The journal has no records of this source yet.")).to_be_visible()
    bisect = page.get_by_label("BisectBatchOnFunctionError")
    page.get_by_label("Per second").fill("")
    bisect.uncheck()
    expect(page.get_by_role("img", name=re.compile("Timeline of"))).to_be_visible()
    expect(page.get_by_role("heading", name="Batches that were split")).to_be_hidden()
    bisect.check()
    tree = page.get_by_role("listitem").filter(has_text="r1-r20 (20)").first
    expect(tree).to_contain_text("r5 ")
    expect(page.get_by_text("Held up by failures")).to_be_visible()
