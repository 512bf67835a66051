"""The command: ``python -m tests.mutants``, with rules such as ``S-72`` or with ``--sample``."""

import argparse
import os
import random
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from functools import partial
from typing import NamedTuple

from rich.console import Console

from tests.conformance import collect
from tests.mutants.operators import changes
from tests.mutants.run import Broken, Ran, run
from tests.mutations import FOLDERS, MUTATIONS, Mutation

_GENEROUS = 10
_LEAST = 5.0
"""A test may work so many times as long as the slowest one on the unbroken package, and so many seconds at least."""

_UNBROKEN = 600.0
"""Seconds that a test on the unbroken package may work."""


class Try(NamedTuple):
    """One broken module and the tests that are to notice.

    Attributes:
        title: What is broken, in one line.
        broken: The module.
        tests: As pytest names them.
    """

    title: str
    broken: Broken
    tests: Sequence[str]


def named(mutations: Iterable[Mutation]) -> list[Try]:
    """The mutations, each with the tests that carry its rule's number."""
    return [
        Try(f"{each.rule} {each.breaks}", Broken(each.module, each.applied()), nodes(each.rule)) for each in mutations
    ]


def sampled(size: int, seed: int) -> list[Try]:
    """Some of everything that can be broken in the delivery machines."""
    found = list(changes())
    chosen = random.Random(seed).sample(found, min(size, len(found)))  # noqa: S311 - a sample, no secret
    return [Try(str(change), change.broken(), change.tests) for change in chosen]


def nodes(rule: str) -> list[str]:
    """The tests of the fast layers that carry a rule's number, as pytest names them."""
    return [
        f"{test.path.relative_to('landfast')}::{test.name}"
        for test in collect()
        if rule in map(str, test.rules) and str(test.path).startswith(FOLDERS)
    ]


def told(ran: Ran) -> str:
    """The fate of a mutation: caught, survived, or unknown."""
    if ran.problem:
        return f"unknown: {ran.problem}"
    return f"caught by {ran.failed[0].partition('::')[2].partition('[')[0]}" if ran.failed else "SURVIVED"


def control(pool: ThreadPoolExecutor, tests: Sequence[str]) -> float:
    """Run the tests on the package as it is, which they must pass; the seconds that a test may take from then on."""
    halves = [tests[::2], tests[1::2]] if len(tests) > 1 else [tests]
    rans = list(pool.map(partial(run, broken=None, limit=_UNBROKEN), halves))
    for ran in rans:
        if ran.failed or ran.problem:
            sys.exit(f"The unbroken package does not pass: {ran.problem or ran.failed[0]}")
    return max(_LEAST, _GENEROUS * max(ran.seconds for ran in rans))


def main() -> None:
    """Break the rules, or a sample; the exit status is 0 if every mutation was caught."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("rules", nargs="*", help="only these rules, e.g. S-72")
    parser.add_argument("--sample", type=int, help="instead of the rules' own mutations, some of all there are")
    parser.add_argument("--seed", type=int, default=0, help="which ones")
    given = parser.parse_args()
    if given.sample:
        title, tries = f"{given.sample} changes, seed {given.seed}", sampled(given.sample, given.seed)
    else:
        title, tries = "Rules", named(each for each in MUTATIONS if each.rule in (given.rules or {each.rule}))
    if not tries:
        sys.exit(f"There is no mutation of {' or '.join(given.rules)}.")
    sys.exit(1 if told_all(title, tries) else 0)


def told_all(title: str, tries: Sequence[Try]) -> int:
    """Break one thing after the other and tell of each; how many were not caught."""
    say = Console(markup=False, highlight=False, soft_wrap=True).print
    say(f"{title}: {len(tries)} mutations")
    fates = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        limit = control(pool, sorted({test for each in tries for test in each.tests}))
        running: dict[Future[Ran], Try] = {
            pool.submit(run, each.tests, each.broken, limit=limit): each for each in tries
        }
        for number, future in enumerate(as_completed(running), start=1):
            fates.append(told(future.result()))
            say(f"[{number}/{len(tries)}] {running[future].title}: {fates[-1]}")
    survived = fates.count("SURVIVED")
    unknown = sum(fate.startswith("unknown") for fate in fates)
    say(f"{len(fates) - survived - unknown} caught, {survived} survived, {unknown} unknown")
    return survived + unknown


if __name__ == "__main__":
    main()
