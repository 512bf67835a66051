"""Runs the hazards' rules alone, by cfn-lint's runner, and writes what one of its reporters makes of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from cfnlint.config import ConfigMixIn
from cfnlint.exceptions import CfnLintExitException, ConfigFileError
from cfnlint.helpers import REGIONS, create_rules
from cfnlint.match import Match
from cfnlint.rules import Rules
from cfnlint.rules import errors as faults
from cfnlint.runner import Runner
from cfnlint.runner.cli import get_formatter

import landfast.lint
from landfast.errors import LandfastError

_STATUS: Final = {"error": 2, "warning": 4, "informational": 8}
"""The part of each severity in cfn-lint's exit status."""

_TEXT: Final = "text"
"""cfn-lint's own way, which has no name there."""


class _OwnRules(Runner):  # type: ignore[misc] # cfn-lint has no types
    """Knows the hazards' rules, and cfn-lint's for what cannot be read; other rules are cfn-lint's business."""

    def _get_rules(self) -> None:
        self.rules = Rules()
        for rule in (*create_rules(landfast.lint), *create_rules(faults)):
            self.rules.register(rule)


def report(
    paths: Sequence[Path],
    *,
    shape: str,
    ignore: Sequence[str],
    parameters: Mapping[str, str],
    region: str,
    output: Path | None,
) -> int:
    """Look at templates, write the report, and return cfn-lint's exit status.

    Args:
        paths: The templates.
        shape: The reporter.
        ignore: Ids of rules, or their beginnings.
        parameters: Values for the templates' parameters.
        region: The region to deploy to.
        output: The report's file; None for standard output.

    Raises:
        LandfastError: There is no such region, or a configuration of cfn-lint's that cannot be read.
    """
    if region not in REGIONS:
        raise LandfastError(f"--region {region}: cfn-lint knows no such region; us-east-1 is one")
    arguments = ["--format", shape] if shape != _TEXT else []
    for name, values in (
        ("--template", [str(path) for path in paths]),
        ("--ignore-checks", ignore),
        ("--parameters", [f"{name}={value}" for name, value in parameters.items()]),
        ("--regions", [region]),
    ):
        arguments += [name, *values] if values else []
    try:
        config = ConfigMixIn(arguments)
        runner = _OwnRules(config)
        matches = sorted(runner.run(), key=lambda match: (match.filename, match.linenumber, match.rule.id))
    except ConfigFileError as error:
        raise LandfastError(f"cfn-lint's configuration: {error}") from error
    except CfnLintExitException as error:
        raise LandfastError(str(error)) from error
    except Exception as error:  # whatever cfn-lint meets in a template that it takes for granted to be right
        names = ", ".join(map(str, paths))
        problem = f"cfn-lint ends at {names} ({type(error).__name__}: {error})"
        raise LandfastError(f"{problem}: `landfast check --template FILE` says what is wrong in it") from error
    text = get_formatter(config).print_matches(matches, runner.rules, config=config)
    if output is not None:
        output.write_text(f"{text or ''}\n", encoding="utf-8")
    elif text:
        print(text)  # noqa: T201 - as cfn-lint does
    return _status(matches)


def _status(matches: Sequence[Match]) -> int:
    status = 0
    for severity in {match.rule.severity for match in matches}:
        status |= _STATUS[severity]
    return status
