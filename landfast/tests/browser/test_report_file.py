"""A report: one file, opened from a folder, without any service."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from landfast.console.report_file import Chapter, report_file, since
from landfast.simulate.world import START
from tests.browser.conftest import HEIGHTS, Faults
from tests.browser.looks import keyboard_faults, layout_faults, violations
from tests.report.scenarios import account_of, simulated

TOLD = ("poison-both", "upload-raises")


def written(folder: Path) -> Path:
    chapters = [
        Chapter(accounts=[account_of(name)], entries=since(START, simulated(name).entries), test=f"test_{number}")
        for number, name in enumerate(TOLD)
    ]
    path = folder / "report.html"
    path.write_text(report_file(chapters, "tests"), encoding="utf-8")
    return path


def test_a_failed_event_is_found_in_a_file_that_asks_for_nothing(
    browser: Browser, faults: Faults, tmp_path: Path
) -> None:
    path = written(tmp_path)
    context = browser.new_context(locale="en-GB", timezone_id="UTC", reduced_motion="reduce")
    faults.watch(context)
    page = context.new_page()
    page.goto(path.as_uri())
    expect(page.get_by_role("img", name="Timeline of")).to_be_visible()
    expect(page.get_by_role("img", name="How the batch of 100 records was split")).to_be_visible()
    page.get_by_label("Account").select_option(index=1)
    expect(page.get_by_role("heading", name="How the batch")).to_have_count(0)
    expect(page.get_by_text("1 event", exact=False).first).to_be_visible()

    page.get_by_role("link", name="Events").click()
    expect(page.get_by_text("301 events")).to_be_visible()
    page.get_by_role("button", name="to destination").click()
    expect(page.get_by_role("link", name="r42", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="r41", exact=True)).to_have_count(0)

    page.get_by_role("link", name="r42", exact=True).click()
    expect(page.get_by_role("heading", name="How its batch was split")).to_be_visible()
    page.get_by_role("button", name="attempt 4").click()
    page.get_by_role("button", name="Response").click()
    expect(page.get_by_role("region", name="Response")).to_contain_text("batchItemFailures")
    page.get_by_role("link", name="S-59").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("S-59")

    looked: list[str] = []
    page.goto(f"{path.as_uri()}#/accounts/2")  # the other views are looked at where a service shows them
    for width, height in HEIGHTS.items():
        page.set_viewport_size({"width": width, "height": height})
        looked += [f"{width}: {fault}" for fault in (*violations(page), *layout_faults(page))]
    assert looked == []
    assert keyboard_faults(page) == []
    assert {*faults} == {f"asked another machine: {path.as_uri()}"}, "the file itself"
    faults.clear()
    context.close()
