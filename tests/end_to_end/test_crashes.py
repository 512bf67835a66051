# --- payments ---
"""The payments function at the mercy of every kind of crash, for a few trials; many are `python -m tests.crashes`."""

import os
import subprocess
import sys
import time

from tests.end_to_end.audit import say
from tests.end_to_end.conftest import ROOT

TRIALS = int(os.environ.get("LANDFAST_CRASH_TRIALS", "25"))
SEED = int(os.environ.get("LANDFAST_SEED", str(time.time_ns() % 1_000_000)))
PATIENCE = 60 + 20 * TRIALS


def test_whatever_call_a_function_is_killed_at_a_balance_is_the_sum_of_its_posted_entries() -> None:
    command = [sys.executable, "-m", "tests.crashes", "--trials", str(TRIALS), "--seed", str(SEED)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE)
    say(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{TRIALS} trials" in done.stdout
    assert "no faults" in done.stdout
