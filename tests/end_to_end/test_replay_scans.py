"""Replayed scans, by their sample event."""

import json

from landfast.testing import Stack
from tests.samples import event


def test_the_sample_range_is_kept_as_missing_since_no_stream_has_it(landfast: Stack) -> None:
    landfast.function("ReplayScans").invoke(event("replay_scans"))
    [(key, parked)] = landfast.s3("ParkedScans").objects().items()
    assert key.endswith(".missing.json")
    assert json.loads(parked)["reason"]["error"] == "LeftTheStream"
