"""Hazards of queues that functions read."""

from collections.abc import Iterator
from typing import Final

from landfast.lint.application import Application, EventSourceMapping
from landfast.lint.forecast import (
    BATCH,
    DAY,
    Forecast,
    burst,
    forecast,
    one_bad_message,
    played,
    throttled,
)
from landfast.lint.hazard import Finding, hazard
from landfast.report.wording import duration, several
from landfast.simulate.declared import queue_settings
from landfast.template.errors import Where
from landfast.template.model import Queue

_FACTOR: Final = 6
_RECEIVES: Final = 5
_GUIDE: Final = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"
_DEAD_LETTERS: Final = (
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html"
)
_RETENTION: Final = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html"
_SCALING: Final = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html"


@hazard("E9501", "Visibility timeout below the function's time-out", "S-91", source=_GUIDE)
def hidden_too_shortly(application: Application) -> Iterator[Finding]:
    """AWS refuses an event source mapping whose queue hides messages for less time than its function may take."""
    for mapping, queue, timeout in _read_queues(application):
        if queue.visibility_timeout < timeout:
            yield Finding(
                (queue.logical_id, "VisibilityTimeout"),
                f"VisibilityTimeout of {queue.logical_id} is {queue.visibility_timeout} s, and "
                f"{mapping.function.logical_id} may take {timeout} s: AWS refuses the mapping. "
                f"Set {_FACTOR * timeout} or more.",
            )


@hazard("W9502", "Visibility timeout below six times the function's time-out", "S-92", "S-94", source=_GUIDE)
def little_patience(application: Application) -> Iterator[Finding]:
    """A throttled function is tried again only as long as a message's remaining visibility covers the time-out.

    Then the message has been received in vain, and is dead-lettered the sooner. AWS asks for six times the time-out,
    and the batching window in addition.
    """
    for mapping, queue, timeout in _read_queues(application):
        wanted = _FACTOR * timeout + _window(mapping)
        if timeout <= queue.visibility_timeout < wanted:
            told = _burst(mapping, queue, f"VisibilityTimeout {wanted}", VisibilityTimeout=wanted)
            yield Finding(
                (queue.logical_id, "VisibilityTimeout"),
                f"VisibilityTimeout of {queue.logical_id} is {queue.visibility_timeout} s, below {_FACTOR} times the "
                f"Timeout of {mapping.function.logical_id}{_and_window(mapping)}.{told[0]} Set {wanted} or more.",
                told[1],
            )


@hazard("W9503", "maxReceiveCount below five", "S-92", "S-94", source=_GUIDE)
def few_receives(application: Application) -> Iterator[Finding]:
    """Each receive counts, also one by which the function was not reached.

    AWS asks for five at least, so that throttling alone sends no good message to the dead-letter queue.
    """
    for mapping, queue, _ in _read_queues(application):
        redrive = queue.redrive_policy
        if redrive is not None and redrive.max_receive_count < _RECEIVES:
            told = _burst(mapping, queue, f"maxReceiveCount {_RECEIVES}", RedrivePolicy={"maxReceiveCount": _RECEIVES})
            yield Finding(
                (queue.logical_id, "RedrivePolicy", "maxReceiveCount"),
                f"maxReceiveCount of {queue.logical_id} is {redrive.max_receive_count}.{told[0]} "
                f"Set {_RECEIVES} or more.",
                told[1],
            )


@hazard("W9504", "No dead-letter queue", "S-93", "S-95", source=_DEAD_LETTERS)
def no_dead_letter_queue(application: Application) -> Iterator[Finding]:
    """A message that always fails comes back until its retention ends, and is then gone.

    Until then it takes its part of each batch with it, or holds up its message group.
    """
    for mapping, queue, _ in _read_queues(application):
        if application.value(queue.logical_id, "RedrivePolicy") is None:
            told = one_bad_message(mapping, queue)
            text = ""
            if told is not None:
                kept = duration(queue.message_retention_period)
                rest = "" if told.ended == kept else f", and so on for the {kept} of its retention"
                text = (
                    f" A message that always fails is tried {several(told.tries, 'time')} within {told.ended}{rest}; "
                    "then it is gone."
                )
            yield Finding(
                (queue.logical_id, "RedrivePolicy"),
                f"{queue.logical_id}, which {mapping.function.logical_id} reads, has no dead-letter queue.{text} "
                "Set a RedrivePolicy.",
                told,
            )


@hazard("E9505", "Failures go to a queue or topic of the wrong kind", "S-20", "S-68", "S-95", source=_DEAD_LETTERS)
def wrong_kind(application: Application) -> Iterator[Finding]:
    """The dead-letter queue of a FIFO queue must be FIFO, that of a standard queue standard.

    What Lambda sends, of asynchronous events and of streams, can go to standard queues and topics only.
    """
    for queue in application.queues.values():
        if queue.redrive_policy is not None:
            target = queue.redrive_policy.dead_letter_target_arn
            if _is_fifo(target) != queue.fifo_queue:
                kind = "FIFO" if queue.fifo_queue else "standard"
                yield Finding(
                    (queue.logical_id, "RedrivePolicy", "deadLetterTargetArn"),
                    f"{queue.logical_id} is a {kind} queue, and its dead-letter queue {application.name_of(target)} "
                    f"is not: SQS refuses the redrive policy. Name a {kind} queue.",
                )
    for where, target in _sent_by_lambda(application):
        if _is_fifo(target):
            yield Finding(
                where,
                f"{application.name_of(target)} is FIFO, and Lambda sends to standard queues and topics only: it "
                "refuses the setting. Name a standard one.",
            )


@hazard("W9506", "The dead-letter queue keeps messages no longer than its source", "S-95", source=_RETENTION)
def short_retention(application: Application) -> Iterator[Finding]:
    """A message of a standard queue has one age, from its first send on, in the dead-letter queue too.

    What has waited for long is deleted soon after it was dead-lettered. FIFO queues begin anew.
    """
    for queue, dead in _dead_letter_queues(application):
        if queue.fifo_queue or dead.fifo_queue or dead.message_retention_period > queue.message_retention_period:
            continue
        mapping = next((each for each in application.mappings.values() if each.source == queue), None)
        told = None if mapping is None else one_bad_message(mapping, queue)
        text = ""
        if told is not None and told.count("dead_lettered"):
            at = max(each.at or 0.0 for each in told.account.records.shown if each.state == "dead_lettered")
            left = max(0.0, dead.message_retention_period - at)
            text = (
                f" A message that fails gets there after {duration(at)} at the earliest, and stays for "
                f"{duration(left)}; each hour that it waits before is lost there."
            )
        yield Finding(
            (dead.logical_id, "MessageRetentionPeriod"),
            f"{dead.logical_id} keeps messages for {duration(dead.message_retention_period)}, no longer than "
            f"{queue.logical_id}, whose dead-letter queue it is ({duration(queue.message_retention_period)}).{text} "
            "Set MessageRetentionPeriod above the source's; 1209600 is the most.",
            told,
        )


@hazard("W9507", "Batching window and time-out together exceed the visibility timeout", "S-92", source=_GUIDE)
def long_window(application: Application) -> Iterator[Finding]:
    """Messages are hidden while a batch is gathered.

    If they become visible again before the function is done, they are received twice. In 2022 AWS's guide said that
    Lambda then hides them for longer; today's does not say so.
    """
    for mapping, queue, timeout in _read_queues(application):
        window = _window(mapping)
        if window and timeout <= queue.visibility_timeout < window + timeout:
            wanted = _FACTOR * timeout + window
            told = _not_extended(mapping, queue)
            text = ""
            if told is not None and (harm := _harms(told)):
                text = (
                    f" Unless Lambda extends the receipt (U-20), a batch of {several(_sent(told), 'message')} that "
                    f"takes {duration(told.scenario.function.duration)} ends with {harm}."
                )
            yield Finding(
                (mapping.logical_id, "MaximumBatchingWindowInSeconds"),
                f"{mapping.function.logical_id} may take {timeout} s after a batching window of {window} s, and "
                f"{queue.logical_id} hides messages for {queue.visibility_timeout} s only.{text} "
                f"Set its VisibilityTimeout to {wanted} or more.",
                told,
            )


@hazard("W9510", "Less reserved concurrency than the mapping uses", "S-94", "S-102", source=_SCALING)
def too_little_concurrency(application: Application) -> Iterator[Finding]:
    """A mapping reads as much as its MaximumConcurrency allows, or as there is, whatever the function can take.

    What is throttled has been received in vain. Without MaximumConcurrency it is reported if a burst harms good
    messages.
    """
    for function in application.functions.values():
        mappings = [
            (mapping, mapping.source)
            for mapping in application.mappings.values()
            if mapping.function == function and isinstance(mapping.source, Queue)
        ]
        if not function.reserved or not mappings:
            continue
        limits = [_maximum_concurrency(mapping) for mapping, _ in mappings]
        known = [limit for limit in limits if limit is not None]
        for (mapping, queue), limit in zip(mappings, limits, strict=True):
            told = burst(mapping, queue)
            harm = told.count("dead_lettered") if told is not None else 0
            if (limit is None and not harm) or (limit is not None and sum(known) <= function.reserved):
                continue
            wants = "no MaximumConcurrency" if limit is None else f"MaximumConcurrency {sum(known)}"
            yield Finding(
                (mapping.logical_id, "ScalingConfig"),
                f"{function.logical_id} has {function.reserved} reserved concurrent executions, and what reads "
                f"{queue.logical_id} for it has {wants}.{_harm(told)} Set ScalingConfig.MaximumConcurrency to what is "
                "reserved, or less; of several mappings their sum.",
                told,
            )


@hazard("W9530", "One bad message fails its whole batch", "S-93", "S-97", source=_GUIDE)
def whole_batches(application: Application) -> Iterator[Finding]:
    """Without ReportBatchItemFailures a function can only succeed or fail with all messages of a batch.

    Good ones are handled again with the bad one, as often as it is tried.
    """
    for mapping, queue, _ in _read_queues(application):
        if mapping.reports_failures or mapping.number("BatchSize", 10) == 1:
            continue
        told = one_bad_message(mapping, queue)
        text = ""
        if told is not None:
            size = several(len(told.account.records.shown), "message")
            text = f" Of a batch of {size} with a bad one, {_fate(told)}."
        yield Finding(
            (mapping.logical_id, "FunctionResponseTypes"),
            f"The mapping of {queue.logical_id} to {mapping.function.logical_id} does not take partial batch responses."
            f"{text} Set FunctionResponseTypes to [ReportBatchItemFailures], and return what failed; or BatchSize 1.",
            told,
        )


def _dead_letter_queues(application: Application) -> Iterator[tuple[Queue, Queue]]:
    """Yield queues, each with its dead-letter queue if that is the template's."""
    for queue in application.queues.values():
        if queue.redrive_policy is not None:
            dead = application.queues_by_arn.get(queue.redrive_policy.dead_letter_target_arn)
            if dead is not None:
                yield queue, dead


def _sent_by_lambda(application: Application) -> Iterator[tuple[Where, str]]:
    """Yield where it is set what Lambda sends to, and to what."""
    for function in application.functions.values():
        yield (function.logical_id, "DeadLetterConfig"), function.dead_letter or ""
    for config in application.configs.values():
        where = (config.logical_id, "DestinationConfig")
        yield (*where, "OnSuccess", "Destination"), config.on_success or ""
        yield (*where, "OnFailure", "Destination"), config.on_failure or ""
    for mapping in application.mappings.values():
        yield (mapping.logical_id, "DestinationConfig"), mapping.destination or ""


def _fate(told: Forecast) -> str:
    """Say what happens to the good messages beside a bad one."""
    good = [each for each in told.account.records.shown if each.record != "r1"]
    dead = sum(each.state == "dead_lettered" for each in good)
    times = max(each.invocations for each in good)
    if dead:
        handed = f"{several(dead, 'good message')} are handed to the function {several(times, 'time')}"
        return f"{handed} and dead-lettered with it"
    return (
        f"{several(len(good), 'good message')} are handed to the function {several(times, 'time')} within {told.ended}"
    )


def _read_queues(application: Application) -> Iterator[tuple[EventSourceMapping, Queue, int]]:
    """Yield the mappings of queues of the template, with the function's time-out."""
    for mapping in application.mappings.values():
        if isinstance(mapping.source, Queue) and mapping.function.timeout is not None:
            yield mapping, mapping.source, mapping.function.timeout


def _burst(mapping: EventSourceMapping, queue: Queue, wanted: str, **changes: object) -> tuple[str, Forecast | None]:
    """Say what a burst does to good messages, or what throttling does, and what it does with a better setting."""
    if mapping.function.reserved:
        told, better = burst(mapping, queue), burst(mapping, queue, **changes)
        if told is not None and better is not None and better.count("dead_lettered") < told.count("dead_lettered"):
            return f"{_harm(told)} With {wanted} it sends {better.count('dead_lettered') or 'none'}.", told
    told, better = throttled(mapping, queue), throttled(mapping, queue, **changes)
    if told is not None and better is not None and told.count("dead_lettered"):
        lost = f"{several(_sent(told), 'message')} are in the dead-letter queue after {told.ended}"
        later = f"; with {wanted} after {better.ended}" if better.count("dead_lettered") else ""
        return f" Throttled, the function loses good messages unseen: {lost}{later}.", told
    if queue.redrive_policy is None:
        return " Throttled, a message is received again and again, which a dead-letter queue would count.", None
    return "", None


def _harm(told: Forecast | None) -> str:
    """Say what a burst does to good messages."""
    if told is None:
        return ""
    took = duration(told.scenario.function.duration)
    burst_ = f" A burst of {several(_sent(told), 'message')}, whose batches take {took} each,"
    if told.count("dead_lettered"):
        return f"{burst_} sends {several(told.count('dead_lettered'), 'good message')} to the dead-letter queue."
    if told.count("throttles"):
        return f"{burst_} is throttled {several(told.count('throttles'), 'time')}."
    return ""


def _not_extended(mapping: EventSourceMapping, queue: Queue) -> Forecast | None:
    """What happens to a batch that its window closes, if messages are not hidden for longer, and it takes its time."""
    timeout, window = mapping.function.timeout or 1, _window(mapping)
    size = max(1, min(BATCH, mapping.number("BatchSize", 10) - 1))
    return forecast(
        {
            "source": {
                "type": "sqs",
                "records": {"count": size, "per_second": size / window},
                "queue": queue_settings(queue),
            },
            "mapping": played(mapping.properties),
            "function": {"Timeout": timeout, "duration": timeout},
            "settings": {"U-20": False},
            "until": DAY,
        }
    )


def _harms(told: Forecast) -> str:
    """Say how many messages were dead-lettered or handled again; empty for none."""
    counts = ((told.count("dead_lettered"), "dead-lettered"), (_again(told), "handled again"))
    return " and ".join(f"{several(count, 'message')} {what}" for count, what in counts if count)


def _sent(told: Forecast) -> int:
    return len(told.account.records.shown)


def _again(told: Forecast) -> int:
    return sum(len(each.records) for each in told.account.again.shown)


def _window(mapping: EventSourceMapping) -> int:
    return mapping.number("MaximumBatchingWindowInSeconds", 0)


def _and_window(mapping: EventSourceMapping) -> str:
    window = _window(mapping)
    of_timeout = f" ({mapping.function.timeout} s)"
    return f"{of_timeout} and its batching window of {window} s" if window else of_timeout


def _maximum_concurrency(mapping: EventSourceMapping) -> int | None:
    config = mapping.properties.get("ScalingConfig")
    found = config.get("MaximumConcurrency") if isinstance(config, dict) else None
    return found if isinstance(found, int) else None


def _is_fifo(arn: str) -> bool:
    return arn.endswith(".fifo")
