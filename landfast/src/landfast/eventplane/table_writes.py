"""Calls of DynamoDB that pass to the engine and make stream records on their way, or tell of streams.

The keys of the items that a call may write are read from the call (`table_items`); where they cannot be told, every
item of the table counts. `table_records` makes the records, `table_calls` answers what is about tables themselves.
"""

import asyncio
import json
import re
from functools import partial
from typing import Any, Final

from landfast import protocols
from landfast.aws_errors import AwsError
from landfast.eventplane import table_descriptions, table_refusals
from landfast.eventplane.engine_tables import TARGET, EngineTables
from landfast.eventplane.passing import Ask, Driver, EngineAnswer, Head, Passing
from landfast.eventplane.ports import PlaneWorld
from landfast.eventplane.table_calls import TABLES, TIMES_TO_LIVE, TableCalls
from landfast.eventplane.table_deletions import TableDeletions
from landfast.eventplane.table_expiry import TableExpiry
from landfast.eventplane.table_items import WRITES, touched
from landfast.eventplane.table_records import TableRecords, Write
from landfast.eventplane.table_streams import TableStreams
from landfast.eventplane.table_values import TOO_DEEP
from landfast.sources.table_changes import as_kept

_REGION: Final = re.compile(r"Credential=[^/,\s]+/\d+/(?P<region>[^/,\s]+)/")
_CONCERNING: Final = TABLES | TIMES_TO_LIVE | WRITES
_TRACE: Final = "x-amzn-trace-id"


class TableWrites:
    """Makes stream records of the calls that pass; an `Interceptor`.

    Everything but what it hands to the driver runs in the endpoint's event loop.

    Args:
        world: The world, for the driver's thread.
        streams: The streams of all tables.
    """

    def __init__(self, world: PlaneWorld, streams: TableStreams) -> None:
        expiry = TableExpiry(world)
        self._region = streams.region
        self._records = TableRecords(world, streams, expiry)
        self._deletions = TableDeletions(self._records, expiry, streams.region)
        self._calls = TableCalls(streams, self._records, expiry, self._deletions)
        self._tasks: set[asyncio.Future[Any]] = set()

    def concerns(self, head: Head) -> bool:
        """Tell whether a request may write to a table, or is about tables themselves."""
        if _operation(head) not in _CONCERNING:
            return False
        region = _REGION.search(head.headers.get("authorization", ""))
        return region is None or region["region"] == self._region

    async def answer(self, passing: Passing) -> EngineAnswer:
        """Answer a request that concerns; whoever asked may go away, it is brought to its end."""
        task = asyncio.ensure_future(self._answer(passing))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    async def recover(self, ask: Ask, driver: Driver) -> None:
        """Make the records of writes that a killed service had begun, and delete what is over from now on."""
        async with self._records.alone(EngineTables(ask, self._region), driver):
            await self._deletions.begin(ask, driver)

    async def _answer(self, passing: Passing) -> EngineAnswer:
        operation, content = _operation(passing.head), await passing.body()
        try:
            called = protocols.call_of("dynamodb", operation, content)
        except AwsError as error:
            return table_descriptions.refused(operation, error.message, error.code)
        if operation in TIMES_TO_LIVE:
            return await self._calls.time_to_live(operation, called.params, passing)
        try:
            given = json.loads(content)
            params: dict[str, Any] = as_kept(given)
            problem = table_refusals.problem(operation, params)
        except RecursionError:  # Python goes far deeper than DynamoDB, and not as deep as the API's model
            problem = TOO_DEEP
        if problem is not None:
            return table_descriptions.refused(operation, problem)
        if operation in TABLES:
            return await self._calls.table(operation, params, passing)
        send = partial(passing.forward, None if params == given else json.dumps(params).encode())
        if not (items := touched(operation, params, self._records.keys)):
            return await send()
        write = Write(items, send, passing.head.headers.get(_TRACE, ""))
        return await self._records.write(write, EngineTables(passing.ask, self._region), passing.driver)


def _operation(head: Head) -> str:
    target = head.headers.get("x-amz-target", "")
    return target[len(TARGET) :] if target.startswith(TARGET) else ""
