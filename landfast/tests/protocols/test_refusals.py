"""What services answer to parameters that their models do not allow."""

import json
from typing import Any

import msgspec
import pytest

from landfast import protocols
from landfast.aws_errors import AwsError
from landfast.protocols import Call, Request
from tests.protocols.clients import service_model

STREAM = "arn:aws:kinesis:us-east-1:123456789012:stream/orders"


def call(service: str, operation: str, document: Any) -> Call:
    return raw(service, operation, msgspec.json.encode(document))


def raw(service: str, operation: str, content: bytes) -> Call:
    headers = {b"x-amz-target": f"{service_model(service).metadata['targetPrefix']}.{operation}".encode()}
    return protocols.read(Request("POST", "/", headers, content, len(content)), service, "request-1")


def refusal(service: str, operation: str, document: Any) -> tuple[str, str]:
    with pytest.raises(AwsError) as caught:
        call(service, operation, document)
    return caught.value.code, caught.value.message


def told(message: str) -> tuple[str, str]:
    return "ValidationException", message


def test_members_that_the_model_has_not_and_null_are_ignored() -> None:
    document = {"StreamName": "orders", "Unheard": [1], "StreamARN": None}
    assert call("kinesis", "DescribeStream", document).params == {"StreamName": "orders"}


def test_what_must_be_there_and_is_not() -> None:
    assert refusal("kinesis", "PutRecord", {"StreamName": "orders", "PartitionKey": "a"}) == told(
        "1 validation error detected: Value null at 'data' failed to satisfy constraint: Member must not be null"
    )
    assert refusal("events", "PutTargets", {"Rule": "orders", "Targets": [{"Id": "a", "Arn": STREAM}, {}]}) == told(
        "2 validation errors detected: Value null at 'targets.2.member.id' failed to satisfy constraint: Member must "
        "not be null; Value null at 'targets.2.member.arn' failed to satisfy constraint: Member must not be null"
    )


LENGTHS = "[Member must have length less than or equal to 128, Member must have length greater than or equal to 1]"


@pytest.mark.parametrize(
    ("service", "operation", "document", "where", "constraint"),
    [
        (
            "kinesis",
            "GetRecords",
            {"ShardIterator": "a", "Limit": 0},
            "'0' at 'limit'",
            "Member must have value greater than or equal to 1",
        ),
        (
            "kinesis",
            "GetRecords",
            {"ShardIterator": "a", "Limit": 99_999_999_999},
            "'2147483647' at 'limit'",
            "Member must have value less than or equal to 10000",
        ),
        (
            "kinesis",
            "DescribeStream",
            {"StreamName": "a b"},
            "'a b' at 'streamName'",
            "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
        ),
        (
            "kinesis",
            "StartStreamEncryption",
            {"EncryptionType": "ROT13", "KeyId": "a"},
            "'ROT13' at 'encryptionType'",
            "Member must satisfy enum value set: [NONE, KMS]",
        ),
        (
            "kinesis",
            "TagResource",
            {"ResourceARN": STREAM, "Tags": {"a" * 129: "b"}},
            f"'{{{'a' * 129}=b}}' at 'tags'",
            f"Map keys must satisfy constraint: {LENGTHS}",
        ),
        (
            "kinesis",
            "TagResource",
            {"ResourceARN": STREAM, "Tags": {"a": None}},
            "'{a=null}' at 'tags'",
            "Map value must satisfy constraint: [Member must not be null]",
        ),
        (
            "kinesis",
            "UntagResource",
            {"ResourceARN": STREAM, "TagKeys": ["a", ""]},
            "'[a, ]' at 'tagKeys'",
            f"Member must satisfy constraint: {LENGTHS}",
        ),
        (
            "kinesis",
            "PutRecords",
            {"StreamName": "orders", "Records": []},
            "'[]' at 'records'",
            "Member must have length greater than or equal to 1",
        ),
        (
            "events",
            "PutEvents",
            {"Entries": []},
            "'[]' at 'entries'",
            "Member must have length greater than or equal to 1",
        ),
        (
            "events",
            "PutTargets",
            {"Rule": "orders", "Targets": [{"Id": "a b", "Arn": STREAM}]},
            "'a b' at 'targets.1.member.id'",
            r"Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+",
        ),
        (
            "dynamodbstreams",
            "ListStreams",
            {"TableName": "x"},
            "'x' at 'tableName'",
            "Member must have length greater than or equal to 3",
        ),
    ],
)
def test_constraints_are_told_in_aws_s_words(
    service: str, operation: str, document: Any, where: str, constraint: str
) -> None:
    message = f"1 validation error detected: Value {where} failed to satisfy constraint: {constraint}"
    assert refusal(service, operation, document) == told(message)


def test_a_secret_is_not_told() -> None:
    basic = {"Username": "a\n", "Password": "secret\n"}
    document = {"Name": "a", "AuthorizationType": "BASIC", "AuthParameters": {"BasicAuthParameters": basic}}
    _, message = refusal("events", "CreateConnection", document)
    assert "Value at 'authParameters.basicAuthParameters.password' failed" in message
    assert "secret" not in message


def test_long_values_are_cut() -> None:
    _, message = refusal("kinesis", "DescribeStream", {"StreamName": "!" * 100_000})
    assert len(message) < 3_000


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"StreamName": 1}, "NUMBER_VALUE can not be converted to a String"),
        ({"StreamName": 1.5}, "NUMBER_VALUE can not be converted to a String"),
        ({"StreamName": True}, "TRUE_VALUE can not be converted to a String"),
        ({"StreamName": ["a"]}, "Start of list found where not expected"),
        ({"StreamName": {"a": "b"}}, "Start of structure or map found where not expected."),
        ({"MaxResults": "5"}, "STRING_VALUE can not be converted to an Integer"),
        ({"MaxResults": False}, "FALSE_VALUE can not be converted to an Integer"),
        ({"ShardFilter": "a"}, "Expected null"),
        ({"ShardFilter": {"Type": "AT_TIMESTAMP", "Timestamp": "now"}}, "STRING_VALUE can not be converted to a Date"),
        ([], "Start of list found where not expected"),
        ("a", "Expected null"),
        (None, "The body is null."),
    ],
)
def test_values_of_other_types_are_told_before_constraints(document: Any, message: str) -> None:
    assert refusal("kinesis", "ListShards", document) == ("SerializationException", message)


def test_lists_maps_and_blobs_of_other_types() -> None:
    assert refusal("kinesis", "PutRecords", {"Records": "a"})[1] == "Expected list or null"
    assert refusal("kinesis", "TagResource", {"Tags": "a"})[1] == "Expected null"
    assert refusal("kinesis", "PutRecord", {"Data": "!"})[1] == "The value of a blob is not valid base64."
    assert refusal("kinesis", "PutRecord", {"Data": 1})[1] == "NUMBER_VALUE can not be converted to a Blob"


def test_of_a_fraction_the_whole_part_counts() -> None:
    assert call("kinesis", "GetRecords", {"ShardIterator": "a", "Limit": 7.9}).params["Limit"] == 7


@pytest.mark.parametrize(
    ("sent", "read"), [(10**400, 2**31 - 1), (1e308, 2**31 - 1), (2**31, 2**31 - 1), (2**31 - 1, 2**31 - 1)], ids=str
)
def test_of_a_number_beyond_its_type_the_last_within_counts(sent: float, read: int) -> None:
    document = {"StreamARN": STREAM, "StreamModeDetails": {"StreamMode": "ON_DEMAND"}, "WarmThroughputMiBps": sent}
    content = json.dumps(document).encode()
    assert raw("kinesis", "UpdateStreamMode", content).params["WarmThroughputMiBps"] == read


def test_a_moment_beyond_all_clocks_is_none() -> None:
    document = {"StreamName": "orders", "StreamCreationTimestamp": 10**400}
    with pytest.raises(AwsError, match="NUMBER_VALUE can not be converted to a Date"):
        raw("kinesis", "ListShards", json.dumps(document).encode())


@pytest.mark.parametrize("content", [b"", b"{", b'{"a":1,}', b"\xff", b'"\\ud800"', b"[" * 100_000])
def test_a_malformed_body_is_refused(content: bytes) -> None:
    with pytest.raises(AwsError, match="SerializationException"):
        raw("kinesis", "ListStreams", content)


def test_a_body_that_was_too_long_to_read_is_refused() -> None:
    request = Request("POST", "/", {b"x-amz-target": b"AmazonSQS.SendMessage"}, None, 99_000_000)
    with pytest.raises(AwsError) as caught:
        protocols.read(request, "sqs", "request-1")
    assert caught.value.status == 413


@pytest.mark.parametrize(
    ("operation", "document", "code", "message"),
    [
        ("SendMessage", {"MessageBody": "a"}, "QueueDoesNotExist", "The specified queue does not exist."),
        ("SendMessage", {"QueueUrl": "a"}, "MissingParameter", "The request must contain the parameter MessageBody."),
        (
            "GetQueueUrl",
            {},
            "InvalidParameterValue",
            "Value for parameter QueueName is invalid. Reason: Must specify a queue name.",
        ),
        (
            "SendMessageBatch",
            {"QueueUrl": "a"},
            "EmptyBatchRequest",
            "There should be at least one SendMessageBatchRequestEntry in the request.",
        ),
        (
            "SendMessageBatch",
            {"QueueUrl": "a", "Entries": [{"Id": "1", "MessageBody": "a"}, {"MessageBody": "b"}]},
            "MissingParameter",
            "The request must contain the parameter SendMessageBatchRequestEntry.2.Id.",
        ),
        (
            "SendMessage",
            {"QueueUrl": "a", "MessageBody": "b", "MessageAttributes": {"x.y": {"StringValue": "z"}}},
            "InvalidParameterValue",
            "The message attribute 'x.y' must contain non-empty message attribute type.",
        ),
        (
            "SetQueueAttributes",
            {"QueueUrl": "a", "Attributes": {"Colour": "red"}},
            "InvalidAttributeName",
            "Unknown Attribute Colour.",
        ),
        (
            "GetQueueAttributes",
            {"QueueUrl": "a", "AttributeNames": ["QueueArn", "Colour"]},
            "InvalidAttributeName",
            "Unknown Attribute Colour.",
        ),
    ],
)
def test_sqs_has_errors_of_its_own(operation: str, document: Any, code: str, message: str) -> None:
    assert refusal("sqs", operation, document) == (code, message)


def test_sqs_refuses_null_in_a_list() -> None:
    code, message = refusal("sqs", "UntagQueue", {"QueueUrl": "a", "TagKeys": [None]})
    assert code == "InvalidParameterValue"
    assert message.startswith("Value '[null]' at 'tagKeys'")


def test_sns_tells_a_validation_error() -> None:
    form = b"Action=Publish&Version=2010-03-31&TopicArn=a"
    request = Request("POST", "/", {b"content-type": b"application/x-www-form-urlencoded"}, form, len(form))
    with pytest.raises(AwsError) as caught:
        protocols.read(request, "sns", "request-1")
    assert (caught.value.code, caught.value.message) == (
        "ValidationError",
        "1 validation error detected: Value null at 'message' failed to satisfy constraint: Member must not be null",
    )


def test_a_form_that_is_none_is_refused() -> None:
    for form in (b"Action=Publish&Message=%ff", b"Action=Publish&Message=\xff"):
        request = Request("POST", "/", {b"content-type": b"application/x-www-form-urlencoded"}, form, len(form))
        with pytest.raises(AwsError, match="MalformedQueryString"):
            protocols.read(request, "sns", "request-1")


def test_names_in_a_form_that_lead_nowhere_are_ignored() -> None:
    form = b"Action=Publish&Message=a&TopicArn.x=b&..=c&TopicArn..=d&MessageAttributes.entry=e&Message.f=g"
    request = Request("POST", "/", {b"content-type": b"application/x-www-form-urlencoded"}, form, len(form))
    call = protocols.read(request, "sns", "request-1")
    assert call.params == {"Message": "a", "TopicArn": "", "MessageAttributes": {}}
