"""What AWS answers to a request whose body has not the form that the service's model says."""

from landfast.aws_errors import AwsError


class SerializationError(AwsError):
    """A body that cannot be read, or a member of another type than the model's."""

    def __init__(self, message: str) -> None:
        super().__init__("SerializationException", message)


_TOKENS = {str: "STRING_VALUE", int: "NUMBER_VALUE", float: "DECIMAL_VALUE"}


def not_a(value: object, wanted: str) -> SerializationError:
    """The error for a value of another type than the model's.

    Args:
        value: What was sent.
        wanted: The type's name in Java, which AWS's services say.
    """
    match value:
        case dict():
            return SerializationError("Start of structure or map found where not expected.")
        case list():
            return SerializationError("Start of list found where not expected")
        case bool():
            found = "TRUE_VALUE" if value else "FALSE_VALUE"
        case _:
            found = _TOKENS.get(type(value), "BINARY_VALUE")
    article = "an" if wanted[0] in "AEIOU" else "a"
    return SerializationError(f"{found} can not be converted to {article} {wanted}")
