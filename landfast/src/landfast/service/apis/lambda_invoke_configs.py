"""The Lambda API about asynchronous invocation: retries, ages and destinations of a function, version or alias."""

from collections.abc import Mapping
from typing import Any, Final

from landfast.aws_errors import AwsError
from landfast.delivery.asynchronous import configuration
from landfast.eventplane.plane import Result
from landfast.service.apis.lambda_stack import LambdaStack, listed
from landfast.service.functions import LATEST, Target
from landfast.template import EventInvokeConfig

_SETTINGS: Final = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")


class LambdaInvokeConfigs:
    """Answers these operations.

    Args:
        stack: The functions, and what calls them.
    """

    def __init__(self, stack: LambdaStack) -> None:
        self._stack = stack
        self._modified: dict[str, float] = {}
        self.operations = {
            "DeleteFunctionEventInvokeConfig": self._delete,
            "GetFunctionEventInvokeConfig": self._get,
            "ListFunctionEventInvokeConfigs": self._list,
            "PutFunctionEventInvokeConfig": self._put,
            "UpdateFunctionEventInvokeConfig": self._update,
        }

    def _get(self, params: Mapping[str, Any]) -> Result:
        target = self._stack.target(params)
        self._existing(target)
        return self._described(target)

    def _list(self, params: Mapping[str, Any]) -> Result:
        target = self._stack.target(params)
        qualifiers = self._stack.function(target).event_invoke_configs
        found = [self._stack.functions.find(target.spec.name, qualifier) for qualifier in qualifiers]
        return listed(params, "FunctionEventInvokeConfigs", [self._described(each) for each in found])

    def _put(self, params: Mapping[str, Any]) -> Result:
        return self._set(self._stack.target(params), _given(params))

    def _update(self, params: Mapping[str, Any]) -> Result:
        target = self._stack.target(params)
        return self._set(target, {**self._existing(target).properties, **_given(params)})

    def _set(self, target: Target, properties: Mapping[str, Any]) -> Result:
        name = target.spec.name
        named = {**properties, "FunctionName": name, "Qualifier": _qualifier(target)}
        read = configuration(
            named, self._stack.settings, function_arn=target.spec.arn, functions=self._stack.functions.specs
        )
        config = EventInvokeConfig(
            on_success=read.on_success.arn if read.on_success else None,
            on_failure=read.on_failure.arn if read.on_failure else None,
            properties=named,
        )
        self._stack.changes.event_invoke_config(name, _qualifier(target), config)
        self._modified[target.qualified_arn] = self._stack.now()
        self._stack.reconfigure(name)
        return self._described(target)

    def _delete(self, params: Mapping[str, Any]) -> None:
        target = self._stack.target(params)
        self._existing(target)
        self._stack.changes.event_invoke_config(target.spec.name, _qualifier(target), None)
        self._stack.reconfigure(target.spec.name)

    def _existing(self, target: Target) -> EventInvokeConfig:
        config = self._stack.function(target).event_invoke_configs.get(_qualifier(target))
        if config is None:
            message = f"The function {target.qualified_arn} doesn't have an EventInvokeConfig"
            raise AwsError("ResourceNotFoundException", message, status=404)
        return config

    def _described(self, target: Target) -> dict[str, Any]:
        config = self._stack.asynchronous(self._stack.function(target), _qualifier(target))
        return {
            "LastModified": self._modified.get(target.qualified_arn, self._stack.started),
            "FunctionArn": target.qualified_arn,
            "MaximumRetryAttempts": config.maximum_retry_attempts,
            "MaximumEventAgeInSeconds": config.maximum_event_age,
            "DestinationConfig": {
                "OnSuccess": {"Destination": config.on_success.arn} if config.on_success else {},
                "OnFailure": {"Destination": config.on_failure.arn} if config.on_failure else {},
            },
        }


def _given(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: params[name] for name in _SETTINGS if name in params}


def _qualifier(target: Target) -> str:
    return target.qualifier or LATEST
