"""The console: how soon 100,000 events are listed, and what an open page costs a service under load.

The journal of 100,000 events is a simulated one, in which every tenth fails three times. The load is messages through a
queue and a function that does nothing; while it lasts, the list of events is open for a while, and closed for a while.
Processor time of the service's own process is the steadier measure of what that costs: browser, sender and workers
share the machine with it.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.figures import Figure, at_most, median
from landfast.console.index import Index, Table, Wanted
from landfast.dataplane.clients import Clients
from landfast.service.store import JournalReader, Store
from landfast.simulate.run import simulate
from landfast.simulate.scenario import read

TITLE = "The console"
PEER = "100 events, or no page"
EVENTS = 100_000
FEW = 100
OPENED = 7
ASKED = 40
RATE = 1_000
BATCH = 10
TURNS = (False, True, True, False) * 2
SECONDS = 15.0
PATIENCE = 60_000.0
QUEUE = "orders"
TEMPLATE = {
    "Transform": "AWS::Serverless-2016-10-31",
    "Resources": {
        "Orders": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": QUEUE, "VisibilityTimeout": 60}},
        "Noop": {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "CodeUri": "code/",
                "Handler": "noop.handler",
                "Runtime": "python3.13",
                "Timeout": 10,
                "Events": {"Orders": {"Type": "SQS", "Properties": {"Queue": {"Fn::GetAtt": ["Orders", "Arn"]}}}},
            },
        },
    },
}
SERVICE = """
import sys, time
from pathlib import Path
from landfast.console import Console
from landfast.service.service import Options, Service
with Service.start(Options(template=Path("template.json"), state=Path(sys.argv[1]), sandbox=False)) as service:
    for line in sys.stdin:
        print(Console.attach(service).url if line == "console\\n" else time.process_time(), flush=True)
"""
FIRST_ROW = """new MutationObserver((_, observer) => {
  if (!document.querySelector("tbody a")) return;
  observer.disconnect();
  requestAnimationFrame(() => { window.firstRow = performance.now(); });
}).observe(document, { childList: true, subtree: true });"""
CLICK = """async () => {
  const began = performance.now();
  document.querySelector('nav a[href="#/events"]').click();
  do await new Promise(requestAnimationFrame); while (!document.querySelector("tbody a"));
  return performance.now() - began;
}"""
MIDDLE = """async () => {
  const began = performance.now(), box = document.querySelector(".long");
  box.scrollTop = box.scrollHeight / 2;
  const middle = () => document.elementFromPoint(innerWidth / 2, innerHeight / 2).closest("tr")?.querySelector("a");
  do await new Promise(requestAnimationFrame); while (!middle());
  return performance.now() - began;
}"""


@dataclass
class _Service:
    """A service in a process of its own."""

    process: subprocess.Popen[str]

    def console(self) -> str:
        """The URL of a console that is attached to it anew."""
        return self._ask("console").partition("#")[0]

    def processor(self) -> float:
        """The processor time that it has taken, in seconds."""
        return float(self._ask("processor"))

    def rest(self) -> None:
        """Wait until it does nothing: what an earlier page has asked for is over."""
        before = -1.0
        while (now := self.processor()) - before > 0.02:  # noqa: PLR2004 - seconds
            before = now
            time.sleep(0.25)

    @property
    def endpoint(self) -> str:
        return self.console().partition("/_landfast/")[0]

    def _ask(self, what: str) -> str:
        if self.process.stdin is None or self.process.stdout is None:
            raise RuntimeError("it has no pipes")
        print(what, file=self.process.stdin, flush=True)
        return self.process.stdout.readline().strip()


def figures() -> Sequence[Figure]:
    """List a long journal, then look at a service under load."""
    with sync_playwright() as playwright, tempfile.TemporaryDirectory(prefix="landfast-bench-") as folder:
        chromium = os.environ.get("LANDFAST_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
        if chromium is None:
            raise RuntimeError("there is no Chromium: install it, or name one in LANDFAST_CHROMIUM")
        browser = playwright.chromium.launch(executable_path=chromium, chromium_sandbox=os.geteuid() != 0)
        home = Path(folder)
        (home / "code").mkdir()
        (home / "code" / "noop.py").write_text("def handler(event, context): pass\n")
        (home / "template.json").write_bytes(msgspec.json.encode(TEMPLATE))
        for state, count in (("long", EVENTS), ("short", FEW)):
            (home / state).mkdir(mode=0o700)
            _keep(home / state / "service.sqlite", count)
        return [*_asked(home / "long" / "service.sqlite"), *_listed(browser, home), *_under_load(browser, home)]


def _keep(journal: Path, count: int) -> None:
    """Keep the journal of so many events, of which the last has just ended."""
    scenario = {
        "source": {"type": "async", "records": {"count": count, "per_second": RATE}},
        "mapping": {"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:123456789012:failures"}}},
        "function": {"behaviour": [{"every": 10, "outcome": "raise"}]},
    }
    _, entries = simulate(read(msgspec.json.encode(scenario)))
    begun = time.time() - entries[-1].at
    with closing(Store(journal)) as store:
        store.commit([
            msgspec.structs.replace(entry, at=begun + entry.at, records=tuple(map(_request_id, entry.records)))
            for entry in entries
        ])  # fmt: skip


def _request_id(record: str) -> str:
    """An id as long as those of a running service."""
    return str(uuid.UUID(int=int(record[1:]) << 96, version=4))


def _asked(journal: Path) -> Iterator[Figure]:
    tracemalloc.start()
    with closing(JournalReader(journal)) as reader:
        oldest, newest = reader.span()
        table = Table(oldest)
        while table.newest < newest:
            table.read(reader.portion)
        taken = tracemalloc.get_traced_memory()[0] / 2**20
    tracemalloc.stop()
    wanted = (
        Wanted(), Wanted(offset=EVENTS // 2), Wanted(states=frozenset({"to_destination"})),
        Wanted(function="function", states=frozenset({"processed"})), Wanted(text="raise"), Wanted(text="nothing"),
    )  # fmt: skip
    times = []
    with closing(Index(journal, delay=0.0)) as index:
        while index.window(wanted[0]).read < 1.0:
            time.sleep(0.1)
        for each in wanted * ASKED:
            began = time.perf_counter()
            index.window(each)
            times.append(1000 * (time.perf_counter() - began))
    yield at_most("memory of the index of 100,000 events [MB]", taken, 100.0)
    yield at_most("a window of it, filtered or not, 95 % of them [ms]", sorted(times)[len(times) * 95 // 100], 30.0)


def _listed(browser: Browser, home: Path) -> Iterator[Figure]:
    """Open the list of a console that has read nothing yet, in a browser that has loaded nothing; then from the map."""
    with _service(home, "long") as many, _service(home, "short") as few:
        rounds = [(_opened(browser, many, EVENTS), _opened(browser, few, FEW)) for _ in range(OPENED)]
    shown, clicked, scrolled = ([each[index] for each, _ in rounds] for index in range(3))
    beside_shown, beside_clicked, _ = ([each[index] for _, each in rounds] for index in range(3))
    yield at_most("from the URL to the first of 100,000 events [s]", median(shown), 0.5, peer=median(beside_shown))
    yield at_most("from a click on the map to them [s]", median(clicked), 0.5, peer=median(beside_clicked))
    yield at_most("from there to those in the middle [s]", median(scrolled), 0.5)


def _opened(browser: Browser, service: _Service, count: int) -> tuple[float, float, float]:
    """The seconds from the URL to the first rows, from a click to them, and from there to those in the middle."""
    service.rest()
    page = _page(browser)
    page.goto(f"{service.console()}#/events")
    page.wait_for_function("() => window.firstRow", timeout=PATIENCE)
    shown = page.evaluate("window.firstRow")
    page.wait_for_selector(f"table[aria-rowcount='{count + 1}']", timeout=PATIENCE)
    scrolled = page.evaluate(MIDDLE)
    page.click("nav a[href='#/map']")
    page.wait_for_selector(".map-row")
    clicked = page.evaluate(CLICK)
    page.context.close()
    return shown / 1000, clicked / 1000, scrolled / 1000


def _under_load(browser: Browser, home: Path) -> Iterator[Figure]:
    spent = {True: _Spent(), False: _Spent()}
    with _service(home, "loaded") as service, _sending(service.endpoint) as sent:
        address = service.console()
        page = _page(browser)
        for shows in TURNS:
            page.goto(f"{address}#/events" if shows else "about:blank")
            if shows:
                page.wait_for_selector("tbody a", timeout=PATIENCE)
            spent[shows].measure(service, sent)
    with_page, without = spent[True], spent[False]
    yield Figure(name=f"messages/s that were sent, {RATE:,} wanted", measured=with_page.rate, peer=without.rate)
    yield _slower("the service's processor time for 1,000 of them [ms]", with_page.processor, without.processor)
    yield _slower("to send ten of them, median [ms]", with_page.waited, without.waited)


def _slower(name: str, measured: float, peer: float) -> Figure:
    ratio = measured / peer
    return Figure(name=name, measured=measured, peer=peer, ratio=ratio, goal="≤ 1.05 x", met=ratio <= 1.05)  # noqa: PLR2004


@contextmanager
def _service(home: Path, state: str) -> Iterator[_Service]:
    command = [sys.executable, "-c", SERVICE, state]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=home, stdin=pipe, stdout=pipe, text=True) as process:  # noqa: S603
        yield _Service(process)  # which ends when nobody asks it any more


@contextmanager
def _sending(endpoint: str) -> Iterator[list[float]]:
    """Send messages at a steady rate; what each call has taken is told in seconds."""
    calls: list[float] = []
    ended = threading.Event()

    def send() -> None:
        with closing(Clients(endpoint, "us-east-1")) as clients:
            url = clients.sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
            entries: Any = [{"Id": str(number), "MessageBody": f'{{"number": {number}}}'} for number in range(BATCH)]
            due = time.perf_counter()
            while not ended.is_set():
                began = time.perf_counter()
                clients.sqs.send_message_batch(QueueUrl=url, Entries=entries)
                calls.append(time.perf_counter() - began)
                due = max(due + BATCH / RATE, began)  # what a busy machine has missed is not made up for
                ended.wait(max(0.0, due - time.perf_counter()))

    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield calls
    finally:
        ended.set()
        sender.join()


@dataclass
class _Spent:
    """What messages have cost, over all turns of a kind."""

    processors: list[float] = field(default_factory=list)
    calls: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def measure(self, service: _Service, sent: list[float]) -> None:
        """Look for a turn at a service to which messages are sent."""
        time.sleep(1.0)  # a page is drawn for the first time, or forgotten
        began, calls, processor = time.perf_counter(), len(sent), service.processor()
        time.sleep(SECONDS)
        made = sent[calls:]
        self.processors.append(1000 * (service.processor() - processor) / (len(made) * BATCH / 1000))
        self.calls += made
        self.seconds += time.perf_counter() - began

    @property
    def rate(self) -> float:
        return len(self.calls) * BATCH / self.seconds

    @property
    def processor(self) -> float:
        return sum(self.processors) / len(self.processors)

    @property
    def waited(self) -> float:
        return 1000 * median(self.calls)


def _page(browser: Browser) -> Page:
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.add_init_script(FIRST_ROW)
    return page
