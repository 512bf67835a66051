"""From one service to another: whatever is sent to an ARN goes to the service that the ARN names."""

from typing import Protocol

from landfast.aws_errors import AwsError
from landfast.sources.sent import Sent


class Receiver(Protocol):
    """A service that takes what others send."""

    def take(self, arn: str, sent: Sent) -> None:
        """Take it; when this returns, it is kept with the rest of this turn.

        Raises:
            AwsError: It is refused.
        """
        ...


class Router:
    """Knows who takes what is sent to an ARN."""

    def __init__(self) -> None:
        self._receivers: dict[str, Receiver] = {}

    def add(self, service: str, receiver: Receiver) -> None:
        """Name who takes what is sent to the ARNs of a service, as the third part of an ARN names it."""
        self._receivers[service] = receiver

    def takes(self, arn: str) -> bool:
        """Tell whether anybody takes what is sent there."""
        return _service(arn) in self._receivers

    def send(self, arn: str, sent: Sent) -> None:
        """Send something, at once.

        Raises:
            AwsError: Its target refuses it, or nothing here takes it.
        """
        receiver = self._receivers.get(_service(arn))
        if receiver is None:
            raise AwsError("InvalidTarget", f"{arn}: {_service(arn) or 'this'} is not run locally")
        receiver.take(arn, sent)


def _service(arn: str) -> str:
    parts = arn.split(":")
    return parts[2] if len(parts) > 2 and parts[0] == "arn" else ""  # noqa: PLR2004 - arn:partition:service
