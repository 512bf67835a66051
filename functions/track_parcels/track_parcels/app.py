"""Parcel scans: each record of the stream moves its parcel and is appended to the parcel's history, once."""

import msgspec
from aws_lambda_powertools.utilities.data_classes.kinesis_stream_event import KinesisStreamRecord

from backoffice.batches import EventType, ordered_batch
from backoffice.correlation import correlated
from backoffice.exactly_once import ExactlyOnceStore
from backoffice.observability import count
from backoffice.settings import from_environment
from scans.scan import data_of, parse_scan, place_in_stream
from scans.tracking import tracker


class Settings(msgspec.Struct, frozen=True):
    """Names of the tables."""

    parcels_table: str
    history_table: str
    idempotency_table: str


settings = from_environment(Settings)
track = tracker(ExactlyOnceStore(settings.idempotency_table), settings.parcels_table, settings.history_table)


def handle(record: KinesisStreamRecord) -> None:
    """Track the scan of one record."""
    with correlated(place_in_stream(record.raw_event)):
        tracked = track(parse_scan(data_of(record.raw_event)))
        count("CurrentScans" if tracked == "current" else "LateScans")


handler = ordered_batch(EventType.KinesisDataStreams, handle)
