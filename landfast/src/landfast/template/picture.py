"""The graph of a stack as SVG: a row for each function, from its sources to where results and failures go.

Every node has a place of its own in its row, and lines run only where no node can be, whatever the template is. What is
the source of one row and the target of another is drawn in both: so rows can be read one by one.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from html import escape
from itertools import chain
from typing import Final

import msgspec

from landfast.report.drawing import element, opened, px, titled
from landfast.template.graph import Edge, Graph, Node, NodeKind

_WIDTH: Final = 176.0
_HEIGHT: Final = 24.0
_SLOT: Final = 32.0
"""From one node of a column to the next; failures are half of it lower, so that their lines pass between the others."""

_APART: Final = 48.0
_COLUMNS: Final = tuple(14.0 + (_WIDTH + _APART) * place for place in range(4))
_SOURCE, _FUNCTION, _TARGET, _FAILURE = _COLUMNS
_TOP: Final = 34.0
_BETWEEN: Final = 18.0
_TURN: Final = {"flow": _APART * 0.6, "failed": _APART * 0.3}
"""Behind a node, where its lines turn."""

_LOWER: Final = 6.0
"""Below its middle, where the lines of a function's failures begin."""

_CHARACTERS: Final = 19
_SHARED: Final = 3
"""What more functions than these write to is told once, below the rows."""

_ICONS: Final[dict[NodeKind, str]] = {
    "bucket": "M1 3h14l-2.5 10h-9z",
    "stream": "M1 4h14M1 8h14M1 12h14",
    "table": "M2 4c0-3 12-3 12 0v8c0 3-12 3-12 0zM2 4c0 3 12 3 12 0",
    "queue": "M1.5 3h3.5v10H1.5zM6.3 3h3.5v10H6.3zM11 3h3.5v10H11z",
    "topic": "M2 6v4h4l7 4V2L6 6z",
    "bus": "M4.5 2h7l3.5 6-3.5 6h-7L1 8z",
    "function": "M3 2h3l7 12M7 7l-5 7",
}
_NOUNS: Final[dict[NodeKind, str]] = {
    "bucket": "S3 bucket",
    "stream": "Kinesis stream",
    "table": "DynamoDB table",
    "queue": "SQS queue",
    "topic": "SNS topic",
    "bus": "event bus",
    "function": "Lambda function",
}


class Row(msgspec.Struct, frozen=True):
    """A function with what is around it; without a function, a source whose targets get its events directly.

    Attributes:
        function: The name of the function, if there is one.
        sources: The names of what its events come from.
        targets: The edges to where it, or the source, sends what went well.
        failures: The edges to where the function's failures go.
        undelivered: The edges to where its sources keep what they could not deliver.
    """

    function: str | None
    sources: tuple[str, ...]
    targets: tuple[Edge, ...]
    failures: tuple[Edge, ...]
    undelivered: tuple[Edge, ...]

    @property
    def shift(self) -> int:
        """How many failures there are above those of the sources, whose line must pass below the function."""
        return max(len(self.failures), len(self.sources)) if self.undelivered else len(self.failures)

    @property
    def height(self) -> float:
        """The height of the row, in pixels."""
        failed = (self.shift + len(self.undelivered)) * _SLOT + _SLOT / 2 if self.failures or self.undelivered else 0.0
        return max(failed, len(self.targets) * _SLOT, len(self.sources) * _SLOT, _SLOT)

    @property
    def reached(self) -> set[str]:
        """The names of everything that the row sends to."""
        return {edge.target for edge in (*self.targets, *self.failures, *self.undelivered)}


def picture(graph: Graph, title: str) -> str:
    """The picture, in the classes and colours of `landfast.report`; `landfast.report.files` makes a file of it."""
    shared = _shared(graph)
    rows = rows_of(graph, {name for name, _ in shared})
    kinds = list(dict.fromkeys(node.kind for node in graph.nodes if node.name in _drawn(rows)))
    told = [f"{name}: written by {count} functions" for name, count in shared]
    bottom = _TOP + sum(row.height + _BETWEEN for row in rows)
    height = bottom + 22 * (len(told) + 2) + 12
    described = f"{len(rows)} rows, each from a source by a function to where its results and failures go."
    parts = [
        opened("map", _FAILURE + _WIDTH + 8, height, title, described),
        *_headings(),
        *_drawn_rows(graph, rows),
        *_foot(kinds, told, bottom),
        "</svg>",
    ]
    return "\n".join(parts)


def rows_of(graph: Graph, shared: Collection[str] = ()) -> list[Row]:
    """The rows in which a stack is told, each after one that feeds it.

    Args:
        graph: The graph of the stack.
        shared: The names of nodes that are left out, since too many rows would end in them.
    """
    return _in_order([*_rows(graph, {*shared})])


def _drawn(rows: Iterable[Row]) -> set[str]:
    return set(chain.from_iterable({*row.sources, *row.reached, *filter(None, [row.function])} for row in rows))


def _shared(graph: Graph) -> list[tuple[str, int]]:
    """What many functions write to, with how many do."""
    writers = {node.name: sum(1 for edge in graph.edges if edge.target == node.name and edge.kind == "write")
               for node in graph.nodes}  # fmt: skip
    return [(name, count) for name, count in writers.items() if count > _SHARED]


def _rows(graph: Graph, shared: set[str]) -> Iterator[Row]:
    functions = [node.name for node in graph.nodes if node.kind == "function"]
    for name in functions:
        sources = _unique(edge.source for edge in graph.edges if edge.target == name and edge.kind != "failure")
        undelivered = tuple(_undelivered(graph, sources, {name}))
        told = shared | {edge.target for edge in undelivered}
        sent = [edge for edge in graph.edges if edge.source == name and edge.target not in told]
        yield Row(
            name,
            tuple(sources),
            tuple(edge for edge in sent if edge.kind != "failure"),
            tuple(edge for edge in sent if edge.kind == "failure"),
            undelivered,
        )
    straight = [edge for edge in graph.edges if edge.kind == "event" and edge.target not in functions]
    for source in _unique(edge.source for edge in straight):
        targets = tuple(edge for edge in straight if edge.source == source)
        given_up = tuple(_undelivered(graph, [source], {edge.target for edge in targets}))
        yield Row(None, (source,), targets, (), given_up)


def _undelivered(graph: Graph, sources: Sequence[str], targets: set[str]) -> Iterator[Edge]:
    """What the sources themselves give up of what is for these targets."""
    functions = {node.name for node in graph.nodes if node.kind == "function"}
    for edge in graph.edges:
        is_theirs = edge.source in sources and edge.source not in functions
        if edge.kind == "failure" and is_theirs and (not edge.about or edge.about in targets):
            yield edge


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _in_order(rows: Sequence[Row]) -> list[Row]:
    """Rows whose sources no other row reaches come first, each followed by those that it feeds."""
    reached = set(chain.from_iterable(row.reached for row in rows))
    roots = [row for row in rows if not set(row.sources) & reached]
    ordered: list[Row] = []

    def place(row: Row) -> None:
        if row not in ordered:
            ordered.append(row)
            for other in rows:
                if set(other.sources) & row.reached or (row.function is not None and row.function in other.sources):
                    place(other)

    for row in (*roots, *rows):
        place(row)
    return ordered


def _headings() -> Iterator[str]:
    for x, text in zip(_COLUMNS, ("source", "function", "result", "failure"), strict=True):
        yield element("text", "note", text, x=x, y=_TOP - 14)


def _drawn_rows(graph: Graph, rows: Sequence[Row]) -> Iterator[str]:
    nodes = {node.name: node for node in graph.nodes}
    goes_on = {name for row in rows for name in (*row.sources, row.function)}
    top, width = _TOP, _FAILURE + _WIDTH + 8
    for number, row in enumerate(rows):
        if number % 2 == 0:
            yield element("rect", "band", x=0, y=top - _BETWEEN / 2, width=width, height=row.height + _BETWEEN, rx=6)
        middle = top + _SLOT / 2
        yield from _lines(row, middle)
        for name, x, y in _places(row, middle):
            yield _node(nodes[name], x, y, goes_on=x >= _TARGET and name in goes_on)
        top += row.height + _BETWEEN


def _slot(middle: float, index: int) -> float:
    return middle + index * _SLOT


def _places(row: Row, middle: float) -> Iterator[tuple[str, float, float]]:
    """Each node of a row with its left end and its middle."""
    yield from ((name, _SOURCE, _slot(middle, index)) for index, name in enumerate(row.sources))
    if row.function is not None:
        yield row.function, _FUNCTION, middle
    yield from ((edge.target, _TARGET, _slot(middle, index)) for index, edge in enumerate(row.targets))
    yield from ((edge.target, _FAILURE, y) for edge, y in _failed(row, middle))


def _failed(row: Row, middle: float) -> Iterator[tuple[Edge, float]]:
    """The failures with their heights, those of the function first."""
    for index, edge in (*enumerate(row.failures), *enumerate(row.undelivered, start=row.shift)):
        yield edge, _slot(middle, index) + _SLOT / 2


def _lines(row: Row, middle: float) -> Iterator[str]:
    begin = (_FUNCTION if row.function is not None else _SOURCE) + _WIDTH
    if row.function is not None:
        for index in range(len(row.sources)):
            yield _line("flow", (_SOURCE + _WIDTH, _slot(middle, index)), (_FUNCTION, middle))
    for index, edge in enumerate(row.targets):
        yield _line("flow", (begin, middle), (_TARGET, _slot(middle, index)), edge.note)
    for edge, y in _failed(row, middle):
        if edge.source == row.function:
            yield _line("failed", (begin, middle + _LOWER), (_FAILURE, y), edge.note)
        else:
            place = row.sources.index(edge.source)
            yield _under(_slot(middle, place), y, edge.note, is_last=place == len(row.sources) - 1)


def _line(kind: str, begin: tuple[float, float], end: tuple[float, float], note: str = "") -> str:
    """From a node's right side by the gap behind it to another's left side, with a head."""
    (x, y), (to_x, to_y) = begin, end
    bend = "" if y == to_y else f"H{px(x + _TURN[kind])}V{px(to_y)}"
    path = f'<path class="{kind}" d="M{px(x)} {px(y)}{bend}H{px(to_x - 7)}"/>{_head(kind, to_x, to_y)}'
    return titled(note, path) if note else path


def _under(y: float, to_y: float, note: str, *, is_last: bool) -> str:
    """From a source, below the other sources and the function, to where its own failures go."""
    begin = f"M{px(_SOURCE + 18)} {px(y + _HEIGHT / 2)}" if is_last else f"M{px(_SOURCE)} {px(y)}h-7"
    path = f'<path class="failed" d="{begin}V{px(to_y)}H{px(_FAILURE - 7)}"/>'
    return titled(note, path + _head("failed", _FAILURE, to_y))


def _head(kind: str, x: float, y: float) -> str:
    return f'<path class="{kind}-head" d="M{px(x)} {px(y)}l-8 -4v8z"/>'


def _node(node: Node, x: float, y: float, *, goes_on: bool = False) -> str:
    top = y - _HEIGHT / 2
    box = element("rect", f"node k-{node.kind}", x=x, y=top, width=_WIDTH, height=_HEIGHT, rx=5)
    name = element("text", "node-name", escape(_short(node.name)), x=x + 25, y=y + 4)
    on = element("text", "node-on", "↓", x=x + _WIDTH - 13, y=y + 4) if goes_on else ""
    return titled(f"{node.name}: {node.noun}", f"{box}{_icon(node.kind, x + 5, top + 4)}{name}{on}")


def _short(name: str) -> str:
    """A name that fits, without its middle."""
    if len(name) <= _CHARACTERS:
        return name
    half = _CHARACTERS // 2
    return f"{name[:half]}…{name[-half:]}"


def _icon(kind: NodeKind, x: float, y: float) -> str:
    return f'<path class="icon k-{kind}" transform="translate({px(x)} {px(y)})" d="{_ICONS[kind]}"/>'


def _foot(kinds: Iterable[NodeKind], told: Iterable[str], top: float) -> Iterator[str]:
    """What is shared, and what icons and lines mean."""
    y = top + 8
    for line in told:
        yield element("text", "note", escape(line), x=_SOURCE, y=y + 4)
        y += 22
    x = _SOURCE
    for kind in kinds:
        yield _icon(kind, x, y - 8) + element("text", "note", _NOUNS[kind], x=x + 21, y=y + 4)
        x += 21 + 7.3 * len(_NOUNS[kind]) + 12
    y += 22
    for line, x, text in (("flow", _SOURCE, "events and effects"), ("failed", 226.0, "what could not be processed")):
        yield _line(line, (x, y), (x + 34, y)) + element("text", "note", text, x=x + 42, y=y + 4)
    yield element("text", "note", "↓ has a row of its own", x=500, y=y + 4)
