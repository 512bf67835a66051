"""What is wrong with a workflow of GitHub Actions, as far as its text tells."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from tests.architecture.sources import ROOT

FOLDER = ROOT / ".github" / "workflows"

SWITCH = "vars.AWS_DEPLOY_ROLE != ''"
"""Without this variable, nothing is deployed."""

MAY_WRITE: Mapping[str, set[str]] = {
    "codeql.yml: codeql": {"security-events"},
    "deploy.yml: staging": {"id-token"},
    "deploy.yml: production": {"id-token"},
    "release.yml: publish": {"attestations", "contents", "id-token"},
    "release.yml: index": {"id-token"},
}
"""What of the repository each job may change; all others only read."""

_USES = re.compile(r"^\s*(?:- )?uses: (?P<action>\S+)(?: # (?P<comment>.+))?$", re.MULTILINE)
_PINNED = re.compile(r"[\w.-]+(?:/[\w.-]+)+@[0-9a-f]{40}")
_VERSION = re.compile(r"v\d+(?:\.\d+)+")
_MAKE = re.compile(r"\bmake(?P<targets>(?: [a-z][a-z-]*)+)")
_TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)
_STRANGERS = {"issue_comment", "pull_request_target", "workflow_run"}
"""Triggers by which a stranger's text or code meets the rights of the repository."""


def used(text: str) -> list[tuple[str, str]]:
    """Return the actions that a workflow uses, with the comment behind each."""
    return [(found["action"], found["comment"] or "") for found in _USES.finditer(text)]


def targets() -> set[str]:
    """Return the targets of the Makefile."""
    return set(_TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))


def faults(name: str, text: str) -> Iterator[str]:
    """Yield what is wrong with a workflow, each in one line."""
    workflow: dict[Any, Any] = yaml.safe_load(text)
    triggers = workflow[True]  # YAML's `on`
    yield from (f"is run by {each}" for each in sorted(_STRANGERS & set(triggers)))
    if workflow.get("permissions") != {}:
        yield "has permissions for all its jobs"
    yield from (f"{action} is not pinned" for action, comment in used(text) if not _is_pinned(action, comment))
    for key, job in workflow["jobs"].items():
        for fault in (*_of_job(f"{name}: {key}", job), *_of_steps(job.get("steps", []))):
            yield f"{key} {fault}"
        if "concurrency" not in workflow and "concurrency" not in job and "steps" in job:
            yield f"{key} may run beside itself"


def _is_pinned(action: str, comment: str) -> bool:
    if action.startswith("./"):
        return (ROOT / action).is_file()
    return bool(_PINNED.fullmatch(action) and _VERSION.fullmatch(comment))


def _of_job(name: str, job: Mapping[str, Any]) -> Iterator[str]:
    given = job.get("permissions")
    if not isinstance(given, dict):
        yield "does not say what it may do"
        return
    writes = {scope for scope, access in given.items() if access != "read"}
    if writes != MAY_WRITE.get(name, set()):
        yield f"may write {', '.join(sorted(writes)) or 'nothing'}"
    if "steps" in job and "timeout-minutes" not in job:
        yield "may run for six hours"
    if _deploys(job) and (SWITCH not in str(job.get("if")).split(" && ") or "environment" not in job):
        yield "deploys although nobody has switched it on"


def _deploys(job: Mapping[str, Any]) -> bool:
    return any(
        "aws-actions/" in step.get("uses", "") or "sam deploy" in step.get("run", "") for step in job.get("steps", [])
    )


def _of_steps(steps: list[dict[str, Any]]) -> Iterator[str]:
    for step in steps:
        command = step.get("run", "")
        if "${{" in command:
            yield f"puts a value into the text of a command: {command}"
        if missing := {each for found in _MAKE.finditer(command) for each in found["targets"].split()} - targets():
            yield f"makes what the Makefile has not: {', '.join(sorted(missing))}"
        if (
            step.get("uses", "").startswith("actions/checkout@")
            and step.get("with", {}).get("persist-credentials") is not False
        ):
            yield "leaves its token in the checkout"
