"""Every function with its sample event, by the command that the documents name."""

import pytest

from tests.end_to_end.conftest import ROOT, RunningShop
from tests.samples import EXPECTED, FUNCTIONS, is_expected


def test_every_function_has_a_sample_event_and_every_sample_event_a_function() -> None:
    assert sorted(path.stem for path in (ROOT / "events").glob("*.json")) == FUNCTIONS == sorted(EXPECTED)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_answers_its_sample_event_as_documented(shop: RunningShop, function: str) -> None:
    told = shop.invoked(function)
    assert is_expected(function, told["payload"]), told
    assert told["failed"] == (function == "import_orders")
