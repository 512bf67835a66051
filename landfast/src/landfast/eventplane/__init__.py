"""Landfast's own event plane: the APIs of what delivers, before the pure machines of `landfast.sources`.

Begin reading with `plane.EventPlane`, then the API of your service. Everything here runs in the driver's one thread,
but for `buckets` and `table_writes` with what they call: they make events of calls that pass to the engine, in the
endpoint's event loop, and touch their machines in the driver's thread only (`passing`).
"""

from landfast.eventplane.alarms import Alarms
from landfast.eventplane.buckets import BucketEvents
from landfast.eventplane.event_bus import EventsApi
from landfast.eventplane.kinesis import KinesisApi
from landfast.eventplane.plane import Api, EventPlane, Pending
from landfast.eventplane.ports import PlaneWorld
from landfast.eventplane.router import Router
from landfast.eventplane.schedules import Schedules
from landfast.eventplane.sns import SnsApi
from landfast.eventplane.sqs import SqsApi
from landfast.eventplane.table_streams_api import TableStreamsApi
from landfast.eventplane.table_writes import TableWrites
from landfast.eventplane.timetable import Timetable

__all__ = [
    "Alarms",
    "Api",
    "BucketEvents",
    "EventPlane",
    "EventsApi",
    "KinesisApi",
    "Pending",
    "PlaneWorld",
    "Router",
    "Schedules",
    "SnsApi",
    "SqsApi",
    "TableStreamsApi",
    "TableWrites",
    "Timetable",
]
