"""What a message of the refunds queue says."""

from typing import Annotated

import msgspec

from backoffice.messages import Identifier, MalformedError, decoded


class MalformedRefundError(MalformedError):
    """A message that tells of no refund."""


class Refund(msgspec.Struct, frozen=True, rename="camel"):
    """Money that a customer gets back for an order, in the currency's minor unit."""

    refund_id: Identifier
    order_id: Identifier
    amount_minor: Annotated[int, msgspec.Meta(ge=1, le=10**16)]


_DECODER = msgspec.json.Decoder(Refund)


def parse(body: str) -> Refund:
    """Decode a message of the refunds queue.

    Raises:
        MalformedRefundError: for anything else, naming the field where there is one.
    """
    return decoded(_DECODER, body, MalformedRefundError)
