import pytest

from backoffice.batches import EventType
from backoffice.records import identity_of, in_order, order_key_of
from tests.unit.backoffice.events import dynamodb_event, fifo_event, kinesis_event, sqs_event


def test_s_070_s_097_a_stream_record_is_known_by_its_sequence_number_and_a_message_by_its_id() -> None:
    assert identity_of(kinesis_event([("k", 1)])["Records"][0], EventType.KinesisDataStreams) == "1000"
    assert identity_of(dynamodb_event([{"id": {"S": "a"}}])["Records"][0], EventType.DynamoDBStreams) == "1000"
    assert identity_of(sqs_event([(None, 1)])["Records"][0], EventType.SQS) == "m0"


@pytest.mark.parametrize(
    ("records", "source", "lanes"),
    [
        (kinesis_event([("a", 1), ("b", 1), ("a", 1)]), EventType.KinesisDataStreams, [[0, 2], [1]]),
        (dynamodb_event([{"id": {"S": "1"}}, {"id": {"N": "1"}}]), EventType.DynamoDBStreams, [[0], [1]]),
        (fifo_event([("b", 1), ("a", 1), ("b", 1)]), EventType.SQS, [[0, 2], [1]]),
        (sqs_event([(None, 1), (None, 1)]), EventType.SQS, [[0], [1]]),
        (sqs_event([("tenant", 1), ("tenant", 1)]), EventType.SQS, [[0], [1]]),
    ],
)
def test_what_keeps_an_order_is_the_partition_key_the_item_or_the_group(
    records: dict[str, list[dict[str, object]]], source: EventType, lanes: list[list[int]]
) -> None:
    assert in_order(records["Records"], source) == lanes


def test_the_order_of_key_attributes_does_not_make_another_item() -> None:
    one, same = dynamodb_event([{"a": {"S": "1"}, "b": {"S": "2"}}, {"b": {"S": "2"}, "a": {"S": "1"}}])["Records"]

    assert order_key_of(one, EventType.DynamoDBStreams) == order_key_of(same, EventType.DynamoDBStreams)
