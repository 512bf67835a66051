"""The parcel scans function on moto: the newest scan wins, each is in the history once."""

import base64
import io
import json
from copy import deepcopy
from random import Random
from uuid import uuid4

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scans.scan import MalformedScanError, parse_scan
from tests.unit.functions.conftest import Context, Event, Load, Sample, failed, generated, items, logged
from tests.unit.functions.largest import ARTICLES, ITEM, WIDEST, item_size


def scan(scan_id: str, **changes: object) -> dict[str, object]:
    return {
        "scanId": scan_id,
        "parcelId": "A-1",
        "status": "in_transit",
        "place": "Kassel",
        "scannedAt": "2026-01-02T03:00:00Z",
    } | changes


def kinesis_event(sample: Sample, *data: bytes | dict[str, object]) -> Event:
    template = sample("track_parcels")["Records"][0]
    records = []
    for number, each in enumerate(data, 1):
        record = deepcopy(template)
        raw = each if isinstance(each, bytes) else json.dumps(each).encode()
        key = "poison" if isinstance(each, bytes) else str(each["parcelId"])
        record["kinesis"] |= {
            "sequenceNumber": str(number),
            "partitionKey": key,
            "data": base64.b64encode(raw).decode(),
        }
        records.append(record)
    return {"Records": records}


@pytest.mark.usefixtures("tables")
def test_the_sample_scans_move_their_parcels(load: Load, sample_event: Sample, context: Context) -> None:
    assert failed(load("track_parcels").handler(sample_event("track_parcels"), context)) == []
    assert [(item["parcelId"], item["place"]) for item in items("parcels")] == [
        ("A-1001-1", "Kassel"),
        ("A-1002-1", "Hannover"),
    ]
    assert len(items("history")) == 3


@pytest.mark.usefixtures("tables")
def test_the_newest_scan_wins_by_its_own_time_and_a_late_one_is_history(
    load: Load, sample_event: Sample, context: Context
) -> None:
    late = scan("S-2", place="Leipzig", scannedAt="2026-01-02T02:59:59.999999Z")
    same_moment_elsewhere = scan("S-0", place="Bonn", scannedAt="2026-01-02T04:00:00+01:00")
    event = kinesis_event(sample_event, scan("S-1"), late, same_moment_elsewhere)
    assert failed(load("track_parcels").handler(event, context)) == []
    assert [item["place"] for item in items("parcels")] == ["Kassel"]
    assert sorted(item["scannedAt"] for item in items("history")) == [
        "2026-01-02T02:59:59.999999+00:00#S-2",
        "2026-01-02T03:00:00.000000+00:00#S-0",
        "2026-01-02T03:00:00.000000+00:00#S-1",
    ]


@pytest.mark.usefixtures("tables")
def test_of_two_scans_of_one_moment_the_same_wins_in_either_order(
    load: Load, sample_event: Sample, context: Context
) -> None:
    first, second = scan("S-1", place="Kassel"), scan("S-2", place="Bonn")
    load("track_parcels").handler(kinesis_event(sample_event, first, second), context)
    other = [each | {"parcelId": "A-2", "scanId": f"{each['scanId']}-other"} for each in (second, first)]
    load("track_parcels").handler(kinesis_event(sample_event, *other), context)
    assert [item["place"] for item in items("parcels")] == ["Bonn", "Bonn"]


@pytest.mark.usefixtures("tables")
def test_a_repeated_batch_appends_nothing(load: Load, sample_event: Sample, context: Context) -> None:
    handler = load("track_parcels").handler
    for _ in range(2):
        assert failed(handler(sample_event("track_parcels"), context)) == []
    assert len(items("history")) == 3


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("poison", [b"\x00", b"{}", b'{"scanId":"S-9"', b'{"scanId":"\xff"}'])
def test_a_poison_scan_is_reported_and_its_neighbours_are_tracked(
    load: Load, sample_event: Sample, context: Context, poison: bytes
) -> None:
    event = kinesis_event(sample_event, scan("S-1"), poison, scan("S-2", parcelId="A-2"))
    assert failed(load("track_parcels").handler(event, context)) == ["2"]
    assert [item["parcelId"] for item in items("parcels")] == ["A-1", "A-2"]


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999-14:00"])
def test_a_moment_that_no_calendar_in_utc_has_is_refused_with_its_field(moment: str) -> None:
    with pytest.raises(MalformedScanError, match=r"outside of the calendar in UTC - at `\$.scannedAt`"):
        parse_scan(json.dumps(scan("S-1", scannedAt=moment)).encode())


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2026-01-02T03:00:00-23:59"])
def test_every_other_moment_sorts_as_text(moment: str) -> None:
    assert len(parse_scan(json.dumps(scan("S-1", scannedAt=moment)).encode()).moment) == 32


@pytest.mark.usefixtures("tables")
def test_a_scan_id_that_says_something_else_the_second_time_fails(
    load: Load, sample_event: Sample, context: Context
) -> None:
    event = kinesis_event(sample_event, scan("S-1"), scan("S-1", place="Bonn"))
    assert failed(load("track_parcels").handler(event, context)) == ["2"]
    assert [item["place"] for item in items("parcels")] == ["Kassel"]


@pytest.mark.usefixtures("tables")
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(minutes=st.lists(st.integers(0, 4), min_size=1, max_size=6), order=st.randoms(use_true_random=False))
def test_in_whatever_order_and_however_often_scans_come_the_parcel_ends_where_it_is(
    load: Load, sample_event: Sample, context: Context, minutes: list[int], order: Random
) -> None:
    parcel = uuid4().hex
    scans = [
        scan(f"{parcel}-{n}", parcelId=parcel, place=str(n), scannedAt=f"2026-01-02T03:0{minute}:00Z")
        for n, minute in enumerate(minutes)
    ]
    arriving = scans + order.choices(scans, k=3)
    order.shuffle(arriving)
    assert failed(load("track_parcels").handler(kinesis_event(sample_event, *arriving), context)) == []
    (found,) = [item for item in items("parcels") if item["parcelId"] == parcel]
    newest = max(range(len(minutes)), key=lambda n: (minutes[n], f"{parcel}-{n}"))
    assert found["place"] == str(newest)
    assert len([item for item in items("history") if item["parcelId"] == parcel]) == len(scans)


@pytest.mark.usefixtures("tables")
def test_the_event_that_sam_generates_is_a_batch_whose_text_is_no_scan(load: Load, context: Context) -> None:
    event = generated("kinesis get-records")
    numbers = [record["kinesis"]["sequenceNumber"] for record in event["Records"]]
    assert failed(load("track_parcels").handler(event, context)) == numbers


@pytest.mark.usefixtures("tables")
def test_a_scan_that_fails_is_logged_under_its_place_in_the_stream(
    load: Load, sample_event: Sample, context: Context, log: io.StringIO
) -> None:
    event = sample_event("track_parcels")
    event["Records"][0]["kinesis"]["data"] = "bm90IGEgc2Nhbg=="
    load("track_parcels").handler(event, context)
    (line,) = [line for line in logged(log) if line["message"] == "record failed"]
    assert line["correlation_id"] == event["Records"][0]["eventID"]


@pytest.mark.usefixtures("tables")
def test_a_parcel_of_the_longest_order_id_can_be_scanned_with_the_widest_place(
    load: Load, sample_event: Sample, context: Context
) -> None:
    widest = scan(
        WIDEST,
        parcelId=f"{WIDEST}-{ARTICLES // 20}",
        status="out_for_delivery",
        place="😀" * 100,
        scannedAt="9999-12-31T23:59:59.999999Z",
    )
    assert failed(load("track_parcels").handler(kinesis_event(sample_event, widest), context)) == []
    (kept,) = boto3.client("dynamodb").scan(TableName="history")["Items"]
    assert len(kept["parcelId"]["S"].encode()) <= 2048
    assert len(kept["scannedAt"]["S"].encode()) <= 1024
    assert item_size(kept) < ITEM
