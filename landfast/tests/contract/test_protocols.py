"""What the endpoint answers on the wire: other protocols than boto3's, and errors of what is not there."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree as ET

import pytest
from botocore.exceptions import ClientError
from botocore.parsers import RpcV2CBORParser
from botocore.utils import ArgumentGenerator

from tests.contract.aws import ACCOUNT, Aws, refused

pytestmark = pytest.mark.source("AWS General Reference, Common errors; SQS API Reference, Making Query API requests")

ACTION = "FlyToTheMoon"


def _post(aws: Aws, path: str, body: bytes, service: str, **headers: str) -> tuple[int, Mapping[str, str], bytes]:
    """A request as a client of a service signs it, though nobody checks that here."""
    scope = f"AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request"
    signed = f"{scope}, SignedHeaders=host, Signature=0"
    request = urllib.request.Request(  # noqa: S310 - the URL is the endpoint's
        aws.endpoint + path, data=body, headers={"Authorization": signed, **headers}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


def _query(aws: Aws, service: str, path: str = "/", **params: str) -> tuple[int, ET.Element]:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    status, _, body = _post(aws, path, urlencode(params).encode(), service, **form)
    document = ET.fromstring(body)  # noqa: S314 - the endpoint's own answer
    for element in document.iter():
        element.tag = element.tag.rpartition("}")[2]
    return status, document


def _json(aws: Aws, service: str, target: str, body: bytes = b"{}") -> tuple[int, Mapping[str, str], Any]:
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": target}
    status, answered, content = _post(aws, "/", body, service, **headers)
    return status, answered, json.loads(content)


JSON_SERVICES = {
    "sqs": "AmazonSQS",
    "kinesis": "Kinesis_20131202",
    "events": "AWSEvents",
    "dynamodb": "DynamoDB_20120810",
    "dynamodbstreams": "DynamoDBStreams_20120810",
}


@pytest.mark.parametrize("service", JSON_SERVICES)
def test_an_unknown_action_is_named_in_an_error_of_json(aws: Aws, service: str) -> None:
    scope = "dynamodb" if service == "dynamodbstreams" else service
    status, headers, body = _json(aws, scope, f"{JSON_SERVICES[service]}.{ACTION}")
    assert status == 400
    assert "json" in headers["Content-Type"]
    assert body["__type"].rpartition("#")[2] == "UnknownOperationException"
    assert ACTION in body.get("message", body.get("Message", ""))


@pytest.mark.parametrize("service", ["sqs", "sns"])
def test_an_unknown_action_is_named_in_an_error_of_xml(aws: Aws, service: str) -> None:
    status, document = _query(aws, service, Action=ACTION, Version="2012-11-05")
    assert (status, document.tag) == (400, "ErrorResponse")
    assert document.findtext("Error/Code") == "InvalidAction"
    assert document.findtext("Error/Type") == "Sender"
    assert ACTION in (document.findtext("Error/Message") or "")
    assert document.findtext("RequestId")


@pytest.mark.parametrize("body", [b"no JSON", b"[]", b'{"QueueUrl": 5}'], ids=["no JSON", "no object", "a wrong type"])
@pytest.mark.source("AWS JSON protocol: SerializationException")
def test_a_body_that_cannot_be_read_is_refused(aws: Aws, body: bytes) -> None:
    status, _, answer = _json(aws, "sqs", "AmazonSQS.SendMessage", body)
    assert status == 400
    assert answer["__type"].rpartition("#")[2] in {
        "SerializationException",
        "InvalidParameterValue",
        "MissingParameter",
    }


@pytest.mark.source("SQS Developer Guide, AWS JSON protocol FAQ: x-amzn-query-error has the code of the query protocol")
def test_an_error_of_sqs_in_json_has_the_query_protocols_code_too(aws: Aws) -> None:
    body = json.dumps({"QueueUrl": f"{aws.endpoint}/{ACCOUNT}/no-such-queue"}).encode()
    status, headers, answer = _json(aws, "sqs", "AmazonSQS.ReceiveMessage", body)
    assert status == 400
    assert answer["__type"].rpartition("#")[2] == "QueueDoesNotExist"
    assert headers["x-amzn-query-error"] == "AWS.SimpleQueueService.NonExistentQueue;Sender"


def test_sqs_is_spoken_to_by_query_requests(aws: Aws) -> None:
    name = aws.name("query")
    _, created = _query(aws, "sqs", Action="CreateQueue", QueueName=name, **_numbered("Attribute", DelaySeconds="0"))
    url = created.findtext("CreateQueueResult/QueueUrl") or ""
    path = urlsplit(url).path
    attribute = {
        "MessageAttribute.1.Name": "colour",
        "MessageAttribute.1.Value.DataType": "String",
        "MessageAttribute.1.Value.StringValue": "red & <blue>",
    }
    status, sent = _query(aws, "sqs", path, Action="SendMessage", MessageBody="a & <b> ü", **attribute)
    assert (status, sent.tag) == (200, "SendMessageResponse")
    assert sent.findtext("ResponseMetadata/RequestId")
    _, received = _query(
        aws, "sqs", Action="ReceiveMessage", QueueUrl=url, MaxNumberOfMessages="10",
        **{"AttributeName.1": "All", "MessageAttributeName.1": "All"},
    )  # fmt: skip
    [message] = received.findall("ReceiveMessageResult/Message")
    assert message.findtext("Body") == "a & <b> ü"
    assert message.findtext("MessageId") == sent.findtext("SendMessageResult/MessageId")
    assert message.findtext("MD5OfMessageAttributes") == sent.findtext("SendMessageResult/MD5OfMessageAttributes")
    assert message.findtext("MessageAttribute/Name") == "colour"
    assert message.findtext("MessageAttribute/Value/StringValue") == "red & <blue>"
    system = {one.findtext("Name"): one.findtext("Value") for one in message.findall("Attribute")}
    assert system["ApproximateReceiveCount"] == "1"
    handle = message.findtext("ReceiptHandle") or ""
    _, deleted = _query(aws, "sqs", path, Action="DeleteMessage", ReceiptHandle=handle)
    assert deleted.tag == "DeleteMessageResponse"
    _, told = _query(aws, "sqs", path, Action="GetQueueAttributes", **{"AttributeName.1": "All"})
    attributes = {one.findtext("Name"): one.findtext("Value") for one in told.iter("Attribute")}
    assert attributes["ApproximateNumberOfMessages"] == attributes["ApproximateNumberOfMessagesNotVisible"] == "0"


def _numbered(what: str, **pairs: str) -> dict[str, str]:
    return {
        f"{what}.{number}.{part}": text
        for number, pair in enumerate(pairs.items(), start=1)
        for part, text in zip(("Name", "Value"), pair, strict=True)
    }


def test_a_batch_is_sent_by_a_query_request(aws: Aws) -> None:
    queue = aws.queue()
    entries = {
        "SendMessageBatchRequestEntry.1.Id": "a",
        "SendMessageBatchRequestEntry.1.MessageBody": "first",
        "SendMessageBatchRequestEntry.2.Id": "b",
        "SendMessageBatchRequestEntry.2.MessageBody": "second",
        "SendMessageBatchRequestEntry.2.DelaySeconds": "901",
    }
    _, told = _query(aws, "sqs", urlsplit(queue.url).path, Action="SendMessageBatch", **entries)
    [good] = told.findall("SendMessageBatchResult/SendMessageBatchResultEntry")
    [bad] = told.findall("SendMessageBatchResult/BatchResultErrorEntry")
    assert (good.findtext("Id"), bad.findtext("Id"), bad.findtext("SenderFault")) == ("a", "b", "true")
    assert queue.bodies() == ["first"]


def test_an_error_of_a_query_request_is_xml(aws: Aws) -> None:
    status, document = _query(aws, "sqs", Action="GetQueueUrl", QueueName="no-such-queue")
    assert (status, document.tag) == (400, "ErrorResponse")
    assert document.findtext("Error/Code") == "AWS.SimpleQueueService.NonExistentQueue"
    assert document.findtext("Error/Type") == "Sender"
    status, document = _query(aws, "sqs", MessageBody="without an action")
    assert (status, document.findtext("Error/Code")) == (400, "MissingAction")


@pytest.mark.source("AWS Java SDK 2: Kinesis by CBOR 1.1; smithy-lang.github.io, RPC v2 CBOR for the data")
def test_kinesis_is_spoken_to_in_cbor(aws: Aws) -> None:
    stream = aws.stream()

    def ask(operation: str, **params: str | bytes | int) -> Any:
        headers = {"Content-Type": "application/x-amz-cbor-1.1", "X-Amz-Target": f"Kinesis_20131202.{operation}"}
        status, answered, body = _post(aws, "/", _cbor(params), "kinesis", **headers)
        assert "cbor" in answered["Content-Type"]
        return status, _Decoder().read(body)

    status, put = ask("PutRecord", StreamName=stream, Data=b"\x00\xff", PartitionKey="k")
    assert status == 200
    _, start = ask("GetShardIterator", StreamName=stream, ShardId=put["ShardId"], ShardIteratorType="TRIM_HORIZON")
    _, got = ask("GetRecords", ShardIterator=start["ShardIterator"], Limit=10)
    [record] = got["Records"]
    assert (record["Data"], record["PartitionKey"]) == (b"\x00\xff", "k")
    assert record["SequenceNumber"] == put["SequenceNumber"]
    assert abs(record["ApproximateArrivalTimestamp"].timestamp() - time.time()) < 60
    status, error = ask("DescribeStreamSummary", StreamName="no-such-stream")
    assert status == 400
    assert error["__type"].rpartition("#")[2] == "ResourceNotFoundException"


def _cbor(value: Mapping[str, str | bytes | int] | str | bytes | int) -> bytes:
    """The value in CBOR (RFC 8949)."""
    match value:
        case int():
            return _head(0, value)
        case bytes():
            return _head(2, len(value)) + value
        case str():
            return _head(3, len(value.encode())) + value.encode()
    return _head(5, len(value)) + b"".join(_cbor(name) + _cbor(one) for name, one in value.items())


def _head(major: int, length: int) -> bytes:
    return bytes([major << 5 | 25]) + length.to_bytes(2)


class _Decoder(RpcV2CBORParser):
    """Reads CBOR as botocore does, but for times: Kinesis's own dialect has milliseconds."""

    def _parse_datetime(self, value: float) -> datetime:
        return datetime.fromtimestamp(value / 1000, UTC)

    def read(self, body: bytes) -> Any:
        return self.parse_data_item(self.get_peekable_stream_from_bytes(body))


NOT_HERE = [
    ("codebuild", "list_builds"),
    ("elasticache", "describe_cache_clusters"),
    ("batch", "describe_job_queues"),
    ("cloudfront", "list_distributions"),
]


@pytest.mark.parametrize(("service", "operation"), NOT_HERE)
@pytest.mark.source("Landfast's own promise: a service that is not here says so in the shape that its client reads")
def test_a_service_that_is_not_here_is_refused_in_its_clients_protocol(aws: Aws, service: str, operation: str) -> None:
    client = aws.make(service)
    error = refused(getattr(client, operation))
    client.close()
    assert error["Code"].isalpha(), error
    assert error["Message"]


@pytest.mark.parametrize("service", ["dynamodbstreams", "events", "kinesis", "sns", "sqs"])
@pytest.mark.source(
    "Landfast's own promise: every action of a service's model is answered as AWS does, or named as missing"
)
def test_every_action_of_a_service_is_answered_in_its_shape(aws: Aws, service: str) -> None:
    wrong = {name: how for name, how in _sweep(aws, service) if how}
    assert wrong == {}


def _sweep(aws: Aws, service: str) -> Iterator[tuple[str, str]]:
    """Every operation of a service, and what is wrong with the answer to a call that makes no sense."""
    client = aws.make(service, parameter_validation=False, read_timeout=30)
    try:
        for method, operation in sorted(client.meta.method_to_api_mapping.items()):
            model = client.meta.service_model.operation_model(operation)
            shape = model.input_shape
            params = _sendable(ArgumentGenerator().generate_skeleton(shape) if shape else {})
            yield operation, _how_wrong(getattr(client, method), params, operation)
    finally:
        client.close()


def _sendable(skeleton: Any) -> Any:
    """The skeleton without what would not leave the client: bytes that are None, and names of other endpoints."""
    if isinstance(skeleton, dict):
        kept = {name: value for name, value in skeleton.items() if value is not None and name != "EndpointId"}
        return {name: _sendable(value) for name, value in kept.items()}
    return [_sendable(value) for value in skeleton if value is not None] if isinstance(skeleton, list) else skeleton


def _how_wrong(call: Any, params: Any, operation: str) -> str:
    try:
        call(**params)
    except ClientError as error:
        code, message = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if not code or code.isdecimal() or "<html" in message.lower() or code in {"InternalFailure", "InternalError"}:
            return f"{status} {code}: {message[:100]}"
        is_missing = code in {"NotImplementedException", "NotImplemented", "UnknownOperationException", "InvalidAction"}
        return f"{code} does not name it: {message}" if is_missing and operation not in message else ""
    except Exception as error:  # noqa: BLE001 - whatever botocore cannot read is the finding
        return repr(error)[:200]
    return ""
