"""Errors of the data plane, each said in one line."""

from landfast.errors import LandfastError


class DataplaneError(LandfastError):
    """A failure that the user can read and mend."""


class EngineError(DataplaneError):
    """The emulator cannot be had, started or used as asked."""


class ResourceError(DataplaneError):
    """A resource of the template cannot be created as declared."""


class RefusedError(ResourceError):
    """The endpoint answered that a resource cannot be as declared; the text is its own, in one line."""


class DeliveryFailed(DataplaneError):  # noqa: N818 - an outcome that its callers expect
    """A destination or dead-letter queue did not take what was sent (S-22, S-27, S-69).

    Attributes:
        reason: Why, in one line: AWS's error code and text.
    """

    def __init__(self, target: str, reason: str) -> None:
        self.target = target
        self.reason = reason
        super().__init__(f"{target}: {reason}")


class SourceGoneError(DataplaneError):
    """The stream, shard or queue that is read does not exist any more."""
