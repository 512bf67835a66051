"""Values of DynamoDB's attributes in moto, mended in moto's own process.

moto keeps numbers as they were written, makes texts of other values in an ``UpdateItem`` without an expression, and
sets nothing, without a word, where a path leads into what is neither map nor list.
"""

from decimal import Context, Decimal
from typing import Any, Final

from moto.dynamodb.exceptions import InvalidUpdateExpressionInvalidDocumentPath, MockValidationException
from moto.dynamodb.models.dynamo_type import DDBType, DynamoType, Item

from landfast.sources.table_numbers import number

_NUMBERS: Final = Context(prec=38)
"""DynamoDB's numbers have up to 38 digits (Developer Guide, "Data types")."""

_INVALID: Final = "One or more parameter values were invalid:"


def mend() -> None:
    """Let moto keep values so; before its first request."""
    DynamoType.__init__ = Value.__init__  # type: ignore[method-assign, assignment]
    DynamoType.__setitem__ = Value.__setitem__  # type: ignore[method-assign, assignment]
    DynamoType.pop = Value.pop  # type: ignore[method-assign, assignment]
    Item.update_with_attribute_updates = Attributes.update_with_attribute_updates  # type: ignore[method-assign, assignment]


class Attributes(Item):
    """moto's item, mended: the method takes the place of moto's."""

    def update_with_attribute_updates(self, attribute_updates: dict[str, Any]) -> None:
        """Change an item as was usual before expressions (DynamoDB API Reference, "Legacy conditional parameters")."""
        for name, update in attribute_updates.items():
            action, value = update.get("Action", "PUT"), update.get("Value")
            if action == "PUT":
                self.attrs[name] = DynamoType(value)
            elif value is None or (new := _combined(action, self.attrs.get(name), DynamoType(value))) is None:
                self.attrs.pop(name, None)
            else:
                self.attrs[name] = new


def _combined(action: str, old: DynamoType | None, given: DynamoType) -> DynamoType | None:
    """The attribute after something was added to it or taken from it; None if nothing is left of it."""
    if not given.is_set() and (action == "DELETE" or not given.is_number()):
        raise MockValidationException(f"{_INVALID} Action {action} is not supported for the type {given.type}")
    if old is None:
        return given if action == "ADD" else None
    if old.type != given.type:
        raise MockValidationException(f"{_INVALID} Type mismatch for attribute to update")
    if given.is_number():
        return DynamoType({"N": str(_NUMBERS.add(Decimal(old.value), Decimal(given.value)))})
    changed = set(old.value) | set(given.value) if action == "ADD" else set(old.value) - set(given.value)
    return DynamoType({old.type: sorted(changed)}) if changed else None


class Value(DynamoType):
    """moto's value of an attribute, mended: the methods take the places of moto's."""

    def __init__(self, type_as_dict: DynamoType | dict[str, Any]) -> None:
        _make(self, type_as_dict)
        if self.type == DDBType.NUMBER and isinstance(self.value, str):
            self.value = number(self.value)
        elif self.type == DDBType.NUMBER_SET:
            self.value = [*map(number, self.value)]

    def __setitem__(self, key: str | int, value: DynamoType) -> None:
        """Set a member or an element, where the path leads into a map or a list."""
        _enter(self, key)
        _set(self, key, value)

    def pop(self, key: str | int, *default: None) -> None:
        """Take one away, likewise."""
        _enter(self, key)
        _pop(self, key, *default)  # type: ignore[arg-type] # an index, too


def _enter(value: DynamoType, key: str | int) -> None:
    if not (value.is_map() if isinstance(key, str) else value.is_list()):
        raise InvalidUpdateExpressionInvalidDocumentPath


_make, _set, _pop = DynamoType.__init__, DynamoType.__setitem__, DynamoType.pop
