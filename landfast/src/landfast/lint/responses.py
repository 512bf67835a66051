"""What a handler returns, as far as its source tells, against what the mapping takes."""

import ast
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Final

from landfast.lint.application import Application, EventSourceMapping, Function
from landfast.lint.forecast import Forecast, one_bad_message, one_bad_record
from landfast.lint.hazard import Finding, hazard
from landfast.report.wording import several
from landfast.simulate.declared import retention_of
from landfast.template.model import Queue

_SQS: Final = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html"

_FAILURES: Final = "batchItemFailures"
_PROCESSORS: Final = frozenset({"async_process_partial_response", "process_partial_response"})
"""Powertools' functions whose result says what failed."""

_HINTS: Final = frozenset({*_PROCESSORS, "batch_processor", "async_batch_processor", "BatchProcessor"})
_INLINE: Final = "index"
"""The module that Lambda makes of code in the template."""


class Returns(Enum):
    """What a handler returns."""

    FAILURES = "which records failed"
    NO_FAILURES = "never which records failed"
    UNKNOWN = "what cannot be told"


@hazard("E9531", "Partial responses that do not count", "S-71", "S-98", source=_SQS)
def not_declared(application: Application) -> Iterator[Finding]:
    """Without ReportBatchItemFailures every response is a success.

    What the function reports as failed is deleted, or passed over, as if it had been handled. It is reported if the
    source of a Python handler returns batchItemFailures.
    """
    for mapping in application.mappings.values():
        if mapping.source is None or mapping.reports_failures:
            continue
        if returns(application, mapping.function) is Returns.FAILURES:
            told = _played(mapping)
            text = ""
            if told is not None:
                size = len(told.account.records.shown)
                text = (
                    f" Of a batch of {several(size, 'record')}, one of them reported as failed, "
                    f"{told.count('processed')} count as processed."
                )
            yield Finding(
                (mapping.logical_id, "FunctionResponseTypes"),
                f"{mapping.function.logical_id} returns which records failed, and its mapping of "
                f"{mapping.source.logical_id} does not take that: they are lost.{text} Set FunctionResponseTypes to "
                "[ReportBatchItemFailures].",
                told,
            )


@hazard("W9532", "Partial responses that never come", "S-70", "S-97", source=_SQS)
def never_returned(application: Application) -> Iterator[Finding]:
    """ReportBatchItemFailures is declared, and the function reports nothing: it succeeds or fails as a whole.

    It is reported if each return of a Python handler is a constant, or there is none, and nothing in its module
    hints at batchItemFailures or at Powertools' batches.
    """
    for mapping in application.mappings.values():
        if mapping.source is None or not mapping.reports_failures:
            continue
        if returns(application, mapping.function) is Returns.NO_FAILURES:
            told = _played(mapping, reported=False)
            text = ""
            if told is not None:
                good = [each.invocations for each in told.account.records.shown if each.record != "r1"]
                if good and max(good) > 1:
                    text = (
                        f" {several(len(good), 'good record')} beside a bad one are handed to it "
                        f"{several(max(good), 'time')} within {told.ended}."
                    )
            yield Finding(
                (mapping.logical_id, "FunctionResponseTypes"),
                f"The mapping of {mapping.source.logical_id} takes partial batch responses, and "
                f"{mapping.function.logical_id} never returns one: a bad record fails its whole batch.{text} Return "
                f"{_FAILURES}.",
                told,
            )


def returns(application: Application, function: Function) -> Returns:
    """What the handler of a function returns, as far as its source tells."""
    found = _source(application, function)
    if found is None:
        return Returns.UNKNOWN
    text, name = found
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError):
        return Returns.UNKNOWN
    handler = next((each for each in module.body if isinstance(each, ast.FunctionDef) and each.name == name), None)
    if handler is None:
        return Returns.UNKNOWN
    results = [node.value for node in _own(handler) if isinstance(node, ast.Return)]
    if any(_says_what_failed(result, handler) for result in results):
        return Returns.FAILURES
    plain = all(result is None or _is_constant(result) for result in results)
    if plain and not handler.decorator_list and not _hints(module):
        return Returns.NO_FAILURES
    return Returns.UNKNOWN


def _played(mapping: EventSourceMapping, *, reported: bool = True) -> Forecast | None:
    if isinstance(mapping.source, Queue):
        return one_bad_message(mapping, mapping.source, reported=reported)
    if mapping.source is None:
        return None
    return one_bad_record(mapping, retention_of(mapping.source), reported=reported, until=3600)


def _source(application: Application, function: Function) -> tuple[str, str] | None:
    """The text of the handler's module, and the handler's name in it."""
    module, _, name = (function.handler or "").rpartition(".")
    if not module:
        return None
    inline = application.inline_code_of(function)
    if inline is not None:
        return (inline, name) if module == _INLINE else None
    folder = application.code_of(function)
    if folder is None:
        return None
    path = folder.joinpath(*module.replace("/", ".").split("."))
    for file in (path.with_name(f"{path.name}.py"), path / "__init__.py"):
        if file.is_file():
            return _read(file, name)
    return None


def _read(file: Path, name: str) -> tuple[str, str] | None:
    try:
        return file.read_text(encoding="utf-8"), name
    except (OSError, UnicodeDecodeError):
        return None  # it cannot be told what is in it


def _own(function: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a function without those of functions in it."""
    for node in ast.iter_child_nodes(function):
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            yield from _own(node)


def _says_what_failed(result: ast.expr | None, handler: ast.FunctionDef) -> bool:
    match result:
        case ast.Dict(keys=keys):
            return any(isinstance(key, ast.Constant) and key.value == _FAILURES for key in keys)
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
            return name in _PROCESSORS
        case ast.Name(id=name):
            return any(
                isinstance(node, ast.Assign)
                and any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
                and not isinstance(node.value, ast.Name)
                and _says_what_failed(node.value, handler)
                for node in _own(handler)
            )
    return False


def _is_constant(result: ast.expr) -> bool:
    match result:
        case ast.Constant():
            return True
        case ast.Dict(keys=keys):
            return all(isinstance(key, ast.Constant) and isinstance(key.value, str) for key in keys)
    return False


def _hints(module: ast.Module) -> bool:
    for node in ast.walk(module):
        match node:
            case ast.Constant(value=str(text)) if _FAILURES in text:
                return True
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name) if name in _HINTS:
                return True
    return False
