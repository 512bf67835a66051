"""What is logged, and for which request."""

from __future__ import annotations

import json
import re
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

from landfast.runtime import Answered, LoggingConfig, LogRecord
from landfast.runtime.request_log import RequestLog
from tests.runtime.conftest import REQUEST_ID, Clock, Lab, answer, failure, invoke, timed_out


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


def test_what_a_handler_printed_before_its_time_out_is_kept(lab: Lab, clock: Clock) -> None:
    spec = lab.function(
        "import time\ndef handler(event, context):\n    print('so far')\n    time.sleep(99)", timeout=60
    )
    failed = timed_out(lab, lab.runtime(spec), None, clock, 60)
    assert texts(lab.logs) == ["so far", f"RequestId: {REQUEST_ID} Error: Task timed out after 60.00 seconds"]
    assert "so far" in failed.log_tail
    assert failed.log_tail.endswith("Status: timeout\n")
    assert failed.report.duration_s >= 60


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


JSON = LoggingConfig(log_format="JSON", application_log_level="WARN", system_log_level="WARN")
LEVELS = """
import json, logging, os
logger = logging.getLogger()
def handler(event, context):
    for level in ("debug", "info", "warning", "error", "critical"):
        getattr(logger, level)(level + " logged")
    for level in ("TRACE", "debug", "Info", "WARN", "error", "FATAL", "nonsense", 3, None):
        print(json.dumps({"level": level, "message": f"{level} printed"}))
    print(json.dumps({"_aws": {"CloudWatchMetrics": []}, "Landed": 1}))
    print("plain text")
    print("{no JSON")
    print(" [1, 2]")
    return {name: os.environ.get(f"AWS_LAMBDA_LOG_{name}") for name in ("FORMAT", "LEVEL", "GROUP_NAME")}
"""


def test_s_137_json_logs_drop_what_is_below_the_level_and_metrics_with_it(lab: Lab, client: str) -> None:
    spec = lab.function(LEVELS, logging=JSON)
    variables = answer(invoke(lab.runtime(spec, client=client)))
    assert variables == {"FORMAT": "JSON", "LEVEL": "WARN", "GROUP_NAME": "/aws/lambda/orders"}
    lines = texts(lab.logs)
    objects = [json.loads(line) for line in lines if line.startswith('{"')]
    assert [each["message"] for each in objects] == [
        *("warning logged", "error logged", "critical logged"),
        *("WARN printed", "error printed", "FATAL printed"),
    ]
    assert {each.get("requestId", REQUEST_ID) for each in objects} == {REQUEST_ID}
    assert [line for line in lines if not line.startswith('{"')] == ["plain text", "{no JSON", " [1, 2]"]
    assert {entry.kind for entry in lab.logs} == {"OUTPUT"}, "Lambda's own lines are below the level as well"


def test_s_137_metrics_stay_at_info(lab: Lab, client: str) -> None:
    spec = lab.function(LEVELS, logging=LoggingConfig(log_format="JSON", log_group="orders-logs"))
    variables = answer(invoke(lab.runtime(spec, client=client)))
    assert variables == {"FORMAT": "JSON", "LEVEL": "INFO", "GROUP_NAME": "orders-logs"}
    printed = [json.loads(line) for line in texts(lab.logs) if line.startswith('{"')]
    assert {"_aws": {"CloudWatchMetrics": []}, "Landed": 1} in printed
    assert [each["message"] for each in printed if "debug" in str(each)] == []


def test_s_137_text_logs_have_no_level(lab: Lab, client: str) -> None:
    spec = lab.function(LEVELS, logging=LoggingConfig(application_log_level="ERROR"))
    variables = answer(invoke(lab.runtime(spec, client=client)))
    assert variables == {"FORMAT": "Text", "LEVEL": None, "GROUP_NAME": "/aws/lambda/orders"}
    assert '{"level": "debug", "message": "debug printed"}' in texts(lab.logs)


def test_lambdas_own_json_lines_are_platform_events(lab: Lab) -> None:
    spec = lab.function(
        "def handler(event, context): 1 / event",
        logging=LoggingConfig(log_format="JSON", system_log_level="DEBUG"),
    )
    runtime = lab.runtime(spec)
    answer(invoke(runtime, 1))
    events = [json.loads(entry.text) for entry in lab.logs]
    assert [each["type"] for each in events] == ["platform.start", "platform.runtimeDone", "platform.report"]
    assert {each["record"]["requestId"] for each in events} == {REQUEST_ID}
    assert events[2]["record"]["status"] == "success"
    assert set(events[2]["record"]["metrics"]) == {
        *("durationMs", "billedDurationMs", "memorySizeMB", "maxMemoryUsedMB", "initDurationMs")
    }
    lab.logs.clear()
    failure(invoke(runtime, 0))
    report = json.loads(lab.logs[-1].text)["record"]
    assert (report["status"], report["errorType"]) == ("error", "ZeroDivisionError")


def test_an_exception_is_one_json_line_at_level_error(lab: Lab, client: str) -> None:
    failure(invoke(lab.runtime(lab.function("def handler(event, context): 1 / 0", logging=JSON), client=client)))
    raised, runtime_done, report = (json.loads(entry.text) for entry in lab.logs)
    assert (raised["level"], raised["errorType"]) == ("ERROR", "ZeroDivisionError")
    assert (runtime_done["type"], report["type"]) == ("platform.runtimeDone", "platform.report")


def test_a_line_longer_than_a_log_event_is_cut_between_characters(lab: Lab) -> None:
    log = RequestLog(lab.logs.append, lab.function(""), REQUEST_ID)
    line = "x" + "é☂" * 600_000
    sent = line.encode() + b"\nnext\n\n"
    for start in range(0, len(sent), 65_536):
        log.output(sent[start : start + 65_536])
    *parts, last, empty = texts(lab.logs)
    assert (last, empty) == ("next", "")
    assert "".join(parts) == line
    assert all(len(part.encode()) <= 1024 * 1024 - 26 for part in parts)
    assert len(parts) == 3


def test_output_without_end_is_bounded_in_memory(lab: Lab) -> None:
    taken = 0

    def count(record: LogRecord) -> None:
        nonlocal taken
        taken += len(record.text)

    log = RequestLog(count, lab.function(""), REQUEST_ID)
    chunk = b"\xff" * 65_536
    tracemalloc.start()
    try:
        for _ in range(1000):
            log.output(chunk)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert taken > 60_000_000
    assert peak < 12_000_000
