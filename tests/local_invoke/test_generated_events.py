"""The unit tests' events are those that the SAM CLI generates: the one of uv.lock, as a newer one may differ."""

import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path("tests/unit/functions/generated")
GENERATE = """
import sys
from samcli.cli.main import cli

for event in sys.argv[1:]:
    cli.main(["local", "generate-event", *event.split("-", 1)], standalone_mode=False)
    print(end="\\0", flush=True)
"""
"""The CLI's own door, through which all events go at once: it takes much longer to open than each of them."""


def test_the_generated_events_are_what_the_sam_cli_makes() -> None:
    kept = {file.stem: file.read_text() for file in FOLDER.iterdir()}
    python = Path(sys.executable).with_name("sam").resolve().with_name("python")
    made = subprocess.run(
        [python, "-c", GENERATE, *kept], env={**os.environ, "SAM_CLI_TELEMETRY": "0"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    assert kept
    assert dict(zip(kept, made.stdout.split("\0"), strict=False)) == kept
