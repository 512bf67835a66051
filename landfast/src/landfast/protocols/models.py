"""AWS's service models, as botocore's distribution carries them.

They are read as the data they are: importing botocore's own code takes longer than answering a thousand requests.
"""

import gzip
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import msgspec


class Ref(msgspec.Struct, rename="camel", frozen=True):
    """A use of a shape.

    Attributes:
        shape: The shape's name.
        location: The part of a REST request or response that holds it; None for the body.
        location_name: The name on the wire, where that differs.
        flattened: True if the elements stand without a list or map around them (query protocol).
        timestamp_format: The format of a timestamp, where it differs from its protocol's.
        result_wrapper: The element around an operation's output (query protocol).
    """

    shape: str
    location: str | None = None
    location_name: str | None = None
    flattened: bool = False
    timestamp_format: str | None = None
    result_wrapper: str | None = None


class ErrorTrait(msgspec.Struct, rename="camel", frozen=True):
    """The form of an error in the query protocol.

    Attributes:
        code: The error's name on the wire.
        http_status_code: The HTTP status code of the response.
    """

    code: str | None = None
    http_status_code: int | None = None


class Shape(msgspec.Struct, rename="camel", frozen=True):
    """A type, with its constraints."""

    type: str
    members: dict[str, Ref] = {}
    required: list[str] = []
    member: Ref | None = None
    key: Ref | None = None
    value: Ref | None = None
    flattened: bool = False
    timestamp_format: str | None = None
    enum: list[str] = []
    min: float | None = None
    max: float | None = None
    pattern: str | None = None
    sensitive: bool = False
    exception: bool = False
    eventstream: bool = False
    error: ErrorTrait = ErrorTrait()


class Http(msgspec.Struct, rename="camel", frozen=True):
    """The form of an action in REST.

    Attributes:
        method: The HTTP method.
        request_uri: The path, with the members in it in braces, and what its query must have.
        response_code: The HTTP status code of an answer without an error.
    """

    method: str = "POST"
    request_uri: str = "/"
    response_code: int = 200


class Operation(msgspec.Struct, frozen=True):
    """An action of a service."""

    input: Ref | None = None
    output: Ref | None = None
    http: Http = Http()


class Metadata(msgspec.Struct, rename="camel", frozen=True):
    """The model's facts about a service as a whole."""

    api_version: str
    protocol: str
    json_version: str = "1.0"
    target_prefix: str = ""
    xml_namespace: str = ""
    signing_name: str = ""


class Model(msgspec.Struct, frozen=True):
    """One service."""

    metadata: Metadata
    operations: dict[str, Operation]
    shapes: dict[str, Shape]


@lru_cache(64)
def load(service: str) -> Model | None:
    """The newest model of a service by botocore's name for it, or None where botocore has none."""
    if (path := _path(service)) is None:
        return None
    content = path.read_bytes()
    return msgspec.json.decode(gzip.decompress(content) if path.suffix == ".gz" else content, type=Model)


def of(service: str) -> Model:
    """The model of a service that botocore surely has.

    Raises:
        LookupError: It has none.
    """
    if (model := load(service)) is None:
        message = f"botocore has no model of {service!r}"
        raise LookupError(message)
    return model


def _path(service: str) -> Path | None:
    spec = find_spec("botocore")
    if spec is None or not spec.submodule_search_locations or not service.replace("-", "").isalnum():
        return None
    versions = Path(spec.submodule_search_locations[0]) / "data" / service
    return max(versions.glob("*/service-2.json*"), default=None)
