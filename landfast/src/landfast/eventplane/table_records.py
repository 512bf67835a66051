"""Records of what writes to tables that have a stream have really changed (S-141).

Writes of the same item take turns, and so does whatever is about a whole table with everything else. Each goes like
this:

1. The items that it may write are read from the engine, consistently, and an *intent*, the keys with the old images,
   is committed.
2. The write is sent, and the engine answers: it may have failed, or done only a part.
3. The items are read again; what differs has changed. The records are appended and the intent is forgotten in one
   commit, and only then the client gets the engine's answer.

So a cancelled transaction, a failed condition and a write of what is there leave nothing, and a service that is killed
at any point finds the intent at its next start and does the last step then. What cannot be read again, because the
engine has gone, is done before the next write.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias

import msgspec

from landfast.eventplane.engine_tables import EngineRefusedError, EngineTables
from landfast.eventplane.key_locks import Gate, KeyLocks
from landfast.eventplane.passing import Driver, EngineAnswer
from landfast.eventplane.ports import PlaneWorld
from landfast.eventplane.table_expiry import TableExpiry
from landfast.eventplane.table_items import Touched, key_of, name_of
from landfast.eventplane.table_streams import TableStreams
from landfast.sources.table_changes import Item, ItemChange, as_kept
from landfast.sources.table_stream import TableStream

_KIND: Final = "table writes"
_OWNER: Final = "intents"


class TableIntent(msgspec.Struct, frozen=True, array_like=True):
    """An intent: what is about to be written to one table.

    Attributes:
        table: The table's name.
        stream: The ARN of its stream.
        names: The names of its key attributes.
        keys: The keys of the items that may be written; None for any item.
        old: The items that are there.
        expired: True if DynamoDB itself deletes them, as their time to live is over.
    """

    table: str
    stream: str
    names: list[str]
    keys: list[dict[str, Any]] | None
    old: list[dict[str, Any]]
    expired: bool = False


Intent: TypeAlias = list[TableIntent]


@dataclass(frozen=True, slots=True)
class Write:
    """A write that is to be sent.

    Attributes:
        items: The items that it may write.
        send: Sends it to the engine.
        trace: The X-Ray header that it came with; empty without one.
        expired: True if DynamoDB itself deletes the items, as their time to live is over.
    """

    items: Touched
    send: Callable[[], Awaitable[EngineAnswer]]
    trace: str = ""
    expired: bool = False


class TableRecords:
    """Sends writes, and makes stream records of what they have changed.

    Everything but what it hands to the driver runs in the endpoint's event loop.

    Args:
        world: The world, for the driver's thread.
        streams: The streams of all tables.
        expiry: It is told how items are now.
    """

    def __init__(self, world: PlaneWorld, streams: TableStreams, expiry: TableExpiry) -> None:
        self._world = world
        self._streams = streams
        self._expiry = expiry
        self._keep = world.keeper(_KIND, _OWNER)
        self._known = {table: stream.settings for table, stream in streams.enabled.items()}
        self._left = {key: _INTENT.decode(content) for _, key, content in world.rows(_KIND)}
        self._last = max(self._left, default="")
        self._gate = Gate()
        self._turns = KeyLocks()

    @property
    def keys(self) -> dict[str, list[str]]:
        """The names of the key attributes of each table that has a stream."""
        return {table: [*settings.keys] for table, settings in self._known.items()}

    def begin(self, stream: TableStream) -> None:
        """Make records from now on for a table that got a stream."""
        self._known[stream.settings.table] = stream.settings

    def end(self, table: str) -> bool:
        """Make no more of them; tell whether there was a stream."""
        return self._known.pop(table, None) is not None

    @asynccontextmanager
    async def alone(self, engine: EngineTables, driver: Driver) -> AsyncIterator[None]:
        """Keep all writes away, once the records of those before are made."""
        async with self._gate.alone():
            for key, intent in sorted(self._left.items()):
                await self._finish(key, intent, engine, driver)
            yield

    async def write(self, write: Write, engine: EngineTables, driver: Driver) -> EngineAnswer:
        """Send a write; when this returns, its records are on disk.

        Raises:
            Exception: The engine does not answer.
        """
        if not self._left and None not in write.items.values():
            written = [f"{table} {name_of(key)}" for table, keys in write.items.items() for key in keys or ()]
            async with self._gate.beside_others(), self._turns.holding(written):
                try:
                    intent: Intent | None = await self._intent(write, write.items, engine)
                except EngineRefusedError:
                    intent = None  # such keys as the table cannot have: any item may be meant
                if intent is not None:
                    return await self._sent(write, intent, engine, driver)
        async with self.alone(engine, driver):
            return await self._sent(write, await self._any_intent(write, engine), engine, driver)

    async def _sent(self, write: Write, intent: Intent, engine: EngineTables, driver: Driver) -> EngineAnswer:
        if not intent:
            return await write.send()
        key = self._last = f"{int(self._last or '0', 16) + 1:016x}"
        await driver(lambda: self._keep(key, msgspec.msgpack.encode(intent)))
        try:
            return await write.send()
        finally:  # also where the engine gave no answer: it may have done it all the same
            await self._finish(key, intent, engine, driver, write.trace)

    async def _intent(self, write: Write, items: Touched, engine: EngineTables) -> Intent:
        """Read what is there before a write, in those tables that still have a stream.

        Raises:
            EngineRefusedError: A table has gone, or cannot have such keys.
        """
        return [
            TableIntent(
                table,
                settings.arn,
                [*settings.keys],
                None if keys is None else [dict(key) for key in keys],
                await engine.items(table, keys),
                write.expired,
            )
            for table, keys in items.items()
            if (settings := self._known.get(table)) is not None
        ]

    async def _any_intent(self, write: Write, engine: EngineTables) -> Intent:
        """The same, where keys that a table cannot have stand for any of its items; a table that has gone has none."""
        intent: Intent = []
        for table, keys in write.items.items():
            for wanted in [keys] if keys is None else [keys, None]:
                try:
                    intent += await self._intent(write, {table: wanted}, engine)
                except EngineRefusedError:
                    continue
                break
        return intent

    async def _finish(self, key: str, intent: Intent, engine: EngineTables, driver: Driver, trace: str = "") -> None:
        """Make the records of what has changed; an intent whose items cannot be read is left for later."""
        try:
            changes = [(part, await _changes(part, engine)) for part in intent]
            await driver(partial(self._append, key, changes, trace))
        except BaseException:
            self._left[key] = intent
            raise
        self._left.pop(key, None)

    def _append(self, key: str, changes: list[tuple[TableIntent, list[ItemChange]]], trace: str) -> None:
        """In the driver's thread: the records are there and the intent is not, in one commit."""
        now = self._world.now()
        for part, items in changes:
            stream = self._streams.by_arn.get(part.stream)
            if stream is not None and stream.is_enabled:
                first = stream.next_index
                stream.append(items, now, expired=part.expired)
                if not part.expired:  # what is still there was changed by a write that told of it, or is tried again
                    self._expiry.changed(part.table, items)
                made = range(first, stream.next_index)
                self._world.traced(map(stream.shard.event_id_at, made), trace)
                self._streams.plan(stream)
        self._keep(key, None)


async def _changes(part: TableIntent, engine: EngineTables) -> list[ItemChange]:
    try:
        new = await engine.items(part.table, part.keys)
    except EngineRefusedError as error:
        if error.gone:
            return []  # the items of a deleted table leave no records (DynamoDB guide, Streams)
        raise
    old, there = ({_name(item, part.names): as_kept(item) for item in items} for items in (part.old, new))
    names = {**old, **there} if part.keys is None else map(name_of, part.keys)
    changes = ((old.get(name), there.get(name)) for name in dict.fromkeys(names))
    return [ItemChange(key_of(one or other or {}, part.names) or {}, one, other) for one, other in changes]


def _name(item: Item, names: list[str]) -> str:
    return name_of(key_of(item, names) or {})


_INTENT: Final = msgspec.msgpack.Decoder(Intent)
