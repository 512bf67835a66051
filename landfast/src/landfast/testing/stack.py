"""A running stack as tests use it: what the fixture `landfast` is."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from typing import Any, Self, TypeVar

from botocore.config import Config

from landfast.service.clients import session
from landfast.service.service import Options, Service
from landfast.service.state import Resource, ServiceError
from landfast.testing.claims import CLAIMS
from landfast.testing.crash_points import CrashPoints, Event, Trials
from landfast.testing.errors import StackError, no_such
from landfast.testing.faults import Faulty
from landfast.testing.landed import Landed
from landfast.testing.sent import Sent, carry
from landfast.testing.settings import change
from landfast.testing.sources import Bucket, Bus, Function, Queue, Schedule, Stream, Table, Topic

__tracebackhide__ = True

_NEVER = float("-inf")
_Result = TypeVar("_Result")


class Stack(Faulty):
    """The stack of a template, in this process.

    Time stands but for what really passes: it jumps only within `settle` and `advance`. So a test sees its events
    before their retries, between them and after them.

    Args:
        service: The running service.

    Attributes:
        service: The same.
        sent: Every event that was sent since the last reset.
    """

    def __init__(self, service: Service) -> None:
        self.service = service
        self.sent: list[Sent] = []
        self._clients: dict[str, Any] = {}
        service.remember()
        self._begin()

    @classmethod
    @contextmanager
    def start(cls, options: Options) -> Iterator[Self]:
        """Run the stack of a template until the block ends.

        Raises:
            LandfastError: It cannot be run.
        """
        with Service.start(replace(options, skip_waits=True, follow=True)) as service:
            stack = cls(service)
            try:
                yield stack
            finally:
                for client in stack._clients.values():
                    client.close()

    @property
    def endpoint(self) -> str:
        """The one URL for all AWS calls."""
        return self.service.endpoint

    @property
    def outputs(self) -> Mapping[str, str]:
        """The outputs of the template."""
        return self.service.outputs

    @property
    def now(self) -> float:
        """The time of the stack, in Unix seconds."""
        return self.service.clock.now()

    def s3(self, logical_id: str) -> Bucket:
        """A bucket."""
        return Bucket(self, self._find("bucket", logical_id))

    def queue(self, logical_id: str) -> Queue:
        """A queue."""
        return Queue(self, self._find("queue", logical_id))

    def topic(self, logical_id: str) -> Topic:
        """A topic."""
        return Topic(self, self._find("topic", logical_id))

    def bus(self, logical_id: str | None = None) -> Bus:
        """An event bus; the default one without a name."""
        default = Resource(logical_id="the default bus", kind="bus", name="default")
        return Bus(self, self._find("bus", logical_id) if logical_id else default)

    def stream(self, logical_id: str) -> Stream:
        """A Kinesis stream."""
        return Stream(self, self._find("stream", logical_id))

    def table(self, logical_id: str) -> Table:
        """A table."""
        return Table(self, self._find("table", logical_id))

    def schedule(self, logical_id: str) -> Schedule:
        """A schedule, or a rule that has one."""
        return Schedule(self, self._find("schedule", logical_id))

    def function(self, logical_id: str, *, qualifier: str | None = None) -> Function:
        """A function.

        Args:
            logical_id: The function's.
            qualifier: The alias or version to call. Without it the alias, if the template gives the function exactly
                one, since that is what its events call; ``$LATEST`` for the function itself.
        """
        resource = self._find("function", logical_id)
        aliases = self.service.template.functions[logical_id].aliases
        only = next(iter(aliases)) if len(aliases) == 1 else None
        return Function(self, resource, qualifier or only)

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3's clients have no common type
        """A boto3 client of the stack, by its service: ``client("sqs")``. It knows nothing of the user's profile."""
        if service not in self._clients:
            with session(self.service.options.region) as made:
                self._clients[service] = made.client(service, endpoint_url=self.endpoint, config=self._config)
            carry(self._clients[service])
        return self._clients[service]

    def resource(self, service: str) -> Any:  # noqa: ANN401 - boto3's resources have no common type
        """A boto3 resource of the stack, by its service: ``resource("dynamodb")``."""
        with session(self.service.options.region) as made:
            return made.resource(service, endpoint_url=self.endpoint, config=self._config)

    def settle(self, timeout: float = 60) -> None:
        """Wait until every event has landed: nothing is under way, and no retry, delay or window is left.

        Args:
            timeout: Real seconds to wait at most.

        Raises:
            StackError: Something does not come to rest, and what.
        """
        self.jumping(lambda: self._rest(timeout))

    def advance(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0, timeout: float = 60
    ) -> None:
        """Let so much time pass, with all that happens in it: retries, schedules, ends of visibility and retention.

        Args:
            days: Of the stack's time, as the next three.
            hours: More of it.
            minutes: More of it.
            seconds: More of it.
            timeout: Real seconds to wait at most.

        Raises:
            StackError: Something is still under way then, and what.
        """
        span = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds).total_seconds()
        if span < 0:
            raise StackError(f"advance by {span:g} s: time does not go back")
        self.service.skip_waits(self.now + span, seeing=True)
        try:
            self._rest(timeout)
        finally:
            self._hold()

    def where(self, sent: Sent) -> Landed:
        """Where an event is now, and all that happened to it and to what came of it."""
        return Landed(self, sent)

    def logs(self, function: str, requests: Collection[str] | None = None) -> list[str]:
        """The lines that a function has logged, by its logical id; of some requests, or of all."""
        name = self._find("function", function).name
        return [line for request, line in self.service.logged(name) if requests is None or request in requests]

    def set(self, settings: Mapping[str, object]) -> None:
        """Change settings of the template until the next reset, for events to come and for those that wait.

        Args:
            settings: By logical id and property, as in the template:
                ``{"Import.EventInvokeConfig.MaximumRetryAttempts": 0, "Import.Events.Jobs.BatchSize": 1}``. There are
                a function's `EventInvokeConfig` and `ReservedConcurrentExecutions`, the properties of event source
                mappings, and the attributes of queues.

        Raises:
            StackError: There is no such setting, or AWS would refuse the value.
        """
        for name, value in settings.items():
            change(self, name, value)
        self._rest()  # a mapping that changes finishes what it has begun

    def cool_down(self) -> None:
        """End the warm workers, so that the next event of each function is a cold start."""
        self.service.cool_down()

    def reset(self) -> None:
        """Make everything as it was when the stack was started; only warm workers stay.

        Raises:
            ServiceError: The service has failed.
        """
        self.service.reset()
        self.sent.clear()
        self._begin()

    def crash_points(
        self,
        function: str,
        event: Event,
        *,
        repeats: Collection[str] = (),
        ignore: Mapping[str, Collection[str]] | None = None,
        claims: Collection[str] = CLAIMS,
    ) -> CrashPoints:
        """Kill a function before and after each AWS call that it makes, and compare what is left each time.

        Each run begins with a reset, and so does the next test.

        Args:
            function: The logical id of the function.
            event: The event, as Lambda hands it to the function, or a function that sends it.
            repeats: The logical ids of topics, buses, queues... at which the same may come more than once.
            ignore: The names of attributes that differ by chance, by the logical id of the place.
            claims: The attributes of items by which functions claim an event until a time.

        Returns:
            The points; let `CrashPoints.check` fail if anything was lost, doubled or left half done.

        Raises:
            StackError: The event does not reach the function, or two undisturbed runs differ.
        """
        return Trials(self, function, event, repeats=repeats, ignore=ignore, claims=claims).points()

    def jumping(self, work: Callable[[], _Result]) -> _Result:
        """Do something while time jumps to whatever is planned."""
        self.service.skip_waits()
        try:
            return work()
        finally:
            self._hold()

    def _rest(self, timeout: float = 60) -> None:
        try:
            self.service.settle(timeout)
        except ServiceError as error:
            raise StackError(str(error)) from None

    def _begin(self) -> None:
        self.service.faults.remember()
        self._hold()

    def _hold(self) -> None:
        """Let time jump no more."""
        self.service.skip_waits(_NEVER)

    def _find(self, kind: str, logical_id: str) -> Resource:
        resources = self.service.running.resources
        for each in resources:
            if (each.kind, each.logical_id) == (kind, logical_id):
                return each
        raise no_such(kind, logical_id, resources)

    @cached_property
    def _config(self) -> Config:
        return Config(
            retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, proxies={}, max_pool_connections=32
        )
