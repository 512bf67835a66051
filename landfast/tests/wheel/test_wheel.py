import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("wheel")

SCENARIO = {"source": {"type": "kinesis", "records": [{"id": "r1"}]}, "mapping": {"StartingPosition": "TRIM_HORIZON"}}


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the wheel is unpacked."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run(site: Path, arguments: Sequence[str], cwd: Path, stdin: str = "") -> str:
    environment = {**os.environ, "PYTHONPATH": str(site)}
    command = [sys.executable, "-P", "-m", "landfast", *arguments]
    ended = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=cwd, env=environment, input=stdin, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_the_wheel_and_not_the_repository_is_what_runs(site: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(site)}
    told = subprocess.run(
        [sys.executable, "-P", "-c", "import landfast; print(landfast.__file__)"],
        capture_output=True, text=True, check=True, cwd=tmp_path, env=environment,
    )  # fmt: skip
    assert told.stdout.startswith(str(site))


def test_a_scenario_is_simulated_with_its_page(site: Path, tmp_path: Path) -> None:
    result = run(site, ["simulate", "-", "--json", "--html", "page.html"], tmp_path, json.dumps(SCENARIO))
    assert json.loads(result)["records"]["r1"]["state"] == "processed"
    page = (tmp_path / "page.html").read_text()
    assert '<style id="plain">' in page
    assert '"console/views/accounts.js":"data:' in page
