"""``landfast outputs``: the stack's outputs."""

import typer

from landfast.cli.options import STATE, Json, State


def outputs(*, json: Json = False, state: State = STATE) -> None:
    """Show the outputs of the stack, as they are called at the endpoint.

    Example: landfast outputs

    Example: QUEUE_URL=$(landfast outputs --json | jq -r .QueueUrl)
    """
    import msgspec
    from rich.console import Console
    from rich.table import Table

    from landfast.cli.connection import running
    from landfast.service.clients import aws

    service = running(state)
    [stack] = aws(service, "cloudformation").describe_stacks(StackName=service.stack)["Stacks"]
    found = stack.get("Outputs", [])
    if json:
        typer.echo(msgspec.json.encode({each["OutputKey"]: each["OutputValue"] for each in found}))
        return
    if not found:
        typer.echo(f"the template of {service.stack} has no outputs")
        return
    table = Table("output", "value", "what it is", box=None, header_style="bold")
    for each in found:
        table.add_row(each["OutputKey"], each["OutputValue"], each.get("Description", ""))
    Console().print(table)
