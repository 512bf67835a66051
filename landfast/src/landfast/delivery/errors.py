"""AWS's refusals, with their error types and texts."""

from landfast.errors import LandfastError


class Refused(LandfastError):  # noqa: N818 - AWS refuses a setting; its own name for the error is in `code`
    """A setting that AWS does not accept.

    Attributes:
        field: The property at fault, as a path in CloudFormation's words.
        code: The error type of AWS's answer.
        message: The text of AWS's answer, or ours where AWS's is not known.
        status: The HTTP status of AWS's answer.
    """

    def __init__(
        self,
        field: str,
        message: str,
        *,
        code: str = "InvalidParameterValueException",
        status: int = 400,
    ) -> None:
        self.field = field
        self.code = code
        self.message = message
        self.status = status
        super().__init__(f"{field}: {code}: {message}")
