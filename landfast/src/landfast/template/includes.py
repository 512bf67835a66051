"""``AWS::Include``: parts of a template that are in files of their own.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-include.html
"""

from pathlib import Path
from typing import Any

from landfast.template.document import Document, load
from landfast.template.errors import Mistake, Where, dotted
from landfast.template.findings import Findings, reason_of

_TRANSFORM = "Fn::Transform"
_NAME = "AWS::Include"
_DEEP = 2
"""Steps to a resource: a part of one that cannot be had is told where the resource is read."""


def included(document: Document, folder: Path, findings: Findings) -> Document:
    """The template with its parts put in. One that is not on this machine is left out and named.

    Args:
        document: The template; it is not changed.
        folder: The template's own, from which the parts are found.
        findings: Takes what is to be said.
    """
    return _Including(folder, findings).whole(document)


class _Including:
    def __init__(self, folder: Path, findings: Findings) -> None:
        self._folder = folder
        self._findings = findings

    def whole(self, document: Document) -> Document:
        """The template; its own transforms may be inclusions as well."""
        declared = document.get("Transform")
        listed = declared if isinstance(declared, list) else [declared]
        inclusions = [each for each in listed if isinstance(each, dict) and each.get("Name") == _NAME]
        parts: Document = {}
        for each in inclusions:
            parts |= self._part(each, ("Transform",)) or {}
        result: Document = {**parts, **self.inside(document, ())}
        if inclusions:
            result["Transform"] = [each for each in listed if each not in inclusions]
        return result

    def inside(self, value: object, where: Where) -> Any:  # noqa: ANN401 - a template holds any JSON value
        """A value with what it includes."""
        if isinstance(value, list):
            return [self.inside(item, (*where, index)) for index, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        own = {
            key: self.inside(member, (*where, str(key)))
            for key, member in value.items()
            if key != _TRANSFORM or not isinstance(member, dict) or member.get("Name") != _NAME
        }
        if len(own) == len(value):
            return own
        part = self._part(value[_TRANSFORM], (*where, _TRANSFORM))
        if part is None and where[:1] == ("Resources",) and len(where) >= _DEEP:
            return {**own, _TRANSFORM: value[_TRANSFORM]}
        return {**(part or {}), **own}

    def _part(self, inclusion: Document, where: Where) -> Document | None:
        parameters = inclusion.get("Parameters")
        location = parameters.get("Location") if isinstance(parameters, dict) else None
        try:
            return self._read(location)
        except Mistake as error:
            if where[:1] != ("Resources",) or len(where) <= _DEEP:
                self._findings.leaves_out(dotted(where), f"{_NAME} of {location}", reason_of(error))
            return None

    def _read(self, location: object) -> Document:
        if not isinstance(location, str) or "://" in location:
            raise Mistake((), "it is not on this machine; give a file beside the template as its Location")
        part = load(self._folder / location, self._findings)
        if not isinstance(part, dict):
            raise Mistake((), "it must be a mapping")
        return part
