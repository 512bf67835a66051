"""From S3 to the targets of notifications, and to EventBridge's default bus; everything runs in the driver's thread.

A target that refuses gets nothing more of it: S3 keeps no dead letters. What it refuses is in the journal; S3 has no
metric for it, so its name is our own.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from landfast.aws_errors import AwsError
from landfast.delivery.settings import Settings
from landfast.eventplane.ports import PlaneWorld
from landfast.eventplane.router import Router
from landfast.journal import Dropped
from landfast.sources import bucket_events
from landfast.sources.bucket_events import Happened, Occasion
from landfast.sources.buckets import Buckets
from landfast.sources.notifications import ELEMENTS, UNREACHABLE, Configuration, InvalidArgument, Notification
from landfast.sources.refusal import says_missing
from landfast.sources.sent import Sent

REFUSED: Final = "NotificationRefused"
"""The journal's name for a notification that a target does not take."""


class BucketDelivery:
    """Tells targets what happened.

    Args:
        world: The event plane's clock and its journal.
        router: Delivers.
        buckets: Whom buckets tell what.
        account: The account, twelve digits.
        region: The region.
        settings: The unconfirmed points of notifications.
        new_id: Makes unique ids.
        functions: Tells whether a function's ARN names one that may be invoked.
    """

    def __init__(
        self,
        world: PlaneWorld,
        router: Router,
        buckets: Buckets,
        account: str,
        region: str,
        *,
        settings: Settings,
        new_id: Callable[[], str],
        functions: Callable[[str], bool],
    ) -> None:
        self._world = world
        self._router = router
        self._buckets = buckets
        self._account = account
        self._region = region
        self._settings = settings
        self._new_id = new_id
        self._functions = functions

    def deliver(self, bucket: str, happened: Iterable[Happened], request_id: str, trace: str) -> None:
        """Tell all targets about what a request has done.

        Args:
            bucket: The name of the bucket.
            happened: The events of the call.
            request_id: S3's id of the request; a new one without it.
            trace: The trace header that came with it.
        """
        configuration = self._buckets.configuration(bucket)
        occasion = self._occasion(bucket, request_id)
        for each in happened:
            matching = [
                notification
                for notification in configuration.notifications
                if notification.matches(each.name, each.key)
            ]
            if not matching and not configuration.event_bus:
                continue
            now = replace(occasion, sequence=self._buckets.next_sequence(bucket, occasion.time))
            origin = f"s3://{bucket}/{each.key}"
            fact = bucket_events.notified(each, now)
            for notification in matching:
                body = bucket_events.message(fact, notification, self._settings)
                self._send(bucket, notification.arn, self._sent(notification, body, trace, origin))
            if configuration.event_bus:
                entry = bucket_events.bus_event(each, now)
                bus = f"arn:aws:events:{self._region}:{self._account}:event-bus/default"
                self._send(bucket, bus, Sent(entry=entry, trace=trace, origin=origin))

    def test(self, bucket: str, configuration: Configuration) -> None:
        """Send every queue and topic the test event, which shows whether it is there.

        Raises:
            InvalidArgument: A target is not there, or does not take it.
        """
        failed = {
            f"{each.arn}, null": f"Not authorized to invoke function [{each.arn}]"
            for each in configuration.notifications
            if each.kind == "function" and not self._functions(each.arn)
        }
        if not failed:
            failed = self._tried(bucket, configuration)
        if failed:
            arguments: dict[str, str] = {}
            for number, (arn, reason) in enumerate(failed.items(), start=1):
                arguments |= {f"ArgumentName{number}": arn, f"ArgumentValue{number}": reason}
            raise InvalidArgument(UNREACHABLE, arguments)

    def _tried(self, bucket: str, configuration: Configuration) -> dict[str, str]:
        failed: dict[str, str] = {}
        body = bucket_events.trial(self._occasion(bucket, ""))
        for each in configuration.notifications:
            if each.kind == "function" and not self._settings.s3_test_event_to_lambda:
                continue
            try:
                self._router.send(each.arn, self._sent(each, body, "", f"s3://{bucket}"))
            except AwsError as error:
                missing = says_missing(error.code)
                kind = ELEMENTS[each.kind].lower() if each.kind else "target"
                failed[each.arn] = f"The destination {kind} does not exist" if missing else error.message
        return failed

    def _occasion(self, bucket: str, request_id: str) -> Occasion:
        return Occasion(
            bucket=bucket,
            region=self._region,
            account=self._account,
            time=self._world.now(),
            request_id=request_id or self._new_id().replace("-", "")[:16].upper(),
            host_id=self._new_id(),
        )

    @staticmethod
    def _sent(notification: Notification, body: str, trace: str, origin: str) -> Sent:
        subject = bucket_events.SUBJECT if notification.kind == "topic" else None
        return Sent(body=body, subject=subject, trace=trace, origin=origin)

    def _send(self, bucket: str, arn: str, sent: Sent) -> None:
        try:
            self._router.send(arn, sent)
        except AwsError as error:
            self._world.note(
                Dropped(
                    at=self._world.now(),
                    source=f"bucket {bucket}",
                    records=(sent.origin,),
                    metric=REFUSED,
                    error=f"{arn}: {error}",
                )
            )
