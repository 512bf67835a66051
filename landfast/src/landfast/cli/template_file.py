"""Finds the template that ``landfast up`` is to run."""

import json
from pathlib import Path
from typing import Any

from landfast.service.state import ServiceError

NAMES = ("template.yaml", "template.yml", "template.json")
"""What SAM CLI looks for, in its order."""

_MANIFEST = "manifest.json"
_STACK = "aws:cloudformation:stack"


def template_files(given: Path | None) -> list[Path]:
    """The templates of what is given, as `template_file`; of several stacks in a folder of the AWS CDK's, all.

    Raises:
        ServiceError: There is none.
    """
    folder = given or Path()
    if not folder.exists():
        raise ServiceError(f"{folder}: there is no such template: give the path of a file, or of a folder with one")
    if folder.is_dir() and (folder / _MANIFEST).is_file() and not any((folder / name).is_file() for name in NAMES):
        return _stacks(folder)
    return [template_file(given)]


def template_file(given: Path | None) -> Path:
    """The template's file: the one that is given, or the one in the folder that is given, or in this one.

    Args:
        given: A file; a folder, such as the AWS CDK's ``cdk.out``; None for the folder in which we are.

    Raises:
        ServiceError: There is none, or there are several stacks to choose from.
    """
    if given is not None and not given.is_dir():
        if not given.exists():
            raise ServiceError(f"{given}: there is no such template: name yours with --template")
        return given
    folder = given or Path()
    found = next((folder / name for name in NAMES if (folder / name).is_file()), None)
    if found is not None:
        return found
    if (folder / _MANIFEST).is_file():
        return _of_cdk(folder)
    if given is None:
        raise ServiceError(f"{NAMES[0]}: there is no such template, nor any other here: name yours with --template")
    raise ServiceError(f"{given}: is a directory without a template: name the template in it with --template")


def _of_cdk(folder: Path) -> Path:
    """The template of the one stack that the AWS CDK has written into a folder."""
    files = _stacks(folder)
    if len(files) != 1:
        choices = ", ".join(map(str, files))
        raise ServiceError(f"{folder}: say which stack's template with --template: there are {choices}")
    return files[0]


def _stacks(folder: Path) -> list[Path]:
    """The templates of the stacks that the AWS CDK has written into a folder, one at least."""
    try:
        artifacts: dict[str, Any] = json.loads((folder / _MANIFEST).read_bytes())["artifacts"]
        files = [each["properties"]["templateFile"] for each in artifacts.values() if each["type"] == _STACK]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ServiceError(f"{folder / _MANIFEST}: is no manifest of the AWS CDK: run `cdk synth` again") from None
    if not files:
        raise ServiceError(f"{folder}: there is no stack in it: run `cdk synth` again")
    return [folder / str(file) for file in files]
