"""What the log of a function tells of its invocations."""

from itertools import count
from pathlib import Path

import pytest

from landfast.console.function_log import FunctionLog
from landfast.runtime import failures
from landfast.runtime.model import FunctionSpec, LogFormat, LoggingConfig, LogRecord, Report
from landfast.runtime.request_log import RequestLog
from landfast.service.logs import LogEvent


class Rig:
    """A function's log, as the runtime writes it."""

    def __init__(self, log_format: LogFormat = "Text") -> None:
        self.log = FunctionLog(most_lines=50)
        self._spec = FunctionSpec(
            name="orders",
            handler="app.handler",
            code=Path(__file__).parent,
            arn="arn:aws:lambda:us-east-1:123456789012:function:orders",
            logging=LoggingConfig(log_format=log_format),
        )
        self._places = count()

    def write(self, record: LogRecord) -> None:
        text = record.text.replace("\r", "\n")
        self.log.take([LogEvent("orders", record.time, record.stream, next(self._places), text)])

    def run(
        self,
        request_id: str,
        *output: str,
        seconds: float = 0.01,
        init: float | None = None,
        failure: failures.InvocationFailed | None = None,
        stream: str = "one",
    ) -> None:
        log = RequestLog(self.write, self._spec, request_id, stream)
        log.start()
        for text in output:
            log.output(text.encode() + b"\n")
        log.end(Report(duration_s=seconds, init_duration_s=init, max_memory_mb=40), failure)


@pytest.fixture(params=["Text", "JSON"])
def rig(request: pytest.FixtureRequest) -> Rig:
    return Rig(request.param)


def test_durations_cold_starts_and_memory_are_those_that_lambda_reports(rig: Rig) -> None:
    rig.run("r0", seconds=0.5, init=0.25)
    for number in range(1, 20):
        rig.run(f"r{number}", seconds=number / 1000)
    figures = rig.log.figures(latest=2)
    assert (figures.runs, figures.cold, figures.init, figures.memory) == (20, 1, 0.25, 40)
    assert (figures.p50, figures.p95, figures.longest) == (0.010, 0.019, 0.5)
    assert [(run.request_id, run.duration) for run in figures.latest] == [("r18", 0.018), ("r19", 0.019)]
    assert figures.last_error is None


def test_a_time_out_is_an_error(rig: Rig) -> None:
    rig.run("r1", failure=failures.timed_out("r1", 3.0))
    rig.run("r2")
    figures = rig.log.figures(latest=9)
    assert figures.last_error is not None
    assert figures.last_error.request_id == "r1"
    assert "imeout" in figures.last_error.error or "imedout" in figures.last_error.error
    assert [bool(run.error) for run in figures.latest] == [True, False]


@pytest.mark.parametrize(
    ("log_format", "raised"),
    [
        ("Text", '[ERROR] ValueError: no stock: 2\rTraceback (most recent call last):\r  File "app.py", line 1'),
        ("JSON", '{"level": "ERROR", "errorType": "ValueError", "errorMessage": "no stock: 2", "stackTrace": []}'),
    ],
)
def test_what_a_handler_raises_is_the_error_of_its_invocation(log_format: LogFormat, raised: str) -> None:
    rig = Rig(log_format)
    rig.run("r1", raised)
    rig.run("r2", "all is well")
    error = rig.log.figures(latest=9).last_error
    assert error is not None
    assert (error.request_id, error.error) == ("r1", "ValueError: no stock: 2")
    assert [line.kind for line in rig.log.lines(after=0, request_id="r1") if line.kind == "error"] == ["error"]


def test_lines_belong_to_the_invocation_that_their_stream_works_on(rig: Rig) -> None:
    rig.run("r1", "one", stream="a")
    rig.run("r2", "two", "three", stream="b")
    texts = [line.text for line in rig.log.lines(after=0, request_id="r2") if line.kind == "output"]
    assert texts == ["two", "three"]


def test_only_the_newest_lines_are_kept_and_who_has_seen_some_gets_the_others() -> None:
    rig = Rig()
    rig.run("r1", *[f"line {number}" for number in range(100)])
    newest = rig.log.newest
    assert newest == 103
    assert len(rig.log.lines(after=0)) == 50
    assert next(line.text for line in rig.log.lines(after=newest - 3)) == "line 99"
    assert rig.log.lines(after=newest) == []


@pytest.mark.parametrize(
    "text",
    [
        "{not JSON",
        "[1]",
        '{"type": "platform.report", "record": 1}',
        '{"type": 1}',
        "REPORT",
        "REPORT Duration: x",
        "[ERROR]\tlogged",
    ],
)
def test_what_only_looks_like_a_line_of_lambdas_is_the_functions_own(text: str) -> None:
    log = FunctionLog()
    log.take([LogEvent("orders", 0.0, "one", 0, text)])
    assert [(line.text, line.request_id) for line in log.lines(after=0)] == [(text, "")]
    assert log.figures(latest=1).last_error is None
