import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from landfast.journal import Accepted
from landfast.runtime.model import LogRecord
from landfast.service.logs import LogFiles
from landfast.service.state import Resource, Running, ServiceError, StateDirectory
from landfast.service.store import Store

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


def modes(folder: Path) -> dict[str, str]:
    """What others may do, of everything in a folder and of the folder itself."""
    return {
        str(path.relative_to(folder)): oct(path.lstat().st_mode & 0o777)
        for path in (folder, *folder.rglob("*"))
        if not path.is_symlink() and path.lstat().st_mode & 0o077
    }


@pytest.fixture(params=[0o022, 0o000], ids=["umask 022", "umask 000"])
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    assert os.umask(before) == request.param, "the umask is the functions' as well, and the user's to choose"


@pytest.mark.usefixtures("_umask")
def test_everything_is_the_users_alone_from_the_start(tmp_path: Path) -> None:
    above = tmp_path / "made" / "on the way"
    with StateDirectory(above / "state") as directory:
        directory.announce(RUNNING)
        store = Store(directory.journal)
        store.commit([Accepted(at=1.0)])
        logs = LogFiles(directory.path / "logs")
        logs.write(LogRecord(function="orders", request_id="r", time=0.0, kind="OUTPUT", text="a secret"))
        assert {path.name for path in directory.path.iterdir()} >= {"service.sqlite-wal", "service.sqlite-shm"}
        assert modes(above.parent) == {}
        store.close()
        logs.close()


def test_a_state_directory_that_others_could_look_into_is_tightened_and_what_its_links_lead_to_is_not(
    tmp_path: Path,
) -> None:
    state, code = tmp_path / "state", tmp_path / "code"
    (state / "layers" / "shop-source").mkdir(parents=True)
    (state / "logs").mkdir()
    code.mkdir()
    (code / "app.py").touch(0o644)
    (state / "layers" / "shop-source" / "python").symlink_to(code)
    for name in ("service.lock", "service.sqlite", "engine.log", "logs/orders.log"):
        (state / name).touch()
    for path in (code, state, *state.rglob("*")):
        path.chmod(0o777)
    with StateDirectory(state):
        assert modes(state) == {}
    assert modes(code) == {".": "0o777", "app.py": "0o644"}


def test_a_directory_with_other_things_in_it_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "README.md").touch()
    project.chmod(0o755)
    with pytest.raises(ServiceError, match=r"is no state directory, it holds README.md: name a new or empty one"):
        StateDirectory(project).__enter__()
    assert [path.name for path in project.iterdir()] == ["README.md"]
    assert project.stat().st_mode & 0o777 == 0o755


def test_a_file_of_ours_that_is_a_link_is_refused_and_what_it_leads_to_stays_as_it_is(tmp_path: Path) -> None:
    state, victim = tmp_path / "state", tmp_path / "victim"
    state.mkdir()
    victim.write_text("precious")
    (state / "service.lock").symlink_to(victim)
    with pytest.raises(ServiceError, match=r"service.lock: is a symbolic link"):
        StateDirectory(state).__enter__()
    assert victim.read_text() == "precious"


def a_file(path: Path) -> Path:
    path.write_text("not a directory")
    return path


def below_a_file(path: Path) -> Path:
    return a_file(path) / "state"


def the_kernels(path: Path) -> Path:
    del path
    return Path("/proc/state")


def a_lock_that_is_a_folder(path: Path) -> Path:
    (path / "service.lock").mkdir(parents=True)
    return path


def a_service_that_cannot_be_removed(path: Path) -> Path:
    (path / "service.json" / "inner").mkdir(parents=True)
    (path / "service.lock").touch()
    return path


@pytest.mark.parametrize(
    "make", [a_file, below_a_file, the_kernels, a_lock_that_is_a_folder, a_service_that_cannot_be_removed]
)
def test_a_directory_that_cannot_be_used_is_one_line_that_names_it(
    tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    state = make(tmp_path / "state")
    with pytest.raises(ServiceError, match=f"^{state.parent}.*: mend that, or name another directory with --state$"):
        StateDirectory(state).__enter__()


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b'{"pid": 1}', b"null", b"{" * 100_000])
def test_what_another_version_has_announced_is_one_line(tmp_path: Path, content: bytes) -> None:
    with StateDirectory(tmp_path):
        (tmp_path / "service.json").write_bytes(content)
        with pytest.raises(ServiceError, match="`landfast down`, then `landfast up`"):
            StateDirectory(tmp_path).running()


@pytest.mark.parametrize("content", [b"", b"nobody", b"\xff" * 30, b"-1", b"99999999999999999999999", "²".encode()])
def test_a_lock_that_names_nobody_is_nobodys_unless_it_is_held(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "service.lock").write_bytes(content)
    assert StateDirectory(tmp_path).holder() is None
    with StateDirectory(tmp_path):
        assert StateDirectory(tmp_path).holder() == os.getpid()
        (tmp_path / "service.lock").write_bytes(content)
        assert StateDirectory(tmp_path).holder() == 0


def test_a_look_at_the_lock_keeps_no_service_from_starting(tmp_path: Path) -> None:
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            StateDirectory(tmp_path).holder()

    looking = [threading.Thread(target=look) for _ in range(2)]
    for thread in looking:
        thread.start()
    try:
        for _ in range(200):
            with StateDirectory(tmp_path):
                pass
    finally:
        done.set()
        for thread in looking:
            thread.join()


def test_a_directory_that_was_deleted_or_replaced_meanwhile_is_noticed(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with StateDirectory(state) as directory:
        assert directory.is_intact()
        state.rename(tmp_path / "moved")
        assert not directory.is_intact()
        with StateDirectory(state) as second:
            assert second.is_intact()
            assert not directory.is_intact()
            second.announce(RUNNING)
            directory.__exit__(None, None, None)
            assert second.running() == RUNNING, "the first one took away what the second one had announced"


def test_what_a_killed_service_announced_is_not_taken_for_the_next_one_that_starts(tmp_path: Path) -> None:
    (tmp_path / "service.lock").write_text("4194305")
    killed = msgspec.structs.replace(RUNNING, pid=4194305)
    with StateDirectory(tmp_path):
        (tmp_path / "service.json").write_bytes(msgspec.json.encode(killed))
        with pytest.raises(ServiceError, match="is starting or stopping: try again"):
            StateDirectory(tmp_path).running()
