"""The unit tests' events are those that the SAM CLI generates: the one of uv.lock, as a newer one may differ."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FILES = sorted(Path("tests/unit/functions/generated").iterdir())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_generated_event_is_what_the_sam_cli_makes(file: Path) -> None:
    service, _, kind = file.stem.partition("-")
    sam = Path(sys.executable).with_name("sam")
    made = subprocess.run(
        [sam, "local", "generate-event", service, kind], env={**os.environ, "SAM_CLI_TELEMETRY": "0"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (made.stdout, made.returncode) == (file.read_text(), 0), made.stderr
