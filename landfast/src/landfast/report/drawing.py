"""The parts that the pictures of an account have in common: outcomes, marks, and the SVG around them."""

from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Final

from msgspec import Struct

from landfast.report.account import Account
from landfast.report.timeline import MarkKind


class Outcome(Struct, frozen=True):
    """The look of an outcome: the colour of its class, and a letter, so that the colour is not needed."""

    letter: str
    meaning: str
    style: str


_OUTCOMES: Final = {
    outcome: Outcome(letter, meaning, f"o-{outcome.replace(' ', '-')}")
    for outcome, letter, meaning in (
        ("succeed", "S", "succeeded"),
        ("return", "V", "returned a value"),
        ("report", "P", "reported partial failures"),
        ("raise", "R", "raised"),
        ("timeout", "T", "timed out"),
        ("exit", "E", "process exited"),
        ("throttle", "C", "throttled"),
        ("system error", "Y", "not reached: system error"),
        ("cut off", "X", "cut off when the service ended"),
        ("running", "…", "still running"),
    )
}


class Sample(Struct, frozen=True):
    """Something that a timeline draws, in a square of `BAR` pixels, by a name for programs and a meaning for people."""

    name: str
    picture: str
    meaning: str

    @property
    def alone(self) -> str:
        """The sample as a picture of its own."""
        size = f'width="{px(BAR)}" height="{px(BAR)}"'
        return f'<svg {size} aria-hidden="true" xmlns="http://www.w3.org/2000/svg">{self.picture}</svg>'


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

HATCH: Final = (
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="3" height="6" fill="var(--fg)" opacity="0.25"/></pattern></defs>'
)
"""The pattern of bars for many tries, once for all pictures of a page or a file."""

_LETTER_FITS = 11.0


def look(outcome: str) -> Outcome:
    """Return the look of an outcome; kinds of failure that have no look of their own are drawn alike."""
    return _OUTCOMES.get(outcome) or Outcome("F", outcome, "o-other")


def style(*names: str) -> str:
    """The text of style sheets of this package."""
    return "".join(Path(__file__).with_name(f"{name}.css").read_text(encoding="utf-8") for name in names)


def legend(account: Account) -> str:
    """Explain the letters, colours and marks of the timeline, as far as it has them."""
    entries = "".join(f"<li>{each.alone}{escape(each.meaning)}</li>" for each in samples(account))
    return f'<ul class="legend">{entries}</ul>'


def samples(account: Account) -> Iterator[Sample]:
    """Draw everything that the timeline can draw."""
    lines, counts = account.timeline.lines, account.counts
    there = {line.outcome for line in lines}
    for outcome in (*_OUTCOMES, *sorted(there - _OUTCOMES.keys())):
        if outcome in there:
            yield Sample(outcome, outcome_bar(outcome, look(outcome).letter, 0, 0, BAR), look(outcome).meaning)
    marked = {"delivery": bool(account.deliveries.shown), **counts}
    yield from (Sample(kind, shape(kind, BAR / 2, BAR / 2), meaning) for kind, meaning in MARKS.items() if marked[kind])
    if any(len(line.tries) > 1 for line in lines):
        repeats = element("rect", "repeats", width=BAR, height=BAR, rx=3)
        yield Sample("repeats", repeats, "many tries alike, as one")


def opened(name: str, width: float, height: float, title: str, description: str) -> str:
    """The beginning of a picture, with its size in pixels, and its title and description for who does not see it."""
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
    bar = element("rect", look(outcome).style, x=x, y=y, width=width, height=BAR, rx=3)
    if width < max(_LETTER_FITS, len(letter) * CHARACTER):
        return bar
    return bar + element("text", "letter", letter, x=x + width / 2, y=y + BAR - 5)


def px(number: float) -> str:
    """A number of pixels, as short as can be."""
    return f"{number:.1f}".rstrip("0").rstrip(".")
