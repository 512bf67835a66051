"""Replaces a piece of a module in its syntax tree: layout, comments and the code around it don't matter."""

import ast
from collections.abc import Iterator


def replaced(source: str, place: str, code: str, by: str) -> str:
    """The module with one piece of its code replaced.

    Args:
        source: The module.
        place: The qualified name of the function or class to look in; nothing for the whole module.
        code: An expression, or statements that follow each other.
        by: What comes instead; for an expression an expression.

    Raises:
        ValueError: There is no such place, or the piece is not there exactly once.
    """
    tree = ast.parse(source)
    replacer = _Replacer(ast.parse(code).body, ast.parse(by).body)
    replacer.visit(_found(tree, place))
    if replacer.count != 1:
        raise ValueError(f"{code!r} is {replacer.count} times in {place or 'the module'}, not once")
    return ast.unparse(ast.fix_missing_locations(tree))


def _found(tree: ast.Module, place: str) -> ast.AST:
    scope: ast.AST = tree
    for name in place.split(".") if place else ():
        named = [node for node in _definitions(scope) if node.name == name]
        if len(named) != 1:
            raise ValueError(f"{name} of {place} is there {len(named)} times, not once")
        scope = named[0]
    return scope


def _definitions(scope: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """The functions and classes of a scope, without those of its functions and classes."""
    for node in ast.iter_child_nodes(scope):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node
        else:
            yield from _definitions(node)


class _Replacer(ast.NodeTransformer):
    def __init__(self, old: list[ast.stmt], new: list[ast.stmt]) -> None:
        self.count = 0
        self._new = new
        self._old = [(type(statement), ast.dump(statement)) for statement in old]
        match old, new:
            case [ast.Expr(before)], [ast.Expr(after)]:
                self._expression: tuple[type[ast.expr], str, ast.expr] | None = type(before), ast.dump(before), after
            case _:
                self._expression = None

    def visit(self, node: ast.AST) -> ast.AST:
        if self._expression is None:
            self.generic_visit(node)
            for _, value in ast.iter_fields(node):
                if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                    self._replace(value)
            return node
        kind, dump, new = self._expression
        if isinstance(node, kind) and ast.dump(node) == dump:
            self.count += 1
            return new
        return self.generic_visit(node)

    def _replace(self, statements: list[ast.stmt]) -> None:
        length = len(self._old)
        for start in range(len(statements) - length, -1, -1):
            if self._are_old(statements[start : start + length]):
                self.count += 1
                statements[start : start + length] = self._new

    def _are_old(self, statements: list[ast.stmt]) -> bool:
        return all(
            type(each) is kind and ast.dump(each) == dump
            for each, (kind, dump) in zip(statements, self._old, strict=True)
        )
