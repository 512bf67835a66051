"""Each rule finds its hazard, alone, in a template that is right but for it; in the right template none finds any."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landfast.lint.hazards import HAZARDS, findings
from tests.lint.clean import GONE, arn, clean, found, spoilt

_REPORTS = "FunctionResponseTypes"

CASES: dict[str, tuple[str, dict[str, object], str]] = {
    "less than the time-out": ("E9501", {"Jobs.VisibilityTimeout": 9}, "is 9 s, and Worker may take 10 s"),
    "as long as the time-out": (
        "W9502",
        {"Jobs.VisibilityTimeout": 10},
        "10 messages are in the dead-letter queue after 50s; with VisibilityTimeout 60 after 5m",
    ),
    "without the window": (
        "W9502",
        {"ReadsJobs.MaximumBatchingWindowInSeconds": 5},
        "its batching window of 5 s",
    ),
    "as long as the time-out, and nothing to lose": (
        "W9502",
        {"Orders.VisibilityTimeout": 10, "Orders.RedrivePolicy": GONE},
        "Throttled, a message is received again and again, which a dead-letter queue would count. Set 60 or more.",
    ),
    "three receives": ("W9503", {"Jobs.RedrivePolicy.maxReceiveCount": 3}, "after 3m; with maxReceiveCount 5 after 5m"),
    "no dead-letter queue": (
        "W9504",
        {"Orders.RedrivePolicy": GONE},
        "is tried 301 times within 5h, and so on for the 4d of its retention",
    ),
    "a standard queue's dead letters in a FIFO queue": (
        "E9505",
        {"Jobs.RedrivePolicy.deadLetterTargetArn": arn("OrdersFailed")},
        "Jobs is a standard queue",
    ),
    "failures of events in a FIFO queue": (
        "E9505",
        {
            "Settings.DestinationConfig.OnFailure.Destination": arn("OrdersFailed"),
            "Role.ManagedPolicyArns": ["arn:aws:iam::aws:policy/AmazonSQSFullAccess"],
        },
        "is FIFO, and Lambda sends to standard queues and topics only",
    ),
    "dead letters for no longer": (
        "W9506",
        {"JobsFailed.MessageRetentionPeriod": GONE},
        "gets there after 5m at the earliest, and stays for 3d 23h 55m",
    ),
    "a long window": (
        "W9507",
        {"ReadsJobs.MaximumBatchingWindowInSeconds": 55, "Jobs.VisibilityTimeout": 60},
        "a batch of 9 messages that takes 10s ends with 1 message dead-lettered and 1 message handled again",
    ),
    "a burst on one reserved execution": (
        "W9510",
        {"Worker.ReservedConcurrentExecutions": 1, "ReadsJobs.BatchSize": 1, "ReadsOrders": GONE},
        "sends 4 good messages to the dead-letter queue",
    ),
    "more concurrency than is reserved": (
        "W9510",
        {
            "Worker.ReservedConcurrentExecutions": 2,
            "ReadsJobs.ScalingConfig": {"MaximumConcurrency": 5},
            "ReadsOrders": GONE,
        },
        "has MaximumConcurrency 5",
    ),
    "fewer reserved executions than shards": (
        "W9511",
        {"Tracker.ReservedConcurrentExecutions": 1, "ReadsTable": GONE},
        "2 batches at once, one for each, are throttled 4 times, and the last is done after 23s",
    ),
    "endless retries": (
        "W9520",
        {"ReadsScans.MaximumRetryAttempts": GONE, "ReadsScans.MaximumRecordAgeInSeconds": GONE},
        "of its shard wait; so it goes on for the 2d that they are kept",
    ),
    "no destination": (
        "W9521",
        {"ReadsScans.DestinationConfig": GONE},
        "is dropped after 7s and 7 tries; nothing keeps it",
    ),
    "a position without data": (
        "W9522",
        {"ReadsTable.DestinationConfig.OnFailure.Destination": arn("Failed")},
        "A record that always fails gets there after 7s; from then on its data is to be had for 23h 59m 53s",
    ),
    "an age beyond retention": (
        "W9523",
        {"ReadsTable.MaximumRecordAgeInSeconds": 86_400},
        "when it is 1d old, and Table keeps it for 1d only",
    ),
    "from the end on": ("W9524", {"ReadsScans.StartingPosition": "LATEST"}, "begins at LATEST"),
    "good records given up": (
        "W9525",
        {
            "ReadsScans.BisectBatchOnFunctionError": GONE,
            f"ReadsScans.{_REPORTS}": GONE,
            "Tracker.Handler": "plain.handler",
            "ReadsTable": GONE,
        },
        "of a batch of 10 records with a bad one, 9 good records are given up",
    ),
    "whole batches": (
        "W9530",
        {f"ReadsJobs.{_REPORTS}": GONE, "Worker.Runtime": "nodejs24.x", "Worker.Handler": "index.handler"},
        "9 good messages are handed to the function 5 times and dead-lettered with it",
    ),
    "a report that does not count": (
        "E9531",
        {f"ReadsJobs.{_REPORTS}": GONE, "ReadsJobs.BatchSize": 1},
        "Of a batch of 1 record, one of them reported as failed, 1 count as processed",
    ),
    "a report that never comes": (
        "W9532",
        {"Worker.Handler": "plain.handler", "ReadsOrders": GONE},
        "9 good records beside a bad one are handed to it 5 times",
    ),
    "events kept nowhere": (
        "W9540",
        {"Settings.DestinationConfig": GONE},
        "is dropped after 3m and 3 attempts",
    ),
    "settings of another qualifier": (
        "W9540",
        {"Settings.Qualifier": "live"},
        "The settings Settings are for live, and $LATEST is called",
    ),
    "no time for retries": (
        "W9541",
        {"Settings.MaximumEventAgeInSeconds": 90},
        "are given up when they are 90 s old: of 3 attempts, an event with which it always fails gets 2",
    ),
    "a dead-letter queue for what is read": (
        "W9542",
        {"Worker.DeadLetterConfig": {"TargetArn": arn("Failed")}, "Orders.RedrivePolicy": GONE},
        "Worker keeps failures of asynchronous events, and reads Orders",
    ),
    "a target without dead letters": (
        "W9543",
        {"Rule.Targets.0.DeadLetterConfig": GONE},
        "Target importer of rule Rule",
    ),
    "a schedule without dead letters": ("W9543", {"Nightly.Target.DeadLetterConfig": GONE}, "schedule Nightly"),
    "a forbidden destination": (
        "E9550",
        {"Role.Policies.0.PolicyDocument.Statement.0.Action": ["sqs:ReceiveMessage"]},
        "does not allow sqs:SendMessage on Failed, so that nothing gets there. What always fails is given up after 3m",
    ),
    "a loop": (
        "W9551",
        {"Role.Policies.0.PolicyDocument.Statement.3.Resource": arn("Table")},
        "Tracker -> Table -> Tracker",
    ),
    "a loop by a queue": (
        "W9551",
        {
            "Role.Policies.0.PolicyDocument.Statement.3": {
                "Effect": "Allow",
                "Action": "sqs:SendMessage*",
                "Resource": arn("Jobs"),
            },
        },
        "Worker -> Jobs -> Worker",
    ),
    "no queue policy": ("W9552", {"MayRule": GONE}, "FromRule gets messages of rule Rule"),
    "no alarm": ("W9560", {"Alarm": GONE}, "JobsFailed keeps failures of queue Jobs, and no alarm watches it"),
    "a password": (
        "W9561",
        {"Worker.Environment.Variables.DB_PASSWORD": "hunter2"},
        "DB_PASSWORD of Worker holds a secret in the template itself",
    ),
    "a hidden parameter": (
        "W9561",
        {"Worker.Environment.Variables.ANYTHING": {"Ref": "Hidden"}},
        "holds the parameter Hidden, which has NoEcho",
    ),
    "a resolved secret": (
        "W9561",
        {"Worker.Environment.Variables.DB": "{{resolve:secretsmanager:db:SecretString:password}}"},
        "a secret that is resolved",
    ),
    "a key of AWS": (
        "W9561",
        {"Worker.Environment.Variables.KEY": "AKIA" + "ABCDEFGHIJKLMNOP"},
        "holds a key or token",
    ),
}

ALSO = {
    "a long window": {"W9502"},
    "as long as the time-out, and nothing to lose": {"W9504"},
    "a dead-letter queue for what is read": {"W9504"},
}
"""What else is wrong, and is told, where one setting is several hazards."""


@pytest.mark.parametrize(("rule", "changes", "told"), CASES.values(), ids=CASES)
def test_a_rule_finds_its_hazard(
    rule: str, changes: dict[str, object], told: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    messages = found(spoilt(changes), tmp_path)
    assert messages.keys() == {rule, *ALSO.get(request.node.callspec.id, ())}
    assert told in messages[rule][0]


def test_a_template_that_is_right_has_no_hazard(tmp_path: Path) -> None:
    assert found(clean(), tmp_path) == {}


def test_an_application_as_people_deploy_it_has_no_hazard() -> None:
    assert findings(Path(__file__).with_name("right.yaml")) == []


def test_each_of_its_settings_matters(tmp_path: Path) -> None:
    text = Path(__file__).with_name("right.yaml").read_text(encoding="utf-8")
    for old, new in SPOILT:
        assert text.count(old) == 1
        text = text.replace(old, new)
    path = tmp_path / "template.yaml"
    path.write_text(text, encoding="utf-8")
    assert {hazard.id for hazard, _ in findings(path)} == {"W9502", "W9510", "W9543", "E9550", "W9551", "W9561"}


SPOILT = [
    ("VisibilityTimeout: 65", "VisibilityTimeout: 60"),
    ("            Filter: { S3Key: { Rules: [{ Name: prefix, Value: in/ }] } }\n", ""),
    ("Type: S3, Destination: !GetAtt Kept.Arn", "Destination: !GetAtt Kept.Arn"),
    ("            DeadLetterConfig: { Arn: !GetAtt Failed.Arn }\n", ""),
    ("MaximumConcurrency: 20", "MaximumConcurrency: 21"),
    ("DB_PASSWORD_PARAMETER: /db/password", "DB_PASSWORD: hunter2"),
]


def test_each_rule_is_tried() -> None:
    assert {rule for rule, _, _ in CASES.values()} | {"E9500"} == set(HAZARDS)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"Jobs.VisibilityTimeout": {"Ref": "Unknown"}}, id="a visibility timeout that only AWS knows"),
        pytest.param({"Jobs.RedrivePolicy": {"Fn::ImportValue": "policy"}}, id="a redrive policy of elsewhere"),
        pytest.param({"Worker.Timeout": {"Ref": "Unknown"}}, id="a time-out that only AWS knows"),
        pytest.param(
            {"Worker.Role": {"Fn::ImportValue": "role"}, "Importer.Role": "arn:aws:iam::1:role/x"}, id="roles"
        ),
        pytest.param(
            {
                "Role.Policies.0.PolicyDocument.Statement.0.Action": ["sqs:Get*"],
                "Role.ManagedPolicyArns": ["arn:aws:iam::aws:policy/AmazonSQSFullAccess"],
            },
            id="a policy of AWS's that may allow it",
        ),
        pytest.param(
            {"Settings.DestinationConfig.OnFailure.Destination": {"Fn::ImportValue": "failures"}},
            id="a destination of elsewhere",
        ),
        pytest.param(
            {"ReadsScans.DestinationConfig": {"Fn::ImportValue": "config"}}, id="a mapping that only AWS knows"
        ),
        pytest.param(
            {"Role.Policies.0.PolicyDocument.Statement.3.Resource": "*"}, id="a wildcard that names no resource"
        ),
        pytest.param(
            {
                "Role.Policies.0.PolicyDocument.Statement.3.Resource": arn("Table"),
                "ReadsTable.FilterCriteria": {"Filters": [{"Pattern": '{"eventName": ["INSERT"]}'}]},
            },
            id="a filter before what the function writes itself",
        ),
        pytest.param(
            {
                "Role.Policies.0.PolicyDocument.Statement.3": {
                    "Effect": "Allow",
                    "Action": "s3:PutObject",
                    "Resource": {"Fn::Sub": "${Inbox.Arn}/out/*"},
                }
            },
            id="another prefix of the same bucket",
        ),
        pytest.param({"Worker.Environment.Variables.PASSWORD_PATH": "/prod/db"}, id="the path of a password"),
        pytest.param({"Worker.Environment.Variables.API_KEY": {"Ref": "Table"}}, id="a name instead of a key"),
        pytest.param({"Worker.Environment.Variables.TOKEN": "x" * 30}, id="a token of another kind"),
        pytest.param(
            {"ReadsJobs.BatchSize": 1, "ReadsJobs.FunctionResponseTypes": GONE, "Worker.Handler": "a.b"}, id="one"
        ),
        pytest.param(
            {"Worker.FunctionName": {"Fn::ImportValue": "name"}, "Jobs.VisibilityTimeout": 10}, id="a name of elsewhere"
        ),
        pytest.param({"Worker.Handler": "nowhere.handler"}, id="a handler whose source is not here"),
        pytest.param({"Worker.ReservedConcurrentExecutions": 40}, id="enough reserved concurrency"),
        pytest.param(
            {"Settings.Qualifier": {"Ref": "Unknown"}, "Importer.DeadLetterConfig": {"TargetArn": arn("Failed")}},
            id="d",
        ),
    ],
)
def test_what_is_right_or_cannot_be_known_is_no_hazard(changes: dict[str, object], tmp_path: Path) -> None:
    document = spoilt(changes)
    document["Parameters"]["Unknown"] = {"Type": "Number"}
    assert found(document, tmp_path) == {}


def test_the_figures_are_those_of_the_very_settings(tmp_path: Path) -> None:
    few = found(spoilt({"Jobs.RedrivePolicy.maxReceiveCount": 2, "Jobs.VisibilityTimeout": 120}), tmp_path)
    assert "are in the dead-letter queue after 4m; with maxReceiveCount 5 after 10m" in few["W9503"][0]


@pytest.mark.parametrize(
    "changes",
    [
        {"Jobs.VisibilityTimeout": 43_200, "Jobs.RedrivePolicy.maxReceiveCount": 4, "Worker.Timeout": 900},
        {"Jobs.VisibilityTimeout": 900, "Jobs.RedrivePolicy.maxReceiveCount": 1000, "Worker.Timeout": 900},
        {"Jobs.VisibilityTimeout": 10, "Jobs.RedrivePolicy": GONE},
        {"ReadsScans.MaximumRetryAttempts": 10_000, "ReadsScans.MaximumRecordAgeInSeconds": 604_800},
        {"Scans.ShardCount": 5000, "ReadsScans.ParallelizationFactor": 10, "Tracker.ReservedConcurrentExecutions": 1},
    ],
)
def test_however_large_the_settings_what_is_played_is_small(changes: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "template.json"
    alone = {"Worker.ReservedConcurrentExecutions": 1, "ReadsJobs.BatchSize": 1, "ReadsScans.DestinationConfig": GONE}
    path.write_text(json.dumps(spoilt(alone | changes)), encoding="utf-8")
    forecasts = [finding.forecast for _, finding in findings(path) if finding.forecast is not None]
    assert forecasts
    assert max(each.count("invocations", "throttles") for each in forecasts) < 6_000


def test_what_sam_refuses_is_told(tmp_path: Path) -> None:
    document = clean()
    document["Transform"] = "AWS::Serverless-2016-10-31"
    document["Resources"]["Wrong"] = {"Type": "AWS::Serverless::Function", "Properties": {"Runtime": 3}}
    messages = found(document, tmp_path)
    assert messages.keys() == {"E9500"}
    assert "Wrong" in messages["E9500"][0]


def test_what_the_translator_trips_over_is_told_without_a_traceback(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    document = clean() | {"Transform": "AWS::Serverless-2016-10-31", "Globals": {"Function": ["x"]}}
    get = {"Type": "HttpApi", "Properties": {"Path": "/a", "Method": "GET"}}
    function = {"Runtime": "python3.13", "Handler": "a.b", "InlineCode": "x", "Events": {"Get": get}}
    document["Resources"]["Api"] = {"Type": "AWS::Serverless::Function", "Properties": function}
    messages = found(document, tmp_path)
    assert messages.keys() == {"E9500"}
    assert caplog.text == ""


@pytest.mark.parametrize("text", ["", "Resources: {", "[]", "Resources: 3", "a: &x [*x]"])
def test_what_is_no_template_is_told_in_one_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(text, encoding="utf-8")
    ((hazard, finding),) = findings(path)
    assert hazard.id == "E9500"
    assert finding.message.startswith(f"{path}: ")
    assert "\n" not in finding.message


ODD: tuple[object, ...] = (
    None,
    "x",
    [],
    {},
    3,
    -1,
    True,
    ["x"],
    {"Ref": "Nowhere"},
    {"Ref": "Jobs"},
    {"a": {"b": 1}},
    1e12,
)


def _places(value: object, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the places of all values in a document."""
    if place:
        yield place
    steps: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        steps = [*value.items()]
    elif isinstance(value, list):
        steps = [*enumerate(value)]
    for step, inner in steps:
        yield from _places(inner, (*place, step))


@given(place=st.sampled_from([*_places(clean())]), value=st.sampled_from(ODD))
def test_no_mistake_in_a_template_is_a_fault_of_a_rule(
    place: tuple[str | int, ...], value: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    document = clean()
    holder: Any = document
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = value
    found(document, tmp_path_factory.getbasetemp())
