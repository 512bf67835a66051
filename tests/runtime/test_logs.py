"""What is logged, and for which request."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

from landfast.runtime import Answered, LogRecord
from tests.runtime.conftest import REQUEST_ID, Lab, answer, failure, invoke


def texts(logs: list[LogRecord], request_id: str = REQUEST_ID) -> list[str]:
    return [entry.text for entry in logs if entry.request_id == request_id and entry.kind == "OUTPUT"]


def test_an_invocation_is_logged_with_start_output_end_and_report(lab: Lab, client: str) -> None:
    spec = lab.function(
        """
        import logging, os, subprocess, sys
        print("importing")
        def handler(event, context):
            print("to stdout")
            print("to stderr", file=sys.stderr)
            subprocess.run(["echo", "from a child"])
            os.write(1, b"no newline, not \\xff UTF-8")
        """
    )
    result = invoke(lab.runtime(spec, client=client))
    assert [entry.kind for entry in lab.logs] == ["OUTPUT", "START", *["OUTPUT"] * 4, "END", "REPORT"]
    assert texts(lab.logs) == ["importing", "to stdout", "to stderr", "from a child", "no newline, not \ufffd UTF-8"]
    assert {entry.function for entry in lab.logs} == {"orders"}
    assert lab.logs[1].text == f"START RequestId: {REQUEST_ID} Version: $LATEST"
    assert lab.logs[-2].text == f"END RequestId: {REQUEST_ID}"
    report = (
        rf"REPORT RequestId: {REQUEST_ID}\tDuration: \d+\.\d\d ms\tBilled Duration: \d+ ms\t"
        r"Memory Size: 128 MB\tMax Memory Used: \d+ MB\tInit Duration: \d+\.\d\d ms"
    )
    assert re.fullmatch(report, lab.logs[-1].text)
    assert isinstance(result, Answered)
    assert result.log_tail == "".join(f"{entry.text}\n" for entry in lab.logs)


def test_a_logger_writes_level_request_id_and_message(lab: Lab, client: str) -> None:
    spec = lab.function("import logging\ndef handler(event, context): logging.getLogger().warning('low stock')")
    invoke(lab.runtime(spec, client=client))
    (line,) = texts(lab.logs)
    assert re.fullmatch(rf"\[WARNING\]\t[\d-]+T[\d:.]+Z\t{REQUEST_ID}\tlow stock", line)


def test_a_warm_invocation_has_no_init_duration_and_its_memory_is_counted(lab: Lab) -> None:
    runtime = lab.runtime(lab.function("def handler(event, context): return 1"))
    cold, warm = invoke(runtime), invoke(runtime)
    assert isinstance(cold, Answered)
    assert isinstance(warm, Answered)
    assert cold.report.init_duration_s is not None
    assert cold.report.billed_duration_ms >= cold.report.init_duration_s * 1000
    assert warm.report.init_duration_s is None
    assert warm.report.billed_duration_ms >= warm.report.duration_s * 1000
    assert 5 < warm.report.max_memory_mb < 128


def test_each_line_belongs_to_the_request_that_printed_it(lab: Lab) -> None:
    spec = lab.function("def handler(event, context):\n    for n in range(20): print(event, n)", timeout=20)
    runtime = lab.runtime(spec, max_processes=3)
    with ThreadPoolExecutor(6) as threads:
        calls = [threads.submit(invoke, runtime, name, request_id=f"id-{name}") for name in "abcdefghijkl"]
        for call in calls:
            answer(call.result())
    for name in "abcdefghijkl":
        assert texts(lab.logs, f"id-{name}") == [f"{name} {n}" for n in range(20)]


def test_the_tail_is_the_last_4_kb(lab: Lab) -> None:
    spec = lab.function("def handler(event, context):\n    for n in range(2000): print(f'line {n:04}')", timeout=20)
    result = invoke(lab.runtime(spec))
    assert isinstance(result, Answered)
    assert len(result.log_tail.encode()) == 4096
    assert "line 1999\nEND RequestId" in result.log_tail
    assert len(texts(lab.logs)) == 2000


def test_output_larger_than_a_pipe_is_whole(lab: Lab) -> None:
    spec = lab.function("def handler(event, context):\n    print('x' * 3_000_000)\n    print('end')", timeout=20)
    answer(invoke(lab.runtime(spec)))
    *parts, last = texts(lab.logs)
    assert "".join(parts) == "x" * 3_000_000
    assert last == "end"


def test_what_a_handler_printed_before_its_time_out_is_kept(lab: Lab) -> None:
    spec = lab.function(
        "import time\ndef handler(event, context):\n    print('so far')\n    time.sleep(9)", timeout=0.3
    )
    failed = failure(invoke(lab.runtime(spec)))
    assert texts(lab.logs) == ["so far", f"RequestId: {REQUEST_ID} Error: Task timed out after 0.30 seconds"]
    assert "so far" in failed.log_tail
    assert failed.log_tail.endswith("Status: timeout\n")
    assert failed.report.duration_s >= 0.3


def test_an_exception_is_logged_with_its_trace(lab: Lab, client: str) -> None:
    spec = lab.function("def handler(event, context): raise ValueError('no stock')")
    failed = failure(invoke(lab.runtime(spec, client=client)))
    (line,) = texts(lab.logs)
    first, second, *_ = line.split("\r")
    assert (first, second) == ("[ERROR] ValueError: no stock", "Traceback (most recent call last):")
    assert "no stock" in failed.log_tail


def test_a_failed_initialisation_is_reported_as_such(lab: Lab, client: str) -> None:
    failed = failure(invoke(lab.runtime(lab.function("import nothing_like_it"), client=client)))
    assert [entry.kind for entry in lab.logs][-3:] == ["START", "END", "REPORT"]
    assert failed.log_tail.endswith("Status: error\tError Type: Runtime.ImportModuleError\n")
