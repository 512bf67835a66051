"""The hazards are rules of cfn-lint: it finds the same, at the same lines, and its reporters and ignores hold."""

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml
from cfnlint.decode.decode import decode_str
from cfnlint.helpers import create_rules
from cfnlint.template import Template
from typer.testing import CliRunner, Result

import landfast.lint
from landfast.cli.app import app
from landfast.lint.hazards import HAZARDS
from landfast.simulate.run import simulate
from landfast.simulate.scenario import read
from tests.lint.clean import clean, spoilt

SAM = """
    Transform: AWS::Serverless-2016-10-31
    Globals: {Function: {Runtime: nodejs24.x, Handler: index.handler, CodeUri: ., Timeout: 20}}
    Resources:
      Jobs:
        Type: AWS::SQS::Queue
        Properties:
          VisibilityTimeout: 20
          RedrivePolicy:
            maxReceiveCount: 4
            deadLetterTargetArn: !GetAtt Failed.Arn
      Failed:
        Type: AWS::SQS::Queue
        Metadata: {cfn-lint: {config: {ignore_checks: [W9560]}}}
      Table:
        Type: AWS::DynamoDB::Table
        Properties:
          AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
          KeySchema: [{AttributeName: id, KeyType: HASH}]
          BillingMode: PAY_PER_REQUEST
          StreamSpecification: {StreamViewType: NEW_IMAGE}
      Worker:
        Type: AWS::Serverless::Function
        Properties:
          EventInvokeConfig:
            MaximumEventAgeInSeconds: 60
          Events:
            Jobs:
              Type: SQS
              Properties:
                Queue: !GetAtt Jobs.Arn
                BatchSize: 5
            Table:
              Type: DynamoDB
              Properties:
                Stream: !GetAtt Table.StreamArn
                StartingPosition: LATEST
                MaximumRetryAttempts: 1
                DestinationConfig:
                  OnFailure:
                    Destination: !GetAtt Failed.Arn
            Rule:
              Type: EventBridgeRule
              Properties:
                Pattern: {source: [shop]}
"""


def lint(*arguments: object) -> Result:
    """Give the command, in this process."""
    return CliRunner().invoke(app, ["lint", *map(str, arguments)])


def reported(result: Result) -> list[dict[str, Any]]:
    """What the reporter for JSON says."""
    matches: list[dict[str, Any]] = json.loads(result.output)
    return matches


@pytest.fixture
def sam(tmp_path: Path) -> Path:
    path = tmp_path / "template.yaml"
    path.write_text(dedent(SAM), encoding="utf-8")
    return path


def test_a_sam_template_is_told_where_its_source_says_it(sam: Path) -> None:
    result = lint(sam, "--format", "json")
    lines = sam.read_text(encoding="utf-8").splitlines()
    places = {
        match["Rule"]["Id"]: lines[match["Location"]["Start"]["LineNumber"] - 1].strip() for match in reported(result)
    }
    assert places == {
        "W9502": "VisibilityTimeout: 20",
        "W9503": "maxReceiveCount: 4",
        "W9506": "Failed:",
        "W9522": "DestinationConfig:",
        "W9524": "StartingPosition: LATEST",
        "W9525": "Properties:",
        "W9530": "Properties:",
        "W9540": "EventInvokeConfig:",
        "W9541": "MaximumEventAgeInSeconds: 60",
        "W9543": "Properties:",
        "E9550": "Destination: !GetAtt Failed.Arn",
    }
    assert result.exit_code == 6, "errors and warnings"


def test_cfn_lint_finds_the_same(
    sam: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from cfnlint.runner.cli import main  # noqa: PLC0415 - it takes seconds, and no other test needs it

    monkeypatch.chdir(sam.parent)
    ours = lint(sam.name).output
    monkeypatch.setattr("sys.argv", ["cfn-lint", "-a", "landfast.lint", "--", sam.name])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr().out
    found = [each for each in told.strip().split("\n\n") if re.match("[EW]95", each)]
    assert "\n\n".join(found) == ours.strip()
    assert ended.value.code == 6


def test_a_template_from_a_pipe_is_read_too(sam: Path) -> None:
    plain, errors = decode_str(sam.read_text(encoding="utf-8"))
    assert errors == []
    piped = [match for rule in create_rules(landfast.lint) for match in rule.matchall("", Template(None, plain))]
    told = sorted(
        match.message for match in piped if match.rule.id != "W9560"
    )  # which the runner ignores, as it is told
    assert told == sorted(match["Message"] for match in reported(lint(sam, "--format", "json")))


def test_rules_are_ignored_by_option_and_by_metadata(tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    document = spoilt({"Jobs.RedrivePolicy.maxReceiveCount": 2, "Jobs.VisibilityTimeout": 30})

    def told(*arguments: str) -> list[str]:
        path.write_text(yaml.safe_dump(document), encoding="utf-8")
        return sorted(match["Rule"]["Id"] for match in reported(lint(path, "--format", "json", *arguments)))

    assert told() == ["W9502", "W9503"]
    assert told("--ignore", "W9502") == ["W9503"]
    assert told("-i", "W95") == []
    document["Resources"]["Jobs"]["Metadata"] = {"cfn-lint": {"config": {"ignore_checks": ["W9503"]}}}
    assert told() == ["W9502"]
    document["Metadata"] = {"cfn-lint": {"config": {"ignore_checks": ["W9502"]}}}
    assert told() == []


def test_the_stacks_of_the_cdk_are_all_looked_at(tmp_path: Path) -> None:
    stack = {"type": "aws:cloudformation:stack"}
    artifacts = {name: {**stack, "properties": {"templateFile": f"{name}.template.json"}} for name in ("One", "Two")}
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": artifacts}), encoding="utf-8")
    (tmp_path / "One.template.json").write_text(json.dumps(clean()), encoding="utf-8")
    two = tmp_path / "Two.template.json"
    two.write_text(json.dumps(spoilt({"ReadsScans.StartingPosition": "LATEST"}), indent=1), encoding="utf-8")
    (match,) = reported(lint(tmp_path, "--format", "json"))
    assert (match["Filename"], match["Rule"]["Id"]) == (str(two), "W9524")
    line = two.read_text(encoding="utf-8").splitlines()[match["Location"]["Start"]["LineNumber"] - 1]
    assert '"StartingPosition": "LATEST"' in line


def test_a_template_without_hazards_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "template.json"
    path.write_text(json.dumps(clean()), encoding="utf-8")
    result = lint(path)
    assert (result.exit_code, result.output) == (0, f"no hazards found in {path}\n")


def test_parameters_are_those_that_are_given(tmp_path: Path) -> None:
    path = tmp_path / "template.json"
    document = spoilt({"Jobs.RedrivePolicy.maxReceiveCount": {"Ref": "Receives"}})
    document["Parameters"]["Receives"] = {"Type": "Number", "Default": 5}
    path.write_text(json.dumps(document), encoding="utf-8")
    assert lint("--template", path).exit_code == 0
    assert "maxReceiveCount of Jobs is 4" in lint(path, "--parameter", "Receives=4").output


def test_what_was_played_can_be_played_again(tmp_path: Path) -> None:
    path = tmp_path / "template.json"
    path.write_text(json.dumps(spoilt({"Jobs.RedrivePolicy.maxReceiveCount": 3})), encoding="utf-8")
    told = lint(path, "--scenarios", tmp_path / "played")
    (file,) = (tmp_path / "played").iterdir()
    assert file.name == "W9503-Jobs.json"
    assert f"landfast simulate {file}" in told.output
    played = simulate(read(file.read_bytes()))[0]["summary"]
    assert (played["dead_lettered"], played["ended"]) == (10, 180)
    assert "10 messages are in the dead-letter queue after 3m" in told.output


def test_sarif_names_rules_and_places(sam: Path) -> None:
    (run,) = json.loads(lint(sam, "--format", "sarif").output)["runs"]
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert rules.keys() == {result["ruleId"] for result in run["results"]}
    assert rules["W9502"]["helpUri"] == HAZARDS["W9502"].source
    assert rules["W9502"]["fullDescription"]["text"] == HAZARDS["W9502"].text
    for result in run["results"]:
        (location,) = result["locations"]
        region = location["physicalLocation"]["region"]
        assert region["startLine"] >= 1
        assert (region["endLine"], region["endColumn"]) > (region["startLine"], region["startColumn"])
        assert result["message"]["text"]


def test_junit_has_a_case_for_each_rule(sam: Path, tmp_path: Path) -> None:
    report = tmp_path / "junit.xml"
    result = lint(sam, "--format", "junit", "--output", report)
    assert (result.exit_code, result.output) == (6, "")
    suite = ET.fromstring(report.read_text(encoding="utf-8"))[0]  # noqa: S314 - our own
    failed = {case.attrib["name"].split()[0] for case in suite if case.find("failure") is not None}
    names = {case.attrib["name"].split()[0] for case in suite}
    assert names >= set(HAZARDS)
    assert failed == {match["Rule"]["Id"] for match in reported(lint(sam, "--format", "json"))}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere.yaml"], "nowhere.yaml: there is no such template: give the path of a file, or of a folder with one"),
        (["--explain", "W1"], "--explain W1: there is no such rule; there are E9500,"),
        (["--region", "moon-1", "template.yaml"], "--region moon-1: cfn-lint knows no such region"),
    ],
)
def test_a_mistake_is_one_line(arguments: list[str], told: str, sam: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(sam.parent)
    error = lint(*arguments).exception
    assert str(error).startswith(told)
    assert "\n" not in str(error)


@pytest.mark.parametrize("text", ["Resources: {", "Resources: 3", "Resource: {}"])
def test_what_is_no_template_is_a_finding(text: str, tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(text, encoding="utf-8")
    result = lint(path)
    assert result.exit_code == 2
    assert re.match("E(0000|9500) ", result.output)
    assert "Traceback" not in result.output


def test_a_template_without_sams_transform_is_looked_at_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(
        "Resources: {F: {Type: AWS::Serverless::Function, Properties: {Runtime: python3.13, Handler: a.b}}}\n"
    )
    assert lint(path).output == f"no hazards found in {path}\n"


@pytest.mark.parametrize("kind", ["{}", "[]", "'{}'"])
def test_a_type_at_which_cfn_lint_itself_fails_is_one_line(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(
        f"Transform: AWS::Serverless-2016-10-31\nGlobals: {{Function: {{}}}}\nResources: {{A: {{Type: {kind}}}}}\n"
    )
    error = lint(path).exception
    assert str(error).startswith(f"cfn-lint ends at {path} (")
    assert str(error).endswith("): `landfast check --template FILE` says what is wrong in it")


@pytest.mark.parametrize("identifier", HAZARDS)
def test_each_rule_explains_itself(identifier: str) -> None:
    result = lint("--explain", identifier.lower())
    assert result.exit_code == 0
    assert result.output.startswith(f"{identifier}  {HAZARDS[identifier].title}\n\n{HAZARDS[identifier].text}\n")
    assert HAZARDS[identifier].source.startswith("https://docs.aws.amazon.com/")
