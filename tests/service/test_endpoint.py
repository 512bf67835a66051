"""The Invoke endpoint, asked by boto3 and by hand."""

from __future__ import annotations

import base64
import functools
import http.client
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session

from landfast.journal import Settled
from landfast.runtime.model import REQUEST_LIMIT, Throttled
from landfast.service.endpoint import Endpoint
from landfast.service.front import Front
from landfast.service.lambda_api import is_lambda
from tests.service.conftest import ARN, FAILURES, Stage, errored, eventually, to_queue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.awsrequest import AWSRequest
    from mypy_boto3_lambda import LambdaClient as Client
    from mypy_boto3_lambda.literals import InvocationTypeType as Kind

    from landfast.service.functions import Target


@pytest.fixture
def endpoint(stage: Stage) -> Iterator[str]:
    def accept(target: Target, payload: bytes, request_id: str, trace: str) -> None:
        stage.accept(target.spec.name, payload, request_id=request_id, origin="invoke", trace=trace)

    answer = Endpoint(stage.functions, accept).answer
    with Front("http://127.0.0.1:9", ours=is_lambda, answer=answer, limit=REQUEST_LIMIT) as front:
        yield front.url


@functools.cache
def session() -> Session:
    made = Session()
    made.set_credentials("test", "test")
    return made


@pytest.fixture
def client(endpoint: str) -> Iterator[Client]:
    config = Config(retries={"total_max_attempts": 1})
    made: Any = session().create_client("lambda", region_name="us-east-1", endpoint_url=endpoint, config=config)
    yield made
    made.close()


def code(error: pytest.ExceptionInfo[ClientError]) -> tuple[int, str]:
    response = error.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


def test_a_synchronous_call_returns_what_the_function_returns(client: Client) -> None:
    answer = client.invoke(FunctionName="orders", Payload=b'{"a": 1}', LogType="Tail")
    assert answer["StatusCode"] == 200
    assert answer["ExecutedVersion"] == "$LATEST"
    assert "FunctionError" not in dict(answer)
    assert json.load(answer["Payload"]) == {"a": 1}
    assert base64.b64decode(answer["LogResult"]) == b"a line of log"


def test_s_016_a_failing_function_is_status_200_with_function_error_unhandled(client: Client, stage: Stage) -> None:
    stage.runtime.handler = lambda _: errored("no stock")
    answer = client.invoke(FunctionName="orders")
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert json.load(answer["Payload"]) == {"errorMessage": "no stock", "errorType": "ValueError"}


def test_s_001_an_asynchronous_call_answers_202_and_nothing_else(client: Client, stage: Stage) -> None:
    stage.queue(to_queue(FAILURES))
    answer = client.invoke(FunctionName="orders", InvocationType="Event", Payload=b'{"a": 1}')
    assert answer["StatusCode"] == 202
    assert answer["Payload"].read() == b""
    assert not {"ExecutedVersion", "FunctionError"} & answer.keys()
    assert eventually(lambda: len(stage.journal(Settled)) == 1)
    assert stage.journal(Settled)[0].records == (answer["ResponseMetadata"]["RequestId"],)


def test_s_002_a_missing_payload_reaches_the_function_as_an_empty_object(client: Client, stage: Stage) -> None:
    client.invoke(FunctionName="orders")
    assert stage.runtime.calls[0]["payload"] == b"{}"


def test_a_dry_run_answers_204_and_calls_nothing(client: Client, stage: Stage) -> None:
    assert client.invoke(FunctionName="orders", InvocationType="DryRun")["StatusCode"] == 204
    assert stage.runtime.calls == []


@pytest.mark.parametrize(
    "reference", ["orders", "orders:$LATEST", ARN + "orders", ARN + "orders:$LATEST", "123456789012:function:orders"]
)
def test_a_function_is_found_by_name_and_by_arn_with_a_qualifier_or_without(client: Client, reference: str) -> None:
    assert client.invoke(FunctionName=reference)["StatusCode"] == 200


@pytest.mark.parametrize(("reference", "qualifier"), [("nobody", None), ("orders", "live"), ("orders:7", None)])
def test_what_does_not_exist_is_404(client: Client, reference: str, qualifier: str | None) -> None:
    with pytest.raises(ClientError) as error:
        client.invoke(FunctionName=reference, Qualifier=qualifier) if qualifier else client.invoke(
            FunctionName=reference
        )
    assert code(error) == (404, "ResourceNotFoundException")
    assert "Function not found: arn:aws:lambda:us-east-1:123456789012:function:" in str(error.value)


def test_two_qualifiers_that_differ_are_refused(client: Client) -> None:
    with pytest.raises(ClientError, match="derived qualifier") as error:
        client.invoke(FunctionName="orders:$LATEST", Qualifier="live")
    assert code(error) == (400, "InvalidParameterValueException")


def test_s_010_a_synchronous_call_without_concurrency_is_429_with_its_reason(client: Client, stage: Stage) -> None:
    stage.runtime.handler = lambda _: Throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
    with pytest.raises(ClientError) as error:
        client.invoke(FunctionName="stopped")
    assert code(error) == (429, "TooManyRequestsException")
    response: Any = error.value.response
    assert response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert response["Type"] == "User"
    assert response["message"] == "Rate Exceeded."


def test_s_010_an_asynchronous_call_without_concurrency_is_accepted(client: Client, stage: Stage) -> None:
    stage.queue(to_queue(FAILURES), "stopped")
    assert client.invoke(FunctionName="stopped", InvocationType="Event")["StatusCode"] == 202
    assert eventually(lambda: len(stage.targets.delivered) == 1)


@pytest.mark.parametrize("kind", ["RequestResponse", "Event"])
def test_a_payload_that_is_not_json_is_refused(client: Client, kind: Kind) -> None:
    with pytest.raises(ClientError) as error:
        client.invoke(FunctionName="orders", InvocationType=kind, Payload=b"{")
    assert code(error) == (400, "InvalidRequestContentException")


@pytest.mark.parametrize(
    ("kind", "size", "expected"),
    [
        ("RequestResponse", 6 * 1024 * 1024, "RequestTooLargeException"),
        ("Event", 1024 * 1024, "RequestEntityTooLargeException"),
        ("Event", 7 * 1024 * 1024, "RequestEntityTooLargeException"),
    ],
)
def test_a_payload_over_the_limit_is_413(client: Client, kind: Kind, size: int, expected: str) -> None:
    with pytest.raises(ClientError) as error:
        client.invoke(FunctionName="orders", InvocationType=kind, Payload=b'"' + b"x" * (size - 1) + b'"')
    assert code(error) == (413, expected)
    if kind == "Event":
        assert f"{size + 1} byte payload is too large for the Event invocation type (limit 1048576 bytes)" in str(
            error.value
        )


def test_s_032_the_client_context_reaches_the_function_in_synchronous_calls_only(client: Client, stage: Stage) -> None:
    stage.queue(to_queue(FAILURES))
    context = base64.b64encode(b'{"custom": {"a": "b"}}').decode()
    client.invoke(FunctionName="orders", ClientContext=context)
    client.invoke(FunctionName="orders", ClientContext=context, InvocationType="Event")
    assert eventually(lambda: len(stage.journal(Settled)) == 1)
    synchronous, asynchronous = stage.runtime.calls
    assert synchronous["client_context"] == b'{"custom": {"a": "b"}}'
    assert asynchronous.get("client_context") is None


def test_s_034_the_seventeenth_call_of_a_chain_is_refused(client: Client, stage: Stage) -> None:
    trace = "Root=1-2-3"
    for _ in range(16):
        _invoke_with(client, trace)
        trace = stage.runtime.calls[-1]["trace_id"]
    with pytest.raises(ClientError) as error:
        _invoke_with(client, trace)
    assert code(error) == (400, "RecursiveInvocationException")


def test_the_functions_can_be_listed_and_described(client: Client) -> None:
    assert [one["FunctionName"] for one in client.list_functions()["Functions"]] == ["orders", "stopped"]
    assert client.get_function(FunctionName="orders")["Configuration"]["FunctionArn"] == ARN + "orders"
    assert client.get_function_configuration(FunctionName="orders")["Timeout"] == 3


def test_what_the_template_decides_cannot_be_changed_and_the_answer_says_so(client: Client) -> None:
    with pytest.raises(ClientError, match="comes from the template"):
        client.delete_function(FunctionName="orders")


def test_nonsense_on_the_wire_is_refused_and_the_server_goes_on(endpoint: str, client: Client) -> None:
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=5)
    connection.connect()
    connection.sock.sendall(b"nonsense\r\n\r\n")
    assert connection.sock.recv(1024).startswith(b"HTTP/1.1 400 ")
    connection.close()
    assert client.invoke(FunctionName="orders")["StatusCode"] == 200


def test_an_engine_that_is_away_is_told_in_a_502(endpoint: str, client: Client) -> None:
    del client
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=5)
    connection.request("GET", "/")
    answer = connection.getresponse()
    assert answer.status == 502
    assert b"engine does not answer" in answer.read()
    connection.close()


def _invoke_with(client: Client, trace: str) -> None:
    def put(request: AWSRequest, **_: object) -> None:
        request.headers["X-Amzn-Trace-Id"] = trace

    client.meta.events.register_first("before-sign.lambda", put, unique_id="trace")
    try:
        client.invoke(FunctionName="orders")
    finally:
        client.meta.events.unregister("before-sign.lambda", put, unique_id="trace")
