"""moto's S3 in this process, before which requests pass as they do at the endpoint."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from landfast.delivery.settings import Settings
from landfast.eventplane.bucket_facts import SIGNED
from landfast.eventplane.buckets import BucketEvents
from landfast.eventplane.passing import EngineAnswer, Head
from tests.eventplane import moto
from tests.eventplane.fanout import ACCOUNT, REGION, Recorder, router
from tests.eventplane.world import PlaneInMemory, ids

logging.getLogger("werkzeug").setLevel(logging.ERROR)


class GoneError(Exception):
    """The engine does not answer."""


class KilledError(BaseException):
    """The service has come to its end."""


class Engine:
    """moto with empty accounts, of which a test may take over answers.

    Attributes:
        asked: Method and target of everything that reached it.
        scripted: Its answers in place of moto's, by method and target.
        before: Called before it does what clients ask for.
        after: Called when it has done it.
    """

    def __init__(self) -> None:
        moto.reset()
        self.asked: list[tuple[str, str]] = []
        self.scripted: dict[tuple[str, str], EngineAnswer] = {}
        self.gone = False
        self.before: Callable[[], None] = lambda: None
        self.after: Callable[[], None] = lambda: None

    async def ask(self, method: str, target: str, headers: Mapping[str, str], content: bytes = b"") -> EngineAnswer:
        if self.gone:
            raise GoneError
        await asyncio.sleep(0)
        self.asked.append((method, target))
        if (method, target) in self.scripted:
            return self.scripted[method, target]
        answer = moto.client().open(target, method=method, headers={"host": "localhost", **headers}, data=content)
        return EngineAnswer(answer.status_code, dict(answer.headers), answer.data)


class Pass:
    """One request of a client."""

    def __init__(self, engine: Engine, head: Head, content: bytes) -> None:
        self.head = head
        self._engine = engine
        self._content = content
        self.forwarded = False

    async def body(self) -> bytes:
        return self._content

    async def forward(self, content: bytes | None = None) -> EngineAnswer:
        self._engine.before()
        self.forwarded = True
        head, sent = self.head, self._content if content is None else content
        answer = await self._engine.ask(head.method, head.target, head.headers, sent)
        self._engine.after()
        return answer

    async def ask(self, method: str, target: str, headers: Mapping[str, str], content: bytes = b"") -> EngineAnswer:
        return await self._engine.ask(method, target, headers, content)

    async def driver[T](self, work: Callable[[], T]) -> T:
        return await driver(work)


async def driver[T](work: Callable[[], T]) -> T:
    await asyncio.sleep(0)
    return work()


class S3:
    """The endpoint as far as S3 is concerned, with services behind the router that only take what is sent."""

    def __init__(
        self,
        world: PlaneInMemory | None = None,
        engine: Engine | None = None,
        recorder: Recorder | None = None,
        **options: Any,
    ) -> None:
        self.world = world or PlaneInMemory()
        self.engine = engine or Engine()
        self.recorder = recorder or Recorder()
        self._options = options
        services = router(self.recorder, "sqs", "sns", "lambda", "events")
        settings = options.pop("settings", Settings())
        self.events = BucketEvents(self.world, services, ACCOUNT, REGION, settings, new_id=ids(), **options)

    async def send(self, method: str, target: str, content: bytes = b"", **headers: str) -> EngineAnswer:
        """What a client gets; underscores in names of headers are hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        head = Head(method, target, {"host": "localhost", "content-length": str(len(content)), **SIGNED, **named})
        passing = Pass(self.engine, head, content)
        if self.events.concerns(head):
            return await self.events.answer(passing)
        return await passing.forward()

    def __call__(self, method: str, target: str, content: bytes = b"", **headers: str) -> EngineAnswer:
        return asyncio.run(self.send(method, target, content, **headers))

    def restarted(self) -> "S3":
        return S3(self.world.restarted(), self.engine, self.recorder, **self._options)

    def recover(self) -> None:
        asyncio.run(self.events.recover(self.engine.ask, driver))

    @property
    def intents(self) -> list[str]:
        return [key for kind, _, key in self.world.kept if kind == "s3" and key.startswith("intent ")]


@contextmanager
def raising(engine: Engine, moment: str, error: BaseException) -> Iterator[None]:
    """The engine fails before or after it does what a client asks for."""

    def fail() -> None:
        raise error

    before = getattr(engine, moment)
    setattr(engine, moment, fail)
    yield
    setattr(engine, moment, before)
