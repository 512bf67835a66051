"""What an order is, and how one line of an order file becomes one."""

import re
from typing import Annotated

import msgspec

from backoffice.messages import CurrencyCode, Identifier, MalformedError, Moment, why

# What is accepted here, every later function can handle: these bounds are for the longest way, an order's to its
# notice. With every field at its bound (tests/unit/functions/test_bounds.py makes it and measures):
#   500 lines of 120 bytes make an order of 61 KB: DynamoDB item 400 KB, EventBridge entry 256 KB;
#   10,000 articles make 500 parcels, whose ids of 68 characters make a shipment of 36 KB: DynamoDB item 400 KB;
#   order and shipment are the record that notify_customer gets, 0.1 MB: asynchronous event 1 MB (256 KB before 2025);
#   that record and the notice, which names every parcel, are what SNS gets, 0.14 MB: message 256 KB, beyond which
#   Lambda leaves out the notice (S-23).
MAX_LINES = 500
MAX_ARTICLES = 10_000
"""Most articles of one order, all its lines together."""
Quantity = Annotated[int, msgspec.Meta(ge=1, le=MAX_ARTICLES)]
MinorUnits = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000_000)]


class OrderLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", gc=False):
    """One article of an order; the price is in the currency's minor unit (cents)."""

    sku: Identifier
    quantity: Quantity
    unit_price_minor: MinorUnits


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", gc=False):
    """One order as a shop sends it; `placed_at` carries its time zone."""

    order_id: Identifier
    customer_id: Identifier
    placed_at: Moment
    currency: CurrencyCode
    lines: Annotated[tuple[OrderLine, ...], msgspec.Meta(min_length=1, max_length=MAX_LINES)]

    @property
    def total_minor(self) -> int:
        """What the order costs, in the currency's minor unit."""
        return sum(line.quantity * line.unit_price_minor for line in self.lines)


class InvalidOrderError(MalformedError):
    """A line that is no order: `field` is its JSON path ("" for the line itself), `reason` says why."""

    def __init__(self, field: str, reason: str) -> None:
        """Keep both apart, so that whoever knows the file and the line can name all four."""
        super().__init__(f"{field}: {reason}" if field else reason)
        self.field = field
        self.reason = reason


_DECODER = msgspec.json.Decoder(Order)
_WITH_PATH = re.compile(r"^(?P<reason>.*) - at `\$\.?(?P<path>[^`]*)`$", re.DOTALL)
_WITH_NAME = re.compile(r"^Object (?P<what>missing required|contains unknown) field `(?P<name>[^`]*)`$")


def parse_order(line: bytes) -> Order:
    """Decode one line of an order file.

    Raises:
        InvalidOrderError: naming the field; never quoting the values of the line.
    """
    try:
        order = _DECODER.decode(line)
    except msgspec.ValidationError as error:
        raise _invalid(why(error)) from None
    except UnicodeDecodeError as error:
        raise InvalidOrderError("", f"not UTF-8 at byte {error.start + 1} of a text") from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidOrderError("", why(error)) from None
    if sum(line.quantity for line in order.lines) > MAX_ARTICLES:
        raise InvalidOrderError("lines", f"more than {MAX_ARTICLES} articles in all; split the order")
    return order


def _invalid(message: str) -> InvalidOrderError:
    located = _WITH_PATH.match(message)
    reason, path = (located["reason"], located["path"]) if located else (message, "")
    named = _WITH_NAME.match(reason)
    if named is None:
        return InvalidOrderError(path, reason)
    field = f"{path}.{named['name']}" if path else named["name"]
    return InvalidOrderError(field, "is missing" if named["what"].startswith("missing") else "is unknown")
