"""What a receipt says."""

from typing import Annotated

import msgspec

Identifier = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]{1,64}$")]


class ReceiptRequest(msgspec.Struct, frozen=True, rename="camel"):
    """A message of the receipts queue: what a customer paid for an order, in the currency's minor unit."""

    order_id: Identifier
    customer_id: Identifier
    total_minor: Annotated[int, msgspec.Meta(ge=0)]
    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")]


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
        msgspec.DecodeError: for anything else, naming the field where there is one.
    """
    return _DECODER.decode(body)


def receipt_for(request: ReceiptRequest) -> Receipt:
    """Return the receipt of an order."""
    return Receipt(
        receipt_id=f"receipt-{request.order_id}",
        order_id=request.order_id,
        customer_id=request.customer_id,
        total_minor=request.total_minor,
        currency=request.currency,
    )
