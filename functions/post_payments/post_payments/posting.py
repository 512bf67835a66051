"""Posts a payment: the entry and the balance change together, or the refusal is entered instead."""

from collections.abc import Callable
from typing import Literal

from backoffice.exactly_once import (
    Condition,
    ConditionFailedError,
    ExactlyOnceStore,
    Table,
    UnitOfWork,
    exactly_once,
)
from post_payments.payment import Payment, Rejection, rejection

type Posted = Literal["posted"] | Rejection

MAY_BE_CREDITED = Condition("may_be_credited", "attribute_not_exists(account) OR currency = :currency")
MAY_BE_DEBITED = Condition("may_be_debited", "currency = :currency AND balanceMinor >= :needed")


def poster(store: ExactlyOnceStore, accounts: str, entries: str) -> Callable[[Payment], Posted]:
    """Return what posts a payment, exactly once by its `paymentId`, to the tables of these names.

    A first credit opens the account in its currency. A debit that the balance does not cover, or a payment in
    another currency, is entered as rejected: a result, not a failure. A second payment of the same id that says
    something else raises Powertools' `IdempotencyValidationError`.
    """
    accounts_table = Table(accounts, partition_key="account")
    entries_table = Table(entries, partition_key="account", sort_key="paymentId")

    def enter(payment: Payment, posted: Posted, unit: UnitOfWork) -> Posted:
        unit.put(
            entries_table,
            {
                "account": payment.account,
                "paymentId": payment.payment_id,
                "amountMinor": payment.amount_minor,
                "currency": payment.currency,
                "result": posted,
            },
        )
        return posted

    def reject(payment: Payment, failed: ConditionFailedError, unit: UnitOfWork) -> Posted:
        return enter(payment, rejection(payment, failed.item), unit)

    @exactly_once(
        store,
        key_prefix="payment",
        key="paymentId",
        payload_validation="[account, amountMinor, currency]",
        on_condition_failed=reject,
    )
    def post(payment: Payment, unit: UnitOfWork) -> Posted:
        values = {":amount": payment.amount_minor, ":currency": payment.currency}
        if payment.amount_minor < 0:
            values[":needed"] = -payment.amount_minor
        unit.update(
            accounts_table,
            {"account": payment.account},
            "SET currency = :currency ADD balanceMinor :amount",
            condition=MAY_BE_DEBITED if payment.amount_minor < 0 else MAY_BE_CREDITED,
            values=values,
        )
        return enter(payment, "posted", unit)

    return post
