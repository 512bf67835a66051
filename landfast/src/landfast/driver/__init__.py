"""The one driver of the delivery machines, written against a small port: `World`.

Begin reading with `driver.Driver`, then the one for your source: `asynchronous`, `queues`, `streams`; each is imported
from its module, so that a simulation loads only what its source needs. What a mapping reads is a machine of
`landfast.sources`, put on the world's clock by `polled_queue` and `streams.TailedShard`: what arrives wakes whoever
waits for it, and nothing polls.
"""

from landfast.driver.driver import Driver, Machine
from landfast.driver.world import (
    Call,
    Change,
    ForgetEvent,
    ForgetShards,
    KeepEvent,
    KeepRow,
    KeepShard,
    Order,
    Plan,
    ShardState,
    World,
)

__all__ = [
    "Call",
    "Change",
    "Driver",
    "ForgetEvent",
    "ForgetShards",
    "KeepEvent",
    "KeepRow",
    "KeepShard",
    "Machine",
    "Order",
    "Plan",
    "ShardState",
    "World",
]
