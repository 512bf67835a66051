"""The APIs of a running service beside those of the event plane: what clients and tools ask about the stack.

Each is a class with `service` and `answer(call)`, as those of the event plane, and is asked in the driver's thread.
Invocations alone are answered elsewhere (`service/endpoint.py`), since they wait.
"""

from landfast.service.apis.cloudcontrol import CloudControlApi
from landfast.service.apis.cloudformation import CloudFormationApi
from landfast.service.apis.lambda_api import LambdaApi
from landfast.service.apis.lambda_stack import LambdaStack
from landfast.service.apis.logs import LogsApi
from landfast.service.apis.sts import StsApi

__all__ = ["CloudControlApi", "CloudFormationApi", "LambdaApi", "LambdaStack", "LogsApi", "StsApi"]
