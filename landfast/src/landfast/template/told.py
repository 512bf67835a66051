"""What AWS's APIs tell of a stack and nothing runs by: its resources, its outputs' descriptions, tags, permissions."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from msgspec.structs import replace

from landfast.template.errors import Mistake, Unavailable
from landfast.template.intrinsics import scalar
from landfast.template.model import OutputDetails, StackResource, Template
from landfast.template.parameters import Withheld
from landfast.template.stack import Stack

_NAMELESS: Final = frozenset({"AWS::Lambda::Permission"})
"""Types without a name of their own that exist all the same: CloudFormation makes one up."""


def resources(stack: Stack, running: Collection[str], run: Collection[str]) -> tuple[StackResource, ...]:
    """The resources that are there, in the template's order.

    Args:
        stack: The stack.
        running: The logical ids of what is run.
        run: The types that are run: what is of one and does not run is not there.
    """
    found = []
    for logical_id, resource in stack.resources.items():
        kind = resource["Type"]
        if kind in run and logical_id not in running:
            continue
        if kind in _NAMELESS:
            found.append(StackResource(logical_id=logical_id, type=kind, physical_id=stack.place.generated(logical_id)))
            continue
        try:
            physical_id = stack.identity(logical_id).ref
        except (Mistake, Unavailable):
            continue  # it was named when the template was read
        given = resource.get("Metadata")
        metadata = given if isinstance(given, dict) else {}
        found.append(StackResource(logical_id=logical_id, type=kind, physical_id=physical_id, metadata=metadata))
    return tuple(found)


def output_details(stack: Stack, declared: Mapping[str, Any], found: Collection[str]) -> dict[str, OutputDetails]:
    """The descriptions and the export names of the outputs that were found."""
    return {
        name: OutputDetails(
            description=_text(stack, declared[name].get("Description")),
            export_name=_text(stack, (declared[name].get("Export") or {}).get("Name")),
        )
        for name in found
    }


def of_stack(template: Template, document: Mapping[str, Any], known: Mapping[str, object]) -> Template:
    """The template with its description and its parameters; of one with NoEcho, stars are told."""
    declared = document.get("Parameters") or {}
    values = {name: _parameter(value) for name, value in known.items() if not isinstance(value, Withheld)}
    hidden = {name for name in values if str(declared.get(name, {}).get("NoEcho")).lower() == "true"}
    parameters = {name: "****" if name in hidden else value for name, value in values.items()}
    return replace(template, description=str(document.get("Description") or ""), parameters=parameters)


def _parameter(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def description(stack: Stack, logical_id: str) -> str:
    """The description of a resource, as far as it can be known here."""
    try:
        return scalar(stack.value(logical_id, "Description")) or ""
    except (Mistake, Unavailable):
        return ""


def tags(stack: Stack, logical_id: str) -> dict[str, str]:
    """The tags of a resource, as far as they can be known here."""
    try:
        given = stack.value(logical_id, "Tags")
    except (Mistake, Unavailable):
        return {}
    listed = given if isinstance(given, list) else []
    return {str(each["Key"]): str(each["Value"]) for each in listed if {"Key", "Value"} <= each.keys()}


def policies(stack: Stack) -> dict[str, dict[str, tuple[Mapping[str, Any], ...]]]:
    """The statements of the functions' own policies, by function and qualifier (empty for none)."""
    found: dict[str, dict[str, tuple[Mapping[str, Any], ...]]] = {}
    for logical_id in stack.of_type("AWS::Lambda::Permission"):
        try:
            given = stack.resolved(logical_id)
            function = stack.function_name(logical_id)
        except (Mistake, Unavailable):
            continue  # it permits what is on AWS only, such as an API, to call the function
        qualifier = str(given["FunctionName"]).partition(f"{function}:")[2]
        arn = stack.place.function_arn(function) + (f":{qualifier}" if qualifier else "")
        statement = permission(stack.place.generated(logical_id), arn, given)
        of_function = found.setdefault(function, {})
        of_function[qualifier] = (*of_function.get(qualifier, ()), statement)
    return found


def permission(sid: str, arn: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The statement of a function's policy that a permission makes.

    Args:
        sid: The id of the statement.
        arn: The function, as it may be called.
        given: ``Action``, ``Principal``, ``SourceArn`` and ``SourceAccount``, as CloudFormation and Lambda call them.
    """
    principal = str(given.get("Principal", "*"))
    conditions = {
        "StringEquals": {"AWS:SourceAccount": given.get("SourceAccount")},
        "ArnLike": {"AWS:SourceArn": given.get("SourceArn")},
    }
    condition = {name: inner for name, inner in conditions.items() if all(inner.values())}
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": principal} if principal.endswith(".amazonaws.com") else {"AWS": principal},
        "Action": given.get("Action"),
        "Resource": arn,
        **({"Condition": condition} if condition else {}),
    }


def _text(stack: Stack, declared: object) -> str:
    try:
        return scalar(stack.resolver.resolve(declared, ("Outputs",))) or ""
    except (Mistake, Unavailable):
        return ""
