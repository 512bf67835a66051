"""The one driver of the delivery machines, written against a small port: `World`.

Begin reading with `driver.Driver`, then the one for your source: `asynchronous`, `queues`, `streams`. What a mapping
reads is a machine of `landfast.sources`, put on the world's clock by `polled_queue` and `streams.TailedShard`: what
arrives wakes whoever waits for it, and nothing polls.
"""

from landfast.driver.asynchronous import AsynchronousDriver
from landfast.driver.driver import Driver, Machine
from landfast.driver.polled_queue import MappedQueue, Poll, PolledQueue
from landfast.driver.queues import Ended as MessagesEnded
from landfast.driver.queues import MessageQueue, QueueDriver
from landfast.driver.streams import Page, ReadableShard, ReadableStream, Shard, ShardDriver, TailedShard
from landfast.driver.world import (
    Call,
    Change,
    ForgetEvent,
    KeepEvent,
    KeepRow,
    KeepShard,
    Order,
    Plan,
    ShardState,
    World,
)

__all__ = [
    "AsynchronousDriver",
    "Call",
    "Change",
    "Driver",
    "ForgetEvent",
    "KeepEvent",
    "KeepRow",
    "KeepShard",
    "Machine",
    "MappedQueue",
    "MessageQueue",
    "MessagesEnded",
    "Order",
    "Page",
    "Plan",
    "Poll",
    "PolledQueue",
    "QueueDriver",
    "ReadableShard",
    "ReadableStream",
    "Shard",
    "ShardDriver",
    "ShardState",
    "TailedShard",
    "World",
]
