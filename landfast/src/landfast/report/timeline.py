"""The timeline of an account: which tries it shows, in which rows, and what else is marked there."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from landfast.digits import whole_number
from landfast.report import wording
from landfast.report.history import History, Try
from landfast.report.hold_ups import Source
from landfast.report.wording import Wording

_SHOWN: Final = 2
_WORTH_FOLDING: Final = 5

MarkKind: TypeAlias = Literal["delivery", "dead_lettered", "dropped"]


class Line(Struct, frozen=True):
    """A try to invoke a batch, or several in a row that all went the same way.

    Attributes:
        tries: Which.
        where: The shard, and its lane where there is more than one.
        rows: The rows that it is drawn in.
        waiting: The rows of what is tried again after it.
    """

    tries: Sequence[Try]
    where: str
    rows: tuple[int, ...]
    waiting: tuple[int, ...]

    @property
    def first(self) -> Try:
        """The first of them."""
        return self.tries[0]

    @property
    def last(self) -> Try:
        """The last of them."""
        return self.tries[-1]

    @property
    def outcome(self) -> str:
        """The outcome of all its tries."""
        return wording.printable(self.first.outcome) or "running"


class Mark(Struct, frozen=True):
    """An event of records at a moment: a delivery, or an end that is none the function made."""

    at: float
    row: int
    kind: MarkKind
    text: str


class Timeline(Struct, frozen=True):
    """The tries of an account, in order.

    Attributes:
        lines: Tries.
        left_out: The number of tries beyond those.
        rows: The names of the rows: lanes, message groups, events or messages.
        rows_left_out: The number of rows beyond those.
        marks: The marks in the rows.
    """

    lines: tuple[Line, ...]
    left_out: int
    rows: tuple[str, ...]
    rows_left_out: int
    marks: tuple[Mark, ...]


def timeline(history: History, source: Source, words: Wording, *, lines: int, rows: int) -> Timeline:
    """The timeline, of at most so many lines and rows; those with failures first."""
    runs = _chosen(history, lines)
    lanes = any(attempt.lane for attempt in history.tries)
    row_of, names = _rows(history, source, words, runs, lanes=lanes, limit=rows) if rows else ({}, [])
    row_of = {record: row for record, row in row_of.items() if row < rows}
    return Timeline(
        tuple(
            Line(run, _where(run[0], lanes=lanes), _in(run[0].records, row_of), _in(run[-1].again, row_of))
            for run in runs
        ),
        len(history.tries) - sum(map(len, runs)),
        tuple(names[:rows]),
        max(0, len(names) - rows),
        tuple(_marks(history, words, row_of)),
    )


def _in(records: Iterable[str], row_of: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(sorted({row_of[record] for record in records if record in row_of}))


def _where(attempt: Try, *, lanes: bool) -> str:
    if attempt.shard is None:
        return ""
    return f"shard {wording.shard(attempt.shard)}" + (f", lane {attempt.lane}" if lanes else "")


def folded(history: History) -> list[Sequence[Try]]:
    """All tries in order; where many alike follow each other in a batch, all but the first two and the last are one."""
    runs: dict[int, Sequence[Try]] = {}
    for root in history.batches:
        for _, batch in root.walk():
            for alike in _alike(batch.tries):
                middle = alike[_SHOWN:-1]
                if len(alike) >= _WORTH_FOLDING:
                    runs |= dict.fromkeys(map(id, middle), ())
                    runs[id(middle[0])] = middle
    return [run for attempt in history.tries if (run := runs.get(id(attempt), (attempt,)))]


def _alike(tries: Sequence[Try]) -> Iterator[list[Try]]:
    run: list[Try] = []
    for attempt in tries:
        if run and (attempt.outcome != run[-1].outcome or attempt.again != run[-1].again):
            yield run
            run = []
        run.append(attempt)
    if run:
        yield run


def _chosen(history: History, limit: int) -> list[Sequence[Try]]:
    """At most so many lines; the first to be left out are those of batches that went well."""
    runs = folded(history)
    if len(runs) > limit:
        dull = {id(batch.tries[0]) for batch in history.batches if batch.smooth}
        rough = [id(run[0]) for run in runs if id(run[0]) not in dull][:limit]
        smooth = [id(run[0]) for run in runs if id(run[0]) in dull][: limit - len(rough)]
        kept = {*rough, *smooth}
        runs = [run for run in runs if id(run[0]) in kept]
    return runs


def _rows(
    history: History, source: Source, words: Wording, runs: Sequence[Sequence[Try]], *, lanes: bool, limit: int
) -> tuple[dict[str, int], list[str]]:
    """Each record's row, and the rows' names: of what is shown, in order, unless they are too many."""
    name_of = _names(history, source, words, lanes=lanes)
    shown = {name_of[record] for run in runs for record in run[0].records}
    order = [name for name in dict.fromkeys(name_of.values()) if name in shown]
    if len(order) > limit:
        failing = {name_of[record] for attempt in history.tries for record in attempt.again}
        failing |= {name_of[record] for record, end in history.ends.items() if end.state != "processed"}
        order.sort(key=lambda name: name not in failing)
    number = {name: index for index, name in enumerate(order)}
    drawn = {record for run in runs for record in run[0].records}
    return {record: number[name] for record, name in name_of.items() if record in drawn}, order


def _names(history: History, source: Source, words: Wording, *, lanes: bool) -> dict[str, str]:
    match source.order:
        case "shard":
            names = {record.id: f"shard {wording.shard(record.shard)}" for record in source.records}
            for attempt in history.tries:
                if attempt.reached:
                    names |= dict.fromkeys(attempt.records, _where(attempt, lanes=lanes))
            return dict(sorted(names.items(), key=lambda item: _natural(item[1])))
        case "message group":
            return {record.id: f"group {record.key or '(none)'}" for record in source.records}
        case None:
            return {record.id: words.name(record.id) if words.live else record.id for record in source.records}


def _natural(text: str) -> list[tuple[bool, int, str]]:
    parts = [(whole_number(part), part) for part in text.replace(",", "").split()]
    return [(number is None, number or 0, part) for number, part in parts]


def _marks(history: History, words: Wording, row_of: Mapping[str, int]) -> list[Mark]:
    marks: dict[tuple[float, int], Mark] = {}
    for record, end in history.ends.items():
        if record in row_of and end.state in {"dead_lettered", "dropped"}:
            kind: MarkKind = "dropped" if end.state == "dropped" else "dead_lettered"
            text = f"{words.short(end.records)}: {wording.state(end.state)}, {wording.rule(end.rule)}"
            marks[end.at, row_of[record]] = Mark(end.at, row_of[record], kind, text)
    for sent in history.deliveries:
        for row in _in(sent.records, row_of):
            text = f"{words.short(sent.records)} to {sent.kind} {sent.target}: {wording.delivered(sent)}"
            marks[sent.at, row] = Mark(sent.at, row, "delivery", text)
    return [marks[place] for place in sorted(marks)]
