"""S-138: a function has no more of the machine than Lambda gives it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from landfast.runtime import Answered, Runtime, confinement, sandbox
from landfast.runtime.sandbox import TMP
from tests.runtime.conftest import Lab, answer, confined, eventually, frozen, invoke

pytestmark = confined

THREADS = """
import threading
def threads(most):
    done, started = threading.Event(), 0
    try:
        for started in range(most):
            threading.Thread(target=done.wait, daemon=True).start()
    except RuntimeError:
        pass
    done.set()
    return started
"""
TRIES = """
import errno, multiprocessing, os, resource, subprocess, sys, tempfile
from pathlib import Path
def write(path):
    try:
        Path(path).write_text("x")
    except OSError as error:
        return errno.errorcode[error.errno]
def fill(mebibytes):
    with tempfile.TemporaryFile() as file:
        try:
            os.posix_fallocate(file.fileno(), 0, mebibytes << 20)
        except OSError as error:
            return errno.errorcode[error.errno]
def pool():
    try:
        multiprocessing.Pool(2)
    except OSError as error:
        return [errno.errorcode[error.errno], os.path.exists("/dev/shm")]
def handler(event, context):
    kind, *rest = event
    if kind == "fill": return fill(*rest)
    if kind == "write": return write(*rest)
    if kind == "pool": return pool()
    if kind == "pid": return os.getpid()
    if kind == "limits": return [resource.getrlimit(resource.RLIMIT_NPROC), resource.getrlimit(resource.RLIMIT_NOFILE)]
    if kind == "tmp": return [tempfile.gettempdir(), os.environ["HOME"], sorted(os.listdir("/tmp")), os.getcwd()]
    if kind == "devices":
        Path("/dev/null").write_bytes(b"x")
        return [len(os.urandom(4)), subprocess.run("echo out > /dev/stderr", shell=True).returncode]
    if kind == "undo":
        return subprocess.run(["mount", "-o", "remount,bind,rw", "/"], capture_output=True).returncode
"""


@pytest.fixture
def runtime(lab: Lab) -> Runtime:
    return lab.runtime(lab.function(TRIES, timeout=30, memory_mb=512))


def tried(runtime: Runtime, *event: object) -> Any:
    return answer(invoke(runtime, list(event)))


def test_s_138_code_is_read_only_and_a_write_beside_it_restarts_nothing(
    lab: Lab, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("landfast.runtime.source_tree.CHECK_EVERY", 0.0)
    worker = tried(runtime, "pid")
    for path in ("beside.txt", str(lab.root / "orders" / "app.py"), str(lab.root / "above.txt"), "/etc/landfast"):
        assert tried(runtime, "write", path) == "EROFS"
    assert tried(runtime, "pid") == worker


def test_s_138_tmp_is_the_environments_own_and_has_its_size(lab: Lab, runtime: Runtime) -> None:
    temporary, home, before, folder = tried(runtime, "tmp")
    assert (temporary, home, folder) == (TMP, TMP, str(lab.root / "orders"))
    assert set(before) < set(os.listdir(TMP))  # noqa: PTH208 - names are what is compared
    kept = f"{TMP}/kept-for-the-next-{os.getpid()}"
    assert tried(runtime, "write", kept) is None
    assert not Path(kept).exists()
    assert Path(kept).name in tried(runtime, "tmp")[2]
    assert [tried(runtime, "fill", size) for size in (500, 600)] == [None, "ENOSPC"]
    larger = lab.runtime(lab.function(TRIES, timeout=30, ephemeral_storage_mb=700))
    assert [tried(larger, "fill", size) for size in (600, 701)] == [None, "ENOSPC"]
    assert Path(kept).name not in tried(larger, "tmp")[2]


def test_s_138_there_is_no_shared_memory_so_that_a_pool_of_processes_fails(runtime: Runtime) -> None:
    name, has_folder = tried(runtime, "pool")
    assert name in {"ENOSYS", "ENOENT"}, "which of them is up to the C library"
    assert not has_folder
    assert tried(runtime, "devices") == [4, 0]


def test_s_138_open_files_processes_and_threads_are_limited(runtime: Runtime) -> None:
    assert tried(runtime, "limits") == [[1024, 1024], [1024, 1024]]


def test_s_138_a_user_who_is_not_root_can_have_1024_processes_and_threads() -> None:
    """Linux does not count those of root, so the sandbox is entered as somebody else."""
    python, options = sys.executable, dict[str, Any]()
    if os.getuid() == 0:
        python, options = "/usr/bin/python3", {"user": 65534, "group": 65534, "extra_groups": []}
        if not Path(python).exists():
            pytest.skip(f"there is no {python}, which others than root may run")
    script = Path(sandbox.__file__).read_text() + THREADS + "print(threads(1200), end='')"
    told = subprocess.run(
        [python, "-I", "-"], input=script, capture_output=True, text=True, check=False, cwd="/", **options
    )  # the new /tmp would hide a checkout that is there
    assert told.stderr == ""
    assert told.stdout == "1023", "threads beside the main one"


def test_what_confines_a_function_cannot_be_undone_by_it(runtime: Runtime) -> None:
    assert tried(runtime, "undo") != 0
    assert tried(runtime, "write", "/etc/landfast") == "EROFS"


def test_s_138_what_a_thread_would_send_after_the_return_is_not_sent_before_the_next_invocation(lab: Lab) -> None:
    spec = lab.function(
        """
        import os, socket, threading
        def reply(connection):
            connection.sendall(connection.recv(4))
        def handler(event, context):
            global thread
            if event:
                connection = socket.create_connection(("127.0.0.1", event))
                thread = threading.Thread(target=reply, args=(connection,))
                thread.start()
                return os.getpid()
            else:
                thread.join()
        """,
        timeout=20,
    )
    runtime = lab.runtime(spec)
    with socket.create_server(("127.0.0.1", 0)) as server:
        worker = answer(invoke(runtime, server.getsockname()[1]))
        connection, _ = server.accept()
    assert eventually(lambda: frozen(worker))
    with connection:
        connection.settimeout(0.3)
        connection.sendall(b"sent")
        with pytest.raises(TimeoutError):
            connection.recv(4)
        connection.settimeout(30)
        assert isinstance(invoke(runtime), Answered)
        assert connection.recv(4) == b"sent"


def test_code_that_is_tmp_itself_is_run_without_a_sandbox() -> None:
    assert confinement.kept([Path("/usr/lib"), Path(TMP)]) is None


def test_a_worker_keeps_of_the_machines_tmp_what_it_is_made_of_and_what_that_leads_to(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(f"{TMP}/elsewhere/deep")
    assert confinement.kept([Path("/usr/lib"), Path(TMP, "code", "function")]) == frozenset({"code"})
    assert confinement.kept([link]) == frozenset({tmp_path.parts[2], "elsewhere"})


def test_a_system_that_cannot_confine_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert confinement.obstacle.__wrapped__() == ""
    ended = subprocess.CompletedProcess([], 1, "", "Operation not permitted (unshare)\n")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: ended)
    assert confinement.obstacle.__wrapped__() == "user namespaces: Operation not permitted (unshare)"
    monkeypatch.setattr("sys.platform", "darwin")
    assert confinement.obstacle.__wrapped__() == "only Linux has namespaces"
