"""Malformed input, from a seed: every failure has a reason, no payload is logged, nothing is half done.

`make malformed` runs 1,000 payloads for each function from a new seed, which it prints; LANDFAST_MALFORMED and
LANDFAST_SEED set both.
"""

import base64
import builtins
import io
import json
import os
import sys
from abc import abstractmethod
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from random import Random
from types import ModuleType
from typing import Any, cast

import boto3
import pytest
from aws_lambda_powertools.utilities.idempotency.exceptions import IdempotencyKeyError, IdempotencyValidationError
from botocore.exceptions import ClientError

from backoffice.errors import ShopError
from backoffice.observability import logger
from tests.unit.functions.conftest import EVENTS, Context, Load, make_table
from tests.unit.shop.mutations import CANARY, chance, spoilt, spoilt_event, spoilt_payload
from tests.unit.shop.way import BUCKET

PAYLOADS = int(os.environ.get("LANDFAST_MALFORMED", "25"))
SEED = int(os.environ.get("LANDFAST_SEED", "20260102"))

FUNCTIONS = sorted(path.parent.name for path in (EVENTS.parent / "functions").glob("*/*/app.py"))

NAMED = (ShopError, IdempotencyKeyError, IdempotencyValidationError)
NOT_THERE = {"NoSuchBucket", "NoSuchKey", "NoSuchVersion", "InvalidArgument", "InvalidBucketName"}
"""What S3 itself answers about an object that a well-formed event names, and that is nowhere."""

# What is an identity in AWS's own envelope: it is logged, so that a record can be found.
IDENTITIES = {"messageId", "sequenceNumber", "SequenceNumber", "eventID", "key", "name", "receiptHandle"}

type Event = Any


class Subject:
    """A function and how to spoil what it gets. `number` makes the payload's ids differ from all others'."""

    stores: tuple[str, ...] = ("idempotency",)

    def __init__(self, app: ModuleType, sample: Event) -> None:
        self.app = app
        self.sample = sample
        self.published: list[Any] = []
        self.client: Callable[[str], Any] = cache(boto3.client)  # making one takes longer than a payload does
        self.keys = {name: self._keys(name) for name in self.stores}
        self.prepare()
        self.base = self.state()

    def prepare(self) -> None:
        """Make what is there before."""

    @abstractmethod
    def event(self, random: Random, number: int) -> Event:
        """Return an event of which something may be wrong."""

    def state(self) -> dict[str, Any]:
        """Return all that the function has an effect on."""
        dynamodb = self.client("dynamodb")
        found: dict[str, Any] = {name: dynamodb.scan(TableName=name)["Items"] for name in self.stores}
        return found | {"published": len(self.published)}

    def restore(self) -> None:
        """Take the effects back, so that the tables stay small."""
        self.published.clear()
        dynamodb = self.client("dynamodb")
        for name in self.stores:
            for item in dynamodb.scan(TableName=name)["Items"]:
                if item not in self.base[name]:
                    dynamodb.delete_item(TableName=name, Key={key: item[key] for key in self.keys[name]})

    def _keys(self, table: str) -> list[str]:
        schema = self.client("dynamodb").describe_table(TableName=table)["Table"]["KeySchema"]
        return [key["AttributeName"] for key in schema]


class Batch(Subject):
    """A function of a queue or a stream: a spoilt record, alone or between two good ones that were handled before."""

    def prepare(self) -> None:
        self.neighbours = [[self.record(f"neighbour-{n}")] for n in (1, 2)]
        answer = self.app.handler({"Records": deepcopy([*self.neighbours[0], *self.neighbours[1]])}, Context())
        assert answer == {"batchItemFailures": []}
        self.published.clear()

    def record(self, name: str) -> Event:
        """Return a valid record with ids of this name."""
        record = deepcopy(self.sample["Records"][0])
        self.put(record, json.dumps(self.payload(name)).encode())
        self.identify(record, name)
        return record

    @abstractmethod
    def payload(self, name: str) -> dict[str, Any]: ...

    @abstractmethod
    def put(self, record: Event, payload: bytes) -> None: ...

    @abstractmethod
    def identify(self, record: Event, name: str) -> None: ...

    def event(self, random: Random, number: int) -> Event:
        name = f"spoilt-{number}"
        record = self.record(name)
        if random.random() < 0.7:
            self.put(record, spoilt_payload(random, self.payload(name)))
        else:
            record = spoilt_event(random, record, canary=lambda path: not IDENTITIES & set(map(str, path)))
            if random.random() < 0.1:
                return record
        before, after = self.neighbours if random.random() < 0.3 else ([], [])
        return {"Records": [*before, record, *after]}


class Queue(Batch):
    def put(self, record: Event, payload: bytes) -> None:
        record["body"] = payload.decode("utf-8", random_errors(payload))

    def identify(self, record: Event, name: str) -> None:
        record["messageId"] = name


def random_errors(payload: bytes) -> str:
    """Return how to read bytes that are no UTF-8: what gets into a queue is text, if odd."""
    return "surrogateescape" if len(payload) % 2 else "replace"


class PostPayments(Queue):
    stores = ("idempotency", "accounts", "entries")

    def payload(self, name: str) -> dict[str, Any]:
        return {"paymentId": name, "account": name, "amountMinor": 5, "currency": "EUR", "note": CANARY}

    def identify(self, record: Event, name: str) -> None:
        super().identify(record, name)
        record["attributes"]["MessageGroupId"] = name


class SendReceipts(Queue):
    def prepare(self) -> None:
        cast("Any", self.app.sns).publish = lambda **request: self.published.append(request)
        super().prepare()

    def payload(self, name: str) -> dict[str, Any]:
        return {"orderId": name, "customerId": "C-1", "totalMinor": 5, "currency": "EUR", "note": CANARY}


class TrackParcels(Batch):
    stores = ("idempotency", "parcels", "history")

    def payload(self, name: str) -> dict[str, Any]:
        return {
            "scanId": name,
            "parcelId": name,
            "status": "accepted",
            "place": CANARY,
            "scannedAt": "2026-01-02T03:04:05Z",
        }

    def put(self, record: Event, payload: bytes) -> None:
        record["kinesis"]["data"] = base64.b64encode(payload).decode()

    def identify(self, record: Event, name: str) -> None:
        number = str(int(name.rpartition("-")[2]) + (10**9 if name.startswith("neighbour") else 0))
        record["kinesis"] |= {"sequenceNumber": number, "partitionKey": name}


class ReplayScans(Queue):
    """Its message names a record of the stream; both may be spoilt."""

    stores = ("idempotency", "parcels", "history")

    def prepare(self) -> None:
        self.client("kinesis").create_stream(StreamName="scans", ShardCount=1)
        self.client("s3").create_bucket(Bucket="parked", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        self.scan = json.dumps(TrackParcels.payload(cast("Any", self), "replayed")).encode()
        super().prepare()

    def parked(self) -> list[str]:
        answer = self.client("s3").list_objects_v2(Bucket="parked")
        return [entry["Key"] for entry in answer.get("Contents", [])]

    def state(self) -> dict[str, Any]:
        return super().state() | {"parked": self.parked()}

    def restore(self) -> None:
        super().restore()
        for key in self.parked():
            self.client("s3").delete_object(Bucket="parked", Key=key)

    def payload(self, name: str) -> dict[str, Any]:
        put = self.client("kinesis").put_record(StreamName="scans", Data=self.scan, PartitionKey=name)
        failure: dict[str, Any] = json.loads(self.sample["Records"][0]["body"])
        failure["KinesisBatchInfo"] |= {
            "streamArn": "arn:aws:kinesis:eu-west-1:123456789012:stream/scans",
            "shardId": put["ShardId"],
            "startSequenceNumber": put["SequenceNumber"],
            "endSequenceNumber": put["SequenceNumber"],
        }
        return failure

    def event(self, random: Random, number: int) -> Event:
        self.scan = spoilt_payload(random, TrackParcels.payload(cast("Any", self), f"replayed-{number}"))
        try:
            return super().event(random, number)
        finally:
            self.scan = json.dumps(TrackParcels.payload(cast("Any", self), f"replayed-{number}")).encode()


class PublishOrderChanges(Batch):
    def prepare(self) -> None:
        cast("Any", self.app.events).put_events = self._put_events
        super().prepare()

    def _put_events(self, *, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803  boto3's name
        self.published += Entries
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}] * len(Entries)}

    def payload(self, name: str) -> dict[str, Any]:
        image = deepcopy(self.sample["Records"][0]["dynamodb"]["NewImage"])
        return {**image, "orderId": {"S": name}, "note": {"S": CANARY}, "_moment": {"S": CANARY}}

    def put(self, record: Event, payload: bytes) -> None:
        try:
            record["dynamodb"]["NewImage"] = json.loads(payload)
        except (ValueError, RecursionError):  # there is no text in a stream's record: what is spoilt is a value
            record["dynamodb"]["NewImage"] = {"orderId": {"S": payload.decode("utf-8", "surrogateescape")}, "x": {}}

    def identify(self, record: Event, name: str) -> None:
        record["eventID"] = name
        record["dynamodb"] |= {"SequenceNumber": name, "Keys": {"orderId": {"S": name}}}


class ImportOrders(Subject):
    stores = ("idempotency", "orders")

    def prepare(self) -> None:
        self.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})

    def event(self, random: Random, number: int) -> Event:
        orders = [json.loads(line) for line in (EVENTS / "import_orders.jsonl").read_text().splitlines()]
        lines = [json.dumps(order | {"orderId": f"A-{number}-{n}"}).encode() for n, order in enumerate(orders)]
        event = deepcopy(self.sample)
        if random.random() < 0.7:
            lines[random.randrange(3)] = spoilt_payload(random, orders[0] | {"orderId": f"A-{number}"})
        body = b"\n".join(lines)
        key = f"{number}.jsonl"
        put = self.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)
        event["Records"][0]["s3"]["bucket"]["name"] = BUCKET
        event["Records"][0]["s3"]["object"] = {"key": key, "eTag": put["ETag"].strip('"'), "sequencer": "0055AED6DCD9"}
        if random.random() < 0.4:
            return spoilt_event(random, event, canary=lambda path: not IDENTITIES & set(map(str, path)))
        return event


class ShipOrder(Subject):
    stores = ("idempotency", "shipments")

    def event(self, random: Random, number: int) -> Event:
        event = deepcopy(self.sample)
        event["detail"] |= {"orderId": f"A-{number}", "note": CANARY}
        if random.random() < 0.7:
            event["detail"] = spoilt(random, event["detail"])
            return event
        return spoilt_event(random, event, canary=lambda _: True)


class NotifyCustomer(Subject):
    stores = ()

    def event(self, random: Random, number: int) -> Event:
        event = deepcopy(self.sample)
        event["responsePayload"] |= {"orderId": f"A-{number}", "note": CANARY}
        if random.random() < 0.6:
            event["responsePayload"] = spoilt(random, event["responsePayload"])
            return event
        return spoilt_event(random, event, canary=lambda _: True)


SUBJECTS: dict[str, type[Subject]] = {
    "import_orders": ImportOrders,
    "notify_customer": NotifyCustomer,
    "post_payments": PostPayments,
    "publish_order_changes": PublishOrderChanges,
    "replay_scans": ReplayScans,
    "send_receipts": SendReceipts,
    "ship_order": ShipOrder,
    "track_parcels": TrackParcels,
}


def test_every_function_has_its_malformed_input() -> None:
    assert set(FUNCTIONS) <= set(SUBJECTS)


@pytest.fixture
def subject(
    request: pytest.FixtureRequest,
    load: Load,
    tables: None,  # noqa: ARG001  they are written to
    sample_event: Callable[[str], Event],
) -> Subject:
    make_table("orders", "orderId")
    function = request.param
    return SUBJECTS[function](load(function), sample_event(function))


@pytest.mark.parametrize("subject", FUNCTIONS, indirect=True)
def test_malformed_input_fails_with_a_reason_without_its_data_and_as_a_whole_or_not_at_all(
    subject: Subject, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = io.StringIO()
    (stream_handler,) = logger.handlers
    monkeypatch.setattr(stream_handler, "stream", log)
    name, failures = type(subject).__name__, 0
    for number in range(PAYLOADS):
        event = subject.event(chance(SEED, name, number), number)
        log.seek(0)
        log.truncate()
        told = f"LANDFAST_SEED={SEED}, {name} {number}: {ascii(event)[:3_000]}"
        try:
            answer = subject.app.handler(json.loads(json.dumps(event)), Context())
        except Exception as error:  # noqa: BLE001  which ones may come is the question
            failures += 1
            assert_named(error, told)
            assert subject.state() == subject.base, told
        else:
            failed = assert_reported(subject, event, answer, log.getvalue(), told)
            failures += failed
            if not failed:
                subject.restore()
        assert CANARY not in log.getvalue(), told
        assert ascii(CANARY)[1:-1] not in log.getvalue(), told
    metrics = capsys.readouterr().out
    assert CANARY not in metrics
    with capsys.disabled():
        sys.stdout.write(f"\n{name}: {PAYLOADS} payloads from seed {SEED}, {failures} failed, each with its reason\n")
    assert PAYLOADS / 4 < failures < PAYLOADS


def assert_named(error: Exception, told: str) -> None:
    if isinstance(error, ClientError):
        assert error.response["Error"]["Code"] in NOT_THERE, f"{error!r}; {told}"
    else:
        assert isinstance(error, NAMED), f"{error!r}; {told}"
    assert str(error), told
    assert CANARY not in str(error), told
    assert len(str(error)) < 2_000, told


def assert_reported(subject: Subject, event: Event, answer: Event, log: str, told: str) -> int:
    """Assert that exactly the spoilt record failed, if any did, with a reason and without an effect; count it."""
    if not isinstance(subject, Batch):
        return 0
    reported = [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
    lines = [line for line in map(json.loads, log.splitlines()) if line["message"] == "record failed"]
    assert len(lines) == len(reported), told
    for line in lines:
        assert line.get("reason"), f"{line}; {told}"
        assert not hasattr(builtins, line["error"]), f"{line}; {told}"
    spoilt_one = event["Records"][len(event["Records"]) // 2]
    if reported:
        identity = json.loads(json.dumps(identity_in(spoilt_one)))
        assert [str(one) for one in reported] == [str(identity)], told
        assert subject.state() == subject.base, told
    else:
        assert subject.state() != subject.base, told
    return len(reported)


def identity_in(record: Event) -> object:
    if "messageId" in record:
        return record["messageId"]
    if "kinesis" in record:
        return record["kinesis"]["sequenceNumber"]
    return record["dynamodb"]["SequenceNumber"]


def test_the_same_seed_makes_the_same_payloads() -> None:
    made = [spoilt_payload(chance(7, n), {"orderId": "A", "lines": [1]}) for n in range(200)]
    assert made == [spoilt_payload(chance(7, n), {"orderId": "A", "lines": [1]}) for n in range(200)]
    assert len(set(made)) > 100
