"""What cfn-lint, by AWS's own schemas and rules, finds wrong in a template."""

import json
import re
from collections.abc import Mapping
from typing import Any

from cfnlint.api import lint
from cfnlint.config import ManualArgs

from landfast.template.errors import Mistake, dotted

_ERROR = "E"
_WITHOUT_TRANSFORM = "E3038"
"""A type of SAM's where there is no transform: SAM has been there, and those that it leaves to AWS are right."""

_CHOICES = re.compile(r", one of \[.*\]")


def errors(document: Mapping[str, Any], region: str) -> list[str]:
    """One line for each error in a template in plain CloudFormation, each with cfn-lint's number of the rule.

    Warnings are left out: AWS deploys what they are about.

    Raises:
        Mistake: cfn-lint fails at the template.
    """
    try:
        matches = lint(json.dumps(document), config=ManualArgs(regions=[region], ignore_checks=[_WITHOUT_TRANSFORM]))
    except Exception as error:  # whatever cfn-lint meets in a template that it takes for granted to be right
        raise Mistake((), f"cfn-lint ends at it ({type(error).__name__}: {error}); correct what is named") from error
    lines = []
    for match in matches:
        if match.rule.id.startswith(_ERROR):
            steps = [step for step in match.path or () if isinstance(step, str | int)]
            place = dotted(tuple(steps[1:] if steps[:1] == ["Resources"] else steps))
            text = _CHOICES.sub("", " ".join(match.message.split()))
            lines.append(f"{f'{place}: ' if place else ''}{text} (cfn-lint {match.rule.id})")
    return list(dict.fromkeys(lines))
