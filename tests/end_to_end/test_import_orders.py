"""Order files: from the upload to the record that lands."""

import json
from typing import Any

from demo.shop import ALIAS
from landfast.testing import Invoked
from tests.end_to_end.conftest import ROOT, RunningShop

GOOD = (ROOT / "events" / "import_orders.jsonl").read_bytes()
BROKEN = (ROOT / "events" / "import_orders-broken.jsonl").read_bytes()


def about(key: str) -> Any:
    return lambda record: record["requestPayload"]["Records"][0]["s3"]["object"]["key"] == key


def test_a_good_file_lands_in_the_success_queue(shop: RunningShop) -> None:
    shop.upload("OrderFiles", "in/june orders+ü.jsonl", GOOD)
    record = shop.wait_for("S3Success", about("in/june+orders%2B%C3%BC.jsonl"))
    context = record["requestContext"]
    assert record["version"] == "1.0"
    assert list(record) == [
        "version", "timestamp", "requestContext", "requestPayload", "responseContext", "responsePayload"
    ]  # fmt: skip
    assert (context["condition"], context["approximateInvokeCount"]) == ("Success", 1)
    assert context["functionArn"].endswith(f":{ALIAS}")
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "1"}
    assert record["responsePayload"]["statusCode"] == 200
    [event] = record["requestPayload"]["Records"]
    assert event["eventName"] == "ObjectCreated:Put"
    told = event["s3"]["object"]
    assert told["size"] == len(GOOD)
    bucket = event["s3"]["bucket"]["name"]
    [version] = shop.s3.list_object_versions(Bucket=bucket, Prefix="in/june orders")["Versions"]
    assert told["versionId"] == version["VersionId"]


def test_the_orders_of_a_good_file_are_in_the_table(shop: RunningShop) -> None:
    shop.upload("OrderFiles", "in/again.jsonl", GOOD)
    shop.wait_for("S3Success", about("in/again.jsonl"))
    orders = [json.loads(line)["orderId"] for line in GOOD.decode().splitlines() if line.strip()]
    assert set(orders) <= {item["orderId"] for item in shop.items("OrdersTable")}


def test_a_broken_file_fails_three_times_and_lands_in_the_failure_queue_with_its_stack_trace(shop: RunningShop) -> None:
    shop.upload("OrderFiles", "in/broken.jsonl", BROKEN)
    record = shop.wait_for("S3Failure", about("in/broken.jsonl"))
    context = record["requestContext"]
    assert (context["condition"], context["approximateInvokeCount"]) == ("RetriesExhausted", 3)
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "1", "functionError": "Unhandled"}
    error = record["responsePayload"]
    assert error["errorType"] == "InvalidOrderFileError"
    assert "in/broken.jsonl, line " in error["errorMessage"]
    assert error["requestId"] == context["requestId"]
    assert any("order_file.py" in line for line in error["stackTrace"])
    attempts = [entry for entry in shop.journal(Invoked) if entry.request_id == context["requestId"]]
    assert [entry.attempt for entry in attempts] == [1, 2, 3]
    assert attempts[1].at - attempts[0].at >= 60
    assert attempts[2].at - attempts[1].at >= 120


def test_a_function_is_called_synchronously_by_boto3(shop: RunningShop) -> None:
    shop.upload("OrderFiles", "in/by hand.jsonl", GOOD)
    event = shop.wait_for("S3Success", about("in/by+hand.jsonl"))["requestPayload"]
    name = shop.running.resource("function", "ImportOrders").name
    answer = shop.functions.invoke(FunctionName=f"{name}:{ALIAS}", Payload=json.dumps(event).encode())
    assert answer["StatusCode"] == 200
    assert answer["ExecutedVersion"] == "1"
    assert json.load(answer["Payload"])["statusCode"] == 200
