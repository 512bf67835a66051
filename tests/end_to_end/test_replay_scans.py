"""Replayed scans, by their sample event."""

import json

from tests.end_to_end.conftest import Client


def test_the_sample_range_is_kept_as_missing_since_no_stream_has_it(shop: Client) -> None:
    shop.invoked("replay_scans")
    bucket = shop.name("bucket", "ParkedScans")
    [parked] = shop.aws("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert parked["Key"].endswith(".missing.json")
    content = json.load(shop.aws("s3").get_object(Bucket=bucket, Key=parked["Key"])["Body"])
    assert content["reason"]["error"] == "LeftTheStream"
