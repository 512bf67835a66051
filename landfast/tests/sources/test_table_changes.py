"""Items as DynamoDB keeps them, and numbers as it tells them."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landfast.sources.table_changes import as_kept
from landfast.sources.table_numbers import number

TINY = "0." + "0" * 129 + "1"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("1", "1"),
        ("1.0", "1"),
        ("007", "7"),
        ("+5", "5"),
        (".50", "0.5"),
        ("5.", "5"),
        ("-0", "0"),
        ("0E400", "0"),
        ("1E3", "1000"),
        ("-1.5e-3", "-0.0015"),
        ("0." + "9" * 40, "0." + "9" * 40),
        ("100.0", "100"),
        ("1E125", "1" + "0" * 125),
        ("1E-130", TINY),
    ],
)
def test_a_number_is_told_in_plain_digits(written: str, told: str) -> None:
    assert number(written) == told
    assert number(told) == told


@pytest.mark.parametrize("text", ["", "one", "NaN", "-Infinity", "1e999999999999999999999", "1E300", "\u0661\u0662x"])
def test_what_is_no_number_of_dynamodb_is_left_as_it_is(text: str) -> None:
    assert number(text) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=9))
def test_a_number_keeps_its_value(value: Decimal) -> None:
    assert Decimal(number(str(value))) == value


def test_an_item_is_kept_without_nulls_and_with_plain_numbers_wherever_they_are() -> None:
    written: dict[str, Any] = {
        "N": {"N": "1.0"},
        "NS": {"NS": ["2.0", "1E1"]},
        "list": {"L": [{"N": "07"}, {"M": {"deep": {"N": "1e0"}, "N": {"S": "1.0"}}}]},
        "text": {"S": "1.0", "N": None},
        "one": {"S": None, "N": "1.0"},
        "none": {"NULL": True},
        "bytes": {"B": "MS4w"},
    }
    assert as_kept(written) == {
        "N": {"N": "1"},
        "NS": {"NS": ["2", "10"]},
        "list": {"L": [{"N": "7"}, {"M": {"deep": {"N": "1"}, "N": {"S": "1.0"}}}]},
        "text": {"S": "1.0"},
        "one": {"N": "1"},
        "none": {"NULL": True},
        "bytes": {"B": "MS4w"},
    }
    assert as_kept({"odd": {"N": 5}, "numbers": {"NS": [5]}}) == {"odd": {"N": 5}, "numbers": {"NS": [5]}}
