import sys

import pytest

from tests.architecture.sources import ROOT, imported, python_files, top

FUNCTIONS = sorted(path.name for path in (ROOT / "functions").iterdir() if path.is_dir() and path.name != "__pycache__")
ON_AWS = {"aws_lambda_powertools", "boto3", "botocore", "msgspec"}
"""What the layer and the runtime bring."""

SHARED = {path.name for path in (ROOT / "layers" / "shared").iterdir() if path.is_dir() and path.name != "__pycache__"}
"""The layer's own packages."""


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_imports_itself_the_shared_layer_and_what_lambda_has(function: str) -> None:
    allowed = sys.stdlib_module_names | ON_AWS | SHARED | {function}
    foreign = {
        f"{path.relative_to(ROOT)}: {module}"
        for path in python_files(f"functions/{function}")
        for module in imported(path)
        if top(module) not in allowed
    }
    assert foreign == set()


@pytest.mark.parametrize("package", sorted(SHARED))
def test_what_functions_share_imports_none_of_them(package: str) -> None:
    modules = {top(module) for path in python_files(f"layers/shared/{package}") for module in imported(path)}
    assert modules.isdisjoint(FUNCTIONS)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_is_deployed_alone_with_one_package_of_its_name(function: str) -> None:
    """Module names differ between functions, so that type checkers, tests and stack traces can tell them apart."""
    folder = ROOT / "functions" / function
    assert [path.name for path in folder.iterdir() if path.name != "__pycache__"] == [function]
    template = (ROOT / "template.yaml").read_text()
    assert f"      CodeUri: functions/{function}/\n      Handler: {function}.app.handler\n" in template


# --- the tool ---
def test_the_two_halves_never_import_each_other() -> None:
    application = {*SHARED, *FUNCTIONS}
    crossing = {
        f"{path.relative_to(ROOT)}: {module}"
        for folder, others in (("landfast/src", application), ("functions", {"landfast"}), ("layers", {"landfast"}))
        for path in python_files(folder)
        for module in imported(path)
        if top(module) in others
    }
    assert crossing == set()
