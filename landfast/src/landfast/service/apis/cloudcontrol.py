"""The Cloud Control API, as far as Landfast answers it: the SAM CLI looks for function URLs by it."""

from landfast.aws_errors import AwsError
from landfast.eventplane.plane import Result
from landfast.protocols import Call

_URL = "AWS::Lambda::Url"


class CloudControlApi:
    """Says of every function that it has no URL, since HTTP is not served; anything else is the engine's."""

    service = "cloudcontrol"

    def takes(self, call: Call) -> bool:
        """Tell whether a call asks for the URL of a function."""
        return call.operation == "GetResource" and call.params["TypeName"] == _URL

    def answer(self, call: Call) -> Result:
        """There is none.

        Raises:
            AwsError: Always.
        """
        message = f"Resource of type '{_URL}' with identifier '{call.params['Identifier']}' was not found."
        raise AwsError("ResourceNotFoundException", message)
