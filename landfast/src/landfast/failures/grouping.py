"""Failures of one kind together: the same function, the same error, the same reason; pure."""

from collections.abc import Iterable

import msgspec

from landfast.failures.conditions import equal
from landfast.failures.model import Failure


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Failures of one kind.

    Attributes:
        function: The function that failed, or that the events were for; empty if nobody tells.
        error: The type of the error; empty if nobody tells.
        reason: Why they were given up, in AWS's word for it.
        message: The error's message of the newest one.
        where: The condition that chooses them.
        count: The number of them.
        stores: The stores that they lie in.
        oldest: When the first one came into its store, in Unix seconds.
        newest: When the last one did.
        expires: When the first of them is forgotten; None if none ever is.
    """

    function: str
    error: str
    reason: str
    message: str
    where: str
    count: int
    stores: tuple[str, ...]
    oldest: float
    newest: float
    expires: float | None


def groups(failures: Iterable[Failure]) -> list[Group]:
    """The failures by what they have in common, most of them first."""
    kinds: dict[tuple[str, str, str], list[Failure]] = {}
    for failure in failures:
        kinds.setdefault((failure.function, failure.error.type, failure.reason), []).append(failure)
    found = [_group(*kind, alike) for kind, alike in kinds.items()]
    return sorted(found, key=lambda group: (-group.count, -group.newest))


def _group(function: str, error: str, reason: str, alike: list[Failure]) -> Group:
    newest = max(alike, key=lambda failure: failure.at)
    conditions = (("function", function), ("type", error), ("reason", reason))
    return Group(
        function=function,
        error=error,
        reason=reason,
        message=newest.error.message,
        where=" and ".join(equal(field, value) for field, value in conditions),
        count=len(alike),
        stores=tuple(dict.fromkeys(failure.store for failure in alike)),
        oldest=min(failure.at for failure in alike),
        newest=newest.at,
        expires=min((failure.expires for failure in alike if failure.expires is not None), default=None),
    )
