"""What a machine must not forget, row by row."""

from collections.abc import Callable

type Keep = Callable[[str, bytes | None], None]
"""Keeps a row under its key, or forgets it if the content is None. What one turn keeps is one commit."""


def keep_nothing(key: str, content: bytes | None) -> None:
    """For worlds in which nothing needs to survive."""
    del key, content
