"""What stands in for AWS."""

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Context:
    """A Lambda context whose time is what the test says."""

    function_name = "orders"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:eu-west-1:111122223333:function:orders"
    aws_request_id = "8f0c"

    def __init__(self, remaining_ms: float = 30_000) -> None:
        self.remaining_ms = remaining_ms

    def get_remaining_time_in_millis(self) -> int:
        return int(self.remaining_ms)


class OneAtATime:
    """A client whose calls do not overlap, since moto does not isolate transactions from each other; it counts them."""

    def __init__(self, client: "DynamoDBClient") -> None:
        self._client = client
        self._lock = threading.Lock()
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._client, name)
        if not callable(attribute):
            return attribute

        def call(**arguments: Any) -> Any:
            with self._lock:
                self.calls.append(name)
                return attribute(**arguments)

        return call
