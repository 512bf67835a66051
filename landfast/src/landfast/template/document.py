"""The text of a template as plain data: YAML with CloudFormation's short tags, or JSON."""

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import yaml
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

from landfast.delivery.strict_json import whole
from landfast.template.errors import Mistake
from landfast.template.findings import Findings

Document: TypeAlias = dict[str, Any]

_TEXT, _MERGE = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "merge"))
_NOT_RESOLVED = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("timestamp", "value"))
"""Dates, and the lone ``=``, stay texts."""

_DEEPEST = 200
"""The most levels of a template: no real one has a tenth, and whatever follows recurses."""

_HALF_A_PAIR = re.compile(r"\\(u|U0000)[dD][89a-fA-F][0-9a-fA-F]{2}")

_WITHOUT_PREFIX = frozenset({"Ref", "Condition"})
_SECTIONS = ("Parameters", "Mappings", "Conditions", "Globals", "Outputs")


_TYPE = re.compile(r"[\w@-]+(::[\w@-]+)*")
"""The form of a type; those of custom resources and of modules have it, too."""


class _Rules(SafeConstructor, Resolver):
    """CloudFormation's rules: short tags, no dates, and of a key given twice the last one.

    Not aws-sam-translator's `yaml_parse`: it adds the tags to every `yaml.SafeLoader` of the process, and reads an
    unquoted ``Version: 2012-10-17`` as a date.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012 - a table of PyYAML's that it declares the same way
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in _NOT_RESOLVED]
        for first, resolvers in Resolver.yaml_implicit_resolvers.items()
    }


class _Loader(_Rules, yaml.SafeLoader):
    """PyYAML's own loader, which tells best what is wrong."""


class _QuickLoader(_Rules, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # one or the other
    """libyaml's loader, which takes a tenth of the time, where PyYAML was built with it."""


def _intrinsic(loader: _Rules, name: str, node: yaml.Node) -> Document:
    function = name if name in _WITHOUT_PREFIX else f"Fn::{name}"
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if name == "GetAtt":
            value = str(value).split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    return {function: value}


_Rules.add_multi_constructor("!", _intrinsic)


def load(path: Path, findings: Findings) -> object:
    """The content of a template, or of a part of one, short tags written out (``!Ref X`` as ``{"Ref": "X"}``).

    Raises:
        Mistake: It cannot be read, or is neither YAML nor JSON, with its line and column.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Mistake((), f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise Mistake((), f"is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    except ValueError as error:  # a path that is none
        raise Mistake((), f"cannot be read: {error}") from None
    return parse(text, findings)


def parse(text: str, findings: Findings) -> object:
    """Text as `load` reads it. Of a key that is given twice the last one counts, which is told.

    CloudFormation does the same, in YAML and in JSON (github.com/go-to-k/cdk-real-drift/issues/1074).

    Raises:
        Mistake: Text that is neither YAML nor JSON, with its line and column.
    """
    twice: list[str] = []
    try:
        document = _json(text, twice) if text.lstrip().startswith("{") else _yaml(text, twice)
    except RecursionError:
        raise Mistake((), "nested too deeply to be a template") from None
    if (escape := _HALF_A_PAIR.search(text)) and _holds_halves(document):
        line = text.count("\n", 0, escape.start()) + 1
        raise Mistake((), f"line {line}: {escape[0]} is half a surrogate pair, which is no text; write the character")
    meaning = "is given twice: the last one counts, here and for CloudFormation; delete the other"
    findings.lines += [f"{place} {meaning}" for place in twice]
    return document


def sections(document: object, findings: Findings) -> Document:
    """The template's sections, those that are none left out.

    Raises:
        Mistake: There are no resources.
    """
    if not isinstance(document, dict):
        raise Mistake((), "not a template: it has no sections; begin with 'Resources:'")
    kept = dict(document)
    for name in _SECTIONS:
        section = kept.setdefault(name, {})
        if section is not None and not isinstance(section, dict):
            findings.leaves_out(name, "the section", "it must be a mapping; look at the indentation")
        if not section or not isinstance(section, dict):
            del kept[name]
    resources = kept.get("Resources")
    if resources is not None and not isinstance(resources, dict):
        raise Mistake(("Resources",), "must be a mapping; look at the indentation")
    if not resources:
        raise Mistake(("Resources",), "the section is missing or empty; declare at least one resource")
    return kept


def without_what_is_no_resource(document: Document, findings: Findings) -> Document:
    """The template with resources that have a type and properties; the others are named."""
    resources: Document = {}
    for logical_id, resource in document["Resources"].items():
        if logical_id.startswith("Fn::"):
            findings.leaves_out(f"Resources.{logical_id}", "what it makes", "it runs on AWS only; write it out")
        elif not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
            findings.loses(logical_id, resource, "it must be a mapping with a Type; look at the indentation")
        elif not _TYPE.fullmatch(resource["Type"]):
            findings.loses(logical_id, None, f"Type: {resource['Type']!r} is no type; AWS::SQS::Queue is one")
        elif not isinstance(resource.get("Properties") or {}, dict):
            findings.loses(logical_id, resource, "Properties: must be a mapping; look at the indentation")
        else:
            resources[logical_id] = {**resource, "Properties": resource.get("Properties") or {}}
    return {**document, "Resources": resources}


def _holds_halves(value: object) -> bool:
    match value:
        case str():
            return whole(value) != value
        case dict():
            return any(_holds_halves(part) for pair in value.items() for part in pair)
        case list():
            return any(map(_holds_halves, value))
    return False


def _json(text: str, twice: list[str]) -> object:
    def pairs(members: list[tuple[str, Any]]) -> Document:
        document = dict(members)
        if len(document) < len(members):
            keys = [key for key, _ in members]
            twice.extend(f"key {key}" for key in document if keys.count(key) > 1)
        return document

    try:
        return json.loads(text, object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        try:
            return _yaml(text, twice)  # a flow mapping begins like an object of JSON
        except Mistake:
            problem = f"line {error.lineno}, column {error.colno}: not JSON: {error.msg}"
            raise Mistake((), problem) from None


def _yaml(text: str, twice: list[str]) -> object:
    if "\t" not in text:  # libyaml takes tabs in places where YAML has none
        with contextlib.suppress(yaml.YAMLError, ValueError):
            return _loaded(_QuickLoader(text), twice)  # type: ignore[call-arg] # its base is one or the other
    try:
        return _loaded(_Loader(text), twice)
    except yaml.MarkedYAMLError as error:
        problem = error.problem or error.context or "unreadable"
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise Mistake((), f"{place}not YAML: {problem}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise Mistake((), f"not YAML: {' '.join(str(error).split())}") from None


def _loaded(loader: Any, twice: list[str]) -> object:  # noqa: ANN401 - one of the two
    try:
        node = loader.get_single_node()
        found = [*_texts_for_keys(node, set())]
        document = None if node is None else loader.construct_document(node)
    finally:
        loader.dispose()
    twice += found
    return document


def _texts_for_keys(node: yaml.Node | None, seen: set[int], depth: int = 0) -> Iterator[str]:
    """Make each key a text, as in ``123456789012:`` of a mapping of accounts, and tell those that occur twice."""
    if depth > _DEEPEST:
        raise RecursionError
    if node is None or id(node) in seen or isinstance(node, yaml.ScalarNode):
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _texts_for_keys(item, seen, depth + 1)
        return
    keys: set[str] = set()
    for key, value in node.value:
        yield from _texts_for_keys(value, seen, depth + 1)
        if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE:
            if key.value in keys:
                yield f"line {key.start_mark.line + 1}: key {key.value}"
            keys.add(key.value)
            key.tag = _TEXT
