"""Pictures as SVG files that need nothing else, in one colour scheme: for pages that others write."""

import re
from html import escape
from typing import Final, Literal, TypeAlias

from landfast.report.account import Account
from landfast.report.drawing import BAR, CHARACTER, HATCH, element, px, samples, style
from landfast.report.timeline_picture import timeline
from landfast.report.tree_picture import tree

Scheme: TypeAlias = Literal["light", "dark"]

SCHEMES: Final[tuple[Scheme, ...]] = ("light", "dark")

_COLOURS = re.compile(r":root \{\n(?:\s*color-scheme: [a-z ]+;\n)?(?P<values>[^}]+)\}")
_OPENED = re.compile(r'<svg width="(?P<width>[\d.]+)" height="(?P<height>[\d.]+)" viewBox="[^"]+"(?P<rest>[^>]*)>')
_LINE: Final = 26.0
_BETWEEN: Final = 22.0
_LEFT: Final = 8.0


def svg(picture: str, scheme: Scheme) -> str:
    """A picture of this package as the text of a file."""
    values = " ".join(_COLOURS.findall(style("colours"))[SCHEMES.index(scheme)].split())
    head = f"<style>svg {{ {values} }}\n{style('pictures')}</style>"
    defined = head + (HATCH if 'class="repeats"' in picture else "")
    opened = _OPENED.match(picture)
    if opened is None:
        raise ValueError("this is no picture of this package")
    return f"{picture[: opened.end()]}{defined}{picture[opened.end() :]}\n"


def timeline_svg(account: Account, scheme: Scheme, *, width: float) -> str:
    """The timeline of an account, at least so many pixels wide, with its legend below."""
    return svg(_with_legend(timeline(account, "timeline", width=width), account), scheme)


def tree_svg(account: Account, scheme: Scheme) -> str:
    """Draw how the first batch that was split was split."""
    return svg(tree(account.split.shown[0], account.words, "tree"), scheme)


def _with_legend(picture: str, account: Account) -> str:
    opened = _OPENED.match(picture)
    if opened is None:
        raise ValueError("this is no picture of this package")
    width, height = float(opened["width"]), float(opened["height"])
    entries: list[str] = []
    x, y = _LEFT, height + _LEFT
    for sample in samples(account):
        wide = BAR + 6 + len(sample.meaning) * CHARACTER
        if x > _LEFT and x + wide > width:
            x, y = _LEFT, y + _LINE
        text = element("text", "note", escape(sample.meaning), x=BAR + 6, y=BAR - 5)
        entries.append(f'<g transform="translate({px(x)} {px(y)})">{sample.picture}{text}</g>')
        x += wide + _BETWEEN
    size = f'width="{px(width)}" height="{px(y + _LINE)}" viewBox="0 0 {px(width)} {px(y + _LINE)}"'
    body = picture[opened.end() :].removesuffix("</svg>")
    return f"<svg {size}{opened['rest']}>{body}{''.join(entries)}</svg>"
