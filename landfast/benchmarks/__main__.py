"""Every benchmark, a table each: `make bench`, or `PYTHONPATH=landfast:. python -m benchmarks [NAME ...]` at the root.

Figures are compared with a peer or a limit in the same run: on a busy machine the ratio is what to read. A goal that is
missed is told, and is an error only with --strict.
"""

import argparse
import importlib.util
import sys
import time
from collections.abc import Sequence

from rich.console import Console

from benchmarks.figures import Figure, table

BENCHMARKS = {
    "runtime": "a warm and a cold invocation, beside the barest runtime there can be",
    "simulate": "a million records, a small scenario and --help, as whole processes",
    "upload": "from put_object to the visible success record of a warm function",
    "testing": "what the pytest plugin costs a session, a test, and those who do not use it",
    "console": "100,000 events listed in a browser, and what an open page costs a service at 1,000 events/s",
    "engines": "what moto and ministack store in a second, how soon they start, what memory they take",
    "throughput": "a queue and a stream emptied on ministack, beside its own delivery",
    "batches": "the shared layer's batches, beside Powertools as documented",
}
BENCHMARKS = {name: what for name, what in BENCHMARKS.items() if importlib.util.find_spec(f"benchmarks.{name}")}
"""Those that are there: some are about a pipeline that can be taken out."""


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="which; all without it")
    parser.add_argument("--list", action="store_true", help="tell which there are")
    parser.add_argument("--strict", action="store_true", help="exit status 1 if a goal is missed")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(f"{name:12}{what}" for name, what in BENCHMARKS.items()))
        return
    unknown = [name for name in arguments.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]}: choose from {', '.join(BENCHMARKS)}")
    figures = [figure for name in arguments.names or BENCHMARKS for figure in _run(name)]
    demanded = [figure for figure in figures if figure.goal]
    missed = [figure for figure in demanded if not figure.met]
    print(f"{len(demanded) - len(missed)} of {len(demanded)} goals met")
    sys.exit(arguments.strict and bool(missed))


def _run(name: str) -> Sequence[Figure]:
    console = Console()
    benchmark = importlib.import_module(f"benchmarks.{name}")
    began = time.monotonic()
    with console.status(f"{name}: {BENCHMARKS[name]}"):
        figures: Sequence[Figure] = benchmark.figures()
    console.print(table(benchmark.TITLE, benchmark.PEER, figures))
    console.print(f"{name} took {time.monotonic() - began:.0f} s\n", style="dim", highlight=False)
    return figures


if __name__ == "__main__":
    main()
