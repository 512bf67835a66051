"""The parcel scans function on moto: the newest scan wins, each is in the history once."""

import base64
import json
from copy import deepcopy

import pytest

from tests.unit.functions.conftest import Context, Event, Load, Sample, failed, items


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


@pytest.mark.usefixtures("tables")
def test_a_scan_id_that_says_something_else_the_second_time_fails(
    load: Load, sample_event: Sample, context: Context
) -> None:
    event = kinesis_event(sample_event, scan("S-1"), scan("S-1", place="Bonn"))
    assert failed(load("track_parcels").handler(event, context)) == ["2"]
    assert [item["place"] for item in items("parcels")] == ["Kassel"]
