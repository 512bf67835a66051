"""From `put_object` to the visible success record of a warm function, through the whole service.

python -m benchmarks.upload [--uploads 50]
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from landfast.dataplane.queues import Queue
from landfast.service.service import Options, Service

GOAL = 0.100
WARMING = 5
ROOT = Path(__file__).parents[1]


def measure(uploads: int, engine: str) -> list[float]:
    """Seconds of each upload: the record is long-polled for, as a consumer would."""
    with tempfile.TemporaryDirectory(prefix="landfast-bench-") as folder:
        options = Options(
            template=ROOT / "template.yaml",
            state=Path(folder) / "state",
            layers=ROOT / ".landfast" / "layers",
            engine="ministack" if engine == "ministack" else "moto",
        )
        with Service.start(options) as service:
            times = [_upload(service, number) for number in range(WARMING + uploads)]
    return times[WARMING:]


def _upload(service: Service, number: int) -> float:
    sample = json.loads((ROOT / "events" / "orders.jsonl").read_text().splitlines()[0])
    body = json.dumps({**sample, "orderId": f"B-{number}"}).encode()
    results = Queue(service.clients, service.world.queues["S3Success"].url)
    begun = time.perf_counter()
    service.clients.s3.put_object(Bucket=service.world.buckets["OrderFiles"], Key=f"bench/{number}.jsonl", Body=body)
    messages = results.receive(1, wait=20)
    took = time.perf_counter() - begun
    if not messages or f"bench/{number}.jsonl" not in messages[0].body:
        raise RuntimeError(f"upload {number} did not land in S3-success")
    results.delete(messages)
    return took


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uploads", type=int, default=50)
    parser.add_argument("--engine", choices=("moto", "ministack"), default="moto")
    given = parser.parse_args()
    times = measure(given.uploads, given.engine)
    deciles = statistics.quantiles(times, n=10)
    table = Table("put_object to visible record", "ms", "goal", title=f"{given.uploads} uploads, {given.engine}")
    median = statistics.median(times)
    table.add_row("median", f"{median * 1000:.1f}", f"<= {GOAL * 1000:.0f}: {'met' if median <= GOAL else 'MISSED'}")
    table.add_row("fastest", f"{min(times) * 1000:.1f}", "")
    table.add_row("90 %", f"{deciles[-1] * 1000:.1f}", "")
    Console().print(table)


if __name__ == "__main__":
    main()
