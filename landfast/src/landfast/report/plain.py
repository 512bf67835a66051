"""An account as plain data, for pages that write it themselves: numbers to reckon with, and the texts of `wording`."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from landfast.report import drawing, wording
from landfast.report.account import Account, Fault, Limits, Node, Row
from landfast.report.timeline_picture import timeline

WIDTH = 620.0
"""The least width of a timeline, in pixels: pages have other things beside it."""

LIMITS = Limits(tries=160, rows=24, trees=6, nodes=80, groups=60, lines=30, records=200)


class Line(Struct, frozen=True):
    """A text, and what is folded into it."""

    text: str
    more: str = ""


class Try(Struct, frozen=True, kw_only=True):
    """A line of the timeline, in words."""

    at: str
    where: str
    records: str
    number: str
    outcome: str
    then: str


class Timeline(Struct, frozen=True, kw_only=True):
    """The tries of an account.

    Attributes:
        picture: The timeline as SVG; empty if the function was never invoked.
        legend: What it draws: each with its name, as SVG.
        tries: The same in words.
        left_out: The number of tries beyond those.
        rows_left_out: The number of rows beyond those that are drawn.
    """

    picture: str = ""
    legend: Mapping[str, str] = {}
    tries: Sequence[Try] = ()
    left_out: int = 0
    rows_left_out: int = 0


class Batch(Struct, frozen=True, kw_only=True):
    """A batch in the tree of one that was split, `depth` times; its outcomes each with how many tries had it."""

    depth: int
    records: str
    outcomes: Sequence[tuple[str, int]]
    notes: Sequence[str]


class End(Struct, frozen=True, kw_only=True):
    """Records that ended alike."""

    records: str
    state: str
    when: str
    invocations: str
    rule: str


class Delivery(Struct, frozen=True, kw_only=True):
    """A record that was sent to a destination or dead-letter queue."""

    at: str
    target: str
    records: str
    rule: str
    body: object


class Plain(Struct, frozen=True, kw_only=True):
    """An account: its parts are those of `Account`, of which each list has its first ones.

    Attributes:
        ended: When it ended, in seconds as `Account` has them.
        ended_at: The same in words.
        counts: Invocations, tries that did not reach the function, and records in each state.
        left_out: How many more there are, by the name of the list.
    """

    title: str
    setting: Sequence[Row]
    ended: float
    ended_at: str
    counts: Mapping[str, int]
    timeline: Timeline
    trees: Sequence[Sequence[Batch]]
    landings: Sequence[End]
    errors: Sequence[Line]
    troubles: Sequence[Line]
    injected: Sequence[Line]
    again: Sequence[Line]
    held_up: Sequence[Line]
    deliveries: Sequence[Delivery]
    records: Sequence[End]
    left_out: Mapping[str, int]


def plain(account: Account, name: str) -> Plain:
    """An account as data; `name` begins the ids of its picture."""
    words = account.words
    left_out = {
        "trees": account.split.left_out,
        "landings": account.landings.left_out,
        "errors": account.errors.left_out,
        "troubles": account.troubles.left_out,
        "injected": account.injected.left_out,
        "again": account.again.left_out,
        "held_up": account.held_up.left_out,
        "deliveries": account.deliveries.left_out,
        "records": account.records.left_out,
    }
    return Plain(
        title=account.title,
        setting=account.setting,
        ended=account.ended,
        ended_at=words.time(account.ended),
        counts=account.counts,
        timeline=_timeline(account, name),
        trees=[[_batch(account, node) for node in tree.shown] for tree in account.split.shown],
        landings=[_end(each.state, words.landing(each)) for each in account.landings.shown],
        errors=_faults(account, account.errors.shown),
        troubles=_faults(account, account.troubles.shown),
        injected=_faults(account, account.injected.shown),
        again=[Line(words.again(each)) for each in account.again.shown],
        held_up=[Line(words.held_up(each)) for each in account.held_up.shown],
        deliveries=[
            Delivery(at=at, target=target, records=records, rule=rule, body=each.body)
            for each in account.deliveries.shown
            for at, target, records, rule in [words.delivery(each)]
        ],
        records=[_end(each.state, words.landed(each)) for each in account.records.shown],
        left_out={name: count for name, count in left_out.items() if count},
    )


def _timeline(account: Account, name: str) -> Timeline:
    found = account.timeline
    if not found.lines:
        return Timeline()
    return Timeline(
        picture=timeline(account, name, width=WIDTH),
        legend={each.name: each.alone for each in drawing.samples(account)},
        tries=[
            Try(at=at, where=where, records=records, number=number, outcome=outcome, then=then)
            for at, where, records, number, outcome, then in map(account.words.cells, found.lines)
        ],
        left_out=found.left_out,
        rows_left_out=found.rows_left_out,
    )


def _batch(account: Account, node: Node) -> Batch:
    words = account.words
    return Batch(
        depth=node.depth,
        records=words.short(node.records),
        outcomes=node.outcomes,
        notes=words.notes(node, wording.rule),
    )


def _end(state: str, cells: tuple[str, str, str, str, str]) -> End:
    records, _, when, invocations, rule = cells
    return End(records=records, state=state, when=when, invocations=invocations, rule=rule)


def _faults(account: Account, faults: Iterable[Fault]) -> list[Line]:
    return [Line(account.words.fault(each), each.trace) for each in faults]
