"""Queues of SQS, standard and FIFO. What the function gets of a message is in `delivery.sqs_events`."""

from typing import Final

from landfast.delivery.event_sources.declaration import QUEUE_DEFAULTS, QueueSource
from landfast.delivery.event_sources.scenario_records import GivenRecord, UnacceptableError, at_most, sent_text
from landfast.delivery.strict_json import text_size

LARGEST_MESSAGE: Final = 1_048_576
"""Bytes of a message in a queue."""

_GROUP_ID: Final = 128


def _accept(record: GivenRecord) -> None:
    body = sent_text(record.payload)
    if not body:
        raise UnacceptableError("data", "SQS takes no message without a body")
    at_most(text_size(body), LARGEST_MESSAGE, "an SQS message")
    if len(record.key) > _GROUP_ID:
        raise UnacceptableError("key", f"a message group id has at most {_GROUP_ID} characters")


SQS: Final = QueueSource(
    kind="sqs",
    title="SQS",
    defaults=QUEUE_DEFAULTS,
    accept=_accept,
    service="sqs",
    resource_type="AWS::SQS::Queue",
    thing="queue",
    scenario_resource="scenario",
    text_field="body",
)
