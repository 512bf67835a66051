"""Takes the pictures of the console in `docs/images/console/`: `python -m tools.screenshots`.

They show the demonstration's events, and a few more that wait for a retry, in every view of the page's own navigation.
It needs Chromium, and pngquant, which makes the pictures a third as large.
"""

import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Final, NamedTuple

from playwright.sync_api import Browser, Page, sync_playwright
from rich.console import Console as Terminal

from demo.scenes import found
from demo.shop import Shop
from demo.tour import Tour
from landfast.testing import Console, LandfastError, Options, Stack

ROOT: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = Path("docs/images/console")
THEMES: Final = ("light", "dark")
_NOTEBOOK, _TELEPHONE = 1280, 390
SCREENS: Final = {_NOTEBOOK: 800, _TELEPHONE: 844}
"""The heights of the screens, by their widths."""

_QUIET_MS: Final = 600
"""Real milliseconds after which a view has asked for all that it shows."""

_DRAWN_MS: Final = 200
"""Real milliseconds after which an answer is drawn."""

_COUNTING: Final = """(() => {
  const ask = window.fetch;
  window.asking = 0;
  window.fetch = (...given) => { window.asking += 1; return ask(...given).finally(() => { window.asking -= 1; }); };
})()"""
"""Lets a page count the requests that are not answered yet."""


class Place(NamedTuple):
    """Where a picture is taken.

    Attributes:
        link: The link of the view.
        clicks: What is clicked there, by selectors: the first one of each.
    """

    link: str
    clicks: tuple[str, ...] = ()


DETAILS: Final = {
    "event": Place("#/events?state=to_destination", ("main tbody a",)),
    "failures": Place("#/failures", ("a[aria-expanded]:has-text('RetriesExhausted')", ".failures-ids a")),
    "function": Place("#/functions", ("main tbody a",)),
    "queue": Place("#/queues", ("tbody tr:has(.kept) a",)),
}
"""What a click on something of a view shows."""


def main(arguments: Sequence[str]) -> int:
    """Take them all, or those of the views that are named; 1 if a program is missing or the shop cannot be run."""
    chromium = os.environ.get("LANDFAST_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None or shutil.which("pngquant") is None:
        sys.stderr.write("screenshots: install Chromium and pngquant (Debian: apt-get install chromium pngquant)\n")
        return 1
    folder = ROOT / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="landfast-screenshots-") as scratch:
        copy(Path(scratch) / "shop")
        options = Options(
            template=Path(scratch) / "shop" / "template.yaml", state=Path(scratch) / "state", stack="shop"
        )
        try:
            with Stack.start(options) as stack, sync_playwright() as playwright:
                play(stack)
                url = Console.attach(stack.service).url
                browser = playwright.chromium.launch(
                    executable_path=chromium,
                    chromium_sandbox=os.geteuid() != 0,
                    ignore_default_args=["--hide-scrollbars"],
                )
                taken = list(pictures(browser, url, folder, arguments))
                browser.close()
        except LandfastError as error:
            sys.stderr.write(f"screenshots: {error}\n")
            return 1
    smaller = ["pngquant", "--force", "--ext", ".png", "--speed", "1", "--strip", "96", *map(str, taken)]
    subprocess.run(smaller, check=True)  # noqa: S603 - files of its own
    size = sum(path.stat().st_size for path in taken)
    sys.stdout.write(f"{len(taken)} pictures in {FOLDER}, {size / 1e3:.0f} kB\n")
    return 0


def copy(shop: Path) -> None:
    """Copy the shop, so that no stack trace in a picture names the folder that it was taken in."""
    shop.mkdir()
    shutil.copy(ROOT / "template.yaml", shop)
    for folder in ("events", "functions", "layers"):
        shutil.copytree(ROOT / folder, shop / folder, ignore=shutil.ignore_patterns("__pycache__"))


def play(stack: Stack) -> None:
    """Play the demonstration, then send what is still under way when the pictures are taken."""
    tour = Tour(Terminal(file=io.StringIO()), stack.service, Shop(stack.service.running))
    scenes = [scene(tour, ROOT / "events") for scene in found(stack.service.running)]
    stack.jumping(lambda: [scene.play() for scene in scenes])
    stack.s3("OrderFiles").put("in/late.jsonl", '{"orderId": "O-2001"}')  # --- order files ---
    stack.queue("Receipts").send({"orderId": "R-21", "customerId": None})  # --- receipts ---
    for payment in ("P-9-1", "P-9-2"):  # --- payments ---
        content = {"paymentId": payment, "account": "ACC-9", "amountMinor": 4_200}  # --- payments ---
        stack.queue("Payments").send(content, group="ACC-9", deduplication=payment)  # --- payments ---
    stack.advance(seconds=5)
    stack.service.run_clock("real")


def pictures(browser: Browser, url: str, folder: Path, views: Sequence[str]) -> Iterator[Path]:
    """Take every picture, and yield its file."""
    for theme, (width, height) in product(THEMES, SCREENS.items()):
        context = browser.new_context(
            base_url=url.partition("#")[0],
            viewport={"width": width, "height": height},
            is_mobile=width == _TELEPHONE,
            locale="en-GB",
            timezone_id="UTC",
            color_scheme="dark" if theme == "dark" else "light",
            reduced_motion="reduce",
        )
        context.add_init_script(_COUNTING)
        page = context.new_page()
        page.goto(url)
        for name, place in places(page).items():
            if not views or name in views:
                visit(page, place)
                path = folder / f"{name}-{width}-{theme}.png"
                page.screenshot(path=path)
                yield path
        context.close()


def places(page: Page) -> dict[str, Place]:
    """Every place by its name: the views of the navigation, and `DETAILS`."""
    links = page.get_by_role("navigation").get_by_role("link")
    links.first.wait_for()
    found = [str(link.get_attribute("href")) for link in links.all()]
    return {**{link.removeprefix("#/"): Place(link) for link in found}, **DETAILS}


def visit(page: Page, place: Place) -> None:
    """Go to a place, and wait until it has shown what it asked for."""
    page.goto(place.link)
    page.get_by_role("heading", level=1).wait_for()
    for selector in place.clicks:
        page.locator(selector).first.click()
    page.mouse.move(0, 0)
    page.wait_for_timeout(_QUIET_MS)  # what is typed or chosen is asked for after a moment
    page.wait_for_function("() => window.asking === 0")
    page.wait_for_timeout(_DRAWN_MS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
