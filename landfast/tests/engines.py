"""The engines on which tests run: moto, and ministack where it is fetched already."""

import os
from collections.abc import Iterable

import pytest

from landfast.dataplane.engine import EngineName
from landfast.dataplane.errors import EngineError
from landfast.dataplane.ministack import ministack_is_cached

ENGINES: tuple[EngineName, ...] = ("moto", "ministack")
EVERY = bool(os.environ.get("LANDFAST_EVERY_ENGINE"))
"""Whether all tests run on every engine, also those of what no engine takes part in."""


def each(shared: str, engines: Iterable[EngineName] = ENGINES) -> list[object]:
    """The engines as parameters of what many tests share: one worker of pytest-xdist runs all tests of one of them."""
    return [pytest.param(engine, marks=pytest.mark.xdist_group(f"{shared}-{engine}")) for engine in engines]


def skip_without(engine: EngineName) -> None:
    """Skip a test, with the reason, if its engine is not on this machine."""
    if engine == "moto":
        return
    try:
        cached = ministack_is_cached()
    except EngineError as error:
        pytest.skip(str(error))
    if not cached:
        pytest.skip("ministack is not here: `landfast up --engine ministack` fetches it")
