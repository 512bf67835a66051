"""``landfast send``: put events into a source."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from landfast.cli.options import STATE, Json, State

app = typer.Typer(help="Put events into a bucket, a stream, a queue or an event bus.", no_args_is_help=True)

Lines = Annotated[Path, typer.Argument(help="JSON Lines: one event a line; - for standard input.", metavar="FILE")]

_KINESIS_BATCH = 500
_SQS_BATCH = 10
_EVENTS_BATCH = 10


@app.command()
def s3(
    file: Annotated[Path, typer.Argument(help="The file to upload.", metavar="FILE")],
    key: Annotated[str | None, typer.Option(help="The object's key; the file's name without it.")] = None,
    bucket: Annotated[str | None, typer.Option(help="The bucket; needed if the template has several.")] = None,
    *,
    json: Json = False,
    state: State = STATE,
) -> None:
    """Upload a file.

    Example: landfast send s3 report.csv --key 'in/june report.csv'
    """
    from landfast.cli.connection import find, running
    from landfast.service.clients import aws
    from landfast.service.state import ServiceError

    service = running(state)
    target = find(service, "bucket", bucket)
    name = key or file.name
    try:
        content = file.open("rb")
    except OSError as error:
        raise ServiceError(f"{file}: {error.strerror}") from None
    with content:
        aws(service, "s3").put_object(Bucket=target.name, Key=name, Body=content)
    _report({"bucket": target.name, "key": name}, f"uploaded to s3://{target.name}/{name}", json=json)


@app.command()
def kinesis(
    file: Lines,
    key: Annotated[str, typer.Option(help="The field whose value is the partition key; dots go deeper.")],
    stream: Annotated[str | None, typer.Option(help="The stream; needed if the template has several.")] = None,
    *,
    json: Json = False,
    state: State = STATE,
) -> None:
    """Put one record for each line.

    Example: landfast send kinesis readings.jsonl --key sensor.id
    """
    from landfast.cli.connection import find, running
    from landfast.service.clients import aws

    service = running(state)
    target = find(service, "stream", stream)
    records = [
        {"Data": line.encode(), "PartitionKey": str(_field(event, key, number))}
        for number, line, event in _events(file)
    ]
    client = aws(service, "kinesis")
    _in_batches(
        records,
        _KINESIS_BATCH,
        lambda part: client.put_records(StreamName=target.name, Records=part),
        lambda answer, part: [
            record for record, result in zip(part, answer["Records"], strict=True) if "ErrorCode" in result
        ],
    )
    _report(
        {"stream": target.name, "records": len(records)}, f"{len(records)} records put into {target.name}", json=json
    )


@app.command()
def sqs(
    file: Lines,
    queue: Annotated[str | None, typer.Option(help="The queue; needed if the template has several.")] = None,
    group: Annotated[str | None, typer.Option(help="FIFO: the field whose value is the message group.")] = None,
    deduplication: Annotated[
        str | None, typer.Option(help="FIFO: the field whose value is the deduplication id.")
    ] = None,
    *,
    json: Json = False,
    state: State = STATE,
) -> None:
    """Send one message for each line.

    Example: landfast send sqs jobs.jsonl --queue Jobs --group customer --deduplication jobId
    """
    from landfast.cli.connection import find, running
    from landfast.service.clients import aws

    service = running(state)
    target = find(service, "queue", queue)

    def message(number: int, line: str, event: object) -> dict[str, Any]:
        entry = {"Id": str(number), "MessageBody": line}
        if group is not None:
            entry["MessageGroupId"] = str(_field(event, group, number))
        if deduplication is not None:
            entry["MessageDeduplicationId"] = str(_field(event, deduplication, number))
        return entry

    messages = [message(*event) for event in _events(file)]
    client = aws(service, "sqs")
    _in_batches(
        messages,
        _SQS_BATCH,
        lambda part: client.send_message_batch(QueueUrl=target.url, Entries=part),
        lambda answer, part: [
            entry for entry in part if entry["Id"] in {failed["Id"] for failed in answer.get("Failed", [])}
        ],
    )
    _report(
        {"queue": target.name, "messages": len(messages)}, f"{len(messages)} messages sent to {target.name}", json=json
    )


@app.command()
def events(
    file: Lines,
    source: Annotated[str, typer.Option(help="Who reports the events.")],
    detail_type: Annotated[str, typer.Option(help="What kind of events they are.")],
    bus: Annotated[str | None, typer.Option(help="The event bus; the default one without it.")] = None,
    *,
    json: Json = False,
    state: State = STATE,
) -> None:
    """Put one event for each line, which is its detail.

    Example: landfast send events signups.jsonl --source my.app --detail-type SignedUp --bus Bus
    """
    from landfast.cli.connection import find, running
    from landfast.service.clients import aws

    service = running(state)
    name = "default" if bus in {None, "default"} else find(service, "bus", bus).name
    entries = [
        {"Source": source, "DetailType": detail_type, "Detail": line, "EventBusName": name}
        for _, line, _ in _events(file)
    ]
    client = aws(service, "events")
    _in_batches(
        entries,
        _EVENTS_BATCH,
        lambda part: client.put_events(Entries=part),
        lambda answer, part: [
            entry for entry, result in zip(part, answer["Entries"], strict=True) if "ErrorCode" in result
        ],
    )
    _report({"bus": name, "events": len(entries)}, f"{len(entries)} events put on bus {name}", json=json)


def _events(file: Path) -> Iterator[tuple[int, str, Any]]:
    """Number, text and value of each line that is not empty."""
    import sys

    from landfast.delivery.strict_json import NotJsonError, read_json
    from landfast.service.state import ServiceError

    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ServiceError(f"{file}: {getattr(error, 'strerror', None) or error}") from None
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                yield number, line.strip(), read_json(line)
            except NotJsonError as error:
                raise ServiceError(f"{file}, line {number}: not JSON: {error}") from None


def _field(event: object, path: str, number: int) -> object:
    from landfast.service.state import ServiceError

    value = event
    for name in path.split("."):
        if not isinstance(value, dict) or name not in value:
            raise ServiceError(f"line {number}: there is no field {path}")
        value = value[name]
    return value


def _in_batches(
    entries: Sequence[dict[str, Any]],
    size: int,
    send: Callable[[list[dict[str, Any]]], Any],
    failed: Callable[[Any, list[dict[str, Any]]], list[dict[str, Any]]],
) -> None:
    """Send all entries, in order; what a batch call refuses is an error, not lost."""
    from landfast.service.state import ServiceError

    for start in range(0, len(entries), size):
        part = [*entries[start : start + size]]
        if refused := failed(send(part), part):
            raise ServiceError(
                f"{len(refused)} of {len(part)} entries of a batch were refused, the first: {refused[0]}"
            )


def _report(result: dict[str, object], sentence: str, *, json: bool) -> None:
    import msgspec

    typer.echo(msgspec.json.encode(result) if json else sentence)
