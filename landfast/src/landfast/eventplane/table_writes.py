"""Records of what calls to the engine have really changed in tables that have a stream (S-141).

A write to such a table goes through the endpoint like this; writes of the same item take turns, and so does whatever
is about a whole table with everything else:

1. The keys of the items that it may write are read from the call (`table_items`); where they cannot be told, every
   item of the table counts.
2. The items are read from the engine, consistently, and an *intent*, the keys with the old images, is committed.
3. The call is handed on as it came, and the engine answers: it may have failed, or done only a part.
4. The items are read again; what differs has changed. The records are appended and the intent is forgotten in one
   commit, and only then the client gets the engine's answer.

So a cancelled transaction, a failed condition and a write of what is there leave nothing, and a service that is killed
at any point finds the intent at its next start and does the last step then. What cannot be read again, because the
engine has gone, is done before the next write.

Streams are ours from the start: the engine never hears of them, and the answers of the table operations tell of ours.
"""

import asyncio
import json
import re
from collections.abc import Mapping
from functools import partial
from typing import Any, Final, TypeAlias

import msgspec

from landfast import protocols
from landfast.aws_errors import AwsError
from landfast.eventplane import table_descriptions as descriptions
from landfast.eventplane import table_expiry, table_refusals
from landfast.eventplane.engine_tables import TARGET, EngineRefusedError, EngineTables
from landfast.eventplane.key_locks import Gate, KeyLocks
from landfast.eventplane.passing import Ask, Driver, EngineAnswer, Head, Passing
from landfast.eventplane.ports import PlaneWorld, UnderWay
from landfast.eventplane.table_expiry import Expiry, TableExpiry
from landfast.eventplane.table_items import WRITES, Touched, key_of, name_of, table_name, touched
from landfast.eventplane.table_streams import TableStreams
from landfast.sources.table_changes import Item, ItemChange
from landfast.sources.table_stream import Settings

_REGION: Final = re.compile(r"Credential=[^/,\s]+/\d+/(?P<region>[^/,\s]+)/")
_TABLES: Final = frozenset({"CreateTable", "DeleteTable", "DescribeTable", "UpdateTable"})
_TIMES_TO_LIVE: Final = frozenset({"DescribeTimeToLive", "UpdateTimeToLive"})
_SERVER_ERROR: Final = 500
_KIND: Final = "table writes"
_TRACE: Final = "x-amzn-trace-id"
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


class TableWrites:
    """Makes stream records of the calls that pass; an `Interceptor`.

    Everything but what it hands to the driver runs in the endpoint's event loop.

    Args:
        world: The world, for the driver's thread.
        streams: The streams of all tables.
    """

    def __init__(self, world: PlaneWorld, streams: TableStreams) -> None:
        self._world = world
        self._streams = streams
        self._expiry = TableExpiry(world)
        self._expiring = asyncio.Lock()
        self._keep = world.keeper(_KIND, _OWNER)
        self._known = {table: stream.settings for table, stream in streams.enabled.items()}
        self._left = {key: _INTENT.decode(content) for _, key, content in world.rows(_KIND)}
        self._last = max(self._left, default="")
        self._gate = Gate()
        self._turns = KeyLocks()
        self._tasks: set[asyncio.Future[Any]] = set()

    def concerns(self, head: Head) -> bool:
        """Tell whether a request may write to a table, or is about tables themselves."""
        operation = _operation(head)
        if operation not in _TABLES and operation not in WRITES and operation not in _TIMES_TO_LIVE:
            return False
        region = _REGION.search(head.headers.get("authorization", ""))
        return region is None or region["region"] == self._streams.region

    async def answer(self, passing: Passing) -> EngineAnswer:
        """Answer a request that concerns; whoever asked may go away, it is brought to its end."""
        is_about_time = _operation(passing.head) in _TIMES_TO_LIVE
        task = asyncio.ensure_future(self._time_to_live(passing) if is_about_time else self._answer(passing))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    async def recover(self, ask: Ask, driver: Driver) -> None:
        """Make the records of writes that a killed service had begun."""
        engine, loop = EngineTables(ask, self._streams.region), asyncio.get_running_loop()

        def wake(under_way: UnderWay) -> None:
            try:
                loop.call_soon_threadsafe(self._expire_soon, ask, driver, under_way)
            except RuntimeError:  # the endpoint has ended; the next start looks at every item
                under_way.end()

        self._expiry.wake = wake
        async with self._gate.alone():
            await self._finish_left(engine, driver)
            for table in self._expiry.attributes.keys() & self._known.keys():
                await self._look_for_expiries(table, engine, driver)

    async def _answer(self, passing: Passing) -> EngineAnswer:
        operation = _operation(passing.head)
        try:
            params: dict[str, Any] = json.loads(await passing.body())
            problem = table_refusals.problem(operation, params)
            keys = {table: [*settings.keys] for table, settings in self._known.items()}
            items = touched(operation, params, keys) if operation in WRITES else {}
            table = table_name(params["TableName"]) if operation in _TABLES else ""
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return await passing.forward()  # nothing that DynamoDB takes; the engine says why
        if problem is not None:
            return descriptions.refused(operation, problem)
        if table:
            return await self._table_call(operation, table, params, passing)
        if not items:
            return await passing.forward()
        engine = EngineTables(passing.ask, self._streams.region)
        if not self._left and None not in items.values():
            written = [f"{table} {name_of(key)}" for table, keys in items.items() for key in keys or ()]
            async with self._gate.beside_others(), self._turns.holding(written):
                try:
                    intent: Intent | None = await self._intent(items, engine)
                except EngineRefusedError:
                    intent = None  # such keys as the table cannot have: any item may be meant
                if intent is not None:
                    return await self._write(intent, engine, passing)
        async with self._gate.alone():
            await self._finish_left(engine, passing.driver)
            return await self._write(await self._any_intent(items, engine), engine, passing)

    # Writes

    async def _write(self, intent: Intent, engine: EngineTables, passing: Passing) -> EngineAnswer:
        if not intent:
            return await passing.forward()
        if isinstance(passing, Expiry):
            intent = [msgspec.structs.replace(part, expired=True) for part in intent]
        key = self._last = f"{int(self._last or '0', 16) + 1:016x}"
        await passing.driver(lambda: self._keep(key, msgspec.msgpack.encode(intent)))
        try:
            return await passing.forward()
        finally:  # also where the engine gave no answer: it may have done it all the same
            await self._finish(key, intent, engine, passing.driver, passing.head.headers.get(_TRACE, ""))

    async def _intent(self, items: Touched, engine: EngineTables) -> Intent:
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
            )
            for table, keys in items.items()
            if (settings := self._known.get(table)) is not None
        ]

    async def _any_intent(self, items: Touched, engine: EngineTables) -> Intent:
        """The same, where keys that a table cannot have stand for any of its items; a table that has gone has none."""
        intent: Intent = []
        for table, keys in items.items():
            for wanted in [keys] if keys is None else [keys, None]:
                try:
                    intent += await self._intent({table: wanted}, engine)
                except EngineRefusedError:
                    continue
                break
        return intent

    async def _finish_left(self, engine: EngineTables, driver: Driver) -> None:
        """Make the records of every intent that is left, oldest first; nobody else may be writing."""
        for key, intent in sorted(self._left.items()):
            await self._finish(key, intent, engine, driver)

    async def _finish(self, key: str, intent: Intent, engine: EngineTables, driver: Driver, trace: str = "") -> None:
        """Make the records of what has changed; an intent whose items cannot be read is left for later."""
        try:
            changes = [(part, await self._changes(part, engine)) for part in intent]
            await driver(partial(self._append, key, changes, trace))
        except BaseException:
            self._left[key] = intent
            raise
        self._left.pop(key, None)

    async def _changes(self, part: TableIntent, engine: EngineTables) -> list[ItemChange]:
        try:
            new = await engine.items(part.table, part.keys)
        except EngineRefusedError as error:
            if error.gone:
                return []  # the items of a deleted table leave no records (DynamoDB guide, Streams)
            raise
        old, there = ({_name(item, part.names): item for item in items} for items in (part.old, new))
        names = {**old, **there} if part.keys is None else map(name_of, part.keys)
        changes = ((old.get(name), there.get(name)) for name in dict.fromkeys(names))
        return [ItemChange(key_of(one or other or {}, part.names) or {}, one, other) for one, other in changes]

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

    # Times to live

    async def _time_to_live(self, passing: Passing) -> EngineAnswer:
        """Answer what is asked about a table's time to live: it is ours, so that no item goes past its stream."""
        operation = _operation(passing.head)
        try:
            params = protocols.call_of("dynamodb", operation, (await passing.body()).decode()).params
        except AwsError as error:
            return descriptions.refused(operation, error.message, error.code)
        table, engine = table_name(params["TableName"]), EngineTables(passing.ask, self._streams.region)
        async with self._gate.alone():
            await self._finish_left(engine, passing.driver)
            given = await engine.call("DescribeTable", {"TableName": table})
            if not descriptions.is_done(given):
                return given
            attribute = self._expiry.attributes.get(table)
            if operation == "DescribeTimeToLive":
                told: dict[str, Any] = {"TimeToLiveDescription": table_expiry.described(attribute)}
                return descriptions.with_content(given, json.dumps(told).encode())
            specification = params["TimeToLiveSpecification"]
            if (problem := table_expiry.problem(specification, attribute)) is not None:
                return descriptions.refused(operation, problem)
            wanted = specification["AttributeName"] if specification["Enabled"] else None
            await passing.driver(lambda: self._expiry.set(table, wanted))
            if wanted is not None and table in self._known:
                await self._look_for_expiries(table, engine, passing.driver)
            return descriptions.with_content(given, json.dumps({"TimeToLiveSpecification": specification}).encode())

    async def _look_for_expiries(self, table: str, engine: EngineTables, driver: Driver) -> None:
        """Look when each item of a table is over; nobody else may be writing."""
        names = [*self._known[table].keys]
        try:
            items = await engine.items(table, None)
        except EngineRefusedError:  # it went with the engine's data
            return
        found = [ItemChange(key_of(item, names) or {}, None, item) for item in items]
        await driver(lambda: self._expiry.changed(table, found))

    def _expire_soon(self, ask: Ask, driver: Driver, under_way: UnderWay) -> None:
        task = asyncio.ensure_future(self._expire(ask, driver, under_way))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _expire(self, ask: Ask, driver: Driver, under_way: UnderWay) -> None:
        """Delete every item that is over, one after another."""
        try:
            async with self._expiring:
                while (over := await driver(self._expiry.next)) is not None:
                    deletion = self._answer(Expiry(over, ask, driver, self._streams.region))
                    [done] = await asyncio.gather(deletion, return_exceptions=True)
                    if isinstance(done, BaseException) or done.status >= _SERVER_ERROR:
                        await driver(partial(self._expiry.again, over))
        finally:
            under_way.end()

    # Tables

    async def _table_call(self, operation: str, table: str, params: dict[str, Any], passing: Passing) -> EngineAnswer:
        if operation == "DescribeTable":
            given = await passing.forward()
            return await self._told(given, "Table", passing) if descriptions.is_done(given) else given
        specification = params.pop(descriptions.SPECIFICATION, None)
        if specification is not None and (problem := descriptions.problem(specification)):
            return descriptions.refused(operation, problem)
        async with self._gate.alone():
            await self._finish_left(EngineTables(passing.ask, self._streams.region), passing.driver)
            match operation:
                case "DeleteTable":
                    return await self._delete(table, passing)
                case "CreateTable":
                    return await self._create(params, specification, passing)
                case _:
                    return await self._update(table, params, specification, passing)

    async def _create(
        self, params: Mapping[str, Any], specification: Mapping[str, Any] | None, passing: Passing
    ) -> EngineAnswer:
        given = await passing.forward(json.dumps(params).encode())
        if not descriptions.is_done(given):
            return given
        if specification is not None and specification["StreamEnabled"]:
            await self._enable(descriptions.description(given), specification, passing)
        return await self._told(given, "TableDescription", passing)

    async def _update(
        self, table: str, params: Mapping[str, Any], specification: Mapping[str, Any] | None, passing: Passing
    ) -> EngineAnswer:
        if specification is not None and specification["StreamEnabled"] == (table in self._known):
            has = "already has an enabled stream" if table in self._known else "has no stream to disable"
            return descriptions.refused("UpdateTable", f"Table {has}: TableName: {table}")
        if specification is not None and params.keys() == {"TableName"}:
            engine = EngineTables(passing.ask, self._streams.region)
            given = await engine.call("DescribeTable", params)  # there is nothing else that the engine could do
        else:
            given = await passing.forward(json.dumps(params).encode())
        if not descriptions.is_done(given):
            return given
        if specification is not None and specification["StreamEnabled"]:
            await self._enable(descriptions.description(given), specification, passing)
        elif specification is not None:
            await self._disable(table, passing)
        return await self._told(given, "TableDescription", passing)

    async def _delete(self, table: str, passing: Passing) -> EngineAnswer:
        given = await passing.forward()
        if not descriptions.is_done(given):
            return given
        described = await self._told(given, "TableDescription", passing)
        await self._disable(table, passing)
        await passing.driver(lambda: self._expiry.set(table, None))
        return described

    async def _enable(self, table: Mapping[str, Any], specification: Mapping[str, Any], passing: Passing) -> None:
        name, keys, view = table["TableName"], descriptions.key_schema(table), specification["StreamViewType"]
        stream = await passing.driver(lambda: self._streams.enable(name, keys, view))
        self._known[name] = stream.settings
        if name in self._expiry.attributes:
            await self._look_for_expiries(name, EngineTables(passing.ask, self._streams.region), passing.driver)

    async def _disable(self, table: str, passing: Passing) -> None:
        if self._known.pop(table, None) is not None:
            await passing.driver(partial(self._closed, table))

    def _closed(self, table: str) -> None:
        self._streams.disable(table)
        self._expiry.forget(table)

    async def _told(self, given: EngineAnswer, member: str, passing: Passing) -> EngineAnswer:
        table: str = descriptions.description(given).get("TableName", "")

        def settings() -> Settings | None:
            stream = self._streams.newest_of(table)
            return None if stream is None else msgspec.structs.replace(stream.settings)

        return descriptions.with_stream(given, member, await passing.driver(settings))


_INTENT: Final = msgspec.msgpack.Decoder(Intent)


def _operation(head: Head) -> str:
    target = head.headers.get("x-amz-target", "")
    return target[len(TARGET) :] if target.startswith(TARGET) else ""


def _name(item: Item, names: list[str]) -> str:
    return name_of(key_of(item, names) or {})
