"""A journal of a small shop: an object is read, items are written, a batch of their records publishes events."""

from collections.abc import Iterator
from itertools import count
from typing import Any, Final

from landfast.journal import Accepted, Delivered, Divided, Entry, Finished, Invoked, Retrying, Returned, Settled, Traced

NOON: Final = 1_767_268_800.0
STREAM: Final = "arn:aws:dynamodb:us-east-1:123456789012:table/Orders/stream/2026-01-01T00:00:00.000"
QUEUE: Final = "arn:aws:sqs:us-east-1:123456789012:jobs"
ERROR: Final[dict[str, Any]] = {
    "errorType": "ValueError",
    "errorMessage": "line 2: no order",
    "stackTrace": ['  File "/app/read.py", line 7, in read\n    raise ValueError\n'],
}


class Journal:
    """Notes entries as a service that follows events does; each note comes a second after the one before."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._seconds = count()

    def note(self, note: type[Entry], source: str, *records: str, **more: Any) -> None:
        self.entries.append(note(at=NOON + next(self._seconds), source=source, records=records, **more))

    def sent(self, *records: str, root: str, parent: str = "", source: str = "") -> None:
        """Records have come, made by the call with the segment `parent`."""
        self.note(Traced, source, *records, root=root, parent=parent)

    def called(self, source: str, *records: str, request: str, segment: str, attempt: int = 1, root: str = "r") -> None:
        """A function is called; the segment of a batch is noted before, that of a single event behind."""
        late = request in records and attempt == 1
        trace = Traced(at=NOON, source=source, records=(request,), root=root, segment=segment)
        self.entries += [] if late else [trace]
        self.note(Invoked, source, *records, request_id=request, attempt=attempt, function=source.partition(":")[0])
        self.entries += [trace] if late else []

    def ended(self, source: str, *records: str, request: str, outcome: str = "succeed", **more: Any) -> None:
        self.note(Finished, source, *records, request_id=request, outcome=outcome, **more)


def shop() -> list[Entry]:
    """An object makes two items; the stream's batch of both publishes an event for each; one event fails for good."""
    journal = Journal()
    journal.note(Accepted, "Read:live", "upload", origin="s3://files/orders.jsonl")
    journal.sent("upload", root="r", parent="client", source="Read:live")
    journal.called("Read:live", "upload", request="upload", segment="s1")
    journal.sent("item1", root="r", parent="s1")
    journal.sent("item2", root="r", parent="s1")
    journal.ended("Read:live", "upload", request="upload", value={"read": 2})
    journal.note(Settled, "Read:live", "upload", state="processed", rule="S-15 Success")
    journal.note(Accepted, "Items", "item1", "item2", origin=STREAM)
    journal.called("Items", "item1", "item2", request="batch", segment="s2", root="b")
    for event, segment in (("event1", "s3"), ("event2", "s4")):
        journal.note(Accepted, "Ship:live", event, origin="rule placed")
        journal.sent(event, root="b", parent="s2", source="Ship:live")
        journal.called("Ship:live", event, request=event, segment=segment, root="b")
    journal.ended("Items", "item1", "item2", request="batch")
    journal.note(Settled, "Items", "item1", "item2", state="processed", rule="S-46 the batch succeeded")
    journal.ended("Ship:live", "event2", request="event2")
    journal.note(Settled, "Ship:live", "event2", state="processed", rule="S-15 Success")
    journal.ended("Ship:live", "event1", request="event1", outcome="raise", error=ERROR)
    journal.note(Retrying, "Ship:live", "event1", due=NOON + 90, rule="S-04 function error")
    journal.called("Ship:live", "event1", request="event1", segment="s5", attempt=2, root="b")
    journal.sent("letter", root="b", parent="s5")
    journal.ended("Ship:live", "event1", request="event1", outcome="raise", error=ERROR)
    rule = "S-04 RetriesExhausted"
    journal.note(Delivered, "Ship:live", "event1", kind="sqs", target=QUEUE, rule=rule, body={"version": "1.0"})
    journal.note(Settled, "Ship:live", "event1", state="to_destination", rule=rule)
    return journal.entries


def bisected() -> list[Entry]:
    """A batch of four fails and is split until the third record is alone, which waits."""
    journal = Journal()
    records = ("a", "b", "c", "d")
    journal.note(Accepted, "Scans", *records, origin="arn:aws:kinesis:us-east-1:123456789012:stream/scans")
    for request, batch, parts in _halves():
        journal.called("Scans", *batch, request=request, segment=f"s-{request}", root=request)
        if not parts and "c" not in batch:
            journal.ended("Scans", *batch, request=request)
            journal.note(Settled, "Scans", *batch, state="processed", rule="S-46 the batch succeeded")
            continue
        journal.ended("Scans", *batch, request=request, outcome="raise", error=ERROR)
        if parts:
            journal.note(Divided, "Scans", *parts[0], rest=parts[1], rule="S-60 bisected")
        else:
            journal.note(Retrying, "Scans", *batch, due=NOON + 600, rule="S-56 the attempt failed")
    return journal.entries


def _halves() -> Iterator[tuple[str, tuple[str, ...], tuple[tuple[str, ...], tuple[str, ...]] | None]]:
    yield "q1", ("a", "b", "c", "d"), (("a", "b"), ("c", "d"))
    yield "q2", ("a", "b"), None
    yield "q3", ("c", "d"), (("c",), ("d",))
    yield "q4", ("c",), None


def reported() -> list[Entry]:
    """A queue's batch of two of which one message is reported and comes back."""
    journal = Journal()
    journal.note(Accepted, "Jobs", "m1", "m2", origin=QUEUE)
    journal.called("Jobs", "m1", "m2", request="q", segment="s")
    value = {"batchItemFailures": [{"itemIdentifier": "m2"}]}
    journal.ended("Jobs", "m1", "m2", request="q", value=value)
    journal.note(Returned, "Jobs", "m2", due=NOON + 30)
    journal.note(Settled, "Jobs", "m1", state="processed", rule="S-88")
    return journal.entries
