"""The tree of a batch that was split, as SVG."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Final

from landfast.simulate import words
from landfast.simulate.drawing import BAR, CHARACTER, LETTERS, MEANINGS, ROW, element, opened, outcome_bar, px, titled
from landfast.simulate.history import Batch

_INDENT: Final = 26.0
_LEFT: Final = 10.0


def tree(root: Batch, number: int, limit: int) -> str:
    """A batch and its parts as SVG, each below the one it comes from; at most `limit` of them."""
    depths = {id(root): 0}
    nodes: list[tuple[Batch, int, int]] = []
    rows: dict[int, int] = {}
    for batch in root.walk():
        depth = depths[id(batch)]
        depths |= dict.fromkeys(map(id, batch.parts), depth + 1)
        rows[id(batch)] = len(nodes)
        nodes.append((batch, depth, len(nodes)))
    shown = nodes[:limit]
    lines = [line for batch, depth, row in shown for line in _branches(batch, depth, row, rows, len(shown))]
    texts = [_node(batch, depth, row) for batch, depth, row in shown]
    if len(nodes) > limit:
        text = f"and {words.several(len(nodes) - limit, 'more batch')}"
        texts.append((element("text", "note", text, x=_LEFT, y=_baseline(len(shown))), len(text) * CHARACTER))
    width = max(width for _, width in texts) + 12
    title = f"How the batch of {words.several(len(root.records), 'record')} was split"
    description = (
        f"{words.short(root.records)} in {words.several(len(nodes), 'batch')}, the first part above the second."
    )
    height = ROW * (len(shown) + (1 if len(nodes) > limit else 0)) + 12
    return "\n".join(
        [
            opened(f"tree-{number}", width, height, title, description),
            *lines,
            *(text for text, _ in texts),
            "</svg>",
        ]
    )


def _branches(batch: Batch, depth: int, row: int, rows: Mapping[int, int], count: int) -> Iterator[str]:
    x = _LEFT + depth * _INDENT + 8
    for part in batch.parts:
        if rows[id(part)] < count:
            top, bottom = _baseline(row) + 5, _baseline(rows[id(part)]) - 5
            yield f'<path class="branch" d="M{px(x)} {px(top)}V{px(bottom)}h{px(_INDENT - 12)}"/>'


def _node(batch: Batch, depth: int, row: int) -> tuple[str, float]:
    """The line of one batch, and where it ends."""
    x, y = _LEFT + depth * _INDENT, _baseline(row)
    name = words.short(batch.records)
    parts = [element("text", "id", escape(name), x=x, y=y)]
    x += len(name) * CHARACTER + 12
    for outcome, count in words.outcomes(batch.tries):
        letter = LETTERS[outcome] + (f" x{count}" if count > 1 else "")
        width = max(BAR, len(letter) * CHARACTER + 6)
        meaning = MEANINGS[outcome] + (f", {count} times" if count > 1 else "")
        parts.append(titled(meaning, outcome_bar(outcome, letter, x, y - 13, width)))
        x += width + 5
    notes = "; ".join(words.notes(batch, words.rule))
    parts.append(element("text", "note", escape(notes), x=x + 5, y=y))
    return "".join(parts), x + 5 + len(notes) * CHARACTER


def _baseline(row: int) -> float:
    return row * ROW + ROW / 2 + 9
