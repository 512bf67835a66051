"""DynamoDB engines for calls that pass: a made-up one that does what a test says, and moto in process, no sockets."""

import asyncio
import itertools
import json
import zlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from landfast.eventplane import TableStreamsApi, TableWrites
from landfast.eventplane.passing import EngineAnswer, Head
from landfast.sources.table_stream import TableStream
from tests.eventplane import moto
from tests.eventplane.fanout import ACCOUNT
from tests.eventplane.world import PlaneInMemory

REGION = "us-east-1"
SCOPE = f"AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/dynamodb/aws4_request, SignedHeaders=host, Signature=0"
_TARGET = "DynamoDB_20120810."

type Engine = Callable[[str, Mapping[str, str], bytes], EngineAnswer]
"""Answers an operation, given its headers and its body."""


class KilledError(BaseException):
    """The service is killed at this point."""


class Moto:
    """moto's DynamoDB, as WSGI has it."""

    def reset(self) -> None:
        """Forget everything."""
        moto.reset()

    def __call__(self, operation: str, headers: Mapping[str, str], content: bytes) -> EngineAnswer:
        given = {name: value for name, value in headers.items() if name != "content-length"}
        try:
            answer = moto.client().post("/", data=content, headers={**given, "x-amz-target": _TARGET + operation})
        except Exception as error:  # noqa: BLE001 - as a server, it would answer so
            return EngineAnswer(500, {}, json.dumps({"__type": "InternalFailure", "message": repr(error)}).encode())
        return EngineAnswer(answer.status_code, dict(answer.headers), answer.data)


@dataclass
class Passage:
    """One request, with a count of the steps of its way; the service may be killed before or after any of them.

    Attributes:
        plane: Where it passes.
        head: What is asked for.
        content: The body.
        steps: How many steps were begun.
        kill_at: The step at which the service is killed; with one half more, after the step is done.
    """

    plane: "Tables"
    head: Head
    content: bytes
    steps: int = 0
    kill_at: float = float("inf")

    async def body(self) -> bytes:
        return self.content

    async def forward(self, content: bytes | None = None) -> EngineAnswer:
        operation = self.head.headers["x-amz-target"].removeprefix(_TARGET)
        return await self._step(
            lambda: self.plane.asked(operation, self.head.headers, self.content if content is None else content)
        )

    async def ask(self, method: str, target: str, headers: Mapping[str, str], content: bytes = b"") -> EngineAnswer:
        assert (method, target) == ("POST", "/")
        operation = headers["x-amz-target"].removeprefix(_TARGET)
        return await self._step(lambda: self.plane.asked(operation, headers, content))

    async def driver[T](self, work: Callable[[], T]) -> T:
        return await self._step(work)

    async def _step[T](self, work: Callable[[], T]) -> T:
        self.steps += 1
        if self.steps == self.kill_at:
            raise KilledError
        await asyncio.sleep(0)  # let others go on, as a real engine and the driver's thread do
        done = work()
        if self.steps + 0.5 == self.kill_at:
            raise KilledError
        return done


@dataclass
class Tables:
    """Tables with their streams, behind an engine.

    Attributes:
        engine: What keeps the items.
        world: What the event plane needs around it.
        asked_for: The operations that the engine was asked for.
    """

    engine: Engine
    world: PlaneInMemory = field(default_factory=PlaneInMemory)
    asked_for: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.api = TableStreamsApi(self.world, ACCOUNT, REGION)
        self.writes = TableWrites(self.world, self.api.streams)

    def asked(self, operation: str, headers: Mapping[str, str], content: bytes) -> EngineAnswer:
        self.asked_for.append(operation)
        return self.engine(operation, headers, content)

    def call(self, operation: str, *, kill_at: float = float("inf"), **params: Any) -> Any:
        """The result of a call, or its error's name with the message."""
        return asyncio.run(self.calling(operation, kill_at=kill_at, **params))

    async def calling(self, operation: str, *, kill_at: float = float("inf"), **params: Any) -> Any:
        """The same, for several at once."""
        headers = {"x-amz-target": _TARGET + operation, "authorization": SCOPE}
        passage = Passage(self, Head("POST", "/", headers), json.dumps(params).encode(), kill_at=kill_at)
        if self.writes.concerns(passage.head):
            answer = await self.writes.answer(passage)
        else:
            answer = await passage.forward()
        sums = [value for name, value in answer.headers.items() if name.lower() == "x-amz-crc32"]
        assert [int(one) for one in sums] in ([], [zlib.crc32(answer.content)])
        content = json.loads(answer.content)
        if answer.status == 200:
            return content
        return content["__type"].rpartition("#")[2], content.get("message", content.get("Message", ""))

    def restarted(self) -> "Tables":
        """The service after a restart, with what was left begun brought to its end."""
        again = Tables(self.engine, self.world.restarted())
        passage = Passage(again, Head("POST", "/", {}), b"")
        asyncio.run(_awaited(again.writes.recover(passage.ask, passage.driver)))
        return again

    def make(self, name: str = "orders", view: str | None = "NEW_AND_OLD_IMAGES", **keys: str) -> None:
        """Make a table with the keys, by name and type of attribute; with one `id` of type S without any."""
        types = keys or {"id": "S"}
        params: dict[str, Any] = {
            "TableName": name,
            "AttributeDefinitions": [{"AttributeName": key, "AttributeType": kind} for key, kind in types.items()],
            "KeySchema": [
                {"AttributeName": key, "KeyType": kind} for key, kind in zip(types, ("HASH", "RANGE"), strict=False)
            ],
            "BillingMode": "PAY_PER_REQUEST",
        }
        if view is not None:
            params["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": view}
        made = self.call("CreateTable", **params)
        assert isinstance(made, dict), made

    def stream(self, table: str = "orders") -> TableStream:
        """The stream of a table."""
        stream = self.api.streams.of_table(table)
        assert stream is not None
        return stream

    def records(self, table: str = "orders") -> list[tuple[str, Any, Any]]:
        """What the stream of a table tells: what was done to each item, and its images."""
        return [(record.name, record.old, record.new) for record in self.stream(table).shard.slice(0, 1000)]


async def _awaited[T](work: Awaitable[T]) -> T:
    return await work


def numbers() -> Callable[[], int]:
    return itertools.count(1).__next__
