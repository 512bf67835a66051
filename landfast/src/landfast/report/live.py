"""The accounts of a running service's journal, one for each source: a mapping, or the events of a function."""

from collections.abc import Iterable
from typing import Final

from landfast.delivery.event_sources import ASYNCHRONOUS, mapped
from landfast.journal import Entry
from landfast.report import wording
from landfast.report.account import Account, Limits, Row, account
from landfast.report.history import History, tell_each
from landfast.report.hold_ups import Arrival, Source
from landfast.report.wording import Wording

_DAY: Final = 86_400


def accounts(entries: Iterable[Entry], limits: Limits) -> list[Account]:
    """Tell a journal in one account for each of its sources, by their names.

    Of a journal whose older entries are gone, or of a part of one, they tell what is left.
    """
    histories = tell_each(entries)
    days = {moment // _DAY for history in histories.values() for moment in (history.begun, history.ended)}
    words = Wording("Unix time", dated=len(days) > 1)
    return [_account(name, histories[name], words, limits) for name in sorted(histories)]


def _account(name: str, history: History, words: Wording, limits: Limits) -> Account:
    stream = bool(history.checkpoints) or any(attempt.shard is not None for attempt in history.tries)
    rows = [Row("source", (_source(history, stream=stream),))]
    rows += [Row("function", (wording.printable(history.function),))] if history.function else []
    rows.append(Row("journal", (_span(history, words),)))
    checkpoints = [f"shard {wording.shard(shard)} up to {upto}" for shard, upto in history.checkpoints.items()]
    rows += [Row("checkpoint", tuple(map(wording.printable, checkpoints)))] if checkpoints else []
    source = Source(_seen(history), "shard" if stream else None)
    return account(history, source, limits, title=name, setting=rows, words=words)


def _source(history: History, *, stream: bool) -> str:
    """Name the source of the records; of a stream's journal whose older entries are gone, no entry may tell which."""
    declared = mapped(history.origin)
    if declared is None and not stream:
        return wording.several(len(history.seen), ASYNCHRONOUS.noun)
    count = wording.several(len(history.seen), "record" if declared is None else declared.noun)
    table, *_ = history.origin.split("/stream/")
    return f"{wording.printable(wording.resource(table)) or 'stream'}: {count}"


def _span(history: History, words: Wording) -> str:
    day = words if words.dated else Wording(words.times, dated=True)
    return f"{wording.several(history.entries, 'entry')}, {day.time(history.begun)} to {day.time(history.ended)}"


def _seen(history: History) -> list[Arrival]:
    """The records as far as a journal tells: not their message groups, nor the shard of what is not tried yet."""
    shard_of = {record: attempt.shard for attempt in history.tries for record in attempt.records}
    shards = set(shard_of.values()) - {None}
    only = shards.pop() if len(shards) == 1 else None
    arrivals = (
        Arrival(record, at, shard_of.get(record) or _named(record, only)) for record, at in history.seen.items()
    )
    return sorted(arrivals, key=lambda each: each.at)


def _named(record: str, only: int | str | None) -> int | str | None:
    """The shard of a record that was not tried yet: Kinesis event ids begin with it."""
    shard, colon, _ = record.rpartition(":")
    return shard if colon else only
