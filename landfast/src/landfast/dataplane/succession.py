"""The endpoints of one engine, one after the other: what one has asked for is over before the next one looks.

What an endpoint has handed on is under way, or not even read, when its service is killed. The next service looks at
what was written, and tells of it (`landfast.eventplane.table_records`): nothing of the earlier one may be written then.

Nothing here imports more than the standard library: ministack's process has no other part of Landfast.
"""

import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_NUMBERED: Final = re.compile(r"(?P<key>.*)\.(?P<number>[0-9]{1,9})")
_PATIENCE: Final = 25.0


def numbered(key: str, number: int) -> str:
    """The engine's key as the endpoint with this number sends it; the first one has the number 0."""
    return f"{key}.{number}"


def parted(sent: str) -> tuple[str, int]:
    """The engine's key, and the number of the endpoint that has sent it."""
    found = _NUMBERED.fullmatch(sent)
    return (found["key"], int(found["number"])) if found else (sent, 0)


class Succession:
    """Lets in what the newest endpoint asks for, and counts what is under way; from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._newest = 0
        self._under_way: Counter[int] = Counter()

    @contextmanager
    def admitted(self, number: int) -> Iterator[bool]:
        """Count a request of an endpoint as under way in this block; False, and not counted, if another took over."""
        with self._changed:
            is_newest = number == self._newest
            self._under_way[number] += is_newest
        try:
            yield is_newest
        finally:
            with self._changed:
                self._under_way[number] -= is_newest
                self._changed.notify_all()

    def take_over(self, patience: float = _PATIENCE) -> int | None:
        """Let nothing of the earlier endpoints in any more, and wait until what they have asked for is carried out.

        Returns:
            The number of the new endpoint; None if it was not carried out after so many seconds.
        """
        with self._changed:
            self._newest += 1
            number, latest = self._newest, time.monotonic() + patience
            while any(count for earlier, count in self._under_way.items() if earlier < number):
                if not self._changed.wait(max(0.0, latest - time.monotonic())):
                    return None
            return number
