"""The items of the engine's tables, as we read them ourselves."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from landfast.eventplane.passing import EngineAnswer

TARGET: Final = "DynamoDB_20120810."
"""The beginning of the header `x-amz-target`, before the operation's name."""

MOST_KEYS: Final = 100
"""Keys of one `BatchGetItem` (DynamoDB API)."""

_OK: Final = 200
_SERVER_ERROR: Final = 500


class EngineRefusedError(Exception):
    """The engine refuses to read items; the text has its answer.

    Attributes:
        gone: True if it says that there is no such table.
    """

    def __init__(self, told: str, *, gone: bool) -> None:
        super().__init__(told)
        self.gone = gone


class EngineTables:
    """Calls of our own to the engine's DynamoDB.

    Args:
        ask: Sends the engine a request.
        region: The region.
    """

    def __init__(self, ask: Callable[..., Awaitable[EngineAnswer]], region: str) -> None:
        self._ask = ask
        scope = f"Credential=test/20130524/{region}/dynamodb/aws4_request"
        self._authorization = f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host;x-amz-target, Signature={'0' * 64}"

    async def call(self, operation: str, params: Mapping[str, Any]) -> EngineAnswer:
        """The answer to a call."""
        headers = {
            "authorization": self._authorization,
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": f"{TARGET}{operation}",
        }
        return await self._ask("POST", "/", headers, json.dumps(params).encode())

    async def items(self, table: str, keys: list[Any] | None) -> list[dict[str, Any]]:
        """The items with these keys, or all of them, as the last write has left them.

        Raises:
            EngineRefusedError: The engine refuses to read them.
        """
        if keys is None:
            return await self._every(table)
        found: list[dict[str, Any]] = []
        for start in range(0, len(keys), MOST_KEYS):
            wanted = {table: {"Keys": keys[start : start + MOST_KEYS], "ConsistentRead": True}}
            while wanted:
                result = await self._result("BatchGetItem", {"RequestItems": wanted})
                found += result["Responses"].get(table, [])
                wanted = result.get("UnprocessedKeys") or {}
        return found

    async def _every(self, table: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        params: dict[str, Any] = {"TableName": table, "ConsistentRead": True}
        while True:
            result = await self._result("Scan", params)
            items += result["Items"]
            if not result.get("LastEvaluatedKey"):
                return items
            params["ExclusiveStartKey"] = result["LastEvaluatedKey"]

    async def _result(self, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        given = await self.call(operation, params)
        if given.status == _OK:
            result: dict[str, Any] = json.loads(given.content)
            return result
        text = f"{operation}: HTTP status {given.status}: {given.content[:500].decode(errors='replace')}"
        if given.status >= _SERVER_ERROR:
            raise ConnectionError(text)  # it may well answer the next time
        raise EngineRefusedError(text, gone="ResourceNotFoundException" in text)
