"""The console stands alone: no page shows it inside itself."""

from playwright.sync_api import Browser, Page

from landfast.console import Console


def test_a_page_of_another_origin_cannot_embed_the_console(browser: Browser, console: Console) -> None:
    page = browser.new_page()
    page.set_content(f"<iframe src='{console.url}'></iframe>")
    [_, frame] = page.frames
    frame.wait_for_load_state()
    assert "corner-shop" not in frame.content()
    assert frame.locator("script").count() == 0
    page.close()


def test_the_console_embeds_nothing_either(page: Page, faults: list[str]) -> None:
    page.evaluate("""() => new Promise((done) => {
        const frame = document.createElement("iframe");
        frame.src = "/_landfast/";
        frame.onload = done;
        document.body.append(frame);
    })""")
    [refused] = faults
    assert "frame-src" in refused or "default-src" in refused
    faults.clear()
