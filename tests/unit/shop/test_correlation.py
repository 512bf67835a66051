# --- order files and order changes and fulfilment and notices ---
"""One id from the upload to the notice: the logs of all functions can be joined by it."""

import io

import pytest

from backoffice.correlation import carried
from tests.unit.functions.conftest import Load, logged
from tests.unit.functions.largest import order
from tests.unit.shop.way import Way


@pytest.fixture
def way(load: Load, tables: None, monkeypatch: pytest.MonkeyPatch) -> Way:  # noqa: ARG001  they are written to
    return Way(load, monkeypatch)


def test_one_id_is_in_every_functions_log_from_the_upload_to_the_notice(way: Way, log: io.StringIO) -> None:
    step = way.go(way.upload(order("A-1", [1]) + b"\n" + order("A-2", [1])))
    said = [(line["message"], line["correlation_id"]) for line in logged(log)]
    (identity,) = {identity for _, identity in said}
    assert carried(identity) == identity
    assert sorted(message for message, _ in said) == sorted(
        ["imported", *["published"] * 2, *["shipped"] * 2, *["notice worded"] * 2]
    )
    assert {notice["responsePayload"]["correlationId"] for notice in step.notices} == {identity}
