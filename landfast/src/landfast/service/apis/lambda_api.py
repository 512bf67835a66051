"""The Lambda API (version 2015-03-31), invocations apart: what there is, and what can be changed while it runs.

What a function is comes from the template; what calls it, and how, can be changed: event source mappings, event invoke
configurations, reserved concurrency and aliases. Begin reading with `LambdaApi.answer`.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from landfast.aws_errors import AwsError
from landfast.delivery.errors import Refused
from landfast.eventplane.plane import Result, carried_out
from landfast.protocols import Call
from landfast.service.apis.lambda_aliases import LambdaAliases
from landfast.service.apis.lambda_functions import LambdaFunctions
from landfast.service.apis.lambda_invoke_configs import LambdaInvokeConfigs
from landfast.service.apis.lambda_mappings import LambdaMappings
from landfast.service.apis.lambda_policies import LambdaPolicies
from landfast.service.apis.lambda_stack import LambdaStack
from landfast.service.functions import FunctionNotFoundError

Operation: TypeAlias = Callable[[Mapping[str, object]], Result | None]


class LambdaApi:
    """Answers calls of Lambda that invoke nothing.

    Args:
        stack: The functions, and what calls them.
    """

    service = "lambda"

    def __init__(self, stack: LambdaStack) -> None:
        self._operations = {
            **LambdaFunctions(stack).operations,
            **LambdaAliases(stack).operations,
            **LambdaInvokeConfigs(stack).operations,
            **LambdaMappings(stack).operations,
            **LambdaPolicies(stack).operations,
        }

    def answer(self, call: Call) -> Result:
        """Do what a call asks for.

        Raises:
            AwsError: It is refused; nothing has changed.
        """
        if call.operation not in self._operations:
            message = (
                f"{call.operation} is not available: what a function is comes from the template; change that and start "
                "again. What calls it can be changed here: mappings, event invoke configs, concurrency, aliases."
            )
            raise AwsError("NotImplementedException", message, status=501)
        try:
            return carried_out(self._operations, call, call.params)
        except FunctionNotFoundError as error:
            raise AwsError("ResourceNotFoundException", str(error), status=404) from error
        except Refused as error:
            raise AwsError(error.code, error.message, status=error.status) from error
        except ValueError as error:
            raise AwsError("InvalidParameterValueException", str(error)) from error
