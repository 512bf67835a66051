"""Values of items as Python has them: boto3 knows numbers as decimals alone."""

from decimal import Decimal
from typing import Any


def with_decimals(value: Any) -> Any:  # noqa: ANN401 - any value of DynamoDB
    """The same with a decimal for each float."""
    match value:
        case dict():
            return {name: with_decimals(part) for name, part in value.items()}
        case list() | tuple():
            return [with_decimals(part) for part in value]
        case float():
            return Decimal(str(value))
        case _:
            return value


def plain(value: Any) -> Any:  # noqa: ANN401 - any value of DynamoDB
    """The same with an integer for each whole decimal, and bytes for binary values."""
    match value:
        case dict():
            return {name: plain(part) for name, part in value.items()}
        case list():
            return [plain(part) for part in value]
        case Decimal() if value == int(value):
            return int(value)
        case _:
            return getattr(value, "value", value)
