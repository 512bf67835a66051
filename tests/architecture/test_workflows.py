"""The workflows may do no more than they must, deploy nothing unasked, and call only what there is."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.architecture.sources import ROOT
from tests.architecture.workflows import FOLDER, SWITCH, faults, used

WORKFLOWS = sorted(FOLDER.glob("*.yml"))
DEPLOY = (FOLDER / "deploy.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_has_no_fault(path: Path) -> None:
    assert [*faults(path.name, path.read_text(encoding="utf-8"))] == []


def test_an_action_has_the_same_version_everywhere() -> None:
    versions: dict[str, set[tuple[str, str]]] = {}
    for path in WORKFLOWS:
        for action, comment in used(path.read_text(encoding="utf-8")):
            repository = "/".join(action.split("@")[0].split("/")[:2])
            versions.setdefault(repository, set()).add((action.partition("@")[2], comment))
    assert {repository: found for repository, found in versions.items() if len(found) > 1} == {}


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (r"@[0-9a-f]{40} # v7", "@v7 # v7", "is not pinned"),
        (r" # v7\S+", "", "is not pinned"),
        (r"check\.yml #", "checks.yml #", "is not pinned"),
        (r"permissions: \{\}", "permissions: read-all", "has permissions for all its jobs"),
        (r"  check:\n(.*\n)    permissions:\n .*\n", r"  check:\n\1", "check does not say what it may do"),
        (r"contents: read", "contents: write", "check may write contents"),
        (r"id-token: write", "id-token: read", "staging may write nothing"),
        (r" +persist-credentials: false\n", "          fetch-depth: 1\n", "staging leaves its token in the checkout"),
        (r"    timeout-minutes: .*\n", "", "staging may run for six hours"),
        (r"    concurrency:\n.*\n.*\n", "", "staging may run beside itself"),
        (r"make build", "make bild", "staging makes what the Makefile has not: bild"),
        (r"make build", "make build ${{ github.head_ref }}", "puts a value into the text of a command"),
        (re.escape(f"    if: {SWITCH}\n"), "", "staging deploys although nobody has switched it on"),
        (re.escape(SWITCH), f"{SWITCH} || true", "staging deploys although nobody has switched it on"),
        (r"    environment: production\n", "", "production deploys although nobody has switched it on"),
        (r"  push:\n", "  pull_request_target:\n", "is run by pull_request_target"),
    ],
)
def test_such_a_fault_would_be_found(old: str, new: str, fault: str) -> None:
    broken = re.sub(old, new, DEPLOY, count=1)
    assert broken != DEPLOY
    assert any(fault in found for found in faults("deploy.yml", broken))


def test_production_is_deployed_as_staging_was_before_it() -> None:
    jobs: dict[str, Any] = yaml.safe_load(DEPLOY)["jobs"]
    assert jobs["staging"]["needs"] == "check"
    assert jobs["production"]["needs"] == "staging"
    own = {"if", "needs"}
    staging, production = (
        {key: value for key, value in jobs[name].items() if key not in own} for name in ("staging", "production")
    )
    assert yaml.safe_dump(production).replace("production", "staging") == yaml.safe_dump(staging)


def test_a_pull_request_runs_the_fast_checks_all_tests_and_the_build() -> None:
    check = yaml.safe_load((FOLDER / "check.yml").read_text(encoding="utf-8"))
    commands = {step["run"] for job in check["jobs"].values() for step in job["steps"] if "run" in step}
    assert {"make check", "make build", "make test"} <= commands
    assert {"pull_request", "workflow_call"} == set(check[True])


def test_dependabot_looks_after_the_lock_and_the_actions() -> None:
    found = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text(encoding="utf-8"))
    assert {update["package-ecosystem"] for update in found["updates"]} == {"uv", "github-actions"}
    assert all(update["directory"] == "/" and update["groups"] for update in found["updates"])


SETTING_UP = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
TRUST, PERMISSIONS = (
    json.loads(block) for block in re.findall(r"^```json[^\n]*\n(.*?)^```$", SETTING_UP, re.MULTILINE | re.DOTALL)
)
OF_SERVERLESS = {"Function": {"lambda", "iam", "codedeploy"}, "LayerVersion": {"lambda"}}
"""What SAM makes of its own resources."""


def test_the_role_may_deploy_every_kind_of_resource_that_the_template_has() -> None:
    template = (ROOT / "template.yaml").read_text(encoding="utf-8")
    types = re.findall(r"^    Type: AWS::(\w+)::(\w+)$", template, re.MULTILINE)
    needed = set().union(
        *(OF_SERVERLESS[kind] if service == "Serverless" else {service.lower()} for service, kind in types)
    )
    allowed = {
        action.partition(":")[0]
        for statement in PERMISSIONS["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    assert needed
    assert needed | {"cloudformation"} <= allowed


def test_the_role_trusts_one_environment_of_one_repository() -> None:
    [statement] = TRUST["Statement"]
    [(operator, condition)] = statement["Condition"].items()
    assert operator == "StringEquals"
    assert "*" not in json.dumps(condition)
    assert condition["token.actions.githubusercontent.com:sub"].endswith(":environment:staging")


def test_every_variable_that_a_deployment_asks_for_is_explained() -> None:
    asked = set(re.findall(r"\bvars\.(\w+)", DEPLOY))
    assert asked == set(re.findall(r"^\| `(\w+)` \|", SETTING_UP, re.MULTILINE))


def test_samconfig_has_the_environments_that_are_deployed() -> None:
    configured = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
    deployed = re.findall(r"sam deploy --config-env (\S+) --no-confirm-changeset ", DEPLOY)
    assert deployed == ["staging", "production"]
    assert all("stack_name" in configured[name]["global"]["parameters"] for name in deployed)
