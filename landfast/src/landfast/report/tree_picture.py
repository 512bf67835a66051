"""The tree of a batch that was split, as SVG."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from landfast.report import wording
from landfast.report.account import Listed, Node
from landfast.report.drawing import BAR, CHARACTER, ROW, element, look, opened, outcome_bar, px, titled
from landfast.report.wording import Wording

_INDENT: Final = 26.0
_LEFT: Final = 10.0


def tree(nodes: Listed[Node], words: Wording, name: str) -> str:
    """A batch and its parts as SVG, each below the one it comes from; `name` begins its ids on the page."""
    shown, count = nodes.shown, len(nodes.shown) + nodes.left_out
    texts = [_node(node, words, row) for row, node in enumerate(shown)]
    if nodes.left_out:
        text = f"and {wording.several(nodes.left_out, 'more batch')}"
        texts.append((element("text", "note", text, x=_LEFT, y=_baseline(len(shown))), len(text) * CHARACTER))
    width = max(width for _, width in texts) + 12
    records = shown[0].records
    title = f"How the batch of {wording.several(len(records), 'record')} was split"
    description = f"{words.short(records)} in {wording.several(count, 'batch')}, the first part above the second."
    drawn = (opened(name, width, ROW * len(texts) + 12, title, description), *_branches(shown))
    return "\n".join([*drawn, *(text for text, _ in texts), "</svg>"])


def _branches(nodes: Sequence[Node]) -> Iterator[str]:
    """From each batch down to its parts."""
    row_at: dict[int, int] = {}
    for row, node in enumerate(nodes):
        row_at[node.depth] = row
        if node.depth:
            x = _LEFT + (node.depth - 1) * _INDENT + 8
            top, bottom = _baseline(row_at[node.depth - 1]) + 5, _baseline(row) - 5
            yield f'<path class="branch" d="M{px(x)} {px(top)}V{px(bottom)}h{px(_INDENT - 12)}"/>'


def _node(node: Node, words: Wording, row: int) -> tuple[str, float]:
    """The line of one batch, and where it ends."""
    x, y = _LEFT + node.depth * _INDENT, _baseline(row)
    name = words.short(node.records)
    parts = [element("text", "id", escape(name), x=x, y=y)]
    x += len(name) * CHARACTER + 12
    for outcome, count in node.outcomes:
        letter = look(outcome).letter + (f" x{count}" if count > 1 else "")
        width = max(BAR, len(letter) * CHARACTER + 6)
        meaning = look(outcome).meaning + (f", {count} times" if count > 1 else "")
        parts.append(titled(meaning, outcome_bar(outcome, letter, x, y - 13, width)))
        x += width + 5
    notes = "; ".join(words.notes(node, wording.rule))
    parts.append(element("text", "note", escape(notes), x=x + 5, y=y))
    return "".join(parts), x + 5 + len(notes) * CHARACTER


def _baseline(row: int) -> float:
    return row * ROW + ROW / 2 + 9
