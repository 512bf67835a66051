"""One function for each kind of source, poison among its records: live, every record goes the way that is simulated."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from landfast.journal import Accepted, Finished, Invoked, Settled
from landfast.service.service import Options, Service
from landfast.simulate.run import simulate
from landfast.simulate.scenario import read
from tests.end_to_end.conftest import PATIENCE, Client

pytestmark = pytest.mark.xdist_group("simulator-agrees")

DESTINATION = {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:123456789012:failures"}}

HANDLER = """
import base64, json, os

POISON = os.environ["POISON"].split(",")
REPORT = os.environ["REPORT"] == "yes"


def ids(event):
    for record in event.get("Records", [event]):
        if "kinesis" in record:
            yield json.loads(base64.b64decode(record["kinesis"]["data"]))["id"], record["kinesis"]["sequenceNumber"]
        elif "dynamodb" in record:
            yield record["dynamodb"]["Keys"]["id"]["S"], record["dynamodb"]["SequenceNumber"]
        elif "body" in record:
            yield json.loads(record["body"])["id"], record["messageId"]
        else:
            yield record["id"], ""


def handler(event, context):
    failed = [item for name, item in ids(event) if name in POISON]
    if failed and not REPORT:
        raise ValueError("poison")
    return {"batchItemFailures": [{"itemIdentifier": item} for item in failed]}
"""


@dataclass(frozen=True)
class Case:
    """A source with its mapping, told to both drivers.

    Attributes:
        source: The source's type in a scenario.
        records: Their ids, each with its key.
        mapping: CloudFormation's properties.
        poison: The records that fail.
        report: Whether the function reports them, or raises.
        queue: The properties of an SQS queue.
    """

    source: str
    records: Sequence[tuple[str, str]]
    mapping: Mapping[str, Any]
    poison: str
    report: bool = False
    queue: Mapping[str, Any] = field(default_factory=dict)

    def simulated(self) -> dict[str, Any]:
        source: dict[str, Any] = {
            "type": self.source,
            "records": [{"id": record, "key": key} for record, key in self.records],
        }
        if self.queue:
            source["queue"] = self.queue
        outcome = "report" if self.report else "raise"
        scenario = {
            "source": source,
            "mapping": self.mapping,
            "function": {"Timeout": 5, "behaviour": [{"records": [self.poison], "outcome": outcome}]},
        }
        result, _ = simulate(read(json.dumps(scenario).encode()))
        return result


@dataclass(frozen=True)
class Live:
    """A running service with every case in it.

    Attributes:
        client: Its user.
        messages: The records that SQS messages are, by their ids.
    """

    client: Client
    messages: Mapping[str, str]


EIGHT = [(f"r{number}", "k") for number in range(1, 9)]
CASES = {
    "Asynchronous": Case("async", EIGHT[:3], {"DestinationConfig": DESTINATION}, "r2"),
    "Bisected": Case(
        "kinesis",
        EIGHT,
        {
            "StartingPosition": "TRIM_HORIZON",
            "BatchSize": 8,
            "MaximumBatchingWindowInSeconds": 60,
            "MaximumRetryAttempts": 1,
            "BisectBatchOnFunctionError": True,
            "DestinationConfig": DESTINATION,
        },
        "r4",
    ),
    "Reported": Case(
        "kinesis",
        EIGHT,
        {
            "StartingPosition": "TRIM_HORIZON",
            "BatchSize": 4,
            "MaximumBatchingWindowInSeconds": 60,
            "MaximumRetryAttempts": 2,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "DestinationConfig": DESTINATION,
        },
        "r6",
        report=True,
    ),
    "Changed": Case(
        "dynamodb",
        EIGHT[:6],
        {
            "StartingPosition": "TRIM_HORIZON",
            "BatchSize": 6,
            "MaximumBatchingWindowInSeconds": 60,
            "MaximumRetryAttempts": 1,
            "DestinationConfig": DESTINATION,
        },
        "r3",
    ),
    "Queued": Case(
        "sqs",
        EIGHT[:5],
        {"BatchSize": 5, "MaximumBatchingWindowInSeconds": 20, "FunctionResponseTypes": ["ReportBatchItemFailures"]},
        "r2",
        report=True,
        queue={"VisibilityTimeout": 60, "RedrivePolicy": {"maxReceiveCount": 3}},
    ),
    "Grouped": Case(
        "sqs",
        [("a1", "A"), ("b1", "B"), ("a2", "A"), ("b2", "B"), ("a3", "A")],
        {"BatchSize": 1},
        "b1",
        queue={"FifoQueue": True, "VisibilityTimeout": 60, "RedrivePolicy": {"maxReceiveCount": 2}},
    ),
}


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, _loopback_only: None) -> Iterator[Live]:
    """Every case at once, its records sent and settled; no wait ends while they are still being sent."""
    folder = tmp_path_factory.mktemp("live")
    (folder / "code").mkdir()
    (folder / "code" / "app.py").write_text(HANDLER)
    (folder / "template.json").write_text(json.dumps(template()))
    options = Options(template=folder / "template.json", state=folder / "state", skip_waits=True)
    with Service.start(options) as service:
        client = Client(service.running, service.journal)
        service.skip_waits(0.0)
        messages = send(client)
        service.skip_waits()
        service.settle(PATIENCE)
        yield Live(client, messages)
        client.close()
        assert service.failure is None, service.failure


@pytest.mark.parametrize("name", CASES)
def test_every_record_goes_the_way_that_is_simulated(live: Live, name: str) -> None:
    case = CASES[name]
    expected = case.simulated()
    states = {record: told["state"] for record, told in expected["records"].items()}
    wanted = _attempts(expected["invocations"])
    names = _names(live, name)
    assert len(names) == len(case.records)
    assert _states(live, name, names) == states
    calls = [entry for entry in live.client.journal(Invoked) if entry.source.startswith(name)]
    ends = {(entry.request_id, entry.at): entry for entry in live.client.journal(Finished)}
    told = [
        {
            "records": [names[record] for record in call.records],
            "attempt": call.attempt,
            "outcome": _outcome(call, ends),
        }
        for call in calls
    ]
    assert _attempts(told) == wanted


def template() -> dict[str, Any]:
    resources: dict[str, Any] = {"Failures": {"Type": "AWS::SQS::Queue"}}
    failures = {"Fn::GetAtt": ["Failures", "Arn"]}
    for name, case in CASES.items():
        mapping = dict(case.mapping)
        if "DestinationConfig" in mapping:
            mapping["DestinationConfig"] = {"OnFailure": {"Type": "SQS", "Destination": failures}}
        function: dict[str, Any] = {
            "Runtime": "python3.13",
            "CodeUri": "code/",
            "Handler": "app.handler",
            "Timeout": 5,
            "Environment": {"Variables": {"POISON": case.poison, "REPORT": "yes" if case.report else "no"}},
        }
        match case.source:
            case "async":
                function["EventInvokeConfig"] = mapping
            case "kinesis":
                resources[f"{name}Stream"] = {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": 1}}
                stream = {"Fn::GetAtt": [f"{name}Stream", "Arn"]}
                function["Events"] = {"Source": {"Type": "Kinesis", "Properties": {**mapping, "Stream": stream}}}
            case "dynamodb":
                resources[f"{name}Table"] = _table()
                stream = {"Fn::GetAtt": [f"{name}Table", "StreamArn"]}
                function["Events"] = {"Source": {"Type": "DynamoDB", "Properties": {**mapping, "Stream": stream}}}
            case _:
                resources |= _queues(name, case)
                queue = {"Fn::GetAtt": [f"{name}Queue", "Arn"]}
                function["Events"] = {"Source": {"Type": "SQS", "Properties": {**mapping, "Queue": queue}}}
        resources[name] = {"Type": "AWS::Serverless::Function", "Properties": function}
    return {"Transform": "AWS::Serverless-2016-10-31", "Resources": resources}


def _table() -> dict[str, Any]:
    return {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
            "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
        },
    }


def _queues(name: str, case: Case) -> dict[str, Any]:
    kind = {"FifoQueue": True} if case.queue.get("FifoQueue") else {}
    dead = {"Fn::GetAtt": [f"{name}Dead", "Arn"]}
    redrive = {**case.queue["RedrivePolicy"], "deadLetterTargetArn": dead}
    return {
        f"{name}Dead": {"Type": "AWS::SQS::Queue", "Properties": kind},
        f"{name}Queue": {"Type": "AWS::SQS::Queue", "Properties": {**case.queue, "RedrivePolicy": redrive}},
    }


def send(client: Client) -> dict[str, str]:
    """Send all records; what SQS calls the messages, with the records they are."""
    messages: dict[str, str] = {}
    for name, case in CASES.items():
        match case.source:
            case "async":
                function = client.name("function", name)
                for record, _ in case.records:
                    payload = json.dumps({"id": record}).encode()
                    client.aws("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=payload)
            case "kinesis":
                client.aws("kinesis").put_records(
                    StreamName=client.name("stream", f"{name}Stream"),
                    Records=[{"Data": json.dumps({"id": one}), "PartitionKey": key} for one, key in case.records],
                )
            case "dynamodb":
                for record, _ in case.records:
                    client.aws("dynamodb").put_item(
                        TableName=client.name("table", f"{name}Table"), Item={"id": {"S": record}}
                    )
            case _:
                messages |= _send_messages(client, client.url(f"{name}Queue"), case)
    return messages


def _send_messages(client: Client, url: str, case: Case) -> dict[str, str]:
    fifo = bool(case.queue.get("FifoQueue"))
    answer = client.aws("sqs").send_message_batch(
        QueueUrl=url,
        Entries=[
            {"Id": record, "MessageBody": json.dumps({"id": record})}
            | ({"MessageGroupId": key, "MessageDeduplicationId": record} if fifo else {})
            for record, key in case.records
        ],
    )
    return {sent["MessageId"]: sent["Id"] for sent in answer["Successful"]}


def _names(live: Live, name: str) -> dict[str, str]:
    """What the scenario calls each record, by its id in the journal: they are accepted in order."""
    accepted = [entry for entry in live.client.journal(Accepted) if entry.source.startswith(name)]
    ids = list(dict.fromkeys(record for entry in accepted for record in entry.records))
    if CASES[name].source == "sqs":
        return {one: live.messages[one] for one in ids}
    return dict(zip(ids, (record for record, _ in CASES[name].records), strict=False))


def _states(live: Live, name: str, names: Mapping[str, str]) -> dict[str, str]:
    found = dict.fromkeys(names.values(), "pending")
    if CASES[name].source == "sqs":
        found.update(dict.fromkeys(_dead(live.client, f"{name}Dead"), "dead_lettered"))
    for entry in live.client.journal(Settled):
        if entry.source.startswith(name):
            found.update((names[record], entry.state) for record in entry.records)
    return found


def _dead(client: Client, queue: str) -> list[str]:
    """The records in a dead-letter queue, which stay there."""
    answer = client.aws("sqs").receive_message(
        QueueUrl=client.url(queue), MaxNumberOfMessages=10, VisibilityTimeout=0, WaitTimeSeconds=0
    )
    return [json.loads(message["Body"])["id"] for message in answer.get("Messages", [])]


def _outcome(call: Invoked, ends: Mapping[tuple[str, float], Finished]) -> str:
    following = [end for (request_id, at), end in ends.items() if request_id == call.request_id and at >= call.at]
    return min(following, key=lambda end: end.at).outcome


def _attempts(invocations: Sequence[Mapping[str, Any]]) -> list[tuple[list[str], int, str]]:
    """The calls of a simulation as the journal tells them, in an order that is the same for both."""
    live = {"report": "succeed"}
    return sorted(
        ([*call["records"]], call["attempt"], live.get(call["outcome"], call["outcome"])) for call in invocations
    )
