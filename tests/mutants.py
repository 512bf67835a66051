"""Breaks the delivery rules one after the other; a test that carries the broken rule's number must fail each time.

Each mutation is made in a copy of the package in a temporary folder, which the tests then import instead of the work
tree. Run it by `make mutants`; it ends with 1 if a break went unnoticed.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from tests.conformance import Rule, collect
from tests.mutations import MUTATIONS, PACKAGE, Mutation

_FOLDERS = ("tests/delivery/", "tests/simulate/")
"""The layers that test the rules without sockets and without waiting."""

_FAILED = re.compile(r"^FAILED \S+?::(test_\w+)", re.MULTILINE)
_TESTS_FAILED = 1
_TIME_LIMIT = 60.0
"""Seconds for the tests of one mutation, which take two: a break must be told from a test that never ends."""


class Fate(NamedTuple):
    """What became of a mutation.

    Attributes:
        mutation: The mutation.
        caught: The tests that failed, by name.
        error: Why nothing can be said; empty if something can.
    """

    mutation: Mutation
    caught: Sequence[str]
    error: str = ""


def nodes(rule: str) -> list[str]:
    """The tests that carry a rule's number, as pytest names them."""
    wanted = Rule(rule[0].upper(), int(rule[2:]))
    return [
        f"{test.path}::{test.name}"
        for test in collect()
        if wanted in test.rules and str(test.path).startswith(_FOLDERS)
    ]


def run(package_root: Path, tests: Sequence[str]) -> tuple[int, str]:
    """The exit status and the output of pytest, with the package taken from `package_root`."""
    command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "-p", "no:cacheprovider", *tests]
    path = f"pythonpath={package_root} . functions layers/shared"
    environment = {**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": str(package_root / ".hypothesis")}
    try:
        done = subprocess.run(
            [*command, "-o", path], capture_output=True, text=True, check=False, env=environment, timeout=_TIME_LIMIT
        )
    except subprocess.TimeoutExpired:
        return -1, f"no end after {_TIME_LIMIT:g} s"
    return done.returncode, done.stdout + done.stderr


def copied(root: Path) -> Path:
    """A copy of the package under `root`, with its compiled files, so that it starts as fast as the original."""
    return Path(shutil.copytree(PACKAGE, root / PACKAGE))


def broken(mutation: Mutation) -> Fate:
    """Break the rule in a copy, and see which of its tests fail."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        module = copied(Path(folder)) / mutation.module
        try:
            module.write_text(mutation.applied(module.read_text()))
        except ValueError as error:
            return Fate(mutation, [], str(error))
        status, output = run(Path(folder), nodes(mutation.rule))
    if status not in {0, _TESTS_FAILED}:
        return Fate(mutation, [], f"pytest ended with {status}: {output.strip().splitlines()[-1:]}")
    return Fate(mutation, sorted(set(_FAILED.findall(output))))


def unbroken() -> str:
    """What speaks against trusting the results: the tests of the rules must pass on a copy that is as it was."""
    chosen = sorted({node for mutation in MUTATIONS for node in nodes(mutation.rule)})
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        copied(Path(folder))
        status, output = run(Path(folder), chosen)
    return f"the tests fail on the unbroken package:\n{output}" if status else ""


def told(fates: Sequence[Fate]) -> Table:
    """The results as a table."""
    table = Table("rule", "broken so that", "", "by the test", box=None, pad_edge=False)
    for mutation, caught, error in fates:
        rule = Rule(mutation.rule[0].upper(), int(mutation.rule[2:]))
        others = f" and {len(caught) - 1} more" if len(caught) > 1 else ""
        verdict = "[green]caught[/]" if caught else "[red]survived[/]"
        table.add_row(str(rule), mutation.breaks, verdict, error or (caught[0] + others if caught else ""))
    return table


def main() -> None:
    """Break every rule, and tell which breaks were caught."""
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        control = pool.submit(unbroken)
        fates = list(pool.map(broken, MUTATIONS))
    Console().print(told(fates))
    survivors = [fate for fate in fates if not fate.caught]
    if control.result():
        sys.exit(control.result())
    if survivors:
        sys.exit(
            f"{len(survivors)} of {len(fates)} broken rules were not noticed by the tests that carry their numbers"
        )


if __name__ == "__main__":
    main()
