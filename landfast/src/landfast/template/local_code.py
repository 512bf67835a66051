"""Code of this machine, named so that SAM can translate a template that has not been packed for AWS."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from landfast.template.errors import Mistake, Unavailable
from landfast.template.findings import Findings, reason_of
from landfast.template.intrinsics import Resolver, function_of

CODE_BUCKET: Final = "local-code"
"""The bucket that code seems to be in, for the translator wants it in S3; each object's key tells whose code it is."""

_HERE = "."
"""The template's folder, where SAM CLI looks for code that no property names."""

_FUNCTION = "AWS::Serverless::Function"
_PATHS: Mapping[str, str] = {
    "AWS::Serverless::Api": "DefinitionUri",
    _FUNCTION: "CodeUri",
    "AWS::Serverless::HttpApi": "DefinitionUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
    "AWS::Serverless::StateMachine": "DefinitionUri",
    "AWS::Lambda::Function": "Code",
    "AWS::Lambda::LayerVersion": "Content",
}
_OF_CODE = frozenset({"CodeUri", "ContentUri", "Code", "Content"})


def local_paths(template: dict[str, Any], resolver: Resolver, findings: Findings) -> dict[str, str]:
    """Write a location in `CODE_BUCKET` for each local path of a template; the paths by the keys.

    A resource whose path cannot be known is taken out of the template, and named.
    """
    paths: dict[str, str] = {}
    shared = _shared(template)
    if (path := shared.get("CodeUri")) is not None:
        try:
            _locate(shared, "CodeUri", path, "Globals/CodeUri", paths, resolver)
        except (Mistake, Unavailable) as error:
            findings.leaves_out("Globals.Function", "CodeUri", reason_of(error))
            del shared["CodeUri"]
    resources = template["Resources"]
    for logical_id, name, path in [*_declared(resources, shared)]:
        properties = resources[logical_id]["Properties"]
        try:
            _locate(properties, name, path, f"{logical_id}/{name}", paths, resolver)
        except (Mistake, Unavailable) as error:
            findings.loses(logical_id, resources.pop(logical_id), f"Properties.{name}: {reason_of(error)}")
    return paths


def name_images(template: dict[str, Any]) -> None:
    """Name an image where there is none: `sam build` does, and until then SAM refuses the function."""
    shared = _shared(template)
    for resource in template["Resources"].values():
        properties = resource["Properties"]
        if resource["Type"] == _FUNCTION and _is_image(properties, shared):
            uri = properties.get("ImageUri") or shared.get("ImageUri")
            if not uri:
                properties["ImageUri"] = f"{CODE_BUCKET}:latest"


def _declared(resources: Mapping[str, Any], shared: Mapping[str, Any]) -> Iterator[tuple[str, str, object]]:
    """Each path: the logical id, the property, and what it says or what is meant when it says nothing."""
    for logical_id, resource in resources.items():
        kind, properties = resource["Type"], resource["Properties"]
        name = _PATHS.get(kind)
        if name is None:
            continue
        path = properties.get(name)
        if path in (None, {}) and name in _OF_CODE:
            inherited = kind == _FUNCTION and (shared.get("CodeUri") or properties.get("InlineCode"))
            if inherited or _is_image(properties, shared if kind == _FUNCTION else {}):
                properties.pop(name, None)
                continue
            path = _HERE
        if path is not None:
            yield logical_id, name, path


def _locate(  # noqa: PLR0917 - a property, and where its path is noted
    properties: dict[str, Any], name: str, path: object, key: str, paths: dict[str, str], resolver: Resolver
) -> None:
    if function_of(path):
        path = resolver.resolve(path, ())
    if isinstance(path, str) and not path.startswith("s3://"):
        paths[key] = path
        path = {"S3Bucket": CODE_BUCKET, "S3Key": key} if name in ("Code", "Content") else f"s3://{CODE_BUCKET}/{key}"
    properties[name] = path


def _is_image(properties: Mapping[str, Any], shared: Mapping[str, Any]) -> bool:
    return bool({**shared, **properties}.get("PackageType") == "Image")


def _shared(template: Mapping[str, Any]) -> dict[str, Any]:
    settings = template.get("Globals")
    of_functions = settings.get("Function") if isinstance(settings, dict) else None
    return of_functions if isinstance(of_functions, dict) else {}
