"""How transactions are grouped, judged and retried, against a client that answers as it is told."""

import math
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from backoffice.sharing import COMPANY_S
from backoffice.transactions import (
    ATTEMPTS,
    Committer,
    ConflictError,
    MarkerExistsError,
    ThrottledError,
    Transaction,
    TransactionRefusedError,
    verdict,
)
from backoffice.unit_of_work import Action, ConditionFailedError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def transaction(name: str, *items: str) -> Transaction:
    """The marker ``name`` and a write with the condition ``<item>-rule`` for each item."""
    return Transaction(
        _action(f"marker-{name}"),
        [_action(item, condition=f"{item}-rule") for item in items],
    )


def _action(item: str, condition: str | None = None) -> Action:
    return Action(cast("Any", {"Put": {"Item": {"id": {"S": item}}}}), ("table", item), condition)


def cancelled(*codes: str, item: dict[str, Any] | None = None) -> ClientError:
    reasons = [{"Code": code} | ({"Item": item} if item and code != "None" else {}) for code in codes]
    response: Any = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
    return ClientError(response, "TransactWriteItems")


class Client:
    """Keeps the items of each call; answers each by the next of `answers` that is due, and then accepts all."""

    def __init__(self, *answers: Exception | None) -> None:
        self.calls: list[list[str]] = []
        self._answers = list(answers)

    def transact_write_items(self, *, TransactItems: Sequence[Any]) -> None:  # noqa: N803 - DynamoDB's name
        self.calls.append([action["Put"]["Item"]["id"]["S"] for action in TransactItems])
        answer = self._answers.pop(0) if self._answers else None
        if answer:
            raise answer


def committer(client: Client) -> Committer:
    return Committer(cast("DynamoDBClient", client), sleep=lambda _: None, seconds_left=lambda: math.inf)


def commit_together(
    client: Client, *transactions: Transaction, seconds_left: float = math.inf
) -> list[BaseException | None]:
    """Commit each from its own thread; nothing is sent before all have come. What each raised, in their order."""
    complete = threading.Event()

    def sleep(_: float) -> None:
        while not complete.is_set() and len(together._shared._gathered) < len(transactions):
            complete.wait(0.001)
        complete.set()

    together = Committer(cast("DynamoDBClient", client), sleep=sleep, seconds_left=lambda: seconds_left)
    with ThreadPoolExecutor(len(transactions)) as pool:
        futures = [pool.submit(together.commit, each) for each in transactions]
        return [future.exception(timeout=10) for future in futures]


def test_a_transaction_is_one_call_of_its_marker_and_its_writes() -> None:
    client = Client()

    committer(client).commit(transaction("a", "x", "y"))

    assert client.calls == [["marker-a", "x", "y"]]


def test_transactions_that_wait_together_share_a_call() -> None:
    client = Client()

    raised = commit_together(client, transaction("a", "x"), transaction("b", "y"), transaction("c", "z"))

    assert raised == [None, None, None]
    assert len(client.calls) == 1
    assert sorted(client.calls[0]) == ["marker-a", "marker-b", "marker-c", "x", "y", "z"]


def test_transactions_about_the_same_item_go_into_different_calls() -> None:
    client = Client()

    raised = commit_together(client, transaction("a", "x"), transaction("b", "x"), transaction("c", "y"))

    assert raised == [None, None, None]
    assert len(client.calls) == 2
    assert [call.count("x") for call in client.calls] == [1, 1]


def test_a_call_takes_no_more_than_a_hundred_actions() -> None:
    client = Client()
    large = [transaction(name, *(f"{name}{number}" for number in range(39))) for name in "abc"]

    raised = commit_together(client, *large)

    assert raised == [None, None, None]
    assert sorted(len(call) for call in client.calls) == [40, 80]


def test_a_duplicate_in_a_shared_call_costs_the_others_nothing_but_a_second_call() -> None:
    class DuplicateB(Client):
        def transact_write_items(self, *, TransactItems: Sequence[Any]) -> None:  # noqa: N803 - DynamoDB's name
            super().transact_write_items(TransactItems=TransactItems)
            if "marker-b" in self.calls[-1]:
                codes = ["ConditionalCheckFailed" if item == "marker-b" else "None" for item in self.calls[-1]]
                raise cancelled(*codes, item={"id": {"S": "marker-b"}})

    client = DuplicateB()
    raised = commit_together(client, transaction("a", "x"), transaction("b", "y"), transaction("c", "z"))

    assert raised[0] is None
    assert raised[2] is None
    assert isinstance(raised[1], MarkerExistsError)
    assert raised[1].marker == {"id": {"S": "marker-b"}}
    assert len(client.calls) == 2
    assert sorted(client.calls[1]) == ["marker-a", "marker-c", "x", "z"]


def test_a_shared_call_refused_without_reasons_is_made_again_one_by_one() -> None:
    invalid = refused("ValidationException")
    client = Client(invalid, invalid)

    raised = commit_together(client, transaction("a", "x"), transaction("b", "y"))

    assert raised.count(invalid) == 1, "the first one alone was refused again, so it is to blame"
    assert raised.count(None) == 1
    assert [len(call) for call in client.calls] == [4, 2, 2]


def refused(code: str, status: int = 400) -> ClientError:
    response: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "TransactWriteItems")


def test_one_invalid_transaction_of_many_fails_alone_and_is_found_by_halves() -> None:
    class InvalidM7(Client):
        def transact_write_items(self, *, TransactItems: Sequence[Any]) -> None:  # noqa: N803 - DynamoDB's name
            super().transact_write_items(TransactItems=TransactItems)
            if "marker-m7" in self.calls[-1]:
                raise refused("ValidationException")

    client = InvalidM7()
    names = [f"m{number}" for number in range(32)]
    raised = commit_together(client, *(transaction(name, f"{name}-item") for name in names))

    assert [name for name, error in zip(names, raised, strict=True) if error] == ["m7"]
    assert len(client.calls) == 1 + 2 * 5, "two for each halving of 32"


PASSING = [
    ("ThrottlingException", 400),
    ("ProvisionedThroughputExceededException", 400),
    ("RequestLimitExceeded", 400),
    ("InternalServerError", 500),
    ("ServiceUnavailable", 503),
    ("TransactionInProgressException", 400),
    ("IdempotentParameterMismatchException", 400),
    ("AnythingElse", 502),
]


@pytest.mark.parametrize(("code", "status"), PASSING)
def test_what_passes_is_tried_again_in_the_one_call_and_after_a_wait(code: str, status: int) -> None:
    client = Client(refused(code, status), refused(code, status))
    transactions = [transaction(f"m{number}", f"x{number}") for number in range(32)]

    assert commit_together(client, *transactions) == [None] * 32
    assert [len(call) for call in client.calls] == [64, 64, 64]


@pytest.mark.parametrize(("code", "status"), PASSING)
def test_a_table_that_stays_busy_gets_no_more_calls_for_many_records_than_for_one(code: str, status: int) -> None:
    client = Client(*[refused(code, status)] * 1_000)
    raised = commit_together(client, *(transaction(f"m{number}", f"x{number}") for number in range(32)))

    assert {type(error) for error in raised} == {ThrottledError}
    assert {str(error) for error in raised} == {f"DynamoDB: {code}"}
    assert len(client.calls) == ATTEMPTS


@pytest.mark.parametrize("code", ["ThrottlingError", "ProvisionedThroughputExceeded"])
def test_one_throttled_transaction_waits_together_with_its_neighbours(code: str) -> None:
    class ThrottlesM0(Client):
        def transact_write_items(self, *, TransactItems: Sequence[Any]) -> None:  # noqa: N803 - DynamoDB's name
            super().transact_write_items(TransactItems=TransactItems)
            if len(self.calls) <= 3:
                raise cancelled(*(code if item == "marker-m0" else "None" for item in self.calls[-1]))

    client = ThrottlesM0()
    raised = commit_together(client, *(transaction(f"m{number}", f"x{number}") for number in range(32)))

    assert raised == [None] * 32
    assert [len(call) for call in client.calls] == [64] * 4


def test_a_duplicate_beside_a_throttled_one_is_told_and_not_sent_again() -> None:
    class Both(Client):
        def transact_write_items(self, *, TransactItems: Sequence[Any]) -> None:  # noqa: N803 - DynamoDB's name
            super().transact_write_items(TransactItems=TransactItems)
            if len(self.calls) == 1:
                codes = {"marker-a": "ConditionalCheckFailed", "marker-b": "ThrottlingError"}
                raise cancelled(*(codes.get(item, "None") for item in self.calls[-1]))

    client = Both()
    raised = commit_together(client, transaction("a", "x"), transaction("b", "y"), transaction("c", "z"))

    assert isinstance(raised[0], MarkerExistsError)
    assert raised[1:] == [None, None]
    assert sorted(client.calls[1]) == ["marker-b", "marker-c", "y", "z"]


def test_no_attempt_is_made_for_which_no_time_is_left() -> None:
    client = Client(*[refused("ThrottlingException")] * 1_000)

    raised = commit_together(client, transaction("a", "x"), transaction("b", "y"), seconds_left=0)

    assert [str(error) for error in raised] == ["DynamoDB: ThrottlingException"] * 2
    assert len(client.calls) == 1


def test_the_waits_of_a_throttled_call_grow_and_are_jittered() -> None:
    client = Client(*[refused("ThrottlingException")] * 1_000)
    pauses: list[float] = []

    with pytest.raises(ThrottledError):
        Committer(cast("DynamoDBClient", client), sleep=pauses.append, seconds_left=lambda: math.inf).commit(
            transaction("a", "x")
        )

    waits = [pause for pause in pauses if pause != COMPANY_S]
    assert len(waits) == ATTEMPTS - 1
    assert len(set(waits)) == len(waits)
    assert all(0 <= wait <= min(2, 0.1 * 2**attempt) for attempt, wait in enumerate(waits))


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException"])
def test_an_error_that_neither_passes_nor_is_about_one_transaction_is_raised_for_all_after_one_call(code: str) -> None:
    error = refused(code)
    client = Client(error)

    assert commit_together(client, transaction("a", "x"), transaction("b", "y")) == [error, error]
    assert len(client.calls) == 1


def test_an_unknown_outcome_is_raised_for_every_record_of_the_call() -> None:
    lost = ReadTimeoutError(endpoint_url="http://localhost")
    client = Client(lost)

    assert commit_together(client, transaction("a", "x"), transaction("b", "y")) == [lost, lost]
    assert len(client.calls) == 1


def test_a_conflict_is_tried_again_after_a_pause() -> None:
    client = Client(cancelled("None", "TransactionConflict"), cancelled("None", "TransactionConflict"))
    pauses: list[float] = []

    Committer(cast("DynamoDBClient", client), sleep=pauses.append, seconds_left=lambda: math.inf).commit(
        transaction("a", "x")
    )

    assert client.calls == [["marker-a", "x"]] * 3
    backoffs = [pause for pause in pauses if pause != COMPANY_S]
    assert len(backoffs) == 2
    assert all(0 <= pause <= longest for pause, longest in zip(backoffs, (0.02, 0.04), strict=True))


def test_a_conflict_that_does_not_end_is_raised_after_a_bound() -> None:
    client = Client(*[cancelled("None", "TransactionConflict")] * 100)

    with pytest.raises(ConflictError, match="TransactionConflict"):
        committer(client).commit(transaction("a", "x"))
    assert len(client.calls) == ATTEMPTS


@pytest.mark.parametrize(
    ("codes", "expected", "text"),
    [
        (("ConditionalCheckFailed", "None"), MarkerExistsError, ""),
        (("ConditionalCheckFailed", "ConditionalCheckFailed"), MarkerExistsError, ""),
        (("ConditionalCheckFailed", "TransactionConflict"), MarkerExistsError, ""),
        (("TransactionConflict", "ConditionalCheckFailed"), ConflictError, "TransactionConflict"),
        (("None", "ThrottlingError"), ThrottledError, "ThrottlingError"),
        (("None", "ProvisionedThroughputExceeded"), ThrottledError, "ProvisionedThroughputExceeded"),
        (("None", "ConditionalCheckFailed"), ConditionFailedError, "x-rule"),
        (("None", "ValidationError"), TransactionRefusedError, "ValidationError"),
        (("None", "ItemCollectionSizeLimitExceeded"), TransactionRefusedError, "ItemCollectionSizeLimitExceeded"),
    ],
)
def test_the_cancellation_reasons_tell_a_duplicate_from_a_conflict_from_a_condition(
    codes: tuple[str, str], expected: type[Exception], text: str
) -> None:
    found = verdict(transaction("a", "x"), [{"Code": code} for code in codes])

    assert type(found) is expected
    assert text in str(found)


def test_a_transaction_without_a_reason_is_not_at_fault() -> None:
    assert verdict(transaction("a", "x"), [{"Code": "None"}, {}]) is None


def test_a_failed_condition_comes_with_its_name_and_the_item_as_it_is() -> None:
    reason = {"Code": "ConditionalCheckFailed", "Item": {"id": {"S": "x"}, "balance": {"N": "7"}}}

    found = verdict(transaction("a", "w", "x"), [{"Code": "None"}, {"Code": "None"}, reason])

    assert isinstance(found, ConditionFailedError)
    assert found.name == "x-rule"
    assert found.item == {"id": "x", "balance": 7}
