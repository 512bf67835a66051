# --- the tool ---
"""What a page and its translation must have alike, and where they first differ.

Words are translated; everything else is the same, in the same order: headings and their levels, code and what it
prints, pictures, comments (marks of pipelines among them), the rows of tables and the figures in them. Words change
their places in a sentence, so links and what stands in `code` are compared by the section that they are in.
"""

import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile, zip_longest
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

_COMMENT: Final = re.compile(r"<!-- (?P<said>.*?) -->")
_PICTURE: Final = re.compile(r"\b(?:src|srcset)=\"(?P<path>[^\"]+)\"")
_ANCHOR: Final = re.compile(r"<a id=\"[^\"]+\"></a>")
_SAID_IN_CODE: Final = re.compile(r"(?:^|\s+)# .*$")
_FIGURES: Final = re.compile(r"[\d.,dhms ]*\d[\d.,dhms ]*")
_ELSEWHERE: Final = ("http://", "https://", "mailto:")
_PARSER: Final = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True)
class Piece:
    """Something that is not translated.

    Attributes:
        line: Where it is in its page.
        what: What it is, as people say it.
    """

    line: int
    what: str


@dataclass(frozen=True)
class Page:
    """A page of either language.

    Args:
        path: Its file in the repository.
        text: What is in it.
        led: Turns the file that a link leads to into the one that the translation's link shall lead to.
    """

    path: str
    text: str
    led: Callable[[str], str]

    def order(self) -> list[Piece]:
        """Return what is not translated and keeps its place."""
        tokens = _PARSER.parse(self.text)
        return sorted([*_blocks(tokens), *self._pictures(tokens), *self._comments(tokens)], key=_line)

    def sections(self) -> list[dict[str, int]]:
        """Return links and `code` of what is before the first heading, and of each section, with their lines."""
        tokens = _PARSER.parse(self.text)
        begins = [token.map[0] + 1 for token in tokens if token.type == "heading_open" and token.map]
        found: list[dict[str, int]] = [{} for _ in range(len(begins) + 1)]
        for piece in self._inline(tokens):
            found[sum(begin <= piece.line for begin in begins)].setdefault(piece.what, piece.line)
        return found

    def _pictures(self, tokens: list[Token]) -> Iterator[Piece]:
        for token in tokens:
            if token.type == "html_block" and token.map:
                for line, text in enumerate(token.content.splitlines(), start=token.map[0] + 1):
                    yield from (Piece(line, f"the picture {self._target(path)}") for path in _PICTURE.findall(text))

    def _comments(self, tokens: list[Token]) -> Iterator[Piece]:
        code = {line for token in tokens if token.type == "fence" and token.map for line in range(*token.map)}
        for line, text in enumerate(self.text.splitlines()):
            for comment in _COMMENT.finditer(text if line not in code else ""):
                yield Piece(line + 1, f"the comment {comment['said']!r}")

    def _inline(self, tokens: list[Token]) -> Iterator[Piece]:
        for line, token in _inner(tokens):
            if token.type == "link_open":
                yield Piece(line, f"a link to {self._target(str(token.attrs['href']))}")
            elif token.type == "image":
                yield Piece(line, f"the picture {self._target(str(token.attrs['src']))}")
            elif token.type == "code_inline":
                yield Piece(line, f"the code `{token.content}`")

    def _target(self, target: str) -> str:
        if target.startswith(_ELSEWHERE):
            return target
        file, _, anchor = target.partition("#")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(self.path), file)) if file else self.path
        return f"{self.led(path)}{'#' if anchor else ''}{anchor}"

    def unread_emphasis(self) -> Piece | None:
        """Return the first asterisk that readers would see as it is.

        CommonMark ends no emphasis between a full stop or a bracket and a letter, as where a Korean particle follows.
        """
        shown = ((line, token) for line, token in _inner(_PARSER.parse(self.text)) if token.type == "text")
        return next((Piece(line, token.content) for line, token in shown if "*" in token.content), None)


def _line(piece: Piece) -> int:
    return piece.line


def _inner(tokens: list[Token]) -> Iterator[tuple[int, Token]]:
    """Yield what is inside paragraphs, headings and cells, each with its line."""
    for token in tokens:
        if token.map:
            line = token.map[0] + 1
        for child in token.children or []:
            yield line, child


def _blocks(tokens: list[Token]) -> Iterator[Piece]:
    for number, token in enumerate(tokens):
        line = token.map[0] + 1 if token.map else 0
        match token.type:
            case "heading_open":
                yield Piece(line, f"a heading of level {token.tag[1]}")
            case "fence":
                yield Piece(line, f"a block of code that begins ```{token.info}")
                for below, text in enumerate(token.content.splitlines(), start=1):
                    yield Piece(line + below, f"the line of code {_SAID_IN_CODE.sub('', text)!r}")
            case "ordered_list_open" | "bullet_list_open" | "list_item_open":
                yield Piece(line, f"a {token.type.removesuffix('_open').replace('_', ' ')}")
            case "tr_open":
                yield Piece(line, f"a row of a table with {', '.join(_cells(tokens[number:]))}")


def _cells(tokens: Iterable[Token]) -> Iterator[str]:
    """Yield the figures of a row, and say where words are."""
    for token in takewhile(lambda token: token.type != "tr_close", tokens):
        if token.type == "inline":
            words = "words" if token.content else "nothing"
            yield token.content if _FIGURES.fullmatch(token.content) else words


def difference(original: Page, translation: Page) -> str | None:
    """Return where a translation first differs from its original, in one line; None if it does not."""
    for there, here in zip_longest(original.order(), translation.order()):
        if there is None or here is None or there.what != here.what:
            return f"{_told(translation, here)}, where {_told(original, there)}"
    for theirs, ours in zip(original.sections(), translation.sections(), strict=True):
        for what in sorted(theirs.keys() ^ ours.keys(), key=lambda what: (what in theirs, what)):
            has, lacks = (original, translation) if what in theirs else (translation, original)
            return f"{_told(has, Piece({**theirs, **ours}[what], what))}, and this section of {lacks.path} has not"
    return None


def _told(page: Page, piece: Piece | None) -> str:
    return f"{page.path} ends" if piece is None else f"{page.path}, line {piece.line}, has {piece.what}"


class Translations:
    """The pages of a language beside the English ones.

    Args:
        root: The repository.
        language: The folder of the language in `docs/`, such as `ko`. Its README is for those who translate.
    """

    def __init__(self, root: Path, language: str) -> None:
        self._root = root
        self._folder = f"docs/{language}/"
        self._readme = f"README.{language}.md"

    def findings(self, required: Collection[str]) -> list[str]:
        """Say where pages are not translations of their originals, and which of the required ones have none."""
        pages = {path.relative_to(self._root).as_posix() for path in self._root.glob("docs/**/*.md")}
        translated = {path for path in pages if path.startswith(self._folder)} - {f"{self._folder}README.md"}
        wanted = {path for path in pages if path.startswith(tuple(required))}
        missing = sorted(wanted - {self._original(path) for path in translated})
        found = [f"{path} has no translation in {self._folder}" for path in missing]
        if (self._root / self._readme).is_file():
            translated.add(self._readme)
        else:
            found.append(f"README.md has no translation, {self._readme}")
        return found + [finding for path in sorted(translated) for finding in self._of(path)]

    def _of(self, path: str) -> Iterator[str]:
        if not (self._root / self._original(path)).is_file():
            yield f"{path} translates nothing: there is no {self._original(path)}"
            return
        original, translation = self._pair(path)
        differs = difference(original, translation)
        if differs:
            yield differs
        stray = translation.unread_emphasis()
        if stray:
            yield f"{path}, line {stray.line}: asterisks are shown as they are in {stray.what!r}"

    def _pair(self, path: str) -> tuple[Page, Page]:
        original = self._original(path)
        text, translated = ((self._root / each).read_text(encoding="utf-8") for each in (original, path))

        def led_there(target: str) -> str:
            if target in {path, original}:
                return "the other language"
            theirs = self._readme if target == "README.md" else f"{self._folder}{target.removeprefix('docs/')}"
            return theirs if (self._root / theirs).is_file() else target

        def led_here(target: str) -> str:
            return "the other language" if target in {path, original} else target

        return Page(original, text, led_there), Page(path, _ANCHOR.sub("", translated), led_here)

    def _original(self, path: str) -> str:
        return "README.md" if path == self._readme else f"docs/{path.removeprefix(self._folder)}"
