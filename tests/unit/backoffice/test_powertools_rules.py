"""What the shared layer makes of Powertools' own rules of idempotency and batches (S-111 to S-124)."""

import json
import threading
import time
from copy import deepcopy
from typing import TYPE_CHECKING, Any, cast

import msgspec
import pytest
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyPersistenceLayerError,
)
from botocore.exceptions import ClientError

from backoffice.batches import EventType, ordered_batch
from backoffice.exactly_once import ExactlyOnceStore, Table, UnitOfWork, exactly_once
from backoffice.idempotency import register_lambda_context
from tests.unit.backoffice.aws import OneAtATime
from tests.unit.backoffice.events import fifo_event, kinesis_event, reported, sqs_event

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.data_classes.kinesis_stream_event import KinesisStreamRecord
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_dynamodb import DynamoDBClient

accounts = Table("accounts", partition_key="account")
HOUR = 3_600


class Payment(msgspec.Struct, frozen=True):
    payment_id: str
    account: str


@pytest.fixture
def store(dynamodb: OneAtATime) -> ExactlyOnceStore:
    return ExactlyOnceStore("markers", cast("DynamoDBClient", dynamodb))


def deposit(payment: Payment, unit: UnitOfWork) -> None:
    unit.update(accounts, {"account": payment.account}, "ADD deposits :one", values={":one": 1})


def claiming(store: ExactlyOnceStore) -> "Callable[[Payment], None]":
    return exactly_once(
        store, key_prefix="payment", key="payment_id", payload_validation=None, in_progress_protection=True
    )(deposit)


def deposits(dynamodb: OneAtATime, account: str = "a") -> int:
    found = UnitOfWork(cast("DynamoDBClient", dynamodb)).get(accounts, {"account": account})
    return int(found["deposits"]) if found else 0


def marker(dynamodb: OneAtATime) -> dict[str, Any]:
    [found] = dynamodb.scan(TableName="markers", ConsistentRead=True)["Items"]
    return dict(found)


def body_of(record: "SQSRecord") -> Payment:
    return msgspec.json.decode(record.body, type=Payment)


def test_s_111_a_message_delivered_again_with_another_receipt_has_its_effect_once(
    dynamodb: OneAtATime, store: ExactlyOnceStore, context: "LambdaContext"
) -> None:
    post = exactly_once(store, key_prefix="payment", key="payment_id", payload_validation=None)(deposit)
    invoke = ordered_batch(EventType.SQS, lambda record: post(body_of(record)))
    first = fifo_event([("a", {"payment_id": "p1", "account": "a"})])
    again = deepcopy(first)
    again["Records"][0]["receiptHandle"] = "another"
    again["Records"][0]["attributes"]["ApproximateReceiveCount"] = "2"

    assert reported(invoke(first, context)) == reported(invoke(again, context)) == []
    assert deposits(dynamodb) == 1


def test_s_112_a_marker_has_powertools_attributes_in_their_units(
    dynamodb: OneAtATime, store: ExactlyOnceStore, context: "LambdaContext"
) -> None:
    claimed: list[dict[str, Any]] = []

    @exactly_once(store, key_prefix="payment", key="payment_id", payload_validation=None, in_progress_protection=True)
    def post(payment: Payment, unit: UnitOfWork) -> None:
        claimed.append(marker(dynamodb))
        deposit(payment, unit)

    register_lambda_context(context)
    now = time.time()
    post(Payment("p1", "a"))

    [claim] = claimed
    assert claim.keys() == {"id", "status", "expiration", "in_progress_expiration"}
    assert claim["status"] == {"S": "INPROGRESS"}
    assert int(claim["in_progress_expiration"]["N"]) == pytest.approx((now + 30) * 1_000, abs=5_000)
    done = marker(dynamodb)
    assert done.keys() >= {"id", "status", "expiration", "data"}
    assert done["status"] == {"S": "COMPLETED"}
    assert now + 60 < int(done["expiration"]["N"]) < now + 366 * 24 * HOUR
    assert done["data"] == {"S": "null"}


@pytest.mark.parametrize(
    ("found", "runs"),
    [
        ({"status": "COMPLETED", "expires": HOUR}, False),
        ({"status": "COMPLETED", "expires": -1}, True),
        ({"status": "INPROGRESS", "expires": HOUR, "claimed": 30}, False),
        ({"status": "INPROGRESS", "expires": HOUR, "claimed": -1}, True),
        ({"status": "INPROGRESS", "expires": HOUR}, False),
    ],
    ids=["completed", "completed and expired", "claimed", "claim over", "claimed without an end"],
)
def test_s_113_a_marker_is_written_only_where_there_is_none_that_counts(
    dynamodb: OneAtATime, store: ExactlyOnceStore, context: "LambdaContext", *, found: dict[str, Any], runs: bool
) -> None:
    register_lambda_context(context)
    post = claiming(store)
    post(Payment("p1", "a"))
    now = time.time()
    item = {
        "id": marker(dynamodb)["id"],
        "status": {"S": found["status"]},
        "expiration": {"N": str(int(now + found["expires"]))},
        "data": {"S": '{"result": null}'},
    }
    if "claimed" in found:
        item["in_progress_expiration"] = {"N": str(int((now + found["claimed"]) * 1_000))}
    dynamodb.put_item(TableName="markers", Item=item)

    if found["status"] == "INPROGRESS" and not runs:
        with pytest.raises(IdempotencyAlreadyInProgressError):
            post(Payment("p1", "a"))
    else:
        post(Payment("p1", "a"))
    assert deposits(dynamodb) == (2 if runs else 1)


def test_s_114_a_record_costs_one_call_and_its_duplicate_one(dynamodb: OneAtATime, store: ExactlyOnceStore) -> None:
    post = exactly_once(store, key_prefix="payment", key="payment_id", payload_validation=None)(deposit)
    post(Payment("p1", "a"))
    assert dynamodb.calls == ["transact_write_items"]
    post(Payment("p1", "a"))
    assert dynamodb.calls == ["transact_write_items"] * 2
    assert deposits(dynamodb) == 1


class Inconsistent(OneAtATime):
    """Answers the first writes as if a claim, which has just lapsed, were still in their way."""

    def __init__(self, client: OneAtATime, times: int) -> None:
        super().__init__(cast("DynamoDBClient", client))
        self.times = times

    def put_item(self, **arguments: Any) -> Any:
        self.calls.append("put_item")
        if self.times:
            self.times -= 1
            lapsed = {
                **arguments["Item"],
                "in_progress_expiration": {"N": str(int((time.time() - 1) * 1_000))},
            }
            answer = {"Error": {"Code": "ConditionalCheckFailedException", "Message": "no"}, "Item": lapsed}
            raise ClientError(cast("Any", answer), "PutItem")
        return self._client.put_item(**arguments)


def test_s_116_an_inconsistent_state_is_tried_again_and_then_raised(
    dynamodb: OneAtATime, context: "LambdaContext"
) -> None:
    register_lambda_context(context)
    passing = Inconsistent(dynamodb, times=2)
    claiming(ExactlyOnceStore("markers", cast("DynamoDBClient", passing)))(Payment("p1", "a"))
    assert passing.calls.count("put_item") == 3
    assert deposits(dynamodb) == 1

    lasting = Inconsistent(dynamodb, times=9)
    with pytest.raises(Exception, match="item should have been expired"):
        claiming(ExactlyOnceStore("markers", cast("DynamoDBClient", lasting)))(Payment("p2", "a"))
    assert lasting.calls.count("put_item") == 3
    assert deposits(dynamodb) == 1


def test_s_116_an_error_of_the_store_is_one_of_persistence(dynamodb: OneAtATime, context: "LambdaContext") -> None:
    class Broken(OneAtATime):
        def put_item(self, **_: Any) -> Any:
            answer = {"Error": {"Code": "ProvisionedThroughputExceededException", "Message": "slower"}}
            raise ClientError(cast("Any", answer), "PutItem")

    register_lambda_context(context)
    broken = Broken(cast("DynamoDBClient", dynamodb))
    with pytest.raises(IdempotencyPersistenceLayerError):
        claiming(ExactlyOnceStore("markers", cast("DynamoDBClient", broken)))(Payment("p1", "a"))
    assert deposits(dynamodb) == 0


class FailingFor:
    """Handles messages and records whose payload is a name; fails for some of them."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.handled: list[str] = []

    def __call__(self, name: str) -> None:
        self.handled.append(name)
        if name in self.names:
            raise ValueError(name)

    def message(self, record: "SQSRecord") -> None:
        self(json.loads(record.body))

    def scan(self, record: "KinesisStreamRecord") -> None:
        self(str(record.kinesis.data_as_json()))


def test_s_119_every_failed_record_is_reported_and_the_others_are_handled(context: "LambdaContext") -> None:
    handle = FailingFor("2", "4")
    messages: list[tuple[str | None, object]] = [(None, str(number)) for number in range(1, 6)]
    assert reported(ordered_batch(EventType.SQS, handle.message)(sqs_event(messages), context)) == ["m1", "m3"]
    assert sorted(handle.handled) == ["1", "2", "3", "4", "5"]

    handle = FailingFor("2", "4")
    scans: list[tuple[str, object]] = [(f"key-{number}", str(number)) for number in range(1, 6)]
    invoke = ordered_batch(EventType.KinesisDataStreams, handle.scan)
    assert reported(invoke(kinesis_event(scans), context)) == ["1001", "1003"]
    assert sorted(handle.handled) == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize(
    ("failing", "handled", "left"),
    [("2", ["1", "2", "3", "5"], ["m1", "m3"]), ("1", ["1", "2", "4", "5"], ["m0", "m2"])],
)
def test_s_121_healthy_message_groups_go_on_even_if_the_first_message_fails(
    context: "LambdaContext", failing: str, handled: list[str], left: list[str]
) -> None:
    handle = FailingFor(failing)
    event = fifo_event([("A", "1"), ("B", "2"), ("A", "3"), ("B", "4"), ("C", "5")])
    assert reported(ordered_batch(EventType.SQS, handle.message)(event, context)) == left
    assert sorted(handle.handled) == handled


def test_s_122_idempotent_records_run_side_by_side_and_every_one_is_completed(
    dynamodb: OneAtATime, store: ExactlyOnceStore, context: "LambdaContext"
) -> None:
    everybody = threading.Barrier(4)

    @exactly_once(store, key_prefix="payment", key="payment_id", payload_validation=None)
    def post(payment: Payment, unit: UnitOfWork) -> None:
        everybody.wait(timeout=10)
        deposit(payment, unit)

    event = fifo_event([(f"g{number}", {"payment_id": f"p{number}", "account": f"g{number}"}) for number in range(4)])
    invoke = ordered_batch(EventType.SQS, lambda record: post(body_of(record)), threads=4)

    assert reported(invoke(event, context)) == []
    assert [deposits(dynamodb, f"g{number}") for number in range(4)] == [1, 1, 1, 1]
    stored = dynamodb.scan(TableName="markers", ConsistentRead=True)["Items"]
    assert [item["status"]["S"] for item in stored] == ["COMPLETED"] * 4


def test_s_124_a_key_in_progress_elsewhere_is_reported_and_its_completed_duplicate_is_not(
    dynamodb: OneAtATime, store: ExactlyOnceStore, context: "LambdaContext"
) -> None:
    event = fifo_event([(name, {"payment_id": name, "account": name}) for name in ("a", "b")])
    elsewhere = claiming(store)
    invoke = ordered_batch(EventType.SQS, lambda record: elsewhere(body_of(record)))
    meanwhile: list[str] = []

    @exactly_once(store, key_prefix="payment", key="payment_id", payload_validation=None, in_progress_protection=True)
    def slow(payment: Payment, unit: UnitOfWork) -> None:
        meanwhile.extend(reported(invoke(event, context)))
        deposit(payment, unit)

    register_lambda_context(context)
    slow(Payment("a", "a"))

    assert meanwhile == ["m0"]
    assert reported(invoke(event, context)) == []
    assert (deposits(dynamodb, "a"), deposits(dynamodb, "b")) == (1, 1)
