"""Deletions of items whose time to live is over: writes of our own, with a record like any other."""

import asyncio
from functools import partial

from landfast.eventplane.engine_tables import EngineRefusedError, EngineTables
from landfast.eventplane.passing import Ask, Driver
from landfast.eventplane.ports import UnderWay
from landfast.eventplane.table_expiry import Over, TableExpiry
from landfast.eventplane.table_items import key_of
from landfast.eventplane.table_records import TableRecords, Write
from landfast.sources.table_changes import ItemChange

_SERVER_ERROR = 500


class TableDeletions:
    """Deletes what is over, one item after another.

    Everything but what it hands to the driver runs in the endpoint's event loop.

    Args:
        records: Sends the deletions.
        expiry: It tells what is over.
        region: The region.
    """

    def __init__(self, records: TableRecords, expiry: TableExpiry, region: str) -> None:
        self._records = records
        self._expiry = expiry
        self._region = region
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self, ask: Ask, driver: Driver) -> None:
        """Look at the items of all tables, and delete from now on; nobody else may be writing."""
        engine, loop = EngineTables(ask, self._region), asyncio.get_running_loop()

        def wake(under_way: UnderWay) -> None:
            try:
                loop.call_soon_threadsafe(self._soon, engine, driver, under_way)
            except RuntimeError:  # the endpoint has ended; the next start looks at every item
                under_way.end()

        self._expiry.wake = wake
        for table in [*self._expiry.attributes]:
            await self.look(table, engine, driver)

    async def look(self, table: str, engine: EngineTables, driver: Driver) -> None:
        """Look when each item of a table is over, if it has a stream and a time to live; nobody else may be writing."""
        names = self._records.keys.get(table)
        if names is None or table not in self._expiry.attributes:
            return
        try:
            items = await engine.items(table, None)
        except EngineRefusedError:  # it went with the engine's data
            return
        found = [ItemChange(key_of(item, names) or {}, None, item) for item in items]
        await driver(lambda: self._expiry.changed(table, found))

    def _soon(self, engine: EngineTables, driver: Driver, under_way: UnderWay) -> None:
        task = asyncio.ensure_future(self._delete(engine, driver, under_way))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _delete(self, engine: EngineTables, driver: Driver, under_way: UnderWay) -> None:
        try:
            async with self._turn:
                while (over := await driver(self._expiry.next)) is not None:
                    deletion = self._records.write(_write(over, engine), engine, driver)
                    [done] = await asyncio.gather(deletion, return_exceptions=True)
                    if isinstance(done, BaseException) or done.status >= _SERVER_ERROR:
                        await driver(partial(self._expiry.again, over))
        finally:
            under_way.end()


def _write(over: Over, engine: EngineTables) -> Write:
    """The deletion, on the condition that the item's time is what it was."""
    [(name, value)] = over.condition.items()
    params = {
        "TableName": over.table,
        "Key": over.keys,
        "ConditionExpression": "#over = :over",
        "ExpressionAttributeNames": {"#over": name},
        "ExpressionAttributeValues": {":over": value},
    }
    return Write({over.table: [over.keys]}, partial(engine.call, "DeleteItem", params), expired=True)
