"""What is told of a running service's journal."""

import io
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console
from typer.testing import CliRunner

from landfast.cli.app import app
from landfast.journal import Accepted, Checkpointed, Dropped, Entry, Finished, Injected, Invoked, Retrying, Settled
from landfast.report import page, text
from landfast.report.account import Account, Limits
from landfast.report.live import accounts
from landfast.report.sentences import line
from landfast.service.state import StateDirectory
from landfast.service.store import Store
from tests.report import journals
from tests.report.journals import EVENT, MESSAGES, NOON, RECORDS
from tests.report.test_page import reading


def told(entries: list[Entry]) -> dict[str, list[str]]:
    """The lines of each source's account."""
    return {account.title: written(account) for account in accounts(entries, text.LIMITS)}


def written(account: Account) -> list[str]:
    out = io.StringIO()
    text.write(account, Console(file=out, width=160))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def section(lines: list[str], title: str) -> list[str]:
    begin = lines.index(title) + 1
    end = next((index for index in range(begin, len(lines)) if not lines[index]), len(lines))
    return [re.sub(r" {2,}", "  ", line) for line in lines[begin:end]]


def test_each_source_has_an_account_of_its_own() -> None:
    lines = told(journals.everything())
    assert list(lines) == ["Orders", "OrdersQueue", "ScansStream"]
    assert section(lines["Orders"], "Orders") == [
        "source  1 event",
        "function  Orders",
        "journal  12 entries, 2026-01-01 12:00:00.000 to 2026-01-01 12:01:03.000",
    ]
    assert section(lines["OrdersQueue"], "OrdersQueue")[0] == "source  orders: 3 messages"
    assert section(lines["ScansStream"], "ScansStream") == [
        "source  stream/scans: 4 records",
        "function  Orders",
        "journal  12 entries, 2026-01-01 12:00:00.000 to 2026-01-01 12:00:07.000",
        "checkpoint  shard 3 up to 49590338",
    ]


def test_live_times_are_clock_times_and_ids_are_short() -> None:
    assert section(told(journals.everything())["Orders"], "Timeline")[1:] == [
        "12:00:00.250  0b4fa2c1  1  raise in 1s  again at 12:01:01.000 (S-04 function error)",
        "12:01:01.000  0b4fa2c1  -  throttle in 0.5s  again at 12:01:02.000 (S-06 throttled)",
        "12:01:02.000  0b4fa2c1  2  raise in 1s  S-04 RetriesExhausted",
    ]


def test_times_have_their_day_where_a_journal_has_more_than_one() -> None:
    later = [msgspec.structs.replace(entry, at=entry.at + 86_400) for entry in journals.stream()]
    lines = told(journals.mixed(journals.events(), later))
    assert section(lines["Orders"], "Timeline")[1].startswith("2026-01-01 12:00:00.250  0b4fa2c1")
    assert section(lines["ScansStream"], "Timeline")[1].startswith("2026-01-02 12:00:00.000  shard 3")


def test_kinesis_records_are_named_by_their_shard_and_the_end_of_their_sequence_number() -> None:
    tree = section(told(journals.everything())["ScansStream"], "Batches that were split")
    assert tree == [
        "3:36588890-36588892 (3)  timeout  S-60 bisected",
        "├── 3:36588890  timeout  dropped at 12:00:06.000 (S-59)",
        "└── 3:36588891,3:36588892 (2)  succeed  processed at 12:00:07.000 (S-46)",
    ]


def test_what_was_never_tried_is_pending_and_has_waited() -> None:
    lines = told(journals.everything())["ScansStream"]
    assert "3:36588893  pending  -  0x  undecided by the end" in section(lines, "Where every record landed, and why")
    [held_up] = section(lines, "Held up by failures")
    assert held_up == "shard 3: for 4s (12:00:03.000 to 12:00:07.000), by 3:36588890; 3 other records waited"


def test_a_batch_whose_messages_came_back_before_the_others_were_deleted_is_a_split() -> None:
    assert section(told(journals.everything())["OrdersQueue"], "Batches that were split") == [
        "aaaaaaaa,bbbbbbbb,cccccccc (3)  report  S-97 partial response",
        "├── bbbbbbbb,cccccccc (2)  processed at 12:00:03.000 (S-97)",
        "└── aaaaaaaa  succeed  processed at 12:00:32.000 (S-97)",
    ]


def test_errors_have_their_message_their_place_and_how_often_they_came() -> None:
    lines = told(journals.everything())
    assert section(lines["Orders"], "Errors of the function") == [
        "ValueError: no stock, at /app/orders.py:30 in charge: 2 times from 12:00:01.250 to 12:01:03.000, 0b4fa2c1"
    ]
    [timed_out] = section(lines["ScansStream"], "Errors of the function")
    assert timed_out.startswith("Sandbox.Timedout: Task timed out after 3.00 seconds: 2 times from 12:00:03.000")
    assert timed_out.endswith("to 12:00:06.000, 3:36588890-36588892 (3)")


def test_failed_deliveries_and_requests_to_the_engine_are_told() -> None:
    lines = told(journals.everything())
    title = "Failed deliveries and requests"
    assert section(lines["Orders"], title) == ["DeadLetterErrors: no such queue: at 12:01:03.000, 0b4fa2c1"]
    assert section(lines["OrdersQueue"], title) == [
        "receiving messages: Could not connect to the endpoint: at 12:00:04.000"
    ]
    assert title not in lines["ScansStream"], "a metric without an error is told by the state of its records"


@pytest.mark.parametrize(
    "error", [{}, {"errorMessage": None}, {"cut": "x"}, {"errorType": "E", "stackTrace": {"cut": "x"}}]
)
def test_an_error_that_says_little_or_was_cut_is_told_all_the_same(error: dict[str, object]) -> None:
    entries = [journals.finished("Orders", 0, (EVENT,), EVENT, "raise", error=error)]
    assert len(section(told(entries)["Orders"], "Errors of the function")) == 1


def test_a_try_that_a_stopped_service_left_unfinished_is_told_as_cut_off() -> None:
    records = (EVENT,)
    entries = [
        journals.invoked("Orders", 0, records, EVENT),
        journals.invoked("Orders", 9, records, EVENT),
        journals.finished("Orders", 10, records, EVENT, "system error", error={"errorMessage": "OSError: no room"}),
        journals.invoked("Orders", 11, records, EVENT),
    ]
    lines = told(entries)["Orders"]
    assert [line.split("  ")[2:4] for line in section(lines, "Timeline")[1:]] == [
        ["1", "cut off"],
        ["-", "system error in 1s"],
        ["1", "running"],
    ]
    assert section(lines, "Summary") == [
        "2 invocations and 1 try with a system error: 1 pending. Ended at 12:00:11.000."
    ]


@pytest.mark.parametrize("begun", [True, False], ids=["noted as begun", "noted at its end"])
def test_a_throttled_try_is_no_invocation_whether_its_beginning_is_noted_or_not(begun: bool) -> None:  # noqa: FBT001
    entries = [
        entry for entry in journals.events() if begun or not (isinstance(entry, Invoked) and entry.at == NOON + 61)
    ]
    [account] = accounts(entries, Limits())
    assert (account.counts["invocations"], account.counts["throttles"]) == (2, 1)
    assert [(line.first.number, line.outcome) for line in account.timeline.lines] == [
        (1, "raise"),
        (0, "throttle"),
        (2, "raise"),
    ]
    assert account.records.shown[0].invocations == 2


def test_faults_that_a_test_has_asked_for_are_told_as_such() -> None:
    fault = Injected(
        at=NOON + 61.5, source="Orders", records=(EVENT,), function="Orders", fault="throttled", request_id=EVENT
    )
    account = next(one for one in accounts([*journals.events(), fault], Limits()) if one.title == "Orders")
    assert [(each.text, each.records) for each in account.injected.shown] == [("Orders throttled", (EVENT,))]
    assert "Faults that were injected" in "\n".join(written(account))
    assert line(fault, width=6).endswith("injected fault: Orders throttled")


@pytest.mark.parametrize("first", range(1, len(journals.everything())))
def test_of_a_journal_whose_beginning_is_gone_the_rest_is_told(first: int) -> None:
    entries = journals.everything()[first:]
    found = accounts(entries, Limits())
    assert len(page.page(found)) > 1000
    for account in found:
        kept = [entry for entry in entries if entry.source == account.title]
        ended = {record for entry in kept if isinstance(entry, Settled) for record in entry.records}
        assert {each.record for each in account.records.shown if each.state != "pending"} == ended
        finished = sum(isinstance(entry, Finished) for entry in kept)
        assert sum(len(line.tries) for line in account.timeline.lines) >= finished
        assert "\n".join(written(account))


def test_nothing_is_left_out_of_the_json_of_an_account() -> None:
    entries = journals.everything()
    many = [
        Accepted(at=NOON + number, source="Busy", records=(f"{number:08}-event",), origin="invoke")
        for number in range(1000)
    ]
    found = {each["title"]: each for each in map(decoded, accounts([*entries, *many], Limits()))}
    assert found["Orders"]["words"] == {"times": "Unix time", "dated": False}
    assert [line["tries"][0]["at"] for line in found["Orders"]["timeline"]["lines"]] == [
        NOON + 0.25,
        NOON + 61,
        NOON + 62,
    ]
    assert found["Orders"]["errors"]["shown"][0]["trace"].endswith('raise ValueError("no stock")\n')
    assert [each["record"] for each in found["ScansStream"]["records"]["shown"]] == list(RECORDS)
    assert [each["record"] for each in found["OrdersQueue"]["records"]["shown"]] == list(MESSAGES)
    assert len(found["Busy"]["records"]["shown"]) == 1000
    listed = [each for each in found["Busy"].values() if isinstance(each, dict) and "left_out" in each]
    assert [each["left_out"] for each in listed] == [0] * 10


def decoded(account: Account) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(account))
    return found


def test_one_page_has_all_accounts_each_with_ids_of_its_own() -> None:
    reader = reading(page.page(accounts(journals.everything(), page.LIMITS)))
    assert (reader.wrong, reader.open) == ([], [])
    assert reader.tags["h1"] == 3
    ids = [value for _, name, value in reader.attributes if name == "id"]
    assert len(ids) == len(set(ids)) == 1 + 3 + 2 * (3 + 2), "hatching, accounts, and titles and descriptions"
    assert 'raise ValueError("no stock")' in "".join(reader.text), "the trace is there, folded"


def test_an_outcome_that_has_no_look_of_its_own_is_drawn_and_explained() -> None:
    html = page.page(accounts([journals.finished("Orders", 0, (EVENT,), EVENT, "<init>")], page.LIMITS))
    assert 'class="o-other"' in html
    assert "&lt;init&gt;</li>" in html
    assert "<init>" not in html


def test_hostile_names_ids_and_errors_are_only_text() -> None:
    hostile = "<img src=x onerror=alert(1)>\x1b[31m\n[bold]"
    error = {"errorType": hostile, "errorMessage": hostile, "stackTrace": [f'File "{hostile}", line 1, in {hostile}']}
    entries: list[Entry] = [
        Accepted(at=NOON, source=hostile, records=(hostile,), origin=hostile),
        Invoked(
            at=NOON, source=hostile, records=(hostile,), request_id=hostile, attempt=1, function=hostile, shard=hostile
        ),
        Finished(at=NOON, source=hostile, records=(hostile,), request_id=hostile, outcome=hostile, error=error),
        Checkpointed(at=NOON, source=hostile, sequence=hostile, shard=hostile),
        Dropped(at=NOON, source=hostile, records=(hostile,), metric=hostile, error=hostile),
        Retrying(at=NOON, source=hostile, due=NOON, rule=hostile),
    ]
    html = page.page(accounts(entries, page.LIMITS))
    reader = reading(html)
    assert (reader.wrong, reader.open, reader.tags["img"]) == ([], [], 0)
    assert [each for each in reader.attributes if each[1] in {"onerror", "src"}] == []
    [lines] = told(entries).values()
    assert "\x1b" not in "".join([html, *lines])


@pytest.fixture
def state(tmp_path: Path) -> Path:
    store = Store(StateDirectory(tmp_path).journal)
    store.commit(journals.everything())
    store.close()
    return tmp_path


def run(state: Path, *options: str) -> tuple[int, str]:
    ended = CliRunner().invoke(app, ["events", "--state", str(state), *options])
    return ended.exit_code, ended.output if ended.exception is None else f"{ended.output}{ended.exception}"


def test_the_command_tells_the_accounts_of_the_sources_that_are_asked_for(state: Path) -> None:
    status, printed = run(state, "--tree", "--source", "Queue")
    assert status == 0
    assert "OrdersQueue\n" in printed
    assert "└── aaaaaaaa  succeed" in printed
    assert "ScansStream" not in printed


def test_the_command_writes_the_page(state: Path, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    assert run(state, "--html", str(file)) == (0, "")
    html = file.read_text(encoding="utf-8")
    assert re.findall(r"<h1>(.*?)</h1>", html) == ["Orders", "OrdersQueue", "ScansStream"]


def test_the_command_prints_accounts_as_json_and_entries_as_before(state: Path) -> None:
    status, printed = run(state, "--tree", "--json")
    assert status == 0
    assert [msgspec.json.decode(line)["title"] for line in printed.splitlines()] == [
        "Orders",
        "OrdersQueue",
        "ScansStream",
    ]
    status, printed = run(state, "--json", "--last", "2")
    assert status == 0
    assert [msgspec.json.decode(line)["what"] for line in printed.splitlines()] == ["delivered", "settled"]
    assert len(run(state, "--last", "0")[1].splitlines()) == len(journals.everything())


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--tree", "--record", "0b4"], "--record is about single entries"),
        (["--html", "x.html", "--follow"], "--follow is about single entries"),
        (["--tree", "--source", "Nobody"], "there is no entry of Nobody to tell of"),
    ],
)
def test_what_the_command_cannot_tell_is_refused_in_one_line(state: Path, options: list[str], problem: str) -> None:
    status, printed = run(state, *options)
    assert status != 0
    assert problem in " ".join(printed.split())
