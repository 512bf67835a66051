"""Which stack the commands about failures are about: the running service's, or one on AWS."""

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from landfast.failures import Access, Failure, Found, Ledger, Store

Aws = Annotated[bool, typer.Option("--aws", help="Of a stack on AWS, instead of the running service's.")]
Stack = Annotated[str | None, typer.Option("--stack", help="The stack on AWS.", metavar="NAME")]
Profile = Annotated[str | None, typer.Option("--profile", help="The profile of your AWS configuration.")]
Region = Annotated[str | None, typer.Option("--region", help="The region of the stack on AWS.")]
Where = Annotated[
    str | None,
    typer.Option("--where", help="Those that match: 'error~Validation and function=MyFunction'.", metavar="CONDITION"),
]


class Chosen(NamedTuple):
    """The stack that a command is about.

    Attributes:
        access: The stack.
        found: Its failure stores.
        ledger: The path of its ledger.
    """

    access: "Access"
    found: "Found"
    ledger: Path

    @property
    def looked_into(self) -> "list[Store]":
        """The stores that can be looked into."""
        from landfast.failures import untouchable

        return [store for store in self.found.stores if not untouchable(self.access, store)]


def chosen(state: Path, *, aws: bool, stack: str | None, profile: str | None, region: str | None) -> Chosen:
    """Find the stack and its failure stores.

    Raises:
        LandfastError: No service runs, or there is no such stack.
    """
    from landfast.failures import stores_of

    access, ledger = _on_aws(stack, profile, region) if aws else _local(state, stack or profile or region)
    return Chosen(access, stores_of(access), ledger)


def all_of(one: Chosen, ledger: "Ledger") -> "Iterator[tuple[Store, Failure]]":
    """Every failure, with its store."""
    from landfast.failures import failures_in

    for store in one.looked_into:
        for failure in failures_in(one.access, store, one.found.routes, ledger):
            yield store, failure


def the_one(one: Chosen, ledger: "Ledger", name: str) -> "tuple[Store, Failure]":
    """The failure whose id begins so.

    Raises:
        FailuresError: There is none, or more than one.
    """
    return only((name, each) for each in all_of(one, ledger) if each[1].id.startswith(name))[name]


def only(found: "Iterator[tuple[str, tuple[Store, Failure]]]") -> "dict[str, tuple[Store, Failure]]":
    """What names mean, each of which must mean one failure."""
    from landfast.failures import FailuresError

    meant: dict[str, Any] = {}
    for name, each in found:
        if name in meant:
            raise FailuresError(
                f"{name}: several failures begin so: {meant[name][1].id}, {each[1].id}; write more of it"
            )
        meant[name] = each
    return meant


@contextmanager
def reading(path: Path) -> "Iterator[Ledger]":
    """The ledger, as it is."""
    from landfast.failures import Ledger

    yield Ledger(path).read()


def _local(state: Path, of_aws: str | None) -> "tuple[Access, Path]":
    from landfast.cli.connection import aws, running
    from landfast.failures import LocalAccess, memoized

    if of_aws is not None:
        raise typer.BadParameter("--stack, --profile and --region are about AWS: give --aws too, or leave them out")
    service = running(state)
    clients = memoized(lambda name: aws(service, name))
    return LocalAccess(service.endpoint, service.stack, clients), state / "replays.jsonl"


def _on_aws(stack: str | None, profile: str | None, region: str | None) -> "tuple[Access, Path]":
    import boto3
    from botocore.config import Config

    from landfast.failures import AwsAccess, FailuresError, memoized

    if stack is None:
        raise typer.BadParameter("--aws wants the stack's name: --stack NAME")
    session = boto3.Session(profile_name=profile, region_name=region)
    if session.region_name is None:
        raise FailuresError("no region: give --region, or set one in your AWS configuration")
    # A call that is repeated behind our back could be a replay that is sent twice.
    config = Config(retries={"total_max_attempts": 1}, read_timeout=930)
    make: Any = session.client
    clients = memoized(lambda name: make(name, config=config))
    account = clients("sts").get_caller_identity()["Account"]
    place = f"account {account}, region {session.region_name}"
    home = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    ledger = home / "landfast" / "replays" / f"{account}-{session.region_name}-{stack}.jsonl"
    return AwsAccess(stack, place, clients), ledger
