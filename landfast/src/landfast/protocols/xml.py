"""Results as the XML of the query protocol."""

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

from landfast.aws_errors import printed
from landfast.protocols.compiled import Compiled
from landfast.protocols.forms import wire_name
from landfast.protocols.models import Ref, Shape

Writer: TypeAlias = Callable[[str, Any], str]
"""Writes an element's name and its value."""


def _text(name: str, value: object) -> str:
    return f"<{name}>{printed(str(value))}</{name}>"


def _boolean(name: str, value: object) -> str:
    return f"<{name}>{'true' if value else 'false'}</{name}>"


def _blob(name: str, value: bytes) -> str:
    return f"<{name}>{base64.b64encode(value).decode()}</{name}>"


def _moment(name: str, value: float) -> str:
    moment = datetime.fromtimestamp(value, UTC).isoformat(timespec="milliseconds")
    return f"<{name}>{moment.replace('+00:00', 'Z')}</{name}>"


_SCALARS: dict[str, Writer] = {"boolean": _boolean, "blob": _blob, "timestamp": _moment}


class Writers(Compiled[Writer]):
    """Values to elements. Members whose value is None are left out; one that the model has not is a fault of ours."""

    def structure(self, shape: Shape) -> Writer:
        """An element with one for each member."""
        members = {name: (wire_name(self.model, name, ref), self.of(ref)) for name, ref in shape.members.items()}

        def write(name: str, value: Mapping[str, Any]) -> str:
            inner = []
            for member, item in value.items():
                if item is not None:
                    wire, element = members[member]
                    inner.append(element(wire, item))
            return f"<{name}>{''.join(inner)}</{name}>"

        return write

    def listing(self, shape: Shape, member: Ref, *, flattened: bool) -> Writer:
        """An element for each of the list, with one around them unless the list is flattened."""
        del shape
        element = self.of(member)
        if flattened:
            return lambda name, value: "".join(element(name, item) for item in value)
        within = member.location_name or "member"
        return lambda name, value: f"<{name}>{''.join(element(within, item) for item in value)}</{name}>"

    def mapping(self, shape: Shape, key: Ref, value: Ref, *, flattened: bool) -> Writer:
        """An element for each entry, with one around them unless the map is flattened."""
        del shape
        name_of, element_of = key.location_name or "key", value.location_name or "value"
        key_element, value_element = self.of(key), self.of(value)

        def entries(name: str, items: Mapping[Any, Any]) -> str:
            return "".join(
                f"<{name}>{key_element(name_of, one)}{value_element(element_of, item)}</{name}>"
                for one, item in items.items()
            )

        if flattened:
            return entries
        return lambda name, items: f"<{name}>{entries('entry', items)}</{name}>"

    def scalar(self, shape: Shape) -> Writer:
        """A value without parts."""
        return _SCALARS.get(shape.type, _text)
