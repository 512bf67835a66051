import ast
from pathlib import Path

import pytest

from tests.architecture.sources import attributes, imported, python_files, top, tree

PURE = {
    "base64",
    "collections",
    "dataclasses",
    "datetime",
    "decimal",
    "enum",
    "functools",
    "hashlib",
    "heapq",
    "ipaddress",
    "itertools",
    "json",
    "math",
    "msgspec",
    "operator",
    "re",
    "typing",
    "zlib",
}
"""What the rules of delivery may use besides each other."""

CLOCKS = {"datetime.now", "datetime.today", "datetime.utcnow", "date.today"}


DELIVERY = python_files("delivery")


@pytest.mark.parametrize("path", DELIVERY, ids=lambda path: path.stem)
def test_a_module_of_the_rules_says_what_it_is_about_and_is_pure(path: Path) -> None:
    assert ast.get_docstring(tree(path))
    foreign = {
        module
        for module in imported(path)
        if not f"{module}.".startswith(("landfast.delivery.", "landfast.errors.")) and top(module) not in PURE
    }
    assert foreign == set()
    assert attributes(path).isdisjoint(CLOCKS)


def test_the_rules_are_found() -> None:
    assert {"asynchronous", "queue", "stream", "lane"} <= {path.stem for path in DELIVERY}
