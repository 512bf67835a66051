"""The rows of what a machine must not forget."""

from collections.abc import Callable, Iterable
from typing import Final, TypeAlias, TypeVar

import msgspec

S = TypeVar("S")

SETTINGS: Final = "stream"
"""The key of the row that holds what a stream is set to."""

Keep: TypeAlias = Callable[[str, bytes | None], None]
"""Keeps a row under its key, or forgets it if the content is None. What one turn keeps is one commit."""


def parted(rows: Iterable[tuple[str, bytes]], settings: type[S]) -> tuple[S, Iterable[tuple[str, bytes]]]:
    """Part a stream's rows into its settings and the others, which stay in the order of their keys."""
    kept = dict(rows)
    return msgspec.msgpack.decode(kept.pop(SETTINGS), type=settings), kept.items()


def keep_nothing(key: str, content: bytes | None) -> None:
    """For worlds in which nothing needs to survive."""
    del key, content
