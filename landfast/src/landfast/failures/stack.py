"""The failures of one stack: which of them are meant, which way each goes, and what is done to many of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Self, TypeAlias

from botocore.exceptions import ClientError

from landfast.failures.access import Access, LocalAccess, memoized, remove, stores_of
from landfast.failures.conditions import chosen_by
from landfast.failures.discovery import Clients, Found, physical_function
from landfast.failures.errors import FailuresError
from landfast.failures.ledger import Ledger
from landfast.failures.listing import failures_in, untouchable
from landfast.failures.model import Failure, Store, Way
from landfast.failures.replaying import Replayed, sent_to
from landfast.service.clients import aws
from landfast.service.state import Running

Chosen: TypeAlias = dict[str, tuple[Store, Failure]]
"""Failures with their stores, by their ids."""


class StackFailures(NamedTuple):
    """The failures of a stack.

    Attributes:
        access: The stack.
        found: Its failure stores.
        ledger: The path of its ledger.
    """

    access: Access
    found: Found
    ledger: Path

    @classmethod
    def of(cls, access: Access, ledger: Path) -> Self:
        """Find the failure stores of a stack.

        Raises:
            FailuresError: There is no such stack.
        """
        return cls(access, stores_of(access), ledger)

    @classmethod
    def of_service(cls, service: Running, state: Path, clients: Clients | None = None) -> Self:
        """Find those of a running service, which keeps its ledger in its state directory.

        Args:
            service: The service.
            state: The state directory.
            clients: boto3's clients for it; some of its own without them.
        """
        clients = clients or memoized(lambda name: aws(service, name))
        return cls.of(LocalAccess(service.endpoint, service.stack, clients), state / "replays.jsonl")

    @property
    def looked_into(self) -> list[Store]:
        """The stores that can be looked into."""
        return [store for store in self.found.stores if not untouchable(self.access, store)]

    def each(self, ledger: Ledger) -> Iterator[tuple[Store, Failure]]:
        """Every failure, with its store."""
        for store in self.looked_into:
            for failure in failures_in(self.access, store, self.found.routes, ledger):
                yield store, failure

    def named(self, ledger: Ledger, names: Sequence[str]) -> Chosen:
        """The failures whose ids begin so.

        Raises:
            FailuresError: A name means none, or more than one.
        """
        return named(self.each(ledger), names)

    def matching(self, ledger: Ledger, where: str | None) -> Chosen:
        """The failures that a condition chooses; all of them without one.

        What lies in a queue that a function reads is left out: it is that function's work, unless somebody names it.

        Raises:
            FailuresError: The text is no condition.
        """
        holds = chosen_by(where) if where is not None else None
        return {
            failure.id: (store, failure)
            for store, failure in self.each(ledger)
            if not store.reader and (holds is None or holds(failure))
        }

    def function(self, name: str) -> str:
        """The ARN of a function; of one in the stack its logical id is enough.

        Raises:
            FailuresError: There is none.
        """
        called, colon, qualifier = name.partition(":") if not name.startswith("arn:") else (name, "", "")
        try:
            reference = physical_function(self.access.clients, self.access.stack, called) + colon + qualifier
            answer = self.access.clients("lambda").get_function_configuration(FunctionName=reference)
        except ClientError as error:
            raise FailuresError(f"{name}: {error.response['Error'].get('Message') or error}") from None
        return str(answer["FunctionArn"])

    def ways(self, chosen: Chosen, to: str | None, edited: Mapping[str, Way] | None = None) -> dict[str, Way]:
        """Which way each failure goes.

        Args:
            chosen: The failures.
            to: The function to send them to instead of where they came to.
            edited: The ways of those whose event was changed.

        Raises:
            FailuresError: There is no such function.
        """
        function = None if to is None else self.function(to)
        ways = {key: (edited or {}).get(key, failure.way) for key, (_, failure) in chosen.items()}
        if function is None:
            return ways
        return {key: sent_to(way, function, chosen[key][1]) for key, way in ways.items()}

    def worked_off(
        self, ledger: Ledger, chosen: Chosen, work: Callable[[Store, Failure], Replayed]
    ) -> Iterator[Replayed]:
        """Do the work for each failure while its store is looked at, since only then it can be removed."""
        for store in {store.arn: store for store, _ in chosen.values()}.values():
            for failure in failures_in(self.access, store, self.found.routes, ledger):
                if failure.id in chosen:
                    yield work(store, failure)

    def discard(self, store: Store, failure: Failure) -> Replayed:
        """Remove a failure from its store for good."""
        remove(self.access, store, failure.kept)
        return Replayed(id=failure.id, outcome="removed")


def named(failures: Iterable[tuple[Store, Failure]], names: Sequence[str]) -> Chosen:
    """Those whose ids begin with one of the names, each of which must mean one failure.

    Raises:
        FailuresError: A name means none, or more than one.
    """
    meant: dict[str, tuple[Store, Failure]] = {}
    for store, failure in failures:
        for name in filter(failure.id.startswith, dict.fromkeys(names)):
            if name in meant:
                raise FailuresError(
                    f"{name}: several failures begin so: {meant[name][1].id}, {failure.id}; write more of it"
                )
            meant[name] = store, failure
    if missing := [name for name in dict.fromkeys(names) if name not in meant]:
        raise FailuresError(f"{', '.join(missing)}: there is no such failure: `landfast failures` lists them")
    return {failure.id: (store, failure) for store, failure in meant.values()}
