import sys

import pytest

from tests.architecture.sources import ROOT, imported, python_files, top

FUNCTIONS = sorted(path.name for path in (ROOT / "functions").iterdir() if path.is_dir() and path.name != "__pycache__")
ON_AWS = {"aws_lambda_powertools", "backoffice", "boto3", "botocore", "msgspec"}
"""What the layer and the runtime bring."""

SHARED_RULES = {"replay_scans": {"track_parcels.scan", "track_parcels.tracking"}}
"""A replay handles a record by the code of the function that failed."""


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_imports_itself_the_shared_layer_and_what_lambda_has(function: str) -> None:
    allowed = sys.stdlib_module_names | ON_AWS | {function}
    foreign = {
        f"{path.relative_to(ROOT)}: {module}"
        for path in python_files(f"functions/{function}")
        for module in imported(path)
        if top(module) not in allowed and module not in SHARED_RULES.get(function, ())
    }
    assert foreign == set()


@pytest.mark.parametrize("module", sorted(set().union(*SHARED_RULES.values())))
def test_what_functions_share_is_pure(module: str) -> None:
    path = ROOT / "functions" / f"{module.replace('.', '/')}.py"
    if path.exists():
        assert {top(each) for each in imported(path)}.isdisjoint({"boto3", "botocore", "os"})


def test_the_two_halves_never_import_each_other() -> None:
    application = {"backoffice", *FUNCTIONS}
    crossing = {
        f"{path.relative_to(ROOT)}: {module}"
        for folder, others in (("landfast/src", application), ("functions", {"landfast"}), ("layers", {"landfast"}))
        for path in python_files(folder)
        for module in imported(path)
        if top(module) in others
    }
    assert crossing == set()
