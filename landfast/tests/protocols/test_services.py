import subprocess
import sys
from urllib.parse import urlencode

import pytest

from landfast import protocols
from landfast.protocols import QUERY, Request
from landfast.protocols.services import _TARGETS, _VERSIONS
from tests.protocols.clients import service_model

FORM = {b"content-type": b"application/x-www-form-urlencoded; charset=utf-8"}


def signed(service: str) -> dict[bytes, bytes]:
    scope = f"AKIAEXAMPLE/20250301/eu-central-1/{service}/aws4_request"
    return {b"authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0a1b".encode()}


@pytest.mark.parametrize(("prefix", "service"), _TARGETS.items())
def test_the_target_names_the_service(prefix: str, service: str) -> None:
    assert service_model(service).metadata["targetPrefix"] == prefix
    assert protocols.service_of_head("POST", "/", {b"x-amz-target": f"{prefix}.Anything".encode()}) == service


@pytest.mark.parametrize(("version", "service"), _VERSIONS.items())
def test_the_version_of_a_query_names_the_service(version: str, service: str) -> None:
    assert service_model(service).api_version == version
    assert protocols.service_of_head("GET", f"/?Action=Anything&Version={version}", {}) == service
    form = f"Version={version}&Action=Anything".encode()
    assert protocols.service_of_head("POST", "/", FORM) == QUERY
    assert protocols.service_of(Request("POST", "/", FORM, form, len(form))) == service


@pytest.mark.parametrize(
    ("name", "service"),
    [("sqs", "sqs"), ("s3", "s3"), ("lambda", "lambda"), ("monitoring", "cloudwatch"), ("states", "stepfunctions")],
)
def test_the_signature_names_the_service(name: str, service: str) -> None:
    assert protocols.service_of_head("PUT", "/orders/key?x=1", signed(name)) == service
    scope = urlencode({"X-Amz-Credential": f"AKIAEXAMPLE/20250301/eu-central-1/{name}/aws4_request"})
    presigned = f"/orders?X-Amz-Algorithm=AWS4-HMAC-SHA256&{scope}&X-Amz-Expires=60"
    assert protocols.service_of_head("GET", presigned, {}) == service


def test_the_target_tells_more_than_the_signature() -> None:
    headers = signed("dynamodb") | {b"x-amz-target": b"DynamoDBStreams_20120810.GetRecords"}
    assert protocols.service_of_head("POST", "/", headers) == "dynamodbstreams"
    headers = signed("athena") | {b"x-amz-target": b"AmazonAthena.ListWorkGroups"}
    assert protocols.service_of_head("POST", "/", headers) == "athena"


@pytest.mark.parametrize(
    ("target", "service"),
    [
        ("/2015-03-31/functions/orders/invocations", "lambda"),
        ("/orders/2024/key", "s3"),
        ("/", "s3"),
        ("/123456789012/orders?Action=ReceiveMessage", "sqs"),
        ("/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-central-1:123456789012:orders&Token=0a", "sns"),
        ("/?Action=GetQueueUrl&QueueName=orders", "sqs"),
        ("/?Action=Unheard", None),
        ("/?Action=Unheard&Version=1999-01-01", None),
        ("/service/GraniteServiceVersion20100801/operation/PutMetricData", None),
    ],
)
def test_requests_without_signature_are_told_by_their_target(target: str, service: str | None) -> None:
    assert protocols.service_of_head("GET", target, {}) == service


def test_a_form_sent_to_a_queue_is_for_sqs_even_without_a_version() -> None:
    form = b"Action=SendMessage&MessageBody=hello"
    assert protocols.service_of(Request("POST", "/123456789012/orders.fifo", FORM, form, len(form))) == "sqs"
    assert protocols.service_of(Request("POST", "/123456789012/orders", FORM, b"", 0)) == "sqs"
    assert protocols.service_of(Request("POST", "/", FORM, b"a=b", 3)) is None


def test_an_unknown_target_without_signature_is_for_nobody() -> None:
    assert protocols.service_of_head("POST", "/", {b"x-amz-target": b"Unheard_1.Of"}) is None


def test_nothing_of_botocore_is_loaded_to_answer_requests() -> None:
    program = (
        "import sys; from landfast import protocols; from landfast.protocols import Request\n"
        "request = Request('POST', '/', {b'x-amz-target': b'AmazonSQS.ListQueues'}, b'{}', 2)\n"
        "call = protocols.read(request, protocols.service_of(request), 'request-1')\n"
        "print(protocols.written(call, {'QueueUrls': []}).status, 'botocore' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["200", "False"]
