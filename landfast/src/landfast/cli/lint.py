"""``landfast lint``: hazards of delivery in a template, before it is deployed."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from landfast.cli.up import Parameters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from landfast.lint.hazard import Hazard


class Format(StrEnum):
    """What cfn-lint's reporters write."""

    TEXT = "text"
    PRETTY = "pretty"
    PARSEABLE = "parseable"
    QUIET = "quiet"
    JSON = "json"
    JUNIT = "junit"
    SARIF = "sarif"


def lint(  # noqa: PLR0917 - typer makes an option of each
    templates: Annotated[
        list[Path] | None,
        typer.Argument(
            help="SAM or CloudFormation templates, or folders with one, such as cdk.out; without any template.yaml, "
            ".yml or .json.",
            metavar="[TEMPLATE]...",
        ),
    ] = None,
    template: Annotated[
        list[Path] | None, typer.Option("--template", "-t", help="The same; may be repeated.", metavar="FILE")
    ] = None,
    shape: Annotated[Format, typer.Option("--format", "-f", help="How to report.")] = Format.TEXT,
    ignore: Annotated[
        list[str] | None,
        typer.Option("--ignore", "-i", help="A rule, or the beginning of several; may be repeated.", metavar="W9501"),
    ] = None,
    parameter: Parameters = None,
    region: Annotated[str, typer.Option(help="The region to deploy to.")] = "us-east-1",
    explain: Annotated[
        str | None, typer.Option("--explain", help="Say what a rule is about, and nothing else.", metavar="W9501")
    ] = None,
    scenarios: Annotated[
        Path | None,
        typer.Option("--scenarios", help="Write what the simulator has played to this folder.", metavar="FOLDER"),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the report to this file.", metavar="FILE")
    ] = None,
) -> None:
    """Find settings by which events are lost, held up or handled again, and say what will happen with them.

    The figures are worked out by the simulator, with the template's own settings. These are rules of cfn-lint, which
    finds the same by `cfn-lint -a landfast.lint -- template.yaml`; it reads the ignore_checks of a template's or a
    resource's Metadata. The exit status is cfn-lint's: 2 for errors, 4 for warnings, 6 for both, 0 if there is nothing.

    Examples: landfast lint, or: landfast lint cdk.out --format sarif --output lint.sarif, or:
    landfast lint --explain W9502
    """
    from landfast.cli.up import pairs
    from landfast.lint.hazards import HAZARDS

    if explain is not None:
        typer.echo(_explained(HAZARDS, explain))
        return
    from landfast.cli.template_file import template_files
    from landfast.lint.report import report

    given: list[Path | None] = [*(templates or ()), *(template or ())] or [None]
    paths = [path for each in given for path in template_files(each)]
    given_parameters = dict(pairs("--parameter", parameter))
    status = report(
        paths, shape=shape.value, ignore=ignore or [], parameters=given_parameters, region=region, output=output
    )
    if scenarios is not None:
        from landfast.lint.scenarios import write

        for file in write(paths, scenarios, ignore=ignore or [], parameters=given_parameters, region=region):
            typer.echo(f"landfast simulate {file}", err=True)
    if not status and shape is Format.TEXT:
        typer.echo(f"no hazards found in {', '.join(map(str, paths))}")
    raise typer.Exit(status)


def _explained(hazards: "Mapping[str, Hazard]", wanted: str) -> str:
    from landfast.errors import LandfastError

    found = hazards.get(wanted.upper())
    if found is None:
        raise LandfastError(f"--explain {wanted}: there is no such rule; there are {', '.join(hazards)}")
    lines = [f"{found.id}  {found.title}", "", found.text, ""]
    if found.rules:
        lines.append(f"rules   {', '.join(found.rules)}, in docs/rules.md")
    lines += [
        f"source  {found.source}",
        f"ignore  landfast lint --ignore {found.id}, or of one resource by its Metadata:",
        f"        Metadata: {{ cfn-lint: {{ config: {{ ignore_checks: [{found.id}] }} }} }}",
    ]
    return "\n".join(lines)
