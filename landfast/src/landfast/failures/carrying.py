"""Carries failures from one stack to another: out as JSON Lines, and into the stores of a running service."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

import msgspec

from landfast.delivery.strict_json import json_or_text, json_text
from landfast.failures.access import Access
from landfast.failures.discovery import Found
from landfast.failures.errors import FailuresError
from landfast.failures.model import Failure, Kept, Store
from landfast.failures.redaction import Path, redacted
from landfast.failures.replaying import as_sqs_has_it, marked
from landfast.failures.stream_records import read_back


class Carried(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A failure on its way, one line of a file.

    Attributes:
        id: The failure's id where it came from.
        carrying: Names the export, so that the same line is imported once.
        store: The logical id of the store.
        kept: As it lay there.
        arns: The ARNs of the stack that it came from, by logical id; those that it names are exchanged on import.
    """

    id: str
    carrying: str
    store: str
    kept: Kept
    arns: dict[str, str]


def exported(
    access: Access, found: Found, failures: Iterable[tuple[Store, Failure]], redact: Sequence[Path] = ()
) -> Iterator[Carried]:
    """Yield what is carried, positions of a stream with their records.

    Args:
        access: The stack.
        found: Its stores.
        failures: The failures.
        redact: The values to leave out.

    Raises:
        FailuresError: Nothing of what was to be left out is there, at the end.
    """
    carrying, cuts, count = uuid4().hex[:12], 0, 0
    for store, failure in failures:
        body, cut = redacted(_with_records(access, failure), redact)
        cuts, count = cuts + cut, count + 1
        named = {name: arn for name, arn in found.arns.items() if arn in body}
        kept = msgspec.structs.replace(failure.kept, body=body)
        yield Carried(id=failure.id, carrying=carrying, store=store.name, kept=kept, arns=named)
    if redact and count and not cuts:
        raise FailuresError(
            "--redact: no failure has a value at these paths: look at one with `landfast failures show`"
        )


def read_lines(text: str, name: str) -> list[Carried]:
    """Read exported failures.

    Raises:
        FailuresError: A line is none.
    """
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                found.append(msgspec.json.decode(line, type=Carried))
            except (msgspec.DecodeError, msgspec.ValidationError) as error:
                raise FailuresError(
                    f"{name}, line {number}: not as `landfast failures export` writes it: {error}"
                ) from None
    return found


def imported(access: Access, found: Found, carried: Iterable[Carried]) -> Iterator[Carried]:
    """Put failures into the stores of the same logical ids; each is yielded once it is there.

    Raises:
        FailuresError: There is no such store.
    """
    stores = {store.name: store for store in found.stores}
    for each in carried:
        store = stores.get(each.store)
        if store is None or store.kind == "archive":
            raise FailuresError(f"{each.store}: there is no such failure store here: {', '.join(stores) or 'none'}")
        _put(access, store, each, _translated(each, found.arns))
        yield each


def _with_records(access: Access, failure: Failure) -> str:
    """The text, of a position with its records: where it goes there is no such stream."""
    if failure.position is None or failure.event is not None or not isinstance(failure.kept.body, str):
        return failure.kept.body
    back = read_back(access.clients, failure.position)
    record = json_or_text(failure.kept.body)
    if not back.records or not isinstance(record, dict) or "requestContext" not in record:
        return failure.kept.body
    return json_text({**record, "payload": json_text({"Records": [*back.records]})})


def _translated(carried: Carried, here: Mapping[str, str]) -> str:
    """The text with the ARNs of this stack; the longest first, since one may be the beginning of another."""
    body = carried.kept.body
    for name in sorted(carried.arns, key=lambda name: -len(carried.arns[name])):
        if name in here:
            body = body.replace(carried.arns[name], here[name])
    return body


def _put(access: Access, store: Store, carried: Carried, body: str) -> None:
    kept = carried.kept
    if store.kind == "bucket":
        access.clients("s3").put_object(Bucket=store.location, Key=kept.key, Body=body.encode())
        return
    name = f"import-{carried.carrying}-{carried.id}"
    request: dict[str, Any] = {"QueueUrl": store.location, "MessageBody": body}
    if kept.attributes:
        request["MessageAttributes"] = {key: as_sqs_has_it(value) for key, value in kept.attributes.items()}
    if store.location.endswith(".fifo"):
        request["MessageGroupId"] = kept.system.get("MessageGroupId", "")
        request["MessageDeduplicationId"] = name
    client = access.clients("sqs")
    with marked(access, client, name):
        client.send_message(**request)
