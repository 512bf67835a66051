"""Failures in every kind of store of a running service: listed, shown, replayed; nothing lost, nothing twice."""

import base64
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient

from landfast.cli.failures import summary
from landfast.cli.failures_access import chosen, reading
from landfast.failures import Ledger, Replays, StackFailures
from landfast.failures.permissions import ACTIONS
from landfast.journal import Accepted, Finished
from landfast.service.local_client import peek
from landfast.testing import Options, Service
from tests.end_to_end.conftest import Client, eventually, landfast

pytestmark = pytest.mark.xdist_group("failures")

TEMPLATE = Path(__file__).parent / "failing" / "template.yaml"
MANY = int(os.environ.get("LANDFAST_FAILURES", "60"))
STORES = {
    "QueueFailed": "record of an asynchronous event",
    "TopicFailed": "record of an asynchronous event",
    "BusFailed": "record of an asynchronous event",
    "BucketFailed": "record of an asynchronous event",
    "DeadLetters": "dead letter of a function",
    "WorkFailed": "message of a queue",
    "ReadingsFailed": "record of a stream's batch",
    "ThingsFailed": "record of a stream's batch, with its data",
    "NotReached": "event of a rule",
    "Undelivered": "message of a topic",
    "Parked": "record that a function has parked",
}


class Stack(Client):
    """The stack, whose functions fail until they are mended."""

    def __init__(self, service: Service, state: Path) -> None:
        super().__init__(service.running, service.journal)
        self.service = service
        self.state = state
        self.one = chosen(state, aws=False, stack=None, profile=None, region=None)

    def failures(self, *arguments: str, stdin: str | None = None) -> Any:
        """What a command about failures answers, as JSON."""
        done = landfast("failures", *arguments, "--json", state=self.state, stdin=stdin)
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    def listed(self) -> list[dict[str, Any]]:
        """What `landfast failures --json` lists, without what each command costs to start."""
        with reading(self.one.ledger) as ledger:
            return [summary(failure) for _, failure in self.one.each(ledger)]

    def in_store(self, store: str) -> list[dict[str, Any]]:
        return [each for each in self.listed() if each["store"] == store]

    def invoke(self, function: str, name: str, qualifier: str = "") -> None:
        self.aws("lambda").invoke(
            FunctionName=self.name("function", function) + qualifier, InvocationType="Event", Payload=event(name)
        )

    def mended(self, *, mended: bool) -> None:
        file = self.state.parent / "mended"
        file.touch() if mended else file.unlink(missing_ok=True)

    def kill_a_replay(self, *arguments: str) -> None:
        """Kill the command, as it is typed, once it has replayed some."""
        accepted = self.one.ledger.read_bytes().count(b'"accepted"')
        main = [sys.executable, "-c", "from landfast.cli import main; main()", "failures", "replay"]
        with subprocess.Popen([*main, *arguments, "--state", str(self.state)], stderr=subprocess.DEVNULL) as process:
            enough = eventually(lambda: self.one.ledger.read_bytes().count(b'"accepted"') > accepted + 2)
            process.kill()
        assert enough

    def handled(self) -> Counter[str]:
        """How often each event was handled, by what the functions have logged."""
        counts: Counter[str] = Counter()
        for function in self.running.of_kind("function"):
            pages = (
                self.aws("logs")
                .get_paginator("filter_log_events")
                .paginate(logGroupName=f"/aws/lambda/{function.name}", filterPattern='"done with"')
            )
            lines = [each["message"].strip() for page in pages for each in page["events"]]
            counts.update(line.removeprefix("done with ") for line in lines)
        return counts

    def fail_everywhere(self) -> None:
        """Let something fail into each store."""
        for function in ("ToTopic", "ToBus", "ToBucket", "ToDeadLetters"):
            self.invoke(function, function)
        self.invoke("ToQueue", "ToQueue", ":live")
        for number in range(3):
            self.aws("sqs").send_message(
                QueueUrl=self.url("Work"),
                MessageBody=event(f"work {number}"),
                MessageGroupId="one",
                MessageDeduplicationId=str(number),
            )
        stream = self.name("stream", "Readings")
        for number in range(3):
            self.aws("kinesis").put_record(
                StreamName=stream, PartitionKey="k", Data=event(f"reading {number}").encode()
            )
        self.aws("dynamodb").put_item(
            TableName=self.name("table", "Things"), Item={"id": {"S": "thing"}, "fail": {"BOOL": True}}
        )
        for queue in ("Heard", "Targeted"):
            self.aws("sqs").delete_queue(QueueUrl=self.url(queue))
        self.aws("sns").publish(TopicArn=self.running.resource("topic", "Told").arn, Message="something to hear")
        self.aws("events").put_events(
            Entries=[{"Source": "test", "DetailType": "d", "Detail": event("to reach"), "EventBusName": "bus"}]
        )
        for queue in ("heard", "targeted"):
            self.aws("sqs").create_queue(QueueName=queue)
        parked = {
            "streamArn": self.running.resource("stream", "Readings").arn,
            "partitionKey": "k",
            "data": base64.b64encode(event("parked").encode()).decode(),
            "reason": {"error": "NotYetError", "reason": "it has failed again"},
        }
        self.aws("s3").put_object(
            Bucket=self.name("bucket", "Parked"), Key="parked/1.json", Body=json.dumps(parked).encode()
        )
        self.service.settle()


def event(name: str) -> str:
    return json.dumps({"name": name, "fail": True})


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, _loopback_only: None) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("failures")
    options = Options(
        template=TEMPLATE,
        state=folder / "state",
        skip_waits=True,
        parameters={"Mended": str(folder / "mended")},
        sandbox=False,  # which would hide that file from the functions
    )
    with Service.start(options) as service:
        one = Stack(service, folder / "state")
        one.fail_everywhere()
        yield one
        one.close()
        assert service.failure is None, service.failure


def test_every_store_is_found_and_what_lies_there_is_understood(stack: Stack) -> None:
    listed = stack.failures()
    assert {each["store"]: each["what"] for each in listed} == STORES
    assert len({each["id"] for each in listed}) == len(listed)
    assert stack.listed() == listed, "looking changes nothing, and ids stay"
    [one] = [each for each in listed if each["store"] == "QueueFailed"]
    assert (one["function"], one["reason"], one["attempts"]) == ("ToQueue", "RetriesExhausted", 2)
    assert one["error"] == {"type": "NotYetError", "message": "ToQueue cannot be handled"}
    assert one["expires"] - one["at"] == 345_600
    assert "S-04" in one["rule"]
    assert one["replay"].endswith(":live by an asynchronous invocation")
    assert {each["function"] for each in listed} == {
        "ToQueue", "ToTopic", "ToBus", "ToBucket", "ToDeadLetters", "Works", "Reads", "Follows", "",
    }  # fmt: skip
    assert stack.one.found.untold == ()
    told = landfast("failures", "--exit-code", state=stack.state)
    assert told.returncode == 1
    assert all(each["id"] in told.stdout for each in listed)


def test_one_is_shown_with_its_event_its_trace_and_its_runbook(stack: Stack) -> None:
    [listed] = stack.in_store("QueueFailed")
    shown = stack.failures("show", listed["id"][:6], "--logs")
    assert shown["event"] == {"name": "ToQueue", "fail": True}
    assert "in handler" in "".join(shown["error"]["trace"])
    assert shown["runbook"] == "docs/runbooks.md#something-failed"
    assert any('asked to handle {"name": "ToQueue"' in line for line in shown["logs"])
    told = landfast("failures", "show", listed["id"], state=stack.state).stdout
    for part in ("MaximumRetryAttempts was used up (S-04)", "NotYetError", "#something-failed", "app.py"):
        assert part in told


def test_a_position_is_read_back_with_what_is_left_of_its_time(stack: Stack) -> None:
    listed = stack.in_store("ReadingsFailed")
    shown = stack.failures("show", listed[0]["id"])
    names = [json.loads(base64.b64decode(each["kinesis"]["data"]))["name"] for each in shown["records"]]
    assert names[0] == "reading 0"
    assert shown["missing"] == 0
    assert len(shown["records"]) == shown["position"]["count"]
    told = landfast("failures", "show", listed[0]["id"], state=stack.state).stdout
    assert "which forgets the first in 23h" in told
    assert '"name": "reading 0"' in told
    [data] = stack.in_store("ThingsFailed")
    assert stack.failures("show", data["id"])["event"]["Records"][0]["dynamodb"]["Keys"] == {"id": {"S": "thing"}}


def test_what_does_not_exist_is_one_line(stack: Stack) -> None:
    for arguments in (["show", "zzz"], ["replay", "zzz"]):
        done = landfast("failures", *arguments, state=stack.state)
        assert done.returncode == 1
        assert done.stderr == "landfast: zzz: there is no such failure: `landfast failures` lists them\n"
    assert landfast("failures", "replay", state=stack.state).returncode == 2
    before = landfast("failures", "--aws", "--stack", "other", "replay", "--all", state=stack.state)
    assert before.returncode == 2
    assert "come after it" in before.stderr


def test_a_replay_that_fails_again_is_told_as_the_same_one(stack: Stack) -> None:
    [before] = stack.in_store("BusFailed")
    [done] = stack.failures("replay", before["id"])
    assert done["outcome"] == "replayed"
    stack.service.settle()
    [after] = stack.in_store("BusFailed")
    assert after["id"] != before["id"]
    assert after["replayOf"] == before["id"]
    assert f"replay of {before['id']}" in {note.origin for note in stack.journal(Accepted)}


def test_an_event_is_mended_in_the_editor_and_replayed(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    [one] = stack.in_store("TopicFailed")
    monkeypatch.setenv("EDITOR", "sed -i s/true/nonsense/")
    refused = landfast("failures", "replay", one["id"], "--edit", state=stack.state)
    assert refused.returncode == 1
    assert "not JSON" in refused.stderr
    assert stack.in_store("TopicFailed") == [one]
    monkeypatch.setenv("EDITOR", "sed -i s/true/false/")
    assert stack.failures("replay", one["id"], "--edit")[0]["outcome"] == "replayed"
    stack.service.settle()
    assert stack.in_store("TopicFailed") == []
    assert stack.journal(Finished)[-1].value == {"handled": 1}


def test_another_function_can_be_asked(stack: Stack) -> None:
    [one] = stack.in_store("BucketFailed")
    [way] = stack.failures("replay", one["id"], "--to", "ToQueue:live", "--dry-run")
    assert way["way"]["function"].endswith(":live")
    assert stack.in_store("BucketFailed") == [one], "a dry run does nothing"
    unknown = landfast("failures", "replay", one["id"], "--to", "Nobody", state=stack.state)
    assert unknown.returncode == 1
    assert "Nobody" in unknown.stderr


def replay_all(one: StackFailures) -> None:
    with Ledger(one.ledger) as ledger:
        replays = Replays(one.access, ledger)
        for store, failure in one.each(ledger):
            assert replays.replay(store, failure, failure.way).outcome in {"replayed", "removed"}


class Killed(BaseException):
    """The process ends here."""


def test_killed_at_any_step_and_run_again_nothing_is_lost_and_nothing_comes_twice(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.mended(mended=True)
    before = stack.listed()
    note, kills = Ledger.note, 0

    def killing(kill_at: int, *, after: bool) -> None:
        steps = iter(range(1_000_000))

        def noting(ledger: Ledger, *arguments: Any) -> None:
            step = next(steps)
            if step == kill_at and not after:
                raise Killed
            note(ledger, *arguments)
            if step == kill_at:
                raise Killed

        monkeypatch.setattr(Ledger, "note", noting)

    while True:  # a little further each time: before a step is noted, and after it
        killing(1 + kills % 3, after=kills % 2 == 0)
        try:
            replay_all(stack.one)
        except Killed:
            kills += 1
        else:
            break
        assert kills < 200
    monkeypatch.setattr(Ledger, "note", note)
    stack.service.settle()
    assert kills >= len(before)
    assert stack.listed() == []
    replays = Counter(entry.origin for entry in stack.journal(Accepted))
    invoked = [each["id"] for each in before if each["replay"].endswith("asynchronous invocation")]
    assert [replays[f"replay of {each}"] for each in invoked] == [1] * len(invoked)
    assert len(invoked) == 4
    assert {url: len(peek(stack.service.endpoint, url, 10)) for url in ("heard", "targeted")} == {
        "heard": 1,
        "targeted": 1,
    }
    assert stack.handled() == {
        **dict.fromkeys(("ToQueue", "ToTopic", "ToBus", "ToBucket", "ToDeadLetters", "thing", "parked"), 1),
        **{f"{kind} {number}": 1 for kind in ("work", "reading") for number in range(3)},
    }


def test_many_are_replayed_by_one_command(stack: Stack) -> None:
    stack.mended(mended=False)
    for number in range(MANY):
        stack.invoke("ToTopic", f"many {number}")
    stack.service.settle()
    assert len(stack.in_store("TopicFailed")) == MANY
    stack.mended(mended=True)
    stack.kill_a_replay("--where", "function=ToTopic", "--rate", "30")
    left = len(stack.in_store("TopicFailed"))
    assert 0 < left < MANY
    done = landfast("failures", "replay", "--where", "function=ToTopic", state=stack.state)
    assert done.returncode == 0
    assert f"{left}/{left}" in done.stderr
    stack.service.settle()
    assert stack.listed() == []
    origins = Counter(entry.origin for entry in stack.journal(Accepted) if entry.source == "ToTopic")
    assert set(origins.values()) >= {1}
    assert sum(count for origin, count in origins.items() if origin.startswith("replay of")) == MANY + 1


def test_what_is_discarded_is_gone(stack: Stack) -> None:
    stack.mended(mended=False)
    stack.invoke("ToQueue", "to discard", ":live")
    stack.service.settle()
    [one] = stack.listed()
    assert stack.failures("discard", one["id"])[0]["outcome"] == "removed"
    assert stack.listed() == []


def test_exported_failures_are_imported_once_with_their_records_and_without_what_is_redacted(stack: Stack) -> None:
    stack.mended(mended=False)
    stack.invoke("ToQueue", "to carry", ":live")
    stream = stack.name("stream", "Readings")
    stack.aws("kinesis").put_record(StreamName=stream, PartitionKey="k", Data=event("to carry").encode())
    stack.service.settle()
    lines = landfast("failures", "export", "--all", "--redact", "$.name", state=stack.state)
    assert lines.returncode == 0, lines.stderr
    assert stack.failures("replay", "--where", "store=ReadingsFailed")[0]["outcome"] == "refused"
    for _ in range(2):
        assert len(stack.failures("import", "-", stdin=lines.stdout)) == 2
    listed = stack.listed()
    assert Counter(each["store"] for each in listed) == {"QueueFailed": 2, "ReadingsFailed": 2}
    [carried] = [each for each in listed if each["what"].endswith("with its data")]
    [record] = stack.failures("show", carried["id"])["event"]["Records"]
    assert json.loads(base64.b64decode(record["kinesis"]["data"])) == {"name": "***", "fail": True}
    events = [stack.failures("show", each["id"])["event"] for each in listed if each["store"] == "QueueFailed"]
    assert {each["name"] for each in events} == {"to carry", "***"}
    told = landfast("whatif", "--all", "--set", "MaximumRetryAttempts=2", "--lasted", "2m", state=stack.state).stdout
    assert told.startswith("ToQueue:live: 2 failures\n  now   2 tries, the last 1m after the first\n")
    assert "  then  3 tries, the last 3m after the first\n  saved, if the cause lasted 2m\n" in told
    nothing = landfast("failures", "export", "--all", "--redact", "$.nobody", state=stack.state)
    assert (nothing.returncode, nothing.stdout) == (1, "")
    assert stack.failures("discard", "--where", "store=ReadingsFailed")


def test_a_stack_on_aws_is_asked_for_first_and_what_may_have_been_accepted_is_held(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The endpoint answers as AWS does: queues are read by receives, and nothing accepts a replay once."""
    for name, value in {
        "AWS_ENDPOINT_URL": stack.running.endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "XDG_STATE_HOME": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)
    aws = ("--aws", "--stack", stack.running.stack, "--region", stack.running.region)
    asked = recorded(monkeypatch)
    here = stack.in_store("QueueFailed")
    there = stack.failures(*aws)
    assert [each["id"] for each in there] == [each["id"] for each in here]
    assert {each.state for each in peek(stack.service.endpoint, "queue-failed", 10)} == {"visible"}
    first, second = (each["id"] for each in there)
    refused = landfast("failures", "replay", first, *aws, state=stack.state, stdin="n\n")
    assert refused.returncode == 1
    assert f"account 123456789012, region us-east-1, stack {stack.running.stack}: replay 1 failure?" in refused.stderr
    [ledger] = (tmp_path / "landfast" / "replays").iterdir()
    with Ledger(ledger) as writing:  # as a process leaves it that was killed while it was sending
        writing.note(first, "sending", 1.0)
    stack.mended(mended=True)
    done = {each["id"]: each["outcome"] for each in stack.failures("replay", "--all", *aws, "--yes", "--rate", "100")}
    assert done == {first: "held", second: "replayed"}
    assert stack.failures("replay", first, *aws, "--yes", "--again")[0]["outcome"] == "replayed"
    assert stack.failures("pull", "--all", *aws) == []
    stack.service.settle()
    assert stack.listed() == []
    actions = {action for group in ACTIONS.values() for action in group}
    assert asked - actions == set(), "permissions that are not named"
    named = json.loads(landfast("failures", "--permissions", state=stack.state).stdout)
    assert {action for each in named["Statement"] for action in each["Action"]} == actions


def recorded(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The permissions that each call from now on needs, by its operation."""
    asked: set[str] = set()
    call: Any = vars(BaseClient)["_make_api_call"]
    named = {
        "lambda:Invoke": "lambda:InvokeFunction",
        "s3:ListObjectsV2": "s3:ListBucket",
        "s3:HeadObject": "s3:GetObject",
    }

    def noting(client: Any, operation: str, parameters: Any) -> Any:
        action = f"{client.meta.service_model.signing_name}:{operation}"
        if action != "sts:GetCallerIdentity":  # which wants no permission
            asked.add(named.get(action, action.replace("monitoring:", "cloudwatch:")))
        return call(client, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", noting)
    return asked
