"""One id from the upload to the notice: the logs of all functions can be joined by it."""

import io
import json
from typing import Any

import pytest

from backoffice.correlation import about, carried, correlated, digest
from backoffice.observability import logger
from tests.unit.functions.conftest import Context, Load, Sample, failed
from tests.unit.shop.test_bounds import order
from tests.unit.shop.way import Way


@pytest.fixture
def way(load: Load, tables: None, monkeypatch: pytest.MonkeyPatch) -> Way:  # noqa: ARG001  they are written to
    return Way(load, monkeypatch)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    captured = io.StringIO()
    (handler,) = logger.handlers
    monkeypatch.setattr(handler, "stream", captured)
    return captured


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_one_id_is_in_every_functions_log_from_the_upload_to_the_notice(way: Way, log: io.StringIO) -> None:
    step = way.go(way.upload(order("A-1", [1]) + b"\n" + order("A-2", [1])))
    said = [(line["message"], line["correlation_id"]) for line in lines(log)]
    (identity,) = {identity for _, identity in said}
    assert carried(identity) == identity
    assert sorted(message for message, _ in said) == sorted(
        ["imported", *["published"] * 2, *["shipped"] * 2, *["notice worded"] * 2]
    )
    assert {notice["responsePayload"]["correlationId"] for notice in step.notices} == {identity}


def test_two_uploads_have_two_ids_and_a_replay_has_that_of_its_upload(way: Way, log: io.StringIO) -> None:
    first, second = way.upload(order("A-1", [1]), "a"), way.upload(order("A-2", [1]), "b")
    for event in (first, second, first):
        way.apps["import_orders"].handler(event, way.context)
    ids = [line["correlation_id"] for line in lines(log)]
    assert ids[0] == ids[2] != ids[1]


@pytest.mark.usefixtures("tables")
def test_what_comes_without_an_id_or_with_something_else_in_its_place_is_logged_under_the_request(
    load: Load, sample_event: Sample, context: Context, log: io.StringIO
) -> None:
    handler = load("ship_order").handler
    for number, strange in enumerate([None, 7, "", "A" * 32, f"{'0' * 32}\n", ["0" * 32]]):
        event = sample_event("ship_order")
        event["detail"] |= {"orderId": f"A-{number}"} | ({"correlationId": strange} if strange is not None else {})
        assert "correlationId" not in handler(event, context)
    assert {line["correlation_id"] for line in lines(log)} == {context.aws_request_id}


@pytest.mark.usefixtures("tables")
def test_each_record_of_a_batch_has_an_id_of_its_own(
    load: Load, sample_event: Sample, context: Context, log: io.StringIO
) -> None:
    event = sample_event("post_payments")
    for number, record in enumerate(event["Records"]):
        body = json.loads(record["body"]) | {"amountMinor": -1, "paymentId": f"P-{number}"}
        record |= {"messageId": f"m{number}", "body": json.dumps(body)}
    assert failed(load("post_payments").handler(event, context)) == []
    rejected = {line["payment"]: line["correlation_id"] for line in lines(log)}
    assert rejected == {f"P-{number}": f"m{number}" for number in range(len(event["Records"]))}


@pytest.mark.usefixtures("tables")
def test_a_scan_that_fails_is_logged_under_its_place_in_the_stream(
    load: Load, sample_event: Sample, context: Context, log: io.StringIO
) -> None:
    event = sample_event("track_parcels")
    event["Records"][0]["kinesis"]["data"] = "bm90IGEgc2Nhbg=="
    load("track_parcels").handler(event, context)
    (line,) = [line for line in lines(log) if line["message"] == "record failed"]
    assert line["correlation_id"] == event["Records"][0]["eventID"]


def test_an_error_carries_the_id_and_the_thread_forgets_it(log: io.StringIO) -> None:
    with pytest.raises(LookupError) as error, correlated("id"):
        raise LookupError
    assert about(error.value) == {"correlation_id": "id"}
    assert about(LookupError()) == {}
    logger.warning("behind it")
    assert "correlation_id" not in lines(log)[-1]


def test_an_id_stands_for_its_identity_whatever_text_that_is() -> None:
    assert digest("a", "b") == digest("a", "b") != digest("ab")
    assert carried(digest("\ud800")) is not None
