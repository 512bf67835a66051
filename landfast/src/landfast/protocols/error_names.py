"""The names of an error in each protocol."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from landfast.protocols.models import Model, Shape
from landfast.protocols.reading import query_model


@dataclass(frozen=True, slots=True)
class ErrorName:
    """One error.

    Attributes:
        shape: By which SDKs find their exception class.
        kind: The same with its namespace, as ``__type`` has it.
        code: In the query protocol.
        message: The name of the member with the message.
        status: The HTTP status, where the model says it.
    """

    shape: str
    kind: str
    code: str
    message: str = "message"
    status: int | None = None


_GENERAL = {
    "AccessDeniedException": "AccessDenied",
    "InvalidParameterValueException": "InvalidParameterValue",
    "MissingRequiredParameterException": "MissingParameter",
    "SerializationException": "MalformedInput",
    "UnknownOperationException": "InvalidAction",
}
"""Errors that models have not, by their names in JSON: their codes in the query protocol."""

_NAMESPACES = {
    "sqs": "com.amazonaws.sqs#",
    "dynamodb": "com.amazonaws.dynamodb.v20120810#",
    "dynamodbstreams": "com.amazonaws.dynamodb.v20120810#",
}
"""The namespaces before the names of a model's errors in ``__type``; other services write the names alone."""


def error_name(service: str, code: str) -> ErrorName:
    """Return the name of an error, by the name of its shape or by its code in the query protocol."""
    if (found := _modelled(service).get(code)) is not None:
        return found
    shape = next((name for name, query in _GENERAL.items() if query == code), code)
    namespace = ""
    if service in _NAMESPACES:
        namespace = f"com.amazon.coral.{'validate' if shape == 'ValidationException' else 'service'}#"
    return ErrorName(shape, namespace + shape, _GENERAL.get(shape, code))


@cache
def _modelled(service: str) -> dict[str, ErrorName]:
    """The errors of a service's model, by the names of their shapes and by their codes."""
    names = dict(_named(query_model(service), _NAMESPACES.get(service, "")))
    return {error.code: error for error in names.values()} | names


def _named(model: Model, namespace: str) -> Iterator[tuple[str, ErrorName]]:
    for name, shape in model.shapes.items():
        if shape.exception:
            code = shape.error.code or name
            yield name, ErrorName(name, namespace + name, code, _message(shape), shape.error.http_status_code)


def _message(shape: Shape) -> str:
    return next((name for name in shape.members if name.lower() == "message"), "message")
