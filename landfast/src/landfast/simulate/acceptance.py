"""Refuses a scenario with a record that its source would refuse, so that it could never arrive.

Sources: the quotas and API references of Lambda, SQS, Kinesis Data Streams and DynamoDB (section F of the reference).
"""

from landfast.delivery.event_sources import EVENT_SOURCES, UnacceptableError
from landfast.simulate.scenario import Generated, Scenario, ScenarioError


def check(scenario: Scenario) -> None:
    """Refuse the first record that its source would not take; generated ones are all small.

    Raises:
        ScenarioError: It names the record's field.
    """
    records = scenario.source.records
    if isinstance(records, Generated):
        return
    accept = EVENT_SOURCES[scenario.source.type].accept
    for index, record in enumerate(records):
        try:
            accept(record)
        except UnacceptableError as error:
            raise ScenarioError(f"source.records[{index}].{error.field}", str(error)) from None
