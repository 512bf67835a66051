"""The simulator's asynchronous events."""

from collections.abc import Callable

from landfast.delivery.asynchronous import AsynchronousQueue, Event, configuration
from landfast.delivery.settings import Settings
from landfast.delivery.strict_json import json_text, text_size
from landfast.simulate.agenda import Order
from landfast.simulate.drivers import FUNCTION_ARN, START, Driver
from landfast.simulate.result import Tally
from landfast.simulate.scenario import Scenario


class AsynchronousDriver(Driver[Event]):
    """Asynchronous events: each record is an event of its own."""

    def __init__(self, scenario: Scenario, settings: Settings, tally: Tally) -> None:
        super().__init__(scenario, settings, tally)
        self._queue = AsynchronousQueue(
            FUNCTION_ARN,
            configuration(scenario.mapping, settings, function_arn=FUNCTION_ARN),
            settings=settings,
            new_id=self.new_id,
            reserved_concurrency=self.reserved,
            epoch=START,
        )

    def identifier(self, record_id: str) -> str:
        """Asynchronous events have no partial batch responses; the id is the scenario's own."""
        return record_id

    def name(self, record: Event) -> str:
        """The id of an event in the scenario."""
        return record.id

    def begin(self) -> None:
        """Plan the arrivals."""
        for record in self.scenario.source.all():
            text = json_text(record.payload)
            event = Event(
                request_id=self.new_id(),
                payload=record.payload,
                text=text,
                size=text_size(text),
                id=record.id,
            )
            self.agenda.at(record.at, Order.ARRIVED, self._accepting(event))

    def _accepting(self, event: Event) -> Callable[[], None]:
        return lambda: self.carry_out(self._queue, self._queue.accept(event, self.agenda.now))
