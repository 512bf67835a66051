"""Order files in a bucket, and S3's notifications of them."""

import json
from copy import deepcopy
from random import Random

from tests.unit.functions.conftest import EVENTS
from tests.unit.shop import malformed
from tests.unit.shop.malformed import IDENTITIES, Event
from tests.unit.shop.mutations import spoilt_event, spoilt_payload

BUCKET = "inbox"


class Subject(malformed.Subject):
    stores = ("idempotency", "orders")

    def prepare(self) -> None:
        self.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})

    def event(self, random: Random, number: int) -> Event:
        orders = [json.loads(line) for line in (EVENTS / "import_orders.jsonl").read_text().splitlines()]
        lines = [json.dumps(order | {"orderId": f"A-{number}-{n}"}).encode() for n, order in enumerate(orders)]
        event = deepcopy(self.sample)
        if random.random() < 0.7:
            lines[random.randrange(3)] = spoilt_payload(random, orders[0] | {"orderId": f"A-{number}"})
        body = b"\n".join(lines)
        key = f"{number}.jsonl"
        put = self.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)
        event["Records"][0]["s3"]["bucket"]["name"] = BUCKET
        event["Records"][0]["s3"]["object"] = {"key": key, "eTag": put["ETag"].strip('"'), "sequencer": "0055AED6DCD9"}
        if random.random() < 0.4:
            return spoilt_event(random, event, canary=lambda path: not IDENTITIES & set(map(str, path)))
        return event
