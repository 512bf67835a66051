"""When the items of a table are over by its time to live.

Source: DynamoDB Developer Guide, "Using time to live (TTL) in DynamoDB": the attribute is a number, Unix seconds; what
was over more than five years ago is left alone. AWS deletes within a few days, here it is done at once.
"""

from typing import Final

from landfast.delivery.times import LATEST
from landfast.sources.table_changes import Item

_YEARS: Final = 5 * 365 * 86_400


def over_at(item: Item, attribute: str, now: float) -> float | None:
    """The time at which an item is over, in Unix seconds; None if it never is.

    Args:
        item: The item.
        attribute: The name of the attribute that tells it.
        now: The time.
    """
    text = item.get(attribute, {}).get("N")
    try:
        at = None if text is None else float(text)
    except ValueError:
        at = None
    return at if at is not None and now - _YEARS < at <= LATEST else None
