"""Which stack the commands about failures are about: the running service's, or one on AWS."""

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from landfast.failures import Ledger, StackFailures

Aws = Annotated[bool, typer.Option("--aws", help="Of a stack on AWS, instead of the running service's.")]
Stack = Annotated[str | None, typer.Option("--stack", help="The stack on AWS.", metavar="NAME")]
Profile = Annotated[str | None, typer.Option("--profile", help="The profile of your AWS configuration.")]
Region = Annotated[str | None, typer.Option("--region", help="The region of the stack on AWS.")]
Where = Annotated[
    str | None,
    typer.Option("--where", help="Those that match: 'error~Validation and function=MyFunction'.", metavar="CONDITION"),
]


def chosen(state: Path, *, aws: bool, stack: str | None, profile: str | None, region: str | None) -> "StackFailures":
    """Find the stack and its failure stores.

    Raises:
        LandfastError: No service runs, or there is no such stack.
    """
    return _on_aws(stack, profile, region) if aws else _local(state, stack or profile or region)


@contextmanager
def reading(path: Path) -> "Iterator[Ledger]":
    """The ledger, as it is."""
    from landfast.failures import Ledger

    yield Ledger(path).read()


def _local(state: Path, of_aws: str | None) -> "StackFailures":
    from landfast.cli.connection import running
    from landfast.failures import StackFailures

    if of_aws is not None:
        raise typer.BadParameter("--stack, --profile and --region are about AWS: give --aws too, or leave them out")
    return StackFailures.of_service(running(state), state)


def _on_aws(stack: str | None, profile: str | None, region: str | None) -> "StackFailures":
    import boto3
    from botocore.config import Config

    from landfast.failures import AwsAccess, FailuresError, StackFailures, memoized

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
    return StackFailures.of(AwsAccess(stack, place, clients), ledger)
