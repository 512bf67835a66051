"""The file in which a starter describes itself."""

import re
import tomllib
from pathlib import Path, PurePosixPath

import msgspec

from landfast.errors import LandfastError
from landfast.starter.marks import OWNER

FILE = "starter.toml"
TEMPLATE = "template.yaml"
COOKIECUTTER = "{{cookiecutter.project_name}}"
"""What stands for the name in a starter that `sam init --location`, which uses cookiecutter, takes as well."""

NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_LONGEST_NAME = 40
"""Names of queues and buckets begin with the stack's, and need room for their own part: they end at 80 and at 63."""


class StarterError(LandfastError):
    """A starter, or what is asked of it, that cannot be used. Its text is one line."""


class Description(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a starter says of itself.

    Attributes:
        name: The name that its own files give the project; the new name takes its place.
        named: The files in which it does, as paths or patterns.
        pipelines: Those that it came with, as the marks in its files name them.
        zip: Where the starter is that this folder only builds.
    """

    name: str
    named: tuple[str, ...] = ()
    pipelines: tuple[str, ...] = ()
    zip: str | None = None


def describe(folder: Path, *, called: str | None = None) -> Description:
    """Read what the starter in a folder says of itself.

    Args:
        folder: Where it is.
        called: What errors call it, if not by its folder.

    Raises:
        StarterError: It says nothing, or something wrong.
    """
    name = called or str(folder)
    try:
        content = tomllib.loads((folder / FILE).read_text(encoding="utf-8"))
        described = msgspec.convert(content, Description)
    except FileNotFoundError:
        raise StarterError(f"{name}: this is no starter: it has no {FILE}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise StarterError(f"{name}: {FILE}: {error}") from error
    if not (folder / TEMPLATE).is_file():
        raise StarterError(f"{name}: this is no starter: it has no {TEMPLATE}")
    for problem in _problems(described):
        raise StarterError(f"{name}: {FILE}: {problem}")
    return described


def name_problem(name: str) -> str | None:
    """Say why a project cannot have this name, if so; it names stacks, queues, buckets and packages alike."""
    if not NAME.fullmatch(name):
        return f"'{name}' is no project name: use small letters, digits and single dashes, and begin with a letter"
    if len(name) > _LONGEST_NAME:
        return f"'{name}' is too long for a project name: use at most {_LONGEST_NAME} characters"
    return None


def _problems(described: Description) -> list[str]:
    problem = name_problem(described.name) if described.name != COOKIECUTTER else None
    paths = [("named", path) for path in described.named]
    paths += [("zip", described.zip)] if described.zip is not None else []
    return [
        *([f"name: {problem}"] if problem else []),
        *(f"{key}: '{path}' leads out of the folder" for key, path in paths if leads_out(path)),
        *(
            f"pipelines: '{name}' is no name of a pipeline: use small letters and digits in words, as in 'order files'"
            for name in described.pipelines
            if not re.fullmatch(OWNER, name) or name == "shared"
        ),
    ]


def leads_out(path: str) -> bool:
    """Say whether a path that should be inside a folder may lead out of it."""
    pure = PurePosixPath(path)
    return not path or pure.is_absolute() or ".." in pure.parts or "\\" in path or bool(re.match(r"[A-Za-z]:", path))
