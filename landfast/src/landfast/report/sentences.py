"""One entry of a journal alone, in a few words."""

from landfast import journal
from landfast.journal import AlarmChanged, Delivered, Divided, Dropped, Entry, Finished, Invoked, Retrying, Settled
from landfast.report.wording import clock_time, error, resource, short_id, state, trouble

_MANY = 6


def line(entry: Entry, *, width: int) -> str:
    """An entry in one line: when, which source in so many columns, which records, and what happened."""
    return f"{clock_time(entry.at)}  {entry.source:<{width}} {names(entry.records):<9} {sentence(entry)}"


def is_told(entry: Entry) -> bool:
    """Tell whether an entry says what happened; which chain a record belongs to, only the console shows."""
    return not isinstance(entry, journal.Traced)


def names(records: tuple[str, ...]) -> str:
    """Which records, in short."""
    shown = " ".join(map(short_id, records[:_MANY]))
    return f"{shown} and {len(records) - _MANY} more" if len(records) > _MANY else shown


def sentence(entry: Entry) -> str:  # noqa: C901, PLR0911, PLR0912 - one case for each kind of entry
    """Say in a few words what happened."""
    match entry:
        case journal.Accepted(origin=origin, records=records):
            return f"accepted{f' from {origin}' if origin else ''}{f' ({len(records)})' if len(records) > 1 else ''}"
        case Invoked(attempt=attempt, function=function):
            lane = f", lane {entry.lane}" if entry.lane else ""
            return f"attempt {attempt} of {function}{lane} with {len(entry.records)} record(s)"
        case Finished(outcome="succeed", value={"batchItemFailures": [_, *_] as failures}):
            return f"reported {len(failures)} failed item(s)"
        case Finished(outcome="succeed"):
            return "succeeded"
        case Finished(outcome=outcome):
            return f"failed: {outcome}{f': {error(entry.error)}' if entry.error else ''}"
        case Retrying(due=due, rule=rule):
            return f"will be tried again at {clock_time(due)} ({rule})"
        case Divided(records=records, rest=rest, rule=rule):
            return f"split: {len(records)} first, then {len(rest)} ({rule})"
        case Delivered(kind=kind, target=target, rule=rule):
            return f"delivered to {kind} {resource(target)} ({rule})"
        case Settled(rule=rule):
            return f"{state(entry.state)} ({rule})"
        case journal.Checkpointed(sequence=sequence, shard=shard):
            return f"checkpoint of {shard} moved to {sequence}"
        case journal.Deleted(records=records):
            return f"deleted {len(records)} message(s) from the queue"
        case journal.Returned(due=due, records=records):
            return f"{len(records)} message(s) become visible again at {clock_time(due)}"
        case journal.Injected(function=function, fault=fault):
            return f"injected fault: {function} {fault}"
        case Dropped():
            return trouble(entry)
        case journal.Traced(root=root):
            return f"belongs to the chain {root}"
        case AlarmChanged(before=before, state=now, reason=reason):
            return f"{before} -> {now}: {reason}"
