"""What is sent to what, by whom, as the template declares it."""

from collections.abc import Iterator

import msgspec

from landfast.lint.application import Application, Function


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A way on which events are sent.

    Attributes:
        by: Who sends, in words.
        to: The ARN of what gets them.
        failures: True if it gets what failed.
        in_own_name: True if a service sends itself; False if it does so by a role, or within the same service.
    """

    by: str
    to: str
    failures: bool = False
    in_own_name: bool = False


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """Something that calls a function asynchronously.

    Attributes:
        function: The function.
        qualifier: The alias or version that is called, or ``$LATEST``.
        by: Who calls, in words.
    """

    function: Function
    qualifier: str
    by: str


def deliveries(application: Application) -> Iterator[Delivery]:
    """Yield all ways but those of event source mappings, which read."""
    for bucket in application.buckets.values():
        for notification in bucket.notifications:
            yield Delivery(by=f"bucket {bucket.logical_id}", to=notification.target_arn, in_own_name=True)
    yield from _of_topics(application)
    yield from _of_eventbridge(application)
    yield from _of_functions(application)
    for queue in application.queues.values():
        if queue.redrive_policy is not None:
            target = queue.redrive_policy.dead_letter_target_arn
            yield Delivery(by=f"queue {queue.logical_id}", to=target, failures=True)


def calls(application: Application) -> Iterator[Call]:
    """Yield what calls functions asynchronously."""
    for delivery in deliveries(application):
        found = application.function_of(delivery.to)
        if found is not None:
            yield Call(function=found[0], qualifier=found[1], by=delivery.by)


def _of_topics(application: Application) -> Iterator[Delivery]:
    for each in application.subscriptions:
        by = f"subscription {each.logical_id}"
        yield Delivery(by=by, to=each.endpoint, in_own_name=True)
        if each.dead_letter_target_arn:
            yield Delivery(by=by, to=each.dead_letter_target_arn, failures=True, in_own_name=True)


def _of_eventbridge(application: Application) -> Iterator[Delivery]:
    for rule in application.rules.values():
        for target in rule.targets:
            by = f"rule {rule.logical_id}"
            yield Delivery(by=by, to=target.arn, in_own_name=True)
            if target.dead_letter_arn:
                yield Delivery(by=by, to=target.dead_letter_arn, failures=True, in_own_name=True)
    for schedule in application.schedules.values():
        by = f"schedule {schedule.logical_id}"
        yield Delivery(by=by, to=schedule.target.arn)
        if schedule.target.dead_letter_arn:
            yield Delivery(by=by, to=schedule.target.dead_letter_arn, failures=True)


def _of_functions(application: Application) -> Iterator[Delivery]:
    for config in application.configs.values():
        by = f"function {config.function.logical_id}"
        if config.on_success:
            yield Delivery(by=by, to=config.on_success)
        if config.on_failure:
            yield Delivery(by=by, to=config.on_failure, failures=True)
    for function in application.functions.values():
        if function.dead_letter:
            yield Delivery(by=f"function {function.logical_id}", to=function.dead_letter, failures=True)
    for mapping in application.mappings.values():
        if mapping.destination:
            yield Delivery(by=f"mapping {mapping.logical_id}", to=mapping.destination, failures=True)
