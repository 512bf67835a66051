"""Sends what the machines want delivered: to another service of the event plane, to a function, or to a bucket."""

import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from landfast.aws_errors import AwsError
from landfast.delivery.actions import Deliver
from landfast.delivery.strict_json import json_text
from landfast.eventplane import Router
from landfast.service.engine_retries import EngineRetries
from landfast.sources.sent import Sent

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_SERVER_ERROR = 500


class RefusedError(Exception):
    """The target did not take it; trying again cannot mend that."""


class EngineFailedError(Exception):
    """The engine, not the target, is what failed; the same call may succeed later."""


class Deliveries:
    """Every way out of a machine.

    Args:
        router: Sends to another service, in the driver's thread.
        s3: Makes a client of the endpoint when a bucket is first delivered to.
    """

    def __init__(self, router: Router, s3: "Callable[[], S3Client]") -> None:
        self._router = router
        self._s3 = s3

    def waits(self, delivery: Deliver[Any]) -> bool:
        """Tell whether it has to be sent apart, since it may wait for the engine."""
        return delivery.kind == "s3"

    def at_once(self, delivery: Deliver[Any], *, origin: str, trace: str) -> str | None:
        """Send it in this turn (S-13, S-18, S-24, S-63, S-66); why its target refused it, or None (S-22, S-27, S-69).

        Args:
            delivery: The record and its destination.
            origin: The origin of the record, for people.
            trace: The trace header that goes with it (S-34).
        """
        if delivery.kind == "kafka":
            return f"{delivery.target}: Kafka topics are not run locally"
        try:
            self._router.send(delivery.target, _sent(delivery, origin, trace))
        except AwsError as error:
            return f"{error.code}: {error.message}"
        return None

    def put(self, delivery: Deliver[Any], *, engine_retries: EngineRetries) -> str | None:
        """Put an object (S-19), however long the engine is away; why it was refused, or None.

        Raises:
            StoppedError: The service stops.
        """
        try:
            engine_retries.until_done(
                f"delivery to {delivery.target}", lambda: self._put(delivery.body), failures=(EngineFailedError,)
            )
        except RefusedError as error:
            return str(error)
        return None

    def _put(self, body: Mapping[str, Any]) -> None:
        try:
            self._s3().put_object(
                Bucket=body["bucket"],
                Key=body["key"],
                Body=json_text(body["object"]).encode(),
                ContentType="application/json",
            )
        except ClientError as error:
            refused = error.response["Error"]
            refusal = f"{refused['Code']}: {refused['Message']}"
            raise (EngineFailedError(refusal) if is_engine_failure(error) else RefusedError(refusal)) from error
        except BotoCoreError as error:
            raise EngineFailedError(str(error)) from error


def is_engine_failure(error: BaseException | None) -> bool:
    """Tell whether a call failed for the engine's sake: it could not be reached, or it answered 5xx."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", _SERVER_ERROR)
        return status >= _SERVER_ERROR
    return isinstance(error, BotoCoreError)


def _sent(delivery: Deliver[Any], origin: str, trace: str) -> Sent:
    body: Mapping[str, Any] = delivery.body
    match delivery.kind:
        case "dlq":
            return Sent(body=body["body"], attributes=body["attributes"], origin=origin, trace=trace)
        case "events":
            entry = {
                "Source": body["source"],
                "DetailType": body["detail-type"],
                "Resources": list(body["resources"]),
                "Detail": json_text(body["detail"]),
                "EventBusName": delivery.target,
            }
            return Sent(entry=entry, origin=origin, trace=trace)
        case _:
            return Sent(body=json_text(body), origin=origin, trace=trace, request_id=str(uuid.uuid4()))
