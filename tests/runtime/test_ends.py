"""Nothing outlives the service, however it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runtime.conftest import Lab, answer, eventually, failure, invoke, running

SERVICE = """
import sys
from pathlib import Path
from landfast.runtime import FunctionSpec, Runtime

spec = FunctionSpec(name="f", handler="app.handler", code=Path(sys.argv[1]), arn="arn", timeout=60)
runtime = Runtime([spec], log_sink=lambda entry: print(entry.text, flush=True), client=sys.argv[2])
runtime.invoke("f", b"1", request_id="r")
"""
SPIN = """
import os, signal, subprocess, sys, tempfile
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print("pids", os.getpid(), child.pid, tempfile.gettempdir())
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
        _, worker, child, scratch = service.stdout.readline().split()
        assert service.stdout.readline().startswith("START")
        assert running(int(worker))
        service.send_signal(way)
        service.wait()
        assert eventually(lambda: not running(int(worker)) and not running(int(child)))
        assert eventually(lambda: not Path(scratch).parent.exists())


def test_a_time_out_kills_the_children_too(lab: Lab) -> None:
    spec = lab.function(
        """
        import subprocess
        def handler(event, context):
            child = subprocess.Popen(["sleep", "60"])
            print(child.pid)
            child.wait()
        """,
        timeout=0.4,
    )
    assert failure(invoke(lab.runtime(spec))).kind == "timeout"
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
        "import os, tempfile\ndef handler(event, context):\n"
        "    return [os.getpid(), os.environ['AWS_LAMBDA_RUNTIME_API'], tempfile.gettempdir()]"
    )
    runtime = lab.runtime(spec)
    pid, address, scratch = answer(invoke(runtime))
    host, port = address.split(":")
    assert host == "127.0.0.1"
    runtime.close()
    assert not running(pid)
    assert not Path(scratch).parent.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=1)
    runtime.close()


def test_the_service_goes_on_without_its_guardian(lab: Lab) -> None:
    runtime = lab.runtime(lab.function("import os\ndef handler(event, context): os._exit(event)"))
    os.kill(runtime._host._guardian.pid, signal.SIGKILL)
    runtime._host._guardian.wait()
    for _ in range(2):
        assert failure(invoke(runtime, 1)).kind == "exit"
