"""``landfast check``: what of a template does not run here, and what AWS would refuse of it."""

from typing import Annotated

import typer

from landfast.cli.up import Parameters, Template


def check(
    template: Template = None,
    parameter: Parameters = None,
    region: Annotated[str, typer.Option(help="The region to deploy to.")] = "us-east-1",
) -> None:
    """Say what of a template does not run on this machine, and what AWS would refuse to deploy; nothing is started.

    The second is what SAM refuses, and what cfn-lint finds by AWS's schemas in what SAM makes of the template. It takes
    some seconds. Exit status 1 tells that there is something of it.

    Example: landfast check --template template.yaml
    """
    from landfast.cli.template_file import template_file
    from landfast.cli.up import pairs
    from landfast.template import read, refusals

    path = template_file(template)
    parameters = dict(pairs("--parameter", parameter))
    found = read(path, stack_name="landfast", parameters=parameters, region=region)
    refused = refusals(path, parameters=parameters, region=region)
    for line in (*found.stand_ins, *found.not_run):
        if line not in refused:
            typer.echo(line)
    for line in refused:
        typer.echo(f"AWS would refuse: {line}")
    if refused:
        raise typer.Exit(1)
    typer.echo("SAM and cfn-lint find nothing that AWS would refuse")
