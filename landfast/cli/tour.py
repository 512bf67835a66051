"""What the demonstration does and what it checks: each step sends real events and looks at what landed."""

import json
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.json import JSON
from rich.padding import Padding

from landfast.cli.account import sentence
from landfast.dataplane import inspect
from landfast.journal import Accepted, Entry, Invoked, Settled
from landfast.service.service import Service
from landfast.service.state import ServiceError
from landfast.service.store import read_journal

_PATIENCE = 90.0
_TICK = 0.05
_LONGEST_TEXT = 200


@dataclass(frozen=True, slots=True)
class Claim:
    """Something the demonstration says, and whether it is so."""

    text: str
    holds: bool
    found: str


@dataclass
class Tour:
    """A running service and what it is told in."""

    console: Console
    service: Service
    _read: int = 0
    _entries: list[Entry] = field(default_factory=list)

    def upload(self, path: Path) -> str:
        """Upload a file to the only bucket for order files; its URL."""
        bucket = self.service.world.buckets["OrderFiles"]
        with path.open("rb") as content:
            self.service.clients.s3.put_object(Bucket=bucket, Key=f"in/{path.name}", Body=content)
        return f"s3://{bucket}/in/{path.name}"

    def until_settled(self, origin: str) -> tuple[str, list[Entry]]:
        """The request id of the event from `origin` and all that happened to it, printed while it happens.

        Raises:
            ServiceError: It did not end in time.
        """
        deadline = time.monotonic() + _PATIENCE
        request_id, began, told = "", 0.0, 0
        while time.monotonic() < deadline and not self.service.failed.is_set():
            self._catch_up()
            for entry in self._entries[told:]:
                if isinstance(entry, Accepted) and entry.origin == origin:
                    [request_id], began = entry.records, entry.at
                if request_id in entry.records:
                    self.console.print(
                        f"  +{entry.at - began:6.1f} s  {_shortened(sentence(entry))}", markup=False, soft_wrap=True
                    )
                    if isinstance(entry, Settled):
                        return request_id, [one for one in self._entries if request_id in one.records]
            told = len(self._entries)
            time.sleep(_TICK)
        raise ServiceError(f"{origin}: its event has not ended after {_PATIENCE:g} s: see `landfast events`")

    def landed(self, queue: str) -> list[dict[str, Any]]:
        """The records in a queue of the template."""
        return [
            json.loads(one.body) for one in inspect.peek(self.service.clients, self.service.world.queues[queue].url)
        ]

    def heading(self, text: str) -> None:
        """Begin a step."""
        self.console.print(text, style="bold", markup=False)

    def show(self, record: dict[str, Any]) -> None:
        """Print a record that landed."""
        text = json.dumps(_abridged(record), ensure_ascii=False)
        shown = JSON(text, indent=2, ensure_ascii=False).text
        shown.no_wrap, shown.overflow = False, "fold"
        self.console.print(Padding(shown, (0, 0, 1, 4)))

    def _catch_up(self) -> None:
        for number, entry in read_journal(self.service.journal, after=self._read):
            self._read = number
            self._entries.append(entry)


def order_files(tour: Tour, samples: Path) -> list[Claim]:
    """Upload a good order file and a broken one; each ends in its own queue."""
    tour.heading("A good order file is uploaded")
    request_id, entries = tour.until_settled(tour.upload(samples / "orders.jsonl"))
    claims = _claims(tour, "S3Success", request_id, entries, condition="Success", attempts=1)
    tour.heading("A broken order file is uploaded")
    request_id, entries = tour.until_settled(tour.upload(samples / "orders-broken.jsonl"))
    claims += _claims(tour, "S3Failure", request_id, entries, condition="RetriesExhausted", attempts=3)
    return claims


def _claims(
    tour: Tour, queue: str, request_id: str, entries: list[Entry], *, condition: str, attempts: int
) -> list[Claim]:
    name = tour.service.world.queues[queue].name
    records = [one for one in tour.landed(queue) if one["requestContext"]["requestId"] == request_id]
    if len(records) != 1:
        return [Claim(f"one record landed in {name}", holds=False, found=f"{len(records)} records")]
    [record] = records
    tour.console.print(f"  landed in {name}:", markup=False)
    tour.show(record)
    context, response = record["requestContext"], record["responsePayload"]
    tried = [entry for entry in entries if isinstance(entry, Invoked)]
    claims = [
        Claim(f"{name}: condition {condition}", context["condition"] == condition, context["condition"]),
        Claim(
            f"{name}: attempts {attempts}",
            context["approximateInvokeCount"] == attempts == len(tried),
            f"{context['approximateInvokeCount']} in the record, {len(tried)} in the journal",
        ),
        Claim(
            f"{name}: holds the original event",
            "Records" in record["requestPayload"],
            ", ".join(record["requestPayload"]),
        ),
    ]
    if condition == "Success":
        return [*claims, Claim(f"{name}: says 200", response.get("statusCode") == 200, json.dumps(response))]  # noqa: PLR2004
    keys = {"errorMessage", "errorType", "stackTrace"}
    waits = [f"{later.at - earlier.at:.0f} s" for earlier, later in pairwise(tried)]
    spaced = all(later.at - earlier.at >= 60 * n for n, (earlier, later) in enumerate(pairwise(tried), 1))
    return [
        *claims,
        Claim(f"{name}: names the error and where it arose", keys <= response.keys(), response.get("errorMessage", "")),
        Claim(f"{name}: waited a minute, then two", spaced, ", ".join(waits)),
    ]


def _abridged(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The same, long texts and lists cut."""
    match value:
        case dict():
            return {name: _abridged(part) for name, part in value.items()}
        case [first, second, *_, last] if isinstance(first, str):
            return [_abridged(first), "...", _abridged(last)] if second is not last else value
        case list():
            return [_abridged(part) for part in value]
        case str():
            return _shortened(value)
        case _:
            return value


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}..."
