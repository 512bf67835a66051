"""What the pictures of a simulation have in common: outcomes, marks, and the SVG around them."""

from collections.abc import Mapping
from html import escape
from typing import Final, Literal

LETTERS: Final[Mapping[str, str]] = {
    "succeed": "S",
    "return": "V",
    "report": "P",
    "raise": "R",
    "timeout": "T",
    "exit": "E",
    "throttle": "C",
    "running": "…",
}
"""What is written on a bar, so that its colour is not needed."""

MEANINGS: Final[Mapping[str, str]] = {
    "succeed": "succeeded",
    "return": "returned a value",
    "report": "reported partial failures",
    "raise": "raised",
    "timeout": "timed out",
    "exit": "process exited",
    "throttle": "throttled",
    "running": "still running",
}

type MarkKind = Literal["delivery", "dead_lettered", "dropped"]

MARKS: Final[Mapping[MarkKind, str]] = {
    "delivery": "delivered to a destination or DLQ",
    "dead_lettered": "moved to the queue's DLQ",
    "dropped": "dropped",
}

ROW: Final = 28.0
"""Height of a line, in pixels."""

BAR: Final = 18.0
"""Height of a bar, and width of a short one."""

CHARACTER: Final = 7.9
"""Width of a character, in pixels."""

_LETTER_FITS = 11.0


def opened(name: str, width: float, height: float, title: str, description: str) -> str:
    """The begin of a picture, with its size in pixels, and its title and description for who does not see it."""
    size = f'width="{px(width)}" height="{px(height)}" viewBox="0 0 {px(width)} {px(height)}"'
    return (
        f'<svg {size} role="img" aria-labelledby="{name}-title {name}-desc" xmlns="http://www.w3.org/2000/svg">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(description)}</desc>'
    )


def shape(kind: MarkKind, x: float, y: float) -> str:
    """The shape of a mark, around a point."""
    paths: Mapping[MarkKind, str] = {
        "delivery": "m0 -7 7 7 -7 7 -7 -7z",
        "dead_lettered": "m-6 -6h12v12h-12z",
        "dropped": "m-6 -6 12 12m0 -12 -12 12",
    }
    return f'<path class="m-{kind}" transform="translate({px(x)} {px(y)})" d="{paths[kind]}"/>'


def element(name: str, kind: str, content: str = "", **at: float) -> str:
    """An element of the class `kind`, at a place in pixels; `content` is markup."""
    place = "".join(f' {key}="{px(number)}"' for key, number in at.items())
    return f'<{name} class="{kind}"{place}>{content}</{name}>'


def titled(title: str, content: str) -> str:
    """Markup with a text that is shown when it is pointed at."""
    return f"<g><title>{escape(title)}</title>{content}</g>"


def outcome_bar(outcome: str, letter: str, x: float, y: float, width: float) -> str:
    """A bar in the colour of an outcome, with a letter on it where it fits."""
    bar = element("rect", f"o-{outcome}", x=x, y=y, width=width, height=BAR, rx=3)
    if width < max(_LETTER_FITS, len(letter) * CHARACTER):
        return bar
    return bar + element("text", "letter", letter, x=x + width / 2, y=y + BAR - 5)


def px(number: float) -> str:
    """A number of pixels, as short as can be."""
    return f"{number:.1f}".rstrip("0").rstrip(".")
