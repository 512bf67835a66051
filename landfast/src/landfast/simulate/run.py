"""Running a scenario."""

from typing import Any, assert_never

from landfast.delivery.errors import Refused
from landfast.delivery.settings import from_ids
from landfast.journal import Entry
from landfast.simulate.acceptance import check
from landfast.simulate.drivers import Driver
from landfast.simulate.result import Tally, result
from landfast.simulate.scenario import Generated, Scenario, ScenarioError


def simulate(scenario: Scenario) -> tuple[dict[str, Any], list[Entry]]:
    """Run a scenario.

    Returns:
        The whole result, in the shape of the scenario contract, and the journal it was told from.

    Raises:
        ScenarioError: AWS would refuse a setting; the message names it.
    """
    tally = _run(scenario, keep=True)
    ids = [record.id for record in scenario.source.all()]
    return result(tally.entries, ids, tally.summary(len(ids), scenario.until)), tally.entries


def summarise(scenario: Scenario) -> dict[str, float]:
    """Run a scenario and only count, so that a million records fit into little memory.

    Raises:
        ScenarioError: AWS would refuse a setting; the message names it.
    """
    records = scenario.source.records
    total = records.count if isinstance(records, Generated) else len(records)
    return _run(scenario, keep=False).summary(total, scenario.until)


def _run(scenario: Scenario, *, keep: bool) -> Tally:
    tally = Tally(keep)
    check(scenario)
    try:
        _driver(scenario, tally).run()
    except Refused as error:
        place = error.field if error.field.startswith("settings.") else f"mapping.{error.field}"
        raise ScenarioError(place, f"{error.code}: {error.message}") from error
    return tally


def _driver(scenario: Scenario, tally: Tally) -> Driver[Any]:
    """The driver for the scenario's source; those of other sources are not loaded, so that the start is quick."""
    settings = from_ids(scenario.settings)
    match scenario.source.type:
        case "async":
            from landfast.simulate.asynchronous import AsynchronousDriver  # noqa: PLC0415 - as above

            return AsynchronousDriver(scenario, settings, tally)
        case "kinesis" | "dynamodb" as kind:
            from landfast.simulate.streams import StreamDriver  # noqa: PLC0415 - as above

            return StreamDriver(scenario, settings, tally, kind)
        case "sqs":
            from landfast.simulate.queues import QueueDriver  # noqa: PLC0415 - as above

            return QueueDriver(scenario, settings, tally)
        case kind:
            assert_never(kind)
