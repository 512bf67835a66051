"""How long a call may take, and that nobody makes a client that does not say so."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from botocore.config import Config

from backoffice import batches, clients, dynamodb

ROOT = Path(__file__).parents[3]
SERVICES = get_args(clients.ServiceName.__value__)
MAKERS = {"client", "resource", "session", "Session", "get_session", "create_client"}


def _config(client: Any) -> Any:
    return client.meta.config  # the stubs do not know all that it has


@pytest.mark.parametrize("service", SERVICES)
def test_every_client_has_time_outs_retries_and_keep_alive(service: clients.ServiceName) -> None:
    config = _config(clients.client(service, connections=7))

    allowed = clients.limits(service)
    assert (config.connect_timeout, config.read_timeout) == (allowed.connect_s, allowed.read_s)
    assert config.retries == {"mode": "standard", "total_max_attempts": allowed.attempts}
    assert config.tcp_keepalive is True
    assert config.max_pool_connections == 7


def test_a_client_keeps_what_else_is_set() -> None:
    config = _config(clients.client("dynamodb", config=Config(user_agent="mine")))

    assert config.user_agent.startswith("mine")
    assert config.read_timeout == clients.STANDARD.read_s


def test_the_process_s_dynamodb_client_is_made_like_the_others() -> None:
    config = _config(dynamodb.client())

    assert (config.connect_timeout, config.read_timeout) == (clients.STANDARD.connect_s, clients.STANDARD.read_s)
    assert config.max_pool_connections >= batches.THREADS


@pytest.mark.parametrize(
    ("allowed", "longest_ms"),
    [
        (clients.CallLimits(connect_s=1, read_s=5, attempts=1), 6_000),
        (clients.CallLimits(connect_s=1, read_s=5, attempts=2), 2 * 6_000 + 1_000),
        (clients.CallLimits(connect_s=1, read_s=3, attempts=3), 3 * 4_000 + 3_000),
        (clients.CallLimits(connect_s=0.5, read_s=0.5, attempts=8), 8_000 + 1000 * (1 + 2 + 4 + 8 + 16 + 20 + 20)),
    ],
)
def test_the_longest_call_is_all_its_attempts_and_the_waits_between_them(
    allowed: clients.CallLimits, longest_ms: int
) -> None:
    assert allowed.longest_call_ms == longest_ms


def test_the_margin_of_a_batch_leaves_time_for_its_longest_call_and_for_the_report() -> None:
    for service in ("dynamodb", "events", "sns", "sqs"):
        assert clients.limits(service).longest_call_ms + batches.REPORT_MS <= batches.MARGIN_MS


def _makers(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(value=ast.Name(id="boto3" | "botocore"), attr=name) if name in MAKERS:
                yield name
            case ast.ImportFrom(module=str(module), names=names) if module.split(".")[0] in {"boto3", "botocore"}:
                yield from (alias.name for alias in names if alias.name in MAKERS)


def test_no_client_is_made_elsewhere() -> None:
    sources = [*ROOT.glob("functions/*/*/*.py"), *ROOT.glob("layers/shared/backoffice/*.py")]

    made = {path.name: [*_makers(path.read_text())] for path in sources}

    assert {name: found for name, found in made.items() if found} == {"clients.py": ["client"]}


@pytest.mark.parametrize(
    "source",
    [
        "import boto3\nsns = boto3.client('sns')",
        "import boto3\nsns = boto3.Session().client('sns')",
        "from boto3 import client",
        "from botocore.session import get_session",
    ],
)
def test_a_client_made_elsewhere_would_be_found(source: str) -> None:
    assert [*_makers(source)]
