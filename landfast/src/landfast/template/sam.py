"""SAM's own resources as CloudFormation's, by aws-sam-translator, offline."""

import copy
import hashlib
import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from landfast import private
from landfast.template.errors import Mistake
from landfast.template.intrinsics import Resolver, function_of

CODE_BUCKET = "local-code"
"""The bucket that code seems to be in, for the translator wants it in S3; each object's key tells whose code it is."""

KEPT = "translated.json"
"""The file of the last translation, in a folder that `translate` is given."""

_SAM = "AWS::Serverless-2016-10-31"
_LOCAL_PATHS: Mapping[str, tuple[str, ...]] = {
    "AWS::Serverless::Api": ("DefinitionUri",),
    "AWS::Serverless::Function": ("CodeUri",),
    "AWS::Serverless::HttpApi": ("DefinitionUri",),
    "AWS::Serverless::LayerVersion": ("ContentUri",),
    "AWS::Serverless::StateMachine": ("DefinitionUri",),
    "AWS::Lambda::Function": ("Code",),
    "AWS::Lambda::LayerVersion": ("Content",),
}
_ASIDE = frozenset({"AWS::Serverless::Application", "AWS::Serverless::GraphQLApi"})
"""Types that the translator cannot translate offline, or not without more files."""


def transforms(document: Mapping[str, Any]) -> list[object]:
    """The template's transforms, in order."""
    declared = document.get("Transform", [])
    return declared if isinstance(declared, list) else [declared]


def translate(
    document: Mapping[str, Any],
    resolver: Resolver,
    parameters: Mapping[str, Any],
    region: str,
    keep: Path | None = None,
) -> tuple[dict[str, Any], dict[str, str]]:
    """The template in plain CloudFormation, and the local paths by the keys that stand for them (see `CODE_BUCKET`).

    Args:
        document: The template; it is not changed.
        resolver: Resolves the paths, which may depend on parameters.
        parameters: Their values by name, as far as they are known.
        region: For example ``us-east-1``.
        keep: A folder in which the last translation is kept; the next one of the same template is read from there.

    Raises:
        Mistake: SAM refuses the template.
    """
    template = copy.deepcopy(dict(document))
    paths = _take_paths(template, resolver)
    _name_images(template)
    resources = template["Resources"]
    if _SAM not in transforms(template):
        for logical_id, resource in resources.items():
            if resource["Type"].startswith("AWS::Serverless::"):
                raise Mistake((logical_id,), f"{resource['Type']} needs 'Transform: {_SAM}' at the template's top")
        return template, paths
    aside = {key: each for key, each in resources.items() if each["Type"] in _ASIDE}
    template["Resources"] = {key: each for key, each in resources.items() if key not in aside}
    if template["Resources"]:
        secret = any(declared.get("NoEcho") for declared in template.get("Parameters", {}).values())
        template = _kept(template, {**parameters, "AWS::Region": region}, region, None if secret else keep)
    template["Resources"].update(aside)
    return template, paths


def _kept(template: dict[str, Any], parameters: Mapping[str, Any], region: str, folder: Path | None) -> dict[str, Any]:
    """The translation, read from the folder if that has it: to import the translator takes most of a start."""
    try:
        asked = json.dumps([metadata.version("aws-sam-translator"), template, dict(parameters), region])
    except (TypeError, ValueError):
        folder = None  # something that JSON cannot hold, and a file neither
    if folder is None:
        return _translated(template, parameters, region)
    path, key = folder / KEPT, hashlib.sha256(asked.encode()).hexdigest()
    with suppress(OSError, ValueError, KeyError, TypeError):  # whatever is wrong with the file, it is written anew
        kept = json.loads(path.read_bytes())
        if kept["key"] == key:
            found: dict[str, Any] = kept["template"]
            return found
    translated = _translated(template, parameters, region)
    content = json.dumps({"key": key, "template": translated})
    with suppress(OSError):  # a folder that takes no file costs the time, no more
        private.folder(folder)
        private.replace(path, content.encode())
    return translated


def _translated(template: dict[str, Any], parameters: Mapping[str, Any], region: str) -> dict[str, Any]:
    # Importing the translator takes longer than all the rest of reading a template.
    from samtranslator.metrics.metrics import DummyMetricsPublisher, Metrics  # noqa: PLC0415
    from samtranslator.model.exceptions import (  # noqa: PLC0415
        ExceptionWithMessage,
        InvalidDocumentException,
    )
    from samtranslator.parser.parser import Parser  # noqa: PLC0415
    from samtranslator.translator.translator import Translator  # noqa: PLC0415

    # Of what AWS tries out in its own service it warns, once for each function; no user can do anything about it.
    logging.getLogger("samtranslator.feature_toggle.feature_toggle").setLevel(logging.ERROR)
    # The translator asks a session for its region only; a real one would read the user's AWS profile.
    session = SimpleNamespace(region_name=region)
    metrics = Metrics("ServerlessTransform", DummyMetricsPublisher())
    translator = Translator(managed_policy_map={}, sam_parser=Parser(), boto_session=session, metrics=metrics)
    try:
        translated: dict[str, Any] = translator.translate(
            sam_template=template, parameter_values=dict(parameters), passthrough_metadata=True
        )
    except InvalidDocumentException as error:
        problems = [" ".join(str(cause.message).split()) for cause in error.causes]
        raise Mistake((), f"SAM refuses the template: {'; '.join(problems)}") from None
    except ExceptionWithMessage as error:
        raise Mistake((), f"SAM refuses the template: {' '.join(str(error.message).split())}") from None
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        problem = " ".join(str(error).split())
        raise Mistake(
            (), f"SAM cannot translate the template ({problem}); 'sam validate' may tell where it is wrong"
        ) from error
    finally:
        metrics.publish()  # to nobody; unpublished, they end in a warning on the user's screen
    return translated


def _take_paths(template: dict[str, Any], resolver: Resolver) -> dict[str, str]:
    paths: dict[str, str] = {}
    holders = {
        logical_id: (resource.get("Properties", {}), _LOCAL_PATHS.get(resource["Type"], ()))
        for logical_id, resource in template["Resources"].items()
    }
    holders["Globals"] = (_shared(template), _LOCAL_PATHS["AWS::Serverless::Function"])
    for holder, (properties, names) in holders.items():
        for name in names:
            path = properties.get(name)
            if function_of(path):
                path = resolver.resolve(path, (holder, name))
            if isinstance(path, str) and not path.startswith("s3://"):
                key = f"{holder}/{name}"
                paths[key] = path
                properties[name] = _location(name, key)
    return paths


def _shared(template: Mapping[str, Any]) -> dict[str, Any]:
    settings = template.get("Globals")
    of_functions = settings.get("Function") if isinstance(settings, dict) else None
    return of_functions if isinstance(of_functions, dict) else {}


def _name_images(template: dict[str, Any]) -> None:
    # `sam build` makes the image and names it; until then the translator would refuse the whole template.
    shared = _shared(template)
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        image = {**shared, **properties}.get("PackageType") == "Image"
        if resource["Type"] == "AWS::Serverless::Function" and image and "ImageUri" not in {**shared, **properties}:
            properties["ImageUri"] = f"{CODE_BUCKET}:latest"


def _location(name: str, key: str) -> object:
    if name in ("Code", "Content"):
        return {"S3Bucket": CODE_BUCKET, "S3Key": key}
    return f"s3://{CODE_BUCKET}/{key}"
