"""Which commands there are, and how their errors end."""

import sys

import typer

from landfast.cli import demo, down, events, invoke, queues, send, simulate, up

app = typer.Typer(
    name="landfast",
    help="Run an event-driven SAM application on this machine, with Lambda's own delivery rules.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # laying out help in colour would triple the time that --help takes
    context_settings={"max_content_width": 120},
)
app.command()(up.up)
app.command()(demo.demo)
app.add_typer(send.app, name="send")
app.command()(queues.queues)
app.command()(queues.peek)
app.command()(invoke.invoke)
app.command()(events.events)
app.command()(down.down)
app.command()(simulate.simulate)


def run() -> None:
    """Run the command line; what the user can mend is one line on standard error and exit status 1."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if not _is_for_the_user(error):
            raise
        sys.exit(f"landfast: {' '.join(str(error).split())}")


def _is_for_the_user(error: Exception) -> bool:
    """Whether the message says what to mend; judged without importing the modules that define such errors."""
    names = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__}
    return bool(
        names
        & {
            "landfast.service.state.ServiceError",
            "landfast.template.errors.TemplateError",
            "landfast.dataplane.errors.EngineError",
            "landfast.dataplane.errors.DataplaneError",
            "landfast.delivery.errors.Refused",
            "botocore.exceptions.BotoCoreError",
            "botocore.exceptions.ClientError",
        }
    )
