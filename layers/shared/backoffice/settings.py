"""A function's settings: read from the environment once, when its module loads, and checked there."""

import os
from collections.abc import Mapping

import msgspec

from backoffice.errors import ShopError


class SettingsError(ShopError):
    """The environment does not hold what the function needs; the message names the variable."""


def from_environment[S: msgspec.Struct](settings: type[S], environment: Mapping[str, str] = os.environ) -> S:
    """Read `settings` from the environment.

    The field ``orders_table`` is read from the variable ``ORDERS_TABLE``. Numbers and booleans may be written as
    text, a constraint of the type (``Annotated[int, Meta(ge=1)]``) is checked, and a field with a default may be
    missing. An empty variable counts as missing, since CloudFormation cannot leave one out.

    Raises:
        SettingsError: a variable is missing or has no acceptable value; one line, naming variables, never values.
    """
    fields = msgspec.structs.fields(settings)
    given = {field.encode_name: environment.get(field.name.upper(), "") for field in fields}
    given = {name: text for name, text in given.items() if text}
    missing = [field.name.upper() for field in fields if field.required and field.encode_name not in given]
    if missing:
        raise SettingsError(
            f"{settings.__name__}: set {', '.join(missing)} under Environment.Variables of this function "
            "in template.yaml"
        )
    try:
        return msgspec.convert(given, settings, strict=False)
    except msgspec.ValidationError as error:
        variable, reason = _blame(settings, given)
        raise SettingsError(
            f"{settings.__name__}: {variable} is not acceptable: {reason}; correct it under "
            "Environment.Variables of this function in template.yaml"
        ) from error


def _blame(settings: type[msgspec.Struct], given: Mapping[str, str]) -> tuple[str, str]:
    """The first variable that its field's type refuses, and why (without the value, which may be secret)."""
    for field in msgspec.structs.fields(settings):
        if field.encode_name in given:
            try:
                msgspec.convert(given[field.encode_name], field.type, strict=False)
            except msgspec.ValidationError as error:
                reason = str(error)
                return field.name.upper(), "not one of its values" if reason.startswith("Invalid") else reason
    return "the environment", "the variables contradict each other"
