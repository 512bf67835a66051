"""The frame that all views share."""

from playwright.sync_api import Page, expect

from landfast.console import Console
from tests.browser.conftest import show


def test_the_page_that_the_printed_url_opens_shows_the_stack_and_hides_its_token(page: Page, console: Console) -> None:
    expect(page.get_by_text("corner-shop")).to_be_visible()
    expect(page.get_by_role("navigation", name="Views").get_by_role("link", name="Map")).to_have_attribute(
        "aria-current", "page"
    )
    for name in ("Charge", "Orders", "Clicks", "ChargesFailed"):
        expect(page.get_by_role("main").get_by_text(name, exact=True).first).to_be_visible()
    assert console.token not in page.url
    page.reload()
    expect(page.get_by_role("heading", name="Map")).to_be_visible()
    expect(page.get_by_text("This page can only look")).to_have_count(0)


def test_who_has_no_token_is_told_that_the_page_only_looks(page: Page, console: Console) -> None:
    other = page.context.new_page()
    other.goto(console.url.partition("#")[0])
    expect(other.get_by_text("This page can only look")).to_be_visible()


def test_language_and_colours_are_chosen_and_kept(page: Page) -> None:
    show(page, "#/map")
    bright = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_label("Language").select_option("한국어")
    expect(page.get_by_role("heading", name="지도")).to_be_visible()
    page.get_by_label("색상").select_option("어둡게")
    page.reload()
    expect(page.get_by_role("heading", name="지도")).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "ko"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != bright
