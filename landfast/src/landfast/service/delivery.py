"""Sends what the machines want delivered: to the engine, or to another function of the stack."""

from collections.abc import Callable
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from landfast.dataplane.errors import DeliveryFailed
from landfast.delivery.actions import Deliver
from landfast.service.engine_retries import EngineRetries

_SERVER_ERROR = 500


class EngineFailedError(Exception):
    """The engine, not the target, is what failed; the same call may succeed later."""


class HandOver(Protocol):
    """Takes an asynchronous event in for a function of the stack."""

    def __call__(self, delivery: Deliver[Any], *, origin: str, trace: str) -> str | None:
        """Keep the event; why it was refused, or None."""
        ...


class Deliveries:
    """Every way out of the service.

    Args:
        engine: Sends to the engine, once; raises `DeliveryFailed`.
        hand_over: Takes in what Lambda destinations get, in the driver's thread.
    """

    def __init__(self, engine: Callable[[Deliver[Any]], None], hand_over: HandOver) -> None:
        self._engine = engine
        self.hand_over = hand_over

    def send(self, delivery: Deliver[Any], *, engine_retries: EngineRetries) -> None:
        """Send it, once, however long the engine is away.

        Raises:
            DeliveryFailed: The target refused it (S-22, S-27, S-69).
            StoppedError: The service stops.
        """
        if delivery.kind == "kafka":
            raise DeliveryFailed(delivery.target, "Kafka topics are not run locally")
        engine_retries.until_done(
            f"delivery to {delivery.target}", lambda: self._once(delivery), failures=(EngineFailedError,)
        )

    def _once(self, delivery: Deliver[Any]) -> None:
        try:
            self._engine(delivery)
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
