"""Newer code and settings are what new invocations run (S-30)."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.runtime.conftest import Lab, answer, eventually, invoke

if TYPE_CHECKING:
    from pathlib import Path

    from landfast.runtime import FunctionSpec


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("landfast.runtime.source_tree.CHECK_EVERY", 0.0)


def test_s_030_a_changed_file_is_run_by_the_next_invocation(lab: Lab) -> None:
    spec = lab.function("def handler(event, context): return 1")
    runtime = lab.runtime(spec)
    assert answer(invoke(runtime)) == 1
    (spec.code / "app.py").write_text("def handler(event, context): return 2")
    assert answer(invoke(runtime)) == 2


def test_s_030_a_changed_file_is_run_wherever_the_service_keeps_its_own_bytecode(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "bytecode"))
    spec = lab.function("def handler(event, context): return 1")
    runtime = lab.runtime(spec)
    assert answer(invoke(runtime)) == 1
    (spec.code / "app.py").write_text("def handler(event, context): return 2")
    assert answer(invoke(runtime)) == 2


def test_s_030_a_new_file_in_a_layer_is_seen(lab: Lab, tmp_path: Path) -> None:
    modules = tmp_path / "layer" / "python" / "shared"
    modules.mkdir(parents=True)
    (modules / "rates.py").write_text("RATE = 1")
    spec = lab.function(
        "from shared.rates import RATE\ndef handler(event, context): return RATE", layers=(tmp_path / "layer",)
    )
    runtime = lab.runtime(spec)
    assert answer(invoke(runtime)) == 1
    (modules / "rates.py").write_text("from shared.newest import RATE")
    (modules / "newest.py").write_text("RATE = 3")
    assert answer(invoke(runtime)) == 3


def test_the_bytecode_that_a_worker_writes_is_no_change(lab: Lab) -> None:
    spec = lab.function("import helper, os\ndef handler(event, context): return os.getpid()")
    (spec.code / "helper.py").write_text("")
    runtime = lab.runtime(spec)
    worker = answer(invoke(runtime))
    assert (spec.code / "__pycache__").is_dir()
    assert answer(invoke(runtime)) == worker


def test_bytecode_is_kept_beside_the_source_that_a_link_leads_to(lab: Lab, tmp_path: Path) -> None:
    package = tmp_path / "packages" / "shared"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("RATE = 1")
    (tmp_path / "layer" / "python").mkdir(parents=True)
    (tmp_path / "layer" / "python" / "shared").symlink_to(package)
    source = "from shared import RATE\ndef handler(event, context): return RATE"
    assert answer(invoke(lab.runtime(lab.function(source, layers=(tmp_path / "layer",))))) == 1
    assert [kept.suffix for kept in (package / "__pycache__").iterdir()] == [".pyc"]


def _wait_for_open(lab: Lab, word: str) -> FunctionSpec:
    return lab.function(
        f"""
        import time
        from pathlib import Path
        def handler(event, context):
            if event:
                (Path(event) / "arrived").touch()
                while not (Path(event) / "open").exists():
                    time.sleep(0.002)
            return {word!r}
        """,
        timeout=20,
    )


@pytest.mark.usefixtures("by_files")
def test_s_030_an_invocation_that_runs_finishes_on_the_old_code(lab: Lab, tmp_path: Path) -> None:
    runtime = lab.runtime(_wait_for_open(lab, "old"))
    gate = tmp_path / "gate"
    gate.mkdir()
    with ThreadPoolExecutor(1) as thread:
        call = thread.submit(invoke, runtime, str(gate))
        assert eventually((gate / "arrived").exists)
        _wait_for_open(lab, "new")
        assert answer(invoke(runtime)) == "new"
        (gate / "open").touch()
        assert answer(call.result()) == "old"
    assert answer(invoke(runtime)) == "new"


def test_s_030_updated_settings_are_those_of_the_next_invocation(lab: Lab) -> None:
    spec = lab.function("import os\ndef handler(event, context): return os.environ['RATE']", environment={"RATE": "1"})
    runtime = lab.runtime(spec)
    assert answer(invoke(runtime)) == "1"
    runtime.update(replace(spec, environment={"RATE": "2"}))
    assert answer(invoke(runtime)) == "2"


def test_a_function_can_be_added(lab: Lab) -> None:
    runtime = lab.runtime()
    runtime.update(lab.function("def handler(event, context): return 'new'"))
    assert answer(invoke(runtime)) == "new"


def test_a_build_that_replaces_the_whole_folder_is_one_change_more(lab: Lab) -> None:
    spec = lab.function("def handler(event, context): return 1")
    runtime = lab.runtime(spec)
    assert answer(invoke(runtime)) == 1
    spec.code.rename(lab.root / "before")
    lab.function("def handler(event, context): return 2")
    assert answer(invoke(runtime)) == 2
