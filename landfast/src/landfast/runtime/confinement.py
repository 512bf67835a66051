"""Tells whether workers can be given no more of this machine than Lambda gives, and what they keep of it."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING

from landfast.runtime import sandbox

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


@cache
def obstacle() -> str:
    """Return why this system cannot confine a worker without privileges, in a few words; empty if it can."""
    if sys.platform != "linux":
        return "only Linux has namespaces"
    ended = subprocess.run(  # noqa: S603 - our own script
        # From the root folder: one below /tmp would be gone.
        [sys.executable, "-I", "-S", sandbox.__file__],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    reason = (ended.stderr.strip().splitlines() or [f"exit status {ended.returncode}"])[-1]
    return f"user namespaces: {reason}" if ended.returncode else ""


def kept(needed: Iterable[Path]) -> frozenset[str] | None:
    """Return the names of those entries of this machine's `/tmp` that `needed` are in, or that they lead to.

    None means that all of `/tmp` is needed, so that a worker cannot have one of its own.
    """
    names = set()
    for path in needed:
        for place in {os.path.abspath(path), os.path.realpath(path)}:  # noqa: PTH100 - links are not to be followed
            if place == sandbox.TMP:
                return None
            if place.startswith(f"{sandbox.TMP}/"):
                names.add(place.split("/")[2])
    return frozenset(names)
