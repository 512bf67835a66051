"""The API of moves out of a dead-letter queue, and the clock that drives them (S-144)."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from landfast.delivery.strict_json import read_json
from landfast.eventplane.plane import Result
from landfast.eventplane.ports import PlaneWorld
from landfast.eventplane.sqs_errors import invalid, invalid_value, no_resource
from landfast.eventplane.sqs_queues import KIND, Queue, Queues
from landfast.protocols.call import Call
from landfast.sources.sqs_moves import NO_QUEUE, NO_SOURCE, MoveTask

_REMEMBERED: Final = 10
_FASTEST: Final = 500
_FORMAT: Final = "arn:<partition>:<service>:<region>:<account-id>:<resource-id>"


class Moves:
    """Starts, lists, cancels and carries out tasks.

    Args:
        world: The world.
        queues: All queues.
        new_id: Makes unique ids.
    """

    def __init__(self, world: PlaneWorld, queues: Queues, new_id: Callable[[], str]) -> None:
        self._world = world
        self._queues = queues
        self._new_id = new_id
        self._tasks: dict[str, list[MoveTask]] = {}
        self.operations: Mapping[str, Callable[[Call], Result]] = {
            "StartMessageMoveTask": self._start,
            "ListMessageMoveTasks": self._list,
            "CancelMessageMoveTask": self._cancel,
        }
        tasks = [
            msgspec.msgpack.decode(content, type=MoveTask) for _, key, content in world.rows(KIND) if key[0] == "t"
        ]
        for task in sorted(tasks, key=lambda task: (task.started_at, task.id)):
            self._tasks.setdefault(task.source_arn, []).append(task)
            self._plan(task)

    def forget(self, queue: Queue) -> None:
        """The queue is deleted."""
        for task in self._tasks.pop(queue.arn, ()):
            task.status = "CANCELLED"
            queue.keep(f"t{task.id}", None)

    def _start(self, call: Call) -> Result:
        source = self._named(call.params["SourceArn"], "SourceArn")
        rate = call.params.get("MaxNumberOfMessagesPerSecond")
        if rate is not None and not 1 <= rate <= _FASTEST:
            raise invalid_value(rate, "MaxNumberOfMessagesPerSecond", f"Must be between 1 and {_FASTEST}, if provided.")
        if not self._queues.sources_of(source):
            raise invalid("Source queue must be configured as a Dead Letter Queue.")
        destination = call.params.get("DestinationArn")
        if destination is not None:
            target = self._named(destination, "DestinationArn")
            if target is source:
                raise invalid("Source queue arn and destination queue arn cannot be the same.")
            if target.settings.fifo != source.settings.fifo:
                raise invalid("Source and destination queues must be of the same type.")
        if any(task.status == "RUNNING" for task in self._tasks.get(source.arn, ())):
            raise invalid(
                "There is already a task running. Only one active task is allowed for a source queue arn at a given "
                "time."
            )
        source.polled.advance()
        messages, now = source.messages, self._world.now()
        task = MoveTask(
            id=self._new_id(),
            source_arn=source.arn,
            destination_arn=destination,
            rate=rate,
            started_at=now,
            due=now + (1.0 / rate if rate else 0.0),
            last=messages.last,
            to_move=len(messages) - messages.in_flight - messages.delayed,
        )
        tasks = self._tasks.setdefault(source.arn, [])
        tasks.append(task)
        self._store(source, task)
        if len(tasks) > _REMEMBERED:
            source.keep(f"t{tasks.pop(0).id}", None)
        self._plan(task)
        return {"TaskHandle": _handle(task)}

    def _list(self, call: Call) -> Result:
        source = self._named(call.params["SourceArn"], "SourceArn")
        most = call.params.get("MaxResults", 1)
        if not 1 <= most <= _REMEMBERED:
            raise invalid_value(most, "MaxResults", f"Must be between 1 and {_REMEMBERED}, if provided.")
        latest = self._tasks.get(source.arn, [])[: -most - 1 : -1]
        return {"Results": [*map(_shown, latest)]}

    def _cancel(self, call: Call) -> Result:
        task_id, source_arn = _read(call.params["TaskHandle"])
        source = self._named(source_arn, "SourceArn")
        for task in self._tasks.get(source.arn, ()):
            if task.id == task_id:
                if task.status != "RUNNING":
                    raise invalid("Only active tasks can be cancelled.")
                task.status = "CANCELLED"
                self._store(source, task)
                return {"ApproximateNumberOfMessagesMoved": task.moved}
        raise no_resource("Task does not exist.")

    def _named(self, arn: str, parameter: str) -> Queue:
        if arn.count(":") != _FORMAT.count(":"):
            raise invalid(f"You must use this format to specify the {parameter}: {_FORMAT}")
        queue = self._queues.find(arn)
        if queue is None:
            raise no_resource(f"The resource that you specified for the {parameter} parameter doesn't exist.")
        return queue

    def _plan(self, task: MoveTask) -> None:
        if task.status == "RUNNING":
            name = task.source_arn.rpartition(":")[2]
            self._world.telling(lambda: f"message move task of queue {name}").at(task.due, lambda: self._step(task))

    def _step(self, task: MoveTask) -> None:
        source = self._queues.find(task.source_arn)
        if task.status != "RUNNING" or source is None:
            return
        source.polled.advance()
        for message in task.step(source.messages):
            arn = task.destination(message)
            target = self._queues.find(arn) if arn else None
            if target is None:
                task.fail(NO_QUEUE if arn else NO_SOURCE)
                break
            target.messages.take_back(message, self._new_id(), self._world.now())
            source.messages.remove(message)
            target.polled.changed()
            task.moved += 1
        if task.status == "RUNNING" and not task.step(source.messages):
            task.status = "COMPLETED"
        task.due += task.interval
        self._store(source, task)
        source.polled.changed()
        self._plan(task)

    def _store(self, source: Queue, task: MoveTask) -> None:
        source.keep(f"t{task.id}", msgspec.msgpack.encode(task))


def _shown(task: MoveTask) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "Status": task.status,
        "SourceArn": task.source_arn,
        "ApproximateNumberOfMessagesMoved": task.moved,
        "ApproximateNumberOfMessagesToMove": task.to_move,
        "StartedTimestamp": round(task.started_at * 1000),
    }
    if task.status == "RUNNING":
        shown["TaskHandle"] = _handle(task)
    if task.destination_arn is not None:
        shown["DestinationArn"] = task.destination_arn
    if task.rate is not None:
        shown["MaxNumberOfMessagesPerSecond"] = task.rate
    if task.failure is not None:
        shown["FailureReason"] = task.failure
    return shown


def _handle(task: MoveTask) -> str:
    return base64.b64encode(json.dumps({"taskId": task.id, "sourceArn": task.source_arn}).encode()).decode()


def _read(handle: str) -> tuple[str, str]:
    """The id of a task and its source, by its handle."""
    try:
        read = read_json(base64.b64decode(handle, validate=True))
        return str(read["taskId"]), str(read["sourceArn"])
    except (ValueError, TypeError, KeyError):
        raise invalid("Value for parameter TaskHandle is invalid.") from None
