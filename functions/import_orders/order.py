"""What an order is, and how one line of an order file becomes one."""

import re
from datetime import datetime
from typing import Annotated

import msgspec

Identifier = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
Currency = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")]
# The bounds keep an order far below DynamoDB's 400 KB item: 500 lines of at most 200 bytes each.
Quantity = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
MinorUnits = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000_000)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


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
    currency: Currency
    lines: Annotated[tuple[OrderLine, ...], msgspec.Meta(min_length=1, max_length=500)]

    @property
    def total_minor(self) -> int:
        """What the order costs, in the currency's minor unit."""
        return sum(line.quantity * line.unit_price_minor for line in self.lines)


class InvalidOrderError(ValueError):
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
        return _DECODER.decode(line)
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from None
    except msgspec.DecodeError as error:
        raise InvalidOrderError("", str(error)) from None
    except UnicodeDecodeError as error:
        raise InvalidOrderError("", f"not UTF-8 at byte {error.start + 1} of a text") from None


def _invalid(message: str) -> InvalidOrderError:
    located = _WITH_PATH.match(message)
    reason, path = (located["reason"], located["path"]) if located else (message, "")
    named = _WITH_NAME.match(reason)
    if named is None:
        return InvalidOrderError(path, reason)
    field = f"{path}.{named['name']}" if path else named["name"]
    return InvalidOrderError(field, "is missing" if named["what"].startswith("missing") else "is unknown")
