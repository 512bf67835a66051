"""The settings of a function that tests vary."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from landfast.runtime import LoggingConfig
    from landfast.runtime.pythons import Python


class Settings(TypedDict, total=False):
    """Fields of `FunctionSpec`."""

    handler: str
    layers: tuple[Path, ...]
    environment: Mapping[str, str]
    timeout: float
    memory_mb: int
    reserved_concurrency: int
    ephemeral_storage_mb: int
    logging: LoggingConfig
    python: Python
    broken: str
