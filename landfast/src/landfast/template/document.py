"""The text of a template as plain data: YAML with CloudFormation's short tags, or JSON."""

import json
from typing import Any

import yaml

from landfast.template.errors import Mistake

type Document = dict[str, Any]

_TEXT, _DATE, _MERGE = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "timestamp", "merge"))
_WITHOUT_PREFIX = frozenset({"Ref", "Condition"})


class _Loader(yaml.SafeLoader):
    """PyYAML's loader with CloudFormation's rules: short tags, no dates, no key twice.

    Not aws-sam-translator's `yaml_parse`: it adds the tags to every `yaml.SafeLoader` of the process, reads an unquoted
    ``Version: 2012-10-17`` as a date and keeps the last of two equal keys.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012 - a table of PyYAML's that it declares the same way
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _DATE]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_mapping_node(self, anchor: dict[Any, yaml.Node]) -> yaml.MappingNode:
        """Refuses a key that occurs twice; keys are texts, as in ``123456789012:`` of a mapping of accounts."""
        node = super().compose_mapping_node(anchor)
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE:
                if key.value in seen:
                    raise yaml.composer.ComposerError(None, None, f"duplicate key {key.value}", key.start_mark)
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


def parse(text: str) -> Document:
    """The template's sections, short tags written out (``!Ref X`` as ``{"Ref": "X"}``).

    Raises:
        Mistake: Text that is neither YAML nor JSON, with its line and column; or no template.
    """
    try:
        document = _json(text) if text.lstrip().startswith("{") else _yaml(text)
    except RecursionError:
        raise Mistake((), "nested too deeply to be a template") from None
    if not isinstance(document, dict):
        raise Mistake((), "not a template: it has no sections; begin with 'Resources:'")
    for section in ("Parameters", "Mappings", "Conditions", "Resources", "Outputs"):
        if not isinstance(document.get(section, {}), dict):
            raise Mistake((section,), "must be a mapping; look at the indentation")
    resources = document.get("Resources")
    if not resources:
        raise Mistake(("Resources",), "the section is missing or empty; declare at least one resource")
    for logical_id, resource in resources.items():
        _check_resource(str(logical_id), resource)
    return document


def _check_resource(logical_id: str, resource: object) -> None:
    if logical_id.startswith("Fn::ForEach::"):
        raise Mistake((logical_id,), "Fn::ForEach is not expanded here; write the resources out")
    if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
        raise Mistake((logical_id,), "must be a mapping with a Type; look at the indentation")
    if not isinstance(resource.get("Properties", {}), dict):
        raise Mistake((logical_id, "Properties"), "must be a mapping; look at the indentation")


def _json(text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_without_duplicates)
    except json.JSONDecodeError as error:
        raise Mistake((), f"line {error.lineno}, column {error.colno}: not JSON: {error.msg}") from None


def _without_duplicates(pairs: list[tuple[str, Any]]) -> Document:
    document = dict(pairs)
    if len(document) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise Mistake((), f"not a template: duplicate key {twice}; keep one of the two")
    return document


def _yaml(text: str) -> object:
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - _Loader is a SafeLoader
    except yaml.MarkedYAMLError as error:
        problem = error.problem or error.context or "unreadable"
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise Mistake((), f"{place}not YAML: {problem}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise Mistake((), f"not YAML: {' '.join(str(error).split())}") from None
