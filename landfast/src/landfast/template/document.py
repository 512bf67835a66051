"""The text of a template as plain data: YAML with CloudFormation's short tags, or JSON."""

import json
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from landfast.template.errors import Mistake
from landfast.template.findings import Findings

Document: TypeAlias = dict[str, Any]

_TEXT, _MERGE = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "merge"))
_NOT_RESOLVED = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("timestamp", "value"))
"""Dates, and the lone ``=``, stay texts."""

_WITHOUT_PREFIX = frozenset({"Ref", "Condition"})
_SECTIONS = ("Parameters", "Mappings", "Conditions", "Globals", "Outputs")


class _Loader(yaml.SafeLoader):
    """PyYAML's loader with CloudFormation's rules: short tags, no dates, and of a key given twice the last one.

    Not aws-sam-translator's `yaml_parse`: it adds the tags to every `yaml.SafeLoader` of the process, and reads an
    unquoted ``Version: 2012-10-17`` as a date.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012 - a table of PyYAML's that it declares the same way
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in _NOT_RESOLVED]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    twice: list[str]

    def compose_mapping_node(self, anchor: dict[Any, yaml.Node]) -> yaml.MappingNode:
        """Notes each key that occurs twice; keys are texts, as in ``123456789012:`` of a mapping of accounts."""
        node = super().compose_mapping_node(anchor)
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE:
                if key.value in seen:
                    self.twice.append(f"line {key.start_mark.line + 1}: key {key.value}")
                seen.add(key.value)
                key.tag = _TEXT
        return node


def _intrinsic(loader: _Loader, name: str, node: yaml.Node) -> Document:
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


_Loader.add_multi_constructor("!", _intrinsic)


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
        elif not isinstance(resource.get("Properties") or {}, dict):
            findings.loses(logical_id, resource, "Properties: must be a mapping; look at the indentation")
        else:
            resources[logical_id] = {**resource, "Properties": resource.get("Properties") or {}}
    return {**document, "Resources": resources}


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
    try:
        loader = _Loader(text)
        loader.twice = twice
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        problem = error.problem or error.context or "unreadable"
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise Mistake((), f"{place}not YAML: {problem}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise Mistake((), f"not YAML: {' '.join(str(error).split())}") from None
