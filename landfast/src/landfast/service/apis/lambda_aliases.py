"""The Lambda API about aliases: which there are, and to which versions their calls go."""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from landfast.aws_errors import AwsError
from landfast.eventplane.plane import Result
from landfast.service.apis.lambda_stack import LambdaStack, listed
from landfast.service.functions import LATEST, FunctionNotFoundError, Target
from landfast.template import Alias


class LambdaAliases:
    """Answers these operations.

    Args:
        stack: The functions, and what calls them.
    """

    def __init__(self, stack: LambdaStack) -> None:
        self._stack = stack
        self.operations = {
            "CreateAlias": self._create,
            "DeleteAlias": self._delete,
            "GetAlias": self._get,
            "ListAliases": self._list,
            "UpdateAlias": self._update,
        }

    def _get(self, params: Mapping[str, Any]) -> Result:
        return _described(self._named(params))

    def _list(self, params: Mapping[str, Any]) -> Result:
        aliases = self._stack.function(self._stack.target(params)).aliases.values()
        version = params.get("FunctionVersion")
        return listed(
            params,
            "Aliases",
            [_described(alias) for alias in aliases if version in {None, alias.version, *alias.weights}],
        )

    def _create(self, params: Mapping[str, Any]) -> Result:
        target, name = self._stack.target(params), params["Name"]
        arn = f"{target.spec.arn}:{name}"
        if name in self._stack.function(target).aliases:
            raise AwsError("ResourceConflictException", f"Alias already exists: {arn}", status=409)
        alias = Alias(name=name, arn=arn, version=params["FunctionVersion"])
        return self._set(target, _changed(alias, params))

    def _update(self, params: Mapping[str, Any]) -> Result:
        return self._set(self._stack.target(params), _changed(self._named(params), params))

    def _set(self, target: Target, alias: Alias) -> Result:
        self._check(target, alias)
        name = target.spec.name
        self._stack.changes.alias(name, alias.name, alias)
        self._stack.functions.route(name, alias.name, alias.version, alias.weights)
        self._stack.reconfigure(name)
        return _described(alias)

    def _delete(self, params: Mapping[str, Any]) -> None:
        target, name = self._stack.target(params), params["Name"]
        if name not in self._stack.function(target).aliases:
            return  # as on AWS, where deleting what is not there is no error
        addressed = self._stack.functions.find(target.spec.name, name)
        users = [
            each.mapping.uuid
            for each in self._stack.mappings
            if each.config.target.invoked_arn == addressed.invoked_arn
        ]
        if users or self._stack.queues.waiting(addressed):
            why = f"the event source mapping {users[0]} calls it" if users else "asynchronous events wait for it"
            raise AwsError(
                "ResourceConflictException", f"{addressed.invoked_arn} cannot be deleted: {why}.", status=409
            )
        self._stack.changes.alias(target.spec.name, name, None)
        self._stack.functions.forget(target.spec.name, name)

    def _named(self, params: Mapping[str, Any]) -> Alias:
        target, name = self._stack.target(params), params["Name"]
        alias = self._stack.function(target).aliases.get(name)
        if alias is None:
            raise AwsError("ResourceNotFoundException", f"Cannot find alias arn: {target.spec.arn}:{name}", status=404)
        return alias

    def _check(self, target: Target, alias: Alias) -> None:
        """Refuse what AWS refuses (Lambda Developer Guide, "Using an alias routing configuration").

        Raises:
            AwsError: It cannot have these versions, or these weights.
            FunctionNotFoundError: There is no such version.
        """
        published = {LATEST, *self._stack.function(target).versions}
        for version in (alias.version, *alias.weights):
            if version not in published:
                raise FunctionNotFoundError(f"Function not found: {target.spec.arn}:{version}")
        if not alias.weights:
            return
        if LATEST in {alias.version, *alias.weights}:
            raise _invalid("$LATEST is not supported for an alias pointing to more than 1 version")
        if len(alias.weights) > 1:
            raise _invalid("Number of items in AdditionalVersionWeights cannot be greater than 1")
        if alias.version in alias.weights:
            raise _invalid(
                f"Invalid function version {alias.version}. Function version {alias.version} is already "
                "included in routing configuration."
            )


def _changed(alias: Alias, params: Mapping[str, Any]) -> Alias:
    changes: dict[str, Any] = {}
    if "FunctionVersion" in params:
        changes["version"] = params["FunctionVersion"]
    if "Description" in params:
        changes["description"] = params["Description"]
    if "RoutingConfig" in params:
        changes["weights"] = params["RoutingConfig"].get("AdditionalVersionWeights", {})
    return replace(alias, **changes)


def _described(alias: Alias) -> dict[str, Any]:
    weights = dict(alias.weights)
    return {
        "AliasArn": alias.arn,
        "Name": alias.name,
        "FunctionVersion": alias.version,
        "Description": alias.description,
        **({"RoutingConfig": {"AdditionalVersionWeights": weights}} if weights else {}),
    }


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterValueException", message)
