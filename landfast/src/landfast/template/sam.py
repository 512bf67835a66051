"""SAM's own resources as CloudFormation's, by aws-sam-translator, offline."""

import copy
import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from landfast import private
from landfast.template.findings import Findings
from landfast.template.intrinsics import Resolver
from landfast.template.local_code import local_paths, name_images
from landfast.template.parameters import Withheld
from landfast.template.references import references

KEPT = "translated.json"
"""The file of the last translation, in a folder that `translate` is given."""

SAM = "AWS::Serverless-2016-10-31"
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
    *,
    findings: Findings,
    keep: Path | None = None,
) -> tuple[dict[str, Any], dict[str, str]]:
    """The template in plain CloudFormation, and the local paths by the keys that stand for them (see `CODE_BUCKET`).

    What SAM refuses is left out and named: a property of Globals, an event of a function, or a resource.

    Args:
        document: The template; it is not changed.
        resolver: Resolves the paths, which may depend on parameters.
        parameters: Their values by name.
        region: For example ``us-east-1``.
        findings: Takes what is to be said.
        keep: A folder in which the last translation is kept; the next one of the same template is read from there.
    """
    template = copy.deepcopy(dict(document))
    paths = local_paths(template, resolver, findings)
    name_images(template)
    resources = template["Resources"]
    serverless = [key for key, each in resources.items() if each["Type"].startswith("AWS::Serverless::")]
    if not serverless and SAM not in transforms(template):
        return template, paths
    if SAM not in transforms(template):
        findings.lines.append(
            f"Transform: add {SAM}: CloudFormation refuses AWS::Serverless types without it; it works here"
        )
    aside = {key: each for key, each in resources.items() if each["Type"] in _ASIDE}
    template["Resources"] = {key: each for key, each in resources.items() if key not in aside}
    if template["Resources"]:
        secret = any(
            isinstance(declared, dict) and declared.get("NoEcho")
            for declared in template.get("Parameters", {}).values()
        )
        available = {name: value for name, value in parameters.items() if not isinstance(value, Withheld)}
        kept = _kept(template, {**available, "AWS::Region": region}, region, None if secret else keep)
        template = kept["template"]
        findings.lines += [line + _withheld(line, resources, parameters) for line in kept["lines"]]
        findings.lost |= kept["lost"]
    template["Resources"].update(aside)
    return template, paths


def _withheld(line: str, resources: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:
    """The end of a line about a resource that asks for parameters without a value: SAM does not say so."""
    asked = references(resources.get(line.partition(" ")[0]), ())
    missing = dict.fromkeys(parameters[name].reason for name, _ in asked if isinstance(parameters.get(name), Withheld))
    return "".join(f"; {reason}" for reason in missing)


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
            found: dict[str, Any] = kept["translated"]
            return found
    translated = _translated(template, parameters, region)
    content = json.dumps({"key": key, "translated": translated})
    with suppress(OSError):  # a folder that takes no file costs the time, no more
        private.folder(folder)
        private.replace(path, content.encode())
    return translated


def _translated(template: dict[str, Any], parameters: Mapping[str, Any], region: str) -> dict[str, Any]:
    """The translation, the lines about what SAM refuses, and the resources that this costs."""
    # Importing the translator takes longer than all the rest of reading a template.
    from landfast.template.translation import Translation  # noqa: PLC0415

    translation = Translation(template, parameters, region)
    translated = translation.of_what_is_right()
    return {"template": translated, "lines": translation.findings.lines, "lost": translation.findings.lost}
