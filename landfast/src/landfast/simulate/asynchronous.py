"""The simulator's asynchronous events: each record is an event of its own."""

from collections.abc import Callable

from landfast.delivery.asynchronous import AsynchronousQueue, Event, configuration
from landfast.delivery.event_sources import ASYNCHRONOUS
from landfast.delivery.settings import Settings
from landfast.delivery.strict_json import json_text, text_size
from landfast.driver import Order
from landfast.driver.asynchronous import AsynchronousDriver
from landfast.simulate.scenario import Scenario
from landfast.simulate.world import FUNCTION_ARN, START, SimulatedWorld


def begin(scenario: Scenario, settings: Settings, world: SimulatedWorld, new_id: Callable[[], str]) -> None:
    """Plan the arrivals.

    Raises:
        Refused: AWS would refuse a setting.
    """
    reserved = scenario.function.reserved_concurrency
    queue = AsynchronousQueue(
        FUNCTION_ARN,
        configuration(scenario.mapping, settings, function_arn=FUNCTION_ARN),
        settings=settings,
        new_id=new_id,
        reserved_concurrency=reserved,
        epoch=START,
    )
    driver = AsynchronousDriver(queue, world, source=ASYNCHRONOUS.kind, function="", function_arn=FUNCTION_ARN)

    def accepting(event: Event) -> Callable[[], None]:
        return lambda: driver.accept(event)

    for record in scenario.source.all():
        text = json_text(record.payload)
        event = Event(request_id=new_id(), payload=record.payload, text=text, size=text_size(text), id=record.id)
        world.at(record.at, accepting(event), Order.ARRIVED)
