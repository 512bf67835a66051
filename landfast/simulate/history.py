"""The journal of a simulation, told by batches: each with its tries, and the parts it was split into."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from landfast.journal import Divided, Entry, Finished, Invoked, Settled


@dataclass(slots=True)
class Try:
    """One invocation.

    Attributes:
        at: When it began, in seconds.
        ended: When it ended; None while it runs.
        number: Its number among the tries of the batch.
        outcome: How it ended.
    """

    at: float
    ended: float | None
    number: int
    outcome: str | None


@dataclass(slots=True)
class Batch:
    """Records that were invoked together.

    Attributes:
        records: Their ids, in order.
        shard: Their shard, for streams.
        tries: Its invocations.
        parts: What it was split into.
        why: The rule by which it was split.
        ends: What became of its records, with the rule; of a batch that was split, its parts tell.
    """

    records: tuple[str, ...]
    shard: int | str | None = None
    tries: list[Try] = field(default_factory=list)
    parts: list["Batch"] = field(default_factory=list)
    why: str = ""
    ends: list[Settled] = field(default_factory=list)

    def walk(self) -> Iterator["Batch"]:
        """The batch and all its parts."""
        yield self
        for part in self.parts:
            yield from part.walk()


def batches(entries: Iterable[Entry]) -> list[Batch]:
    """The batches of a simulation in the order of their first invocation; parts are inside the batch they come from."""
    roots: list[Batch] = []
    current: dict[tuple[str, ...], Batch] = {}
    holding: dict[str, Batch] = {}
    running: dict[str, Try] = {}
    for entry in entries:
        match entry:
            case Invoked(records=records, request_id=request_id):
                batch = current.get(records)
                if batch is None:
                    batch = current[records] = Batch(records, entry.shard)
                    roots.append(batch)
                holding |= dict.fromkeys(records, batch)
                running[request_id] = Try(entry.at, None, entry.attempt, None)
                batch.tries.append(running[request_id])
            case Finished(request_id=request_id, outcome=outcome) if request_id in running:
                done = running.pop(request_id)
                done.ended, done.outcome = entry.at, outcome
            case Divided(records=first, rest=rest, rule=rule):
                whole = holding.get(rest[0])
                if whole is not None:
                    whole.why = rule
                    whole.parts = [Batch(first, whole.shard), Batch(rest, whole.shard)]
                    for part in whole.parts:
                        current[part.records] = part
                        holding |= dict.fromkeys(part.records, part)
            case Settled(records=records):
                for batch in _holders(records, holding):
                    batch.ends.append(entry)
            case _:
                pass
    return roots


def _holders(records: Iterable[str], holding: dict[str, Batch]) -> list[Batch]:
    found = {id(batch): batch for record in records if (batch := holding.get(record)) is not None}
    return list(found.values())
