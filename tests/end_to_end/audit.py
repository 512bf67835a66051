"""Sends a workload to a running service, waits until nothing is under way, and counts what landed where it landed."""

import base64
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Hashable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from landfast.cli.landing import Landing, landing
from landfast.cli.shop import Mailbox, Shop
from landfast.cli.tour import is_idle
from landfast.dataplane.engine import EngineName, ministack_is_cached
from landfast.dataplane.errors import EngineError
from landfast.dataplane.queues import Message, Queue
from landfast.service.service import Service
from tests.end_to_end.workload import Workload, ledger

_QUIET = 2.0
_TICK = 0.5


@dataclass(frozen=True)
class Tolerance:
    """What may happen beyond once, if functions are killed between a call elsewhere and its marker.

    Attributes:
        repeats: Receipts or notices that may be published again, with the same id.
        both: Whether what has had its effect may be in a failure store, too: killed after it, each time.
    """

    repeats: int = 0
    both: bool = False


class Audit:
    """One service, one workload."""

    def __init__(self, service: Service, work: Workload) -> None:
        self.service = service
        self.work = work
        self.shop = Shop(service.clients, service.world)
        self._receipts = Mailbox(service.clients, "audit-receipts")
        self._receipts.subscribe(service.world.topics["ReceiptsTopic"])
        self._notices = Mailbox(service.clients, "audit-notices")
        self._notices.subscribe(service.world.topics["CustomersTopic"])

    def send(self) -> None:
        """Send all of it, the sources side by side."""
        shop, work = self.shop, self.work
        with ThreadPoolExecutor(4) as pool:
            scans = pool.submit(shop.put_records, "ParcelScans", [(scan.key, scan.data) for scan in work.scans])
            payments = pool.submit(shop.pay, "Payments", work.payments)
            receipts = pool.submit(shop.send, "Receipts", work.receipts)
            for upload in work.uploads:
                shop.upload("OrderFiles", upload.key, upload.content)
            scans.result()
            self._payment_ids = payments.result()
            receipts.result()

    def until_quiet(self, patience: float) -> None:
        """Wait until nothing is under way, `patience` seconds at most."""
        latest = time.monotonic() + patience
        since = time.monotonic()
        while time.monotonic() - since < _QUIET:
            assert self.service.failure is None, self.service.failure
            assert time.monotonic() < latest, f"after {patience} s there is still work: {self.shop.held()}"
            time.sleep(_TICK)
            if not is_idle(self.service, self.shop):
                since = time.monotonic()

    def landings(self, tolerance: Tolerance = Tolerance()) -> list[Landing]:
        """Where all of it must be."""
        return [
            *self._files(tolerance),
            *self._scans(),
            *self._payments(tolerance),
            *self._requests(tolerance),
            self._nowhere_else(tolerance),
        ]

    def _files(self, tolerance: Tolerance) -> list[Landing]:
        good = [upload for upload in self.work.uploads if upload.broken_line is None]
        broken = [upload for upload in self.work.uploads if upload.broken_line is not None]
        successes, failures = (
            [json.loads(message.body) for message in self._drain(queue)] for queue in ("S3Success", "S3Failure")
        )
        killed = [record for record in failures if _key(record).startswith("good/")] if tolerance.both else []
        orders = {order["orderId"]: order for upload in good for order in upload.orders}
        # A file whose every attempt was killed is kept, and its orders may have been written or not.
        kept = {order["orderId"] for upload in good if upload.key in set(map(_key, killed)) for order in upload.orders}
        table = [(item["orderId"], item["customerId"], item["totalMinor"]) for item in self.shop.items("OrdersTable")]
        written = {name for name, *_ in table}
        due = {name: order for name, order in orders.items() if name not in kept or name in written}
        on_the_way = self._kept_on_the_way() if tolerance.both else set()
        shipments = [(one["orderId"], len(one["parcelIds"])) for one in self.shop.items("ShipmentsTable")]
        notices = [one["responsePayload"]["noticeId"] for one in self._notices.read()]
        return [
            landing(
                "order files",
                len(good),
                "good files, some twice",
                place="S3-success, each upload once",
                wanted=[(upload.key, len(upload.orders)) for upload in good],
                found=[(_key(one), one["responsePayload"]["body"]["orders"]) for one in [*successes]]
                + [(_key(one), _orders_of(good, _key(one))) for one in killed],
            ),
            landing(
                "order files",
                len(broken),
                "broken files",
                place="S3-failure, naming the line",
                wanted=[(upload.key, True) for upload in broken],
                found=[
                    (_key(one), _names_the_reason(one, _line_of(broken, _key(one)), tolerance))
                    for one in failures
                    if one not in killed
                ],
            ),
            landing(
                "order files",
                len(orders),
                "orders",
                place="orders table",
                wanted=[(name, one["customerId"], _total(one)) for name, one in due.items()],
                found=table,
            ),
            landing(
                "order files",
                len(orders),
                "orders",
                place="shipments table",
                wanted=[
                    (name, -(-sum(line["quantity"] for line in one["lines"]) // 20))
                    for name, one in due.items()
                    if name not in on_the_way or name in dict(shipments)
                ],
                found=shipments,
            ),
            landing(
                "order files",
                len(orders),
                "orders",
                place="customers' topic",
                wanted=[
                    notice
                    for name in due
                    if (notice := f"shipped-{name}") and (name not in on_the_way or notice in notices)
                ],
                found=_once(notices, tolerance.repeats),
            ),
        ]

    def _kept_on_the_way(self) -> set[str]:
        """The orders in the failure stores behind the table: of changes, shipments and notices."""
        batches = [json.loads(content) for content in self.shop.objects("OrderChangesFailed").values()]
        changes = [record for batch in batches for record in json.loads(batch["payload"])["Records"]]
        shipments = [json.loads(message.body) for message in self._drain("ShipmentsFailed")]
        events = [json.loads(message.body) for message in self._drain("ShipmentsDead")]
        notices = [json.loads(message.body)["detail"] for message in self._drain("NoticesFailed")]
        return {
            *(change["dynamodb"]["Keys"]["orderId"]["S"] for change in changes),
            *(record["requestPayload"]["detail"]["orderId"] for record in shipments),
            *(event["detail"]["orderId"] for event in events),
            *(record["requestPayload"]["responsePayload"]["orderId"] for record in notices),
        }

    def _scans(self) -> list[Landing]:
        scans = {one.scan["scanId"]: one.scan for one in self.work.scans if one.scan is not None}
        newest: dict[str, tuple[str, str]] = {}
        for name, scan in scans.items():
            parcel, at = scan["parcelId"], (_moment(scan), name)
            newest[parcel] = max(newest.get(parcel, at), at)
        parked = [json.loads(content) for content in self.shop.objects("ParkedScans").values()]
        history, parcels = self.shop.items("ParcelHistoryTable"), self.shop.items("ParcelsTable")
        return [
            landing(
                "parcel scans",
                len(self.work.scans),
                "scans, some twice",
                place="history table, once",
                wanted=[
                    (one["parcelId"], f"{_moment(one)}#{name}", one["place"], one["status"])
                    for name, one in scans.items()
                ],
                found=[(one["parcelId"], one["scannedAt"], one["place"], one["status"]) for one in history],
            ),
            landing(
                "parcel scans",
                len(scans),
                "scans in no order",
                place="parcels table, the newest",
                wanted=[(parcel, *at) for parcel, at in newest.items()],
                found=[(one["parcelId"], one["scannedAt"], one["scanId"]) for one in parcels],
            ),
            landing(
                "parcel scans",
                len(scans),
                "scans",
                place="parcels, newest of own history",
                wanted=_newest(history),
                found=[
                    (one["parcelId"], f"{one['scannedAt']}#{one['scanId']}", one["status"], one["place"])
                    for one in parcels
                ],
            ),
            landing(
                "parcel scans",
                sum(one.scan is None for one in self.work.scans),
                "unreadable scans",
                place="parked scans, data and reason",
                wanted=[(one.data, True) for one in self.work.scans if one.scan is None],
                found=[(base64.b64decode(one["data"]), "error" in one["reason"]) for one in parked],
            ),
        ]

    def _payments(self, tolerance: Tolerance) -> list[Landing]:
        """In the ledger, or in the dead-letter queue; results and balances are those of the former in their order."""
        sent = dict(zip(self._payment_ids, self.work.payments, strict=True))
        dead = {_original_id(message): message for message in self._drain("PaymentsFailed")}
        entries = self.shop.items("EntriesTable")
        accounts = [(one["account"], one["balanceMinor"]) for one in self.shop.items("AccountsTable")]
        found = {one["paymentId"]: one["result"] for one in entries}
        beside = [name for name in dead if name in sent and sent[name].body not in self.work.poison_payments]
        applied = {name for name in beside if tolerance.both and json.loads(sent[name].body)["paymentId"] in found}
        done = [json.loads(one.body) for name, one in sent.items() if name not in dead or name in applied]
        results, balances = ledger(done)
        bad = self.work.poison_payments
        return [
            landing(
                "payments",
                len(sent),
                "payments, some twice",
                place="entries table, in order",
                wanted=results.items(),
                found=found.items(),
            ),
            landing(
                "payments",
                len(done),
                "payments",
                place="accounts table, exact sums",
                wanted=balances.items(),
                found=accounts,
            ),
            landing(
                "payments",
                len(done),
                "payments",
                place="accounts, sums of own entries",
                wanted=_sums(entries).items(),
                found=accounts,
            ),
            landing(
                "payments",
                len(bad),
                "malformed payments",
                place="payments-failed.fifo, as sent",
                wanted=[(body, True) for body in bad],
                found=[(one.body, tolerance.both or _has_reason(one)) for one in dead.values() if one.body in bad],
            ),
            landing(
                "payments",
                len(beside),
                "payments that failed",
                place="only with their function",
                wanted=[],
                found=[] if tolerance.both else beside,
            ),
        ]

    def _requests(self, tolerance: Tolerance) -> list[Landing]:
        bad = self.work.poison_receipts
        asked = {json.loads(body)["orderId"]: json.loads(body) for body in self.work.receipts if body not in bad}
        published = [(one["orderId"], one["totalMinor"], one["currency"]) for one in self._receipts.read()]
        # Killed between sending and reporting, the function sends a dead letter again: the same message, twice.
        dead = [*{_original_id(message): message.body for message in self._drain("ReceiptsFailed")}.values()]
        kept = {json.loads(body)["orderId"] for body in dead if body not in bad} if tolerance.both else set()
        done = {name for name, *_ in published}
        return [
            landing(
                "receipts",
                len(self.work.receipts),
                "requests, some twice",
                place="receipts' topic, once",
                wanted=[
                    (name, one["totalMinor"], one["currency"])
                    for name, one in asked.items()
                    if name not in kept or name in done
                ],
                found=_once(published, tolerance.repeats),
            ),
            landing(
                "receipts",
                len(bad),
                "malformed requests",
                place="receipts-failed, as sent",
                wanted=bad,
                found=[body for body in dead if body in bad or not tolerance.both],
            ),
        ]

    def _nowhere_else(self, tolerance: Tolerance) -> Landing:
        left = [queue for queue, held in self.shop.held().items() for _ in range(held)]
        kept = [] if tolerance.both else [*self.shop.objects("OrderChangesFailed")]
        return landing(
            "all",
            0,
            "everything",
            place="no other queue or store",
            wanted=[],
            found=[*left, *kept],
        )

    def _drain(self, queue: str) -> list[Message]:
        """All messages of a queue, taken out of it."""
        source = Queue(self.service.clients, self.service.world.queues[queue].url)
        taken: list[Message] = []
        while messages := source.receive(wait=0):
            taken += messages
            assert not source.delete(messages)
        return taken


def _once[T: Hashable](found: Iterable[T], repeats: int) -> list[T]:
    """The same, up to so many repeats left out."""
    counted = Counter(found)
    extra = counted.total() - len(counted)
    return list(counted) if extra <= repeats else list(counted.elements())


def _original_id(message: Message) -> str:
    """The id under which a dead letter was sent first: a function's copy has one of its own."""
    told = message.raw.get("MessageAttributes", {}).get("OriginalMessageId")
    return str(told["StringValue"]) if told else message.id


def _has_reason(message: Message) -> bool:
    told = message.raw.get("MessageAttributes", {})
    return all(told.get(name, {}).get("StringValue") for name in ("ErrorCode", "ErrorMessage", "RequestID"))


def _sums(entries: Iterable[dict[str, Any]]) -> Counter[str]:
    """What each account's posted entries add up to."""
    sums: Counter[str] = Counter()
    for entry in entries:
        if entry["result"] == "posted":
            sums[entry["account"]] += entry["amountMinor"]
    return sums


def _newest(history: Iterable[dict[str, Any]]) -> list[tuple[str, str, str, str]]:
    """The newest scan of each parcel's history."""
    newest: dict[str, dict[str, Any]] = {}
    for one in history:
        newest[one["parcelId"]] = max(newest.get(one["parcelId"], one), one, key=lambda scan: str(scan["scannedAt"]))
    return [(name, one["scannedAt"], one["status"], one["place"]) for name, one in newest.items()]


def _key(record: Any) -> str:
    key: str = record["requestPayload"]["Records"][0]["s3"]["object"]["key"]
    return key


def _orders_of(uploads: Iterable[Any], key: str) -> int:
    return next(len(upload.orders) for upload in uploads if upload.key == key)


def _line_of(uploads: Iterable[Any], key: str) -> int | None:
    return next((upload.broken_line for upload in uploads if upload.key == key), None)


def _names_the_reason(record: Any, line: int | None, tolerance: Tolerance) -> bool:
    """Whether a failure record names the broken line, or that the last attempt was killed."""
    error = record["responsePayload"]
    return f"line {line}" in error["errorMessage"] or (tolerance.both and error["errorType"] == "Runtime.ExitError")


def _total(order: dict[str, Any]) -> int:
    return sum(line["quantity"] * line["unitPriceMinor"] for line in order["lines"])


def _moment(scan: dict[str, str]) -> str:
    return datetime.fromisoformat(scan["scannedAt"]).astimezone(UTC).isoformat(timespec="microseconds")


def engine() -> EngineName:
    """The engine for a load: the quicker one if this machine has it, or the one that LANDFAST_ENGINE names."""
    match os.environ.get("LANDFAST_ENGINE"):
        case "moto":
            return "moto"
        case "ministack":
            return "ministack"
        case None:
            try:
                return "ministack" if ministack_is_cached() else "moto"
            except EngineError:  # there is no uv to run it with
                return "moto"
        case other:
            raise ValueError(f"LANDFAST_ENGINE={other}: there are moto and ministack")


def say(text: str) -> None:
    """Seen with `pytest -s`, and whenever the test fails."""
    sys.stdout.write(f"{text}\n")


def report(landings: list[Landing]) -> str:
    return "\n".join(
        f"{one.pipeline:13} {one.sent:5} {one.events:24} {one.place:30} {one.found:5}/{one.expected:<5} "
        f"{'ok' if one.holds else f'missing {one.missing[:5]}, not expected {one.foreign[:5]}'}"
        for one in landings
    )
