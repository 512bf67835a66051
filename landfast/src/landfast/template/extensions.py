"""What the transform ``AWS::LanguageExtensions`` does before anything else: it writes out loops and computed names.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from landfast.template.document import Document
from landfast.template.errors import Mistake, Unavailable, Where, dotted
from landfast.template.findings import Findings, reason_of
from landfast.template.intrinsics import Resolver, function_of, scalar

TRANSFORM = "AWS::LanguageExtensions"

_LOOP = "Fn::ForEach::"
_LOOPED = ("Conditions", "Resources", "Outputs")
_EXTENSIONS = frozenset({"Fn::Length", "Fn::ToJsonString"})
_WITH_DEFAULT = 4


def expanded(document: Document, resolver: Resolver, findings: Findings, *, declared: bool) -> Document:
    """The template with its loops written out. A loop that cannot be is left out and named.

    Args:
        document: The template; it is not changed.
        resolver: Resolves the collections, which may depend on parameters and mappings.
        findings: Takes what is to be said.
        declared: True if the template has the transform, without which AWS knows none of this.
    """
    used = {*_used(document)}
    if used and not declared:
        findings.lines.append(
            f"Transform: add {TRANSFORM}: CloudFormation refuses {', '.join(sorted(used))} without it; it works here"
        )
    loops = _Loops(resolver, findings)
    return {
        name: loops.written_out(section, (name,), {}) if name in _LOOPED else section
        for name, section in document.items()
    }


class _Loops:
    def __init__(self, resolver: Resolver, findings: Findings) -> None:
        self._resolver = resolver
        self._findings = findings

    def written_out(self, value: object, where: Where, names: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
        """The value, `names` put in place of the identifiers of the loops around it."""
        if isinstance(value, str):
            return _filled(value, names)
        if isinstance(value, list):
            return [self.written_out(item, (*where, index), names) for index, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        if value.keys() == {"Ref"} and isinstance(value["Ref"], str) and value["Ref"] in names:
            return names[value["Ref"]]
        written: Document = {}
        for key, member in value.items():
            if isinstance(key, str) and key.startswith(_LOOP):
                written |= self._loop(member, (*where, key), names)
            else:
                name = _filled(key, names) if isinstance(key, str) else key
                written[name] = self.written_out(member, (*where, name), names)
        return self._named(written, where)

    def _loop(self, declared: object, where: Where, names: Mapping[str, str]) -> Document:
        try:
            identifier, items, body = self._parts(declared, where, names)
        except (Mistake, Unavailable) as error:
            self._findings.leaves_out(dotted(where), "the loop", reason_of(error))
            return {}
        written: Document = {}
        for item in items:
            written |= self.written_out(body, where[:-1], {**names, identifier: item})
        return written

    def _parts(self, declared: object, where: Where, names: Mapping[str, str]) -> tuple[str, list[str], Document]:
        match declared:
            case [str() as identifier, collection, dict() as body]:
                found = self._resolver.resolve(self.written_out(collection, where, names), ())
            case _:
                raise Mistake((), "wants an identifier, a collection and a mapping")
        items = [scalar(item) for item in self._flat(found)]
        if None in items:
            raise Mistake((), "wants a list of texts as its collection")
        return identifier, [item for item in items if item is not None], body

    def _flat(self, found: object) -> Iterator[object]:
        """The items of a collection; one that is a list itself, as the Ref of a list parameter is, gives its own."""
        for item in found if isinstance(found, list) else [found]:
            yield from item if isinstance(item, list) else [item]

    def _named(self, value: Document, where: Where) -> Document:
        """A Ref or Fn::GetAtt whose name is computed, with the name."""
        function = function_of(value)
        match function, value.get(function or ""):
            case "Ref", dict() as computed:
                return {"Ref": self._text(computed, where)}
            case "Fn::GetAtt", [*parts] if any(isinstance(part, dict) for part in parts):
                return {"Fn::GetAtt": [self._text(part, where) for part in parts]}
        return value

    def _text(self, computed: object, where: Where) -> object:
        try:
            return self._resolver.resolve(computed, where)
        except (Mistake, Unavailable):
            return computed  # whoever needs the value meets the same, and is named for it


def _filled(text: str, names: Mapping[str, str]) -> str:
    """A text with the values of the identifiers; of ``&{Name}`` only letters and digits are taken."""
    for name, item in names.items():
        text = text.replace(f"${{{name}}}", item).replace(f"&{{{name}}}", re.sub(r"[^A-Za-z0-9]", "", item))
    return text


def _used(value: object) -> Iterator[str]:
    """The functions of the extensions that a value uses."""
    if isinstance(value, list):
        for item in value:
            yield from _used(item)
    elif isinstance(value, dict):
        for key, member in value.items():
            if str(key).startswith(_LOOP):
                yield _LOOP.removesuffix("::")
            elif key in _EXTENSIONS:
                yield str(key)
            elif key == "Fn::FindInMap" and isinstance(member, list) and len(member) == _WITH_DEFAULT:
                yield "DefaultValue of Fn::FindInMap"
            yield from _used(member)
