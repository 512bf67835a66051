"""What `landfast lint` foretells of a template happens when the template runs."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.session import Session

from landfast.journal import Entry, Finished, Invoked, Settled
from landfast.lint.forecast import Forecast
from landfast.lint.hazards import findings
from landfast.service.service import Options, Service
from landfast.service.store import read_journal
from tests.end_to_end.conftest import PATIENCE

pytestmark = pytest.mark.xdist_group("hazards")

TEMPLATE = Path(__file__).with_name("hazards") / "template.yaml"
QUEUES = {"W9530": "WholeBatches", "E9531": "NotDeclared", "W9504": "NoDeadLetters", "W9503": "FewReceives"}
PLACES = QUEUES | {
    "W9530": "W9530Queue",
    "E9531": "E9531Queue",
    "W9525": "W9525Stream",
    "W9540": "W9540",
    "W9541": "W9541EventInvokeConfig",
}
"""Where each hazard is."""

STATES = {"processed", "to_destination", "dropped", "dead_lettered"}


@pytest.fixture(scope="module")
def forecasts() -> dict[str, Forecast]:
    return {
        hazard.id: finding.forecast
        for hazard, finding in findings(TEMPLATE)
        if finding.forecast is not None and PLACES.get(hazard.id) == finding.at[0]
    }


@pytest.fixture(scope="module")
def journal(forecasts: dict[str, Forecast], tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Entry]]:
    """The journal after each source got what its forecast sends, and everything has landed."""
    state = tmp_path_factory.mktemp("hazards")
    service = Service.start(Options(template=TEMPLATE, state=state, skip_waits=True, sandbox=False))
    try:
        _send(service, forecasts)
        service.settle(PATIENCE)
        yield [entry for _, entry in read_journal(service.journal)]
    finally:
        service.stop()


def _send(service: Service, forecasts: dict[str, Forecast]) -> None:
    session = Session()
    session.set_credentials("test", "test")

    def client(name: str) -> Any:
        return session.create_client(
            name,
            region_name=service.running.region,
            endpoint_url=service.endpoint,
            config=Config(retries={"total_max_attempts": 1}),
        )

    sqs, kinesis, events, functions = (client(name) for name in ("sqs", "kinesis", "events", "lambda"))
    for rule, queue in QUEUES.items():
        ids = _ids(forecasts[rule])
        url = service.running.resource("queue", queue).url
        for begin in range(0, len(ids), 10):
            entries = [{"Id": one, "MessageBody": json.dumps({"id": one})} for one in ids[begin : begin + 10]]
            sqs.send_message_batch(QueueUrl=url, Entries=entries)
    records = [{"Data": json.dumps({"id": one}), "PartitionKey": one} for one in _ids(forecasts["W9525"])]
    kinesis.put_records(StreamName=service.running.resource("stream", "Records").name, Records=records)
    events.put_events(Entries=[{"Source": "lint", "DetailType": "order", "Detail": '{"id": "r1"}'}])
    name = service.running.resource("function", "W9541").name
    functions.invoke(FunctionName=name, InvocationType="Event", Payload='{"id": "r1"}')
    for each in (sqs, kinesis, events, functions):
        each.close()


def _ids(forecast: Forecast) -> list[str]:
    return [record.id for record in forecast.scenario.source.all()]


@pytest.mark.parametrize("rule", PLACES)
def test_what_is_foretold_happens(rule: str, forecasts: dict[str, Forecast], journal: list[Entry]) -> None:
    mine = [entry for entry in journal if entry.source.startswith(rule)]
    ended = Counter(entry.state for entry in mine if isinstance(entry, Settled) for _ in entry.records)
    throttles = sum(isinstance(entry, Finished) and entry.outcome == "throttle" for entry in mine)
    invocations = sum(isinstance(entry, Invoked) for entry in mine) - throttles
    counts = Counter(forecasts[rule].account.counts)
    counts["dropped"] += counts["pending"]  # it was played until the end of the retention
    assert ended == Counter({state: counts[state] for state in STATES if counts[state]})
    assert invocations == counts["invocations"]
