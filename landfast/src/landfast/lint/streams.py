"""Hazards of streams that functions read."""

from collections.abc import Iterator
from typing import Final

from landfast.lint.application import Application, EventSourceMapping
from landfast.lint.forecast import Forecast, busy_lanes, one_bad_record
from landfast.lint.hazard import Finding, hazard
from landfast.report.wording import duration, several
from landfast.simulate.declared import retention_of
from landfast.template.model import Stream, Table

_HOUR: Final = 3600
_ERRORS: Final = "https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html"
_PARAMETERS: Final = "https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html"
_STREAM: Final = "https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html"
_REPORTING: Final = "https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html"
_CONCURRENCY: Final = "https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html"


@hazard("W9520", "A bad record is tried without end", "S-54", "S-55", source=_PARAMETERS)
def endless_retries(application: Application) -> Iterator[Finding]:
    """By default a batch that fails is tried until its records expire.

    As long as that all records behind it in the shard wait, and many expire with it.
    """
    for mapping, source in _read_streams(application):
        if _is_endless(mapping):
            told = one_bad_record(mapping, retention_of(source), until=_HOUR)
            text = ""
            if told is not None:
                waiting = told.count("pending") - 1
                also = f", and {several(waiting, 'good record')} of its shard wait" if waiting else ""
                text = (
                    f" A record that always fails is tried {several(told.tries, 'time')} in {told.ended}"
                    f"{also}; so it goes on for the {duration(retention_of(source))} that they are kept."
                )
            yield Finding(
                (mapping.logical_id, "MaximumRetryAttempts"),
                f"{_title(mapping, source)} tries a bad record without end.{text} Set MaximumRetryAttempts and "
                "MaximumRecordAgeInSeconds, and an on-failure destination.",
                told,
            )


@hazard("W9521", "Records that are given up are kept nowhere", "S-59", "S-63", source=_ERRORS)
def no_destination(application: Application) -> Iterator[Finding]:
    """Without an on-failure destination a record whose retries or age are used up is skipped.

    Nothing tells of it but a metric. Where retries have no end, that is the hazard to mend first, and this is not
    reported.
    """
    for mapping, source in _read_streams(application):
        if not _is_endless(mapping) and mapping.properties.get("DestinationConfig") is None:
            told = _given_up(mapping, source)
            text = ""
            if told is not None and told.count("dropped"):
                text = (
                    f" A record that always fails is dropped after {told.ended} and "
                    f"{several(told.tries, 'try')}{_with_it(told, 'dropped')}; nothing keeps it."
                )
            yield Finding(
                (mapping.logical_id, "DestinationConfig"),
                f"{_title(mapping, source)} has no on-failure destination.{text} Set "
                "DestinationConfig.OnFailure.Destination to a queue, a topic or, with the data, a bucket.",
                told,
            )


@hazard(
    "W9522",
    "The position of a failed record is kept for longer than the record",
    "S-54",
    "S-63",
    "S-66",
    source=_ERRORS,
)
def position_without_data(application: Application) -> Iterator[Finding]:
    """A queue as on-failure destination gets the position of a batch, not its data, which must be read from the stream.

    What the queue keeps for longer than the stream cannot be replayed. It is not reported of a queue that a
    function reads.
    """
    read = {mapping.source.logical_id for mapping in application.mappings.values() if mapping.source is not None}
    for mapping, source in _read_streams(application):
        queue = application.queues_by_arn.get(mapping.destination or "")
        kept = retention_of(source)
        if queue is None or queue.logical_id in read or queue.message_retention_period <= kept:
            continue
        told = _given_up(mapping, source)
        text = ""
        if told is not None and told.count("to_destination"):
            at = max(each.at or 0.0 for each in told.account.records.shown if each.state == "to_destination")
            text = (
                f" A record that always fails gets there after {duration(at)}; from then on its data is to be had for "
                f"{duration(max(0.0, kept - at))}."
            )
        yield Finding(
            (mapping.logical_id, "DestinationConfig"),
            f"{queue.logical_id} keeps the positions of failed records for "
            f"{duration(queue.message_retention_period)}, and {source.logical_id} the records for {duration(kept)}."
            f"{text} Send failures to a bucket, which gets the data, or set MessageRetentionPeriod to {int(kept)} or "
            "less.",
            told,
        )


@hazard(
    "W9523",
    "A record's maximum age is beyond its retention",
    "S-54",
    "S-55",
    source=_PARAMETERS,
)
def age_above_retention(application: Application) -> Iterator[Finding]:
    """A record that has expired cannot become too old: it never reaches the on-failure destination."""
    for mapping, source in _read_streams(application):
        age, kept = mapping.number("MaximumRecordAgeInSeconds", -1), retention_of(source)
        if age >= kept:
            yield Finding(
                (mapping.logical_id, "MaximumRecordAgeInSeconds"),
                f"{_title(mapping, source)} gives a record up when it is {duration(age)} old, and {source.logical_id} "
                f"keeps it for {duration(kept)} only: it is gone before, and the destination never tells of it. "
                f"Set MaximumRecordAgeInSeconds below {int(kept)}.",
            )


@hazard("W9524", "Reading begins at the stream's end", "S-50", source=_STREAM)
def latest(application: Application) -> Iterator[Finding]:
    """With StartingPosition LATEST, records may never be read that arrive while the mapping is made or changed.

    Either takes up to minutes.
    """
    for mapping, source in _read_streams(application):
        if mapping.properties.get("StartingPosition") == "LATEST":
            yield Finding(
                (mapping.logical_id, "StartingPosition"),
                f"{_title(mapping, source)} begins at LATEST: records that arrive while it is made or changed may be "
                "missed. Set StartingPosition to TRIM_HORIZON, or for Kinesis to AT_TIMESTAMP.",
            )


@hazard("W9525", "A bad record takes good ones with it", "S-59", "S-60", "S-72", source=_REPORTING)
def good_records_lost(application: Application) -> Iterator[Finding]:
    """When retries are used up, the whole batch is given up.

    Unless it is bisected, or the function reports where it failed.
    """
    for mapping, source in _read_streams(application):
        narrowed = mapping.reports_failures or mapping.properties.get("BisectBatchOnFunctionError") is True
        if narrowed or _is_endless(mapping) or mapping.number("BatchSize", 100) == 1:
            continue
        told = _given_up(mapping, source)
        if told is None:
            continue
        lost = told.count("dropped", "to_destination") - 1
        if lost:
            where = "dropped" if told.count("dropped") else "given up to the destination, which gets positions,"
            yield Finding(
                (mapping.logical_id, "BisectBatchOnFunctionError"),
                f"{_title(mapping, source)} narrows a failed batch down neither by bisecting nor by partial "
                f"responses: of a batch of {several(lost + 1, 'record')} with a bad one, "
                f"{several(lost, 'good record')} are {where} with it after {told.ended}. Set "
                "BisectBatchOnFunctionError, or FunctionResponseTypes and return what failed.",
                told,
            )


@hazard("W9511", "Less reserved concurrency than the stream's shards use", "S-49", "S-57", source=_CONCURRENCY)
def fewer_than_lanes(application: Application) -> Iterator[Finding]:
    """Each shard has as many batches in flight as ParallelizationFactor says.

    With less reserved concurrency some are throttled again and again, and records age meanwhile.
    """
    for mapping, source in _read_streams(application):
        reserved = mapping.function.reserved
        if not reserved or not isinstance(source, Stream) or source.shard_count is None:
            continue
        factor = mapping.number("ParallelizationFactor", 1)
        lanes = source.shard_count * factor
        if reserved < lanes:
            told = busy_lanes(mapping, source, lanes)
            text = ""
            if told is not None and told.count("throttles"):
                late = told.count("pending")
                end = (
                    f"after {told.ended} {several(late, 'record')} still wait"
                    if late
                    else f"the last is done after {told.ended}"
                )
                text = (
                    f" {several(lanes, 'batch')} at once, one for each, are throttled "
                    f"{several(told.count('throttles'), 'time')}, and {end}."
                )
            yield Finding(
                (mapping.function.logical_id, "ReservedConcurrentExecutions"),
                f"{mapping.function.logical_id} has {reserved} reserved concurrent executions, and its mapping of "
                f"{source.logical_id} uses {lanes}: {several(source.shard_count, 'shard')} with ParallelizationFactor "
                f"{factor}.{text} Reserve {lanes} or more.",
                told,
            )


def _given_up(mapping: EventSourceMapping, source: Stream | Table) -> Forecast | None:
    return one_bad_record(mapping, retention_of(source), reported=mapping.reports_failures)


def _with_it(told: Forecast, state: str) -> str:
    others = told.count(state) - 1
    return f", and {several(others, 'good record')} with it" if others else ""


def _is_endless(mapping: EventSourceMapping) -> bool:
    return mapping.number("MaximumRetryAttempts", -1) == -1 and mapping.number("MaximumRecordAgeInSeconds", -1) == -1


def _read_streams(application: Application) -> Iterator[tuple[EventSourceMapping, Stream | Table]]:
    for mapping in application.mappings.values():
        if isinstance(mapping.source, Stream | Table):
            yield mapping, mapping.source


def _title(mapping: EventSourceMapping, source: Stream | Table) -> str:
    return f"The mapping of {source.logical_id} to {mapping.function.logical_id}"
