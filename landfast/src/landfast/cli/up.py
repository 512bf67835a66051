"""``landfast up``: run the stack until Ctrl-C."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from landfast.cli.options import STATE, State

if TYPE_CHECKING:
    from rich.console import Console

    from landfast.dataplane.engine import EngineName
    from landfast.service.service import Options, Service

Template = Annotated[
    Path | None,
    typer.Option(
        "--template",
        "-t",
        help="The SAM or CloudFormation template, or the folder it is in; without it template.yaml, .yml or .json.",
        metavar="FILE",
    ),
]
Stack = Annotated[str | None, typer.Option(help="The stack's name; the folder's name without it.", metavar="NAME")]
Parameters = Annotated[
    list[str] | None,
    typer.Option("--parameter", "-p", help="A parameter of the template; may be repeated.", metavar="NAME=VALUE"),
]
Speed = Annotated[float, typer.Option(help="Let waits pass so many times faster: 60 makes minutes seconds.", min=0.01)]
SkipWaits = Annotated[
    bool, typer.Option("--skip-waits", help="Let time jump to what is due next as soon as everything rests.")
]
Sandbox = Annotated[
    bool,
    typer.Option(
        "--sandbox/--no-sandbox",
        help="Give functions no more than Lambda does: code that is read-only, a /tmp of their own, no /dev/shm.",
    ),
]
Debug = Annotated[
    str | None, typer.Option(help="Let a debugger attach to this function, by its logical id.", metavar="FUNCTION")
]
DebugPort = Annotated[int, typer.Option(help="Where the debugger connects.", metavar="PORT", min=0, max=65535)]
Engine = Annotated[str, typer.Option(help="The emulator behind it: moto or ministack.", metavar="NAME")]


def up(  # noqa: PLR0917 - typer makes an option of each
    template: Template = None,
    stack: Stack = None,
    parameter: Parameters = None,
    region: Annotated[str, typer.Option(help="The region to play.")] = "us-east-1",
    speed: Speed = 1.0,
    engine: Engine = "moto",
    port: Annotated[int, typer.Option(help="The endpoint's port; a free one without it.", min=0, max=65535)] = 0,
    setting: Annotated[
        list[str] | None,
        typer.Option(
            "--setting", help="An unconfirmed point of Lambda's behaviour, e.g. U-20=false.", metavar="ID=JSON"
        ),
    ] = None,
    *,
    skip_waits: SkipWaits = False,
    sandbox: Sandbox = True,
    debug: Debug = None,
    debug_port: DebugPort = 5678,
    state: State = STATE,
) -> None:
    """Run the stack of a template on this machine until Ctrl-C.

    Waits (retries, delays, windows, visibility) pass in real time; or so many times faster with --speed, which is good
    to watch; or cost nothing with --skip-waits: time passes as it really does while anything is under way, and jumps to
    what is due next as soon as everything rests. Functions themselves always see real time.

    With --debug, a function waits at its first event until a debugger has attached. While the debugger holds it, its
    time-out and all time of the service stand.

    Example: landfast up --skip-waits

    Example: landfast up --debug Worker
    """
    from landfast.service.interrupts import Interrupted, Interrupts

    interrupts = Interrupts()
    interrupts.install()  # before what takes long to import, and might swallow an exception that came up in it

    from contextlib import ExitStack, suppress
    from dataclasses import replace
    from functools import partial

    from rich.console import Console

    from landfast.cli.dashboard import watch
    from landfast.cli.mendable import keep_threads_quiet
    from landfast.cli.stale_build import warning
    from landfast.console import Console as Page
    from landfast.service.service import Service

    keep_threads_quiet()
    given = options(template, stack, parameter, region, speed, engine, port, setting, state, skip_waits=skip_waits)
    chosen = replace(given, follow=True, sandbox=sandbox, debug=debug, debug_port=debug_port)
    console = Console()
    stale = warning(chosen.template)
    if stale is not None:
        console.print(stale, markup=False, highlight=False, soft_wrap=True)
    service = None
    try:
        with ExitStack() as running:
            with console.status("starting"):  # whose end fails where the terminal is gone meanwhile
                tell = partial(console.print, markup=False, highlight=False)
                service = running.enter_context(Service.start(chosen, interrupts, tell=tell))
            page = Page.attach(service)
            with interrupts.allowed():
                introduce(console, service, page.url)
            watch(console, service, interrupts)
    except (Interrupted, OSError):
        asked = interrupts.arrived()
        if asked is None:
            raise
        if service is None:
            raise typer.Exit(asked.status) from None
        with suppress(OSError):  # the signal may be that the terminal is gone
            console.print("stopped")
        raise typer.Exit(0 if asked.is_regular else asked.status) from None
    report_failure(service)


def options(  # noqa: PLR0917 - one for each option
    template: Path | None,
    stack: str | None,
    parameters: list[str] | None,
    region: str,
    speed: float,
    engine: str,
    port: int,
    settings: list[str] | None,
    state: Path,
    *,
    skip_waits: bool = False,
) -> "Options":
    """Return the options that the command line gives.

    Raises:
        ServiceError: Part of it makes no sense.
    """
    import re
    from typing import cast

    from landfast.cli.template_file import template_file
    from landfast.delivery.settings import from_ids
    from landfast.delivery.strict_json import json_or_text
    from landfast.service.clock import FASTEST
    from landfast.service.service import Options
    from landfast.service.state import ServiceError

    if engine not in {"moto", "ministack"}:
        raise ServiceError(f"--engine {engine}: there are moto and ministack")
    if not 0 < speed <= FASTEST:
        raise ServiceError(f"--speed {speed:g}: give a number up to {FASTEST}")
    if region not in _regions():
        raise ServiceError(f"--region {region!r}: there is no such region; us-east-1 is one")
    template = template_file(template)
    points = {name: json_or_text(text) for name, text in pairs("--setting", settings)}
    folder = re.sub(r"[^A-Za-z0-9-]+", "-", template.absolute().parent.name).strip("-")
    return Options(
        template=template,
        state=state,
        stack=stack or (folder if re.match(r"[A-Za-z]", folder) else "landfast"),
        parameters=dict(pairs("--parameter", parameters)),
        region=region,
        speed=speed,
        skip_waits=skip_waits,
        engine=cast("EngineName", engine),
        port=port,
        settings=from_ids(points),
    )


def introduce(console: "Console", service: "Service", page: str) -> None:
    """Say where the service is and how to use it; `page` is the URL of its console."""
    endpoint = service.endpoint
    credentials = "AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test"
    for line in service.not_run:
        console.print(line, style="yellow", markup=False, highlight=False, soft_wrap=True)
    for line in (f"endpoint  {endpoint}", f"console   {page}"):
        console.print(line, style="bold", markup=False, highlight=False, soft_wrap=True)
    for line in (
        f"aws       {credentials} aws --region {service.options.region} --endpoint-url {endpoint} s3 ls",
        f'boto3     boto3.client("lambda", endpoint_url="{endpoint}")',
        f"journal   landfast events --follow{_state(service)}",
        *_debugger(service),
    ):
        console.print(line, style="dim", markup=False, highlight=False, soft_wrap=True)


def report_failure(service: "Service") -> None:
    """End with the error that stopped the service, if one did."""
    from landfast.cli.mendable import in_one_line
    from landfast.service.state import ServiceError

    if service.failure is not None:
        where, error = service.failure
        line = in_one_line(error) or f"{type(error).__name__}: {error}: this is a fault of Landfast's own"
        raise ServiceError(f"{where}: {line}: the service has stopped") from error


def _state(service: "Service") -> str:
    return "" if service.options.state == STATE else f" --state {service.options.state}"


def _debugger(service: "Service") -> list[str]:
    from landfast.runtime.debugger import HOST

    if service.debugger is None:
        return []
    told = f"{service.options.debug} waits for it at its first event"
    return [f"debugger  {HOST}:{service.debugger.port}: {told}"]


def _regions() -> set[str]:
    """The regions of all partitions, as far as the AWS client and the engines know them."""
    from landfast.dataplane.clients import session

    known = session()
    partitions = known.get_available_partitions()
    return {region for partition in partitions for region in known.get_available_regions("lambda", partition)}


def pairs(option: str, values: list[str] | None) -> list[tuple[str, str]]:
    """The names and values that an option gives, as ``NAME=VALUE`` each."""
    from landfast.service.state import ServiceError

    pairs = []
    for value in values or []:
        name, equals, content = value.partition("=")
        if not equals or not name:
            raise ServiceError(f"{option} {value}: write NAME=VALUE")
        pairs.append((name, content))
    return pairs
