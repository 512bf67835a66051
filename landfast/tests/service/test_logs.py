import errno
import os
from pathlib import Path

import pytest

from landfast import private
from landfast.runtime.model import LogRecord
from landfast.service.logs import LogFiles


def record(text: str, function: str = "orders") -> LogRecord:
    return LogRecord(function=function, request_id="r", time=0.0, kind="OUTPUT", text=text)


def test_a_functions_logs_are_bounded_while_it_prints_and_hold_the_newest(tmp_path: Path) -> None:
    logs = LogFiles(tmp_path / "logs", longest=1_000)
    for n in range(500):
        logs.write(record(f"line {n:04}"))
        assert sum(file.stat().st_size for file in tmp_path.rglob("orders.log*")) <= 2_000
    logs.write(record("once", "others"))
    logs.close()
    kept = (tmp_path / "logs" / "orders.log.1").read_text() + (tmp_path / "logs" / "orders.log").read_text()
    lines = kept.splitlines()
    assert lines == [f"line {n:04}" for n in range(500 - len(lines), 500)]
    assert len(lines) >= 100
    assert (tmp_path / "logs" / "others.log").read_text() == "once\n"


def test_one_record_that_is_longer_than_a_file_keeps_its_end(tmp_path: Path) -> None:
    logs = LogFiles(tmp_path / "logs", longest=1_000)
    logs.write(record("x" * 5_000_000 + "the end"))
    logs.close()
    text = (tmp_path / "logs" / "orders.log").read_text()
    assert len(text) == 1_000
    assert text.endswith("the end\n")


def test_the_next_service_goes_on_where_the_last_one_stopped(tmp_path: Path) -> None:
    for n in range(3):
        logs = LogFiles(tmp_path / "logs", longest=1_000)
        logs.write(record(f"{n}" * 400))
        logs.close()
    assert (tmp_path / "logs" / "orders.log").stat().st_size <= 1_000
    assert (tmp_path / "logs" / "orders.log.1").read_text().startswith("0")


def test_half_a_surrogate_pair_is_logged(tmp_path: Path) -> None:
    logs = LogFiles(tmp_path / "logs")
    logs.write(record("before \ud800 after"))
    logs.close()
    assert (tmp_path / "logs" / "orders.log").read_text() == "before ? after\n"


def test_a_full_disk_costs_log_lines_and_no_invocation_and_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, OSError]] = []
    logs = LogFiles(tmp_path / "logs", lost=lambda function, error: told.append((function, error)))
    real = private.opened
    full = True

    def opened(path: Path, flags: int) -> int:
        return os.open("/dev/full", os.O_WRONLY) if full else real(path, flags)

    monkeypatch.setattr(private, "opened", opened)
    for _ in range(3):
        logs.write(record("lost"))
    assert [(function, error.errno) for function, error in told] == [("orders", errno.ENOSPC)]
    logs.close()
    full = False
    logs.write(record("kept"))
    logs.close()
    assert (tmp_path / "logs" / "orders.log").read_text() == "kept\n"
    full = True
    logs.write(record("lost again"))
    assert len(told) == 2
    logs.close()


def test_records_are_found_by_time_and_stream_also_after_their_file_was_replaced(tmp_path: Path) -> None:
    logs = LogFiles(tmp_path / "logs", longest=1_000)
    for n in range(60):
        logs.write(LogRecord("orders", "r", "OUTPUT", float(n), f"line {n:04}\rand more", f"stream-{n % 2}"))
    found = [*logs.events("orders", lambda time, stream: time >= 20 and stream == "stream-1")]
    assert [(each.time, each.text) for each in found] == [(n, f"line {n:04}\nand more") for n in range(21, 60, 2)]
    assert (tmp_path / "logs" / "orders.log.1").exists()
    assert [*logs.events("nobody", lambda *_: True)] == []
    logs.close()


def test_a_record_whose_index_was_not_written_to_its_end_is_left_out(tmp_path: Path) -> None:
    logs = LogFiles(tmp_path / "logs")
    logs.write(record("whole"))
    logs.close()
    with (tmp_path / "logs" / "orders.index").open("a") as index:
        index.write("17000000")
    assert [each.text for each in LogFiles(tmp_path / "logs").events("orders", lambda *_: True)] == ["whole"]


def test_who_reads_on_gets_every_record_once_also_where_files_are_put_aside_meanwhile(tmp_path: Path) -> None:
    logs = LogFiles(tmp_path / "logs", longest=300)
    seen, read = [], None
    for n in range(100):
        logs.write(LogRecord("orders", "r", "OUTPUT", float(n), f"line {n:04}"))
        if n % 7 == 0:
            events, read = logs.since("orders", read)
            seen += [event.text for event in events]
    assert seen == [f"line {n:04}" for n in range(99)]
    events, read = logs.since("orders", read)
    assert [event.text for event in events] == ["line 0099"]
    assert logs.since("orders", read) == ([], read)
    logs.close()


def test_who_has_not_read_for_long_goes_on_with_what_is_still_kept(tmp_path: Path) -> None:
    logs = LogFiles(tmp_path / "logs", longest=300)
    assert logs.since("orders", None) == ([], None)
    logs.write(record("the first"))
    _, read = logs.since("orders", None)
    for n in range(100):
        logs.write(LogRecord("orders", "r", "OUTPUT", float(n), f"line {n:04}"))
    events, _ = logs.since("orders", read)
    assert [event.text for event in events] == [f"line {n:04}" for n in range(100 - len(events), 100)]
    assert len(events) >= 8
    logs.close()
