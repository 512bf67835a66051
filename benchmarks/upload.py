# --- order files ---
"""From `put_object` to the visible success record of a warm function, through the whole service.

The record is long-polled for, as a consumer would.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import Figure, at_most, median
from landfast.dataplane.queues import Queue
from landfast.service.service import Options, Service

TITLE = "put_object to the visible success record"
PEER = ""

GOAL_MS = 100.0
UPLOADS = 50
WARMING = 5
ROOT = Path(__file__).parents[1]


def figures() -> Sequence[Figure]:
    """Milliseconds of an upload to a warm function."""
    with tempfile.TemporaryDirectory(prefix="landfast-bench-") as folder:
        options = Options(
            template=ROOT / "template.yaml", state=Path(folder) / "state", layers=ROOT / ".landfast" / "layers"
        )
        with Service.start(options) as service:
            times = [_upload(service, number) * 1000 for number in range(WARMING + UPLOADS)][WARMING:]
    return [
        at_most(f"ms, median of {UPLOADS} uploads", median(times), GOAL_MS),
        Figure(name="ms, the fastest", measured=min(times)),
        Figure(name="ms, 90 % are faster", measured=statistics.quantiles(times, n=10)[-1]),
    ]


def _upload(service: Service, number: int) -> float:
    sample = json.loads((ROOT / "events" / "import_orders.jsonl").read_text().splitlines()[0])
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
