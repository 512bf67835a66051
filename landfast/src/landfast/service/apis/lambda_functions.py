"""The Lambda API about functions: what they are, their versions, and how many of their invocations run at a time."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from landfast.aws_errors import AwsError
from landfast.eventplane.plane import Result
from landfast.runtime.runtime import ACCOUNT_CONCURRENCY
from landfast.service.apis.lambda_stack import LambdaStack, listed
from landfast.service.functions import LATEST, Target

_LEAST_UNRESERVED: Final = 100
"""The concurrency of an account that no function may reserve (Lambda Developer Guide, "Reserved concurrency")."""

_LIMITS: Final = {"CodeSizeUnzipped": 262_144_000, "CodeSizeZipped": 52_428_800, "TotalCodeSize": 80_530_636_800}
"""Lambda's own (Lambda Developer Guide, "Lambda quotas")."""


class LambdaFunctions:
    """Answers these operations.

    Args:
        stack: The functions, and what calls them.
    """

    def __init__(self, stack: LambdaStack) -> None:
        self._stack = stack
        self.operations = {
            "DeleteFunctionConcurrency": self._delete_concurrency,
            "GetAccountSettings": self._account_settings,
            "GetFunction": self._function,
            "GetFunctionConcurrency": self._concurrency,
            "GetFunctionConfiguration": self._configuration,
            "GetFunctionRecursionConfig": self._recursion,
            "GetFunctionUrlConfig": self._url,
            "GetProvisionedConcurrencyConfig": self._provisioned,
            "ListFunctionUrlConfigs": self._urls,
            "ListFunctions": self._functions,
            "ListProvisionedConcurrencyConfigs": self._all_provisioned,
            "ListVersionsByFunction": self._versions,
            "PutFunctionConcurrency": self._put_concurrency,
        }

    def _functions(self, params: Mapping[str, Any]) -> Result:
        find, specs = self._stack.functions.find, self._stack.functions.specs
        every = [self._described(find(name, LATEST), find(name)) for name in specs]
        if params.get("FunctionVersion") == "ALL":
            every = [one for name in specs for one in self._every_version(find(name))]
        return listed(params, "Functions", every)

    def _versions(self, params: Mapping[str, Any]) -> Result:
        return listed(params, "Versions", self._every_version(self._stack.target(params)))

    def _every_version(self, target: Target) -> list[dict[str, Any]]:
        numbers = (LATEST, *self._stack.function(target).versions)
        found = [self._stack.functions.find(target.spec.name, number) for number in numbers]
        return [self._described(each, each) for each in found]

    def _function(self, params: Mapping[str, Any]) -> Result:
        target = self._stack.target(params)
        function = self._stack.function(target)
        concurrency = self._concurrency(params)
        return {
            "Configuration": self._described(target, target),
            "Code": {"Location": function.code.as_uri()},
            **({"Tags": dict(function.tags)} if function.tags else {}),
            **({"Concurrency": concurrency} if concurrency else {}),
        }

    def _configuration(self, params: Mapping[str, Any]) -> Result:
        target = self._stack.target(params)
        return self._described(target, target)

    def _described(self, target: Target, addressed: Target) -> dict[str, Any]:
        function, spec = self._stack.function(target), target.spec
        logging: dict[str, Any] = {"LogFormat": function.log_format, "LogGroup": function.log_group}
        if function.log_format == "JSON":
            logging |= {
                "ApplicationLogLevel": function.application_log_level,
                "SystemLogLevel": function.system_log_level,
            }
        dead_letter = function.dead_letter_target_arn
        return {
            "FunctionName": spec.name,
            "FunctionArn": addressed.invoked_arn,
            "Runtime": function.runtime,
            "Role": spec.role_arn,
            "Handler": spec.handler,
            "Description": function.description,
            "Timeout": function.timeout,
            "MemorySize": function.memory_size,
            "LastModified": datetime.fromtimestamp(self._stack.started, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
            "Version": target.version,
            "PackageType": "Zip",
            "State": "Failed" if spec.broken else "Active",
            "StateReason": spec.broken or None,
            "LastUpdateStatus": "Successful",
            "Architectures": [function.architecture],
            "EphemeralStorage": {"Size": function.ephemeral_storage_size},
            "LoggingConfig": logging,
            "Layers": [{"Arn": layer.arn} for layer in function.layers] or None,
            "DeadLetterConfig": {"TargetArn": dead_letter} if dead_letter else None,
            "Environment": {"Variables": dict(function.environment)} if function.environment else None,
        }

    def _concurrency(self, params: Mapping[str, Any]) -> dict[str, Any]:
        reserved = self._stack.function(self._stack.target(params)).reserved_concurrent_executions
        return {} if reserved is None else {"ReservedConcurrentExecutions": reserved}

    def _put_concurrency(self, params: Mapping[str, Any]) -> Result:
        name = self._stack.target(params).spec.name
        reserved = params["ReservedConcurrentExecutions"]
        if self._unreserved(without=name) - reserved < _LEAST_UNRESERVED:
            raise AwsError(
                "InvalidParameterValueException",
                "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
                f"below its minimum value of [{_LEAST_UNRESERVED}].",
            )
        self._reserve(name, reserved)
        return {"ReservedConcurrentExecutions": reserved}

    def _delete_concurrency(self, params: Mapping[str, Any]) -> None:
        self._reserve(self._stack.target(params).spec.name, None)

    def _reserve(self, name: str, reserved: int | None) -> None:
        self._stack.changes.concurrency(name, reserved)
        self._stack.functions.reserve(name, reserved)
        self._stack.reconfigure(name)

    def _unreserved(self, without: str = "") -> int:
        functions = self._stack.changes.template.functions.values()
        reserved = [each.reserved_concurrent_executions or 0 for each in functions if each.name != without]
        return ACCOUNT_CONCURRENCY - sum(reserved)

    def _account_settings(self, params: Mapping[str, Any]) -> Result:
        del params
        return {
            "AccountLimit": {
                **_LIMITS,
                "ConcurrentExecutions": ACCOUNT_CONCURRENCY,
                "UnreservedConcurrentExecutions": self._unreserved(),
            },
            "AccountUsage": {"FunctionCount": len(self._stack.functions.specs)},
        }

    def _recursion(self, params: Mapping[str, Any]) -> Result:
        return {"RecursiveLoop": self._stack.target(params).recursive_loop}

    def _url(self, params: Mapping[str, Any]) -> Result:
        self._stack.target(params)
        raise AwsError("ResourceNotFoundException", "The resource you requested does not exist.", status=404)

    def _urls(self, params: Mapping[str, Any]) -> Result:
        self._stack.target(params)
        return {"FunctionUrlConfigs": []}

    def _provisioned(self, params: Mapping[str, Any]) -> Result:
        self._stack.target(params)
        message = "No Provisioned Concurrency Config found for this function"
        raise AwsError("ProvisionedConcurrencyConfigNotFoundException", message, status=404)

    def _all_provisioned(self, params: Mapping[str, Any]) -> Result:
        self._stack.target(params)
        return {"ProvisionedConcurrencyConfigs": []}
