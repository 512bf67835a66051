"""Each replay of the runbooks, rehearsed: something fails, the commands of its section are given, and it has landed."""

import base64
import json
import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest
from typer.testing import CliRunner

from landfast.testing import Stack, command_line
from tests.end_to_end.conftest import ROOT
from tests.samples import event

ON_AWS: Final = " --aws --stack $STACK"
COMMANDS: Final = {
    section.partition("\n")[0]: re.findall(r"^landfast failures .+$", section, re.MULTILINE)
    for section in (ROOT / "docs" / "runbooks.md").read_text().split("\n## ")[1:]
}
"""The commands of each section that has some."""


def replay(stack: Stack, title: str) -> None:
    """Give the commands of a section, locally."""
    for command in COMMANDS[title]:
        assert command.endswith(ON_AWS), command
        arguments = shlex.split(command.removesuffix(ON_AWS))[1:]
        done = CliRunner().invoke(command_line, [*arguments, "--state", str(stack.service.options.state)])
        assert done.exit_code == 0, done.output
        assert re.search(r"\d failures? (replayed|removed)\n", done.output), done.output
    stack.settle()


# --- order files ---
def order_files(stack: Stack, _: pytest.MonkeyPatch) -> None:
    stack.fail("ImportOrders", times=3)
    stack.s3("OrderFiles").put("in/good.jsonl", (ROOT / "events" / "import_orders.jsonl").read_bytes())
    stack.settle()
    assert len(stack.queue("S3Failure")) == 1
    replay(stack, "Order files in S3-failure")
    assert len(stack.queue("S3Failure")) == 0
    assert len(stack.queue("S3Success")) == 1


# --- parcel scans ---
def scan(**changes: str) -> dict[str, str]:
    [first, *_] = event("track_parcels")["Records"]
    return {**json.loads(base64.b64decode(first["kinesis"]["data"])), **changes}


def park(stack: Stack) -> None:
    """Let `replay_scans` give a range up first, whose scan nobody can read, and then park it."""
    stack.fail("ReplayScans", times=5)
    stack.stream("ParcelScans").put(scan(scannedAt="yesterday"), key="A-1")
    stack.settle()


def scans_not_replayed(stack: Stack, _: pytest.MonkeyPatch) -> None:
    park(stack)
    assert len(stack.queue("ScansNotReplayed")) == 1
    replay(stack, "Scans not replayed")
    assert len(stack.queue("ScansNotReplayed")) == 0
    assert len(stack.s3("ParkedScans").keys()) == 1


def parked_scans(stack: Stack, patch: pytest.MonkeyPatch) -> None:
    park(stack)
    replay(stack, "Scans not replayed")
    patch.setenv("EDITOR", "sed -i s/yesterday/2026-01-02T03:00:00Z/")
    replay(stack, "Parked scans")
    assert stack.s3("ParkedScans").keys() == []
    assert len(stack.table("ParcelHistoryTable").items()) == 1


# --- payments ---
def payments(stack: Stack, patch: pytest.MonkeyPatch) -> None:
    [first, *_] = event("post_payments")["Records"]
    payment = {**json.loads(first["body"]), "currency": "EURO"}
    stack.queue("Payments").send(payment, group=payment["account"], deduplication="1")
    stack.settle()
    assert len(stack.queue("PaymentsFailed")) == 1
    patch.setenv("EDITOR", "sed -i s/EURO/EUR/")
    replay(stack, "Payments that failed")
    assert len(stack.queue("PaymentsFailed")) == 0
    assert len(stack.table("EntriesTable").items()) == 1


# --- receipts ---
def receipts(stack: Stack, _: pytest.MonkeyPatch) -> None:
    stack.fail("SendReceipts", times=5)
    [first, *_] = event("send_receipts")["Records"]
    sent = stack.queue("Receipts").send(first["body"])
    stack.settle()
    assert stack.where(sent).in_queue("ReceiptsFailed")
    replay(stack, "Receipts that failed")
    assert len(stack.queue("ReceiptsFailed")) == len(stack.queue("Receipts")) == 0


# --- order changes ---
def order_changes(stack: Stack, _: pytest.MonkeyPatch) -> None:
    stack.fail("PublishOrderChanges", times=6)
    [first, *_] = event("publish_order_changes")["Records"]
    stack.client("dynamodb").put_item(TableName=stack.table("OrdersTable").name, Item=first["dynamodb"]["NewImage"])
    stack.settle()
    assert len(stack.s3("OrderChangesFailed").keys()) == 1
    replay(stack, "Order changes that failed")
    assert stack.s3("OrderChangesFailed").keys() == []


# --- fulfilment ---
def place(stack: Stack) -> None:
    placed = event("ship_order")
    stack.bus("ShopBus").put(placed["detail"], source=placed["source"], detail_type=placed["detail-type"])
    stack.settle()


def shipments(stack: Stack, _: pytest.MonkeyPatch) -> None:
    stack.fail("ShipOrder", times=3)
    place(stack)
    assert len(stack.queue("ShipmentsFailed")) == len(stack.queue("ShipmentsDead")) == 1
    replay(stack, "Shipments that failed")
    assert len(stack.queue("ShipmentsFailed")) == len(stack.queue("ShipmentsDead")) == 0
    assert len(stack.table("ShipmentsTable").items()) == 1


def not_delivered(stack: Stack, queue: str, target: str, body: Any) -> None:
    """Put into a rule's dead-letter queue what EventBridge would put there after a day."""
    told = {"RULE_ARN": "arn:rule", "TARGET_ARN": target, "ERROR_CODE": "NO_PERMISSIONS", "RETRY_ATTEMPTS": "0"}
    stack.queue(queue).send(body, attributes=told)


def orders_not_delivered(stack: Stack, _: pytest.MonkeyPatch) -> None:
    not_delivered(stack, "OrdersNotDelivered", f"{stack.function('ShipOrder').arn}:live", event("ship_order"))
    replay(stack, "Orders that were not delivered")
    assert len(stack.queue("OrdersNotDelivered")) == 0
    assert len(stack.table("ShipmentsTable").items()) == 1


# --- notices ---
def notices(stack: Stack, _: pytest.MonkeyPatch) -> None:
    stack.fail("NotifyCustomer", times=2)
    stack.function("NotifyCustomer").send(event("notify_customer"))
    stack.settle()
    assert len(stack.queue("NoticesFailed")) == 1
    replay(stack, "Notices that failed")
    assert len(stack.queue("NoticesFailed")) == 0


def notices_not_kept(stack: Stack, _: pytest.MonkeyPatch) -> None:
    stack.fail("NotifyCustomer", times=2)
    stack.function("NotifyCustomer").send(event("notify_customer"))
    stack.settle()
    [failed] = stack.queue("NoticesFailed")
    not_delivered(stack, "NoticesNotDelivered", stack.queue("NoticesFailed").arn, failed.body)
    replay(stack, "Notices that were not kept")
    assert len(stack.queue("NoticesNotDelivered")) == 0
    assert [each.json()["detail"] for each in stack.queue("NoticesFailed")] == [failed.json()["detail"]] * 2


# --- shared ---
REHEARSALS: Final[Mapping[str, Callable[[Stack, pytest.MonkeyPatch], None]]] = {
    # --- order files ---
    "Order files in S3-failure": order_files,
    # --- parcel scans ---
    "Scans not replayed": scans_not_replayed,
    "Parked scans": parked_scans,
    # --- payments ---
    "Payments that failed": payments,
    # --- receipts ---
    "Receipts that failed": receipts,
    # --- order changes ---
    "Order changes that failed": order_changes,
    # --- fulfilment ---
    "Shipments that failed": shipments,
    "Orders that were not delivered": orders_not_delivered,
    # --- notices ---
    "Notices that failed": notices,
    "Notices that were not kept": notices_not_kept,
    # --- shared ---
}


@pytest.mark.parametrize("title", REHEARSALS)
def test_a_replay_of_the_runbooks_lands(title: str, landfast: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    REHEARSALS[title](landfast, monkeypatch)


def test_every_replay_of_the_runbooks_is_rehearsed() -> None:
    assert {title for title, commands in COMMANDS.items() if commands} == REHEARSALS.keys()
