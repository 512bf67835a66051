"""One turn of the driver: one commit, and what may only happen once that is on disk."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from landfast.driver import Change, KeepRow
from landfast.journal import Entry

Commit: TypeAlias = Callable[[Sequence[Entry], Sequence[Change]], None]
Failed: TypeAlias = Callable[[Exception], None]


class Turn:
    """Gathers notes, changes and what follows them; only for the driver's thread.

    Whatever clients were told must be on disk before they are told, and a call must not begin before what it is about
    is kept (S-01). So answers and calls wait for the end of the turn, and everything that happened in it is one
    transaction: a message is deleted, its end noted and its successor sent together or not at all.

    Args:
        commit: Writes notes and changes, all of it or nothing.
    """

    def __init__(self, commit: Commit) -> None:
        self._commit = commit
        self._notes: list[Entry] = []
        self._changes: list[Change] = []
        self._rows: dict[tuple[str, str, str], bytes | None] = {}
        self._following: list[tuple[Callable[[], None], Failed | None]] = []

    def add(self, notes: Iterable[Entry], changes: Iterable[Change] = ()) -> None:
        """Write these at the end of the turn."""
        self._notes += notes
        self._changes += changes

    def keep(self, kind: str, owner: str, key: str, content: bytes | None) -> None:
        """Keep a row at the end of the turn, or forget it; what is kept of a row last is what counts."""
        self._rows[kind, owner, key] = content

    def then(self, work: Callable[[], None], failed: Failed | None = None) -> None:
        """Do `work` once everything of this turn is on disk; if it cannot be written, `failed` is told why."""
        self._following.append((work, failed))

    def end(self) -> None:
        """Commit, then do what follows.

        Raises:
            StoreError: Nothing can be written any more; nothing of this turn is.
        """
        # What follows a commit may leave notes and changes of its own: a call that is refused at once, for example.
        while self._notes or self._changes or self._rows or self._following:
            self._end()

    def _end(self) -> None:
        following, self._following = self._following, []
        notes, self._notes = self._notes, []
        changes, self._changes = self._changes, []
        rows, self._rows = self._rows, {}
        if notes or changes or rows:
            # A row that changed many times in the turn is written once.
            kept = [KeepRow(*row, content) for row, content in rows.items()]
            try:
                self._commit(notes, [*changes, *kept])
            except Exception as error:
                for _, failed in following:
                    if failed is not None:
                        failed(error)
                raise
        for work, _ in following:
            work()
