"""S3's events: calls that pass through the endpoint become notifications when the engine has done them (S-142).

Which calls these are is in `s3_requests`; what they did is in `bucket_facts`. A bucket's notification configuration is
kept here and never reaches the engine, which would send events of its own.

No event is lost with the service. Before a call is handed on, an intent is kept, with the time by the engine's clock.
When the engine has answered, the events are sent and the intent is forgotten in one turn, and then the client gets its
answer. An intent whose end nobody saw, because the service was killed or the engine did not answer, is resolved by
asking the engine for its objects: at the start, or before the next call. A call that a client gives up is followed to
its end.

Calls that write the same object take turns, so that their events have the engine's order; a slow upload lets others to
the same key wait.
"""

import asyncio
import time
import uuid
from collections.abc import Callable
from typing import Final

from landfast.delivery.settings import Settings
from landfast.eventplane import bucket_facts, notification_xml, post_forms, s3_refusals, s3_requests
from landfast.eventplane.bucket_delivery import BucketDelivery
from landfast.eventplane.bucket_facts import Keys
from landfast.eventplane.key_locks import KeyLocks
from landfast.eventplane.passing import Ask, Driver, EngineAnswer, Head, Passing
from landfast.eventplane.ports import PlaneWorld
from landfast.eventplane.router import Router
from landfast.eventplane.s3_requests import DELETE_BUCKET, EVENTS, GET_NOTIFICATIONS, PUT_NOTIFICATIONS, S3Request
from landfast.sources import notifications
from landfast.sources.bucket_events import Happened
from landfast.sources.buckets import Buckets, Intent
from landfast.sources.notifications import Configuration
from landfast.sources.refusal import Refusal

KIND: Final = "s3"
_REDIRECTED = 300
_NOT_FOUND = 404
_TRACE = "x-amzn-trace-id"


def _random_id() -> str:
    return str(uuid.uuid4())


class BucketEvents:
    """Makes events of S3 calls, and answers those about notification configurations.

    Args:
        world: The event plane's clock, its rows, its journal.
        router: Delivers.
        account: The account, twelve digits.
        region: The region.
        settings: The unconfirmed points of notifications.
        new_id: Makes unique ids.
        functions: Tells whether a function's ARN names one that may be invoked; all may whose service the router knows
            without it.
        engine_time: The time of the engine's clock, in Unix seconds.
    """

    def __init__(
        self,
        world: PlaneWorld,
        router: Router,
        account: str,
        region: str,
        settings: Settings,
        *,
        new_id: Callable[[], str] = _random_id,
        functions: Callable[[str], bool] | None = None,
        engine_time: Callable[[], float] = time.time,
    ) -> None:
        self._buckets = Buckets(world.keeper(KIND, region))
        self._buckets.restore((key, content) for owner, key, content in world.rows(KIND) if owner == region)
        self._delivery = BucketDelivery(
            world,
            router,
            self._buckets,
            account,
            region,
            settings=settings,
            new_id=new_id,
            functions=functions or router.takes,
        )
        self._new_id = new_id
        self._engine_time = engine_time
        self._locks = KeyLocks()
        self._left: dict[int, Intent] = {}
        self._followed: set[asyncio.Task[EngineAnswer]] = set()

    def concerns(self, head: Head) -> bool:
        """Tell whether a request makes an event that somebody is told about, or may be answered here."""
        if head.method in {"GET", "HEAD"} and "notification" not in head.target:
            return False
        request = s3_requests.read(head)
        if request is None:
            return False
        if request.operation in {GET_NOTIFICATIONS, PUT_NOTIFICATIONS}:
            return True
        if request.operation == DELETE_BUCKET:
            return request.bucket in self._buckets.configurations
        return self._tells(request) or s3_refusals.concerns(request, head)

    def _tells(self, request: S3Request) -> bool:
        configuration = self._buckets.configurations.get(request.bucket)
        return configuration is not None and configuration.tells(EVENTS.get(request.operation, ()), request.key or None)

    async def answer(self, passing: Passing) -> EngineAnswer:
        """Answer it; when this returns, the events that it makes are on disk.

        Raises:
            Exception: The engine does not answer.
        """
        request = s3_requests.read(passing.head)
        if request is None:
            return await passing.forward()
        if request.operation in {GET_NOTIFICATIONS, PUT_NOTIFICATIONS}:
            return await self._configurations(request, passing)
        if request.operation == DELETE_BUCKET:
            return await self._delete_bucket(request, passing)
        try:
            s3_refusals.check_head(request, passing.head)
            if request.operation in s3_refusals.WITH_BODIES:
                s3_refusals.check_body(request, await passing.body())
            keys = await _keys(request, passing)
            if request.operation == "PostObject":
                s3_refusals.check_key("".join(key for key, _ in keys))
        except Refusal as refusal:
            return notification_xml.refused(refusal, self._new_id())
        if not keys:
            return await passing.forward()
        following = asyncio.create_task(self._follow(request, keys, passing))
        self._followed.add(following)
        following.add_done_callback(self._followed.discard)
        return await asyncio.shield(following)

    async def recover(self, ask: Ask, driver: Driver) -> None:
        """Send the events of calls whose end a killed service has not seen."""
        for intent in await driver(lambda: list(self._buckets.intents.values())):
            await self._resolve(intent, ask, driver)

    async def _follow(self, request: S3Request, keys: Keys, passing: Passing) -> EngineAnswer:
        async with self._locks.holding((request.bucket, key) for key, _ in keys):
            for left in list(self._left.values()):
                await self._resolve(left, passing.ask, passing.driver)
            try:
                await s3_refusals.check_conditions(request, passing.head, passing.ask)
            except Refusal as refusal:
                return notification_xml.refused(refusal, self._new_id())
            if not self._tells(request):
                return await passing.forward()
            before = await _compared(request, passing)
            trace, began = passing.head.headers.get(_TRACE, ""), self._engine_time()
            intent = await passing.driver(
                lambda: self._buckets.begin(request.operation, request.bucket, keys, began, trace)
            )
            try:
                response = await passing.forward()
                happened: list[Happened] = []
                if bucket_facts.succeeded(request.operation, response):
                    happened = await bucket_facts.done(passing.head, request, keys, response, passing.ask)
                if happened and before is not None and before == await _compared(request, passing):
                    happened = []
                request_id = bucket_facts.seen(response).headers.get("x-amz-request-id", "")
                await passing.driver(lambda: self._end(intent, happened, request_id))
            except Exception:
                self._left[intent.number] = intent
                await self._resolve(intent, passing.ask, passing.driver)
                raise
            return response

    async def _resolve(self, intent: Intent, ask: Ask, driver: Driver) -> None:
        happened = await bucket_facts.found(intent, ask)
        await driver(lambda: self._end(intent, happened))
        self._left.pop(intent.number, None)

    def _end(self, intent: Intent, happened: list[Happened], request_id: str = "") -> None:
        """Send the events, once, and forget the intent in the same turn."""
        if self._buckets.end(intent):
            self._delivery.deliver(intent.bucket, happened, request_id, intent.trace)

    async def _delete_bucket(self, request: S3Request, passing: Passing) -> EngineAnswer:
        response = await passing.forward()
        if response.status < _REDIRECTED:
            await passing.driver(lambda: self._buckets.forget(request.bucket))
        return response

    async def _configurations(self, request: S3Request, passing: Passing) -> EngineAnswer:
        """Answer the calls about a bucket's notification configuration."""
        request_id = self._new_id()
        there = await passing.ask("HEAD", s3_requests.target_of(request.bucket, ""), bucket_facts.SIGNED)
        if there.status == _NOT_FOUND:
            named = {"BucketName": request.bucket}
            missing = Refusal("NoSuchBucket", "The specified bucket does not exist", status=_NOT_FOUND, further=named)
            return notification_xml.refused(missing, request_id)
        if request.operation == GET_NOTIFICATIONS:
            configuration = await passing.driver(lambda: self._buckets.configuration(request.bucket))
            headers = {"Content-Type": "application/xml", "x-amz-request-id": request_id}
            return EngineAnswer(200, headers, notification_xml.write(configuration))
        tries = passing.head.headers.get("x-amz-skip-destination-validation", "").lower() != "true"
        content = await passing.body()
        try:
            asked = notification_xml.read(content)
            await passing.driver(lambda: self._configure(request.bucket, asked, tries=tries))
        except Refusal as refusal:
            return notification_xml.refused(refusal, request_id)
        return EngineAnswer(200, {"x-amz-request-id": request_id}, b"")

    def _configure(self, bucket: str, configuration: Configuration, *, tries: bool) -> None:
        notifications.check(configuration)
        if tries:
            self._delivery.test(bucket, configuration)
        self._buckets.configure(bucket, configuration.with_ids(iter(self._new_id, "")))


async def _compared(request: S3Request, passing: Passing) -> bytes | None:
    """Return the facts that must change for an event to be sent (S3 guide, "Supported event types"); mostly None."""
    return await bucket_facts.access_list(passing.ask, request) if request.operation == "PutObjectAcl" else None


async def _keys(request: S3Request, passing: Passing) -> Keys:
    """The objects that a request names; none if it is a form that cannot be read, which the engine will refuse."""
    if request.key:
        return [(request.key, request.version_id)]
    body = await passing.body()
    if request.operation == "PostObject":
        key = post_forms.key_of(passing.head.headers.get("content-type", ""), body)
        return [(key, "")] if key else []
    return bucket_facts.keys_of_deletion(body)
