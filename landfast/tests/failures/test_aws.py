"""What only AWS has: schedules, archives, descriptions of alarms, and errors of its own."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.session import Session
from botocore.stub import Stubber

from landfast.failures import AwsAccess, FailuresError, Ledger, Replays, memoized, stores_of, untouchable
from landfast.failures.model import Failure, Invoke, Kept, Store

ACCOUNT = "123456789012"
QUEUE = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:nightly-failed"
URL = f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/nightly-failed"
FUNCTION = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:nightly"


class Stubs:
    """Clients that answer what a test says, in its order, and refuse anything else."""

    def __init__(self) -> None:
        self._session = Session()
        self._session.set_credentials("test", "test")
        self._stubbers: dict[str, Stubber] = {}
        self.clients = memoized(self._make)

    def _make(self, service: str) -> Any:
        client = self._session.create_client(service, region_name="eu-west-1")
        self._stubbers[service] = Stubber(client)
        self._stubbers[service].activate()
        return client

    def answers(self, service: str, operation: str, answer: dict[str, Any], **asked: Any) -> None:
        self.clients(service)
        self._stubbers[service].add_response(operation, answer, asked)

    def refuses(self, service: str, operation: str, code: str, status: int) -> None:
        self.clients(service)
        self._stubbers[service].add_client_error(operation, code, code, http_status_code=status)

    def all_asked(self) -> None:
        for stubber in self._stubbers.values():
            stubber.assert_no_pending_responses()


@pytest.fixture
def stubs() -> Iterator[Stubs]:
    made = Stubs()
    yield made
    made.all_asked()


@pytest.fixture
def access(stubs: Stubs) -> AwsAccess:
    return AwsAccess("shop", f"account {ACCOUNT}, region eu-west-1", stubs.clients)


def resource(logical_id: str, kind: str, physical: str) -> dict[str, Any]:
    return {
        "LogicalResourceId": logical_id,
        "ResourceType": kind,
        "PhysicalResourceId": physical,
        "LastUpdatedTimestamp": 0,
        "ResourceStatus": "CREATE_COMPLETE",
    }


def test_a_schedules_dead_letter_queue_an_archive_and_an_alarms_runbook_are_found(
    stubs: Stubs, access: AwsAccess
) -> None:
    resources = [
        resource("Nightly", "AWS::Scheduler::Schedule", "nightly"),
        resource("NightlyFailed", "AWS::SQS::Queue", URL),
        resource("Kept", "AWS::Events::Archive", "kept"),
        resource("Visible", "AWS::CloudWatch::Alarm", "visible"),
    ]
    stubs.answers("cloudformation", "list_stack_resources", {"StackResourceSummaries": resources}, StackName="shop")
    attributes = {
        "QueueArn": QUEUE,
        "MessageRetentionPeriod": "1209600",
        "ApproximateNumberOfMessages": "2",
        "ApproximateNumberOfMessagesNotVisible": "1",
        "ApproximateNumberOfMessagesDelayed": "0",
    }
    stubs.answers("sqs", "get_queue_attributes", {"Attributes": attributes}, QueueUrl=URL, AttributeNames=["All"])
    target = {"Arn": FUNCTION, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/role", "DeadLetterConfig": {"Arn": QUEUE}}
    stubs.answers("scheduler", "get_schedule", {"Target": target}, Name="nightly")
    archive = {"ArchiveArn": "arn:aws:events:kept", "EventCount": 9, "RetentionDays": 30}
    stubs.answers("events", "describe_archive", archive, ArchiveName="kept")
    alarm = {"AlarmName": "visible", "AlarmDescription": f"Look: {URL} Runbook: https://wiki/nightly"}
    stubs.answers("cloudwatch", "describe_alarms", {"MetricAlarms": [alarm]}, AlarmNames=["visible"])
    found = stores_of(access)
    assert [(each.name, each.kind, each.count, each.runbook) for each in found.stores] == [
        ("NightlyFailed", "queue", 3, "https://wiki/nightly"),
        ("Kept", "archive", 9, ""),
    ]
    assert found.stores[0].origins[0].function == FUNCTION
    assert "start-replay" in untouchable(access, found.stores[1])


def test_a_stack_that_is_not_there_is_one_line(stubs: Stubs, access: AwsAccess) -> None:
    stubs.refuses("cloudformation", "list_stack_resources", "ValidationError", 400)
    with pytest.raises(FailuresError, match=r"shop: there is no such stack here"):
        stores_of(access)


def a_store(**changes: Any) -> Store:
    return Store(name="Failed", kind="queue", arn=QUEUE, location=URL, count=1, **changes)


def test_a_queue_that_a_function_reads_or_that_moves_messages_on_is_only_counted(access: AwsAccess) -> None:
    assert "a function reads it" in untouchable(access, a_store(reader=FUNCTION))
    assert "redrive policy" in untouchable(access, a_store(redrives=True))
    assert untouchable(access, a_store()) == ""


def test_what_was_looked_at_is_visible_again_afterwards(stubs: Stubs, access: AwsAccess) -> None:
    message = {"MessageId": "m", "ReceiptHandle": "h", "Body": "{}", "Attributes": {"SentTimestamp": "1000"}}
    receive = {
        "QueueUrl": URL,
        "MaxNumberOfMessages": 10,
        "VisibilityTimeout": 300,
        "WaitTimeSeconds": 1,
        "AttributeNames": ["All"],
        "MessageAttributeNames": ["All"],
    }
    stubs.answers("sqs", "receive_message", {"Messages": [message]}, **receive)
    stubs.answers("sqs", "receive_message", {}, **receive)
    stubs.answers("sqs", "change_message_visibility", {}, QueueUrl=URL, ReceiptHandle="h", VisibilityTimeout=0)
    [message_there] = access.messages(a_store())
    assert (message_there.key, message_there.at) == ("m", 1.0)


def test_what_aws_refuses_for_certain_stays_and_what_is_unknown_is_held(
    stubs: Stubs, access: AwsAccess, tmp_path: Any
) -> None:
    failure = Failure(
        id="f",
        store="Failed",
        what="",
        at=1.0,
        way=Invoke(function=FUNCTION, payload="{}"),
        kept=Kept(key="k", body="", at=1.0),
    )
    with Ledger(tmp_path / "replays.jsonl") as ledger:
        replays = Replays(access, ledger)
        stubs.refuses("lambda", "invoke", "TooManyRequestsException", 429)
        refused = replays.replay(a_store(), failure, failure.way)
        assert (refused.outcome, ledger.step("f")) == ("refused", "refused")
        stubs.refuses("lambda", "invoke", "ServiceException", 500)
        with pytest.raises(stubs.clients("lambda").exceptions.ClientError):
            replays.replay(a_store(), failure, failure.way)
        assert ledger.step("f") == "sending"
        assert replays.replay(a_store(), failure, failure.way).outcome == "held"
