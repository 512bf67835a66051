"""What is shipped in the layer is what is locked and tested, and it is light."""

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from tests.template.stack import ROOT

LAYER = ROOT / "layers" / "shared"
MOST_BYTES = 4.5 * 1_048_576


def exported() -> dict[str, tuple[str, set[str]]]:
    """Return version and hashes of each requirement of the layer."""
    text = (LAYER / "requirements.txt").read_text().replace("\\\n", " ")
    return {
        found["name"]: (found["version"], set(re.findall(r"--hash=(\S+)", line)))
        for line in text.splitlines()
        if (found := re.match(r"(?P<name>[\w.-]+)==(?P<version>\S+)", line))
    }


def locked() -> dict[str, tuple[str, set[str]]]:
    """Return version and hashes of what uv.lock has for the group `layer`, dependencies included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["name"]
    lock: dict[str, Any] = tomllib.loads((ROOT / "uv.lock").read_text())
    packages = {package["name"]: package for package in lock["package"]}
    wanted = [each["name"] for each in packages[project]["dev-dependencies"]["layer"]]
    found: dict[str, tuple[str, set[str]]] = {}
    while wanted:
        name = wanted.pop()
        package = packages[name]
        files = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
        found[name] = package["version"], {file["hash"] for file in files}
        wanted += [each["name"] for each in package.get("dependencies", []) if each["name"] not in found]
    return found


def test_the_layers_requirements_are_those_of_the_lock() -> None:
    found, expected = exported(), locked()
    assert {name: version for name, (version, _) in found.items()} == {
        name: version for name, (version, _) in expected.items()
    }
    for name, (_, hashes) in found.items():
        assert hashes, name
        assert hashes <= expected[name][1], name


def test_the_tested_versions_are_the_shipped_ones() -> None:
    for name, (version, _) in exported().items():
        assert distribution(name).version == version


def test_the_layer_has_no_boto3_and_no_x_ray_sdk() -> None:
    assert set(exported()) == {"aws-lambda-powertools", "jmespath", "msgspec", "typing-extensions"}


def sizes() -> Iterator[int]:
    for name in exported():
        for file in distribution(name).files or []:
            if "__pycache__" not in file.parts and ".." not in file.parts:
                yield Path(file.locate()).stat().st_size
    for path in LAYER.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.stat().st_size


def test_the_unpacked_layer_is_below_its_limit() -> None:
    size = sum(sizes())
    assert 3_000_000 < size < MOST_BYTES
