"""What is too large for a source, so that it can never arrive: a scenario that holds it is invalid.

Sources: the quotas and API references of Lambda, SQS, Kinesis Data Streams and DynamoDB (section F of the reference).
"""

import base64
import re
from collections.abc import Callable, Mapping
from typing import Final

from landfast.delivery.asynchronous import PAYLOAD_LIMIT
from landfast.delivery.stream_records import attribute_size
from landfast.delivery.strict_json import json_text, text_size
from landfast.simulate.scenario import Generated, Record, Scenario, ScenarioError

SQS_MESSAGE: Final = 1_048_576
"""Bytes of a message in a queue."""

KINESIS_RECORD: Final = 10 * 1_048_576
"""Bytes of a record with its partition key, in a stream whose limit has been raised as far as it goes."""

DYNAMODB_ITEM: Final = 400 * 1024
"""Bytes of an item, its names included."""

DYNAMODB_KEY: Final = 2048
"""Bytes of the value of a partition key."""

_PARTITION_KEY: Final = 256
_GROUP_ID: Final = 128
_EVENT_NAMES: Final = ("INSERT", "MODIFY", "REMOVE")
_IMAGES: Final = ("Keys", "NewImage", "OldImage")
_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_DEEPEST: Final = 32
_SCALARS: Final[Mapping[str, Callable[[object], bool]]] = {
    "S": lambda value: isinstance(value, str),
    "N": lambda value: isinstance(value, str) and _NUMBER.fullmatch(value) is not None,
    "B": lambda value: isinstance(value, str) and _is_base64(value),
    "BOOL": lambda value: isinstance(value, bool),
    "NULL": lambda value: value is True,
}
_SETS: Final = {"SS": "S", "NS": "N", "BS": "B"}


class _UnacceptableError(Exception):
    """What is wrong with a record, and which field of it is at fault."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def check(scenario: Scenario) -> None:
    """Refuse the first record that its source would not take; generated ones are all small.

    Raises:
        ScenarioError: It names the record's field.
    """
    records = scenario.source.records
    if isinstance(records, Generated):
        return
    accept = _SOURCES[scenario.source.type]
    for index, record in enumerate(records):
        try:
            accept(record)
        except _UnacceptableError as error:
            raise ScenarioError(f"source.records[{index}].{error.field}", str(error)) from None


def sent_text(payload: object) -> str:
    """What the producer of a record sends: text as it is, anything else as JSON."""
    return payload if isinstance(payload, str) else json_text(payload)


def _asynchronous(record: Record) -> None:
    _at_most(text_size(json_text(record.payload)), PAYLOAD_LIMIT, "an asynchronous invocation")


def _queue(record: Record) -> None:
    body = sent_text(record.payload)
    if not body:
        raise _UnacceptableError("data", "SQS takes no message without a body")
    _at_most(text_size(body), SQS_MESSAGE, "an SQS message")
    if len(record.key) > _GROUP_ID:
        raise _UnacceptableError("key", f"a message group id has at most {_GROUP_ID} characters")


def _kinesis(record: Record) -> None:
    if len(record.key) > _PARTITION_KEY:
        raise _UnacceptableError("key", f"a partition key has at most {_PARTITION_KEY} characters")
    size = text_size(sent_text(record.payload)) + text_size(record.key)
    _at_most(size, KINESIS_RECORD, "a Kinesis record with its partition key")


def _table(record: Record) -> None:
    if text_size(record.key) > DYNAMODB_KEY:
        raise _UnacceptableError("key", f"the value of a partition key has at most {DYNAMODB_KEY} bytes")
    payload = record.payload
    if not isinstance(payload, dict) or not {"dynamodb", "eventName"} & payload.keys():
        image = payload if isinstance(payload, dict) and typed(payload) else plain_image(payload)
        _check_image("data", image, record.key or record.id)
        return
    if payload.get("eventName", "INSERT") not in _EVENT_NAMES:
        raise _UnacceptableError("data.eventName", f"is not one of {', '.join(_EVENT_NAMES)}")
    change = payload.get("dynamodb", {})
    if not isinstance(change, dict):
        raise _UnacceptableError("data.dynamodb", "is not an object")
    for name in _IMAGES:
        if name in change:
            _check_image(f"data.dynamodb.{name}", change[name], "")


def typed(image: Mapping[str, object]) -> bool:
    """Whether an object is an item in DynamoDB's own words, with a type for each value."""
    types = {*_SCALARS, *_SETS, "L", "M"}
    return bool(image) and all(
        isinstance(value, dict) and len(value) == 1 and value.keys() <= types for value in image.values()
    )


def plain_image(payload: object) -> dict[str, object]:
    """An item made of plain JSON; of what is no object its only attribute is called ``value``."""
    given = payload if isinstance(payload, dict) else {"value": payload}
    return {str(name): _attribute(value, 1) for name, value in given.items()}


def _attribute(value: object, depth: int) -> dict[str, object]:
    """A plain value as a DynamoDB attribute."""
    _check_depth("data", depth)
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int() | float():
            return {"N": f"{value}"}
        case list():
            return {"L": [_attribute(item, depth + 1) for item in value]}
        case dict():
            return {"M": {str(key): _attribute(item, depth + 1) for key, item in value.items()}}
        case _:
            return {"S": str(value)}


def _check_image(field: str, image: object, key: str) -> None:
    if not isinstance(image, dict):
        raise _UnacceptableError(field, "is not an item")
    for name, value in image.items():
        _check_attribute(f"{field}.{name}", value, 1)
    size = sum(text_size(name) + attribute_size(value) for name, value in image.items())
    if key and "id" not in image:
        size += len("id") + text_size(key)
    _at_most(size, DYNAMODB_ITEM, "a DynamoDB item", field)


def _check_attribute(field: str, value: object, depth: int) -> None:
    """Refuse what is no attribute value: an object of one type and its content."""
    _check_depth(field, depth)
    match value:
        case {"L": list(items), **rest} if not rest:
            members = [*items]
        case {"M": dict(items), **rest} if not rest:
            members = [*items.values()]
        case dict() if len(value) == 1 and _is_scalar(value):
            members = []
        case _:
            raise _UnacceptableError(field, 'is not an attribute value, such as {"S": "text"}')
    for member in members:
        _check_attribute(field, member, depth + 1)


def _is_scalar(value: Mapping[str, object]) -> bool:
    [(kind, content)] = value.items()
    if kind in _SETS:
        return isinstance(content, list) and bool(content) and all(map(_SCALARS[_SETS[kind]], content))
    return kind in _SCALARS and _SCALARS[kind](content)


def _check_depth(field: str, depth: int) -> None:
    if depth > _DEEPEST:
        raise _UnacceptableError(field, f"a DynamoDB item is nested at most {_DEEPEST} levels deep")


def _at_most(size: int, limit: int, what: str, field: str = "data") -> None:
    if size > limit:
        raise _UnacceptableError(field, f"{size} bytes are more than the {limit} of {what}, so it could never arrive")


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        return False
    return True


_SOURCES: Final[Mapping[str, Callable[[Record], None]]] = {
    "async": _asynchronous,
    "sqs": _queue,
    "kinesis": _kinesis,
    "dynamodb": _table,
}
