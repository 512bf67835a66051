"""What no page may do is seen: else the other tests here would look at nothing."""

from playwright.sync_api import Browser

from tests.browser.conftest import Faults
from tests.browser.looks import keyboard_faults, layout_faults, violations


def test_whatever_a_page_may_not_do_is_told(browser: Browser) -> None:
    faults = Faults()
    context = browser.new_context()
    faults.watch(context)
    page = context.new_page()
    page.set_content("<img src='http://elsewhere.example/a.png'>")
    page.evaluate("console.error('a fault')")
    page.evaluate("alert('look')")
    page.evaluate("setTimeout(() => { throw new Error('nobody catches it') })")
    page.evaluate("void Promise.reject(new Error('nobody waits for it'))")
    page.evaluate("void fetch('https://192.0.2.1/').catch(() => {})")
    context.close()
    told = "\n".join(faults)
    for one in (
        "asked another machine: http://elsewhere.example/a.png",
        "asked another machine: https://192.0.2.1/",
        "logged: a fault",
        "opened a dialog of the browser's: look",
        "unhandled: nobody catches it",
        "unhandled: nobody waits for it",
    ):
        assert one in told


def test_whatever_is_not_for_everybody_is_told(browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.set_content("""<!doctype html><html lang="en"><title>Faults</title><main><h1>Faults</h1>
        <p style="color: #ccc; background: #fff">faint</p>
        <div style="width: 50px; overflow: hidden; white-space: nowrap">this is cut off</div>
        <div style="width: 50px; overflow-x: auto; white-space: nowrap"><a href="#">this is no table</a></div>
        <div style="width: 500px">wide</div>
        <a href="#one" style="outline: none">no focus</a>
        <div onkeydown="event.preventDefault()"><button>a trap</button></div>
        <a href="#two">out of reach</a></main>""")
    assert [fault.partition(":")[0] for fault in violations(page)] == ["color-contrast"]
    assert [fault.partition(": ")[::2] for fault in layout_faults(page)] == [
        ("the page is 508 wide on 390", ""),
        ("cut off", 'div. "this is cut off"'),
        ("scrolls sideways", 'div. "this is no table"'),
    ]
    assert keyboard_faults(page) == [
        "without a visible focus: no focus",
        'never reached: a "out of reach"',
    ]
    page.close()
