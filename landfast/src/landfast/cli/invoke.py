"""``landfast invoke``: call a function."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from landfast.cli.options import STATE, Json, State


def invoke(
    function: Annotated[
        str, typer.Argument(help="Its logical id, name or ARN; :ALIAS after it, where it has one.", metavar="FUNCTION")
    ],
    event: Annotated[
        Path | None, typer.Option(help="A JSON file; - for standard input; {} without it.", metavar="FILE")
    ] = None,
    *,
    asynchronous: Annotated[
        bool, typer.Option("--async", help="Queue the event, as S3 does; answers at once.")
    ] = False,
    json: Json = False,
    state: State = STATE,
) -> None:
    """Call a function and print what it returns; exit status 1 if it fails.

    An alias may have retries and destinations that the function itself has not.

    Example: landfast invoke my_function --event event.json

    Example: landfast invoke my_function:live --event event.json --async
    """
    import base64

    import msgspec

    from landfast.cli.connection import physical, running
    from landfast.delivery.strict_json import json_or_text
    from landfast.service.clients import aws

    service = running(state)
    payload = b"{}" if event is None else sys.stdin.buffer.read() if str(event) == "-" else _read(event)
    response = aws(service, "lambda").invoke(
        FunctionName=physical(service, "function", function),
        InvocationType="Event" if asynchronous else "RequestResponse",
        LogType="None" if asynchronous else "Tail",
        Payload=payload,
    )
    content = response["Payload"].read()
    request_id = response["ResponseMetadata"]["RequestId"]
    log = base64.b64decode(response.get("LogResult", "")).decode(errors="replace")
    failed = "FunctionError" in response
    if json:
        result = {"requestId": request_id, "statusCode": response["StatusCode"], "failed": failed, "log": log}
        if content:
            result["payload"] = json_or_text(content)
        typer.echo(msgspec.json.encode(result))
    elif asynchronous:
        typer.echo(f"accepted as {request_id}: follow it with `landfast events --record {request_id[:8]}`")
    else:
        typer.echo(log, err=True)
        typer.echo(msgspec.json.format(content) if content else b"")
    if failed:
        raise typer.Exit(1)


def _read(path: Path) -> bytes:
    from landfast.service.state import ServiceError

    try:
        return path.read_bytes()
    except OSError as error:
        raise ServiceError(f"{path}: {error.strerror}") from None
