"""The input of a rule's target: the event, a part of it, a constant, or a text made of its parts.

In a template, ``<name>`` stands for a variable. Within a string its text is put in as it is (of an object or an array,
without quotes, so that the string stays one); elsewhere it is put in as JSON, so that a string gets quotes. What a path
does not find is an empty string. A template that is JSON makes JSON, without spaces; one that is not, such as several
lines of strings, is handed on as it becomes.

Sources: EventBridge User Guide, "Amazon EventBridge input transformation"; recordings of LocalStack
(``tests/aws/services/events/test_events_inputs.snapshot.json``).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import msgspec

from landfast.delivery.strict_json import NotJsonError, json_text, read_json
from landfast.sources.event_paths import MISSING, Path
from landfast.sources.refusal import Refusal

_VARIABLE = re.compile(r"<([A-Za-z0-9_.\-]+)>")
_PREDEFINED: Final = frozenset(
    {
        "aws.events.rule-arn",
        "aws.events.rule-name",
        "aws.events.event",
        "aws.events.event.json",
        "aws.events.event.ingestion-time",
    }
)
_WITHOUT_DETAIL = ("id", "account", "detail-type", "time", "source", "region", "resources", "version")
_DASHLESS = {"detail-type": "detailType"}


class Transformer(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """An `InputTransformer`.

    Attributes:
        input_template: The text with variables.
        input_paths_map: Paths by variable.
    """

    input_template: str
    input_paths_map: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Occasion:
    """The names besides the event that templates may use.

    Attributes:
        rule: The rule's ARN.
        ingested: When EventBridge got the event, as text.
    """

    rule: str
    ingested: str


class InvalidInputError(Exception):
    """A transformed input is not the JSON that its template promised (`INVALID_JSON`)."""


Input: TypeAlias = Callable[[Mapping[str, Any], Occasion], str]
"""Makes the text that a target gets of an event."""


def input_of(constant: str | None, path: str | None, transformer: Transformer | None) -> Input:
    """Make what a target gets. Whatever is given was checked by `check`.

    Args:
        constant: `Input`.
        path: `InputPath`.
        transformer: `InputTransformer`.
    """
    if constant is not None:
        return lambda _, __: constant
    if path is not None:
        read = Path.read(path)
        return lambda event, _: json_text(event if (part := read.of(event)) is MISSING else part)
    if transformer is not None:
        return _transforming(transformer)
    return lambda event, _: json_text(event)


def check(target: str, constant: str | None, path: str | None, transformer: Transformer | None) -> None:
    """Hold a target's input to its rules.

    Args:
        target: The target's id.
        constant: `Input`.
        path: `InputPath`.
        transformer: `InputTransformer`.

    Raises:
        Refusal: It breaks them.
    """
    if sum(given is not None for given in (constant, path, transformer)) > 1:
        raise _invalid(f"Only one of Input, InputPath, or InputTransformer must be provided for target {target}.")
    if constant is not None and not _is_json(constant):
        raise _invalid(f"Input for target {target} is not a valid JSON text.")
    for each in [path, *(transformer.input_paths_map.values() if transformer else ())]:
        if each is not None:
            _check_path(target, each)
    if transformer is not None:
        _check_template(target, transformer)


def _check_path(target: str, path: str) -> None:
    try:
        Path.read(path)
    except ValueError:
        raise _invalid(f"Invalid JSONPath {path} for target {target}.") from None


def _check_template(target: str, transformer: Transformer) -> None:
    reserved = [name for name in transformer.input_paths_map if name.upper().startswith("AWS")]
    if reserved:
        raise _invalid(f"InputPathsMap for target {target} contains reserved variable {reserved[0]}.")
    template = transformer.input_template
    for name in _VARIABLE.findall(template):
        if name not in _PREDEFINED and name not in transformer.input_paths_map:
            raise _invalid(f"InputTemplate for target {target} contains invalid placeholder {name}.")
    if _promises_json(template) and not _is_json(_filled(template, lambda _, within: "" if within else '""')):
        raise _invalid(f"Invalid InputTemplate for target {target} : it is not valid JSON.")


def _transforming(transformer: Transformer) -> Input:
    paths = {name: Path.read(path) for name, path in transformer.input_paths_map.items()}
    promised = _promises_json(transformer.input_template)

    def transform(event: Mapping[str, Any], occasion: Occasion) -> str:
        def put(name: str, within: bool) -> str:  # noqa: FBT001 - where the variable stands
            value = paths[name].of(event) if name in paths else _predefined(name, event, occasion)
            value = "" if value is MISSING else value
            if not within:
                return json_text(value)
            return value if isinstance(value, str) else json_text(value).replace('"', "")

        made = _filled(transformer.input_template, put)
        try:
            return json_text(read_json(made))
        except NotJsonError as error:
            if promised:
                raise InvalidInputError(f"the transformed input is not JSON: {error}") from None
            return made

    return transform


def _predefined(name: str, event: Mapping[str, Any], occasion: Occasion) -> object:
    match name:
        case "aws.events.rule-arn":
            return occasion.rule
        case "aws.events.rule-name":
            return occasion.rule.rpartition("/")[2]
        case "aws.events.event.ingestion-time":
            return occasion.ingested
        case "aws.events.event":
            return {_DASHLESS.get(key, key): event[key] for key in _WITHOUT_DETAIL if key in event}
    return event


def _filled(template: str, put: Callable[[str, bool], str]) -> str:
    """The template with its variables put in; `put` is told whether one stands within a string."""
    made: list[str] = []
    within, place = False, 0
    while place < len(template):
        match = _VARIABLE.match(template, place)
        if match is not None:
            made.append(put(match[1], within))
            place = match.end()
            continue
        length = 2 if within and template[place] == "\\" else 1
        if template[place] == '"':
            within = not within
        made.append(template[place : place + length])
        place += length
    return "".join(made)


def _promises_json(template: str) -> bool:
    """Tell whether a template is that of an object or an array."""
    return template.lstrip().startswith(("{", "["))


def _is_json(text: str) -> bool:
    try:
        read_json(text)
    except NotJsonError:
        return False
    return True


def _invalid(text: str) -> Refusal:
    return Refusal("ValidationException", text)
