"""The asynchronous queues of a stack: one for each function, version and alias, kept on disk until each event ends."""

import uuid
from collections.abc import Iterable
from random import Random

from landfast.aws_errors import AwsError
from landfast.delivery.asynchronous import AsynchronousConfig, AsynchronousQueue, Event
from landfast.delivery.errors import Refused
from landfast.delivery.settings import Settings
from landfast.driver.asynchronous import AsynchronousDriver
from landfast.journal import Traced
from landfast.service import chain
from landfast.service.functions import Functions, Target
from landfast.service.loop import Loop
from landfast.service.store import Store
from landfast.service.world import LiveWorld, Shared
from landfast.sources.sent import Sent


class AsynchronousQueues:
    """Takes events in for every function.

    Args:
        loop: The thread of the machines.
        store: The store that keeps events.
        functions: The functions, by their addresses.
        settings: The unconfirmed points.
        follows: True if the journal tells which chain of events each event belongs to.
    """

    def __init__(
        self, loop: Loop, store: Store, functions: Functions, settings: Settings, *, follows: bool = False
    ) -> None:
        self._loop = loop
        self._store = store
        self._functions = functions
        self._settings = settings
        self._follows = follows
        self._drivers: dict[str, AsynchronousDriver] = {}
        self._targets: dict[str, Target] = {}

    def add(self, target: Target, config: AsynchronousConfig, shared: Shared) -> None:
        """Make the queue of a function as it is addressed; one that is there gets these settings."""
        if target.qualified_arn in self._drivers:
            self.reconfigure(target, config)
            return
        settings = self._settings
        source = f"{target.label}:{target.qualifier}" if target.qualifier else target.label
        queue = AsynchronousQueue(
            target.qualified_arn,
            config,
            settings=settings,
            new_id=lambda: str(uuid.uuid4()),
            reserved_concurrency=target.spec.reserved_concurrency,
            recursive_loop=target.recursive_loop,
        )
        self._drivers[target.qualified_arn] = AsynchronousDriver(
            queue,
            LiveWorld(shared, target, source, told=lambda: _told(target, queue), draw=self._draw),
            source=source,
            function=target.label,
            function_arn=target.spec.arn,
            delivery_retries=settings.delivery_retries,
        )
        self._targets[target.qualified_arn] = target

    def reconfigure(self, target: Target, config: AsynchronousConfig) -> None:
        """Give a queue other settings, by which the events that wait are decided, too (S-30)."""
        self._drivers[target.qualified_arn].machine.reconfigure(
            config, reserved_concurrency=target.spec.reserved_concurrency, recursive_loop=target.recursive_loop
        )

    def waiting(self, target: Target) -> int:
        """Count the events that wait for their end."""
        return len(self._drivers[target.qualified_arn].machine)

    def begin(self) -> None:
        """Take back what an earlier service had accepted, and go on with it; in the driver's thread."""
        for driver in self._drivers.values():
            for kept in self._store.events(driver.source):
                driver.resume(self._read(driver, kept.payload, kept.request_id, kept.origin, kept.trace), kept.progress)

    def each(self) -> Iterable[tuple[Target, AsynchronousDriver]]:
        """Every queue, with the function it is of."""
        return [(self._targets[arn], driver) for arn, driver in self._drivers.items()]

    def source_of(self, target: Target) -> str:
        """Return the name of a function's queue in the journal."""
        return self._drivers[target.qualified_arn].source

    def accept(self, target: Target, payload: bytes, *, request_id: str, origin: str, trace: str = "") -> None:
        """Take an event in, once; when this returns, it is on disk (S-01). From any thread.

        Args:
            target: The function as it is addressed.
            payload: JSON text.
            request_id: An event that waits under the same id is this one.
            origin: The origin of the event, for people.
            trace: The trace header it came with.

        Raises:
            Refused: The event is not JSON, or it is larger than Lambda takes.
        """
        driver = self._drivers[target.qualified_arn]
        event = self._read(driver, payload, request_id, origin, trace or chain.begun())
        event.check()

        def take_in() -> None:
            driver.accept(event)
            if self._follows and (root := chain.root(event.trace)):
                now, parent = self._loop.clock.now(), chain.parent(event.trace)
                note = Traced(at=now, source=driver.source, records=(event.request_id,), root=root, parent=parent)
                self._loop.turn.add([note])

        self._loop.ask(take_in)

    def take(self, arn: str, sent: Sent) -> None:
        """Take in what another service sends to a function; in the driver's thread.

        Raises:
            AwsError: There is no such function, or the event is larger than Lambda takes.
        """
        try:
            self.accept(
                self._functions.find(arn),
                sent.body.encode(),
                request_id=sent.request_id or str(uuid.uuid4()),
                origin=sent.origin,
                trace=sent.trace,
            )
        except LookupError as error:
            raise AwsError("ResourceNotFoundException", str(error), status=404) from error
        except Refused as error:
            raise AwsError(error.code, error.message, status=error.status) from error

    def _read(self, driver: AsynchronousDriver, payload: bytes, request_id: str, origin: str, trace: str) -> Event:
        depth = chain.depth(trace, driver.function_arn)
        return Event.read(request_id, payload, depth=depth, origin=origin, trace=trace)

    def _draw(self, request_id: str) -> float:
        """Which version of an alias with weights: drawn for each attempt, or once for all of the event (U-26)."""
        drawing = Random() if self._settings.redraw_alias_version else Random(request_id)  # noqa: S311 - no secret
        return drawing.random()


def _told(target: Target, queue: AsynchronousQueue) -> str:
    return f"function {target.spec.name} (asynchronous events: {len(queue)})"
