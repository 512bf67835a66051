"""A guided run of a service: what happens is told while it happens."""

import json
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.highlighter import JSONHighlighter
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from demo.shop import Shop
from landfast.testing import Accepted, Entry, Service, is_told, read_journal, report_failure, sentence

PATIENCE = 120.0
"""Real seconds until everything has landed, at most."""

_TICK = 0.05
_LONGEST_TEXT = 160
_INDENT = 4

type About = Callable[[Entry], bool]


@dataclass
class Tour:
    """A running service and the one who tells about it.

    Attributes:
        console: Where it is told.
        service: The service.
        shop: Its clients.
        handed_on: What scenes have put where another pipeline takes it up: order ids, by the logical id of the place.
    """

    console: Console
    service: Service
    shop: Shop
    handed_on: dict[str, list[str]] = field(default_factory=dict)
    _read: int = 0
    _began: float = 0.0
    _entries: list[Entry] = field(default_factory=list)

    def heading(self, text: str) -> None:
        """Begin a step."""
        self._catch_up()
        self._began = self.service.clock.now()
        self.console.print(f"\n{text}", style="bold", markup=False)

    def say(self, text: str) -> None:
        """Tell something that no entry of the journal tells, with the time since the step began."""
        self._line(self.service.clock.now(), text)

    def show(self, what: str, record: dict[str, Any]) -> None:
        """Print a record that landed."""
        self.console.print(f"  {what}:", markup=False)
        width = self.console.width - _INDENT
        shown = JSONHighlighter()(Text(_laid_out(_abridged(record), width), overflow="fold"))
        self.console.print(Padding(shown, (0, 0, 0, _INDENT), expand=False))

    def until_settled(self, about: About = lambda _: False) -> list[Entry]:
        """Wait until everything rests, and tell each entry of the journal that is `about` it; those entries.

        Raises:
            ServiceError: Something does not come to rest, or the service has failed meanwhile.
        """
        told: list[Entry] = []
        with self.console.status("waiting"), ThreadPoolExecutor(1) as thread:
            settling = thread.submit(self.service.settle, PATIENCE)
            while True:
                rests = settling.done()
                for entry in filter(about, self._catch_up()):
                    told.append(entry)
                    self._line(entry.at, sentence(entry))
                if rests:
                    settling.result()
                    return told
                if self.service.failed.wait(_TICK):
                    report_failure(self.service)

    def _line(self, at: float, text: str) -> None:
        line = Table.grid(padding=(0, 2), expand=False)
        line.add_row(Text(f"  +{at - self._began:6.1f} s", style="dim"), Text(_shortened(text), overflow="fold"))
        self.console.print(line)

    def _catch_up(self) -> list[Entry]:
        new = []
        for number, entry in read_journal(self.service.journal, after=self._read):
            self._read = number
            if is_told(entry):
                new.append(entry)
        return new


def from_origin(origin: str) -> About:
    """Whether an entry is about an event that came from there."""
    ids: set[str] = set()

    def about(entry: Entry) -> bool:
        if isinstance(entry, Accepted) and entry.origin == origin:
            ids.update(entry.records)
        return not ids.isdisjoint(entry.records)

    return about


def of_records(ids: Collection[str]) -> About:
    """Whether an entry is about any of these records."""
    wanted = frozenset(ids)
    return lambda entry: not wanted.isdisjoint(entry.records)


def _abridged(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The same, long texts and lists cut."""
    match value:
        case dict():
            return {name: _abridged(part) for name, part in value.items()}
        case [first, second, *_, last] if isinstance(first, str):
            return [_abridged(first), "...", _abridged(last)] if second is not last else value
        case list():
            return [_abridged(part) for part in value]
        case str():
            return _shortened(value)
        case _:
            return value


def _laid_out(value: Any, width: int, before: int = 0) -> str:  # noqa: ANN401 - any JSON value
    """JSON text in lines of at most `width`, as few as possible; long texts stay whole.

    Args:
        value: What to write.
        width: Of a line.
        before: How many characters come before it on its line.
    """
    line = json.dumps(value, ensure_ascii=False)
    if before + len(line) < width or not isinstance(value, dict | list) or not value:
        return line
    if isinstance(value, dict):
        names = [f"{json.dumps(name, ensure_ascii=False)}: " for name in value]
        parts = [name + _laid_out(part, width - 2, len(name)) for name, part in zip(names, value.values(), strict=True)]
    else:
        parts = [_laid_out(part, width - 2) for part in value]
    inner = ",\n".join(parts).replace("\n", "\n  ")
    start, end = ("{", "}") if isinstance(value, dict) else ("[", "]")
    return f"{start}\n  {inner}\n{end}"


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}..."
