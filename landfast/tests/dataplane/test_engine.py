import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from landfast.dataplane import engine as engines
from landfast.dataplane import engine_watchdog, ministack
from landfast.dataplane.clients import Clients
from landfast.dataplane.errors import EngineError

PATIENCE = 60.0
"""Real seconds that a busy machine may need; nobody waits longer than for what is waited for."""


def _lives(group: int) -> bool:
    """Whether the process group has a member that is more than a zombie."""
    if not Path("/proc/self/stat").exists():
        listed = subprocess.run(["/bin/ps", "-axo", "pgid=,stat="], capture_output=True, text=True, check=True).stdout
        return any(int(row.split()[0]) == group and row.split()[1][0] != "Z" for row in listed.splitlines())
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            state, _, member_of = stat.read_text().rpartition(")")[2].split()[:3]
            if int(member_of) == group and state != "Z":
                return True
    return False


def _eventually(reached: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not reached():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_an_engine_listens_on_loopback_only_and_leaves_no_process_and_port_behind(tmp_path: Path) -> None:
    with engines.start(tmp_path, stack="shop") as running:
        port, group = running.state.port, running.state.pid
        assert _lives(group)
        listening = Path("/proc/net/tcp")
        if listening.exists():
            addresses = re.findall(rf"([0-9A-F]{{8}}):{port:04X} 00000000:0000 0A", listening.read_text())
            assert addresses == ["0100007F"]
    assert not _lives(group)
    assert engines.attach(tmp_path) is None
    with socket.socket() as probe, pytest.raises(ConnectionRefusedError):
        probe.connect(("127.0.0.1", port))


def test_an_engine_survives_its_service_and_is_found_again_with_its_data(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path; from landfast.dataplane import engine, clients;"
        "running = engine.start(Path(sys.argv[1]), stack='shop');"
        "clients.Clients(running.url, 'us-east-1').sqs.create_queue(QueueName='kept');"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    with engines.obtain(tmp_path, stack="shop") as running:
        clients = Clients(running.url, "us-east-1")
        assert clients.sqs.get_queue_url(QueueName="kept")["QueueUrl"].endswith("/kept")
        clients.close()


def test_an_engine_of_another_stack_is_not_taken_over(tmp_path: Path) -> None:
    with engines.start(tmp_path, stack="shop") as running:
        with pytest.raises(EngineError, match="moto still runs with the resources of stack shop") as refused:
            engines.obtain(tmp_path, stack="bank")
        assert "\n" not in str(refused.value)
        with pytest.raises(EngineError, match="an engine runs already"):
            engines.start(tmp_path, stack="shop")
        assert running.is_alive()


def test_a_new_engine_has_another_data_id(tmp_path: Path) -> None:
    with engines.start(tmp_path, stack="shop") as first:
        again = engines.obtain(tmp_path, stack="shop")
        again.release()
        assert again.state.data_id == first.state.data_id
    with engines.start(tmp_path, stack="shop") as second:
        assert second.state.data_id != first.state.data_id


def test_a_reused_process_id_is_neither_attached_nor_killed(tmp_path: Path) -> None:
    sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
    with subprocess.Popen(sleeper, start_new_session=True) as stranger:
        state = engines.State(
            engine="moto", data_id="x", pid=stranger.pid, port=1, stack="shop", account="123456789012"
        )
        (tmp_path / "engine.json").write_bytes(msgspec.json.encode(state))
        (tmp_path / "engine.lock").touch()
        assert engines.attach(tmp_path) is None
        assert engines.stop(tmp_path) is False
        assert stranger.poll() is None
        stranger.kill()


def test_stopping_ends_a_process_that_ignores_sigterm(tmp_path: Path) -> None:
    with engines.start(tmp_path, stack="shop") as running:
        os.killpg(running.state.pid, signal.SIGSTOP)
        assert engines.stop(tmp_path)
    assert not _lives(running.state.pid)


def test_an_engine_whose_keeper_was_killed_is_found_again_and_stopped(tmp_path: Path) -> None:
    started = engines.start(tmp_path, stack="shop")
    started.release()
    os.kill(started.state.pid, signal.SIGKILL)
    found = engines.attach(tmp_path)
    assert found is not None
    found.stop()
    assert not _lives(started.state.pid)


def test_stopping_twice_does_no_harm(tmp_path: Path) -> None:
    running = engines.start(tmp_path, stack="shop")
    running.stop()
    assert engines.stop(tmp_path) is False


def test_an_engine_ends_when_its_state_directory_is_gone(tmp_path: Path) -> None:
    directory = tmp_path / "state"
    running = engines.start(directory, stack="shop")
    for file in directory.iterdir():
        file.unlink()
    directory.rmdir()
    assert _eventually(lambda: not _lives(running.state.pid))
    running.release()


def test_an_engine_that_no_service_comes_back_to_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "PATIENCE", 0.5)
    running = engines.start(tmp_path, stack="shop")
    time.sleep(1)
    assert running.is_alive()
    running.release()
    assert _eventually(lambda: not _lives(running.state.pid))


def test_a_port_that_is_taken_is_named_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(EngineError, match=r"moto ended while starting: .*in use") as refused:
            engines.start(tmp_path, stack="shop", port=taken.getsockname()[1])
    assert "\n" not in str(refused.value)
    assert engines.attach(tmp_path) is None


def test_ministack_without_uv_says_how_to_mend_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(ministack, "_LOCAL_UV", tmp_path / "uv")
    with pytest.raises(EngineError, match=r"install uv, or use moto$"):
        engines.start(tmp_path / "state", "ministack", stack="shop")


BROKEN = [b"", b"{", b"\xff\xfe", b"[]", b'{"pid": 1}', b"{" * 100_000]


@pytest.mark.parametrize("content", BROKEN)
def test_a_broken_state_file_of_nobody_is_in_nobodys_way(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "engine.json").write_bytes(content)
    (tmp_path / "engine.lock").write_bytes(content)
    assert engines.attach(tmp_path) is None
    assert engines.stop(tmp_path) is False


@pytest.mark.parametrize("lock", ["named", "empty"])
def test_a_broken_state_file_of_a_running_engine_is_one_line_and_the_engine_can_be_ended(
    tmp_path: Path, lock: str
) -> None:
    running = engines.start(tmp_path, stack="shop")
    if lock == "empty":  # as an older version leaves it
        (tmp_path / "engine.lock").write_bytes(b"")
    for content in BROKEN:
        (tmp_path / "engine.json").write_bytes(content)
        with pytest.raises(EngineError, match=r"engine\.json: cannot be read .* `landfast down` ends") as refused:
            engines.attach(tmp_path)
        assert "\n" not in str(refused.value)
    assert engines.stop(tmp_path) is True
    assert not _lives(running.state.pid)
    running.release()


@pytest.mark.parametrize("victim", ["watchdog", "emulator"])
def test_an_engine_that_was_killed_has_ended(tmp_path: Path, victim: str) -> None:
    with engines.start(tmp_path, stack="shop") as running:
        assert not running.has_ended()
        assert running.answers()
        found = engines.attach(tmp_path)
        assert found is not None
        parent = running.state.pid
        [emulator] = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        os.kill(parent if victim == "watchdog" else int(emulator), signal.SIGKILL)
        assert _eventually(running.has_ended)
        assert _eventually(found.has_ended)
        found.release()
    assert not _lives(running.state.pid)


def test_a_start_that_is_not_wanted_any_more_ends_at_once_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="broken off"):
        engines.start(tmp_path, stack="shop", cancelled=lambda: True)
    assert engines.attach(tmp_path) is None
    assert not (tmp_path / "engine.json").exists()


def test_a_log_that_grows_is_cut_and_goes_on_at_its_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_watchdog, "LONGEST_LOG", 1_000)
    log = tmp_path / "engine.log"
    with log.open("ab", buffering=0) as emulator:
        for n in range(50):
            emulator.write(b"%03d %s\n" % (n, b"x" * 95))
            engine_watchdog._shorten(log)
    assert log.stat().st_size <= 1_100
    kept = [line[:3] for file in ("engine.log.1", "engine.log") for line in (tmp_path / file).read_text().splitlines()]
    assert kept == [f"{n:03}" for n in range(50 - len(kept), 50)]
    assert len(kept) >= 11


def test_each_engine_answers_under_its_url_and_keeps_its_log(engine: engines.Engine) -> None:
    with socket.create_connection(("127.0.0.1", engine.state.port), timeout=5):
        assert engine.url == f"http://127.0.0.1:{engine.state.port}"
    assert engine.log.exists()
    assert engine.is_alive()
