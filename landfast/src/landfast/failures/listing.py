"""The failures of a stack, store by store."""

from collections.abc import Iterator

import msgspec

from landfast.failures.access import Access, LocalAccess, everything
from landfast.failures.decoding import Routes, decode
from landfast.failures.ledger import Ledger
from landfast.failures.model import Failure, Store

MOST = 10_000
"""Objects of a bucket that are looked at."""


def untouchable(access: Access, store: Store) -> str:
    """Why a store is only counted; empty if it can be looked into.

    A look on AWS is a receive. Where a function reads the queue it would take its work away, and where the queue has a
    redrive policy it could move the message on.
    """
    if store.kind == "archive":
        return "EventBridge replays it: aws events start-replay"
    if isinstance(access, LocalAccess):
        return ""
    if store.reader:
        return "a function reads it: looking would hide its messages"
    return "it has a redrive policy: looking would use up receives" if store.redrives else ""


def failures_in(access: Access, store: Store, routes: Routes, ledger: Ledger, limit: int = MOST) -> Iterator[Failure]:
    """The failures that lie in a store, decoded; each may be removed while the iteration is at it."""
    for kept in everything(access, store, limit):
        failure = decode(store, kept, routes)
        original = kept.attributes.get("OriginalMessageId", {}).get("StringValue", "")
        earlier = ledger.origin((failure.request_id, kept.key, original))
        yield msgspec.structs.replace(failure, replay_of=earlier) if earlier else failure
