"""What a source file imports and calls, read without running it."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
PACKAGE = Path(__file__).parents[2] / "src" / "landfast"


def python_files(*folders: str) -> list[Path]:
    """Return the Python files below folders of the package."""
    return sorted(path for folder in folders for path in (PACKAGE / folder).rglob("*.py"))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def imported(path: Path) -> set[str]:
    """Return the full names of the modules that a file imports when it runs."""
    return set(_imported(tree(path)))


def _imported(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import(names):
            yield from (alias.name for alias in names)
        case ast.ImportFrom(module=str(module)):
            yield module
        case _:
            for child in _running(node):
                yield from _imported(child)


def _running(node: ast.AST) -> Iterable[ast.AST]:
    """Return what is below a node, without what is there for type checkers only."""
    match node:
        case ast.If(test=ast.Name(id="TYPE_CHECKING"), orelse=otherwise):
            return otherwise
        case _:
            return ast.iter_child_nodes(node)


def attributes(path: Path) -> set[str]:
    """Return every dotted name that a file uses, as in ``time.sleep``, and every name it takes from a module."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        match node:
            case ast.Attribute(value=ast.Name(id=owner), attr=name):
                found.add(f"{owner}.{name}")
            case ast.ImportFrom(module=str(owner), names=names):
                found.update(f"{owner}.{alias.name}" for alias in names)
    return found


def top(module: str) -> str:
    return module.partition(".")[0]
