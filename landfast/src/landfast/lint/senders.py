"""Queues that AWS's services send to, and what lets them."""

from collections.abc import Iterator
from typing import Final

from landfast.lint.application import UNKNOWN, Application
from landfast.lint.hazard import Finding, hazard

_POLICIES: Final = (
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-basic-examples-of-sqs-policies.html"
)


@hazard("W9552", "A queue that what sends to it may not send to", source=_POLICIES)
def no_queue_policy(application: Application) -> Iterator[Finding]:
    """Topics, EventBridge's rules and buckets send to a queue in their own names, also to their dead-letter queues: the
    queue's policy must let them, or nothing gets there. It is reported of queues of the template for which it has no
    policy at all."""
    covered = _covered(application)
    if UNKNOWN in covered:
        return
    senders: dict[str, list[str]] = {}
    for arn, sender in _sent(application):
        senders.setdefault(arn, []).append(sender)
    for queue in application.queues.values():
        if queue.arn in senders and not covered & {queue.url, queue.arn, queue.name}:
            by = ", ".join(dict.fromkeys(senders[queue.arn]))
            yield Finding(
                (queue.logical_id,),
                f"{queue.logical_id} gets messages of {by}, and no policy of the queue lets it send: nothing gets there. "
                "Set an AWS::SQS::QueuePolicy that allows sqs:SendMessage to the sender.",
            )


def _sent(application: Application) -> Iterator[tuple[str, str]]:
    """Yield the ARNs that services send to in their own names, each with who sends."""
    for subscription in application.subscriptions:
        if subscription.protocol == "sqs":
            yield subscription.endpoint, f"subscription {subscription.logical_id}"
        if subscription.dead_letter_target_arn:
            yield subscription.dead_letter_target_arn, f"subscription {subscription.logical_id}"
    for rule in application.rules.values():
        for target in rule.targets:
            yield target.arn, f"rule {rule.logical_id}"
            if target.dead_letter_arn:
                yield target.dead_letter_arn, f"rule {rule.logical_id}"
    for bucket in application.buckets.values():
        for notification in bucket.notifications:
            yield notification.target_arn, f"bucket {bucket.logical_id}"


def _covered(application: Application) -> set[str]:
    """The queues that have a policy, as the policies name them."""
    found: set[str] = set()
    for policy in application.stack.of_type("AWS::SQS::QueuePolicy"):
        queues = application.value(policy, "Queues")
        found.update(map(str, queues) if isinstance(queues, list) else [str(queues)])
    for policy in application.stack.of_type("AWS::SQS::QueueInlinePolicy"):
        found.add(str(application.value(policy, "Queue")))
    return found
