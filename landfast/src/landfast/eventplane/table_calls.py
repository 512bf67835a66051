"""DynamoDB's operations on tables themselves, which tell of streams and times to live.

Both are ours from the start: the engine never hears of them, and the answers tell of ours.
"""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from msgspec.structs import replace

from landfast.eventplane import table_descriptions as descriptions
from landfast.eventplane import table_expiry
from landfast.eventplane.engine_tables import EngineTables
from landfast.eventplane.passing import EngineAnswer, Passing
from landfast.eventplane.table_deletions import TableDeletions
from landfast.eventplane.table_expiry import TableExpiry
from landfast.eventplane.table_items import table_name
from landfast.eventplane.table_records import TableRecords
from landfast.eventplane.table_streams import TableStreams
from landfast.sources.table_changes import ViewType
from landfast.sources.table_stream import Settings

TABLES: Final = frozenset({"CreateTable", "DeleteTable", "DescribeTable", "UpdateTable"})
"""The operations that tell of a table's stream."""

TIMES_TO_LIVE: Final = frozenset({"DescribeTimeToLive", "UpdateTimeToLive"})
"""The operations that tell of a table's time to live."""


class TableCalls:
    """Answers them.

    Args:
        streams: The streams of all tables.
        records: Who makes the records of a table's stream.
        expiry: The times to live of all tables.
        deletions: Who deletes what is over.
    """

    def __init__(
        self, streams: TableStreams, records: TableRecords, expiry: TableExpiry, deletions: TableDeletions
    ) -> None:
        self._streams = streams
        self._records = records
        self._expiry = expiry
        self._deletions = deletions

    async def table(self, operation: str, params: dict[str, Any], passing: Passing) -> EngineAnswer:
        """Answer one of `TABLES`.

        Args:
            operation: The operation.
            params: The call's members, as JSON has them.
            passing: The request.
        """
        if operation == "DescribeTable":
            return await self._told(await passing.forward(), "Table", passing)
        table = params["TableName"] = table_name(params["TableName"])
        specification = params.pop(descriptions.SPECIFICATION, None)
        if specification is not None and (problem := descriptions.problem(specification)):
            return descriptions.refused(operation, problem)
        async with self._records.alone(self._engine(passing), passing.driver):
            match operation:
                case "DeleteTable":
                    return await self._delete(table, passing)
                case "CreateTable":
                    given = await passing.forward(json.dumps(params).encode())
                    return await self._changed(given, specification, passing)
                case _:
                    return await self._update(table, params, specification, passing)

    async def time_to_live(self, operation: str, params: Mapping[str, Any], passing: Passing) -> EngineAnswer:
        """Answer one of `TIMES_TO_LIVE`.

        Args:
            operation: The operation.
            params: The call's members.
            passing: The request.
        """
        table, engine = table_name(params["TableName"]), self._engine(passing)
        async with self._records.alone(engine, passing.driver):
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
            await self._deletions.look(table, engine, passing.driver)
            return descriptions.with_content(given, json.dumps({"TimeToLiveSpecification": specification}).encode())

    async def _update(
        self, table: str, params: Mapping[str, Any], specification: Mapping[str, Any] | None, passing: Passing
    ) -> EngineAnswer:
        is_streamed = table in self._records.keys
        if specification is not None and specification["StreamEnabled"] == is_streamed:
            has = "already has an enabled stream" if is_streamed else "has no stream to disable"
            return descriptions.refused("UpdateTable", f"Table {has}: TableName: {table}")
        if specification is not None and params.keys() == {"TableName"}:
            # There is nothing else that the engine could do.
            given = await self._engine(passing).call("DescribeTable", params)
        else:
            given = await passing.forward(json.dumps(params).encode())
        return await self._changed(given, specification, passing)

    async def _changed(
        self, given: EngineAnswer, specification: Mapping[str, Any] | None, passing: Passing
    ) -> EngineAnswer:
        """Give a table that was made or updated its stream, or none any more."""
        if descriptions.is_done(given) and specification is not None:
            table = descriptions.description(given)
            if specification["StreamEnabled"]:
                await self._enable(table, specification["StreamViewType"], passing)
            else:
                await self._disable(table["TableName"], passing)
        return await self._told(given, "TableDescription", passing)

    async def _delete(self, table: str, passing: Passing) -> EngineAnswer:
        given = await passing.forward()
        described = await self._told(given, "TableDescription", passing)
        if descriptions.is_done(given):
            await self._disable(table, passing)
            await passing.driver(lambda: self._expiry.set(table, None))
        return described

    async def _enable(self, table: Mapping[str, Any], view_type: ViewType, passing: Passing) -> None:
        name, keys = table["TableName"], descriptions.key_schema(table)
        self._records.begin(await passing.driver(lambda: self._streams.enable(name, keys, view_type)))
        await self._deletions.look(name, self._engine(passing), passing.driver)

    async def _disable(self, table: str, passing: Passing) -> None:
        if self._records.end(table):
            await passing.driver(partial(self._closed, table))

    def _closed(self, table: str) -> None:
        self._streams.disable(table)
        self._expiry.forget(table)

    async def _told(self, given: EngineAnswer, member: str, passing: Passing) -> EngineAnswer:
        """The engine's answer, with the table's stream."""
        if not descriptions.is_done(given):
            return given
        table: str = descriptions.description(given).get("TableName", "")
        stream = await passing.driver(partial(self._settings, table))
        return descriptions.with_stream(given, member, stream)

    def _settings(self, table: str) -> Settings | None:
        stream = self._streams.newest_of(table)
        return None if stream is None else replace(stream.settings)

    def _engine(self, passing: Passing) -> EngineTables:
        return EngineTables(passing.ask, self._streams.region)
