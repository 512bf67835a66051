"""S-138: between invocations nothing of an execution environment runs."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from landfast.runtime import Answered
from tests.runtime.conftest import PROC, Clock, Lab, answer, eventually, failure, frozen, invoke, running

pytestmark = pytest.mark.skipif(not PROC, reason="there is no /proc to see who is frozen")

WORK = """
import os, subprocess, sys, threading, time
count = 0
counted = os.open(os.environ.get("COUNT", os.devnull), os.O_WRONLY)
def work():
    global count
    while True:
        count += 1
        os.pwrite(counted, b"%d" % count, 0)
        time.sleep(0.001)
threading.Thread(target=work, daemon=True).start()
CHILD = "import time\\nwhile True: time.sleep(0.001)"
def handler(event, context):
    if event == "count":
        before = count
        while count < before + 3:
            time.sleep(0.001)
        return count
    how = {"start_new_session": True} if event == "session" else {}
    child = subprocess.Popen([sys.executable, "-c", CHILD], **how).pid if event in ("child", "session") else None
    if event == "daemon":
        read, write = os.pipe()
        if os.fork() == 0:
            os.setsid()
            daemon = os.fork()
            if daemon == 0:
                os.execv(sys.executable, [sys.executable, "-c", CHILD])
            os.write(write, str(daemon).encode())
            os._exit(0)
        child = int(os.read(read, 20))
        os.wait()
    if event == "thread":
        started = []
        def start():
            started.append(subprocess.Popen([sys.executable, "-c", CHILD], start_new_session=True).pid)
            time.sleep(3600)
        threading.Thread(target=start, daemon=True).start()
        while not started:
            time.sleep(0.001)
        child = started[0]
    return [os.getpid(), child]
"""


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.usefixtures("by_files")
def test_s_138_threads_stop_between_invocations_and_go_on_with_the_next(lab: Lab, client: str) -> None:
    counted = lab.root / "count"
    counted.write_bytes(b"0")
    runtime = lab.runtime(lab.function(WORK, timeout=20, environment={"COUNT": str(counted)}), client=client)
    worker, _ = answer(invoke(runtime))
    assert eventually(lambda: frozen(worker))
    before = counted.read_bytes()
    time.sleep(0.3)  # unfrozen, the thread would count to some hundred
    assert counted.read_bytes() == before
    assert answer(invoke(runtime, "count")) > int(before)
    assert eventually(lambda: frozen(worker))


@pytest.mark.parametrize("kind", ["child", "session", "daemon", "thread"])
def test_s_138_children_are_frozen_with_their_worker_wherever_they_have_gone(lab: Lab, kind: str) -> None:
    runtime = lab.runtime(lab.function(WORK, timeout=20))
    worker, child = answer(invoke(runtime, kind))
    assert eventually(lambda: frozen(worker, child))
    (idle,) = runtime._functions["orders"].idle
    idle._tree.thaw()
    assert eventually(lambda: state(child) in "SR")
    idle.freeze()
    assert eventually(lambda: frozen(worker, child))
    runtime.close()
    assert not running(worker)
    assert not running(child)


def test_what_a_handler_has_stopped_itself_stays_stopped(lab: Lab) -> None:
    spec = lab.function(
        """
        import os, signal, subprocess
        def handler(event, context):
            if event:
                return open(f"/proc/{event}/stat").read().split()[2]
            child = subprocess.Popen(["sleep", "60"])
            child.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, child.pid, os.WSTOPPED | os.WNOWAIT)
            return [os.getpid(), child.pid]
        """
    )
    runtime = lab.runtime(spec)
    worker, child = answer(invoke(runtime))
    assert eventually(lambda: frozen(worker))
    assert answer(invoke(runtime, child)) == "T"


def test_a_frozen_worker_that_is_killed_is_replaced(lab: Lab) -> None:
    runtime = lab.runtime(lab.function(WORK, timeout=20))
    worker, _ = answer(invoke(runtime))
    assert eventually(lambda: frozen(worker))
    os.kill(worker, signal.SIGKILL)
    assert eventually(lambda: not running(worker))
    assert answer(invoke(runtime))[0] != worker


def test_a_frozen_worker_gives_way_to_changed_code(lab: Lab) -> None:
    runtime = lab.runtime(lab.function(WORK, timeout=20))
    worker, child = answer(invoke(runtime, "session"))
    assert eventually(lambda: frozen(worker, child))
    runtime.update(lab.function(WORK, timeout=21))
    assert answer(invoke(runtime))[0] != worker
    assert eventually(lambda: not running(worker) and not running(child))


def test_an_event_larger_than_a_socket_holds_reaches_a_frozen_worker(lab: Lab, client: str) -> None:
    source = "import os\ndef handler(event, context): return [os.getpid(), len(event)]"
    runtime = lab.runtime(lab.function(source, timeout=20, memory_mb=256), client=client)
    worker, _ = answer(invoke(runtime, ""))
    assert eventually(lambda: frozen(worker))
    assert answer(invoke(runtime, "x" * 6_000_000)) == [worker, 6_000_000]


def test_a_worker_that_errs_is_frozen_too_and_used_again(lab: Lab) -> None:
    spec = lab.function("import os\ndef handler(event, context):\n    raise ValueError(os.getpid())", timeout=20)
    runtime = lab.runtime(spec)
    first = int(failure(invoke(runtime)).error["errorMessage"])
    assert eventually(lambda: frozen(first))
    assert int(failure(invoke(runtime)).error["errorMessage"]) == first


def test_time_frozen_is_not_time_used(lab: Lab, clock: Clock) -> None:
    runtime = lab.runtime(lab.function("import os\ndef handler(event, context): return os.getpid()", timeout=60))
    worker = answer(invoke(runtime))
    assert eventually(lambda: frozen(worker))
    clock.put_on(90)
    result = invoke(runtime)
    assert answer(result) == worker
    assert isinstance(result, Answered)
    assert result.report.duration_s < 60


def test_a_worker_without_work_costs_no_processor_time_when_it_idles(lab: Lab) -> None:
    spec = lab.function(
        """
        import os, threading
        def spin():
            while True: pass
        threading.Thread(target=spin, daemon=True).start()
        def handler(event, context): return os.getpid()
        """,
        timeout=20,
    )
    worker = answer(invoke(lab.runtime(spec)))
    assert eventually(lambda: frozen(worker))

    def used() -> int:
        return int(Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[11])

    before = used()
    time.sleep(0.3)
    assert used() - before <= 1
