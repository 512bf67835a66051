"""Every function with its sample event, by the command that the documents name."""

import json
from typing import Any

import pytest

from tests.end_to_end.conftest import ROOT, Client, landfast
from tests.samples import EXPECTED, FUNCTIONS, is_expected, sample


def invoked(shop: Client, function: str) -> Any:
    ended = landfast("invoke", function, "--event", str(sample(function)), "--json", state=shop.path.parent)
    return json.loads(ended.stdout) if ended.stdout else pytest.fail(ended.stderr)


def items(shop: Client, table: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = shop.aws("dynamodb").scan(TableName=shop.name("table", table))["Items"]
    return found


def test_every_function_has_a_sample_event_and_every_sample_event_a_function() -> None:
    assert sorted(path.stem for path in (ROOT / "events").glob("*.json")) == FUNCTIONS == sorted(EXPECTED)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_answers_its_sample_event_as_documented(shop: Client, function: str) -> None:
    told = invoked(shop, function)
    assert is_expected(function, told["payload"]), told
    assert told["failed"] == (function == "import_orders")


def test_the_sample_scans_move_their_parcels_once_however_often_they_are_sent(shop: Client) -> None:
    for _ in range(2):
        assert invoked(shop, "track_parcels")["payload"] == {"batchItemFailures": []}
    places = {item["parcelId"]["S"]: item["place"]["S"] for item in items(shop, "ParcelsTable")}
    assert places == {"A-1001-1": "Kassel", "A-1002-1": "Hannover"}
    assert len(items(shop, "ParcelHistoryTable")) == 3


def test_the_sample_range_is_kept_as_missing_since_no_stream_has_it(shop: Client) -> None:
    invoked(shop, "replay_scans")
    bucket = shop.name("bucket", "ParkedScans")
    [parked] = shop.aws("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert parked["Key"].endswith(".missing.json")
    content = json.load(shop.aws("s3").get_object(Bucket=bucket, Key=parked["Key"])["Body"])
    assert content["reason"]["error"] == "LeftTheStream"
