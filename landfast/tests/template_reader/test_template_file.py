"""Which template ``landfast up`` runs."""

import json
from pathlib import Path

import pytest

from landfast.cli.template_file import template_file
from landfast.service.state import ServiceError


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def manifest(folder: Path, *stacks: str) -> Path:
    artifacts = {
        stack: {"type": "aws:cloudformation:stack", "properties": {"templateFile": f"{stack}.template.json"}}
        for stack in stacks
    }
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps({"artifacts": {**artifacts, "Tree": {"type": "cdk:tree"}}}))
    return folder


def test_the_template_is_found_by_itself_in_sam_clis_order(here: Path) -> None:
    for name in ("template.json", "template.yml", "template.yaml"):
        (here / name).touch()
        assert template_file(None) == Path(name)


def test_a_folder_stands_for_the_template_in_it(here: Path) -> None:
    (here / "own").mkdir()
    (here / "own" / "template.yml").touch()
    assert template_file(Path("own")) == Path("own/template.yml")


def test_the_folder_of_a_cdk_application_stands_for_its_one_stack(here: Path) -> None:
    assert template_file(manifest(here / "cdk.out", "Jobs")) == here / "cdk.out" / "Jobs.template.json"


def test_of_several_stacks_one_is_to_be_named(here: Path) -> None:
    with pytest.raises(ServiceError, match=r"say which stack's template .*One.template.json, .*Two.template.json"):
        template_file(manifest(here / "cdk.out", "One", "Two"))


@pytest.mark.parametrize("content", ["", "[]", '{"artifacts": {"A": {}}}'])
def test_a_manifest_that_is_none_is_told(here: Path, content: str) -> None:
    (here / "manifest.json").write_text(content)
    with pytest.raises(ServiceError, match="is no manifest of the AWS CDK"):
        template_file(None)


def test_where_there_is_no_template_it_is_to_be_named(here: Path) -> None:
    (here / "folder").mkdir()
    for given, problem in (
        (None, "template.yaml: there is no such template, nor any other here"),
        (Path("gone.yaml"), "gone.yaml: there is no such template"),
        (Path("folder"), "folder: is a directory without a template"),
    ):
        with pytest.raises(ServiceError, match=problem):
            template_file(given)
