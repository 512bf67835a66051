"""The streams of the tables of an account in a region."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from landfast.eventplane.ports import PlaneWorld
from landfast.sources.table_changes import ViewType
from landfast.sources.table_stream import Settings, TableStream

if TYPE_CHECKING:
    from landfast.driver import Plan

KIND: Final = "dynamodbstreams"
"""The kind of the rows."""


class TableStreams:
    """The streams of the tables of an account in a region, each with its retention planned.

    Args:
        world: The world.
        account: The account, twelve digits.
        region: The region.

    Attributes:
        region: The region.
        by_arn: All streams that can be read.
        enabled: Those that take the changes of their tables, by the table's name.
    """

    def __init__(self, world: PlaneWorld, account: str, region: str) -> None:
        self.world = world
        self._account = account
        self.region = region
        self._plans: dict[str, Plan] = {}
        self.by_arn = {
            arn: TableStream.restored(((key, content) for _, key, content in rows), world.keeper(KIND, arn))
            for arn, rows in groupby(world.rows(KIND), key=itemgetter(0))
        }
        self.enabled = {stream.settings.table: stream for stream in self.by_arn.values() if stream.is_enabled}
        for stream in self.by_arn.values():
            self.plan(stream)

    def of_table(self, table: str) -> TableStream | None:
        """The stream of a table that takes its changes."""
        return self.enabled.get(table)

    def newest_of(self, table: str) -> TableStream | None:
        """The last stream that a table got, enabled or not."""
        streams = (stream for stream in self.by_arn.values() if stream.settings.table == table)
        return self.enabled.get(table) or max(streams, key=_created, default=None)

    def earlier(self, arn: str) -> list[TableStream]:
        """The other streams of the table that has the one with this ARN, as long as their records are kept."""
        table = self.by_arn[arn].settings.table
        return [stream for stream in self.by_arn.values() if stream.settings.table == table and stream.arn != arn]

    def enable(self, table: str, keys: Mapping[str, str], view_type: ViewType) -> TableStream:
        """Give a table a stream; its label is a time, and no two streams of a table have the same."""
        self.disable(table)  # of a table of this name that went with the engine's data
        now = self.world.now()
        while (arn := self._arn(table, label := _label(now))) in self.by_arn:
            now += 0.001
        settings = Settings(arn=arn, table=table, label=label, created=now, view_type=view_type, keys=dict(keys))
        stream = TableStream.made(settings, self.world.keeper(KIND, arn))
        self.by_arn[arn] = self.enabled[table] = stream
        return stream

    def disable(self, table: str) -> None:
        """Close the stream of a table, if it has one; it can be read for as long as its records are kept."""
        stream = self.enabled.pop(table, None)
        if stream is not None:
            stream.disable(self.world.now())
            self.plan(stream)

    def plan(self, stream: TableStream) -> None:
        """See to it that what is too old leaves the stream, when it is due; nobody waits for that."""
        due = stream.due()
        if due is not None and stream.arn not in self._plans:
            self._plans[stream.arn] = self.world.at(due, lambda: self._advance(stream), background=True)

    def _advance(self, stream: TableStream) -> None:
        del self._plans[stream.arn]
        now = self.world.now()
        stream.advance(now)
        due = stream.due()
        if due is not None and due <= now and stream.is_over:
            del self.by_arn[stream.arn]
            stream.delete()
        else:
            self.plan(stream)

    def _arn(self, table: str, label: str) -> str:
        return f"arn:aws:dynamodb:{self.region}:{self._account}:table/{table}/stream/{label}"


def _label(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]


def _created(stream: TableStream) -> float:
    return stream.settings.created
