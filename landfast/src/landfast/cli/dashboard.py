"""Shows a running service: a live table on a terminal, plain lines elsewhere."""

import time
from itertools import islice

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table

from landfast.delivery.times import iso_seconds
from landfast.report import sentences
from landfast.service.interrupts import Interrupts
from landfast.service.local_client import alarms
from landfast.service.queue_counts import counts
from landfast.service.service import Service
from landfast.service.state import ServiceError
from landfast.service.store import StoreError, read_journal

_REFRESH = 1.0
_TICK = 0.25
_PORTION = 500
"""Entries of the journal that are read at a time."""


def watch(console: Console, service: Service, interrupts: Interrupts) -> None:
    """Show what happens until the service fails.

    A signal comes up only while this prints, and between two waits: anywhere else, in `Event.wait` too, it could leave
    a lock held that the service needs for its end.

    Raises:
        Interrupted: A signal asked for the end.
    """
    if console.is_terminal:
        with Live(console=console, auto_refresh=False, transient=True) as live:
            while not _failed(service, interrupts, _REFRESH):
                tables = _tables(service)
                with interrupts.allowed():
                    live.update(tables, refresh=True)
    else:
        _lines(console, service, interrupts)


def _failed(service: Service, interrupts: Interrupts, seconds: float) -> bool:
    failed = service.failed.wait(seconds)
    interrupts.check()
    return failed


def _lines(console: Console, service: Service, interrupts: Interrupts) -> None:
    seen = service.store.newest()
    try:
        while True:
            entries = [*islice(read_journal(service.journal, after=seen), _PORTION)]
            told = [sentences.line(entry, width=24) for _, entry in entries if sentences.is_told(entry)]
            if told:  # at once: each print of its own costs as much as ten lines
                with interrupts.allowed():
                    console.print("\n".join(told), markup=False, highlight=False, soft_wrap=True)
            if entries:
                seen = entries[-1][0]
            if _failed(service, interrupts, _TICK):
                return
    except StoreError:
        if not _failed(service, interrupts, _REFRESH):  # the service itself says it better
            raise


def _tables(service: Service) -> Group:
    return Group(_functions(service), _sources(service), _queues(service), *_alarms(service))


def _functions(service: Service) -> Table:
    table = _table("function", "running", "waiting events")
    for target, driver in service.queues.each():
        polled = [
            states
            for reader in service.readers
            if reader.target.spec.name == target.spec.name
            for states in reader.states()
        ]
        running = driver.in_flight + sum(in_flight for in_flight, _ in polled)
        table.add_row(driver.source, str(running), str(len(driver.machine)))
    return table


def _sources(service: Service) -> Table:
    table = _table("source", "in flight", "state")
    for reader in service.readers:
        for in_flight, state in reader.states():
            table.add_row(reader.source, str(in_flight), state)
    return table


def _queues(service: Service) -> Table:
    table = _table("queue", "visible", "in flight")
    try:
        queues = counts(service.clients.sqs)
        holding = [queue for queue in queues if queue.visible or queue.in_flight or queue.delayed]
        for queue in holding:
            table.add_row(queue.name, str(queue.visible), str(queue.in_flight))
        table.add_row(f"{len(queues) - len(holding)} empty", "", "", style="dim")
    except (BotoCoreError, ClientError) as error:
        table.add_row(f"the engine does not answer: {error}", "", "")
        time.sleep(_REFRESH)
    return table


def _alarms(service: Service) -> list[Table]:
    """The alarms that have something to tell; without any alarm no table."""
    try:
        states = alarms(service.endpoint)
    except ServiceError:
        return []  # the service is about to say itself why it does not answer
    table = _table("alarm", "state", "since")
    names = {resource.arn: resource.logical_id for resource in service.running.of_kind("alarm")}
    told = [each for each in states if each.state != "OK"]
    for each in told:
        table.add_row(names.get(each.arn, each.name), each.state, iso_seconds(each.since))
    table.add_row(f"{len(states) - len(told)} OK", "", "", style="dim")
    return [table] if states else []


def _table(*columns: str) -> Table:
    return Table(*columns, box=None, header_style="bold", pad_edge=False)
