"""The settings of asynchronous invocation: `AWS::Lambda::EventInvokeConfig` and `DeadLetterConfig`."""

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar, cast

from landfast.delivery.destinations import Destination, async_destinations, dead_letter
from landfast.delivery.errors import Refused
from landfast.delivery.settings import Settings

T = TypeVar("T")

DEFAULT_RETRIES: Final = 2
DEFAULT_AGE: Final = 21600

_NAMING = {"FunctionName", "Qualifier"}
_SETTING = {"MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig"}
_DIGITS = re.compile(r"-?[0-9]{1,18}")
_JSON_TYPES: Mapping[type, str] = {
    bool: "Boolean",
    dict: "JSONObject",
    float: "Number",
    int: "Integer",
    list: "JSONArray",
    str: "String",
    type(None): "Null",
}


@dataclass(frozen=True, slots=True)
class AsynchronousConfig:
    """The settings for the events of one function, version or alias.

    Attributes:
        maximum_retry_attempts: Retries after the first attempt, 0 to 2.
        maximum_event_age: Seconds that an event may wait for its attempts, 60 to 21600.
        on_success: The destination of the records of successes.
        on_failure: The destination of the records of failures.
        dead_letter: The queue of the failed events themselves; the function's own setting (S-25).
    """

    maximum_retry_attempts: int = DEFAULT_RETRIES
    maximum_event_age: int = DEFAULT_AGE
    on_success: Destination | None = None
    on_failure: Destination | None = None
    dead_letter: Destination | None = None


def configuration(
    properties: Mapping[str, object],
    settings: Settings,
    *,
    function_arn: str = "",
    functions: Container[str] | None = None,
) -> AsynchronousConfig:
    """Read the properties of `AWS::Lambda::EventInvokeConfig` plus `DeadLetterConfig` (S-07, S-20, S-33).

    No properties at all, or a `DeadLetterConfig` alone, is a function without an `EventInvokeConfig`: Lambda's defaults
    hold. Whole numbers may be written as text, as CloudFormation allows.

    Args:
        properties: As in a template, with all references resolved.
        settings: U-4.
        function_arn: The function, which cannot be its own destination.
        functions: The names of the functions that exist, if destinations are to be checked against them.

    Raises:
        Refused: A property that is unknown, of another type, out of its range, or refused by AWS.
    """
    _check_known(properties, _NAMING | _SETTING | {"DeadLetterConfig"}, "")
    if _NAMING & properties.keys() and not _SETTING & properties.keys():
        raise Refused("EventInvokeConfig", "You must specify at least one of error handling or destination setting.")
    destinations = _structure(properties, "DestinationConfig", {"OnSuccess", "OnFailure"})
    on_success, on_failure = async_destinations(
        _text(destinations, "DestinationConfig.OnSuccess", "Destination"),
        _text(destinations, "DestinationConfig.OnFailure", "Destination"),
        settings=settings,
        function_arn=function_arn,
        functions=functions,
    )
    return AsynchronousConfig(
        maximum_retry_attempts=_number(properties, "MaximumRetryAttempts", 0, 2, DEFAULT_RETRIES),
        maximum_event_age=_number(properties, "MaximumEventAgeInSeconds", 60, 21600, DEFAULT_AGE),
        on_success=on_success,
        on_failure=on_failure,
        dead_letter=dead_letter(_text(properties, "DeadLetterConfig", "TargetArn"), settings=settings),
    )


def in_force(configurations: Mapping[str, T], qualifier: str, *, settings: Settings, version: str = "") -> T | None:
    """The configuration that applies to a call: that of the qualifier called, and no other; None if it has none (S-08).

    Args:
        configurations: By qualifier: ``$LATEST``, a version, or an alias.
        qualifier: The qualifier of the call.
        settings: With U-2, an alias that has none takes that of its version.
        version: The version behind an alias.
    """
    config = configurations.get(qualifier)
    if config is None and settings.version_config_for_bare_alias:
        config = configurations.get(version)
    return config


def _structure(properties: Mapping[str, object], path: str, known: set[str]) -> Mapping[str, object]:
    """The structure at the end of `path`, which must hold nothing but `known`; empty if it is not there."""
    value = properties.get(path.rpartition(".")[2], {})
    if not isinstance(value, Mapping):
        raise _wrong_type(path, "JSONObject", value)
    structure = cast("Mapping[str, object]", value)
    _check_known(structure, known, f"{path}.")
    return structure


def _text(properties: Mapping[str, object], path: str, name: str) -> str:
    """The text `name` in the structure at the end of `path`, which holds nothing else."""
    value = _structure(properties, path, {name}).get(name, "")
    if not isinstance(value, str):
        raise _wrong_type(f"{path}.{name}", "String", value)
    return value


def _number(properties: Mapping[str, object], name: str, least: int, most: int, default: int) -> int:
    value = properties.get(name, default)
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong_type(name, "Integer", value)
    member = name[0].lower() + name[1:]
    problem = f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must"
    if value < least:
        raise Refused(name, f"{problem} have value greater than or equal to {least}", code="ValidationException")
    if value > most:
        raise Refused(name, f"{problem} have value less than or equal to {most}", code="ValidationException")
    return value


def _check_known(properties: Mapping[str, object], known: set[str], path: str) -> None:
    for name in properties:
        if name not in known:
            text = f"Encountered unsupported property {name}; there are {', '.join(sorted(known))}"
            raise Refused(f"{path}{name}", text, code="ValidationException")


def _wrong_type(field: str, expected: str, value: object) -> Refused:
    actual = _JSON_TYPES.get(type(value), type(value).__name__)
    return Refused(field, f"expected type: {expected}, found: {actual}", code="ValidationException")
