from landfast.delivery.sqs_events import event_record, queue_message
from landfast.delivery.strict_json import json_size

ARN = "arn:aws:sqs:eu-west-1:111122223333:q"
ATTRIBUTES = {
    "ApproximateReceiveCount": "3",
    "SentTimestamp": "1767323039123",
    "SenderId": "AIDACKCEVSQ6C2EXAMPLE",
    "ApproximateFirstReceiveTimestamp": "1767323039456",
}
MESSAGE = {
    "MessageId": "m1",
    "ReceiptHandle": "handle",
    "MD5OfBody": "900150983cd24fb0d6963f7d28e17f72",
    "Body": "abc",
    "Attributes": ATTRIBUTES,
}
WITH_ATTRIBUTES = MESSAGE | {
    "MD5OfMessageAttributes": "d41d8cd98f00b204e9800998ecf8427e",
    "MessageAttributes": {
        "kind": {"StringValue": "order", "DataType": "String"},
        "raw": {"BinaryValue": b"\x00\xff", "DataType": "Binary"},
    },
}


def test_s_105_the_record_of_a_message() -> None:
    assert event_record(MESSAGE, queue_arn=ARN) == {
        "messageId": "m1",
        "receiptHandle": "handle",
        "body": "abc",
        "attributes": ATTRIBUTES,
        "messageAttributes": {},
        "md5OfBody": "900150983cd24fb0d6963f7d28e17f72",
        "eventSource": "aws:sqs",
        "eventSourceARN": ARN,
        "awsRegion": "eu-west-1",
    }


def test_s_105_message_attributes_have_their_lists_and_binary_values_are_base64() -> None:
    assert event_record(WITH_ATTRIBUTES, queue_arn=ARN)["messageAttributes"] == {
        "kind": {"stringValue": "order", "stringListValues": [], "binaryListValues": [], "dataType": "String"},
        "raw": {"binaryValue": "AP8=", "stringListValues": [], "binaryListValues": [], "dataType": "Binary"},
    }


def test_s_105_a_fifo_message_has_its_group() -> None:
    fifo = MESSAGE | {"Attributes": ATTRIBUTES | {"MessageGroupId": "A", "SequenceNumber": "1"}}
    message = queue_message(fifo, queue_arn=f"{ARN}.fifo", received_at=7.0)
    assert (message.id, message.group, message.receive_count, message.received_at) == ("m1", "A", 3, 7.0)
    assert message.event["attributes"]["MessageGroupId"] == "A"
    assert queue_message(fifo, queue_arn=ARN, received_at=7.0).group is None


def test_s_106_the_attributes_digest_is_absent_null_or_there() -> None:
    name = "md5OfMessageAttributes"
    assert name not in event_record(MESSAGE, queue_arn=ARN)
    assert event_record(MESSAGE, queue_arn=ARN, has_window=True)[name] is None
    assert event_record(WITH_ATTRIBUTES, queue_arn=ARN, has_window=True)[name] == "d41d8cd98f00b204e9800998ecf8427e"
    assert event_record(WITH_ATTRIBUTES, queue_arn=ARN)[name] == "d41d8cd98f00b204e9800998ecf8427e"


def test_s_089_the_size_is_the_records_json_in_bytes() -> None:
    assert json_size({"body": "é", "n": 1}) == len('{"body":"é","n":1}'.encode())
    assert json_size({"body": "\ud800"}) > 0
