"""Subscriptions of log groups: what a function logs goes to other functions and to streams."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from landfast.aws_errors import AwsError
from landfast.eventplane import Router
from landfast.journal import Dropped
from landfast.runtime.model import LogRecord
from landfast.service.loop import Loop
from landfast.sources import log_events
from landfast.sources.log_events import LogEvent
from landfast.sources.log_filters import LogFilter, log_filter
from landfast.sources.sent import Sent
from landfast.template import LogSubscription, Template

_MOST = 500
"""Log events that are sent at a time."""

_LARGEST = 256 * 1024
"""Characters of log events that are sent at a time: a function's event has to hold them."""

_NO_STREAM = "-"
"""Stands for the log stream of a call that no worker was reached for."""


@dataclass(slots=True)
class _Subscribed:
    """A subscription, and what of each invocation it has yet to send."""

    declared: LogSubscription
    chooses: LogFilter
    waiting: dict[str, list[LogEvent]] = field(default_factory=dict)


class LogSubscriptions:
    """Sends what functions log, as soon as an invocation has ended, or where it has become much.

    Args:
        template: Whose subscriptions these are.
        loop: The thread of the machines.
        router: Delivers.
    """

    def __init__(self, template: Template, loop: Loop, router: Router) -> None:
        self._loop = loop
        self._router = router
        self._account = template.account
        self._lock = threading.Lock()
        names = {function.log_group: function.name for function in template.functions.values()}
        self._of_function: dict[str, list[_Subscribed]] = {}
        for each in template.log_subscriptions:
            subscribed = _Subscribed(each, log_filter(each.filter_pattern))
            self._of_function.setdefault(names[each.log_group], []).append(subscribed)

    def write(self, record: LogRecord) -> None:
        """Take one record of a function's log; from any thread."""
        for each in self._of_function.get(record.function, ()):
            with self._lock:
                waiting = each.waiting.setdefault(record.request_id, [])
                if each.chooses(record.text):
                    waiting.append(LogEvent(self._loop.clock.now(), record.text))
                is_much = len(waiting) >= _MOST or sum(len(event.message) for event in waiting) >= _LARGEST
                if record.kind == "REPORT" or is_much:
                    del each.waiting[record.request_id]
            if waiting and (record.kind == "REPORT" or is_much):
                self._loop.post(
                    self._sending(each, waiting, record.stream or _NO_STREAM), f"log group {each.declared.log_group}"
                )

    def _sending(self, subscribed: _Subscribed, events: Sequence[LogEvent], stream: str) -> Callable[[], None]:
        declared = subscribed.declared

        def send() -> None:
            data = log_events.packed(
                events,
                account=self._account,
                group=declared.log_group,
                stream=stream,
                name=declared.name,
            )
            origin = f"log group {declared.log_group}"
            body = log_events.function_event(data)
            try:
                self._router.send(
                    declared.destination_arn,
                    Sent(body=body, data=data, partition_key=stream, origin=origin),
                )
            except AwsError as error:
                told = f"{declared.destination_arn}: {error}"
                now = self._loop.clock.now()
                self._loop.turn.add([Dropped(at=now, source=origin, metric="DeliveryErrors", error=told)])

        return send
