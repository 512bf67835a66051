"""Documents (JSON, CBOR) to the values of calls, and results to documents, by a service's model."""

import base64
import binascii
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeAlias

import msgspec

from landfast.protocols import models, numbers
from landfast.protocols.cbor import Epoch
from landfast.protocols.compiled import Compiled
from landfast.protocols.models import Model, Ref, Shape
from landfast.protocols.wrong import SerializationError, not_a, not_base64

Converter: TypeAlias = Callable[[Any], Any]


def text(value: object) -> str:
    """A string."""
    if type(value) is str:
        return value
    raise not_a(value, "String")


def boolean(value: object) -> bool:
    """A boolean."""
    if type(value) is bool:
        return value
    raise not_a(value, "Boolean")


def blob(value: object) -> bytes:
    """Bytes in base 64."""
    if type(value) is not str:
        raise not_a(value, "Blob")
    try:
        return binascii.a2b_base64(value, strict_mode=True)
    except ValueError:
        raise not_base64() from None


_JSON_READERS: dict[str, Converter] = {
    "string": text,
    "character": text,
    "boolean": boolean,
    "integer": numbers.integer,
    "long": numbers.long,
    "float": numbers.double,
    "double": numbers.double,
    "blob": blob,
    "timestamp": numbers.moment,
}
"""The readers of each scalar type of JSON."""


def as_it_is(value: object) -> object:
    """A value that needs no change."""
    return value


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


_JSON_WRITERS: dict[str, Converter] = dict.fromkeys(_JSON_READERS, as_it_is) | {"blob": _base64}
"""The writers of each scalar type to JSON; timestamps are Unix seconds there."""


def _bytes(value: object) -> bytes:
    if type(value) is bytes:
        return value
    raise not_a(value, "Blob")


def _milliseconds(value: object) -> float:
    if isinstance(value, Epoch):
        return float(value) / 1_000
    return numbers.moment(value) / 1_000


def _tagged(value: float) -> Epoch:
    return Epoch(value * 1_000)


_CBOR_READERS = _JSON_READERS | {"blob": _bytes, "timestamp": _milliseconds}
"""Moments are Unix milliseconds in AWS's CBOR 1.1 (https://github.com/aws/aws-sdk-java-v2/pull/979)."""

_CBOR_WRITERS = _JSON_WRITERS | {"blob": as_it_is, "timestamp": _tagged}


def decoded_json(content: bytes) -> object:
    """The document that JSON text is.

    Raises:
        SerializationError: It is none.
    """
    try:
        document = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise SerializationError(str(error)) from None
    if document is None:
        raise SerializationError("The body is null.")
    return document


class Readers(Compiled[Converter]):
    """Documents to values. Members that the model has not are ignored, and those that are null are not there."""

    def __init__(self, model: Model, scalars: Mapping[str, Converter]) -> None:
        super().__init__(model)
        self._scalars = scalars

    def structure(self, shape: Shape) -> Converter:
        """A dict by the model's names."""
        members = {ref.location_name or name: (name, self.of(ref)) for name, ref in shape.members.items()}

        def read(document: object) -> dict[str, Any]:
            if type(document) is not dict:
                raise not_a(document, "structure")
            found = {}
            for wire, item in document.items():
                if item is not None and (member := members.get(wire)) is not None:
                    found[member[0]] = member[1](item)
            return found

        return read

    def listing(self, shape: Shape, member: Ref, *, flattened: bool) -> Converter:
        """A list; null elements stay, for `landfast.protocols.constraints` to refuse."""
        del shape, flattened
        element = self.of(member)

        def read(document: object) -> list[Any]:
            if type(document) is not list:
                raise not_a(document, "list")
            return [None if item is None else element(item) for item in document]

        return read

    def mapping(self, shape: Shape, key: Ref, value: Ref, *, flattened: bool) -> Converter:
        """A dict; null values stay, for `landfast.protocols.constraints` to refuse."""
        del shape, flattened
        name, element = self.of(key), self.of(value)

        def read(document: object) -> dict[Any, Any]:
            if type(document) is not dict:
                raise not_a(document, "structure")
            return {name(one): None if item is None else element(item) for one, item in document.items()}

        return read

    def scalar(self, shape: Shape) -> Converter:
        """A value without parts."""
        return self._scalars[shape.type]


class Writers(Compiled[Converter]):
    """Values to documents. Members whose value is None are left out; one that the model has not is a fault of ours."""

    def __init__(self, model: Model, scalars: Mapping[str, Converter]) -> None:
        super().__init__(model)
        self._scalars = scalars

    def structure(self, shape: Shape) -> Converter:
        """A dict by the names on the wire."""
        members = {name: (ref.location_name or name, self.of(ref)) for name, ref in shape.members.items()}

        def write(value: Mapping[str, Any]) -> dict[str, Any]:
            document = {}
            for name, item in value.items():
                if item is not None:
                    wire, convert = members[name]
                    document[wire] = convert(item)
            return document

        return write

    def listing(self, shape: Shape, member: Ref, *, flattened: bool) -> Converter:
        """A list."""
        del shape, flattened
        element = self.of(member)
        if element is as_it_is:
            return list
        return lambda value: [element(item) for item in value]

    def mapping(self, shape: Shape, key: Ref, value: Ref, *, flattened: bool) -> Converter:
        """A dict."""
        del shape, flattened, key
        element = self.of(value)
        if element is as_it_is:
            return dict
        return lambda items: {name: element(item) for name, item in items.items()}

    def scalar(self, shape: Shape) -> Converter:
        """A value without parts."""
        return self._scalars[shape.type]


@cache
def json_readers(service: str) -> Readers:
    """Make what reads a service's JSON."""
    return Readers(models.of(service), _JSON_READERS)


@cache
def json_writers(service: str) -> Writers:
    """Make what writes a service's JSON."""
    return Writers(models.of(service), _JSON_WRITERS)


@cache
def cbor_readers(service: str) -> Readers:
    """Make what reads a service's CBOR."""
    return Readers(models.of(service), _CBOR_READERS)


@cache
def cbor_writers(service: str) -> Writers:
    """Make what writes a service's CBOR."""
    return Writers(models.of(service), _CBOR_WRITERS)
