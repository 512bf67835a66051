import hashlib
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import jmespath  # type: ignore[import-untyped]  # it ships no types
import msgspec
import pytest
from aws_lambda_powertools.utilities.idempotency import idempotent_function
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyKeyError,
    IdempotencyPersistenceLayerError,
    IdempotencyValidationError,
)
from botocore.exceptions import ClientError, ReadTimeoutError

from backoffice.batches import EventType, ordered_batch
from backoffice.exactly_once import (
    Condition,
    ConditionFailedError,
    ConflictError,
    ExactlyOnceStore,
    StoredResultError,
    Table,
    UnitOfWork,
    UnitOfWorkError,
    exactly_once,
)
from backoffice.idempotency import ClaimingLayer, idempotency_config, register_lambda_context
from backoffice.transactions import Committer
from tests.unit.backoffice.aws import Context, OneAtATime
from tests.unit.backoffice.events import fifo_event, reported

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_dynamodb import DynamoDBClient

accounts = Table("accounts", partition_key="account")
history = Table("history", partition_key="parcel", sort_key="at")


class Payment(msgspec.Struct, frozen=True):
    payment_id: str
    account: str
    amount: int


class Result(msgspec.Struct, frozen=True):
    posted: bool
    balance: int | None = None
    at: datetime | None = None


@pytest.fixture
def store(dynamodb: OneAtATime) -> ExactlyOnceStore:
    return ExactlyOnceStore("markers", cast("DynamoDBClient", dynamodb))


def deposit(payment: Payment, unit: UnitOfWork) -> Result:
    unit.update(accounts, {"account": payment.account}, "ADD balance :amount", values={":amount": payment.amount})
    return Result(posted=True)


def withdraw(payment: Payment, unit: UnitOfWork) -> Result:
    unit.update(
        accounts,
        {"account": payment.account},
        "SET balance = balance - :amount",
        values={":amount": payment.amount},
        condition=Condition("enough_money", "balance >= :amount"),
    )
    return Result(posted=True)


def reject(payment: Payment, failed: ConditionFailedError, unit: UnitOfWork) -> Result:
    unit.put(history, {"parcel": payment.account, "at": payment.payment_id, "rejected": failed.name})
    return Result(posted=False, balance=failed.item["balance"] if failed.item else None)


def item(dynamodb: OneAtATime, table: Table, **key: str) -> dict[str, Any] | None:
    return UnitOfWork(cast("DynamoDBClient", dynamodb)).get(table, key)


def balance(dynamodb: OneAtATime, account: str = "a") -> int:
    return int((item(dynamodb, accounts, account=account) or {"balance": 0})["balance"])


def markers(dynamodb: OneAtATime) -> list[dict[str, Any]]:
    return list(dynamodb.scan(TableName="markers", ConsistentRead=True)["Items"])


def test_a_new_record_is_one_call_that_writes_its_effect_and_its_marker(
    dynamodb: OneAtATime, store: ExactlyOnceStore
) -> None:
    post = exactly_once(store, key_prefix="payment", key="payment_id", payload_validation=None)(deposit)

    assert post(Payment("p1", "a", 5)) == Result(posted=True)

    assert dynamodb.calls == ["transact_write_items"]
    assert balance(dynamodb) == 5
    [marker] = markers(dynamodb)
    assert marker["id"]["S"].startswith("payment#")
    assert marker["status"] == {"S": "COMPLETED"}
    assert json.loads(marker["data"]["S"]) == {"result": {"posted": True, "balance": None, "at": None}}


def test_a_duplicate_has_no_effect_and_gets_the_stored_result(dynamodb: OneAtATime, store: ExactlyOnceStore) -> None:
    at = [datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC)]

    @exactly_once(store, key_prefix="payment", key="payment_id", payload_validation=None)
    def post(payment: Payment, unit: UnitOfWork) -> Result:
        deposit(payment, unit)
        return Result(posted=True, at=at.pop(0))

    first = post(Payment("p1", "a", 5))
    again = post(Payment("p1", "a", 5))

    assert again == first == Result(posted=True, at=datetime(2026, 1, 2, tzinfo=UTC))
    assert balance(dynamodb) == 5
    assert dynamodb.calls.count("transact_write_items") == 2


@pytest.mark.parametrize("result", [None, 0, "", [], False, {}])
def test_s_118_a_result_that_is_nothing_or_false_is_stored_like_any_other(
    result: object, store: ExactlyOnceStore
) -> None:
    results = [result, "another"]

    @exactly_once(store, key_prefix="any", key="id", payload_validation=None)
    def handle(_: dict[str, str], unit: UnitOfWork) -> Any:
        unit.put(accounts, {"account": "a"})
        return results.pop(0)

    assert handle({"id": "1"}) == result
    assert handle({"id": "1"}) == result


def test_a_record_whose_handler_raises_leaves_nothing_and_runs_again(
    dynamodb: OneAtATime, store: ExactlyOnceStore
) -> None:
    failures = [ValueError("first")]

    @exactly_once(store, key_prefix="payment", key="payment_id", payload_validation=None)
    def post(payment: Payment, unit: UnitOfWork) -> Result:
        deposit(payment, unit)
        if failures:
            raise failures.pop()
        return Result(posted=True)

    with pytest.raises(ValueError, match="first"):
        post(Payment("p1", "a", 5))
    assert dynamodb.calls == []
    assert post(Payment("p1", "a", 5)) == Result(posted=True)
    assert balance(dynamodb) == 5


def test_a_function_killed_before_its_commit_leaves_nothing(dynamodb: OneAtATime, store: ExactlyOnceStore) -> None:
    class KilledError(BaseException):
        """Nothing of Powertools or of ours runs after it, as after a SIGKILL."""

    killed = [True]

    @exactly_once(store, key_prefix="payment", key="payment_id", payload_validation=None)
    def post(payment: Payment, unit: UnitOfWork) -> Result:
        deposit(payment, unit)
        if killed.pop():
            raise KilledError
        return Result(posted=True)

    with pytest.raises(KilledError):
        post(Payment("p1", "a", 5))
    assert markers(dynamodb) == []
    assert balance(dynamodb) == 0
    killed.append(False)
    assert post(Payment("p1", "a", 5)) == Result(posted=True)
    assert balance(dynamodb) == 5


def test_a_commit_whose_answer_was_lost_is_a_duplicate_when_it_comes_again(
    dynamodb: OneAtATime, store: ExactlyOnceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = exactly_once(store, key_prefix="payment", key="payment_id", payload_validation=None)(deposit)
    send = dynamodb.transact_write_items

    def lose_the_answer(**arguments: Any) -> None:
        send(**arguments)
        raise ReadTimeoutError(endpoint_url="http://localhost")

    monkeypatch.setattr(dynamodb, "transact_write_items", lose_the_answer, raising=False)
    with pytest.raises(IdempotencyPersistenceLayerError) as raised:
        post(Payment("p1", "a", 5))
    assert isinstance(raised.value.__cause__, ReadTimeoutError)

    monkeypatch.undo()
    assert post(Payment("p1", "a", 5)) == Result(posted=True)
    assert balance(dynamodb) == 5


def test_an_expired_marker_is_as_good_as_none(dynamodb: OneAtATime, store: ExactlyOnceStore) -> None:
    post = exactly_once(
        store, key_prefix="payment", key="payment_id", payload_validation=None, expires_after_seconds=-10
    )(deposit)

    post(Payment("p1", "a", 5))
    post(Payment("p1", "a", 5))

    assert balance(dynamodb) == 10


def test_the_marker_expires_by_the_table_s_time_to_live(dynamodb: OneAtATime, store: ExactlyOnceStore) -> None:
    before = datetime.now(UTC).timestamp()
    exactly_once(store, key_prefix="payment", key="payment_id", payload_validation=None, expires_after_seconds=600)(
        deposit
    )(Payment("p1", "a", 5))

    [marker] = markers(dynamodb)
    assert before + 599 <= int(marker["expiration"]["N"]) <= datetime.now(UTC).timestamp() + 600


def test_a_failed_condition_is_raised_with_its_name_and_the_item_and_leaves_nothing(
    dynamodb: OneAtATime, store: ExactlyOnceStore
) -> None:
    dynamodb.put_item(TableName="accounts", Item={"account": {"S": "a"}, "balance": {"N": "3"}})
    post = exactly_once(store, key_prefix="payment", key="payment_id", payload_validation=None)(withdraw)

    with pytest.raises(ConditionFailedError, match="enough_money") as raised:
        post(Payment("p1", "a", 5))

    assert raised.value.name == "enough_money"
    assert raised.value.item == {"account": "a", "balance": 3}
    assert markers(dynamodb) == []
    assert balance(dynamodb) == 3


def test_a_rejection_is_recorded_exactly_once_and_stays_one_when_the_money_comes(
    dynamodb: OneAtATime, store: ExactlyOnceStore
) -> None:
    dynamodb.put_item(TableName="accounts", Item={"account": {"S": "a"}, "balance": {"N": "3"}})
    post = exactly_once(
        store, key_prefix="payment", key="payment_id", payload_validation=None, on_condition_failed=reject
    )(withdraw)

    first = post(Payment("p1", "a", 5))
    dynamodb.put_item(TableName="accounts", Item={"account": {"S": "a"}, "balance": {"N": "100"}})
    again = post(Payment("p1", "a", 5))

    assert first == again == Result(posted=False, balance=3)
    assert balance(dynamodb) == 100
    assert item(dynamodb, history, parcel="a", at="p1") == {"parcel": "a", "at": "p1", "rejected": "enough_money"}


def test_a_payload_that_changed_under_the_same_key_is_refused(dynamodb: OneAtATime, store: ExactlyOnceStore) -> None:
    post = exactly_once(store, key_prefix="payment", key="payment_id", payload_validation="[account, amount]")(deposit)
    post(Payment("p1", "a", 5))

    with pytest.raises(IdempotencyValidationError):
        post(Payment("p1", "a", 500))
    assert post(Payment("p1", "a", 5)) == Result(posted=True)
    assert balance(dynamodb) == 5


def test_what_is_compared_has_to_be_said(store: ExactlyOnceStore) -> None:
    with pytest.raises(TypeError, match="payload_validation"):
        exactly_once(store, key_prefix="payment", key="payment_id")  # type: ignore[call-arg]  # the case
    with pytest.raises(ValueError, match="None where there is nothing to compare"):
        exactly_once(store, key_prefix="payment", key="payment_id", payload_validation="")
    with pytest.raises(TypeError, match="payload_validation_jmespath"):
        idempotency_config(event_key_jmespath="id")  # type: ignore[call-arg]  # the case
    with pytest.raises(ValueError, match="None where there is nothing to compare"):
        idempotency_config(event_key_jmespath="id", payload_validation_jmespath="")


@pytest.mark.parametrize("compared", [None, 0, "", False, []])
def test_a_compared_value_that_is_nothing_or_false_is_compared_like_any_other(
    compared: object, store: ExactlyOnceStore
) -> None:
    @exactly_once(store, key_prefix="any", key="id", payload_validation=lambda record: record["content"])
    def handle(_: dict[str, Any], unit: UnitOfWork) -> None:
        unit.put(accounts, {"account": "a"})

    handle({"id": "1", "content": compared})

    with pytest.raises(IdempotencyValidationError):
        handle({"id": "1", "content": "other"})
    handle({"id": "1", "content": compared})


def test_a_stored_result_of_another_type_is_no_fault_of_the_record(store: ExactlyOnceStore) -> None:
    def count_them(_: dict[str, str], unit: UnitOfWork) -> int:
        unit.put(accounts, {"account": "a"})
        return 1

    def name_them(_: dict[str, str], unit: UnitOfWork) -> str:
        unit.put(accounts, {"account": "a"})
        return "one"

    exactly_once(store, key_prefix="any", key="id", payload_validation=None)(count_them)({"id": "1"})

    with pytest.raises(StoredResultError, match="not of the function's return type"):
        exactly_once(store, key_prefix="any", key="id", payload_validation=None)(name_them)({"id": "1"})


def test_an_execution_that_was_left_behind_deletes_no_marker_of_another_one(
    dynamodb: OneAtATime, store: ExactlyOnceStore
) -> None:
    sent: list[str] = []

    def once(send: Callable[..., None]) -> Callable[..., None]:
        made: Callable[..., None] = idempotent_function(
            send,
            data_keyword_argument="order",
            persistence_store=ClaimingLayer("markers", boto3_client=store.client),
            config=idempotency_config(event_key_jmespath="id", payload_validation_jmespath=None),
            key_prefix="receipt",
        )
        return made

    def send_and_fail_late(*, order: dict[str, str]) -> None:
        register_lambda_context(cast("LambdaContext", Context()))
        other(order=order)
        raise ReadTimeoutError(endpoint_url="http://localhost")

    def send(*, order: dict[str, str]) -> None:
        sent.append(order["id"])

    hanging, other = once(send_and_fail_late), once(send)
    register_lambda_context(cast("LambdaContext", Context(remaining_ms=-1_000)))
    with pytest.raises(ReadTimeoutError):
        hanging(order={"id": "A-1"})

    other(order={"id": "A-1"})
    assert sent == ["A-1"]
    assert [marker["status"]["S"] for marker in markers(dynamodb)] == ["COMPLETED"]


def test_an_execution_that_fails_gives_its_own_claim_up(dynamodb: OneAtATime, store: ExactlyOnceStore) -> None:
    def send(*, order: dict[str, str]) -> None:
        raise LookupError(order["id"])

    once: Callable[..., None] = idempotent_function(
        send,
        data_keyword_argument="order",
        persistence_store=ClaimingLayer("markers", boto3_client=store.client),
        config=idempotency_config(event_key_jmespath="id", payload_validation_jmespath=None),
    )
    register_lambda_context(cast("LambdaContext", Context()))
    with pytest.raises(LookupError):
        once(order={"id": "A-1"})
    assert markers(dynamodb) == []


@pytest.mark.parametrize("key", ["payment_id", "[account, payment_id]", lambda payment: payment.payment_id])
def test_a_key_is_a_jmespath_expression_or_a_function_of_the_record(
    key: str | Callable[[Any], object], dynamodb: OneAtATime, store: ExactlyOnceStore
) -> None:
    post = exactly_once(store, key_prefix="payment", key=key, payload_validation=None)(deposit)

    post(Payment("p1", "a", 5))
    post(Payment("p1", "a", 5))
    post(Payment("p2", "a", 5))

    assert balance(dynamodb) == 10


@pytest.mark.parametrize("key", ["no_such_field", "[missing, absent]", lambda _: None, lambda _: ""])
def test_s_114_a_record_without_a_key_is_an_error_and_not_unprotected(
    key: str | Callable[[Any], object], dynamodb: OneAtATime, store: ExactlyOnceStore
) -> None:
    post = exactly_once(store, key_prefix="payment", key=key, payload_validation=None)(deposit)

    with pytest.raises(IdempotencyKeyError):
        post(Payment("p1", "a", 5))
    assert dynamodb.calls == []


def test_s_110_functions_that_share_a_prefix_share_their_markers_and_others_do_not(
    dynamodb: OneAtATime, store: ExactlyOnceStore
) -> None:
    def replay(payment: Payment, unit: UnitOfWork) -> Result:
        return deposit(payment, unit)

    for prefix, function in (("payment", deposit), ("payment", replay), ("refund", deposit)):
        exactly_once(store, key_prefix=prefix, key="payment_id", payload_validation=None)(function)(
            Payment("p1", "a", 5)
        )

    assert balance(dynamodb) == 10


def test_s_117_each_decorated_function_keeps_its_own_key(dynamodb: OneAtATime, store: ExactlyOnceStore) -> None:
    by_id = exactly_once(store, key_prefix="one", key="payment_id", payload_validation=None)(deposit)
    by_account = exactly_once(store, key_prefix="other", key="account", payload_validation=None)(deposit)

    for payment in (Payment("p1", "a", 1), Payment("p2", "a", 1)):
        by_id(payment)
        by_account(payment)

    assert balance(dynamodb) == 3


def test_two_executions_at_once_have_one_effect_and_one_result(dynamodb: OneAtATime, store: ExactlyOnceStore) -> None:
    post = exactly_once(store, key_prefix="payment", key="payment_id", payload_validation=None)(deposit)

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(post, [Payment("p1", "a", 5)] * 8))

    assert results == [Result(posted=True)] * 8
    assert balance(dynamodb) == 5


def test_two_threads_at_the_first_use_make_the_same_key(
    dynamodb: OneAtATime, store: ExactlyOnceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = exactly_once(store, key_prefix="payment", key="payment_id", payload_validation="account")(deposit)
    second = threading.Thread(target=post, args=(Payment("p1", "a", 5),))
    compile_expression = jmespath.compile

    def compile_while_another_one_comes(expression: str) -> Any:
        if not second.ident:
            second.start()
            second.join(timeout=0.5)  # as long as it is not held back, it is through by then
        return compile_expression(expression)

    monkeypatch.setattr(jmespath, "compile", compile_while_another_one_comes)
    post(Payment("p1", "a", 5))
    second.join(timeout=60)

    assert balance(dynamodb) == 5
    [marker] = markers(dynamodb)
    assert marker["id"]["S"] == "payment#" + hashlib.sha256(b'"p1"').hexdigest()


def test_a_lasting_conflict_fails_the_record_and_says_so(dynamodb: OneAtATime, monkeypatch: pytest.MonkeyPatch) -> None:
    error: Any = {
        "Error": {"Code": "TransactionCanceledException"},
        "CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict"}],
    }

    def conflict(**_: Any) -> None:
        raise ClientError(error, "TransactWriteItems")

    monkeypatch.setattr(dynamodb, "transact_write_items", conflict, raising=False)
    busy = ExactlyOnceStore("markers", cast("DynamoDBClient", dynamodb))
    busy.committer = Committer(busy.client, sleep=lambda _: None)
    post = exactly_once(busy, key_prefix="payment", key="payment_id", payload_validation=None)(deposit)

    with pytest.raises(IdempotencyPersistenceLayerError) as raised:
        post(Payment("p1", "a", 5))
    assert isinstance(raised.value.__cause__, ConflictError)


def test_a_unit_reads_puts_updates_deletes_and_checks(dynamodb: OneAtATime, store: ExactlyOnceStore) -> None:
    for account in ("read", "gone", "checked"):
        dynamodb.put_item(TableName="accounts", Item={"account": {"S": account}, "balance": {"N": "7"}})

    @exactly_once(store, key_prefix="all", key="id", payload_validation=None)
    def handle(_: dict[str, str], unit: UnitOfWork) -> int:
        found = unit.get(accounts, {"account": "read"})
        assert found == {"account": "read", "balance": 7}
        assert unit.get(accounts, {"account": "nobody"}) is None
        unit.put(history, {"parcel": "p", "at": "1", "weight": Decimal("1.5"), "tags": ["a", None, True, {"n": 1}]})
        unit.update(
            accounts,
            {"account": "read"},
            "SET #b = :new",
            names={"#b": "balance"},
            values={":new": found["balance"] + 1},
        )
        unit.delete(accounts, {"account": "gone"})
        unit.condition_check(accounts, {"account": "checked"}, Condition("open", "attribute_exists(account)"))
        return 1

    handle({"id": "1"})

    assert item(dynamodb, history, parcel="p", at="1") == {
        "parcel": "p",
        "at": "1",
        "weight": Decimal("1.5"),
        "tags": ["a", None, True, {"n": 1}],
    }
    assert balance(dynamodb, "read") == 8
    assert item(dynamodb, accounts, account="gone") is None


def test_a_unit_reads_consistently() -> None:
    asked: list[dict[str, Any]] = []

    class Client:
        def get_item(self, **arguments: Any) -> dict[str, Any]:
            asked.append(arguments)
            return {}

    assert UnitOfWork(cast("DynamoDBClient", Client())).get(accounts, {"account": "a"}) is None
    assert asked == [{"TableName": "accounts", "Key": {"account": {"S": "a"}}, "ConsistentRead": True}]


def test_a_failed_check_of_another_item_stops_the_whole_unit(dynamodb: OneAtATime, store: ExactlyOnceStore) -> None:
    @exactly_once(store, key_prefix="check", key="payment_id", payload_validation=None)
    def post(payment: Payment, unit: UnitOfWork) -> Result:
        unit.condition_check(accounts, {"account": "owner"}, Condition("owner_exists", "attribute_exists(account)"))
        return deposit(payment, unit)

    with pytest.raises(ConditionFailedError) as raised:
        post(Payment("p1", "a", 5))
    assert (raised.value.name, raised.value.item) == ("owner_exists", None)
    assert balance(dynamodb) == 0


def test_two_actions_on_one_item_are_refused_clearly(store: ExactlyOnceStore) -> None:
    unit = UnitOfWork(store.client)
    unit.put(history, {"parcel": "p", "at": "1"})
    unit.put(history, {"parcel": "p", "at": "2"})

    with pytest.raises(UnitOfWorkError, match="two actions on one item of history"):
        unit.delete(history, {"parcel": "p", "at": "1"})


def test_more_actions_than_a_transaction_takes_are_refused_clearly(store: ExactlyOnceStore) -> None:
    unit = UnitOfWork(store.client)
    for number in range(99):
        unit.put(accounts, {"account": str(number)})

    with pytest.raises(UnitOfWorkError, match="more than 99 actions"):
        unit.put(accounts, {"account": "99"})


def test_a_value_that_dynamodb_does_not_have_is_refused_with_its_attribute(store: ExactlyOnceStore) -> None:
    with pytest.raises(TypeError, match="attribute price: DynamoDB has no float"):
        UnitOfWork(store.client).put(accounts, {"account": "a", "price": 1.5})


def test_an_item_without_its_key_is_refused(store: ExactlyOnceStore) -> None:
    with pytest.raises(KeyError, match="history lacks its key attribute at"):
        UnitOfWork(store.client).put(history, {"parcel": "p"})


def test_a_result_type_that_only_checkers_know_is_refused_at_once(store: ExactlyOnceStore) -> None:
    def handle(_: dict[str, str], __: UnitOfWork) -> "OnlyForChecks":  # type: ignore[name-defined]  # noqa: F821 - the case
        return None

    with pytest.raises(TypeError, match=r"import the result type of .*handle outside of TYPE_CHECKING"):
        exactly_once(store, key_prefix="x", key="id", payload_validation=None)(handle)


def test_with_a_claim_a_record_in_progress_elsewhere_is_not_run(
    dynamodb: OneAtATime, store: ExactlyOnceStore, context: "LambdaContext"
) -> None:
    runs: list[str] = []

    @exactly_once(store, key_prefix="payment", key="payment_id", payload_validation=None, in_progress_protection=True)
    def post(payment: Payment, unit: UnitOfWork) -> Result:
        runs.append(payment.payment_id)
        deposit(payment, unit)
        with pytest.raises(IdempotencyAlreadyInProgressError):
            other(payment)
        return Result(posted=True)

    other = exactly_once(
        store, key_prefix="payment", key="payment_id", payload_validation=None, in_progress_protection=True
    )(deposit)
    register_lambda_context(context)
    assert post(Payment("p1", "a", 5)) == Result(posted=True)
    assert post(Payment("p1", "a", 5)) == Result(posted=True)
    assert runs == ["p1"]
    assert balance(dynamodb) == 5


def test_s_115_a_claim_of_a_killed_execution_ends_with_its_time(dynamodb: OneAtATime, store: ExactlyOnceStore) -> None:
    killed = [True, False]

    class KilledError(BaseException):
        """As a SIGKILL: nothing runs after it."""

    @exactly_once(store, key_prefix="payment", key="payment_id", payload_validation=None, in_progress_protection=True)
    def post(payment: Payment, unit: UnitOfWork) -> Result:
        if killed.pop(0):
            raise KilledError
        return deposit(payment, unit)

    register_lambda_context(cast("LambdaContext", Context(remaining_ms=-1_000)))
    with pytest.raises(KilledError):
        post(Payment("p1", "a", 5))
    assert post(Payment("p1", "a", 5)) == Result(posted=True)
    assert balance(dynamodb) == 5


def test_a_claim_is_given_up_when_the_handler_or_its_condition_fails(
    dynamodb: OneAtATime, store: ExactlyOnceStore
) -> None:
    dynamodb.put_item(TableName="accounts", Item={"account": {"S": "a"}, "balance": {"N": "3"}})
    post = exactly_once(
        store, key_prefix="payment", key="payment_id", payload_validation=None, in_progress_protection=True
    )(withdraw)

    with pytest.raises(ConditionFailedError):
        post(Payment("p1", "a", 5))
    assert markers(dynamodb) == []

    rejecting = exactly_once(
        store,
        key_prefix="payment",
        key="payment_id",
        payload_validation=None,
        in_progress_protection=True,
        on_condition_failed=reject,
    )(withdraw)
    assert rejecting(Payment("p1", "a", 5)) == Result(posted=False, balance=3)
    assert [marker["status"]["S"] for marker in markers(dynamodb)] == ["COMPLETED"]


def test_an_execution_that_lost_its_claim_writes_nothing(dynamodb: OneAtATime, store: ExactlyOnceStore) -> None:
    other = exactly_once(
        store, key_prefix="payment", key="payment_id", payload_validation=None, in_progress_protection=True
    )(deposit)

    @exactly_once(store, key_prefix="payment", key="payment_id", payload_validation=None, in_progress_protection=True)
    def slow(payment: Payment, unit: UnitOfWork) -> Result:
        deposit(payment, unit)
        register_lambda_context(cast("LambdaContext", Context()))
        assert other(payment) == Result(posted=True)
        return Result(posted=True, balance=-1)

    register_lambda_context(cast("LambdaContext", Context(remaining_ms=-1_000)))
    assert slow(Payment("p1", "a", 5)) == Result(posted=True), "the result of the one that wrote"
    assert balance(dynamodb) == 5


def test_a_redelivered_batch_changes_nothing_and_succeeds(
    dynamodb: OneAtATime, store: ExactlyOnceStore, context: "LambdaContext"
) -> None:
    post = exactly_once(store, key_prefix="payment", key="payment_id", payload_validation=None)(deposit)

    def handle(record: "SQSRecord") -> None:
        post(msgspec.json.decode(record.body, type=Payment))

    event = fifo_event([(f"g{n % 3}", {"payment_id": f"p{n}", "account": f"g{n % 3}", "amount": 1}) for n in range(9)])
    invoke = ordered_batch(EventType.SQS, handle)

    assert reported(invoke(event, context)) == []
    assert reported(invoke(event, context)) == []
    assert [balance(dynamodb, f"g{n}") for n in range(3)] == [3, 3, 3]
    assert len(markers(dynamodb)) == 9
