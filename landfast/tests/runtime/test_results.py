"""What an invocation answers, for each way it can end (S-05, S-16, S-17)."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from landfast.runtime import (
    REQUEST_LIMIT,
    RESPONSE_LIMIT,
    Answered,
    InvalidFunctionError,
    RequestTooLargeError,
    UnknownFunctionError,
)
from landfast.runtime.host import available_client
from tests.runtime.conftest import (
    ARN,
    PROC,
    REQUEST_ID,
    Clock,
    Lab,
    answer,
    eventually,
    failure,
    frozen,
    invoke,
    running,
    timed_out,
)

if TYPE_CHECKING:
    import select
    from collections.abc import Callable
    from pathlib import Path

    from landfast.runtime import FunctionSpec, Runtime
    from landfast.runtime.api import Connection
    from landfast.runtime.worker import Worker


def test_a_handler_answers_with_what_it_returns(lab: Lab, client: str) -> None:
    runtime = lab.runtime(lab.function("def handler(event, context): return {'got': event}"), client=client)
    assert answer(invoke(runtime, {"name": "Zoë ☂"})) == {"got": {"name": "Zoë ☂"}}


def test_the_context_says_who_is_called_and_how_much_time_is_left(lab: Lab, client: str) -> None:
    spec = lab.function(
        """
        import os
        def handler(event, context):
            custom = context.client_context and context.client_context.custom
            return [context.aws_request_id, context.function_name, context.function_version, context.memory_limit_in_mb,
                    context.invoked_function_arn, custom, os.environ["_X_AMZN_TRACE_ID"],
                    context.log_group_name, context.get_remaining_time_in_millis()]
        """,
        timeout=7,
        memory_mb=256,
    )
    runtime = lab.runtime(spec, client=client)
    result = runtime.invoke(
        "orders",
        b"{}",
        request_id=REQUEST_ID,
        invoked_arn=ARN + "orders:live",
        client_context=b'{"custom":\r\n{"a": "\\u00fc"}}',
        trace_id="Root=1-5f84c7a5-0123456789abcdef01234567;Sampled=1",
    )
    *known, remaining = answer(result)
    assert known == [
        REQUEST_ID,
        "orders",
        "$LATEST",
        "256",
        ARN + "orders:live",
        {"a": "ü"},
        "Root=1-5f84c7a5-0123456789abcdef01234567;Sampled=1",
        "/aws/lambda/orders",
    ]
    assert 6000 < remaining <= 7000


def test_s_032_without_a_client_context_the_function_sees_none(lab: Lab, client: str) -> None:
    spec = lab.function("def handler(event, context): return context.client_context is None")
    assert answer(invoke(lab.runtime(spec, client=client))) is True


def test_s_017_an_exception_has_message_type_request_id_and_stack_trace(lab: Lab, client: str) -> None:
    spec = lab.function(
        """
        def handler(event, context):
            check(event)

        def check(event):
            raise ValueError("no stock")
        """
    )
    failed = failure(invoke(lab.runtime(spec, client=client)))
    assert failed.kind == "exception"
    assert failed.error == {
        "errorMessage": "no stock",
        "errorType": "ValueError",
        "requestId": REQUEST_ID,
        "stackTrace": [
            f'  File "{spec.code}/app.py", line 3, in handler\n    check(event)\n',
            f'  File "{spec.code}/app.py", line 6, in check\n    raise ValueError("no stock")\n',
        ],
    }
    assert json.loads(failed.payload) == failed.error


def test_a_worker_survives_its_handlers_exceptions(lab: Lab, client: str) -> None:
    spec = lab.function(
        """
        import os
        def handler(event, context):
            if event == "fail":
                raise KeyError(os.getpid())
            return os.getpid()
        """
    )
    runtime = lab.runtime(spec, client=client)
    raised = failure(invoke(runtime, "fail")).error["errorMessage"]
    assert answer(invoke(runtime)) == int(raised)


@pytest.mark.parametrize(
    ("handler", "source", "error"),
    [
        (
            "app.handler",
            "import nothing_like_it",
            "Runtime.ImportModuleError: Unable to import module 'app': No module named 'nothing_like_it'",
        ),
        ("app.handler", "raise RuntimeError('no settings')", "RuntimeError: no settings"),
        ("app.missing", "", "Runtime.HandlerNotFound: Handler 'missing' missing on module 'app'"),
        (
            "app.handler",
            "def handler(:",
            "Runtime.UserCodeSyntaxError: Syntax error in module 'app': invalid syntax (app.py, line 1)",
        ),
        (
            "sys.exit",
            "",
            "Runtime.BuiltInModuleConflict: Cannot use built-in module sys as a handler module",
        ),
        (
            "handler",
            "",
            "Runtime.MalformedHandlerName: Bad handler 'handler': not enough values to unpack (expected 2, got 1)",
        ),
    ],
)
def test_s_017_an_error_of_initialisation_has_an_empty_request_id(
    lab: Lab, client: str, handler: str, source: str, error: str
) -> None:
    spec = lab.function(source, handler=handler)
    failed = failure(invoke(lab.runtime(spec, client=client)))
    assert failed.kind == "init"
    assert list(failed.error) == ["errorMessage", "errorType", "requestId", "stackTrace"]
    assert f"{failed.error['errorType']}: {failed.error['errorMessage']}" == error
    assert failed.error["requestId"] == ""


@pytest.mark.skipif(available_client() != "awslambdaric", reason="there is only one client here")
def test_both_clients_give_the_same_trace_for_an_error_of_initialisation(lab: Lab) -> None:
    spec = lab.function("def check():\n    raise RuntimeError('no settings')\ncheck()\n")
    theirs, ours = (
        failure(invoke(lab.runtime(spec, client=client))).error["stackTrace"] for client in ("awslambdaric", "builtin")
    )
    own_frames = [entry for entry in theirs if "app.py" in entry]
    assert len(own_frames) == 2
    assert [entry for entry in ours if "app.py" in entry] == own_frames


@pytest.mark.usefixtures("by_files")
def test_after_a_failed_initialisation_the_next_invocation_tries_a_fresh_worker(lab: Lab) -> None:
    spec = lab.function(
        """
        from pathlib import Path
        mark = Path("tried")
        if not mark.exists():
            mark.touch()
            raise RuntimeError("not yet")
        def handler(event, context): return "now"
        """
    )
    runtime = lab.runtime(spec)
    assert failure(invoke(runtime)).kind == "init"
    assert answer(invoke(runtime)) == "now"


def test_s_017_a_time_out_kills_the_worker_and_names_the_setting(lab: Lab, client: str, clock: Clock) -> None:
    spec = lab.function(
        """
        import os, time
        def handler(event, context):
            if event == "hang":
                print("pid", os.getpid())
                time.sleep(99)
            return os.getpid()
        """,
        timeout=60.5,
    )
    runtime = lab.runtime(spec, client=client)
    first = answer(invoke(runtime))
    failed = timed_out(lab, runtime, "hang", clock, 60.5)
    assert failed.kind == "timeout"
    assert failed.error == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {REQUEST_ID} Error: Task timed out after 60.50 seconds",
    }
    assert 60.5 <= failed.report.duration_s < 90
    assert not running(first)
    assert answer(invoke(runtime)) != first


def test_a_time_out_also_stops_a_handler_that_never_lets_go_of_the_interpreter(lab: Lab) -> None:
    spec = lab.function(
        """
        import re
        def handler(event, context):
            print("x" * 10)
            re.match(r"(a+)+$", "a" * 64 + "b")
        """,
        timeout=0.3,
    )
    assert failure(invoke(lab.runtime(spec))).kind == "timeout"


def test_a_time_out_is_kept_while_the_handler_never_stops_printing(lab: Lab) -> None:
    spec = lab.function("def handler(event, context):\n    while True: print('x' * 1000)", timeout=0.3)
    assert failure(invoke(lab.runtime(spec))).kind == "timeout"


@pytest.mark.parametrize(
    ("ending", "message"),
    [
        ("sys.exit(0)", "without providing a reason"),
        ("sys.exit(3)", "with error: exit status 3"),
        ("exit(4)", "with error: exit status 4"),
        ("os._exit(127)", "with error: exit status 127"),
        ("os.abort()", "with error: signal: aborted"),
        ("os.kill(os.getpid(), 11)", "with error: signal: segmentation fault"),
    ],
)
def test_s_017_a_handler_that_exits_is_told_by_its_status(lab: Lab, ending: str, message: str) -> None:
    spec = lab.function(f"import os, sys\ndef handler(event, context): {ending}\n")
    failed = failure(invoke(lab.runtime(spec)))
    assert failed.kind == "exit"
    assert failed.error == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {REQUEST_ID} Error: Runtime exited {message}",
    }


def test_s_017_a_module_that_exits_is_told_by_its_status(lab: Lab, client: str) -> None:
    failed = failure(invoke(lab.runtime(lab.function("import sys; sys.exit(2)"), client=client)))
    assert failed.kind == "exit"
    assert failed.error["errorMessage"] == f"RequestId: {REQUEST_ID} Error: Runtime exited with error: exit status 2"


@pytest.mark.usefixtures("by_files")
def test_a_worker_killed_from_outside_while_it_works_is_an_exit_and_is_replaced(lab: Lab) -> None:
    spec = lab.function(
        """
        import os, time
        from pathlib import Path
        def handler(event, context):
            if event:
                Path(event).write_text(str(os.getpid()))
                time.sleep(60)
            return "fine"
        """,
        timeout=20,
    )
    runtime = lab.runtime(spec)
    mark = lab.root / "pid"

    def kill() -> None:
        assert eventually(lambda: mark.exists() and mark.read_text() != "")
        os.kill(int(mark.read_text()), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    failed = failure(invoke(runtime, str(mark)))
    killer.join()
    assert failed.kind == "exit"
    assert failed.error["errorMessage"] == f"RequestId: {REQUEST_ID} Error: Runtime exited with error: signal: killed"
    assert answer(invoke(runtime)) == "fine"


def test_a_worker_killed_while_idle_costs_no_invocation(lab: Lab) -> None:
    runtime = lab.runtime(lab.function("import os\ndef handler(event, context): return os.getpid()"))
    first = answer(invoke(runtime))
    os.kill(first, signal.SIGKILL)
    assert eventually(lambda: not running(first))
    assert answer(invoke(runtime)) != first


EVENTS = pytest.mark.parametrize("event", ["small", "x" * 6_000_000], ids=["small", "larger than a socket holds"])


def frozen_for_good(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> tuple[Runtime, Worker, int]:
    """A runtime, its one warm worker, which does not read its next event, and the process of that."""
    runtime = lab.runtime(lab.function("import os\ndef handler(event, context): return os.getpid()", timeout=20))
    process = answer(invoke(runtime))
    (worker,) = runtime._functions["orders"].idle
    assert eventually(lambda: worker.is_frozen and (not PROC or frozen(process)))
    monkeypatch.setattr(worker._tree, "thaw", lambda: None)
    return runtime, worker, process


@EVENTS
def test_a_worker_that_ends_right_before_it_is_handed_its_event_costs_no_invocation(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, event: str
) -> None:
    runtime, worker, first = frozen_for_good(lab, monkeypatch)
    looked = worker._is_readable

    def end_afterwards(connection: Connection) -> bool:
        seen = looked(connection)
        os.kill(first, signal.SIGKILL)
        assert eventually(lambda: not worker.alive())
        return seen

    monkeypatch.setattr(worker, "_is_readable", end_afterwards)
    assert answer(invoke(runtime, event)) != first


@EVENTS
def test_a_warm_worker_killed_before_it_has_read_its_event_costs_no_invocation(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, event: str
) -> None:
    runtime, _, first = frozen_for_good(lab, monkeypatch)
    lab.logs.clear()

    def kill() -> None:
        assert eventually(lambda: [entry.kind for entry in lab.logs] == ["START"])
        time.sleep(0.05)  # START is logged a moment before the event is handed over
        os.kill(first, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    assert answer(invoke(runtime, event)) != first
    killer.join()
    assert [entry.kind for entry in lab.logs] == ["START", "END", "REPORT"]


class Unlooked:
    """A poll that finds nothing at one time: the worker ends right after it, and has ended when it is looked at."""

    def __init__(self, poll: select.poll, end: Callable[[], None]) -> None:
        self._poll, self._end = poll, end
        self._asked = 0

    def poll(self, timeout: float = 0) -> list[tuple[int, int]]:
        self._asked += timeout > 0
        if self._asked != 1 or timeout == 0:
            return self._poll.poll(timeout)
        self._end()
        return []

    def __getattr__(self, name: str) -> object:
        return getattr(self._poll, name)


def test_what_a_worker_has_not_read_at_its_end_is_seen_when_its_end_is_seen_first(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime, worker, first = frozen_for_good(lab, monkeypatch)

    def end() -> None:
        os.kill(first, signal.SIGKILL)
        assert eventually(lambda: not worker.alive())
        worker._inspect_at = 0.0

    monkeypatch.setattr(worker, "_poll", Unlooked(worker._poll, end))
    assert answer(invoke(runtime)) != first


def test_a_worker_that_ends_right_after_its_answer_costs_no_invocation(lab: Lab) -> None:
    spec = lab.function(
        """
        import os, __main__
        def handler(event, context):
            __main__.Client.next = lambda client: os._exit(9)
            return os.getpid()
        """
    )
    runtime = lab.runtime(spec, client="builtin")
    assert len({answer(invoke(runtime)) for _ in range(5)}) == 5


def test_a_worker_that_leaves_a_receipt_unread_and_exits_at_its_next_event_is_not_asked_again(lab: Lab) -> None:
    spec = lab.function(
        """
        import os, select, __main__
        def post(client, path, body):
            client._connection.request("POST", f"{__main__._BASE}/{path}", body)
            select.select([client._connection.sock], [], [])
            client._connection.close()
        def handler(event, context):
            if event == "exit":
                print("exits", flush=True)
                os._exit(9)
            __main__.Client.post = post
        """,
        timeout=20,
    )
    runtime = lab.runtime(spec, client="builtin")
    assert [answer(invoke(runtime)) for _ in range(2)] == [None, None]
    assert failure(invoke(runtime, "exit")).kind == "exit"
    assert [entry.text for entry in lab.logs].count("exits") == 1


def test_s_017_a_response_over_the_limit_is_refused_and_one_at_the_limit_is_not(lab: Lab, client: str) -> None:
    runtime = lab.runtime(lab.function("def handler(event, context): return 'x' * event", timeout=20), client=client)
    fits = invoke(runtime, RESPONSE_LIMIT - 2)
    assert isinstance(fits, Answered)
    assert len(fits.payload) == RESPONSE_LIMIT
    failed = failure(invoke(runtime, RESPONSE_LIMIT - 1))
    assert failed.kind == "response-too-large"
    assert failed.error == {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    }
    assert answer(invoke(runtime, 1)) == "x"


def test_a_request_over_6_mb_is_refused_and_one_of_6_mb_is_not(lab: Lab, client: str) -> None:
    runtime = lab.runtime(lab.function("def handler(event, context): return len(event)", timeout=20), client=client)
    assert answer(invoke(runtime, "x" * (REQUEST_LIMIT - 2))) == REQUEST_LIMIT - 2
    with pytest.raises(RequestTooLargeError, match="smaller than 6291456 bytes"):
        invoke(runtime, "x" * (REQUEST_LIMIT - 1))


def test_a_worker_over_its_memory_is_killed_while_it_works(lab: Lab) -> None:
    spec = lab.function(
        """
        import time
        def handler(event, context):
            held = bytearray(200 * 1024 * 1024)
            time.sleep(60)
        """,
        timeout=30,
        memory_mb=128,
    )
    failed = failure(invoke(lab.runtime(spec)))
    assert failed.kind == "memory"
    assert failed.error["errorType"] == "Runtime.ExitError"
    assert failed.error["errorMessage"] == f"RequestId: {REQUEST_ID} Error: Runtime exited with error: signal: killed"


def test_a_peak_of_memory_that_is_over_in_a_moment_still_counts(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("landfast.runtime.worker._TICK", 60.0)
    spec = lab.function(
        "def handler(event, context):\n    bytearray(200 * 1024 * 1024)\n    return 'quick'", timeout=10
    )
    assert failure(invoke(lab.runtime(spec))).kind == "memory"


def test_the_memory_of_a_workers_children_counts(lab: Lab) -> None:
    spec = lab.function(
        """
        import subprocess, sys
        def handler(event, context):
            subprocess.run([sys.executable, "-c", "import time; held = bytearray(200 * 1024 * 1024); time.sleep(60)"])
        """,
        timeout=30,
    )
    assert failure(invoke(lab.runtime(spec))).kind == "memory"


def test_an_answer_that_is_no_json_is_a_marshal_error(lab: Lab, client: str) -> None:
    failed = failure(invoke(lab.runtime(lab.function("def handler(event, context): return {1, 2}"), client=client)))
    assert failed.error["errorType"] == "Runtime.MarshalError"
    assert failed.error["errorMessage"].startswith(
        "Unable to marshal response: Object of type set is not JSON serializable"
    )


def test_decimals_are_answered_as_numbers(lab: Lab, client: str) -> None:
    source = "from decimal import Decimal\ndef handler(event, context): return [Decimal('1.5'), Decimal('10')]"
    assert answer(invoke(lab.runtime(lab.function(source), client=client))) == [1.5, 10]


@pytest.mark.usefixtures("by_files")
def test_an_initialisation_may_take_longer_than_the_time_out(
    lab: Lab, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("landfast.runtime.worker.INIT_LIMIT", 90.0)
    spec = lab.function(
        """
        import time
        from pathlib import Path
        Path("begun").touch()
        while not Path("end").exists():
            time.sleep(0.01)
        def handler(event, context): return "ready"
        """,
        timeout=30,
    )
    with ThreadPoolExecutor() as pool:
        call = pool.submit(invoke, lab.runtime(spec))
        assert eventually((spec.code / "begun").exists)
        clock.put_on(40)
        (spec.code / "end").touch()
        result = call.result()
    assert isinstance(result, Answered)
    assert result.report.init_duration_s is not None
    assert result.report.init_duration_s >= 40
    assert result.report.duration_s < 30


SECOND_TIME = """
import os, time
from pathlib import Path
starts = Path(os.environ["STARTS"])
starts.write_text(starts.read_text() + "x" if starts.exists() else "x")
if len(starts.read_text()) <= int(os.environ["FAILING"]):
    {fail}
def handler(event, context):
    return [starts.read_text(), context.get_remaining_time_in_millis()]
"""


def failing_init(lab: Lab, fail: str, times: int, timeout: float) -> FunctionSpec:
    """A function whose initialisation does `fail` the first `times` times."""
    environment = {"STARTS": str(lab.root / "starts"), "FAILING": str(times)}
    return lab.function(SECOND_TIME.format(fail=fail), environment=environment, timeout=timeout)


@pytest.mark.usefixtures("by_files")
def test_s_139_an_initialisation_that_times_out_is_run_again_as_part_of_the_invocation(
    lab: Lab, client: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("landfast.runtime.worker.INIT_LIMIT", 2.0)
    runtime = lab.runtime(failing_init(lab, "time.sleep(60)", 1, timeout=20), client=client)
    result = invoke(runtime)
    starts, left = answer(result)
    assert isinstance(result, Answered)
    assert starts == "xx"
    assert left < 20_000 - 5, "the second initialisation counts towards the time-out"
    assert result.report.init_duration_s is None
    assert lab.logs[0].text == "INIT_REPORT Init Duration: 2000.00 ms\tPhase: init\tStatus: timeout"
    assert [entry.kind for entry in lab.logs] == ["OUTPUT", "START", "END", "REPORT"]
    warm = invoke(runtime)
    assert isinstance(warm, Answered)
    assert (answer(warm)[0], warm.report.init_duration_s) == ("xx", None)


@pytest.mark.usefixtures("by_files")
def test_s_139_an_initialisation_may_take_longer_than_its_limit_where_the_time_out_allows_it(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("landfast.runtime.worker.INIT_LIMIT", 0.3)
    result = invoke(lab.runtime(failing_init(lab, "time.sleep(0.6)", 9, timeout=20)))
    assert isinstance(result, Answered)
    assert result.report.duration_s >= 0.6


@pytest.mark.usefixtures("by_files")
def test_s_139_an_initialisation_that_never_ends_times_out_with_the_function(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("landfast.runtime.worker.INIT_LIMIT", 0.5)
    runtime = lab.runtime(failing_init(lab, "time.sleep(60)", 9, timeout=0.7), max_processes=1)
    for _ in range(2):
        failed = failure(invoke(runtime))
        assert failed.kind == "timeout"
        assert failed.error["errorMessage"].endswith("Task timed out after 0.70 seconds")
        assert 0.7 <= failed.report.duration_s < 5


@pytest.mark.usefixtures("by_files")
@pytest.mark.parametrize("fail", ["raise ValueError('no table')", "os._exit(3)"], ids=["raises", "exits"])
def test_u_032_an_initialisation_that_fails_is_run_again_only_where_the_setting_says_so(lab: Lab, fail: str) -> None:
    once = failing_init(lab, fail, 1, timeout=20)
    assert failure(invoke(lab.runtime(once))).kind in {"init", "exit"}
    assert (lab.root / "starts").read_text() == "x"
    (lab.root / "starts").unlink()
    assert answer(invoke(lab.runtime(once, retry_failed_init=True)))[0] == "xx"
    (lab.root / "starts").unlink()
    always = failing_init(lab, fail, 9, timeout=20)
    assert failure(invoke(lab.runtime(always, retry_failed_init=True))).kind in {"init", "exit"}
    assert (lab.root / "starts").read_text() == "xx"


def shortly(value: object) -> str:
    """A name for a parametrised test."""
    return repr(value)[:30]


# A runtime client of one's own: it takes the event and posts what it likes.
POST = """
import os
from http.client import HTTPConnection
def handler(event, context):
    connection = HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    path = f"/2018-06-01/runtime/invocation/{{context.aws_request_id}}/{to}"
    connection.request("POST", path, {body!r}, {{"Lambda-Runtime-Function-Error-Type": "Own.Type"}})
    connection.getresponse().read()
    os.kill(os.getpid(), 9)
"""
NO_OBJECT = {"errorType": "Own.Type", "errorMessage": "The runtime reported an error that is not a JSON object"}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", NO_OBJECT),
        (b"{", NO_OBJECT),
        (b"[1]", NO_OBJECT),
        (b'"text"', NO_OBJECT),
        (b"null", NO_OBJECT),
        (b"\xff\xfe{}", NO_OBJECT),
        ('{"errorType": "T"}'.encode("utf-16"), NO_OBJECT),
        (b"\xef\xbb\xbf{}", NO_OBJECT),
        (b"[" * 100_000, NO_OBJECT),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, NO_OBJECT),
        (b'{"a":' * 500 + b"1" + b"}" * 500, NO_OBJECT),
        (b'{"errorMessage": ' + b"9" * 5000 + b"}", NO_OBJECT),
        (b'{"a": NaN, "b": [-Infinity, 1e999], "c": 1.5}', {"a": "NaN", "b": ["-Infinity", "1e999"], "c": 1.5}),
        (b'{"\\ud800": "a\\udfffb\\ud83d\\ude00"}', {"\ufffd": "a\ufffdb\U0001f600"}),
    ],
    ids=shortly,
)
def test_s_017_whatever_is_reported_as_an_error_ends_as_a_well_formed_one(
    lab: Lab, body: bytes, error: dict[str, object]
) -> None:
    failed = failure(invoke(lab.runtime(lab.function(POST.format(to="error", body=body), timeout=20))))
    assert (failed.kind, failed.error) == ("exception", error)
    assert json.loads(failed.payload) == error


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"[" * 100_000], ids=shortly)
def test_s_017_a_malformed_error_of_the_initialisation_ends_well_formed_too(lab: Lab, body: bytes) -> None:
    spec = lab.function(
        f"""
        import os
        from http.client import HTTPConnection
        connection = HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
        connection.request("POST", "/2018-06-01/runtime/init/error", {body!r})
        connection.getresponse().read()
        """
    )
    failed = failure(invoke(lab.runtime(spec)))
    assert failed.kind == "init"
    assert failed.error == {**NO_OBJECT, "errorType": "Function.Unknown"}


ANSWERS = {
    "{'a': [1, None]}": (b'{"a": [1, null]}', True),
    "None": (b"null", True),
    "float('nan')": (b"NaN", False),
    "{'batchItemFailures': [], 'x': float('-inf')}": (b'{"batchItemFailures": [], "x": -Infinity}', False),
    "b'{}'": (b"{}", True),
    "b''": (b"", False),
    "b'\\xff\\x00'": (b"\xff\x00", False),
    "'{}'.encode('utf-16-le')": (b"{\x00}\x00", False),
    "b'[' * 100_000": (b"[" * 100_000, False),
    "'\u2602'": ('"\u2602"'.encode(), True),
}
"""What a handler returns, as Python writes it; what is handed over, and whether that is JSON."""


def test_an_answer_is_handed_over_byte_for_byte_and_tells_whether_it_is_json(lab: Lab, client: str) -> None:
    runtime = lab.runtime(lab.function("def handler(event, context): return eval(event)"), client=client)
    told = {}
    for value in ANSWERS:
        result = invoke(runtime, value)
        assert isinstance(result, Answered), value
        told[value] = result.payload, result.is_json
    assert told == ANSWERS


def test_half_a_surrogate_pair_ends_the_invocation_and_not_the_service(lab: Lab, client: str) -> None:
    runtime = lab.runtime(lab.function("def handler(event, context): return '\\ud800'"), client=client)
    for _ in range(2):
        assert failure(invoke(runtime)).kind in {"exception", "exit"}
    raising = lab.function("def handler(event, context): raise ValueError('\\ud800')", name="raising")
    runtime.update(raising)
    for _ in range(2):
        assert json.loads(failure(invoke(runtime, name="raising")).payload)["errorType"]


def test_a_function_nobody_specified_is_an_error_of_the_caller(lab: Lab) -> None:
    with pytest.raises(UnknownFunctionError, match="no function named orders"):
        invoke(lab.runtime())


def test_a_missing_code_folder_is_named_before_anything_starts(lab: Lab, tmp_path: Path) -> None:
    spec = lab.function("")
    (spec.code / "app.py").unlink()
    spec.code.rmdir()
    with pytest.raises(InvalidFunctionError, match=f"orders: its code folder {tmp_path}/orders does not exist"):
        lab.runtime(spec)
