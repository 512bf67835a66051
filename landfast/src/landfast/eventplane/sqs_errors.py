"""SQS's errors, in its own words."""

from landfast.aws_errors import AwsError

NOT_FOUND = 404
FORBIDDEN = 403


def invalid(message: str) -> AwsError:
    """A parameter that is no good."""
    return AwsError("InvalidParameterValue", message)


def invalid_value(value: object, parameter: str, reason: str) -> AwsError:
    """A parameter whose value is no good, and why."""
    return invalid(f"Value {value} for parameter {parameter} is invalid. Reason: {reason}")


def not_for_this_type(value: object, parameter: str) -> AwsError:
    """A parameter that the other type of queue has."""
    return invalid_value(value, parameter, "The request include parameter that is not valid for this queue type.")


def missing(parameter: str) -> AwsError:
    """A parameter that must be there."""
    return AwsError("MissingParameter", f"The request must contain the parameter {parameter}.")


def no_queue() -> AwsError:
    """There is no such queue."""
    return AwsError("QueueDoesNotExist", "The specified queue does not exist.")


def no_resource(message: str) -> AwsError:
    """Something that a move of messages needs is not there."""
    return AwsError("ResourceNotFoundException", message, status=NOT_FOUND)


def unknown_attribute(name: str) -> AwsError:
    """A queue or message has no such attribute."""
    return AwsError("InvalidAttributeName", f"Unknown Attribute {name}.")


def invalid_attribute(name: str, reason: str = "") -> AwsError:
    """A queue's attribute cannot have such a value."""
    message = f"Invalid value for the parameter {name}."
    return AwsError("InvalidAttributeValue", f"{message} Reason: {reason}" if reason else message)
