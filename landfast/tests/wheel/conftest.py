"""The wheel, built once."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def uv() -> str:
    found = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.prefix).parent / ".tools" / "bin"))
    if found is None:
        pytest.skip("uv, which builds the wheel, is not here")
    return found


@pytest.fixture(scope="session")
def wheel(uv: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [uv, "build", "--quiet", "--wheel", "--python", sys.executable, "--out-dir", str(folder), str(TOOL)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    [wheel] = folder.glob("*.whl")
    return wheel
