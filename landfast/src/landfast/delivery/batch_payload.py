"""The weight of an invocation of an event source mapping, for every kind of source (S-48, S-89).

An event is weighed as it is sent: the records as they are written, the commas between them, and whatever stands around
them, such as the window and the state of a tumbling window. A batch is cut where the next record would not fit.
"""

from collections.abc import Iterable
from itertools import accumulate, takewhile
from typing import Final

PAYLOAD_LIMIT: Final = 6_291_456
"""Bytes that an invocation's payload may have, base64 and metadata included (S-48)."""

ENVELOPE: Final = len('{"Records":[]}')
"""Bytes of an event that has no records and nothing beside them."""

COMMA: Final = 1
"""Bytes between two records."""


def fits(size: int, *, envelope: int = ENVELOPE) -> bool:
    """Tell whether an invocation can be sent whose records and the commas between them have `size` bytes.

    Args:
        size: In bytes.
        envelope: Bytes of the event without its records.
    """
    return envelope + size <= PAYLOAD_LIMIT


def fitting(sizes: Iterable[int], *, envelope: int = ENVELOPE) -> int:
    """Count how many of the first records an invocation can hold; the sizes are those of the records in bytes."""
    together = accumulate(size + COMMA for size in sizes)
    return sum(1 for _ in takewhile(lambda total: fits(total - COMMA, envelope=envelope), together))
