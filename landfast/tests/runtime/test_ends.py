"""Nothing outlives the service, however it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runtime.conftest import Clock, Lab, answer, eventually, failure, invoke, running, timed_out

SERVICE = """
import sys
from pathlib import Path
from landfast.runtime import FunctionSpec, Runtime

spec = FunctionSpec(name="f", handler="app.handler", code=Path(sys.argv[1]), arn="arn", timeout=60)
runtime = Runtime([spec], log_sink=lambda entry: print(entry.text, flush=True), client=sys.argv[2])
runtime.invoke("f", b"1", request_id="r")
"""
SPIN = """
import os, signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print("pids", os.getpid(), child.pid, os.environ["LAMBDA_RUNTIME_DIR"])
def handler(event, context):
    while True:
        pass
"""


@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_workers_and_their_children_end_with_the_service_even_when_it_is_killed(
    lab: Lab, client: str, way: signal.Signals
) -> None:
    spec = lab.function(SPIN)
    with subprocess.Popen(
        [sys.executable, "-c", SERVICE, str(spec.code), client],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as service:
        assert service.stdout is not None
        _, worker, child, provided = service.stdout.readline().split()
        assert service.stdout.readline().startswith("START")
        assert running(int(worker))
        service.send_signal(way)
        service.wait()
        assert eventually(lambda: not running(int(worker)) and not running(int(child)))
        assert eventually(lambda: not Path(provided).parent.exists())


def test_a_time_out_kills_the_children_too(lab: Lab, clock: Clock) -> None:
    spec = lab.function(
        """
        import subprocess
        def handler(event, context):
            child = subprocess.Popen(["sleep", "60"])
            print(child.pid)
            child.wait()
        """,
        timeout=60,
    )
    assert timed_out(lab, lab.runtime(spec), None, clock, 60).kind == "timeout"
    child = int(next(entry.text for entry in lab.logs if entry.kind == "OUTPUT"))
    assert eventually(lambda: not running(child))


def test_a_child_that_keeps_the_output_open_does_not_keep_an_exit_unnoticed(lab: Lab) -> None:
    spec = lab.function(
        """
        import os, subprocess
        def handler(event, context):
            if os.fork() == 0:
                os.execvp("sleep", ["sleep", "60"])
            os._exit(5)
        """,
        timeout=20,
    )
    failed = failure(invoke(lab.runtime(spec)))
    assert failed.error["errorMessage"].endswith("exit status 5")
    assert failed.report.duration_s < 5


def test_closing_leaves_no_process_no_port_and_no_file(lab: Lab) -> None:
    spec = lab.function(
        "import os\ndef handler(event, context):\n"
        "    return [os.getpid(), os.environ['AWS_LAMBDA_RUNTIME_API'], os.environ['LAMBDA_RUNTIME_DIR']]"
    )
    runtime = lab.runtime(spec)
    pid, address, provided = answer(invoke(runtime))
    host, port = address.split(":")
    assert host == "127.0.0.1"
    runtime.close()
    assert not running(pid)
    assert not Path(provided).parent.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=1)
    runtime.close()


def test_the_service_goes_on_without_its_reaper(lab: Lab) -> None:
    runtime = lab.runtime(lab.function("import os\ndef handler(event, context): os._exit(event)"))
    os.kill(runtime._host._reaper.pid, signal.SIGKILL)
    runtime._host._reaper.wait()
    for _ in range(2):
        assert failure(invoke(runtime, 1)).kind == "exit"


# Each leaves a process that has left its parent's group, and that only SIGKILL ends; it tells the process's id.
ESCAPES = """
import os, signal, subprocess, sys, time
STUBBORN = [sys.executable, "-c", "import signal, time\\n"
    "for name in ('SIGTERM', 'SIGHUP', 'SIGINT'): signal.signal(getattr(signal, name), signal.SIG_IGN)\\n"
    "print('ready', flush=True)\\ntime.sleep(1000)"]
def setsid():
    child = subprocess.Popen(["setsid", *STUBBORN], stdout=subprocess.PIPE)
    child.stdout.readline()
    return child.pid
def bare():
    child = subprocess.Popen(STUBBORN, stdout=subprocess.PIPE, start_new_session=True, env={}, cwd="/")
    child.stdout.readline()
    return child.pid
def daemon():
    read, write = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.write(write, b"%d" % os.getpid())
            os.close(write)
            os.close(read)
            null = os.open(os.devnull, os.O_RDWR)
            for each in range(3): os.dup2(null, each)
            for name in (signal.SIGTERM, signal.SIGHUP): signal.signal(name, signal.SIG_IGN)
            while True: time.sleep(1000)
        os._exit(0)
    os.wait()
    return int(os.read(read, 20))
"""
ESCAPE = (
    ESCAPES
    + """
def handler(event, context):
    print("escaped", globals()[event[0]](), os.getpid(), flush=True)
    if event[1] == "exit": os._exit(7)
    if event[1] == "crash": os.abort()
    if event[1] == "time out": time.sleep(1000)
"""
)
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux finds what has left its process group")
ways_out = pytest.mark.parametrize("way", ["setsid", "bare", "daemon"])


def escaped(lab: Lab) -> int:
    return int(next(entry.text for entry in lab.logs if entry.text.startswith("escaped")).split()[1])


@linux
@ways_out
@pytest.mark.parametrize("end", ["exit", "crash", "time out"])
def test_what_a_handler_leaves_behind_ends_with_its_worker(lab: Lab, way: str, end: str) -> None:
    runtime = lab.runtime(lab.function(ESCAPE, timeout=3.0 if end == "time out" else 20))
    failed = failure(invoke(runtime, [way, end]))
    assert failed.kind == {"exit": "exit", "crash": "exit", "time out": "timeout"}[end]
    assert not running(escaped(lab))
    if end == "exit":
        assert failed.error["errorMessage"].endswith("exit status 7")


@linux
@ways_out
def test_closing_ends_what_a_handler_has_left_behind(lab: Lab, way: str) -> None:
    runtime = lab.runtime(lab.function(ESCAPE, timeout=20))
    answer(invoke(runtime, [way, "answer"]))
    assert running(escaped(lab))
    runtime.close()
    assert not running(escaped(lab))


@linux
@ways_out
def test_what_a_handler_leaves_behind_ends_with_the_service_even_when_it_is_killed(
    lab: Lab, client: str, way: str
) -> None:
    source = f"{ESCAPES}\nleft = {way}()\nprint('escaped', left, os.getpid(), os.getppid(), flush=True)\n"
    spec = lab.function(source + "def handler(event, context): time.sleep(1000)")
    with subprocess.Popen(
        [sys.executable, "-c", SERVICE, str(spec.code), client],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as service:
        assert service.stdout is not None
        pids = [int(pid) for pid in service.stdout.readline().split()[1:]]
        assert service.stdout.readline().startswith("START")
        assert all(running(pid) for pid in pids)
        service.send_signal(signal.SIGKILL)
        service.wait()
        assert eventually(lambda: not any(running(pid) for pid in pids))


@linux
def test_a_handler_that_kills_its_supervisor_ends_with_it(lab: Lab) -> None:
    spec = lab.function(
        """
        import os, signal, time
        def handler(event, context):
            print(os.getpid(), flush=True)
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(60)
        """,
        timeout=20,
    )
    assert failure(invoke(lab.runtime(spec))).kind == "exit"
    worker = int(next(entry.text for entry in lab.logs if entry.kind == "OUTPUT"))
    assert eventually(lambda: not running(worker))


@linux
def test_a_chain_of_forks_does_not_outrun_its_end(lab: Lab) -> None:
    spec = lab.function(
        """
        import os, time
        def handler(event, context):
            print(os.getpid(), flush=True)
            if os.fork() == 0:
                os.setsid()
                end = time.monotonic() + 30
                while time.monotonic() < end:
                    if os.fork(): os._exit(0)
            time.sleep(60)
        """,
        timeout=1.0,
    )
    assert failure(invoke(lab.runtime(spec))).kind == "timeout"
    folder = str(spec.code)

    def works_there(process: Path) -> bool:
        try:
            return (
                process.name.isdecimal() and str((process / "cwd").readlink()) == folder and running(int(process.name))
            )
        except OSError:
            return False

    assert not any(works_there(process) for process in Path("/proc").glob("[0-9]*"))
