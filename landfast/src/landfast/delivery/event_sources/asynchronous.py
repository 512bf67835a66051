"""Events of asynchronous invocations, whoever sends them: `Invoke`, S3, SNS, EventBridge (section A of the rules)."""

from typing import Final

from landfast.delivery.event_payload import EVENT_LIMIT
from landfast.delivery.event_sources.declaration import AsynchronousSource
from landfast.delivery.event_sources.scenario_records import GivenRecord, at_most
from landfast.delivery.strict_json import json_text, text_size


def _accept(record: GivenRecord) -> None:
    at_most(text_size(json_text(record.payload)), EVENT_LIMIT, "an asynchronous invocation")


ASYNCHRONOUS: Final = AsynchronousSource(
    kind="async",
    title="asynchronous invocations",
    noun="event",
    defaults={"MaximumRetryAttempts": "2", "MaximumEventAgeInSeconds": "21600"},
    accept=_accept,
)
