"""What a receipt says."""

from typing import Annotated

import msgspec

from backoffice.messages import CurrencyCode, Identifier, MalformedError, decoded

MOST_MINOR = 10**16
"""The total of the largest order that import_orders accepts: 10,000 articles at 10**12."""


class MalformedReceiptRequestError(MalformedError):
    """A message that asks for no receipt."""


class ReceiptRequest(msgspec.Struct, frozen=True, rename="camel"):
    """A message of the receipts queue: what a customer paid for an order, in the currency's minor unit."""

    order_id: Identifier
    customer_id: Identifier
    total_minor: Annotated[int, msgspec.Meta(ge=0, le=MOST_MINOR)]
    currency: CurrencyCode


class Receipt(msgspec.Struct, frozen=True, rename="camel"):
    """What is published; `receipt_id` is the same whenever this order's receipt is."""

    receipt_id: str
    order_id: str
    customer_id: str
    total_minor: int
    currency: str


_DECODER = msgspec.json.Decoder(ReceiptRequest)


def parse_request(body: str) -> ReceiptRequest:
    """Decode a message of the receipts queue.

    Raises:
        MalformedReceiptRequestError: for anything else, naming the field where there is one.
    """
    return decoded(_DECODER, body, MalformedReceiptRequestError)


def receipt_for(request: ReceiptRequest) -> Receipt:
    """Return the receipt of an order."""
    return Receipt(
        receipt_id=f"receipt-{request.order_id}",
        order_id=request.order_id,
        customer_id=request.customer_id,
        total_minor=request.total_minor,
        currency=request.currency,
    )
