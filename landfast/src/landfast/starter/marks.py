"""Marks: comments that say whose the lines of a file are.

- A line that is only a comment of the form `--- orders ---` gives the lines after it to that owner, up to the next mark
  (`--- shared ---` ends one) or the end of the file.
- In the template, a mark of a section (indented like a resource) holds until the next one of a section; deeper marks
  give lines inside it to another owner too, and a top-level key ends both.
- At the end of a line, a mark gives that line alone.
- `--- orders or mails ---` is for what stays as long as one of them does, `and` for what needs them all.

Marks in Python, YAML, TOML and Makefiles are comments with `#`; those in Markdown are `<!-- --- orders --- -->`, and in
its diagrams comments with `%%`.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

SHARED = "shared"
OWNER = r"[a-z][a-z0-9]*(?: [a-z0-9]+)*"

_ANY = " --- "
_SECTION = "  "
_OWN_LINE = re.compile(rf"^(?P<indent> *)(?:#|%%|<!--) --- (?P<owner>{OWNER}) ---(?: -->)?$")
_LINES_END = re.compile(rf"\S.* (?:#|<!--) --- (?P<owner>{OWNER}) ---(?: -->)?$")
_TOP_LEVEL = re.compile(r"^(?P<key>[A-Za-z]\w*)")


@dataclass(frozen=True)
class Line:
    """A line of a file and whose it is.

    Attributes:
        text: With its end.
        section: The owner of the section that it is in; in files other than the template, the same as `owner`.
        owner: The owner that the last mark before it names.
        own: The owner that its own end names, or that of the mark that it is; otherwise shared.
        is_mark: True if it is nothing but a mark.
        key: The top-level key of the template that it is below; empty in other files.
    """

    text: str
    section: str
    owner: str
    own: str = SHARED
    is_mark: bool = False
    key: str = ""

    @property
    def owners(self) -> set[str]:
        """All whose line it is; it stays if it may stay by each of them."""
        return {self.section, self.owner, self.own}


def lines(text: str, *, is_template: bool) -> Iterator[Line]:
    """Read a file's lines and marks."""
    section = owner = SHARED
    key = ""
    for line in text.splitlines(keepends=True):
        mark = _OWN_LINE.match(line.rstrip("\n"))
        if mark:
            owner = mark["owner"]
            section = owner if mark["indent"] == _SECTION or not is_template else section
        elif is_template and (top := _TOP_LEVEL.match(line)):
            section = owner = SHARED
            key = top["key"]
        end = _LINES_END.search(line.rstrip("\n")) if not mark else None
        yield Line(line, section, owner, end["owner"] if end else SHARED, mark is not None, key)


def parts(owner: str) -> list[str]:
    """Split `a or b`, or `a and b`, into the owners that it names."""
    return re.split(r" or | and ", owner)


def stays(owner: str, gone: Collection[str], left: Collection[str]) -> bool:
    """Say whether what has this owner stays when those in `gone` go and those in `left` are there.

    What names none of `gone` stays: it is somebody else's comment, or not about them.
    """
    named = parts(owner)
    if not set(named) & set(gone):
        return True
    there = [name in left for name in named]
    return any(there) if " or " in owner else all(there)


def without(text: str, gone: Collection[str], left: Collection[str], *, is_template: bool = False) -> str:
    """Return a file's text without the lines that go with the owners in `gone`."""
    if _ANY not in text:
        return text
    kept: list[str] = []
    owner, cut = SHARED, False
    for line in lines(text, is_template=is_template):
        if not all(stays(each, gone, left) for each in line.owners):
            cut = True
            continue
        if line.is_mark and cut and line.owner == owner:
            continue  # it ended what is gone, and its own part goes on
        kept.append(line.text)
        owner, cut = line.owner, False
    rest = "".join(kept)
    return rest if rest == text else re.sub(r"\n{2,}\Z", "\n", rest)
