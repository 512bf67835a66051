"""SQS's query protocol, by the examples of its API reference (API version 2012-11-05)."""

from typing import Any
from urllib.parse import urlencode

import pytest

from landfast import protocols
from landfast.aws_errors import AwsError
from landfast.protocols import Call, Request

HEADERS = {b"content-type": b"application/x-www-form-urlencoded", b"host": b"127.0.0.1:4566"}
URL = "http://127.0.0.1:4566/123456789012/orders"


def read(path: str = "/123456789012/orders", **form: str) -> Call:
    content = urlencode(form).encode()
    return protocols.read(Request("POST", path, HEADERS, content, len(content)), "sqs", "request-1")


EXAMPLES: list[tuple[dict[str, str], dict[str, Any]]] = [
    (
        {
            "Action": "SendMessage",
            "MessageBody": "This is a test message",
            "DelaySeconds": "45",
            "MessageAttribute.1.Name": "my_attribute_name_1",
            "MessageAttribute.1.Value.StringValue": "my_attribute_value_1",
            "MessageAttribute.1.Value.DataType": "String",
            "MessageAttribute.2.Name": "my_attribute_name_2",
            "MessageAttribute.2.Value.BinaryValue": "AAEC/w==",
            "MessageAttribute.2.Value.DataType": "Binary",
            "MessageSystemAttribute.1.Name": "AWSTraceHeader",
            "MessageSystemAttribute.1.Value.StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793",
            "MessageSystemAttribute.1.Value.DataType": "String",
        },
        {
            "MessageBody": "This is a test message",
            "DelaySeconds": 45,
            "MessageAttributes": {
                "my_attribute_name_1": {"StringValue": "my_attribute_value_1", "DataType": "String"},
                "my_attribute_name_2": {"BinaryValue": b"\x00\x01\x02\xff", "DataType": "Binary"},
            },
            "MessageSystemAttributes": {
                "AWSTraceHeader": {"StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793", "DataType": "String"}
            },
        },
    ),
    (
        {
            "Action": "SendMessageBatch",
            "SendMessageBatchRequestEntry.1.Id": "test_msg_001",
            "SendMessageBatchRequestEntry.1.MessageBody": "test message body 1",
            "SendMessageBatchRequestEntry.2.Id": "test_msg_002",
            "SendMessageBatchRequestEntry.2.MessageBody": "test message body 2",
            "SendMessageBatchRequestEntry.2.DelaySeconds": "60",
            "SendMessageBatchRequestEntry.2.MessageAttribute.1.Name": "test_attribute_name_1",
            "SendMessageBatchRequestEntry.2.MessageAttribute.1.Value.StringValue": "test_attribute_value_1",
            "SendMessageBatchRequestEntry.2.MessageAttribute.1.Value.DataType": "String",
        },
        {
            "Entries": [
                {"Id": "test_msg_001", "MessageBody": "test message body 1"},
                {
                    "Id": "test_msg_002",
                    "MessageBody": "test message body 2",
                    "DelaySeconds": 60,
                    "MessageAttributes": {
                        "test_attribute_name_1": {"StringValue": "test_attribute_value_1", "DataType": "String"}
                    },
                },
            ]
        },
    ),
    (
        {
            "Action": "ReceiveMessage",
            "MaxNumberOfMessages": "5",
            "VisibilityTimeout": "15",
            "AttributeName": "All",
            "MessageAttributeName.1": "bar.*",
            "MessageAttributeName.2": "foo",
        },
        {
            "MaxNumberOfMessages": 5,
            "VisibilityTimeout": 15,
            "AttributeNames": ["All"],
            "MessageAttributeNames": ["bar.*", "foo"],
        },
    ),
    (
        {
            "Action": "DeleteMessageBatch",
            "DeleteMessageBatchRequestEntry.1.Id": "msg1",
            "DeleteMessageBatchRequestEntry.1.ReceiptHandle": "gfk0T0R0waama4fVFffkjRQrvzzrhs8T",
            "DeleteMessageBatchRequestEntry.10.Id": "msg3",
            "DeleteMessageBatchRequestEntry.10.ReceiptHandle": "gfk0T0R0waama4fVFffkjKzmhMCymjQv",
            "DeleteMessageBatchRequestEntry.2.Id": "msg2",
            "DeleteMessageBatchRequestEntry.2.ReceiptHandle": "gfk0T0R0waama4fVFffkjKzmhMCymjQw",
        },
        {
            "Entries": [
                {"Id": "msg1", "ReceiptHandle": "gfk0T0R0waama4fVFffkjRQrvzzrhs8T"},
                {"Id": "msg2", "ReceiptHandle": "gfk0T0R0waama4fVFffkjKzmhMCymjQw"},
                {"Id": "msg3", "ReceiptHandle": "gfk0T0R0waama4fVFffkjKzmhMCymjQv"},
            ]
        },
    ),
    (
        {
            "Action": "ChangeMessageVisibilityBatch",
            "ChangeMessageVisibilityBatchRequestEntry.1.Id": "change_visibility_msg_2",
            "ChangeMessageVisibilityBatchRequestEntry.1.ReceiptHandle": "gfk0T0R0waama4fVFffkjKzmhMCymjQvfTFk2LxT33",
            "ChangeMessageVisibilityBatchRequestEntry.1.VisibilityTimeout": "45",
        },
        {
            "Entries": [
                {
                    "Id": "change_visibility_msg_2",
                    "ReceiptHandle": "gfk0T0R0waama4fVFffkjKzmhMCymjQvfTFk2LxT33",
                    "VisibilityTimeout": 45,
                }
            ]
        },
    ),
    (
        {
            "Action": "AddPermission",
            "Label": "MyLabel",
            "AWSAccountId.1": "177715257436",
            "AWSAccountId.2": "111111111111",
            "ActionName.1": "SendMessage",
            "ActionName.2": "ReceiveMessage",
        },
        {
            "Label": "MyLabel",
            "AWSAccountIds": ["177715257436", "111111111111"],
            "Actions": ["SendMessage", "ReceiveMessage"],
        },
    ),
    (
        {"Action": "SetQueueAttributes", "Attribute.1.Name": "VisibilityTimeout", "Attribute.1.Value": "35"},
        {"Attributes": {"VisibilityTimeout": "35"}},
    ),
    (
        {
            "Action": "TagQueue",
            "Tag.1.Key": "QueueType",
            "Tag.1.Value": "Production",
            "Tag.2.Key": "O",
            "Tag.2.Value": "",
        },
        {"Tags": {"QueueType": "Production", "O": ""}},
    ),
    ({"Action": "UntagQueue", "TagKey.1": "QueueType", "TagKey.2": "Owner"}, {"TagKeys": ["QueueType", "Owner"]}),
    ({"Action": "GetQueueAttributes", "AttributeName.1": "QueueArn"}, {"AttributeNames": ["QueueArn"]}),
]


@pytest.mark.parametrize(("form", "params"), EXAMPLES, ids=lambda value: value.get("Action", ""))
def test_requests_to_a_queue_are_read(form: dict[str, str], params: dict[str, Any]) -> None:
    call = read(**form, Version="2012-11-05")
    assert call == Call("sqs", form["Action"], {"QueueUrl": URL, **params}, "query", "request-1")


def test_a_queue_may_be_named_by_a_parameter_as_well() -> None:
    call = read("/", Action="PurgeQueue", QueueUrl="https://sqs.example/123456789012/other")
    assert call.params == {"QueueUrl": "https://sqs.example/123456789012/other"}


def test_a_queue_is_created_with_attributes_and_tags() -> None:
    form = {"Attribute.1.Name": "DelaySeconds", "Attribute.1.Value": "5", "Tag.1.Key": "a", "Tag.1.Value": "b"}
    call = read("/", Action="CreateQueue", QueueName="orders", **form)
    assert call.params == {"QueueName": "orders", "Attributes": {"DelaySeconds": "5"}, "tags": {"a": "b"}}


def test_a_get_may_carry_everything_in_its_query() -> None:
    target = "/123456789012/orders/?Action=SendMessage&MessageBody=a%20b%2Bc&Version=2012-11-05"
    call = protocols.read(Request("GET", target, {b"host": b"127.0.0.1:4566"}, b"", 0), "sqs", "request-1")
    assert call.params == {"QueueUrl": URL, "MessageBody": "a b+c"}


def test_a_receipt_is_written_as_the_reference_shows_it() -> None:
    message = {
        "MessageId": "5fea7756-0ea4-451a-a703-a558b933e274",
        "ReceiptHandle": "MbZj6wDWli+JvwwJaBV+3dcjk2YW2vA3",
        "MD5OfBody": "fafb00f5732ab283681e124bf8747ed1",
        "Body": "a < b\r\n& c",
        "Attributes": {"SentTimestamp": "1238099229000", "ApproximateReceiveCount": "5"},
        "MessageAttributes": {"kind": {"DataType": "Binary", "BinaryValue": b"\x00\x01"}},
    }
    response = protocols.written(Call("sqs", "ReceiveMessage", {}, "query", "request-1"), {"Messages": [message]})
    assert response.headers == {"x-amzn-RequestId": "request-1", "Content-Type": "text/xml"}
    assert response.content.decode() == (
        '<?xml version="1.0"?><ReceiveMessageResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/">'
        "<ReceiveMessageResult><Message><MessageId>5fea7756-0ea4-451a-a703-a558b933e274</MessageId>"
        "<ReceiptHandle>MbZj6wDWli+JvwwJaBV+3dcjk2YW2vA3</ReceiptHandle>"
        "<MD5OfBody>fafb00f5732ab283681e124bf8747ed1</MD5OfBody><Body>a &lt; b&#xD;\n&amp; c</Body>"
        "<Attribute><Name>SentTimestamp</Name><Value>1238099229000</Value></Attribute>"
        "<Attribute><Name>ApproximateReceiveCount</Name><Value>5</Value></Attribute>"
        "<MessageAttribute><Name>kind</Name><Value><DataType>Binary</DataType><BinaryValue>AAE=</BinaryValue></Value>"
        "</MessageAttribute></Message></ReceiveMessageResult>"
        "<ResponseMetadata><RequestId>request-1</RequestId></ResponseMetadata></ReceiveMessageResponse>"
    )


def test_what_has_no_result_is_answered_with_the_request_id_alone() -> None:
    response = protocols.written(Call("sqs", "DeleteMessage", {}, "query", "request-1"), {})
    assert response.content.decode() == (
        '<?xml version="1.0"?><DeleteMessageResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/">'
        "<ResponseMetadata><RequestId>request-1</RequestId></ResponseMetadata></DeleteMessageResponse>"
    )


def test_errors_have_the_older_names_statuses_and_texts() -> None:
    call = Call("sqs", "SendMessage", {}, "query")
    missing = AwsError("QueueDoesNotExist", "The specified queue does not exist.")
    response = protocols.refused(call, missing, "request-1")
    assert response.status == 400
    assert response.content.decode() == (
        '<?xml version="1.0"?><ErrorResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><Error>'
        "<Type>Sender</Type><Code>AWS.SimpleQueueService.NonExistentQueue</Code><Message>The specified queue does not "
        "exist for this wsdl version.</Message><Detail/></Error><RequestId>request-1</RequestId></ErrorResponse>"
    )
    assert protocols.refused(call, AwsError("PurgeQueueInProgress", "Wait."), "request-1").status == 403


@pytest.mark.parametrize("number", ["soon", "", " 5", "1_0", "\N{ARABIC-INDIC DIGIT FIVE}", "1.5", "2147483648"])
def test_a_number_that_is_none_is_malformed_input(number: str) -> None:
    with pytest.raises(AwsError, match="STRING_VALUE can not be converted to an Integer") as caught:
        read(Action="SendMessage", MessageBody="a", DelaySeconds=number)
    content = protocols.refused(Call("sqs", "SendMessage", {}, "query"), caught.value, "request-1").content
    assert b"<Code>MalformedInput</Code>" in content
