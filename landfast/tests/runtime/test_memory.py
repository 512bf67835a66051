"""What a process and its children hold."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from landfast.runtime import memory
from tests.runtime.conftest import PROC

if TYPE_CHECKING:
    from collections.abc import Iterator

MIB = 1024 * 1024
HOLD = "held = bytearray({0} * 1024 * 1024); print('held', flush=True); input()"
PARENT = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {HOLD.format(60)!r}], stdout=subprocess.PIPE)
child.stdout.readline()
{HOLD.format(40)}
"""


@pytest.fixture
def family() -> Iterator[int]:
    """A process that holds 40 MiB, and its child that holds 60."""
    command = [sys.executable, "-I", "-S", "-c", PARENT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"held\n"
        yield parent.pid


@pytest.mark.skipif(not PROC, reason="there is no /proc")
def test_proc_counts_the_process_and_its_children(family: int) -> None:
    assert 100 * MIB < memory._linux_tree(family) < 180 * MIB


@pytest.mark.skipif(not Path("/bin/ps").exists(), reason="there is no ps")
def test_ps_counts_the_process_and_its_children(family: int) -> None:
    assert 100 * MIB < memory._ps_group(family) < 180 * MIB


def test_the_most_that_was_held_is_known_when_the_process_is_gone(family: int) -> None:
    gauge = memory.MemoryGauge(family)
    assert gauge.sample() > 100 * MIB
    os.killpg(family, signal.SIGKILL)
    os.waitpid(family, 0)
    assert memory.MemoryGauge(family).sample() == 0
    assert gauge.sample() > 100 * MIB
    gauge.close()
