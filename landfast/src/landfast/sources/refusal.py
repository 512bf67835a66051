"""Refusals of a machine, by AWS's name and in AWS's words where they are known."""

from collections.abc import Mapping


class Refusal(Exception):  # noqa: N818 - AWS refuses a request; its own name for the error is in `code`
    """A request that AWS does not grant; nothing has changed.

    Attributes:
        code: AWS's name of the error, e.g. ``ResourceNotFoundException``.
        message: For people.
        status: The HTTP status, as AWS answers it.
        further: More elements of the error, by name; S3 has some.
    """

    def __init__(self, code: str, message: str, *, status: int = 400, further: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.further = further or {}


_MISSING = ("NotFound", "NonExistent", "DoesNotExist", "InvalidTarget")


def says_missing(code: str) -> bool:
    """Tell whether an error's name says that something is not there: each service of AWS has its own."""
    return any(part in code for part in _MISSING)
