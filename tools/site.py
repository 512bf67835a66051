"""Makes the site of `docs/`: `python -m tools.site build`, or `serve` to write and watch.

The pages are written to be read in the repository, too. Before Zensical gets them, they are copied to `dist/`, and what
a repository shows in another way than a site is turned:

- **links that leave `docs/`** lead to the page that the site has of that file (`MOVED`). A file without a page is
  named, and not linked. One that is not there ends the build.
- **`<picture>`** becomes one image for each scheme, so that pictures follow the switch of the site.
- **marks** (`landfast/src/landfast/starter/marks.py`) go.

`docs/zensical.toml` is the English site. A language has a file of its own beside it, such as `zensical.ko.toml` with
`docs_dir = "pages/ko"` and `site_dir = "site/ko"`, and a folder, `docs/ko`, in which pages have the names of those they
translate; what is not translated yet is there in English, and says so
(`tools/theme`). `docs/ko/README.md` is for those who translate, and is no page.
"""

import argparse
import os
import posixpath
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

ROOT = Path(__file__).resolve().parents[1]
MADE = Path("dist")

MOVED: Final[Mapping[str, str]] = {
    "CONTRIBUTING.md": "contributing.md",
    "README.md": "index.md",
    "landfast/ARCHITECTURE.md": "architecture.md",
}
"""Pages of the site that are not in `docs/`, by their files; the first page stands for the README."""

_CONFIGURATION = re.compile(r"zensical(?:\.(?P<language>[a-z]{2}))?\.toml")
_FENCE = re.compile(r"^\s*(`{3,}|~{3,})")
_MARK = re.compile(r"[ \t]*<!-- --- [a-z0-9 ]+ --- -->")
_PICTURE = re.compile(
    r"<picture>\s*<source media=\"\(prefers-color-scheme: dark\)\" srcset=\"(?P<dark>[^\"]+)\">\s*"
    r"<img alt=\"(?P<alt>[^\"]*)\" src=\"(?P<light>[^\"]+)\">\s*</picture>"
)
_LINK_OR_CODE = re.compile(r"(?P<code>`+[^`]*`+)|\[(?P<text>(?:[^\[\]`]|`[^`]*`)*)\]\((?P<target>[^)\s]+)\)")
_LOADED = re.compile(r"<(?!a\b)[a-z]+\b[^>]*?\b(?:src|srcset|href|data)=\"?(?P<address>(?:https?:)?//[^\s\">]+)[^>]*>")
_IN_ENGLISH = "---\nlanguage: en\n---\n\n"
_ELSEWHERE = ("http://", "https://", "mailto:", "#")
_LOOK_AGAIN = 0.5


class SiteError(Exception):
    """Something whoever writes can mend; the message is one line."""


def languages(root: Path = ROOT) -> dict[str, Path]:
    """Return the configurations by language, the English one, whose name is empty, first."""
    files = sorted((root / "docs").iterdir())
    found = {match["language"] or "": path for path in files if (match := _CONFIGURATION.fullmatch(path.name))}
    return dict(sorted(found.items()))


def pages(root: Path = ROOT, language: str = "") -> dict[str, bytes]:
    """Return the files that Zensical gets for a language, by their paths on the site.

    Raises:
        SiteError: A link leads to a file that is not there.
    """
    others = {f"docs/{each}/" for each in languages(root) if each}
    documents = {
        path.relative_to(root).as_posix()
        for path in (root / "docs").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not _CONFIGURATION.fullmatch(path.name)
    }
    own = {path for path in documents if language and path.startswith(f"docs/{language}/")} - {_guide(language)}
    english = {path for path in documents if not path.startswith(tuple(others))} | {*MOVED} - {"README.md"}
    place = {path: MOVED.get(path, path.removeprefix("docs/")) for path in english}
    place |= {path: path.removeprefix(f"docs/{language}/") for path in own}
    translated = {place[path] for path in own}
    shown = {path: where for path, where in place.items() if path in own or where not in translated}
    place |= {"README.md": "index.md", f"README.{language}.md": "index.md"}
    foreign_pages = {path for path in shown if language and path not in own}
    return {
        where: _content(root, path, place, _IN_ENGLISH if path in foreign_pages else "")
        for path, where in sorted(shown.items())
    }


def _guide(language: str) -> str:
    """What those who translate read, which is no page."""
    return f"docs/{language}/README.md"


def _content(root: Path, path: str, place: Mapping[str, str], head: str) -> bytes:
    content = (root / path).read_bytes()
    return "".join([head, *_turned(root, path, content.decode(), place)]).encode() if path.endswith(".md") else content


def _turned(root: Path, path: str, text: str, place: Mapping[str, str]) -> Iterator[str]:
    """A page with the links, pictures and marks of the site."""
    page = Page(root, path, place)
    fence = ""
    for number, line in enumerate(_PICTURE.sub(_two_images, text).splitlines(keepends=True), start=1):
        found = _FENCE.match(line)
        if found and (not fence or found[1].startswith(fence)):
            fence = "" if fence else found[1]
        if fence or found:
            yield line
            continue
        unmarked = _MARK.sub("", line)
        if unmarked.strip() or not line.strip():
            yield page.line(unmarked, number)


def _two_images(picture: re.Match[str]) -> str:
    images = (f"![{picture['alt']}]({picture[scheme]}#only-{scheme})" for scheme in ("light", "dark"))
    return f'<div class="picture" tabindex="0" markdown>{"".join(images)}</div>'


class Page:
    """A page whose links are turned.

    Args:
        root: The repository.
        path: The page's file in it.
        place: Where on the site each file is that it has.
    """

    def __init__(self, root: Path, path: str, place: Mapping[str, str]) -> None:
        self._root = root
        self._path = path
        self._place = place

    def line(self, line: str, number: int) -> str:
        """Return a line with its links turned."""

        def turned(found: re.Match[str]) -> str:
            if found["code"] or found["target"].startswith(_ELSEWHERE):
                return found[0]
            file, _, anchor = found["target"].partition("#")
            target = posixpath.normpath(posixpath.join(posixpath.dirname(self._path), file))
            if not (self._root / target).exists():
                raise SiteError(f"{self._path}, line {number}: {file} is not there")
            if target not in self._place:
                return found["text"]
            start = posixpath.dirname(self._place[self._path]) or "."
            turned_to = posixpath.relpath(self._place[target], start)
            return f"[{found['text']}]({turned_to}{'#' if anchor else ''}{anchor})"

        return _LINK_OR_CODE.sub(turned, line)


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Make a folder hold these files and no others; what has not changed is not touched."""
    for path in [*folder.rglob("*")]:
        if path.is_file() and path.relative_to(folder).as_posix() not in files:
            path.unlink()
    for name, content in files.items():
        _write(folder / name, content)


def _write(path: Path, content: bytes) -> None:
    if not path.is_file() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def stage(root: Path = ROOT) -> None:
    """Write the pages and the configuration of every language to `dist/`.

    Raises:
        SiteError: A link leads to a file that is not there.
    """
    for language, configuration in languages(root).items():
        write(root / MADE / "pages" / (language or "en"), pages(root, language))
        _write(root / MADE / configuration.name, configuration.read_bytes())


def _build() -> int:
    """Build the site of every language; what Zensical warns of ends it."""
    stage()
    for configuration in languages().values():
        command = [*_zensical("build", configuration), "--clean", "--strict"]
        built = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)  # noqa: S603 - our own command
        sys.stderr.write(built.stderr.partition("Traceback")[0])  # it tells its findings, then raises
        if built.returncode:
            return built.returncode
    asked = foreign(ROOT / MADE / "site")
    if asked:
        raise SiteError(f"the pages ask other hosts for {', '.join(sorted(asked))}")
    return 0


def foreign(folder: Path) -> set[str]:
    """Return what the pages in a folder load from other hosts when they are shown; links are no such thing."""
    loaded = (_LOADED.finditer(page.read_text(encoding="utf-8")) for page in folder.rglob("*.html"))
    return {found["address"] for page in loaded for found in page if 'rel="canonical"' not in found[0]}


def _serve() -> int:
    """Show the English site on loopback until Ctrl-C, and show every change of `docs/`."""
    stage()
    server = subprocess.Popen(_zensical("serve", languages()[""]))  # noqa: S603 - our own command
    try:
        while server.poll() is None:
            time.sleep(_LOOK_AGAIN)
            try:
                stage()
            except SiteError as error:
                sys.stderr.write(f"site: {error}\n")
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    finally:
        server.terminate()
        server.wait()
    return server.returncode


def _zensical(command: str, configuration: Path) -> list[str]:
    return [sys.executable, "-m", "zensical", command, "--config-file", str(MADE / configuration.name)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.site", description="Make the site of docs/.")
    parser.add_argument("what", choices=["build", "serve"], help="into dist/site, or on loopback until Ctrl-C")
    asked = parser.parse_args(arguments)
    os.chdir(ROOT)
    try:
        return _build() if asked.what == "build" else _serve()
    except SiteError as error:
        sys.stderr.write(f"site: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
