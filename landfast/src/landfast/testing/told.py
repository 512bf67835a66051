"""What tests tell of their events: beside a failure, and on one page."""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from landfast.console.places import Places
from landfast.console.report_file import Chapter
from landfast.errors import LandfastError
from landfast.report import page, wording
from landfast.report.live import accounts
from landfast.service.store import read_journal
from landfast.testing.stack import Stack

_MOST: Final = 5


def sections(stack: Stack) -> Iterator[tuple[str, str]]:
    """Yield the accounts of a test's events, each with its title; those that were not processed come first."""
    try:
        landed = sorted(map(stack.where, stack.sent), key=lambda each: each.state == "processed")
        for each in landed[:_MOST]:
            title, _, text = each.account().partition("\n")
            yield title, text
        if (left := len(landed) - _MOST) > 0:
            yield "and so on", f"{wording.several(left, 'more event')}: landfast.where(sent).account() tells of each"
    except LandfastError as error:  # the service may be what has failed
        yield "no account", str(error)
    except Exception as error:  # noqa: BLE001 - whatever it is, the test's own failure is told, and other tests run
        yield "no account", f"{type(error).__name__}: {error}"


def chapter(test: str, stack: Stack) -> Chapter:
    """All that happened in a test, for a report."""
    entries = [entry for _, entry in read_journal(stack.service.journal)]
    told = [replace(each, title=f"{test}: {each.title}") for each in accounts(entries, page.LIMITS)]
    service = stack.service
    logs: dict[str, list[str]] = {}
    for function in service.running.of_kind("function"):
        for request, text in service.logged(function.name):
            logs.setdefault(request, []).append(text)
    places = Places(service.template, service.running.resources)
    return Chapter(accounts=told, entries=entries, test=test, places=places, logs=logs)
