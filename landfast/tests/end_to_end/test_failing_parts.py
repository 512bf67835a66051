"""A running service whose parts are taken away: its engine, its directory, its disk, its terminal."""

import contextlib
import json
import os
import pty
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from landfast.dataplane import engine as engines
from landfast.dataplane.engine import EngineName
from landfast.journal import Settled
from landfast.service.state import StateDirectory
from landfast.service.store import Store
from tests.end_to_end.conftest import PATIENCE, Process, alive, eventually, landfast

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Source: {Type: AWS::SQS::Queue}
  Work:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      CodeUri: code/
      Handler: app.handler
      Timeout: 5
      Events:
        Queue: {Type: SQS, Properties: {Queue: !GetAtt Source.Arn, BatchSize: 1}}
"""
CODE = """
import os
def handler(event, context):
    before = os.umask(0)
    os.umask(before)
    print("x" * event.get("print", 0))
    return {"umask": before, "text": "x" * event.get("return", 0)}
"""


@pytest.fixture
def template(tmp_path: Path) -> Path:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "app.py").write_text(CODE)
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE)
    return path


def group(state: Path) -> int:
    pid: int = json.loads((state / "engine.json").read_bytes())["pid"]
    return pid


def members(of: int) -> list[int]:
    """The processes of a group, zombies not counted."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            state, _, member_of = stat.read_text().rpartition(")")[2].split()[:3]
            if int(member_of) == of and state != "Z":
                found.append(int(stat.parent.name))
    return found


def last_line(output: str) -> str:
    assert "Traceback" not in output, output
    return output.rstrip().splitlines()[-1]


def loose(folder: Path) -> dict[str, str]:
    """What others may do something with, of all that is in a folder; what its links lead to is the user's."""
    return {
        str(path.relative_to(folder)): oct(path.lstat().st_mode & 0o777)
        for path in (folder, *folder.rglob("*"))
        if not path.is_symlink() and path.lstat().st_mode & 0o077
    }


@pytest.fixture
def umask() -> Iterator[int]:
    """The widest one: what is the user's alone under it is so under every other."""
    before = os.umask(0)
    yield 0
    os.umask(before)


def test_everything_in_the_state_directory_is_the_users_alone_and_functions_have_the_users_umask(
    up: Callable[..., Process], template: Path, umask: int, engine: EngineName
) -> None:
    (template.parent / "code" / "requirements.txt").touch()
    process = up(template, "--engine", engine)
    client = process.ready()
    name = client.name("function", "Work")
    client.aws("s3").create_bucket(Bucket="kept")
    client.aws("s3").put_object(Bucket="kept", Key="folder/secret", Body=b"secret")
    client.aws("sqs").send_message(QueueUrl=client.url("Source"), MessageBody="secret")
    answer = client.aws("lambda").invoke(FunctionName=name, Payload=b'{"print": 10}')
    assert json.loads(answer["Payload"].read())["umask"] == umask
    assert eventually((process.state / "logs" / f"{name}.log").exists)
    assert loose(process.state) == {}
    names = {path.name for path in process.state.iterdir()}
    assert names >= {"service.json", "service.sqlite", "service.sqlite-wal", "engine.json", "engine.log", "lease.lock"}
    client.close()
    process.signal(signal.SIGTERM)
    assert loose(process.state) == {}


@pytest.mark.parametrize("victim", ["emulator", "watchdog", "both"])
def test_a_killed_engine_ends_the_service_with_one_line_that_says_what_to_do(
    up: Callable[..., Process], template: Path, victim: str
) -> None:
    process = up(template)
    client = process.ready()
    client.close()
    watchdog = group(process.state)
    [emulator] = [pid for pid in members(watchdog) if pid != watchdog]
    for pid in {"emulator": [emulator], "watchdog": [watchdog], "both": [watchdog, emulator]}[victim]:
        os.kill(pid, signal.SIGKILL)
    output = process.end()
    assert process.process.returncode == 1
    line = last_line(output)
    assert line.startswith("landfast: the engine: moto (process ")
    assert "has ended or was killed" in line
    assert "accepted asynchronous events are kept: start again with `landfast up`" in line
    assert members(watchdog) == []
    queues = landfast("queues", state=process.state)
    assert queues.returncode == 1
    assert "no service is running here: start one with `landfast up`" in last_line(queues.stderr)
    assert landfast("down", state=process.state).stdout == "nothing was running\n"


def test_a_stopped_process_does_not_keep_down_from_ending_all(up: Callable[..., Process], template: Path) -> None:
    process = up(template)
    process.ready().close()
    watchdog = group(process.state)
    os.killpg(watchdog, signal.SIGSTOP)
    assert landfast("down", state=process.state).stdout == "stopped\n"
    process.end()
    assert members(watchdog) == []


def test_a_deleted_state_directory_ends_the_service_with_one_line(up: Callable[..., Process], template: Path) -> None:
    process = up(template)
    process.ready().close()
    watchdog = group(process.state)
    shutil.rmtree(process.state)
    output = process.end()
    assert process.process.returncode == 1
    assert "was deleted or replaced while the service ran" in last_line(output)
    assert eventually(lambda: members(watchdog) == [])


def test_a_port_that_is_taken_is_one_line(template: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = landfast("up", "--template", str(template), "--port", port, state=tmp_path / "state")
    assert ended.returncode == 1
    assert f"port {port} cannot be had (Address already in use): give another one with --port" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert engines.attach(tmp_path / "state") is None


def test_a_disk_that_becomes_full_ends_the_service_and_what_was_accepted_is_kept(
    template: Path, tmp_path: Path
) -> None:
    """The size of files is limited instead of the disk's, which needs no rights."""
    state = tmp_path / "state"
    process = Process(template, state, preexec=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20)))
    client = process.ready()
    watchdog = group(state)
    name = client.name("function", "Work")
    payload = json.dumps({"print": 200_000, "data": "x" * 200_000}).encode()
    accepted = 0
    with contextlib.suppress(Exception):  # whichever call is the one that finds the disk full
        while accepted < 100:
            client.aws("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=payload)
            accepted += 1
    client.close()
    output = process.end()
    assert process.process.returncode == 1
    assert "is the disk full? what was accepted before is kept" in last_line(output)
    assert members(watchdog) == []
    assert StateDirectory(state).holder() is None


def test_a_disk_that_is_full_at_the_start_is_one_line(template: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    process = Process(template, state, preexec=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)))
    output = process.end()
    assert process.process.returncode == 1
    line = last_line(output)
    assert line.startswith("landfast: ")
    assert str(state) in line


def is_at_work(pid: int) -> bool:
    """Whether it is past the start of Python itself and has taken the signals over."""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(caught >> (signal.SIGTERM - 1) & 1)


def test_no_moment_of_the_start_leaves_anything_behind_when_a_signal_comes(template: Path, tmp_path: Path) -> None:
    """Each time another signal, later and later in the start, until one comes after it."""
    state = tmp_path / "state"
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    delay, ended_before_ready = 0.0, 0
    for round_ in range(40):
        number = signals[round_ % 3]
        process = Process(template, state)
        assert eventually(lambda pid=process.process.pid: is_at_work(pid))  # type: ignore[misc]
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.process.wait(delay)
        ready = (state / "service.json").exists()
        for _ in range(1 + round_ % 2):
            process.process.send_signal(number)
        output = process.end()
        assert "Traceback" not in output
        was_ready = "endpoint" in output
        assert process.process.returncode == (0 if was_ready and number != signal.SIGHUP else 128 + number), (
            delay,
            output,
        )
        assert StateDirectory(state).holder() is None
        assert not (state / "service.json").exists()
        assert not (state / "engine.json").exists(), (delay, output)
        assert engines.stop(state) is False
        if ready:
            break
        ended_before_ready += 1
        delay = 1.5 * delay + 0.2
    assert ready, "the last signal came before it was ready"
    assert ended_before_ready >= 3


def test_a_terminal_that_is_closed_ends_the_service(template: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(  # noqa: S606 - the command itself, without a shell
            sys.executable,
            [
                sys.executable, "-c", "from landfast.cli import main; main()",
                "up", "--template", str(template), "--state", str(state),
            ],
        )  # fmt: skip
    assert eventually((state / "service.json").exists)
    watchdog = group(state)
    os.close(terminal)
    latest = time.monotonic() + PATIENCE
    ended, status = 0, 0
    while not ended and time.monotonic() < latest:
        ended, status = os.waitpid(pid, os.WNOHANG)
        time.sleep(0.05)
    assert ended == pid, "it lives on without its terminal"
    assert os.waitstatus_to_exitcode(status) == 128 + signal.SIGHUP
    assert members(watchdog) == []
    assert not alive(watchdog)


@pytest.mark.parametrize(
    "command", [["events", "--last", "0"], ["events", "--follow", "--last", "1"], ["--help"]], ids=" ".join
)
def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path, command: list[str]) -> None:
    with StateDirectory(tmp_path / "state") as directory:
        store = Store(directory.journal)
        store.commit([Settled(at=1.0, source="s", records=(str(n),), state="processed", rule="r") for n in range(5000)])
        store.close()
    state = ["--state", str(tmp_path / "state")] if command != ["--help"] else []
    with subprocess.Popen(
        [sys.executable, "-c", "from landfast.cli import main; main()", *command, *state],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(PATIENCE) in {0, 1}


@pytest.mark.parametrize("command", [["events"], ["--help"]], ids=" ".join)
def test_a_full_disk_behind_standard_output_is_one_line(tmp_path: Path, command: list[str]) -> None:
    with StateDirectory(tmp_path / "state") as directory:
        store = Store(directory.journal)
        store.commit([Settled(at=1.0, source="s", state="processed", rule="r")])
        store.close()
    state = ["--state", str(tmp_path / "state")] if command != ["--help"] else []
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-c", "from landfast.cli import main; main()", *command, *state],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=PATIENCE,
        )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == ["landfast: No space left on device"]
