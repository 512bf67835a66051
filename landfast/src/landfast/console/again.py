"""What has to be sent so that a function gets once more what it was called with, the way that came."""

import uuid
from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from landfast.console.places import Places
from landfast.console.samples import sent_by
from landfast.console.sending import Sending, ToFunction, ToQueue
from landfast.journal import Invoked

KINDS = frozenset({"queue", "stream"})
"""What records are sent to again. A table's item is written once more only by who knows what it says by now."""


def again(begun: Invoked, payload: bytes, places: Places) -> Iterator[Sending]:
    """Yield what has to be sent.

    Args:
        begun: The call.
        payload: The event that it was made with.
        places: The places of the stack.
    """
    if begun.records == (begun.request_id,):
        label, _, qualifier = begun.source.partition(":")
        yield ToFunction(name=label, qualifier=qualifier, payload=payload.decode())
        return
    event = msgspec.json.decode(payload)
    arns = {record.get("eventSourceARN", "") for record in event["Records"]}
    steps = [step for arn in arns if (step := places.of_arn(arn)) is not None]
    for _, sending in sent_by(event, {step.kind: step.name for step in steps if step.kind in KINDS}):
        if isinstance(sending, ToQueue) and sending.deduplication_id:
            yield replace(sending, deduplication_id=str(uuid.uuid4()))  # with its own it would count as sent already
        else:
            yield sending
