"""Numbers of DynamoDB as it keeps and tells them: in plain digits, without leading and trailing zeros.

Source: DynamoDB Developer Guide, "Data types", Number.
"""

from decimal import Decimal
from typing import Final

_FARTHEST: Final = 200
"""A power of ten beyond all of DynamoDB's."""


def number(text: str) -> str:
    """A number as DynamoDB tells it; what is no number of its own is left as it is.

    Example:
        >>> number("1.50"), number("-0"), number("1E+3")
        ('1.5', '0', '1000')
    """
    if text.isascii() and text.isdigit() and text[0] != "0":
        return text  # as nearly all are
    try:
        value = Decimal(text)
    except ArithmeticError:
        return text
    if not value:
        return "0"
    if not value.is_finite() or abs(value.adjusted()) > _FARTHEST:
        return text
    told = format(value, "f")
    return told.rstrip("0").rstrip(".") if "." in told else told
