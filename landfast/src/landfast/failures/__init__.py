"""Failures: found, read, understood and brought back, of a running service or of a stack on AWS.

    found = stores_of(access)
    for store in found.stores:
        for failure in failures_in(access, store, found.routes, ledger):
            print(failure.id, failure.rule)

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
