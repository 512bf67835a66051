"""Whole numbers in texts from elsewhere: `str.isdigit` and `str.isdecimal` let pass what `int` refuses."""

from typing import Final

_MOST: Final = 18  # digits; `int` refuses more than 4,300, and 64 bits hold these


def whole_number(text: str) -> int | None:
    """The number that up to 18 digits of ASCII are; None for any other text.

    >>> whole_number("007"), whole_number("²"), whole_number("-1")
    (7, None, None)
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST else None
