"""Order files: from the upload to the record that lands."""

import json

from landfast.testing import Stack
from tests.end_to_end.conftest import ROOT

GOOD = (ROOT / "events" / "import_orders.jsonl").read_bytes()
BROKEN = (ROOT / "events" / "import_orders-broken.jsonl").read_bytes()


def test_a_good_file_lands_in_the_success_queue_and_its_orders_in_the_table(landfast: Stack) -> None:
    upload = landfast.s3("OrderFiles").put("in/june orders+ü.jsonl", GOOD)
    landfast.settle()
    assert landfast.where(upload).in_queue("S3Success")
    [message] = landfast.queue("S3Success")
    record = message.json()
    context = record["requestContext"]
    assert record["version"] == "1.0"
    assert list(record) == [
        "version", "timestamp", "requestContext", "requestPayload", "responseContext", "responsePayload"
    ]  # fmt: skip
    assert (context["condition"], context["approximateInvokeCount"]) == ("Success", 1)
    assert context["functionArn"].endswith(":live")
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "1"}
    assert record["responsePayload"]["statusCode"] == 200
    [event] = record["requestPayload"]["Records"]
    assert event["eventName"] == "ObjectCreated:Put"
    told = event["s3"]["object"]
    assert (told["key"], told["size"]) == ("in/june+orders%2B%C3%BC.jsonl", len(GOOD))
    assert told["versionId"] == upload.answer["VersionId"]
    orders = {json.loads(line)["orderId"] for line in GOOD.decode().splitlines() if line.strip()}
    assert {item["orderId"] for item in landfast.table("OrdersTable").items()} == orders
    by_hand = landfast.function("ImportOrders").invoke(record["requestPayload"])
    assert (by_hand.payload["statusCode"], by_hand.version) == (200, "1")


def test_a_broken_file_fails_three_times_and_lands_in_the_failure_queue_with_its_stack_trace(landfast: Stack) -> None:
    upload = landfast.s3("OrderFiles").put("in/broken.jsonl", BROKEN)
    landfast.settle()
    landed = landfast.where(upload)
    assert landed.in_queue("S3Failure")
    assert landed.attempts == 3
    assert landed.reason.startswith("InvalidOrderFileError: ")
    assert "in/broken.jsonl, line " in landed.reason
    assert "order_file.py" in landed.traceback
    first, second, third = landed.tries
    assert second.at - first.at >= 60
    assert third.at - second.at >= 120
    record = landfast.queue("S3Failure").messages()[0].json()
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "1", "functionError": "Unhandled"}
    assert record["responsePayload"]["requestId"] == record["requestContext"]["requestId"]
