"""From buckets, rules and topics to functions: their internal queues, emptied into asynchronous queues."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from landfast.dataplane.clients import Clients
from landfast.dataplane.object_versions import with_versions
from landfast.dataplane.queues import Message, Queue
from landfast.dataplane.trigger_events import rule_event, topic_event
from landfast.dataplane.world import Trigger
from landfast.delivery.errors import Refused
from landfast.delivery.s3_events import decode_key, is_test_event, normalise
from landfast.delivery.settings import Settings
from landfast.delivery.strict_json import json_text, read_json
from landfast.journal import Dropped
from landfast.service.asynchronous import AsynchronousQueues
from landfast.service.engine_retries import EngineRetries
from landfast.service.functions import Target
from landfast.service.loop import StoppedError
from landfast.service.world import Shared

_POLL = 10
"""Seconds of a long poll: the engine answers at once when there is something."""

_HIDDEN = 5
"""Seconds after which a message comes back that a killed service had received and not accepted."""


class TriggerPump:
    """Empties one internal queue. An event is on disk before its message is deleted (S-01, S-36).

    Args:
        trigger: The queue, and what it stands for.
        queue: To be emptied.
        target: The function that is called.
        queues: Takes the events in.
        settings: U-9, U-10.
        shared: What all sources have in common.
        clients: Tell the versions of objects, for a versioned bucket (S-37).
    """

    def __init__(
        self,
        trigger: Trigger,
        queue: Queue,
        target: Target,
        queues: AsynchronousQueues,
        settings: Settings,
        *,
        shared: Shared,
        clients: Clients | None = None,
    ) -> None:
        self._clients = clients
        self._trigger = trigger
        self._queue = queue
        self._target = target
        self._queues = queues
        self._settings = settings
        self._shared = shared
        self._stopping = threading.Event()
        self._engine_retries = EngineRetries(trigger.source, shared.loop.clock, shared.store, self._stopping)
        # A daemon: a long poll that is under way when the service stops is worth nothing.
        self._thread = threading.Thread(target=self._run, name=f"trigger {trigger.source}", daemon=True)
        self._sequence = sequences()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Take nothing more; does not wait for a poll under way."""
        self._stopping.set()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                messages = self._engine_retries.until_done(
                    "reading the internal queue", self._receive, failures=(BotoCoreError, ClientError)
                )
                for message in messages:
                    self._take(message)
                if messages:
                    self._delete(messages)
        except StoppedError:
            return
        except BaseException as error:
            if not self._stopping.is_set():
                self._shared.loop.crashed(f"trigger {self._trigger.source}", error)
                raise

    def _receive(self) -> list[Message]:
        return self._queue.receive(wait=_POLL, visibility=_HIDDEN)

    def _delete(self, messages: list[Message]) -> None:
        self._engine_retries.until_done(
            "emptying the internal queue", lambda: self._queue.delete(messages), failures=(BotoCoreError, ClientError)
        )

    def _take(self, message: Message) -> None:
        if self._stopping.is_set():
            raise StoppedError(self._trigger.source)
        try:
            event = self._event(message)
            payload = json_text(event).encode()
        except StoppedError:
            raise
        except Exception as error:  # noqa: BLE001 - one message that makes no event must not hold up those behind it
            self._note_unreadable(message, error)
            return
        if event is None:
            return
        trace = message.attributes.get("AWSTraceHeader", "")
        try:
            origin = _origin(self._trigger, event)
            self._queues.accept(self._target, payload, request_id=message.id, origin=origin, trace=trace)
        except Refused as error:
            self._note_unreadable(message, error)

    def _note_unreadable(self, message: Message, error: Exception) -> None:
        note = Dropped(
            at=self._shared.loop.clock.now(),
            source=self._queues.source_of(self._target),
            records=(message.id,),
            metric="UnreadableTriggerMessages",
            error=f"{self._trigger.source}: {type(error).__name__}: {error}",
        )
        self._shared.store.commit([note])

    def _with_versions(self, event: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        clients = self._clients
        if clients is None or event is None or "Records" not in event:
            return event
        return self._engine_retries.until_done(
            "asking for an object's version",
            lambda: with_versions(clients, event),
            failures=(BotoCoreError, ClientError),
        )

    def _event(self, message: Message) -> object | None:
        """What the function gets; None if it gets nothing."""
        match self._trigger.kind:
            case "s3":
                return self._with_versions(s3_event(message.body, self._sequence, self._settings))
            case "events":
                return rule_event(self._trigger, message.body)
            case "sns":
                return topic_event(self._trigger, message.body)


def s3_event(body: str, next_sequence: Callable[[str, str], int], settings: Settings) -> Mapping[str, Any] | None:
    """What the function gets of a bucket's message; nothing of the test event, unless U-10 says so (S-37, S-42)."""
    notification: Mapping[str, Any] = read_json(body)
    if is_test_event(notification):
        return notification if settings.s3_test_event_to_lambda else None
    return normalise(notification, next_sequence=next_sequence, settings=settings)


def sequences() -> Callable[[str, str], int]:
    """Numbers that rise for every key, also from one run of the service to the next (S-41)."""
    last = 0

    def following(bucket: str, key: str) -> int:
        nonlocal last
        del bucket, key
        last = max(last + 1, time.time_ns())
        return last

    return following


def _origin(trigger: Trigger, event: object) -> str:
    match event:
        case {"Records": [{"s3": {"bucket": {"name": bucket}, "object": {"key": key}}}, *_]}:
            return f"s3://{bucket}/{decode_key(key)}"
        case _:
            return f"{'rule' if trigger.kind == 'events' else 'topic'} {trigger.source}"
