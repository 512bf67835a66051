"""Queues that AWS's services send to, and what lets them."""

from collections.abc import Iterator
from typing import Final

from landfast.lint.application import UNKNOWN, Application
from landfast.lint.deliveries import deliveries
from landfast.lint.hazard import Finding, hazard

_POLICIES: Final = (
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-basic-examples-of-sqs-policies.html"
)


@hazard("W9552", "A queue that what sends to it may not send to", source=_POLICIES)
def no_queue_policy(application: Application) -> Iterator[Finding]:
    """Topics, EventBridge's rules and buckets send to a queue in their own names, and so do they their dead letters.

    The queue's policy must let them, or nothing gets there. It is reported of queues of the template for which the
    template has no policy at all.
    """
    covered = _covered(application)
    if UNKNOWN in covered:
        return
    senders: dict[str, dict[str, None]] = {}
    for delivery in deliveries(application):
        if delivery.in_own_name:
            senders.setdefault(delivery.to, {})[delivery.by] = None
    for queue in application.queues.values():
        if queue.arn in senders and not covered & {queue.url, queue.arn, queue.name}:
            yield Finding(
                (queue.logical_id,),
                f"{queue.logical_id} gets messages of {', '.join(senders[queue.arn])}, and has no policy that lets it "
                "send: nothing gets there. Set an AWS::SQS::QueuePolicy that allows sqs:SendMessage to the sender.",
            )


def _covered(application: Application) -> set[str]:
    """The queues that have a policy, as the policies name them."""
    found: set[str] = set()
    for policy in application.stack.of_type("AWS::SQS::QueuePolicy"):
        queues = application.value(policy, "Queues")
        found.update(map(str, queues) if isinstance(queues, list) else [str(queues)])
    for policy in application.stack.of_type("AWS::SQS::QueueInlinePolicy"):
        found.add(str(application.value(policy, "Queue")))
    return found
