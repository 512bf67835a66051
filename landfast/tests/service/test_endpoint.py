"""The Invoke endpoint, asked by boto3 and by hand."""

from __future__ import annotations

import base64
import functools
import http.client
import json
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session

from landfast.journal import Settled
from landfast.runtime.model import REQUEST_LIMIT, Throttled
from landfast.service.endpoint import Endpoint, is_invocation
from landfast.service.proxy import Proxy
from tests.service.conftest import ARN, FAILURES, Stage, errored, eventually, to_queue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.awsrequest import AWSRequest
    from mypy_boto3_lambda import LambdaClient as Client
    from mypy_boto3_lambda.literals import InvocationTypeType as Kind

    from landfast.service.functions import Target


@pytest.fixture
def endpoint(stage: Stage) -> Iterator[str]:
    def accept(target: Target, payload: bytes, request_id: str, trace: str, replay: str) -> None:
        assert not replay
        stage.accept(target.spec.name, payload, request_id=request_id, origin="invoke", trace=trace)

    answer = Endpoint(stage.functions, accept).answer
    with Proxy("http://127.0.0.1:9", ours=is_invocation, answer=answer, limit=REQUEST_LIMIT) as proxy:
        yield proxy.url


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


NOT_JSON = {
    "half an object": b"{",
    "NaN": b'{"a": NaN}',
    "Infinity": b"Infinity",
    "minus Infinity": b"[-Infinity]",
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "UTF-16 without a mark": '{"a": 1}'.encode("utf-16-le"),
    "UTF-32": '{"a": 1}'.encode("utf-32"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "a hundred thousand arrays": b"[" * 100_000,
    "a hundred thousand closed arrays": b"[" * 100_000 + b"]" * 100_000,
    "a hundred thousand objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "an integer of 5,000 digits": b"9" * 5000,
    "a negative integer of 5,000 digits": b"[-" + b"9" * 5000 + b"]",
    "a number beyond a double": b"1e400",
    "a surrogate in UTF-8": b'"\xed\xa0\x80"',
    "Latin-1": b'"\xe9"',
    "an overlong slash": b'"\xc0\xaf"',
    "single quotes": b"'a'",
    "a comma too many": b"[1,]",
    "a comment": b"{} // a",
    "two values": b"{}{}",
    "a leading zero": b"01",
    "a plus": b"+1",
    "a point alone": b"1.",
    "a tab in a string": b'"\t"',
    "a NUL": b"\x00",
    "a NUL behind": b"{}\x00",
    "another space": b"\xc2\xa0{}",
    "a form": b"a=1&b=2",
}


@pytest.mark.parametrize("payload", NOT_JSON.values(), ids=NOT_JSON)
@pytest.mark.parametrize("path", ["invocations", "invocations Event", "invoke-async"])
def test_a_payload_that_is_not_json_is_refused_whoever_takes_it(
    endpoint: str, stage: Stage, capfd: pytest.CaptureFixture[str], path: str, payload: bytes
) -> None:
    stage.queue(to_queue(FAILURES))
    version = "2014-11-13" if path == "invoke-async" else "2015-03-31"
    operation, _, kind = path.partition(" ")
    headers = {"X-Amz-Invocation-Type": kind or "RequestResponse"}
    status, answered, content = asked(endpoint, f"/{version}/functions/orders/{operation}", payload, headers)
    assert (status, answered["x-amzn-ErrorType"]) == (400, "InvalidRequestContentException")
    assert answered["Content-Type"] == "application/json"
    assert answered["x-amzn-RequestId"]
    assert json.loads(content)["message"].startswith("Could not parse request body into json: ")
    assert stage.runtime.calls == []
    assert stage.journal() == []
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("context", NOT_JSON.values(), ids=NOT_JSON)
def test_a_client_context_that_is_not_json_is_refused(endpoint: str, stage: Stage, context: bytes) -> None:
    encoded = base64.b64encode(context[:9000]).decode()
    status, answered, _ = asked(endpoint, INVOKE, b"{}", {"X-Amz-Client-Context": encoded})
    assert (status, answered["x-amzn-ErrorType"]) == (400, "InvalidRequestContentException")
    assert stage.runtime.calls == []


def test_what_json_allows_reaches_the_function_as_it_was_sent(endpoint: str, stage: Stage) -> None:
    for payload in (
        b" [1.0e5, -0] ",
        b'{"a":1,"a":2}',
        b'"\\ud83d\\ude00"',
        b'"\\ud800"',
        b'{"\\udc00": "\\udc00\\ud800"}',
        b"[" * 500 + b"]" * 500,
        b"9" * 4000,
        b"null",
    ):
        assert asked(endpoint, INVOKE, payload)[0] == 200
        assert stage.runtime.calls[-1]["payload"] == payload


def test_a_call_by_another_method_is_told_which_one_there_is(endpoint: str) -> None:
    status, answered, content = asked(endpoint, INVOKE, b"", {}, "GET")
    assert (status, answered["x-amzn-ErrorType"]) == (405, "MethodNotAllowedException")
    assert "POST" in json.loads(content)["message"]


def test_a_response_is_streamed_as_one_chunk_and_its_end(client: Client, stage: Stage) -> None:
    streamed = client.invoke_with_response_stream(FunctionName="orders", Payload=b'{"a": 1}', LogType="Tail")
    assert streamed["ExecutedVersion"] == "$LATEST"
    chunk, end = streamed["EventStream"]
    assert json.loads(chunk["PayloadChunk"]["Payload"]) == {"a": 1}
    assert base64.b64decode(end["InvokeComplete"]["LogResult"]) == b"a line of log"
    stage.runtime.handler = lambda _: errored("no stock")
    [end] = client.invoke_with_response_stream(FunctionName="orders")["EventStream"]
    assert end["InvokeComplete"]["ErrorCode"] == "Unhandled"
    assert json.loads(end["InvokeComplete"]["ErrorDetails"])["errorMessage"] == "no stock"


def test_what_fails_is_a_500_with_an_id_and_the_reason_stays_in_the_log(
    endpoint: str, stage: Stage, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(_: object) -> NoReturn:
        raise OSError("no space left on the device")

    stage.runtime.handler = fail
    status, answered, content = asked(endpoint, INVOKE, b"{}")
    assert (status, answered["x-amzn-ErrorType"]) == (500, "ServiceException")
    assert answered["x-amzn-RequestId"] in json.loads(content)["message"]
    assert answered["x-amzn-RequestId"] in caplog.text
    assert "no space left" in caplog.text
    assert b"no space" not in content
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("kind", "size", "expected"),
    [
        ("RequestResponse", 6 * 1024 * 1024, "RequestTooLargeException"),
        ("Event", 1024 * 1024, "RequestEntityTooLargeException"),
        ("Event", 7 * 1024 * 1024, "RequestEntityTooLargeException"),
    ],
)
def test_a_payload_over_the_limit_is_413(client: Client, stage: Stage, kind: Kind, size: int, expected: str) -> None:
    stage.queue(to_queue(FAILURES))
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


def test_nonsense_on_the_wire_is_refused_and_the_server_goes_on(endpoint: str, client: Client) -> None:
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=30)
    connection.connect()
    connection.sock.sendall(b"nonsense\r\n\r\n")
    assert connection.sock.recv(1024).startswith(b"HTTP/1.1 400 ")
    connection.close()
    assert client.invoke(FunctionName="orders")["StatusCode"] == 200


def test_an_engine_that_is_away_is_told_in_a_502(endpoint: str, client: Client) -> None:
    del client
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=30)
    connection.request("GET", "/")
    answer = connection.getresponse()
    assert answer.status == 502
    assert b"engine does not answer" in answer.read()
    connection.close()


INVOKE = "/2015-03-31/functions/orders/invocations"


def asked(
    endpoint: str, path: str, body: bytes, headers: dict[str, str] | None = None, method: str = "POST"
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=10)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        answered = connection.getresponse()
        return answered.status, answered.headers, answered.read()
    finally:
        connection.close()


def _invoke_with(client: Client, trace: str) -> None:
    def put(request: AWSRequest, **_: object) -> None:
        request.headers["X-Amzn-Trace-Id"] = trace

    client.meta.events.register_first("before-sign.lambda", put, unique_id="trace")
    try:
        client.invoke(FunctionName="orders")
    finally:
        client.meta.events.unregister("before-sign.lambda", put, unique_id="trace")
