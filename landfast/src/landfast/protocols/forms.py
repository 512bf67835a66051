"""Forms of the query protocol to the values of calls (AWS Query: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html)."""

import binascii
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from landfast.aws_errors import AwsError
from landfast.digits import whole_number
from landfast.protocols import numbers
from landfast.protocols.compiled import Compiled
from landfast.protocols.models import Model, Ref, Shape
from landfast.protocols.wrong import not_a, not_base64

Node: TypeAlias = dict[str, Any]
"""A form as a tree: the parts of its names lead to further nodes, and "" to the value where a name ends."""

Reader: TypeAlias = Callable[[Node], Any]


def parsed(query: str, form: bytes) -> dict[str, str]:
    """The parameters of a request, from its query string and its form.

    Raises:
        AwsError: They are no form in UTF-8.
    """
    try:
        text = form.decode()
        return dict(
            pair
            for source in (query, text)
            if source
            for pair in parse_qsl(source, keep_blank_values=True, errors="strict", max_num_fields=10_000)
        )
    except ValueError:
        raise AwsError("MalformedQueryString", "The query string contains a syntax error.") from None


def tree(parameters: dict[str, str]) -> Node:
    """Parameters such as ``Entry.1.Id`` as a tree."""
    root: Node = {}
    for name, value in parameters.items():
        node = root
        for part in name.split("."):
            if not part:
                break
            node = node.setdefault(part, {})
        else:
            node[""] = value
    return root


def _text(node: Node) -> str:
    return str(node.get("", ""))


def _boolean(node: Node) -> bool:
    value = _text(node)
    if value.lower() in {"true", "1"}:
        return True
    if value.lower() in {"false", "0"}:
        return False
    raise not_a(value, "Boolean")


def _integer(node: Node) -> int:
    return numbers.integer_of(_text(node))


def _long(node: Node) -> int:
    return numbers.long_of(_text(node))


def _double(node: Node) -> float:
    return numbers.double_of(_text(node))


def _blob(node: Node) -> bytes:
    try:
        return binascii.a2b_base64(_text(node), strict_mode=True)
    except ValueError:
        raise not_base64() from None


def _moment(node: Node) -> float:
    value = _text(node)
    try:
        when = datetime.fromisoformat(value)
    except ValueError:
        return _double(node)
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


_SCALARS: dict[str, Reader] = {
    "string": _text,
    "character": _text,
    "boolean": _boolean,
    "integer": _integer,
    "long": _long,
    "float": _double,
    "double": _double,
    "blob": _blob,
    "timestamp": _moment,
}


class Readers(Compiled[Reader]):
    """Nodes of forms to values."""

    def structure(self, shape: Shape) -> Reader:
        """A dict; members that the model has not are ignored."""
        members = {wire_name(self.model, name, ref): (name, self.of(ref)) for name, ref in shape.members.items()}

        def read(node: Node) -> dict[str, Any]:
            return {
                found[0]: found[1](inner) for wire, inner in node.items() if (found := members.get(wire)) is not None
            }

        return read

    def listing(self, shape: Shape, member: Ref, *, flattened: bool) -> Reader:
        """A list, in the order of the numbers."""
        del shape
        element = self.of(member)
        within = None if flattened else member.location_name or "member"

        def read(node: Node) -> list[Any]:
            inside = node if within is None else node.get(within, {})
            if inside.get(""):  # one element may go without a number, as in SQS's own example: AttributeName=All
                return [element(inside)]
            return [element(inner) for inner in _numbered(inside)]

        return read

    def mapping(self, shape: Shape, key: Ref, value: Ref, *, flattened: bool) -> Reader:
        """A dict."""
        del shape
        name, element = self.of(key), self.of(value)
        name_of, element_of = key.location_name or "key", value.location_name or "value"

        def read(node: Node) -> dict[Any, Any]:
            return {
                name(entry.get(name_of, {})): element(entry[element_of]) if element_of in entry else None
                for entry in _numbered(node if flattened else node.get("entry", {}))
            }

        return read

    def scalar(self, shape: Shape) -> Reader:
        """A value without parts."""
        return _SCALARS[shape.type]


def wire_name(model: Model, name: str, ref: Ref) -> str:
    """Return a member's name in forms and in XML: elements of a flattened list lend it their name."""
    shape = model.shapes[ref.shape]
    if shape.type == "list" and shape.member and shape.member.location_name and (ref.flattened or shape.flattened):
        return shape.member.location_name
    return ref.location_name or name


def _numbered(node: Node) -> list[Node]:
    numbered = {number: inner for name, inner in node.items() if (number := whole_number(name)) is not None}
    return [inner for _, inner in sorted(numbered.items())]
