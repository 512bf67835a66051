"""The names of SQS's errors, and its answers to parameters that its model does not allow.

Its query protocol has names of its own, which its JSON protocol tells beside the shapes' names in the header
``x-amzn-query-error`` (https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#awsquerycompatible-trait).
"""

from landfast.aws_errors import AwsError
from landfast.protocols.constraints import NOT_NULL, Failure
from landfast.protocols.models import ErrorTrait

_FORBIDDEN = 403
_NOT_FOUND = 404
_PREFIX = "AWS.SimpleQueueService."


def _error(code: str, status: int = 400) -> ErrorTrait:
    return ErrorTrait(code=code, http_status_code=status)


_ERRORS = {
    **{
        name: _error(_PREFIX + name)
        for name in (
            "BatchEntryIdsNotDistinct",
            "BatchRequestTooLong",
            "EmptyBatchRequest",
            "InvalidBatchEntryId",
            "MessageNotInflight",
            "QueueDeletedRecently",
            "TooManyEntriesInBatchRequest",
            "UnsupportedOperation",
        )
    },
    "InvalidAddress": _error("InvalidAddress", _NOT_FOUND),
    "InvalidSecurity": _error("InvalidSecurity", _FORBIDDEN),
    "KmsAccessDenied": _error("KMS.AccessDeniedException"),
    "KmsDisabled": _error("KMS.DisabledException"),
    "KmsInvalidKeyUsage": _error("KMS.InvalidKeyUsageException"),
    "KmsInvalidState": _error("KMS.InvalidStateException"),
    "KmsNotFound": _error("KMS.NotFoundException"),
    "KmsOptInRequired": _error("KMS.OptInRequired", _FORBIDDEN),
    "KmsThrottled": _error("KMS.ThrottlingException"),
    "OverLimit": _error("OverLimit", _FORBIDDEN),
    "PurgeQueueInProgress": _error(_PREFIX + "PurgeQueueInProgress", _FORBIDDEN),
    "QueueDoesNotExist": _error(_PREFIX + "NonExistentQueue"),
    "QueueNameExists": _error("QueueAlreadyExists"),
    "ReceiptHandleIsInvalid": _error("ReceiptHandleIsInvalid", _NOT_FOUND),
    "RequestThrottled": _error("RequestThrottled", _FORBIDDEN),
    "ResourceNotFoundException": _error("ResourceNotFoundException", _NOT_FOUND),
}
"""The ``awsQueryError`` traits of SQS's Smithy model, which botocore's model leaves out."""


def error(name: str) -> ErrorTrait:
    """Return the form of a model's error in the query protocol."""
    return _ERRORS.get(name, _error(name))


def is_taken(operation: str, failure: Failure) -> bool:
    """Tell whether SQS takes what its model does not allow.

    The ``AttributeNames`` of ``ReceiveMessage`` are those of messages, though its model says those of queues; which
    there are is the service's affair.
    """
    return operation == "ReceiveMessage" and failure.path[0] == "attributeNames" and failure.culprit is not None


def refusal(operation: str, failure: Failure) -> AwsError:
    """SQS's error for a constraint that a call does not meet: its model has only required members and attribute names.

    Args:
        operation: The operation of the call.
        failure: Which constraint, and where.
    """
    if failure.constraint != NOT_NULL:
        if failure.culprit is None:  # null in a list or a map
            return AwsError("InvalidParameterValue", str(failure))
        return AwsError("InvalidAttributeName", f"Unknown Attribute {failure.culprit}.")
    return _missing(operation, failure.path)


def _missing(operation: str, path: tuple[str, ...]) -> AwsError:
    match path:
        case ("queueUrl",):
            return AwsError("QueueDoesNotExist", "The specified queue does not exist.")
        case ("queueName",):
            message = "Value for parameter QueueName is invalid. Reason: Must specify a queue name."
            return AwsError("InvalidParameterValue", message)
        case ("entries",):
            message = f"There should be at least one {operation}RequestEntry in the request."
            return AwsError("EmptyBatchRequest", message)
        case (*_, "messageAttributes" | "messageSystemAttributes", name, "member", "dataType"):
            message = f"The message attribute '{name}' must contain non-empty message attribute type."
            return AwsError("InvalidParameterValue", message)
        case ("entries", number, "member", name):
            missing = f"{operation}RequestEntry.{number}.{_capital(name)}"
        case _:
            missing = ".".join(map(_capital, path))
    return AwsError("MissingParameter", f"The request must contain the parameter {missing}.")


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
