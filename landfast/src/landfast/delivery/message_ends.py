"""Which messages of a queue have ended: a message ends once, however often it was handed out (S-109).

A message that stays in an invocation for longer than its visibility timeout is handed out again. Of several invocations
that have it, and of the queue itself, the first to end it decides; what the others find later changes nothing.
"""

from collections import Counter
from collections.abc import Iterable, Sequence


class MessageEnds:
    """Remembers the end of a message for as long as somebody may still want to end it."""

    def __init__(self) -> None:
        self._handed_out: Counter[str] = Counter()
        self._ended: set[str] = set()

    def received(self, message_ids: Iterable[str]) -> None:
        """The queue has handed these messages out, once more each."""
        self._handed_out.update(message_ids)

    def end(self, message_ids: Iterable[str]) -> list[str]:
        """End these messages; those that had not ended before."""
        ended = [message_id for message_id in message_ids if message_id not in self._ended]
        self._ended.update(message_id for message_id in ended if self._handed_out[message_id])
        return ended

    def let_go(self, message_ids: Sequence[str]) -> None:
        """One invocation has no more to say about these messages."""
        self._handed_out.subtract(message_ids)
        for message_id in message_ids:
            if self._handed_out[message_id] <= 0:
                del self._handed_out[message_id]
                self._ended.discard(message_id)
