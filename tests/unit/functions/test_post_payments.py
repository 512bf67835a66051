"""The payments function on moto: balances and entries, rejections, order by account."""

import io
import json
from collections import Counter
from copy import deepcopy
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.functions.conftest import (
    Context,
    Event,
    Letters,
    Load,
    Sample,
    failed,
    generated,
    items,
    logged,
    reason,
)
from tests.unit.functions.largest import WIDEST


def payment(payment_id: str, account: str, amount: int, currency: str = "EUR") -> dict[str, object]:
    return {"paymentId": payment_id, "account": account, "amountMinor": amount, "currency": currency}


def payments_event(sample: Sample, *payments: dict[str, object]) -> Event:
    template = sample("post_payments")["Records"][0]
    records = []
    for number, each in enumerate(payments, 1):
        record = deepcopy(template)
        record |= {"messageId": f"m{number}", "body": json.dumps(each)}
        record["attributes"]["MessageGroupId"] = each["account"]
        records.append(record)
    return {"Records": records}


def balances() -> dict[str, int]:
    return {item["account"]: int(item["balanceMinor"]) for item in items("accounts")}


def results() -> dict[str, str]:
    return {item["paymentId"]: item["result"] for item in items("entries")}


@pytest.mark.usefixtures("tables")
def test_the_sample_payments_are_posted(load: Load, sample_event: Sample, context: Context) -> None:
    assert failed(load("post_payments").handler(sample_event("post_payments"), context)) == []
    assert balances() == {"C-17": 2500, "C-23": 1200}
    assert results() == {"P-1": "posted", "P-2": "posted", "P-3": "posted"}


@pytest.mark.usefixtures("tables")
def test_an_overdraft_is_entered_as_rejected_and_later_payments_go_on(
    load: Load, sample_event: Sample, context: Context
) -> None:
    event = payments_event(
        sample_event,
        payment("P-0", "nobody", -1),
        payment("P-1", "C-1", 1000),
        payment("P-2", "C-1", -1001),
        payment("P-3", "C-1", -1000),
    )
    assert failed(load("post_payments").handler(event, context)) == []
    assert balances() == {"C-1": 0}
    assert results() == {"P-0": "overdraft", "P-1": "posted", "P-2": "overdraft", "P-3": "posted"}


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("amount", [500, -500])
def test_a_payment_in_another_currency_is_rejected(
    load: Load, sample_event: Sample, context: Context, amount: int
) -> None:
    event = payments_event(sample_event, payment("P-1", "C-1", 1000), payment("P-2", "C-1", amount, currency="JPY"))
    assert failed(load("post_payments").handler(event, context)) == []
    assert balances() == {"C-1": 1000}
    assert results()["P-2"] == "currency_differs"


@pytest.mark.usefixtures("tables")
def test_a_rejection_stays_one_although_the_money_is_there_when_it_is_repeated(
    load: Load, sample_event: Sample, context: Context
) -> None:
    handler = load("post_payments").handler
    refused = payment("P-1", "C-1", -100)
    handler(payments_event(sample_event, refused), context)
    assert failed(handler(payments_event(sample_event, payment("P-2", "C-1", 500), refused), context)) == []
    assert balances() == {"C-1": 500}
    assert results() == {"P-1": "overdraft", "P-2": "posted"}


@pytest.mark.usefixtures("tables")
def test_a_repeated_payment_changes_the_balance_once(load: Load, sample_event: Sample, context: Context) -> None:
    event = payments_event(sample_event, payment("P-1", "C-1", 100), payment("P-1", "C-1", 100))
    for _ in range(2):
        assert failed(load("post_payments").handler(event, context)) == []
    assert balances() == {"C-1": 100}


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize(
    "broken",
    [
        payment("P-2", "C-1", 0),
        payment("P-2", "C-1", 5, currency="EURO"),
        payment("P-2", "C-1", 5, currency="XYZ"),
        payment("P-2", "C-1", 10**15 + 1),
        payment("P-2", "C-1", 5) | {"amountMinor": 5.5},
        payment("P-2", "C-1", 5) | {"amountMinor": "5"},
        payment("", "C-1", 5),
        payment("P-1", "C-1", 7),
    ],
)
def test_a_malformed_payment_is_dead_lettered_at_once_and_its_account_goes_on(
    load: Load, sample_event: Sample, context: Context, dead_letters: Letters, broken: dict[str, object]
) -> None:
    event = payments_event(
        sample_event,
        payment("P-1", "C-1", 100),
        broken,
        payment("P-3", "C-1", 10),
        payment("P-4", "C-2", 20),
    )
    assert failed(load("post_payments").handler(event, context)) == []
    assert balances() == {"C-1": 110, "C-2": 20}
    [letter] = dead_letters()
    assert letter["Body"] == json.dumps(broken)
    assert letter["Attributes"]["MessageGroupId"] == "C-1"
    told = reason(letter)
    assert told["ErrorCode"] in {"MalformedPaymentError", "ValidationError", "IdempotencyValidationError"}
    assert (told["OriginalMessageId"], told["RequestID"]) == ("m2", context.aws_request_id)


@pytest.mark.usefixtures("tables")
def test_a_second_payment_of_the_same_id_with_other_content_is_kept_with_the_reason(
    load: Load, sample_event: Sample, context: Context, dead_letters: Letters
) -> None:
    event = payments_event(sample_event, payment("P-1", "C-1", 100), payment("P-1", "C-1", 250))
    assert failed(load("post_payments").handler(event, context)) == []
    assert balances() == {"C-1": 100}
    [letter] = dead_letters()
    assert reason(letter)["ErrorCode"] == "IdempotencyValidationError"
    assert reason(letter)["ErrorMessage"].startswith("Payload does not match stored record")


@pytest.mark.usefixtures("tables")
def test_s_101_a_malformed_payment_that_cannot_be_dead_lettered_holds_back_its_account_alone(
    load: Load, sample_event: Sample, context: Context
) -> None:
    event = payments_event(
        sample_event,
        payment("P-1", "C-1", 100),
        payment("P-2", "C-1", 0),
        payment("P-3", "C-1", 10),
        payment("P-4", "C-2", 20),
    )
    assert failed(load("post_payments").handler(event, context)) == ["m2", "m3"]
    assert balances() == {"C-1": 100, "C-2": 20}


@pytest.mark.usefixtures("tables")
def test_a_payment_in_another_accounts_group_is_dead_lettered(
    load: Load, sample_event: Sample, context: Context, dead_letters: Letters
) -> None:
    event = payments_event(sample_event, payment("P-1", "C-1", 100))
    event["Records"][0]["attributes"]["MessageGroupId"] = "C-2"
    assert failed(load("post_payments").handler(event, context)) == []
    assert balances() == {}
    [letter] = dead_letters()
    assert letter["Attributes"]["MessageGroupId"] == "C-2"


@pytest.mark.usefixtures("tables")
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sent=st.lists(
        st.tuples(st.integers(1, 8), st.sampled_from(["C-1", "C-2"]), st.integers(-300, 300).filter(bool)),
        min_size=1,
        max_size=12,
    ),
    data=st.data(),
)
def test_whatever_is_repeated_no_money_appears_or_disappears(
    load: Load,
    sample_event: Sample,
    context: Context,
    sent: list[tuple[int, str, int]],
    data: st.DataObject,
) -> None:
    run = uuid4().hex
    first_of_its_id = {number: (account, amount) for number, account, amount in reversed(sent)}
    batch = [
        payment(f"{run}-{number}", f"{run}-{account}", amount) for number, (account, amount) in first_of_its_id.items()
    ]
    again = data.draw(st.lists(st.sampled_from(batch), max_size=10))
    for each in (batch, again):
        event = payments_event(sample_event, *each)
        assert not each or failed(load("post_payments").handler(event, context)) == []
    entries = [entry for entry in items("entries") if entry["account"].startswith(run)]
    assert len(entries) == len(batch)
    posted: Counter[str] = Counter()
    for entry in entries:
        if entry["result"] == "posted":
            posted[entry["account"]] += int(entry["amountMinor"])
    assert {account: money for account, money in balances().items() if account.startswith(run)} == posted
    assert all(money >= 0 for money in posted.values())


@pytest.mark.usefixtures("tables")
def test_the_event_that_sam_generates_has_no_group_and_fails_as_a_batch(load: Load, context: Context) -> None:
    event = generated("sqs receive-message")
    event["Records"][0]["body"] = json.dumps(payment("P-1", "C-1", 5))
    numbers = [record["messageId"] for record in event["Records"]]
    assert failed(load("post_payments").handler(event, context)) == numbers
    assert balances() == {}


@pytest.mark.usefixtures("tables")
def test_each_record_of_a_batch_is_logged_under_an_id_of_its_own(
    load: Load, sample_event: Sample, context: Context, log: io.StringIO
) -> None:
    event = payments_event(sample_event, *(payment(f"P-{number}", f"C-{number}", -1) for number in range(3)))
    assert failed(load("post_payments").handler(event, context)) == []
    rejected = {line["payment"]: line["correlation_id"] for line in logged(log)}
    assert rejected == {"P-0": "m1", "P-1": "m2", "P-2": "m3"}


@pytest.mark.usefixtures("tables")
def test_the_largest_payments_of_an_account_are_kept_to_the_last_digit(
    load: Load, sample_event: Sample, context: Context
) -> None:
    largest = [payment(f"{WIDEST[:-1]}{number}", WIDEST, 10**15) for number in range(3)]
    assert failed(load("post_payments").handler(payments_event(sample_event, *largest), context)) == []
    assert balances() == {WIDEST: 3 * 10**15}
