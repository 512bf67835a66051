"""What a machine refuses, by AWS's name and in AWS's words where they are known."""


class Refusal(Exception):  # noqa: N818 - AWS refuses a request; its own name for the error is in `code`
    """A request that AWS does not grant; nothing has changed.

    Attributes:
        code: AWS's name of the error, e.g. ``ResourceNotFoundException``.
        message: For people.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
