"""Failures: found, read, understood and brought back, of a running service or of a stack on AWS.

    failures = StackFailures.of_service(running, state)
    for store, failure in failures.each(Ledger(failures.ledger).read()):
        print(store.name, failure.id, failure.rule)

`decoding` is pure, `access` knows where the stack runs, and `replaying` loses nothing and sends nothing twice.
"""

from landfast.failures.access import Access, AwsAccess, LocalAccess, memoized, remove, stores_of
from landfast.failures.carrying import Carried, exported, imported, read_lines
from landfast.failures.conditions import chosen_by
from landfast.failures.discovery import Found
from landfast.failures.errors import FailuresError
from landfast.failures.ledger import Ledger
from landfast.failures.listing import failures_in, untouchable
from landfast.failures.model import Failure, Store, Way
from landfast.failures.replaying import Replayed, Replays
from landfast.failures.stack import StackFailures

__all__ = [
    "Access",
    "AwsAccess",
    "Carried",
    "Failure",
    "FailuresError",
    "Found",
    "Ledger",
    "LocalAccess",
    "Replayed",
    "Replays",
    "StackFailures",
    "Store",
    "Way",
    "chosen_by",
    "exported",
    "failures_in",
    "imported",
    "memoized",
    "read_lines",
    "remove",
    "stores_of",
    "untouchable",
]
