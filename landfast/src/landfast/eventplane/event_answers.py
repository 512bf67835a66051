"""The answers of EventBridge's API about buses, rules and targets.

Source: EventBridge API, `DescribeEventBus`, `DescribeRule`, `ListTargetsByRule`, `PutPermission`; shapes as recorded by
LocalStack (``tests/aws/services/events/test_events.snapshot.json``).
"""

import json
from collections.abc import Mapping
from typing import Any

from landfast.sources.event_buses import Bus, Rule, Target
from landfast.sources.policies import policy_document
from landfast.sources.refusal import Refusal


def bus(what: Bus) -> dict[str, Any]:
    """A bus in a list."""
    shown: dict[str, Any] = {"Name": what.name, "Arn": what.arn}
    if what.description is not None:
        shown["Description"] = what.description
    if what.policy:
        shown["Policy"] = json.dumps({"Version": "2012-10-17", "Statement": what.policy})
    return {**shown, "CreationTime": what.created, "LastModifiedTime": what.changed}


def described(what: Bus) -> dict[str, Any]:
    """Return the parts of a bus that a list leaves out."""
    return {**({} if what.description is None else {"Description": what.description}), **what.settings}


def rule(what: Rule) -> dict[str, Any]:
    """A rule."""
    shown: dict[str, Any] = {"Name": what.name, "Arn": what.arn}
    if what.pattern is not None:
        shown["EventPattern"] = what.pattern
    if what.schedule is not None:
        shown["ScheduleExpression"] = what.schedule
    return {**shown, "State": what.state, "EventBusName": what.bus, **what.settings}


def target(what: Target) -> dict[str, Any]:
    """A target of a rule."""
    return {"Id": what.id, "Arn": what.arn, **what.params}


def with_permission(what: Bus, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The statements of a bus's policy after `PutPermission`.

    Raises:
        Refusal: A parameter is missing, or the policy is no JSON with statements.
    """
    if params.get("Policy"):
        return _statements(params["Policy"])
    missing = [name for name in ("Action", "Principal", "StatementId") if not params.get(name)]
    if missing:
        raise Refusal("ValidationException", f"Parameter {missing[0]} must be specified.")
    principal: object = params["Principal"]
    statement = {
        "Sid": params["StatementId"],
        "Effect": "Allow",
        "Principal": principal if principal == "*" else {"AWS": f"arn:aws:iam::{principal}:root"},
        "Action": params["Action"],
        "Resource": what.arn,
    }
    if condition := params.get("Condition"):
        statement["Condition"] = {condition["Type"]: {condition["Key"]: condition["Value"]}}
    return [*(each for each in what.policy if each.get("Sid") != params["StatementId"]), statement]


def without_permission(what: Bus, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The statements of a bus's policy after `RemovePermission`.

    Raises:
        Refusal: There is no such statement.
    """
    if params.get("RemoveAllPermissions"):
        return []
    rest = [each for each in what.policy if each.get("Sid") != params.get("StatementId")]
    if len(rest) == len(what.policy):
        raise Refusal("ResourceNotFoundException", "Statement with the provided id does not exist.")
    return rest


def _statements(policy: str) -> list[dict[str, Any]]:
    try:
        statements: list[dict[str, Any]] = policy_document(policy)["Statement"]
    except ValueError:
        raise Refusal("ValidationException", "Parameter Policy is not valid.") from None
    return statements
