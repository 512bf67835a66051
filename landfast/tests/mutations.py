"""The delivery rules, broken one at a time, as tests/mutations.txt has them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.mutants.tree import replaced

FOLDERS = tuple(
    f"landfast/tests/{layer}/"
    for layer in ("delivery", "driver", "eventplane", "simulate", "sources", "template_reader")
)
"""The layers that test rules without sockets and without waiting: one of their tests has to notice."""

SLOW: Mapping[int, str] = {
    17: "The runtime makes the error objects from what real workers do: tests/runtime.",
    21: "template.yaml keeps it, which SAM transforms: tests/template.",
    25: "The service gives each version the queue of its function: tests/service.",
    32: "The client context is a header of a real call: tests/service and tests/runtime.",
    36: "An engine notices the upload and tells of it: tests/dataplane.",
    44: "template.yaml keeps it, which SAM transforms: tests/template.",
    92: "template.yaml keeps it, which SAM transforms: tests/template.",
    107: "template.yaml keeps it, which SAM transforms: tests/template.",
}
"""Rules of the sections A to D without a mutation: why only slow layers can observe them."""

_TABLE = Path(__file__).with_suffix(".txt")
_PLACE = re.compile(r"\[(\S+)(?: (\S+))?\]")
_RULE = re.compile(r"([SU]-\d+) (.+)")


class Mutation(NamedTuple):
    """One broken rule.

    Attributes:
        rule: Its number, as in ``S-72``; a test that carries it has to fail.
        breaks: What becomes of the rule.
        module: The module.
        place: The qualified name of a function or class in it; nothing for the whole module.
        code: What is replaced: an expression or statements, there exactly once.
        by: What stands there instead.
    """

    rule: str
    breaks: str
    module: str
    place: str
    code: str
    by: str

    def applied(self) -> str:
        """The module's code, with the rule broken.

        Raises:
            ValueError: The code is not there exactly once.
        """
        path = Path(f"src/{self.module.replace('.', '/')}.py")
        try:
            return replaced(path.read_text(), self.place, self.code, self.by)
        except ValueError as error:
            raise ValueError(f"{self.rule} {self.breaks}: {path}: {error}; correct {_TABLE.name}") from error


def read(text: str) -> Iterator[Mutation]:
    """The mutations of a table.

    A place in brackets, module and qualified name, holds until the next one. A mutation is a line with the rule and
    what becomes of it, lines that begin with ``-`` for the code, and lines that begin with ``+`` for what replaces it.
    """
    module = place = rule = breaks = ""
    old: list[str] = []
    new: list[str] = []
    for line in [*text.splitlines(), ""]:
        if new and not line.startswith("  +"):
            yield Mutation(rule, breaks, f"landfast.{module}", place, "\n".join(old), "\n".join(new))
            old, new = [], []
        if line.startswith("  - "):
            old.append(line[4:])
        elif line.startswith("  + "):
            new.append(line[4:])
        elif found := _PLACE.fullmatch(line):
            module, place = found[1], found[2] or ""
        elif found := _RULE.fullmatch(line):
            rule, breaks = found[1], found[2]
        elif line and not line.startswith("#"):
            raise ValueError(f"no mutation: {line!r}")


MUTATIONS: Sequence[Mutation] = tuple(read(_TABLE.read_text()))
