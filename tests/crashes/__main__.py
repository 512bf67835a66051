# --- payments ---
"""`python -m tests.crashes --trials 2000 --seed 7 --engine ministack`: the trials, their number and their faults."""

import argparse
import signal
import sys
import tempfile
import time
from collections import Counter
from itertools import batched
from pathlib import Path

from landfast.dataplane import engine

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "functions" / "post_payments"), str(ROOT / "layers" / "shared")]

from tests.crashes.trials import ROUND, Shop, Trial  # noqa: E402 - the functions are found only now


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crashes", description=__doc__)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--engine", choices=["moto", "ministack"], default="moto")
    parser.add_argument("--endpoint", help="an endpoint that is there already, instead of an engine")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # the engine does not survive that way, either
    sys.stdout.write(f"{asked.trials} trials, seed {asked.seed}, on {asked.endpoint or asked.engine}\n")
    if asked.endpoint:
        return trials(asked.endpoint, asked.seed, asked.trials)
    with (
        tempfile.TemporaryDirectory() as directory,
        engine.start(Path(directory), asked.engine, stack="crashes") as running,
    ):
        return trials(running.url, asked.seed, asked.trials)


def trials(endpoint: str, seed: int, number: int) -> int:
    """Run them; 0 if everything held."""
    shop = Shop(endpoint)
    kinds: Counter[str] = Counter()
    deliveries, wrong, began = 0, 0, time.monotonic()
    for numbers in batched(range(number), ROUND, strict=False):
        shop.clear()
        some = [Trial.of(f"{seed}-{one}") for one in numbers]
        for trial in some:
            shop.run(trial)
            kinds.update(crash.kind for crash in trial.crashes[: trial.deliveries])
            deliveries += trial.deliveries
        faults = shop.faults(some)
        wrong += len(faults)
        for fault in faults:
            sys.stdout.write(f"WRONG {fault}\n")
        sys.stdout.write(f"{numbers[-1] + 1} of {number} done\n")
        sys.stdout.flush()
    sys.stdout.write(
        f"{number} trials, {deliveries} deliveries, {dict(kinds)} in {time.monotonic() - began:.0f} s: "
        f"{wrong or 'no'} faults\n"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
