import os
from pathlib import Path

import pytest

from landfast.service.state import Resource, Running, ServiceError, StateDirectory

RUNNING = Running(
    pid=os.getpid(),
    endpoint="http://127.0.0.1:1",
    engine="http://127.0.0.1:2",
    stack="shop",
    region="us-east-1",
    speed=1.0,
    resources=(Resource(logical_id="Inbox", kind="bucket", name="inbox"),),
)


def test_a_second_service_in_the_same_directory_is_told_who_runs_there(tmp_path: Path) -> None:
    with StateDirectory(tmp_path), pytest.raises(ServiceError, match=rf"already running here \(pid {os.getpid()}\)"):
        StateDirectory(tmp_path).__enter__()


def test_the_directory_is_free_again_when_the_service_has_ended(tmp_path: Path) -> None:
    for _ in range(2):
        with StateDirectory(tmp_path) as directory:
            assert StateDirectory(tmp_path).holder() == os.getpid()
            directory.announce(RUNNING)
            assert StateDirectory(tmp_path).running() == RUNNING
    assert StateDirectory(tmp_path).holder() is None


def test_without_a_service_one_is_told_how_to_start_it(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="landfast up"):
        StateDirectory(tmp_path).running()


def test_what_a_killed_service_announced_is_not_taken_for_a_running_one(tmp_path: Path) -> None:
    with StateDirectory(tmp_path) as directory:
        directory.announce(RUNNING)
        announced = (tmp_path / "service.json").read_bytes()
    (tmp_path / "service.json").write_bytes(announced)
    with pytest.raises(ServiceError, match="landfast up"):
        StateDirectory(tmp_path).running()
