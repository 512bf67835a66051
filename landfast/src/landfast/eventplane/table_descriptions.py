"""The streams of tables in the answers of DynamoDB's table operations, of which the engine knows nothing."""

import json
import zlib
from collections.abc import Mapping
from typing import Any, Final

from landfast.aws_errors import Operation, answer
from landfast.eventplane.passing import EngineAnswer
from landfast.sources.table_stream import Settings

SPECIFICATION: Final = "StreamSpecification"
VIEWS: Final = ("NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES", "KEYS_ONLY")

_OK: Final = 200
_MEMBERS: Final = (SPECIFICATION, "LatestStreamArn", "LatestStreamLabel")
_BODY: Final = frozenset({"content-length", "x-amz-crc32"})


def is_done(given: EngineAnswer) -> bool:
    """Tell whether the engine has done what was asked for."""
    return given.status == _OK


def description(given: EngineAnswer) -> dict[str, Any]:
    """The table's description in an answer."""
    content = json.loads(given.content)
    table: dict[str, Any] = content.get("Table") or content.get("TableDescription") or {}
    return table


def key_schema(table: Mapping[str, Any]) -> dict[str, str]:
    """The key attributes of a described table, with their types."""
    return {each["AttributeName"]: each["KeyType"] for each in table.get("KeySchema", ())}


def with_stream(given: EngineAnswer, member: str, stream: Settings | None) -> EngineAnswer:
    """An answer that tells of the table's stream.

    Args:
        given: The engine's.
        member: The place of the table's description: ``Table`` or ``TableDescription``.
        stream: The last stream that the table got.
    """
    before = description(given)
    table = {name: value for name, value in before.items() if name not in _MEMBERS}
    if stream is not None:
        table |= {"LatestStreamArn": stream.arn, "LatestStreamLabel": stream.label}
        if stream.disabled is None:
            table[SPECIFICATION] = {"StreamEnabled": True, "StreamViewType": stream.view_type}
    same = table == before and member in json.loads(given.content)
    return given if same else with_content(given, json.dumps({member: table}).encode())


def with_content(given: EngineAnswer, content: bytes) -> EngineAnswer:
    """An answer with another body; DynamoDB's clients check the sum of it, if the answer has one."""
    headers = {name: value for name, value in given.headers.items() if name.lower() not in _BODY}
    if any(name.lower() == "x-amz-crc32" for name in given.headers):
        headers["x-amz-crc32"] = str(zlib.crc32(content))
    return EngineAnswer(given.status, headers, content)


def refused(operation: str, message: str, code: str = "ValidationException") -> EngineAnswer:
    """AWS's error for a call that it would refuse."""
    shown = answer(Operation("json", operation, "dynamodb"), 400, code, message)
    return EngineAnswer(shown.status, {**shown.headers, "x-amz-crc32": str(zlib.crc32(shown.content))}, shown.content)


def problem(specification: Mapping[str, Any]) -> str | None:
    """Why AWS would refuse a stream's specification; None if it is sound."""
    enabled, view = specification.get("StreamEnabled"), specification.get("StreamViewType")
    if not isinstance(enabled, bool):
        return (
            "1 validation error detected: Value null at 'streamSpecification.streamEnabled' failed to satisfy "
            "constraint: Member must not be null"
        )
    if enabled and view not in VIEWS:
        return (
            "One or more parameter values were invalid: StreamViewType must be one of "
            f"{', '.join(VIEWS)} where StreamEnabled is true"
        )
    if not enabled and view is not None:
        return "One or more parameter values were invalid: StreamViewType belongs to an enabled stream"
    return None
