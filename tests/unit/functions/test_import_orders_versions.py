"""Two files with the same order: the older one never overwrites the newer one, in whatever order they are imported."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import permutations
from types import ModuleType
from typing import Any
from urllib.parse import quote_plus

import boto3
import pytest

from import_orders.file_version import FileVersion, version_of
from import_orders.upload import Upload, uploads
from tests.unit.functions.conftest import Context, items, make_table

BUCKET = "inbox"
SECOND = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

type Event = dict[str, Any]


def order(quantity: int, order_id: str = "A-1") -> bytes:
    return (
        f'{{"orderId":"{order_id}","customerId":"C-1","placedAt":"2026-01-02T03:04:05Z","currency":"EUR",'
        f'"lines":[{{"sku":"MUG","quantity":{quantity},"unitPriceMinor":1}}]}}\n'
    ).encode()


@pytest.fixture
def app(load: Callable[[str], ModuleType]) -> ModuleType:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    make_table("orders", "orderId")
    make_table("idempotency", "id")
    return load("import_orders")


@pytest.fixture
def last_modified(app: ModuleType, monkeypatch: pytest.MonkeyPatch) -> dict[str, datetime]:
    """When S3 says that versions were last modified, by version id; all in the same second unless told."""
    told: dict[str, datetime] = {}
    real = app.s3.get_object

    def get_object(**request: Any) -> Any:
        return real(**request) | {"LastModified": told.get(request["VersionId"], SECOND)}

    monkeypatch.setattr(app.s3, "get_object", get_object)
    return told


def upload(body: bytes, key: str = "orders.jsonl", *, sequencer: str | None = None, time: str | None = None) -> Event:
    put = boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)
    entity = {"key": quote_plus(key), "eTag": put["ETag"].strip('"'), "versionId": put["VersionId"]}
    record: Event = {"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put"}
    record["s3"] = {"bucket": {"name": BUCKET}, "object": entity | ({"sequencer": sequencer} if sequencer else {})}
    return {"Records": [record | ({"eventTime": time} if time else {})]}


def version_id(event: Event) -> str:
    found: str = event["Records"][0]["s3"]["object"]["versionId"]
    return found


def quantities() -> dict[str, int]:
    return {item["orderId"]: int(item["lines"][0]["quantity"]) for item in items("orders")}


def test_an_older_version_that_is_retried_behind_a_newer_one_changes_nothing_and_says_so(
    app: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    older = upload(order(1) + order(1, "A-2"), sequencer="0055AED6DCD90281E4")
    newer = upload(order(2), sequencer="0055AED6DCD90281E5")
    assert app.handler(newer, Context())["body"] == {"files": 1, "orders": 1}
    kept = items("orders")
    for _ in range(2):
        assert app.handler(older, Context()) == {"statusCode": 200, "body": {"files": 1, "orders": 1, "superseded": 1}}
        assert quantities() == {"A-1": 2, "A-2": 1}
    assert [item for item in items("orders") if item["orderId"] == "A-1"] == kept
    assert '"OrdersSuperseded":[1.0]' in capsys.readouterr().out


@pytest.mark.usefixtures("last_modified")
@pytest.mark.parametrize(
    "sequencers",
    [
        ("0055AED6DCD90281E4", "0055AED6DCD90281E5"),
        ("0055AED6DCD9", "0055AED6DCD90281E5"),  # the shorter one is padded on its right
        ("0055aed6dcd90281e4", "0055AED6DCD90281E5"),
        ("00", "0055AED6DCD90281E5"),
    ],
)
def test_s_041_the_sequencer_orders_the_versions_of_one_file(app: ModuleType, sequencers: tuple[str, str]) -> None:
    older, newer = upload(order(1), sequencer=sequencers[0]), upload(order(2), sequencer=sequencers[1])
    for event in (newer, older):
        app.handler(event, Context())
    assert quantities() == {"A-1": 2}


@pytest.mark.parametrize("sequencers", [(None, None), ("55", "55"), ("55", "5500"), (None, "55"), ("55", None)])
def test_without_sequencers_to_compare_the_moment_orders_the_versions_of_one_file(
    app: ModuleType, last_modified: dict[str, datetime], sequencers: tuple[str | None, str | None]
) -> None:
    older, newer = (upload(order(n + 1), sequencer=sequencers[n]) for n in (0, 1))
    last_modified[version_id(newer)] = SECOND + timedelta(seconds=1)
    for event in (newer, older):
        app.handler(event, Context())
    assert quantities() == {"A-1": 2}


def test_of_two_files_the_one_that_was_modified_later_is_the_newer_whatever_their_sequencers_and_notifications_say(
    app: ModuleType, last_modified: dict[str, datetime]
) -> None:
    older = upload(order(1), "b.jsonl", sequencer="FF", time="2027-01-01T00:00:00Z")
    newer = upload(order(2), "a.jsonl", sequencer="01")
    last_modified[version_id(newer)] = SECOND + timedelta(seconds=1)
    for event in (newer, older):
        app.handler(event, Context())
    assert quantities() == {"A-1": 2}


@pytest.mark.usefixtures("last_modified")
def test_of_two_files_of_one_second_the_notifications_milliseconds_decide(app: ModuleType) -> None:
    older = upload(order(1), "b.jsonl", time="2026-01-02T03:04:05.123Z")
    newer = upload(order(2), "a.jsonl", time="2026-01-02T04:04:05.124+01:00")
    for event in (newer, older):
        app.handler(event, Context())
    assert quantities() == {"A-1": 2}


@pytest.mark.usefixtures("last_modified")
def test_of_three_files_of_one_moment_the_same_wins_in_every_order(app: ModuleType) -> None:
    outcomes = set()
    for number, turn in enumerate(permutations(range(3))):
        name = f"A-{number}"
        events = [upload(order(n + 1, name), f"{n}.jsonl") for n in range(3)]
        for n in turn:
            app.handler(events[n], Context())
        outcomes.add(quantities()[name])
    assert len(outcomes) == 1


def test_a_replay_made_by_hand_of_the_version_in_the_table_is_no_older_file(app: ModuleType) -> None:
    original = upload(order(1), sequencer="55", time="2026-01-02T03:04:05.123Z")
    app.handler(original, Context())
    kept = items("orders")
    boto3.resource("dynamodb").Table("idempotency").delete_item(Key={"id": items("idempotency")[0]["id"]})
    by_hand = {"Records": [{**original["Records"][0]}]}
    del by_hand["Records"][0]["eventTime"]
    assert app.handler(by_hand, Context())["body"] == {"files": 1, "orders": 1}
    assert {name: kept[0][name] for name in ("lines", "_file", "correlationId")} == {
        name: items("orders")[0][name] for name in ("lines", "_file", "correlationId")
    }


def test_going_back_on_purpose_is_uploading_the_older_file_again(
    app: ModuleType, last_modified: dict[str, datetime]
) -> None:
    events = [upload(order(n), sequencer=f"0{n}") for n in (1, 2)]
    again = upload(order(1), sequencer="03")
    last_modified[version_id(again)] = SECOND + timedelta(seconds=2)
    for event in (*events, again):
        app.handler(event, Context())
    assert quantities() == {"A-1": 1}


def test_an_order_from_before_versions_were_kept_is_replaced(app: ModuleType) -> None:
    boto3.client("dynamodb").put_item(TableName="orders", Item={"orderId": {"S": "A-1"}})
    app.handler(upload(order(2)), Context())
    assert quantities() == {"A-1": 2}


def test_in_a_bucket_whose_versioning_is_suspended_uploads_are_told_apart_by_their_sequencers() -> None:
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": BUCKET}, "object": {"key": "k", "eTag": "e", "versionId": "null", "sequencer": "5"}},
    }
    (found,) = uploads({"Records": [record]})
    assert (found.version, found.version_id) == ("5-e", None)


def test_a_long_key_takes_no_more_of_an_order_than_a_short_one() -> None:
    def kept(key: str) -> FileVersion:
        return version_of(Upload(BUCKET, key, "v", "v", "e"), SECOND)

    assert len(str(kept("k" * 1024).attributes)) == len(str(kept("k").attributes))
