"""Everything that can be broken mechanically in the delivery machines, one small change at a time."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tests.mutants.run import Broken

MACHINES: Final[Mapping[str, str]] = {
    "asynchronous": "asynchronous",
    "concurrency": "concurrency",
    "destination_records": "destination_records",
    "destinations": "destinations",
    "filters": "filters",
    "lane": "stream",
    "partial_responses": "partial_responses",
    "batch_payload": "stream",
    "queue": "queue",
    "recursion": "recursion",
    "scaling": "queue",
    "shards": "stream",
    "stream": "stream",
    "stream_records": "stream",
}
"""The modules of `landfast.delivery` that decide what becomes of a record, and what their first tests are about."""

_COMPARISONS: Final[Mapping[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}


class Change(NamedTuple):
    """One change of a machine.

    Attributes:
        machine: The module's name, without its package.
        number: Which of the module's changes it is.
        what: Where it is, and the code before and after.
    """

    machine: str
    number: int
    what: str

    def __str__(self) -> str:
        return f"{self.machine}{self.what}"

    @property
    def tests(self) -> Sequence[str]:
        """What is to notice: all tests of the deliveries, the closest first."""
        return f"tests/delivery/test_{MACHINES[self.machine]}.py", "tests/delivery"

    def broken(self) -> Broken:
        """The module with this change."""
        tree = _tree(self.machine)
        _, old, new = list(_swaps(tree))[self.number]
        return Broken(
            f"landfast.delivery.{self.machine}", ast.unparse(ast.fix_missing_locations(_Swap(old, new).visit(tree)))
        )


def changes() -> Iterator[Change]:
    """Every change of every machine."""
    for machine in MACHINES:
        for number, (where, old, new) in enumerate(_swaps(_tree(machine))):
            yield Change(machine, number, f"{where}: {ast.unparse(old)} -> {ast.unparse(new)}")


def _tree(machine: str) -> ast.Module:
    return ast.parse(Path(f"src/landfast/delivery/{machine}.py").read_text())


class _Swap(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self._old, self._new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self._new if node is self._old else self.generic_visit(node)


def _swaps(node: ast.AST, place: str = "", line: str = "") -> Iterator[tuple[str, ast.AST, ast.AST]]:
    """Where something can be changed, what is there, and what could be there; annotations and decorators apart."""
    match node:
        case ast.FunctionDef() | ast.ClassDef():
            place, line = f"{place}.{node.name}", ""
        case ast.stmt() | ast.match_case():
            line = ast.unparse(node).partition("\n")[0]
    yield from ((f"{place} [{line}]", old, new) for old, new in _changed(node))
    for name, value in ast.iter_fields(node):
        if name not in {"annotation", "returns", "decorator_list"}:
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from _swaps(child, place, line)


def _changed(node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Boundaries moved, numbers one more and one less, and and or exchanged, conditions negated, statements dropped."""
    match node:
        case ast.Compare(left, [operator], right):
            yield node, ast.Compare(left, [_COMPARISONS[type(operator)]()], right)
        case ast.BoolOp(operator, values):
            yield node, ast.BoolOp(ast.Or() if isinstance(operator, ast.And) else ast.And(), values)
        case ast.Constant(int() | float() as number) if not isinstance(number, bool):
            yield from ((node, ast.Constant(number + step)) for step in (1, -1))
        case ast.AugAssign() | ast.Expr(ast.Call() | ast.Yield() | ast.YieldFrom()):
            yield node, ast.Pass()
        case ast.Assign([ast.Attribute() | ast.Subscript(), *_]):
            yield node, ast.Pass()
    yield from ((condition, ast.UnaryOp(ast.Not(), condition)) for condition in _conditions(node))


def _conditions(node: ast.AST) -> Sequence[ast.expr]:
    match node:
        case ast.If(test) | ast.IfExp(test) | ast.While(test):
            return [test]
        case ast.match_case(guard=ast.expr() as guard):
            return [guard]
        case ast.comprehension(ifs=conditions):
            return conditions
    return []
