"""AWS's answers to a request whose body has not the form that the service's model says.

The texts are those of AWS's JSON services, as measured and published by the authors of Athena and SQS emulators.
"""

from landfast.aws_errors import AwsError


class SerializationError(AwsError):
    """A body that cannot be read, or a member of another type than the model's."""

    def __init__(self, message: str) -> None:
        super().__init__("SerializationException", message)


def not_a(value: object, wanted: str) -> SerializationError:
    """The error for a value of another type than the model's.

    Args:
        value: The value that was sent.
        wanted: The name of a scalar type in Java; ``list`` or ``structure``.
    """
    match value:
        case dict():
            return SerializationError("Start of structure or map found where not expected.")
        case list():
            return SerializationError("Start of list found where not expected")
    if wanted == "list":
        return SerializationError("Expected list or null")
    if wanted == "structure":
        return SerializationError("Expected null")
    match value:
        case bool():
            actual = "TRUE_VALUE" if value else "FALSE_VALUE"
        case str():
            actual = "STRING_VALUE"
        case bytes():
            actual = "BINARY_VALUE"
        case _:
            actual = "NUMBER_VALUE"
    return SerializationError(f"{actual} can not be converted to {'an' if wanted[0] in 'AEIOU' else 'a'} {wanted}")


def not_base64() -> SerializationError:
    """The error for a blob that is not in base 64."""
    return SerializationError("The value of a blob is not valid base64.")
