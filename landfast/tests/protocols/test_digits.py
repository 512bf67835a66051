"""Whole numbers in texts from elsewhere."""

import pytest

from landfast.digits import whole_number


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("007", 7), ("9" * 18, 10**18 - 1)])
def test_digits_are_a_number(text: str, number: int) -> None:
    assert whole_number(text) == number


@pytest.mark.parametrize(
    "text", ["", " 1", "+1", "-1", "1_0", "1.0", "\N{SUPERSCRIPT TWO}", "\N{ARABIC-INDIC DIGIT ONE}", "9" * 19]
)
def test_any_other_text_is_none(text: str) -> None:
    assert whole_number(text) is None
