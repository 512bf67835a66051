"""What a payment is, and when the bank's rules refuse one."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from backoffice.messages import Identifier, MalformedError, decoded

# DynamoDB keeps 38 digits exactly; a payment of 15 leaves room for any sum of them.
Amount = Annotated[int, msgspec.Meta(ge=-(10**15), le=10**15)]

type Rejection = Literal["overdraft", "currency_differs"]

# The active codes of ISO 4217 (list one of its maintenance agency), funds and metals left out.
_CODES = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF
CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ
GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP
LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR
PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC
SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF
XPF YER ZAR ZMW ZWG
"""
CURRENCIES = frozenset(_CODES.split())


class MalformedPaymentError(MalformedError):
    """A message that is no payment; it fails, and lands in the dead-letter queue."""


class Payment(msgspec.Struct, frozen=True, rename="camel"):
    """Money into an account (positive) or out of it (negative), in the currency's minor unit, say cents."""

    payment_id: Identifier
    account: Identifier
    amount_minor: Amount
    currency: str


_DECODER = msgspec.json.Decoder(Payment)


def parse_payment(body: str, group: str) -> Payment:
    """Decode a message of the payments queue.

    Args:
        body: the payment as JSON.
        group: the message group; payments of an account keep their order only if it is the account.

    Raises:
        MalformedPaymentError: naming the field where there is one.
    """
    payment = decoded(_DECODER, body, MalformedPaymentError)
    if payment.currency not in CURRENCIES:
        raise MalformedPaymentError("currency is not a code of ISO 4217")
    if payment.amount_minor == 0:
        raise MalformedPaymentError("amountMinor is 0")
    if payment.account != group:
        raise MalformedPaymentError("the message group is not the payment's account")
    return payment


def rejection(payment: Payment, account: Mapping[str, Any] | None) -> Rejection:
    """Say why an account refuses a payment.

    Args:
        payment: what was refused.
        account: the account as it was then; None if there was none, and so no money.
    """
    return "currency_differs" if account and account["currency"] != payment.currency else "overdraft"
