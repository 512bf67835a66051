"""Hazards of asynchronous events, and of what EventBridge and Scheduler send."""

from collections.abc import Iterator
from typing import Final

from landfast.lint.application import Application
from landfast.lint.deliveries import Call, calls
from landfast.lint.forecast import bad_event
from landfast.lint.hazard import Finding, hazard
from landfast.report.wording import several
from landfast.template.model import Queue

_ERRORS: Final = "https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html"
_RETAIN: Final = "https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html"
_SETTINGS: Final = "https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html"
_MAPPINGS: Final = "https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html"
_TARGETS: Final = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html"
_RETRIES: Final = 2


@hazard("W9540", "Asynchronous events that fail are kept nowhere", "S-08", "S-28", source=_RETAIN)
def no_destination(application: Application) -> Iterator[Finding]:
    """Without an on-failure destination and without a dead-letter queue an event that fails is discarded.

    Nothing tells of it but a metric. An alias or version that is called has the settings of its own qualifier only. It
    is reported of functions that the template itself has called asynchronously.
    """
    for call in _calls(application):
        config = application.configs.get((call.function.logical_id, call.qualifier))
        if call.function.dead_letter or (config is not None and config.on_failure):
            continue
        told = bad_event({} if config is None else config.properties, call.function.timeout)
        text = ""
        if told is not None and told.count("dropped"):
            text = (
                f" An event with which it always fails is dropped after {told.ended} and "
                f"{several(told.tries, 'attempt')}."
            )
        others = [each for each in application.configs.values() if each.function == call.function and each.on_failure]
        but = "".join(
            f" The settings {each.logical_id} are for {each.qualifier}, and {call.qualifier} is called."
            for each in others
        )
        yield Finding(
            (call.function.logical_id, "EventInvokeConfig"),
            f"{call.function.logical_id} is called asynchronously by {call.by}, and nothing keeps an event that fails."
            f"{but}{text} Set EventInvokeConfig.DestinationConfig.OnFailure, or a dead-letter queue.",
            told,
        )


@hazard("W9541", "The maximum event age ends the retries early", "S-07", "S-12", source=_ERRORS)
def age_before_retries(application: Application) -> Iterator[Finding]:
    """Lambda gives an event up as soon as the next retry would come after its maximum age.

    Retries that have no time never happen.
    """
    for config in application.configs.values():
        age = config.properties.get("MaximumEventAgeInSeconds")
        if age is None:
            continue
        retries = config.properties.get("MaximumRetryAttempts", _RETRIES)
        told = bad_event(config.properties, config.function.timeout)
        if told is not None and told.tries < retries + 1:
            yield Finding(
                (config.logical_id, "MaximumEventAgeInSeconds"),
                f"Events of {config.function.logical_id} are given up when they are {age} s old: of "
                f"{several(retries + 1, 'attempt')}, an event with which it always fails gets "
                f"{told.tries}. Set MaximumEventAgeInSeconds higher, or MaximumRetryAttempts to "
                f"{told.tries - 1}.",
                told,
            )


@hazard("W9542", "A destination that gets nothing of what the function reads", "S-35", source=_MAPPINGS)
def not_for_mappings(application: Application) -> Iterator[Finding]:
    """A function's own destinations and dead-letter queue are for asynchronous events, not for what a mapping reads.

    It is reported if the template calls the function by mappings only, and one of them, or its queue, keeps no
    failures.
    """
    called = {call.function.logical_id for call in calls(application)}
    for function in application.functions.values():
        configs = [each for each in application.configs.values() if each.function == function]
        places = [function.dead_letter, *(each.on_failure for each in configs)]
        mappings = [each for each in application.mappings.values() if each.function == function]
        without = [
            each
            for each in mappings
            if each.source is not None
            and each.destination is None
            and not (isinstance(each.source, Queue) and application.value(each.source.logical_id, "RedrivePolicy"))
        ]
        if any(places) and without and function.logical_id not in called:
            source = without[0].source
            name = "" if source is None else source.logical_id
            where = (function.logical_id, "DeadLetterConfig" if function.dead_letter else "EventInvokeConfig")
            yield Finding(
                where,
                f"{function.logical_id} keeps failures of asynchronous events, and reads {name}: of that, nothing gets "
                "there. Set a RedrivePolicy of the queue, or an on-failure destination of the stream's mapping.",
            )


@hazard("W9543", "A target without a dead-letter queue", source=_TARGETS)
def target_without_dead_letters(application: Application) -> Iterator[Finding]:
    """EventBridge and Scheduler try a target that cannot be reached for a day by default, and then drop the event.

    What they may not send, or to what is gone, they drop at once. The function's own settings do not help: it was never
    called.
    """
    for rule in application.rules.values():
        for index, target in enumerate(rule.targets):
            if target.dead_letter_arn is None:
                yield Finding(
                    (rule.logical_id, "Targets", index, "DeadLetterConfig"),
                    f"Target {target.id} of rule {rule.logical_id} has no dead-letter queue: an event that cannot be "
                    "delivered is dropped. Set DeadLetterConfig.",
                )
    for schedule in application.schedules.values():
        if schedule.target.dead_letter_arn is None:
            yield Finding(
                (schedule.logical_id, "Target", "DeadLetterConfig"),
                f"The target of schedule {schedule.logical_id} has no dead-letter queue: a call that cannot be "
                "delivered is dropped. Set DeadLetterConfig.",
            )


def _calls(application: Application) -> Iterator[Call]:
    """Yield one call for each function and qualifier."""
    seen: set[tuple[str, str]] = set()
    for call in calls(application):
        key = call.function.logical_id, call.qualifier
        if key not in seen:
            seen.add(key)
            yield call
