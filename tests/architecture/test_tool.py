# --- the tool ---
"""The tool knows nothing of the shop, and the shop knows the tool by what it publishes."""

import re

import pytest

from tests.architecture.sources import ROOT, imported, python_files, top

TOOL = ROOT / "landfast" / "src" / "landfast"
SHOPS_WORDS = re.compile(r"payments|receipts|parcel|ImportOrders", re.IGNORECASE)


def names() -> set[str]:
    """Return the template's logical ids and outputs, the functions' folders and the scenes' names."""
    template = (ROOT / "template.yaml").read_text()
    declared = re.findall(r"^  ([A-Z][A-Za-z0-9]+):$", template[template.index("\nResources:") :], re.MULTILINE)
    folders = {path.parent.name for path in (ROOT / "functions").rglob("app.py")}
    return {*declared, *folders, *(path.stem for path in (ROOT / "demo" / "scenes").glob("[a-z]*.py"))}


def mentions(text: str) -> set[str]:
    words = re.findall(r"\w+", re.sub(r"AWS::\w+::\w+", "", text))  # the type of a resource is AWS's word
    return {*SHOPS_WORDS.findall(text), *(names() & set(words))}


def test_the_tool_names_nothing_of_the_shop() -> None:
    files = [path for path in TOOL.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert len(files) > 100
    found = {str(path.relative_to(ROOT)): told for path in files if (told := mentions(path.read_text()))}
    assert found == {}


@pytest.mark.parametrize("name", ["Payments", "receipts", "parcelId", "importOrders", *sorted(names())])
def test_such_a_name_would_be_found(name: str) -> None:
    assert mentions(f'invoke("{name}")')


@pytest.mark.parametrize("folder", ["demo", "tests/end_to_end", "tests/local_invoke"])
def test_the_demonstration_and_the_tests_use_what_the_tool_publishes(folder: str) -> None:
    used = {module for path in python_files(folder) for module in imported(path) if top(module) == "landfast"}
    assert used <= {"landfast.testing", "landfast.starter"}
    assert "landfast.testing" in used
