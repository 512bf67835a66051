"""Receipt handles: each is of one receive of one message."""

from typing import Literal, TypeAlias

from landfast.digits import whole_number
from landfast.sources.sqs_message import Message

Handled: TypeAlias = Literal["done", "gone", "stale", "expired", "too_long", "given_back", "not_in_flight", "invalid"]
"""What became of a request with a receipt handle: it was done; the message is gone already; it was received again;
its time is over (FIFO); it would be hidden for too long; it was made visible at once by this handle; its time is over;
it is no handle of this queue."""


class ReceiptHandles:
    """Makes and reads the handles of a queue.

    Args:
        token: Tells them from those of other queues, and of an earlier queue of the same name.
    """

    def __init__(self, token: str) -> None:
        self._token = token

    def handle(self, message: Message) -> str:
        """The handle of a message's last receive."""
        return f"{self._token}-{message.number}-{message.receives}"

    def read(self, handle: str) -> tuple[int, int] | None:
        """A message's number and its receives up to that one; None if it is no handle of this queue."""
        token, _, place = handle.partition("-")
        number, _, receives = place.partition("-")
        read, times = whole_number(number), whole_number(receives)
        return None if token != self._token or read is None or times is None else (read, times)
