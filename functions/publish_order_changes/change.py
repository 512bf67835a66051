"""Which event a change of the orders table is."""

from collections.abc import Mapping
from typing import Any

from backoffice.dynamodb import deserialize

DETAIL_TYPES = {"INSERT": "OrderPlaced", "MODIFY": "OrderChanged"}


class UnknownChangeError(ValueError):
    """A change that the mapping's filter should have kept away."""


def detail_of(record: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return an event's detail-type and detail for a stream record (S-84).

    The detail is the order as it is now and `changeId`, the same whenever this change is published.

    Raises:
        UnknownChangeError: for a removal, or a record without the new image.
    """
    name = record["eventName"]
    image = record["dynamodb"].get("NewImage")
    if name not in DETAIL_TYPES or image is None:
        raise UnknownChangeError(f"{name} without an event of its own, or without a new image")
    return DETAIL_TYPES[name], deserialize(image) | {"changeId": record["eventID"]}
