"""Removes pipelines from the project: `python3 -m tools.pipelines remove receipts`, or `keep payments`.

What belongs to a pipeline is found in two ways, and in no list:

- **marks**: a line that is only a comment of the form `--- receipts ---` gives the lines after it to that pipeline, up
  to the next mark (`--- shared ---` ends one) or the end of the file. In template.yaml a mark of a section holds until
  the next one of a section, deeper marks give lines inside it to another pipeline too, and a top-level key ends both.
  At the end of a line, a mark gives that line alone. `--- order files or order changes ---` is for what stays as long
  as one of them does, `and` for what needs them all. A file of which nothing is left is deleted.
- **names**: files and folders that are named after a function of the pipeline, such as `send_receipts/`,
  `send_receipts.json` and `test_send_receipts_twice.py`, are deleted. The functions are those of its section.

Marks in Python, YAML, TOML and Makefiles are comments with `#`; those in Markdown are `<!-- --- receipts --- -->`,
and in its diagrams comments with `%%`.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = "template.yaml"
SHARED = "shared"

SHIPPED = ("order files", "parcel scans", "payments", "receipts", "order changes", "fulfilment", "notices")
"""What the project came with, so that a pipeline that is gone is told from one that never was."""

_NOT_THE_SHOPS = {"landfast", "node_modules", "dist", "__pycache__", "uv.lock"}
"""Beside what begins with a dot, except for the files that people write."""

_MARKED = {".py", ".yaml", ".yml", ".toml", ".md", ".cfg"}
_SECTION = "  "
_NAME = r"[a-z][a-z0-9]*(?: [a-z0-9]+)*"
_OWN_LINE = re.compile(rf"^(?P<indent> *)(?:#|%%|<!--) --- (?P<owner>{_NAME}) ---(?: -->)?$")
_LINES_END = re.compile(rf"\S.* (?:#|<!--) --- (?P<owner>{_NAME}) ---(?: -->)?$")
_TOP_LEVEL = re.compile(r"^[A-Za-z]")
_RESOURCE = re.compile(r"^  (?P<name>[A-Za-z0-9]+):$")
_HANDLER = re.compile(r"^ +Handler: (?P<folder>\w+)\.")


class PipelinesError(Exception):
    """Something the user can mend; the message is one line."""


@dataclass(frozen=True)
class Line:
    """A line of a file and whose it is.

    Attributes:
        text: With its end.
        section: The owner of the section that it is in; in files other than the template, the same as `owner`.
        owner: The owner that the last mark before it names.
        own: The owner that its own end names, or that of the mark that it is; otherwise shared.
        is_mark: Whether it is nothing but a mark.
    """

    text: str
    section: str
    owner: str
    own: str = SHARED
    is_mark: bool = False

    @property
    def owners(self) -> set[str]:
        """All whose line it is; it stays if it may stay by each of them."""
        return {self.section, self.owner, self.own}


def lines(text: str, *, is_template: bool) -> Iterator[Line]:
    """Read a file's lines and marks."""
    section = owner = SHARED
    for line in text.splitlines(keepends=True):
        mark = _OWN_LINE.match(line.rstrip("\n"))
        if mark:
            owner = mark["owner"]
            section = owner if mark["indent"] == _SECTION or not is_template else section
        elif is_template and _TOP_LEVEL.match(line):
            section = owner = SHARED
        end = _LINES_END.search(line.rstrip("\n")) if not mark else None
        yield Line(line, section, owner, end["owner"] if end else SHARED, mark is not None)


def parts(owner: str) -> list[str]:
    """Split `a or b`, or `a and b`, into the pipelines that it names."""
    return re.split(r" or | and ", owner)


def stays(owner: str, gone: Collection[str], left: Collection[str]) -> bool:
    """Say whether what has this owner stays when the pipelines in `gone` go and those in `left` are there.

    What names none of `gone` stays: it is somebody else's comment, or not about them.
    """
    named = parts(owner)
    if not set(named) & set(gone):
        return True
    there = [name in left for name in named]
    return any(there) if " or " in owner else all(there)


def without(text: str, gone: Collection[str], left: Collection[str], *, is_template: bool = False) -> str:
    """Return a file's text without the lines that go with the pipelines in `gone`."""
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


def pipelines(template: str) -> dict[str, list[str]]:
    """Return the template's pipelines in their order, each with the folders of its functions."""
    found: dict[str, list[str]] = {}
    begun, ended = template.index("\nResources:\n"), template.index("\nOutputs:\n")
    for line in lines(template[begun:ended], is_template=True):
        if len(parts(line.section)) > 1 or line.section == SHARED:
            continue
        folders = found.setdefault(line.section, [])
        handler = _HANDLER.match(line.text)
        if handler and handler["folder"] not in folders:
            folders.append(handler["folder"])
    return found


def resource_owners(template: str) -> list[tuple[str, str]]:
    """Return the resources and their sections, in the template's order."""
    body = template[template.index("\nResources:\n") : template.index("\nOutputs:\n")]
    return [
        (found["name"], line.section)
        for line in lines(body, is_template=True)
        if (found := _RESOURCE.match(line.text.rstrip("\n")))
    ]


def named_after(path: Path, functions: Collection[str]) -> str | None:
    """Return the function whose a file is, by its own name or that of a folder it is in; the longest that fits."""
    fitting = [
        function
        for function in functions
        if any(re.fullmatch(rf"(?:test_)?{re.escape(function)}(?:[_.-].*)?", part) for part in path.parts)
    ]
    return max(fitting, key=len, default=None)


def files(root: Path) -> Iterator[Path]:
    """Yield the files that people wrote, without the tool's, relative to the project."""
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in _NOT_THE_SHOPS and not name.startswith(".")]
        for name in sorted(names):
            if name not in _NOT_THE_SHOPS and not name.endswith(".pyc"):
                yield (Path(folder) / name).relative_to(root)


@dataclass(frozen=True)
class Removal:
    """What goes: whole files, and the new text of those that lose lines."""

    deleted: list[Path]
    changed: dict[Path, str]

    @classmethod
    def of(cls, root: Path, gone: Collection[str]) -> "Removal":
        """Find what belongs to these pipelines and to none of the others."""
        known = pipelines((root / TEMPLATE).read_text())
        left = [name for name in known if name not in gone]
        every = [function for functions in known.values() for function in functions]
        going = {function for name in gone for function in known[name]}
        deleted, changed = [], {}
        for path in files(root):
            if named_after(path, every) in going:
                deleted.append(path)
            elif path.suffix in _MARKED or path.name == "Makefile":
                text = (root / path).read_text()
                rest = without(text, gone, left, is_template=path == Path(TEMPLATE))
                if rest != text and rest.strip():
                    changed[path] = rest
                elif rest != text:
                    deleted.append(path)
        return cls(deleted, changed)

    def carry_out(self, root: Path) -> None:
        """Delete and write."""
        for path in self.deleted:
            (root / path).unlink()
        for path, text in self.changed.items():
            (root / path).write_text(text)
        for folder in sorted({parent for path in self.deleted for parent in path.parents}, reverse=True):
            _delete_if_empty(root / folder)


def _delete_if_empty(folder: Path) -> None:
    """Delete a folder that holds nothing but compiled modules, or nothing but an empty `__init__.py` beside."""
    left = [path for path in folder.iterdir() if path.name != "__pycache__"]
    if left and not all(path.name == "__init__.py" and not path.read_text().strip() for path in left):
        return
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()


def chosen(known: Collection[str], names: str) -> list[str]:
    """Return the pipelines that are named, as the marks name them; dashes stand for blanks.

    Raises:
        PipelinesError: There is no such pipeline, or none is named.
    """
    wanted = [name.strip().replace("-", " ") for name in names.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in {*known, *SHIPPED}]
    if unknown or not wanted:
        there = ", ".join(name.replace(" ", "-") for name in known) or "none"
        raise PipelinesError(f"there is no pipeline {', '.join(unknown) or 'named'}; there is: {there}")
    return [name for name in wanted if name in known]


def _is_changed(root: Path) -> bool:
    """Say whether the project has changes that git does not have yet; a project without git has none."""
    git = shutil.which("git")
    if git is None:
        return False
    asked = subprocess.run([git, "status", "--porcelain"], cwd=root, capture_output=True, text=True, check=False)  # noqa: S603 - git itself
    return asked.returncode == 0 and bool(asked.stdout.strip())


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 -m tools.pipelines", description="Take pipelines out of the project."
    )
    parser.add_argument("what", choices=["list", "remove", "keep"], help="list them, remove those, or keep only those")
    parser.add_argument("names", nargs="?", default="", help="such as payments, or payments,order-files")
    parser.add_argument("--force", action="store_true", help="although there are changes that are not committed")
    parser.add_argument("--dry-run", action="store_true", help="only say what would go")
    parser.add_argument("--root", type=Path, default=ROOT, help="the project (default: this one)")
    return parser.parse_args(arguments)


def run(asked: argparse.Namespace) -> str:
    """Do it; what to tell the user.

    Raises:
        PipelinesError: It can't be done.
    """
    template = asked.root / TEMPLATE
    if not template.is_file():
        raise PipelinesError(f"{template}: there is no such template")
    known = pipelines(template.read_text())
    if asked.what == "list":
        return "\n".join(f"{name.replace(' ', '-'):15} {', '.join(functions)}" for name, functions in known.items())
    named = chosen(known, asked.names)
    gone = named if asked.what == "remove" else [name for name in known if name not in named]
    if not gone:
        return "nothing to remove"
    if len(gone) == len(known):
        raise PipelinesError("no pipeline would be left: keep one of them")
    if not (asked.force or asked.dry_run) and _is_changed(asked.root):
        raise PipelinesError("there are changes that are not committed: commit them first, or add --force (FORCE=1)")
    removal = Removal.of(asked.root, gone)
    if not asked.dry_run:
        removal.carry_out(asked.root)
    told = [f"deleted  {path}" for path in removal.deleted] + [f"changed  {path}" for path in removal.changed]
    return "\n".join([*told, f"{'would remove' if asked.dry_run else 'removed'}: {', '.join(gone)}"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    try:
        sys.stdout.write(f"{run(_asked(arguments))}\n")
    except PipelinesError as error:
        sys.stderr.write(f"pipelines: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
