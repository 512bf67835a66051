"""Every function with its sample event."""

import pytest

from landfast.testing import Stack
from tests.end_to_end.conftest import ROOT
from tests.samples import EXPECTED, FUNCTIONS, event, is_expected, logical_id


def test_every_function_has_a_sample_event_and_every_sample_event_a_function() -> None:
    assert sorted(path.stem for path in (ROOT / "events").glob("*.json")) == FUNCTIONS == sorted(EXPECTED)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_answers_its_sample_event_as_documented(landfast: Stack, function: str) -> None:
    answer = landfast.function(logical_id(function)).invoke(event(function))
    assert is_expected(function, answer.payload), answer
    assert answer.failed == (function == "import_orders")
