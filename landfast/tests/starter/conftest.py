"""Nothing here may open a socket."""

import subprocess
from pathlib import Path

import pytest
from pytest_socket import disable_socket

NOBODY = ["-c", "user.name=nobody", "-c", "user.email=nobody@localhost"]


@pytest.fixture(autouse=True)
def _no_network() -> None:
    disable_socket()


@pytest.fixture
def repository(project: Path) -> None:
    """Make the project a repository of git with one commit."""
    for arguments in (["init", "-q"], ["add", "-A"], [*NOBODY, "commit", "-q", "-m", "First"]):
        subprocess.run(["git", *arguments], cwd=project, check=True)  # noqa: S607 - whichever git there is
