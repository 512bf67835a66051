"""One endpoint for each engine that Landfast supports: Landfast's own with the engine behind it, or the bare engine."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pytest_socket import enable_socket, socket_allow_hosts

from landfast.dataplane import engine as engines
from landfast.service.service import Options, Service
from tests.contract.aws import BARE, Aws
from tests.engines import ENGINES, EVERY, each, skip_without

if TYPE_CHECKING:
    from landfast.dataplane.engine import EngineName

STACK = Path(__file__).with_name("stack") / "template.yaml"
AREAS = {
    "events": "EventBridge",
    "functions": "Functions",
    "kinesis": "Kinesis",
    "protocols": "Protocols and errors",
    "s3": "S3 notifications",
    "sns": "SNS",
    "sqs": "SQS",
    "tables": "DynamoDB streams",
    "traces": "Trace headers and loops",
}

STORED = {"dynamodb", "s3"}
"""The services whose calls the engine answers; Landfast answers all others alike, whatever is behind it."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "source(where): where AWS says what the test expects, or was seen to do it")
    config.addinivalue_line("markers", "stored: objects or items are kept, so that every engine has to show it")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "aws" in metafunc.fixturenames:
        every = BARE or EVERY or metafunc.definition.get_closest_marker("stored")
        chosen = each("contract", ENGINES if every else ENGINES[:1])
        metafunc.parametrize("aws", chosen, indirect=True, scope="session")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == Path(__file__).parent and item.get_closest_marker("source") is None:
            raise pytest.UsageError(f"{item.nodeid} does not say its source")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A table of both engines by area: passed of applicable tests."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for outcome in ("passed", "failed", "error", "xfailed", "xpassed"):
        for report in terminalreporter.stats.get(outcome, []):
            if "tests/contract/" in report.nodeid:
                module, _, test = report.nodeid.partition("::")
                engine = "ministack" if "[ministack" in test else "moto"
                counts[AREAS[module.rpartition("/")[2].split("_")[1].removesuffix(".py")], engine, outcome] += 1
    if not counts:
        return
    terminalreporter.write_sep("=", "the contract, " + ("bare engines" if BARE else "Landfast before the engine"))
    terminalreporter.write_line("| area | moto | ministack |\n|---|---|---|")
    for area in (*AREAS.values(), None):
        cells = []
        for engine in ("moto", "ministack"):
            found = [(how, count) for (of, by, how), count in counts.items() if by == engine and of == (area or of)]
            passed = sum(count for how, count in found if how == "passed")
            cells.append(f"{passed} of {sum(count for _, count in found)}" if found else "as on moto")
        terminalreporter.write_line(f"| {area or 'all'} | {' | '.join(cells)} |")


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> None:
    enable_socket()
    socket_allow_hosts(["127.0.0.1"])


@pytest.fixture(scope="session")
def aws(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, _loopback_only: None
) -> Iterator[Aws]:
    engine: EngineName = request.param
    skip_without(engine)
    folder = tmp_path_factory.mktemp(engine)
    ledger = folder / "ledger"
    ledger.mkdir()
    if BARE:
        with engines.start(folder / "state", engine, stack="contract") as running:
            yield from _closing(Aws(running.url, ledger))
        return
    parameters = {"Ledger": str(ledger)}
    options = Options(template=STACK, state=folder / "state", parameters=parameters, engine=engine, sandbox=False)
    with Service.start(options) as service:
        yield from _closing(Aws(service.endpoint, ledger, service))
        assert service.failure is None, service.failure


@pytest.fixture(autouse=True)
def _is_marked_if_it_stores(request: pytest.FixtureRequest) -> Iterator[None]:
    """See that no test that runs on one engine only is about what engines do."""
    aws: Aws = request.getfixturevalue("aws")
    aws.asked.clear()
    yield
    if request.node.get_closest_marker("stored") is None:
        assert not aws.asked & STORED, "mark it as `stored`: it has to run on every engine"


@pytest.fixture
def landfast(aws: Aws) -> Service:
    """The service, for tests that need its functions or its tools: they do not apply to a bare engine."""
    if aws.service is None:
        pytest.skip("needs Landfast's functions")
    return aws.service


def _closing(aws: Aws) -> Iterator[Aws]:
    try:
        yield aws
    finally:
        aws.close()
