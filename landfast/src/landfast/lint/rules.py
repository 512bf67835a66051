"""The hazards as rules of cfn-lint."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakKeyDictionary

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

from landfast.lint.hazard import Finding, Hazard
from landfast.lint.hazards import HAZARDS, findings
from landfast.lint.places import place
from landfast.template.reader import REGION

if TYPE_CHECKING:
    from collections.abc import Mapping

_PIPE = "template.yaml"
"""The name of a template from a pipe, which has none: its code is looked for in the folder in which we are."""

_found: WeakKeyDictionary[Template, list[tuple[Hazard, Finding]]] = WeakKeyDictionary()
"""All that was found in a template, so that it is read once and not for each rule."""


class Rule(CloudFormationLintRule):  # type: ignore[misc] # cfn-lint has no types
    """A hazard as a rule."""

    hazard: ClassVar[Hazard]

    def match(self, cfn: Template) -> list[RuleMatch]:
        """What is found of the hazard in a template."""
        return [
            RuleMatch(place(cfn.template, finding.at), message(self.hazard, finding))
            for hazard, finding in _all(cfn)
            if hazard is self.hazard
        ]


def rules() -> dict[str, type[Rule]]:
    """A class for each hazard, by its name."""
    return {each.id: _rule(each) for each in HAZARDS.values()}


def message(hazard: Hazard, finding: Finding) -> str:
    """What a finding says, with the rules that make it a hazard."""
    numbers = ", ".join(hazard.rules)
    return f"{finding.message} ({numbers})" if numbers else finding.message


def _rule(hazard: Hazard) -> type[Rule]:
    members = {
        "__doc__": hazard.text,
        "hazard": hazard,
        "id": hazard.id,
        "shortdesc": hazard.title,
        "description": hazard.text,
        "source_url": hazard.source,
        "tags": ["delivery", "lambda", *hazard.rules],
    }
    return type(hazard.id, (Rule,), members)


def _all(cfn: Template) -> list[tuple[Hazard, Finding]]:
    if cfn not in _found:
        given = _parameters(cfn)
        region = cfn.regions[0] if cfn.regions else REGION
        if cfn.filename:
            _found[cfn] = findings(Path(cfn.filename), parameters=given, region=region)
        else:
            plain = json.loads(json.dumps(cfn.template))
            _found[cfn] = findings(Path(_PIPE), parameters=given, region=region, document=plain)
    return _found[cfn]


def _parameters(cfn: Template) -> dict[str, str]:
    """The values that cfn-lint was given for the template's parameters, of several sets the first."""
    sets = cfn.context.parameter_sets
    declared: Mapping[str, Any] = cfn.template.get("Parameters") or {}
    given: Mapping[str, Any] = sets[0].parameters if sets else {}
    return {name: _text(value) for name, value in given.items() if name in declared}


def _text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
