"""Which event a change of the orders table is."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from backoffice.correlation import carried
from backoffice.dynamodb import deserialize
from backoffice.messages import ForeignEventError, MalformedError

_IDENTITY = re.compile(r"[A-Za-z0-9._-]{1,64}")
DETAIL_TYPES = {"INSERT": "OrderPlaced", "MODIFY": "OrderChanged"}


class UnknownChangeError(ForeignEventError):
    """A change that the mapping's filter should have kept away."""


class MalformedImageError(MalformedError):
    """An item that is no order: it cannot be told in JSON, or is not in DynamoDB's form."""


class Change(msgspec.Struct, frozen=True):
    """A change to be told.

    Attributes:
        detail_type: What the event is called.
        detail: The order as it is now, and `changeId`, the same whenever this change is published; JSON.
        correlation_id: Of the upload that the order is from, if it says.
    """

    detail_type: str
    detail: str
    correlation_id: str | None


def change_in(record: Mapping[str, Any]) -> Change | None:
    """Read a stream record (S-84); None if nothing of the order has changed, only what the table keeps beside it.

    Raises:
        UnknownChangeError: for a removal, or a record without the new image.
        MalformedImageError: for an image that is no order's.
    """
    name, stream, identity = record.get("eventName"), record.get("dynamodb"), record.get("eventID")
    image = stream.get("NewImage") if isinstance(stream, Mapping) else None
    if not isinstance(name, str) or name not in DETAIL_TYPES or not isinstance(image, Mapping):
        raise UnknownChangeError("eventName is neither INSERT nor MODIFY, or there is no NewImage")
    if not isinstance(identity, str) or not _IDENTITY.fullmatch(identity):
        raise UnknownChangeError("eventID is missing or no identifier")
    order, before = _order_in(image), stream.get("OldImage") if isinstance(stream, Mapping) else None
    if name == "MODIFY" and isinstance(before, Mapping) and _order_in(before) == order:
        return None
    told = carried(_plain(image).get("correlationId"))
    detail = order | {"changeId": identity} | ({"correlationId": told} if told else {})
    try:
        return Change(DETAIL_TYPES[name], msgspec.json.encode(detail).decode(), told)
    except (TypeError, UnicodeError, RecursionError, msgspec.MsgspecError):
        raise MalformedImageError("the new image cannot be told in JSON") from None


def _order_in(image: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is the table's own: names that begin with an underscore, and how the upload is logged."""
    return {
        name: value for name, value in _plain(image).items() if not name.startswith("_") and name != "correlationId"
    }


def _plain(image: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return deserialize(image)
    except (AttributeError, ArithmeticError, TypeError, ValueError, RecursionError):
        raise MalformedImageError("an image is not in DynamoDB's form") from None
