from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landfast.delivery.times import iso_milliseconds, iso_seconds, key_time

START = 1767322800
"""2026-01-02T03:00:00Z."""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (START + 245.678, "2026-01-02T03:04:05.678Z"),
        (START, "2026-01-02T03:00:00.000Z"),
        (0, "1970-01-01T00:00:00.000Z"),
        (START + 59.9994, "2026-01-02T03:00:59.999Z"),
        (START + 59.9996, "2026-01-02T03:01:00.000Z"),
        (0.0005, "1970-01-01T00:00:00.000Z"),
        (0.0015, "1970-01-01T00:00:00.001Z"),
        (0.00051, "1970-01-01T00:00:00.001Z"),
        (1e-7, "1970-01-01T00:00:00.000Z"),
        (253402300799.999, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_s_014_timestamps_have_exactly_three_decimals_and_half_a_millisecond_rounds_down(
    seconds: float, text: str
) -> None:
    assert iso_milliseconds(seconds) == text


def test_s_063_dynamodb_arrival_times_have_no_milliseconds() -> None:
    assert iso_seconds(START + 245.678) == "2026-01-02T03:04:05Z"


def test_s_066_the_day_and_time_of_an_object_key() -> None:
    assert key_time(START + 245.678) == "2026/01/02/2026-01-02T03.04.05"


@given(st.integers(min_value=0, max_value=4_102_444_800_000))
def test_every_millisecond_is_written_as_itself(milliseconds: int) -> None:
    written = datetime.fromisoformat(iso_milliseconds(milliseconds / 1000))
    assert written == datetime.fromtimestamp(milliseconds // 1000, UTC).replace(microsecond=milliseconds % 1000 * 1000)


@given(st.floats(min_value=0, max_value=4e9))
def test_all_forms_of_one_moment_agree(seconds: float) -> None:
    moment = iso_milliseconds(seconds)
    assert iso_seconds(seconds) == f"{moment[:19]}Z"
    assert key_time(seconds) == f"{moment[:10].replace('-', '/')}/{moment[:19].replace(':', '.')}"
