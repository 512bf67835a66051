"""Running a scenario."""

import itertools
from collections.abc import Callable
from typing import Any, Final, assert_never

from msgspec.structs import replace

from landfast.delivery.errors import Refused
from landfast.delivery.event_sources import AsynchronousSource, QueueSource, StreamSource
from landfast.delivery.settings import from_ids
from landfast.journal import Entry
from landfast.simulate.acceptance import check
from landfast.simulate.function import ScriptedFunction
from landfast.simulate.result import Tally, result
from landfast.simulate.scenario import Generated, Scenario, ScenarioError
from landfast.simulate.world import SimulatedWorld, request_ids

_RECORDS_OF_A_STEP: Final = 50


def simulate(scenario: Scenario) -> tuple[dict[str, Any], list[Entry]]:
    """Run a scenario.

    Returns:
        The whole result, in the shape of the scenario contract, and the journal it was told from.

    Raises:
        ScenarioError: AWS would refuse a setting; the message names it.
    """
    tally, _ = _run(scenario, keep=True)
    ids = [record.id for record in scenario.source.all()]
    return result(tally.entries, ids, tally.summary(len(ids), scenario.until)), tally.entries


def summarise(scenario: Scenario) -> dict[str, float]:
    """Run a scenario and only count, so that a million records fit into little memory.

    Raises:
        ScenarioError: AWS would refuse a setting; the message names it.
    """
    records = scenario.source.records
    total = records.count if isinstance(records, Generated) else len(records)
    return _run(scenario, keep=False)[0].summary(total, scenario.until)


def begin(scenario: Scenario, most: int) -> tuple[Scenario, list[Entry]]:
    """Run a scenario for so many steps at most: a record that is tried for a week takes a hundred thousand.

    To tell of fifty records takes as long as a step, and counts as one.

    Returns:
        The scenario that was run, which stops where the steps were used up, and its journal.

    Raises:
        ScenarioError: AWS would refuse a setting; the message names it.
    """
    tally, stopped = _run(scenario, keep=True, most=most)
    return scenario if stopped is None else replace(scenario, until=stopped), tally.entries


def _run(scenario: Scenario, *, keep: bool, most: int | None = None) -> tuple[Tally, float | None]:
    """Run a scenario; also tells when it was stopped, if it takes more steps than that."""
    tally = Tally(keep)
    steps = itertools.count()

    def is_enough() -> bool:
        return most is not None and next(steps) + tally.told // _RECORDS_OF_A_STEP >= most

    check(scenario)
    try:
        world = SimulatedWorld(
            ScriptedFunction(scenario.function, identifiers(scenario), scenario.source.number),
            scenario.function.reserved_concurrency,
            tally,
        )
        _begin(scenario, world)
        stopped = None if world.run(scenario.until, is_enough if most is not None else None) else world.now()
    except Refused as error:
        place = error.field if error.field.startswith("settings.") else f"mapping.{error.field}"
        raise ScenarioError(place, f"{error.code}: {error.message}") from error
    return tally, stopped


def identifiers(scenario: Scenario) -> Callable[[str], str]:
    """Tells the item identifier of a record, in a partial batch response, by the record's id."""
    match scenario.source.declared:
        case QueueSource():
            from landfast.simulate.queues import message_id  # noqa: PLC0415 - as below

            return message_id
        case StreamSource() as source:
            from landfast.simulate.streams import sequences  # noqa: PLC0415 - as below

            return sequences(scenario.source, source)
        case AsynchronousSource():
            return str
        case never:
            assert_never(never)


def _begin(scenario: Scenario, world: SimulatedWorld) -> None:
    """Begin with the scenario's source; what belongs to other sources is not loaded, so that the start is quick."""
    settings, new_id = from_ids(scenario.settings), request_ids()
    match scenario.source.declared:
        case AsynchronousSource():
            from landfast.simulate import asynchronous  # noqa: PLC0415 - as above

            asynchronous.begin(scenario, settings, world, new_id)
        case StreamSource() as source:
            from landfast.simulate import streams  # noqa: PLC0415 - as above

            streams.begin(scenario, settings, world, new_id, source)
        case QueueSource() as source:
            from landfast.simulate import queues  # noqa: PLC0415 - as above

            queues.begin(scenario, settings, world, new_id, source)
        case never:
            assert_never(never)
