"""What a page has the reader do: files to write and commands to give, in order, each with what it prints."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
LEFT_OUT = "..."

_BLOCK = re.compile(r"^```(?P<kind>\w+)(?P<more>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r'title="(?P<path>[^",]+)(?:, (?:before (?P<before>[^"]+)|(?P<appended>at its end)))?"')
_INCLUDED = re.compile(r'^--8<-- "(?P<path>[^"]+)"$', re.MULTILINE)
_PLACE = re.compile(r"^<!-- runs in (?P<place>.+) -->$", re.MULTILINE)

_CHANGING = (
    (re.compile(r"(?<=#token=)[\w-]+"), "(token)"),  # before the others, as it may hold what they look for
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "(uuid)"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z?"), "(time)"),
    (re.compile(r"\b\d\d:\d\d:\d\d(?:\.\d+)?\b"), "(time)"),
    (re.compile(r"\b[0-9a-f]{8}\b"), "(id)"),
    (re.compile(r"127\.0\.0\.1:\d+"), "(endpoint)"),
    (re.compile(r"\bin \d+(?:\.\d+)? ?s\b(?: \(\d+:\d\d:\d\d\))?"), "in (seconds)"),
    (re.compile(r"\b\d+ checks passed\b"), "(number) checks passed"),  # fewer where a pipeline was taken out
    (re.compile(r"/(?:[\w.-]+/)+(?=lab/|shop/|landfast/)"), "(folder)/"),
)
"""What is never the same twice, and what stands for it when texts are compared."""


@dataclass(frozen=True)
class File:
    """What the reader writes into a file.

    Attributes:
        path: The file.
        content: Lines.
        before: What the line begins with that they are put before; empty for the whole file.
        appended: Whether they are put at its end.
    """

    path: str
    content: str
    before: str = ""
    appended: bool = False

    def text(self, there: str) -> str:
        """What is in the file then, that has been `there`."""
        if self.appended:
            return there + self.content
        if not self.before:
            return self.content
        place = re.search(rf"^{re.escape(self.before)}", there, re.MULTILINE)
        assert place is not None, f"no line of {self.path} begins with {self.before!r}"
        return there[: place.start()] + self.content + there[place.start() :]


@dataclass(frozen=True)
class Command:
    """A command that the reader gives, and what the page shows of its output."""

    line: str
    shown: Sequence[str]


def steps(text: str) -> Iterator[File | Command]:
    """What a page has the reader do, in order."""
    for block in _BLOCK.finditer(text):
        title = _TITLE.search(block["more"])
        if block["kind"] == "console":
            yield from _commands(block["body"])
        elif title is not None:
            content = _INCLUDED.sub(_content, block["body"])
            yield File(title["path"], content, title["before"] or "", appended=title["appended"] is not None)


def _content(included: re.Match[str]) -> str:
    return (ROOT / included["path"]).read_text(encoding="utf-8").removesuffix("\n")


def _commands(body: str) -> Iterator[Command]:
    assert body.startswith("$ "), f"a block of console begins with a command: {body}"
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        line, *shown = part.splitlines()
        while line.endswith("\\"):
            line = f"{line[:-1]}{shown.pop(0)}"
        yield Command(line, shown)


def place(text: str) -> str:
    """Where the commands of a page are given."""
    found = _PLACE.search(text)
    return found["place"] if found is not None else "the repository"


def plain(lines: Sequence[str]) -> list[str]:
    """Lines without what changes from run to run."""
    return [_plain(line.rstrip()) for line in lines]


def _plain(line: str) -> str:
    for changing, name in _CHANGING:
        line = changing.sub(name, line)
    return line


def differs(printed: Sequence[str], shown: Sequence[str]) -> str | None:
    """Where an output is not what the page shows; None if it is. ``...`` stands for any lines, or none."""
    found, pieces = plain(printed), _pieces(plain(shown))
    begin = 0
    for number, piece in enumerate(pieces):
        last = number == len(pieces) - 1
        if number == 0:
            places = [0]
        elif last:
            places = [len(found) - len(piece)] if len(found) - len(piece) >= begin else []
        else:
            places = [*range(begin, len(found) - len(piece) + 1)]
        at = next((each for each in places if found[each : each + len(piece)] == piece), None)
        if at is None or (len(pieces) == 1 and len(found) != len(piece)):
            return "\n".join(piece)
        begin = at + len(piece)
    return None


def _pieces(lines: Sequence[str]) -> list[list[str]]:
    pieces: list[list[str]] = [[]]
    for line in lines:
        if line == LEFT_OUT:
            pieces.append([])
        else:
            pieces[-1].append(line)
    return pieces
