"""Records as scenarios give them, and what a service takes of them."""

from typing import Any, Protocol

import msgspec

from landfast.delivery.strict_json import json_text


class UnacceptableError(Exception):
    """A record of a scenario that its service would not take.

    Attributes:
        field: The field of the record that is at fault.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class GivenRecord(Protocol):
    """A record as a scenario gives it."""

    @property
    def id(self) -> str:
        """The name of the record in the scenario."""
        ...

    @property
    def key(self) -> str:
        """The partition key, the item's key or the message group."""
        ...

    @property
    def at(self) -> float:
        """The time of its arrival, in seconds from the start."""
        ...

    @property
    def data(self) -> Any:  # noqa: ANN401 - any JSON, or msgspec's UNSET
        """The data; UNSET if the scenario leaves them out."""
        ...

    @property
    def payload(self) -> object:
        """The data, or what stands for them if they are left out."""
        ...


class ScenarioStream(msgspec.Struct, frozen=True):
    """The stream that a scenario is about.

    Attributes:
        arn: The ARN of the stream.
        role_arn: The ARN of the function's execution role.
        region: The region of the stream.
        epoch: The Unix time of the scenario's start.
    """

    arn: str
    role_arn: str
    region: str
    epoch: float


def sent_text(payload: object) -> str:
    """Return the text that the producer of a record sends: text as it is, anything else as JSON."""
    return payload if isinstance(payload, str) else json_text(payload)


def at_most(size: int, limit: int, what: str, field: str = "data") -> None:
    """Refuse what is too large for a service.

    Raises:
        UnacceptableError: `size` bytes are more than the `limit`.
    """
    if size > limit:
        raise UnacceptableError(field, f"{size} bytes are more than the {limit} of {what}, so it could never arrive")
