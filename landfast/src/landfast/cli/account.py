"""The journal in words."""

from datetime import UTC, datetime

from landfast.journal import (
    Accepted,
    Checkpointed,
    Deleted,
    Delivered,
    Divided,
    Dropped,
    Entry,
    Finished,
    Invoked,
    Retrying,
    Returned,
    Settled,
)

_SHORT = 8
_MANY = 6


def clock_time(seconds: float) -> str:
    """The time of day, in UTC with milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M:%S.%f")[:-3]


def names(records: tuple[str, ...]) -> str:
    """Which records, in short."""
    shown = " ".join(_short(record) for record in records[:_MANY])
    return f"{shown} and {len(records) - _MANY} more" if len(records) > _MANY else shown


def _short(record: str) -> str:
    """The beginning of a UUID; of a Kinesis event id, which begins with the shard, the end of the sequence number."""
    _, colon, sequence = record.rpartition(":")
    return sequence[-_SHORT:] if colon else record[:_SHORT]


def resource(arn: str) -> str:
    """The last part of an ARN: what people call the resource."""
    return arn.rsplit(":", maxsplit=1)[-1]


def sentence(entry: Entry) -> str:  # noqa: C901, PLR0911, PLR0912 - one case for each kind of entry
    """What happened, in a few words."""
    match entry:
        case Accepted(origin=origin, records=records):
            return f"accepted{f' from {origin}' if origin else ''}{f' ({len(records)})' if len(records) > 1 else ''}"
        case Invoked(attempt=attempt, function=function):
            lane = f", lane {entry.lane}" if entry.lane else ""
            return f"attempt {attempt} of {function}{lane} with {len(entry.records)} record(s)"
        case Finished(outcome="succeed", value={"batchItemFailures": [_, *_] as failures}):
            return f"reported {len(failures)} failed item(s)"
        case Finished(outcome="succeed"):
            return "succeeded"
        case Finished(outcome=outcome, error=error):
            return f"failed: {outcome}{f': {_error(error)}' if error else ''}"
        case Retrying(due=due, rule=rule):
            return f"will be tried again at {clock_time(due)} ({rule})"
        case Divided(records=records, rest=rest, rule=rule):
            return f"split: {len(records)} first, then {len(rest)} ({rule})"
        case Delivered(kind=kind, target=target, rule=rule):
            return f"delivered to {kind} {resource(target)} ({rule})"
        case Settled(state=state, rule=rule):
            return f"{state.replace('_', ' ')} ({rule})"
        case Checkpointed(sequence=sequence, shard=shard):
            return f"checkpoint of {shard} moved to {sequence}"
        case Deleted(records=records):
            return f"deleted {len(records)} message(s) from the queue"
        case Returned(due=due, records=records):
            return f"{len(records)} message(s) become visible again at {clock_time(due)}"
        case Dropped(metric=metric, error=error):
            return f"{metric}{f': {error}' if error else ''}"


def _error(error: object) -> str:
    if not isinstance(error, dict):
        return str(error)
    kind, message = error.get("errorType"), error.get("errorMessage", "")
    return f"{kind}: {message}" if kind else str(message)
