"""Sends what the machines want delivered, to the engine or to another function of the stack."""

import uuid
from collections.abc import Callable
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from landfast.dataplane.errors import DeliveryFailed
from landfast.delivery.actions import Deliver
from landfast.delivery.errors import Refused
from landfast.delivery.strict_json import json_text
from landfast.service.patience import Patience

_SERVER_ERROR = 500


class EngineFailedError(Exception):
    """The engine, not the target, is what failed; the same call may succeed later."""


class AcceptEvent(Protocol):
    """Takes an asynchronous event in for a function of the stack."""

    def __call__(self, reference: str, payload: bytes, *, request_id: str, origin: str, trace: str) -> None:
        """Keep the event; `LookupError` if there is no such function."""
        ...


class Deliveries:
    """Every way out of the service.

    Args:
        send: Sends to the engine, once; raises `DeliveryFailed`.
        accept: Takes events in for Lambda destinations.
        retries: How often a refused delivery is tried again (U-5).
    """

    def __init__(self, send: Callable[[Deliver[Any]], None], accept: AcceptEvent, *, retries: int) -> None:
        self._send = send
        self._accept = accept
        self._retries = retries

    def deliver(self, delivery: Deliver[Any], *, patience: Patience, origin: str, trace: str = "") -> None:
        """Send it, however long the engine is away.

        Args:
            delivery: What, and where to.
            patience: Of the source it comes from.
            origin: For the journal, if the target is a function.
            trace: The trace header that goes with it.

        Raises:
            DeliveryFailed: The target refused it (S-22, S-27, S-69).
            StoppedError: The service stops.
        """
        if delivery.kind == "lambda":
            self._chain(delivery, origin, trace)
            return
        if delivery.kind == "kafka":
            raise DeliveryFailed(delivery.target, "Kafka topics are not run locally")
        for left in range(self._retries, -1, -1):
            try:
                patience.until_done(
                    f"delivery to {delivery.target}", lambda: self._once(delivery), failures=(EngineFailedError,)
                )
            except DeliveryFailed:
                if not left:
                    raise
            else:
                return

    def _chain(self, delivery: Deliver[Any], origin: str, trace: str) -> None:
        try:
            self._accept(
                delivery.target,
                json_text(delivery.body).encode(),
                request_id=str(uuid.uuid4()),
                origin=origin,
                trace=trace,
            )
        except (LookupError, Refused) as error:
            raise DeliveryFailed(delivery.target, str(error)) from error

    def _once(self, delivery: Deliver[Any]) -> None:
        try:
            self._send(delivery)
        except DeliveryFailed as error:
            if is_engine_failure(error.__cause__):
                raise EngineFailedError(str(error)) from error
            raise


def is_engine_failure(error: BaseException | None) -> bool:
    """Whether a call failed for the engine's sake: it could not be reached, or it answered 5xx."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", _SERVER_ERROR)
        return status >= _SERVER_ERROR
    return isinstance(error, BotoCoreError)
