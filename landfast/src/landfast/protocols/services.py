"""Which service a request is for."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs, unquote

from landfast.aws_errors import FORM, signed_for
from landfast.protocols import models
from landfast.protocols.messages import Request

QUERY: Final = "query"
"""Stands for a service of the query protocol that only the body tells."""

_TARGETS = {
    "AmazonSQS": "sqs",
    "Kinesis_20131202": "kinesis",
    "DynamoDBStreams_20120810": "dynamodbstreams",
    "DynamoDB_20120810": "dynamodb",
    "AWSEvents": "events",
    "TrentService": "kms",
    "AmazonSSM": "ssm",
    "secretsmanager": "secretsmanager",
    "Logs_20140328": "logs",
    "AWSStepFunctions": "stepfunctions",
    "GraniteServiceVersion20100801": "cloudwatch",
    "CloudApiService": "cloudcontrol",
    "Firehose_20150804": "firehose",
}
"""The prefixes of X-Amz-Target: each model's ``targetPrefix``."""

_VERSIONS = {
    "2012-11-05": "sqs",
    "2010-03-31": "sns",
    "2011-06-15": "sts",
    "2010-05-08": "iam",
    "2010-08-01": "cloudwatch",
    "2010-05-15": "cloudformation",
    "2010-12-01": "ses",
}
"""The API versions of services of the query protocol."""

_SIGNED = {"cloudcontrolapi": "cloudcontrol", "monitoring": "cloudwatch", "states": "stepfunctions", "s3express": "s3"}
"""Services that sign by another name than botocore's."""

QUEUE = re.compile(r"/(?P<account>\d{12})/(?P<name>[A-Za-z0-9_-]{1,80}(?:\.fifo)?)/?")
"""The path of a queue's URL."""

_LAMBDA = re.compile(r"/20\d\d-\d\d-\d\d/")
_SLASHES = re.compile("/+")
_CREDENTIAL = re.compile(r"(?:^|&)X-Amz-Credential=([^&]+)")


def service_of(request: Request) -> str | None:
    """The service that a request is for, by botocore's name; None where nothing tells."""
    service = service_of_head(request.method, request.target, request.headers)
    if service != QUERY:
        return service
    path, _, _ = request.target.partition("?")
    return _by_action(path, (request.content or b"").decode("latin-1")) or ("sqs" if QUEUE.fullmatch(path) else None)


def service_of_head(method: str, target: str, headers: Mapping[bytes, bytes]) -> str | None:
    """The same before the body is read.

    Args:
        method: The HTTP method.
        target: The path with its query.
        headers: By names in lower case.

    Returns:
        botocore's name of the service, `QUERY` where only the body tells, or None where nothing will.
    """
    if (named := headers.get(b"x-amz-target")) and (found := _TARGETS.get(named.decode("latin-1").partition(".")[0])):
        return found
    path, _, query = target.partition("?")
    if (signed := _signed(headers, query)) or named:
        return signed
    if found := _by_action(path, query):
        return found
    if _LAMBDA.match(_SLASHES.sub("/", unquote(path))):  # however it is spelt: no engine is to call functions
        return "lambda"
    if method == "POST" and headers.get(b"content-type", b"").decode("latin-1").lower().startswith(FORM):
        return QUERY
    nobodys = path.startswith("/service/") or (path == "/" and "Action=" in query)
    return None if nobodys else "s3"


def _signed(headers: Mapping[bytes, bytes], query: str) -> str | None:
    """The service that the signature names, in the Authorization header or in a presigned query."""
    service = signed_for(headers.get(b"authorization", b"").decode("latin-1"))
    if not service and (presigned := _CREDENTIAL.search(query)):
        service = signed_for(f"Credential={unquote(presigned[1])}")
    return _SIGNED.get(service, service) or None


def _by_action(path: str, parameters: str) -> str | None:
    """The service that has the action of a form or query string."""
    if "Action=" not in parameters:
        return None
    fields = parse_qs(parameters)
    if "Version" in fields:
        return _VERSIONS.get(fields["Version"][0])
    if QUEUE.fullmatch(path):
        return "sqs"
    action = fields.get("Action", [""])[0]  # links in notifications of SNS have no version
    return next((service for service in ("sns", "sqs") if action in models.of(service).operations), None)
