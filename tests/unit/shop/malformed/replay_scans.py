"""Records of failed ranges, and the scans that are in the stream."""

import json
from random import Random
from typing import Any

from tests.unit.shop.malformed import Event, Queue
from tests.unit.shop.malformed.track_parcels import scan
from tests.unit.shop.mutations import spoilt_payload


class Subject(Queue):
    """Its message names a record of the stream; both may be spoilt."""

    stores = ("idempotency", "parcels", "history")

    def prepare(self) -> None:
        self.client("kinesis").create_stream(StreamName="scans", ShardCount=1)
        self.client("s3").create_bucket(Bucket="parked", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        self.scan = json.dumps(scan("replayed")).encode()
        super().prepare()

    def parked(self) -> list[str]:
        answer = self.client("s3").list_objects_v2(Bucket="parked")
        return [entry["Key"] for entry in answer.get("Contents", [])]

    def state(self) -> dict[str, Any]:
        return super().state() | {"parked": self.parked()}

    def restore(self) -> None:
        super().restore()
        for key in self.parked():
            self.client("s3").delete_object(Bucket="parked", Key=key)

    def payload(self, name: str) -> dict[str, Any]:
        put = self.client("kinesis").put_record(StreamName="scans", Data=self.scan, PartitionKey=name)
        failure: dict[str, Any] = json.loads(self.sample["Records"][0]["body"])
        failure["KinesisBatchInfo"] |= {
            "streamArn": "arn:aws:kinesis:eu-west-1:123456789012:stream/scans",
            "shardId": put["ShardId"],
            "startSequenceNumber": put["SequenceNumber"],
            "endSequenceNumber": put["SequenceNumber"],
        }
        return failure

    def event(self, random: Random, number: int) -> Event:
        self.scan = spoilt_payload(random, scan(f"replayed-{number}"))
        try:
            return super().event(random, number)
        finally:
            self.scan = json.dumps(scan(f"replayed-{number}")).encode()
