"""The event plane of a running service: its APIs on the service's clock, in its store and its journal."""

import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, assert_never

from landfast.delivery.event_sources import QueueSource, StreamSource
from landfast.delivery.settings import Settings
from landfast.driver.polled_queue import PolledQueue
from landfast.driver.streams import ReadableStream
from landfast.eventplane import (
    Alarms,
    BucketEvents,
    EventPlane,
    EventsApi,
    KinesisApi,
    Router,
    Schedules,
    SnsApi,
    SqsApi,
    TableStreamsApi,
    TableWrites,
    Timetable,
)
from landfast.service.loop import Loop
from landfast.service.plane_world import LivePlaneWorld
from landfast.service.specs import versions
from landfast.service.store import Store
from landfast.template import Template

if TYPE_CHECKING:
    from landfast.eventplane.alarms import Levels
    from landfast.eventplane.passing import Interceptor


class Plane:
    """Everything that delivers events, as an earlier service has left it.

    Args:
        loop: The thread of the machines; not begun yet.
        store: The store, with what an earlier service has kept.
        template: Whose region and account are played.
        settings: The unconfirmed points.
        endpoint: Tells the URL of the endpoint.
        follows: True if the journal tells which chain of events records belong to.

    Attributes:
        world: The clock, the store and the journal, as the machines see them.
        router: Sends from one service to another.
        apis: Answers calls.
        queues: The queues.
        streams: The Kinesis streams.
        tables: The tables' streams.
        timetable: When each schedule is due.
        schedules: The schedules of EventBridge Scheduler.
        interceptors: The interceptors, which make events of calls to the engine.
    """

    def __init__(
        self,
        loop: Loop,
        store: Store,
        template: Template,
        settings: Settings,
        endpoint: Callable[[], str],
        *,
        follows: bool = False,
    ) -> None:
        self.world = LivePlaneWorld(loop, store, follows=follows)
        self.router = Router()
        region, account = template.region, template.account
        self.queues = SqsApi(self.world, account, region, endpoint, _new_id)
        self.streams = KinesisApi(self.world, account, region, _new_id)
        self.tables = TableStreamsApi(self.world, account, region)
        topics = SnsApi(self.world, self.router, account, region, _new_id)
        self.timetable = Timetable(self.world)
        buses = EventsApi(self.world, self.router, account, region, _new_id, self.timetable)
        self.apis = EventPlane()
        self.schedules = Schedules(self.world, self.router, self.apis, self.timetable, account, region, _new_id)
        for api in (self.queues, self.streams, self.tables, topics, buses):
            self.apis.add(api)
        for receiver in (self.queues, self.streams, topics, buses):
            self.router.add(receiver.service, receiver)
        self.interceptors: Sequence[Interceptor] = (
            TableWrites(self.world, self.tables.streams),
            BucketEvents(
                self.world,
                self.router,
                account,
                region,
                settings,
                new_id=_new_id,
                functions=(_functions(template) | template.functions_outside.keys()).__contains__,
            ),
        )

    def alarms(self, template: Template, levels: "Levels") -> Alarms:
        """The alarms of a template; `levels` tells the present values of metrics that are levels."""
        declared = tuple(template.alarms.values())
        return Alarms(self.world, self.router, declared, template.account, template.region, levels)

    def stream(self, source: StreamSource, arn: str) -> ReadableStream:
        """The stream with this ARN, for a mapping to read.

        Raises:
            AwsError: There is none.
        """
        match source.kind:
            case "kinesis":
                return self.streams.stream(arn)
            case "dynamodb":
                return self.tables.stream(arn)
            case never:
                assert_never(never)

    def earlier_streams(self, source: StreamSource, arn: str) -> Sequence[ReadableStream]:
        """The streams that a table had before the one with this ARN, as long as they can be read."""
        match source.kind:
            case "dynamodb":
                return self.tables.streams.earlier(arn)
            case "kinesis":
                return ()  # a stream of the same name goes with all it holds
            case never:
                assert_never(never)

    def queue(self, source: QueueSource, arn: str) -> PolledQueue:
        """The queue with this ARN, for a mapping to poll.

        Raises:
            AwsError: There is none.
        """
        match source.kind:
            case "sqs":
                return self.queues.queue(arn)
            case never:
                assert_never(never)


def _functions(template: Template) -> frozenset[str]:
    """The ARNs by which functions can be called, with and without a qualifier."""
    named = ((function.arn, versions(function)) for function in template.functions.values())
    return frozenset(each for arn, qualifiers in named for each in (arn, *(f"{arn}:{one}" for one in qualifiers)))


def _new_id() -> str:
    return str(uuid.uuid4())
