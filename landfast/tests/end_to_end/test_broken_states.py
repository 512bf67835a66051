"""Every command against every kind of state directory that it cannot use: one line, no traceback, and an end."""

import os
import signal
import sqlite3
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from landfast.cli import app
from landfast.dataplane import engine as engines
from landfast.service.state import StateDirectory
from landfast.service.store import Store

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Size: {Type: Number, Default: 1}
Resources:
  Source: {Type: AWS::SQS::Queue}
"""
COMMANDS = {
    "up": ["up", "--template", "template.yaml"],
    "down": ["down"],
    "events": ["events"],
    "events --follow": ["events", "--follow"],
    "queues": ["queues"],
    "peek": ["peek", "Source"],
    "invoke": ["invoke", "Work"],
    "send s3": ["send", "s3", "template.yaml"],
    "send kinesis": ["send", "kinesis", "lines", "--key", "a"],
    "send sqs": ["send", "sqs", "lines"],
    "send events": ["send", "events", "lines", "--source", "s", "--detail-type", "d"],
}


@dataclass(frozen=True)
class Ended:
    status: int
    out: str
    err: str


@dataclass
class Commands:
    """Runs commands in this process: a process of its own for each would take a second."""

    monkeypatch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]

    def run(self, *arguments: str) -> Ended:
        self.monkeypatch.setattr(sys, "argv", ["landfast", *arguments])
        status: object = None
        unexpected = ""
        try:
            app.run()
        except SystemExit as ending:
            status = ending.code
        except BaseException:  # noqa: BLE001 - what a user would see as a traceback
            status, unexpected = 1, traceback.format_exc()
        captured = self.capture.readouterr()
        return Ended(status if isinstance(status, int) else 0, captured.out, captured.err + unexpected)


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Commands]:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    (tmp_path / "lines").write_text('{"a": 1}\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "500")
    handlers = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}

    def too_long(*_: object) -> None:
        raise AssertionError("the command hangs")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(60)
    yield Commands(monkeypatch, capsys)
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
    for one, handler in handlers.items():
        signal.signal(one, handler)


def started_before(state: Path) -> Path:
    """A directory as a service leaves it."""
    with StateDirectory(state) as directory:
        Store(directory.journal).close()
    return state


def spoilt(name: str, content: bytes | None = None) -> Callable[[Path], Path]:
    """A directory whose file of that name is something else; a directory without `content`."""

    def make(state: Path) -> Path:
        path = started_before(state) / name
        path.unlink(missing_ok=True)
        if content is None:
            (path / "inner").mkdir(parents=True)
        else:
            path.write_bytes(content)
        return state

    return make


def a_file(state: Path) -> Path:
    state.write_text("not a directory")
    return state


def missing(state: Path) -> Path:
    return state


def truncated(state: Path) -> Path:
    path = started_before(state) / "service.sqlite"
    os.truncate(path, path.stat().st_size // 2)
    return state


def of_the_future(state: Path) -> Path:
    connection = sqlite3.connect(started_before(state) / "service.sqlite")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    return state


def links_to_itself(state: Path) -> Path:
    state.symlink_to(state)
    return state


def unreachable(state: Path) -> Path:
    return state.parent / ("x" * 300)


STATES: dict[str, tuple[Callable[[Path], Path], set[str]]] = {
    # what it is, how it is made, and which commands it does not concern
    "a file": (a_file, set()),
    "below a file": (lambda state: a_file(state) / "state", set()),
    "a link to itself": (links_to_itself, set()),
    "a name that is too long": (unreachable, set()),
    "the system's": (lambda _: Path("/proc/1/state"), {"down"}),
    "missing": (missing, {"up", "down"}),
    "empty": (lambda state: state.mkdir() or state, {"up", "down"}),  # type: ignore[func-returns-value]
    "the user's home": (lambda state: state.parent, {"down"}),
    "left by a service": (started_before, {"up", "down", "events", "events --follow"}),
    "a database that is a directory": (spoilt("service.sqlite"), {"down"}),
    "a database that is none": (spoilt("service.sqlite", b"garbage " * 1000), {"down"}),
    "a truncated database": (truncated, {"down"}),
    "a database of the future": (of_the_future, {"down"}),
    "a lock that is a directory": (spoilt("service.lock"), {"down", "events", "events --follow"}),
    "an engine lock that is a directory": (spoilt("engine.lock"), {"events", "events --follow"}),
    "logs that are a file": (spoilt("logs", b""), {"down", "events", "events --follow"}),
    "a lease that is a directory": (spoilt("lease.lock"), {"down", "events", "events --follow"}),
    "a stale service.json": (spoilt("service.json", b"{"), {"up", "down", "events", "events --follow"}),
    "a service.json that is a directory": (spoilt("service.json"), {"down", "events", "events --follow"}),
}


@pytest.mark.parametrize(
    ("kind", "command"),
    [
        (kind, command)
        for kind, (_, unconcerned) in STATES.items()
        for command in COMMANDS
        # what these two are not concerned by is how they run until Ctrl-C
        if command not in unconcerned or command not in {"up", "events --follow"}
    ],
)
def test_a_state_directory_that_cannot_be_used_is_one_line(
    commands: Commands, tmp_path: Path, kind: str, command: str
) -> None:
    make, unconcerned = STATES[kind]
    state = make(tmp_path / "state")
    ended = commands.run(*COMMANDS[command], "--state", str(state))
    assert "Traceback" not in ended.err
    if command in unconcerned:
        assert (ended.status, ended.err) == (0, "")
        return
    assert ended.status == 1, ended
    [line] = ended.err.splitlines()
    assert line.startswith("landfast: ")
    assert str(state.parent) in line, "the line does not name what is wrong"
    if os.path.isfile(state / "engine.lock"):  # noqa: PTH113 - pathlib's raises for what is no path
        assert not engines._is_locked(state), "an engine is left behind"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--template", "nowhere.yaml"], "nowhere.yaml: there is no such template"),
        (["--template", "folder"], "folder: is a directory"),
        (["--template", "binary"], "binary: is not UTF-8"),
        (["--template", "zeros"], "zeros: "),
        (["--template", "/dev/null"], "/dev/null: not a template"),
        (["--template", "/proc/self/mem"], "/proc/self/mem: cannot be read"),
        (["--template", "lines"], "lines: "),
        (["--parameter", "Size"], "--parameter Size: write NAME=VALUE"),
        (["--parameter", "=1"], "--parameter =1: write NAME=VALUE"),
        (["--parameter", "Nobody=1"], "Parameters.Nobody: the template has no such parameter"),
        (["--parameter", "Size=large"], "Parameters.Size"),
        (["--setting", "U-14"], "--setting U-14: write NAME=VALUE"),
        (["--setting", "U-999=1"], "U-999: ValidationException: no such setting"),
        (["--setting", "U-14=maybe"], "U-14: ValidationException: 'maybe' is not an object with odd_record, order"),
        (["--setting", "U-15=maybe"], "U-15: ValidationException: 'maybe' is not like the default"),
        (["--setting", 'U-13={"cap": NaN}'], "U-13: ValidationException"),
        (["--setting", "U-13=" + "[" * 10_000], "U-13: ValidationException"),
        (["--speed", "nan"], "--speed nan: give a number"),
        (["--speed", "inf"], "--speed inf: give a number"),
        (["--speed", "1e300"], "--speed 1e+300: give a number"),
        (["--region", "us east 1"], "--region 'us east 1': there is no such region"),
        (["--region", "xx-nowhere-9"], "--region 'xx-nowhere-9': there is no such region"),
        (["--region", ""], "--region '': there is no such region"),
        (["--region", "../../etc"], "--region '../../etc': there is no such region"),
        (["--stack", "1 & 2"], "'1 & 2' is no stack name"),
        (["--engine", "localstack"], "--engine localstack: there are moto and ministack"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_an_option_that_makes_no_sense_is_one_line(
    commands: Commands, tmp_path: Path, arguments: list[str], problem: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "binary").write_bytes(b"\x80\xff" * 100)
    (tmp_path / "zeros").write_bytes(bytes(100))
    ended = commands.run("up", "--template", "template.yaml", *arguments, "--state", str(tmp_path / "state"))
    assert ended.status == 1, ended
    [line] = ended.err.splitlines()
    assert problem in line
    assert not (tmp_path / "state" / "engine.json").exists()


@pytest.mark.parametrize(
    "arguments", [["--speed", "fast"], ["--port", "99999"], ["--port", "-1"], ["--no-such-option"]]
)
def test_an_option_of_the_wrong_type_is_a_usage_error(commands: Commands, arguments: list[str]) -> None:
    ended = commands.run("up", *arguments)
    assert ended.status == 2
    assert "Usage: landfast up" in ended.err
    assert "Traceback" not in ended.err
