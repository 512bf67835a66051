"""The whole layer under random batches, duplicates, conflicts and lost answers, delivered until nothing is reported."""

import json
import threading
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError
from hypothesis import given, settings
from hypothesis import strategies as st

from backoffice.batches import EventType, ordered_batch
from backoffice.exactly_once import ExactlyOnceStore, Table, UnitOfWork, exactly_once
from tests.unit.backoffice.aws import Context
from tests.unit.backoffice.events import fifo_event, reported

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_dynamodb import DynamoDBClient

type Fault = Literal["none", "conflict", "lost answer", "unreachable"]

ledger = Table("ledger", partition_key="account")


class Ledger:
    """DynamoDB as far as this test needs it: markers put once, and entries added to an account, all or nothing."""

    class meta:  # noqa: N801 - a client's attribute, on which Powertools registers its user agent
        class events:  # noqa: N801 - as above
            @staticmethod
            def register(*_: object) -> None:
                """Nothing sends this client's requests."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self._faults = list(faults)
        self._lock = threading.Lock()
        self._markers: dict[str, Any] = {}
        self.entries: dict[str, list[str]] = defaultdict(list)

    def transact_write_items(self, *, TransactItems: Sequence[Any]) -> None:  # noqa: N803 - DynamoDB's name
        with self._lock:
            fault = self._faults.pop() if self._faults else "none"
            if fault == "unreachable":
                raise ConnectTimeoutError(endpoint_url="http://localhost")
            reasons = [self._reason(action, fault) for action in TransactItems]
            if any(reason["Code"] != "None" for reason in reasons):
                response: Any = {
                    "Error": {"Code": "TransactionCanceledException"},
                    "CancellationReasons": reasons,
                }
                raise ClientError(response, "TransactWriteItems")
            for action in TransactItems:
                self._apply(action)
            if fault == "lost answer":
                raise ReadTimeoutError(endpoint_url="http://localhost")

    def _reason(self, action: Any, fault: Fault) -> dict[str, Any]:
        if "Put" in action:
            marker = self._markers.get(action["Put"]["Item"]["id"]["S"])
            return {"Code": "ConditionalCheckFailed", "Item": marker} if marker else {"Code": "None"}
        return {"Code": "TransactionConflict" if fault == "conflict" else "None"}

    def _apply(self, action: Any) -> None:
        if "Put" in action:
            self._markers[action["Put"]["Item"]["id"]["S"]] = action["Put"]["Item"]
        else:
            update = action["Update"]
            self.entries[update["Key"]["account"]["S"]].append(update["ExpressionAttributeValues"][":entry"]["S"])


_faults = st.lists(st.sampled_from(["none", "conflict", "lost answer", "unreachable"]), max_size=12)
_payments = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5)), min_size=1, max_size=15)


@settings(deadline=None, max_examples=100, print_blob=True)
@given(payments=_payments, faults=_faults, times=st.integers(1, 3), failing=st.integers(0, 6))
def test_every_payment_is_entered_once_and_in_the_order_of_its_account(
    payments: list[tuple[str, int]], faults: list[Fault], times: int, failing: int
) -> None:
    client = Ledger(faults)
    store = ExactlyOnceStore("markers", cast("DynamoDBClient", client))
    store.committer._sleep = lambda _: None
    crashes = [True] * failing
    lock = threading.Lock()

    @exactly_once(store, key_prefix="payment", key="id", payload_validation=None)
    def enter(payment: dict[str, str], unit: UnitOfWork) -> str:
        unit.update(ledger, {"account": payment["account"]}, "ADD entries :entry", values={":entry": payment["id"]})
        with lock:
            crash = crashes.pop() if crashes else False
        if crash:
            raise ValueError(payment["id"])
        return payment["id"]

    def handle(record: "SQSRecord") -> None:
        payment = json.loads(record.body)
        assert enter(payment) == payment["id"]

    invoke = ordered_batch(EventType.SQS, handle, threads=4)
    context = cast("LambdaContext", Context())
    event = fifo_event([(account, {"account": account, "id": f"{account}{n}"}) for account, n in payments])
    for _ in range(times):
        left = event["Records"]
        while left:
            again = set(reported(invoke({"Records": left}, context)))
            left = [record for record in left if record["messageId"] in again]

    for account in "abc":
        ids = [f"{account}{n}" for owner, n in payments if owner == account]
        assert client.entries[account] == list(dict.fromkeys(ids))
