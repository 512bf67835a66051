"""Replayed scans, by their sample event."""

import json

from tests.end_to_end.conftest import RunningShop


def test_the_sample_range_is_kept_as_missing_since_no_stream_has_it(shop: RunningShop) -> None:
    shop.invoked("replay_scans")
    [(key, parked)] = shop.objects("ParkedScans").items()
    assert key.endswith(".missing.json")
    assert json.loads(parked)["reason"]["error"] == "LeftTheStream"
