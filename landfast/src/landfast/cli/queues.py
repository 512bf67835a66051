"""``landfast queues`` and ``landfast peek``: what is in the queues."""

from typing import Annotated, Any

import typer

from landfast.cli.options import STATE, Json, State


def queues(*, json: Json = False, state: State = STATE) -> None:
    """Show every queue with what is in it.

    Example: landfast queues
    """
    import msgspec
    from rich.console import Console
    from rich.table import Table

    from landfast.cli.connection import running
    from landfast.service.clients import aws
    from landfast.service.queue_counts import counts

    counted = counts(aws(running(state), "sqs"))
    if json:
        typer.echo(msgspec.json.encode(counted))
        return
    table = Table("queue", "visible", "in flight", "delayed", box=None, header_style="bold")
    for queue in counted:
        table.add_row(queue.name, str(queue.visible), str(queue.in_flight), str(queue.delayed))
    Console().print(table)


def peek(
    queue: Annotated[str, typer.Argument(help="Its logical id, name, URL or ARN.", metavar="QUEUE")],
    limit: Annotated[int, typer.Option(help="At most so many messages.", min=1)] = 10,
    *,
    json: Json = False,
    state: State = STATE,
) -> None:
    """Show the messages of a queue, those in flight and the delayed ones too; looking changes nothing.

    Example: landfast peek S3-failure
    """
    import msgspec

    from landfast.cli.connection import find, running
    from landfast.delivery.strict_json import json_or_text
    from landfast.delivery.times import iso_milliseconds
    from landfast.service.local_client import peek

    service = running(state)
    target = find(service, "queue", queue)
    messages = peek(service.endpoint, target.name, limit)
    if json:
        typer.echo(
            msgspec.json.encode([{**msgspec.to_builtins(one), "body": json_or_text(one.body)} for one in messages])
        )
        return
    if not messages:
        typer.echo(f"{target.name}: no message")
    for number, message in enumerate(messages, start=1):
        until = f" until {iso_milliseconds(message.due)}" if message.due is not None else ""
        show(
            f"{target.name}, message {number} of {len(messages)}, {message.state}{until}, "
            f"received {message.receive_count} time(s)",
            message.body,
        )


def show(title: str, body: str) -> None:
    """Print a message with its body in colours, if it is JSON."""
    from landfast.delivery.strict_json import json_or_text

    show_body(title, json_or_text(body))


def show_body(title: str, value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Print a value under a title, in colours if it is no text."""
    import msgspec
    from rich.console import Console
    from rich.json import JSON
    from rich.panel import Panel
    from rich.text import Text

    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    content = Text(text) if isinstance(value, str) else JSON(text, indent=2, ensure_ascii=False).text
    content.no_wrap, content.overflow = False, "fold"
    console = Console()
    console.print(Text(title, style="bold"))
    console.print(Panel(content, border_style="dim"))
