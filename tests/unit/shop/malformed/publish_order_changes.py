"""Changes of orders, in DynamoDB's own values; the events that are put are kept."""

import json
from copy import deepcopy
from typing import Any, cast

from tests.unit.shop.malformed import Batch, Event
from tests.unit.shop.mutations import CANARY


class Subject(Batch):
    def prepare(self) -> None:
        cast("Any", self.app.events).put_events = self._put_events
        super().prepare()

    def _put_events(self, *, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803  boto3's name
        self.published += Entries
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}] * len(Entries)}

    def payload(self, name: str) -> dict[str, Any]:
        image = deepcopy(self.sample["Records"][0]["dynamodb"]["NewImage"])
        return {**image, "orderId": {"S": name}, "note": {"S": CANARY}, "_moment": {"S": CANARY}}

    def put(self, record: Event, payload: bytes) -> None:
        try:
            record["dynamodb"]["NewImage"] = json.loads(payload)
        except (ValueError, RecursionError):  # there is no text in a stream's record: what is spoilt is a value
            record["dynamodb"]["NewImage"] = {"orderId": {"S": payload.decode("utf-8", "surrogateescape")}, "x": {}}

    def identify(self, record: Event, name: str) -> None:
        record["eventID"] = name
        record["dynamodb"] |= {"SequenceNumber": name, "Keys": {"orderId": {"S": name}}}
