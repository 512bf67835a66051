"""The order files function on moto: uploads in, orders out."""

import gzip
import io
import json
from collections.abc import Callable
from types import ModuleType
from typing import Any
from urllib.parse import quote_plus

import boto3
import pytest
from botocore.exceptions import ClientError

from backoffice.backoff import Backoff
from import_orders.object_version import ObjectReplacedError
from import_orders.order_file import InvalidOrderFileError
from import_orders.orders_table import OrdersNotWrittenError
from import_orders.upload import ForeignEventError
from tests.unit.functions.conftest import EVENTS, Context, generated, logged
from tests.unit.functions.largest import ARTICLES, LINES, order

BUCKET = "inbox"
GOOD = (EVENTS / "import_orders.jsonl").read_bytes()
BROKEN = (EVENTS / "import_orders-broken.jsonl").read_bytes()

type Handler = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture
def app(load: Callable[[str], ModuleType]) -> ModuleType:
    boto3.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for name, key in (("orders", "orderId"), ("idempotency", "id")):
        boto3.client("dynamodb").create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
    return load("import_orders")


@pytest.fixture
def handler(app: ModuleType, context: Context) -> Handler:
    return lambda event: app.handler(event, context)


def upload(body: bytes, key: str = "orders.jsonl") -> dict[str, Any]:
    """Put an object and return the notification that S3 sends for it (S-37, S-39)."""
    put = boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)
    entity: dict[str, Any] = {
        "key": quote_plus(key, safe="/"),
        "size": len(body),
        "eTag": put["ETag"].strip('"'),
        "sequencer": "0055AED6DCD90281E5",
    }
    if "VersionId" in put:
        entity["versionId"] = put["VersionId"]
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "eventName": "ObjectCreated:Put",
                "s3": {"bucket": {"name": BUCKET}, "object": entity},
            }
        ]
    }


def table(name: str = "orders") -> list[dict[str, Any]]:
    return boto3.client("dynamodb").scan(TableName=name)["Items"]


def order_ids() -> list[str]:
    return sorted(item["orderId"]["S"] for item in table())


def test_a_file_lands_in_the_table_and_its_counts_in_the_answer(handler: Handler) -> None:
    assert handler(upload(GOOD)) == {"statusCode": 200, "body": {"files": 1, "orders": 3}}
    found = {item["orderId"]["S"]: item for item in table()}["A-1002"]
    assert {name for name in found if name.startswith("_")} == {"_file", "_sequencer", "_moment"}
    assert {name: value for name, value in found.items() if not name.startswith("_")} == {
        "correlationId": found["correlationId"],
        "orderId": {"S": "A-1002"},
        "customerId": {"S": "C-23"},
        "placedAt": {"S": "2026-01-02T03:09:41+01:00"},
        "currency": {"S": "EUR"},
        "totalMinor": {"N": "1649"},
        "lines": {
            "L": [
                {"M": {"sku": {"S": "TEA-GREEN"}, "quantity": {"N": "1"}, "unitPriceMinor": {"N": "399"}}},
                {"M": {"sku": {"S": "MUG-BLUE"}, "quantity": {"N": "1"}, "unitPriceMinor": {"N": "1250"}}},
            ]
        },
    }


def test_gzip_is_known_by_its_bytes_not_by_its_name(handler: Handler) -> None:
    assert handler(upload(gzip.compress(GOOD)))["body"]["orders"] == 3
    assert order_ids() == ["A-1001", "A-1002", "A-1003"]


def test_a_broken_file_names_file_line_and_field_and_writes_nothing(handler: Handler) -> None:
    with pytest.raises(InvalidOrderFileError) as error:
        handler(upload(BROKEN, "shop 1/broken.jsonl"))
    assert str(error.value) == (
        "s3://inbox/shop 1/broken.jsonl, line 2, field lines[0].quantity: Expected `int`, got `str`"
    )
    assert table() == []


def test_a_truncated_gzip_writes_nothing_although_its_first_orders_are_fine(handler: Handler) -> None:
    many = b"".join(GOOD.replace(b"A-", b"A%d-" % n) for n in range(2000))
    with pytest.raises(InvalidOrderFileError, match="truncated gzip"):
        handler(upload(gzip.compress(many)[:-20]))
    assert table() == []


@pytest.mark.parametrize("key", ["a b.jsonl", "a+b.jsonl", "größe/注文.jsonl", "100%41.jsonl", "a@b.jsonl"])
def test_s_039_keys_are_decoded(handler: Handler, key: str) -> None:
    assert handler(upload(GOOD, key))["body"] == {"files": 1, "orders": 3}


def test_an_empty_file_is_imported_and_holds_no_orders(handler: Handler) -> None:
    assert handler(upload(b""))["body"] == {"files": 1, "orders": 0}


def test_a_repeated_notification_returns_the_first_result_without_reading_the_file(handler: Handler) -> None:
    event = upload(GOOD)
    first = handler(event)
    boto3.client("s3").delete_object(Bucket=BUCKET, Key="orders.jsonl")
    assert handler(event) == first


def test_two_uploads_of_one_key_are_two_imports(handler: Handler) -> None:
    boto3.client("s3").put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    first, second = upload(GOOD), upload(GOOD.replace(b"A-", b"Z-"))
    handler(second)
    handler(first)
    assert order_ids() == ["A-1001", "A-1002", "A-1003", "Z-1001", "Z-1002", "Z-1003"]


def test_a_file_replaced_in_a_bucket_without_versions_is_told_apart_from_a_broken_one(
    handler: Handler,
) -> None:
    event = upload(GOOD)
    upload(GOOD.replace(b"A-", b"Z-"))
    with pytest.raises(ObjectReplacedError, match="replaced after this upload"):
        handler(event)
    assert table() == []


def test_a_file_replaced_between_validation_and_writing_is_not_imported_in_halves(
    app: ModuleType, handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = upload(GOOD)
    opened = app.open_version

    def replaced_after(*args: object) -> object:
        try:
            return opened(*args)
        finally:
            upload(BROKEN)

    monkeypatch.setattr(app, "open_version", replaced_after)
    with pytest.raises(ObjectReplacedError):
        handler(event)
    assert table() == []


def test_a_retry_after_a_crash_in_the_middle_gives_the_same_table(
    app: ModuleType, handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = upload(GOOD)

    class KilledError(BaseException):
        """Not an Exception: like a killed process, it lets nobody clean up."""

    def half(*_: object) -> int:
        boto3.client("dynamodb").put_item(TableName="orders", Item={"orderId": {"S": "A-1001"}})
        raise KilledError

    with monkeypatch.context() as killed:
        killed.setattr(app, "write_orders", half)
        with pytest.raises(KilledError):
            handler(event)
    assert [item["status"]["S"] for item in table("idempotency")] == ["INPROGRESS"]
    assert handler(event)["body"] == {"files": 1, "orders": 3}
    repaired = table()
    assert handler(event)["body"] == {"files": 1, "orders": 3}
    assert table() == repaired
    assert order_ids() == ["A-1001", "A-1002", "A-1003"]


def test_a_failed_import_can_be_retried(handler: Handler) -> None:
    event = upload(BROKEN)
    for _ in range(3):
        with pytest.raises(InvalidOrderFileError):
            handler(event)
    assert table("idempotency") == []


def test_a_missing_object_fails(handler: Handler) -> None:
    event = upload(GOOD)
    boto3.client("s3").delete_object(Bucket=BUCKET, Key="orders.jsonl")
    with pytest.raises(ClientError, match="NoSuchKey"):
        handler(event)


def test_an_order_that_a_busy_table_refuses_is_written_again(
    app: ModuleType, handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = app.dynamodb.put_item
    refused: set[str] = set()

    def throttled(**request: Any) -> Any:
        order = request["Item"].get("orderId", {}).get("S")
        if order and order not in refused:
            refused.add(order)
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow down"}}, "PutItem")
        return real(**request)

    monkeypatch.setattr(app.dynamodb, "put_item", throttled)
    assert handler(upload(GOOD))["body"]["orders"] == 3
    assert sorted(refused) == order_ids() == ["A-1001", "A-1002", "A-1003"]


def test_a_table_that_stays_throttled_ends_the_import(
    app: ModuleType, handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = app.dynamodb.put_item

    def throttled(**request: Any) -> Any:
        if request["TableName"] == "orders":
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow down"}}, "PutItem")
        return real(**request)

    monkeypatch.setattr("import_orders.orders_table._BACKOFF", Backoff(first=0.0, longest=0.0))
    monkeypatch.setattr(app.dynamodb, "put_item", throttled)
    with pytest.raises(OrdersNotWrittenError, match="did not take an order in 12 attempts"):
        handler(upload(GOOD))
    assert table("idempotency") == []


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({}, "no Records"),
        ({"Service": "Amazon S3", "Event": "s3:TestEvent"}, "no Records"),
        ({"Records": [{"eventSource": "aws:sqs"}]}, "not 'aws:s3'"),
        ({"Records": [{"eventSource": "aws:s3", "eventVersion": "3.0"}]}, "reads version 2"),
        ({"Records": [{"eventSource": "aws:s3", "eventVersion": "2.9", "s3": {}}]}, "can't be read"),
        ({"Records": ["aws:s3"]}, "not 'aws:s3'"),
        ([], "no Records"),
        (None, "no Records"),
    ],
)
def test_an_event_of_another_kind_is_refused(handler: Handler, event: dict[str, Any], reason: str) -> None:
    with pytest.raises(ForeignEventError, match=reason):
        handler(event)


def test_s_038_a_later_minor_version_of_the_notification_is_read(handler: Handler) -> None:
    event = upload(GOOD)
    event["Records"][0]["eventVersion"] = "2.7"
    assert handler(event)["body"]["orders"] == 3


def test_the_sample_event_is_read_as_the_file_it_names(
    app: ModuleType, sample_event: Callable[[str], dict[str, Any]]
) -> None:
    (found,) = app.uploads(sample_event("import_orders"))
    assert found.name == "s3://order-files-5f1c2a90-e8b1-11f0-9a53-0ac3c4b1f9f1/shop 1/orders@2026-01-02.jsonl"
    assert found.version == found.version_id == "096fKKXTRTtl3on89fVO.nfljtsv6qko"


def test_the_log_names_the_file_and_no_customer(
    handler: Handler, log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    handler(upload(GOOD))
    with pytest.raises(InvalidOrderFileError):
        handler(upload(BROKEN))
    (imported,) = logged(log)
    assert (imported["file"], imported["orders"]) == ("s3://inbox/orders.jsonl", 3)
    metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line.get("ImportedOrders") for line in metrics] == [[3.0], None]
    assert [line.get("InvalidOrderFiles") for line in metrics] == [None, [1.0]]
    assert "C-17" not in log.getvalue()


def test_the_event_that_sam_generates_is_read_as_an_upload(app: ModuleType) -> None:
    event = generated("s3 put")
    event["Records"][0]["s3"]["object"]["key"] = "a+b.jsonl"
    (found,) = app.uploads(event)
    assert (found.name, found.version_id) == ("s3://example-bucket/a b.jsonl", None)


def test_two_uploads_have_two_ids_and_a_replay_has_that_of_its_upload(handler: Handler, log: io.StringIO) -> None:
    first, second = upload(GOOD, "a"), upload(GOOD, "b")
    for event in (first, second, first):
        handler(event)
    ids = [line["correlation_id"] for line in logged(log)]
    assert ids[0] == ids[2] != ids[1]


@pytest.mark.parametrize(
    ("quantities", "field"),
    [
        ([1_000_000], "lines[0].quantity"),
        ([200_000], "lines[0].quantity"),
        ([ARTICLES + 1], "lines[0].quantity"),
        ([ARTICLES, 1], "lines"),
        ([21] * LINES, "lines"),
        ([1] * (LINES + 1), "lines"),
        ([10**40], "lines[0].quantity"),
    ],
)
def test_an_order_larger_than_all_that_follows_can_handle_is_refused_with_file_line_and_field(
    handler: Handler, quantities: list[int], field: str
) -> None:
    with pytest.raises(InvalidOrderFileError, match=r"s3://inbox/orders\.jsonl, line 2") as error:
        handler(upload(order("A-1", [1]) + b"\n" + order("A-2", quantities)))
    assert f"field {field}: " in str(error.value)
    assert table() == []


@pytest.mark.parametrize("wide", ["é", "注", "😀", "\\", '"', "\x00", "\n", "\u2028", "\ud800"])
@pytest.mark.parametrize("field", ["orderId", "customerId", "currency", "sku"])
def test_no_character_that_would_grow_on_the_way_gets_in(handler: Handler, field: str, wide: str) -> None:
    plain = json.loads(order("A-1", [1]))
    (plain if field != "sku" else plain["lines"][0])[field] = f"A{wide}"
    with pytest.raises(InvalidOrderFileError, match="line 1"):
        handler(upload(json.dumps(plain).encode()))
