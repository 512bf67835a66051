"""The Lambda API about what a function carries and nothing runs by: its resource policy, and its tags."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from landfast.aws_errors import AwsError
from landfast.delivery.strict_json import json_text
from landfast.eventplane.plane import Result
from landfast.service.apis.lambda_stack import LambdaStack
from landfast.service.functions import Target
from landfast.template.told import permission


class LambdaPolicies:
    """Answers these operations.

    Args:
        stack: The functions, and what calls them.
    """

    def __init__(self, stack: LambdaStack) -> None:
        self._stack = stack
        self.operations = {
            "AddPermission": self._add,
            "GetPolicy": self._get,
            "ListTags": self._tags,
            "RemovePermission": self._remove,
            "TagResource": self._tag,
            "UntagResource": self._untag,
        }

    def _get(self, params: Mapping[str, Any]) -> Result:
        statements = self._statements(self._stack.target(params))
        if not statements:
            raise _missing("No policy is associated with the given resource.")
        text = json_text({"Version": "2012-10-17", "Id": "default", "Statement": list(statements)})
        return {"Policy": text, "RevisionId": str(uuid.uuid5(uuid.NAMESPACE_URL, text))}

    def _add(self, params: Mapping[str, Any]) -> Result:
        target, sid = self._stack.target(params), params["StatementId"]
        statements = self._statements(target)
        if any(each["Sid"] == sid for each in statements):
            message = (
                f"The statement id ({sid}) provided already exists. Please provide a new statement id, or remove the "
                "existing statement."
            )
            raise AwsError("ResourceConflictException", message, status=409)
        statement = permission(sid, target.invoked_arn, params)
        self._keep(target, (*statements, statement))
        return {"Statement": json_text(statement)}

    def _remove(self, params: Mapping[str, Any]) -> None:
        target, sid = self._stack.target(params), params["StatementId"]
        statements = self._statements(target)
        left = [each for each in statements if each["Sid"] != sid]
        if len(left) == len(statements):
            raise _missing(f"Statement {sid} is not found in resource policy.")
        self._keep(target, left)

    def _statements(self, target: Target) -> Sequence[Mapping[str, Any]]:
        return self._stack.function(target).policies.get(target.qualifier or "", ())

    def _keep(self, target: Target, statements: Sequence[Mapping[str, Any]]) -> None:
        policies = {**self._stack.function(target).policies, (target.qualifier or ""): [*statements]}
        self._stack.changes.policies(target.spec.name, {name: each for name, each in policies.items() if each})

    def _tags(self, params: Mapping[str, Any]) -> Result:
        """The tags of a function; an event source mapping has none here."""
        arn = params["Resource"]
        if self._stack.mappings.find(arn.rpartition(":event-source-mapping:")[2]) is not None:
            return {"Tags": {}}
        return {"Tags": dict(self._stack.function(self._tagged(params)).tags)}

    def _tag(self, params: Mapping[str, Any]) -> None:
        target = self._tagged(params)
        self._stack.changes.tags(target.spec.name, {**self._stack.function(target).tags, **params["Tags"]})

    def _untag(self, params: Mapping[str, Any]) -> None:
        target, gone = self._tagged(params), frozenset(params["TagKeys"])
        tags = self._stack.function(target).tags
        self._stack.changes.tags(target.spec.name, {key: value for key, value in tags.items() if key not in gone})

    def _tagged(self, params: Mapping[str, Any]) -> Target:
        """The function whose tags are meant.

        Raises:
            AwsError: It is something else.
        """
        arn = params["Resource"]
        if ":function:" not in arn:
            raise _missing(f"The resource does not exist, or has no tags here: {arn}")
        return self._stack.functions.find(arn)


def _missing(message: str) -> AwsError:
    return AwsError("ResourceNotFoundException", message, status=404)
