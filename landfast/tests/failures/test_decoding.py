"""What lies in a store is understood, whatever wrote it."""

import json
from typing import Any

import pytest

from landfast.failures.decoding import Routes, decode
from landfast.failures.model import Failure, Invoke, Kept, Nowhere, Origin, Position, Put, Records, Role, Send, Store

FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:shop-Import-X"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:work"
STREAM = "arn:aws:kinesis:eu-west-1:123456789012:stream/scans"
SUBSCRIPTION = "arn:aws:sns:eu-west-1:123456789012:told:5e0d"
OTHER = "arn:aws:lambda:eu-west-1:123456789012:function:shop-Other-X"
ROUTES = Routes(
    readers={QUEUE: (f"{FUNCTION}:live",), STREAM: (f"{OTHER}:live", f"{FUNCTION}:live")},
    functions={"shop-Import-X": "Import", "shop-Other-X": "Other"},
)
RECORD: dict[str, Any] = {
    "version": "1.0",
    "timestamp": "2026-06-01T10:00:00.000Z",
    "requestContext": {
        "requestId": "r-1",
        "functionArn": f"{FUNCTION}:live",
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 3,
    },
    "requestPayload": {"order": 7},
    "responseContext": {"statusCode": 200, "executedVersion": "4", "functionError": "Unhandled"},
    "responsePayload": {
        "errorMessage": "no such order",
        "errorType": "OrderError",
        "stackTrace": ["  one\n", "  two\n"],
    },
}
OF_STREAM: dict[str, Any] = {
    "requestContext": {
        "requestId": "r-2",
        "functionArn": FUNCTION,
        "condition": "RecordAgeExceeded",
        "approximateInvokeCount": 2,
    },
    "version": "1.0",
    "timestamp": "2026-06-01T10:00:00.000Z",
    "KinesisBatchInfo": {
        "shardId": "shardId-000000000000",
        "startSequenceNumber": "10",
        "endSequenceNumber": "12",
        "approximateArrivalOfFirstRecord": "2026-06-01T09:00:00.000Z",
        "approximateArrivalOfLastRecord": "2026-06-01T09:01:00.000Z",
        "batchSize": 3,
        "streamArn": STREAM,
    },
}


def store(*roles: Role, source: str = "", function: str = f"{FUNCTION}:live") -> Store:
    origins = tuple(Origin(role=role, function=function, source=source) for role in roles)
    arn = "arn:aws:sqs:eu-west-1:123456789012:failed"
    return Store(name="Failed", kind="queue", arn=arn, location="url/failed", retention=60.0, origins=origins)


def kept(body: object, system: dict[str, str] | None = None, /, **attributes: str) -> Kept:
    return Kept(
        key="m-1",
        body=body if isinstance(body, str) else json.dumps(body),
        at=1_000.0,
        attributes={name: {"DataType": "String", "StringValue": text} for name, text in attributes.items()},
        system=system or {},
    )


def read(of: Store, what: Kept) -> Failure:
    return decode(of, what, ROUTES)


@pytest.mark.parametrize(
    "body",
    [
        RECORD,
        {"Type": "Notification", "MessageId": "n", "TopicArn": "arn:aws:sns:x", "Message": json.dumps(RECORD)},
        {"source": "lambda", "detail-type": "Lambda Function Invocation Result - Failure", "detail": RECORD},
    ],
    ids=["by a queue", "by a topic", "by a bus"],
)
def test_s_013_an_asynchronous_record_is_the_same_however_it_came(body: object) -> None:
    failure = read(store("asynchronous"), kept(body))
    assert (failure.function, failure.reason, failure.attempts, failure.request_id) == (
        "Import", "RetriesExhausted", 3, "r-1",
    )  # fmt: skip
    assert (failure.error.type, failure.error.message, failure.error.trace) == (
        "OrderError", "no such order", ("  one", "  two"),
    )  # fmt: skip
    assert failure.event == {"order": 7}
    assert failure.way == Invoke(function=f"{FUNCTION}:live", payload='{"order":7}')
    assert failure.expires == 1_060.0
    assert "S-04" in failure.rule


def test_s_010_a_record_without_an_answer_has_no_error() -> None:
    bare = {key: value for key, value in RECORD.items() if not key.startswith("response")}
    bare["requestContext"] = {**bare["requestContext"], "condition": "ZeroReservedConcurrency"}
    failure = read(store("asynchronous"), kept(bare))
    assert failure.error.type == failure.error.message == ""
    assert "S-10" in failure.rule


def test_s_024_a_dead_letter_goes_back_to_its_function_as_it_was() -> None:
    letter = kept('{"order":  7}', RequestID="r-3", ErrorCode="200", ErrorMessage="no such order")
    failure = read(store("function dead letter"), letter)
    assert (failure.what, failure.request_id, failure.error.message) == (
        "dead letter of a function", "r-3", "no such order",
    )  # fmt: skip
    assert failure.way == Invoke(function=f"{FUNCTION}:live", payload='{"order":  7}')


def test_s_024_a_dead_letter_that_came_by_a_topic_has_its_reasons_in_the_envelope() -> None:
    attributes = {"RequestID": {"Type": "String", "Value": "r-4"}, "ErrorMessage": {"Type": "String", "Value": "none"}}
    body = {"Type": "Notification", "TopicArn": "arn:t", "Message": '{"order":  7}', "MessageAttributes": attributes}
    failure = read(store("function dead letter"), kept(body))
    assert (failure.request_id, failure.error.message, failure.event) == ("r-4", "none", {"order": 7})
    assert failure.way == Invoke(function=f"{FUNCTION}:live", payload='{"order":  7}')


def test_a_dead_letter_that_two_functions_could_have_left_goes_nowhere_by_itself() -> None:
    both = Store(
        name="Failed",
        kind="queue",
        arn="a:b:c",
        location="l",
        origins=tuple(Origin(role="function dead letter", function=f"{FUNCTION}{each}") for each in "12"),
    )
    assert isinstance(read(both, kept({})).way, Nowhere)


def test_s_095_a_message_goes_back_to_its_queue_with_its_group_and_without_the_reasons() -> None:
    system = {"DeadLetterQueueSourceArn": QUEUE, "MessageGroupId": "g", "ApproximateReceiveCount": "5"}
    failure = read(store("queue dead letter", source=QUEUE), kept("{}", system, kind="order", ErrorCode="Malformed"))
    attributes = {"kind": {"DataType": "String", "StringValue": "order"}}
    assert failure.way == Send(queue=QUEUE, body="{}", attributes=attributes, group="g")
    assert (failure.function, failure.reason, failure.attempts) == ("Import", "Malformed", None)
    origin = Origin(role="queue dead letter", source=QUEUE, tries=4)
    of_queue = Store(name="Failed", kind="queue", arn="a:b:c", location="l", origins=(origin,))
    assert read(of_queue, kept("{}", system)).attempts == 4, "receives are counted on in the dead-letter queue"


def test_what_sqs_has_moved_goes_back_to_its_queue_even_if_it_is_a_record() -> None:
    failure = read(store("queue dead letter", source=QUEUE), kept(OF_STREAM))
    assert isinstance(failure.way, Send)
    assert failure.event == OF_STREAM


def test_s_063_a_position_has_no_data_and_goes_to_the_function_of_the_mapping() -> None:
    failure = read(store("stream"), kept(OF_STREAM))
    assert failure.event is None
    position = Position(
        stream=STREAM,
        shard="shardId-000000000000",
        first="10",
        last="12",
        count=3,
        arrived="2026-06-01T09:00:00.000Z",
    )
    assert failure.way == Records(function=f"{FUNCTION}:live", position=position)
    assert failure.reason == "RecordAgeExceeded"


def test_s_066_a_record_with_its_data_needs_no_stream() -> None:
    event = {"Records": [{"kinesis": {"sequenceNumber": "10"}}]}
    failure = read(store("stream"), kept({**OF_STREAM, "payload": json.dumps(event)}))
    assert failure.event == event
    assert failure.way == Records(function=f"{FUNCTION}:live", records=(event["Records"][0],))


def test_a_position_goes_back_to_the_function_that_gave_it_up_and_not_to_another_reader_of_its_stream() -> None:
    for function, name in ((FUNCTION, "Import"), (f"{FUNCTION}:live", "Import"), (OTHER, "Other")):
        context = {**OF_STREAM["requestContext"], "functionArn": function}
        failure = read(store("stream"), kept({**OF_STREAM, "requestContext": context}))
        assert isinstance(failure.way, Records)
        assert (failure.way.function, failure.function) == (f"{function.removesuffix(':live')}:live", name)
    gone = "arn:aws:lambda:eu-west-1:123456789012:function:shop-Gone-X"
    context = {**OF_STREAM["requestContext"], "functionArn": gone}
    failure = read(store("stream"), kept({**OF_STREAM, "requestContext": context}))
    assert isinstance(failure.way, Records)
    assert failure.way.function == gone


def test_an_event_of_a_rule_goes_to_its_target() -> None:
    told = {
        "RULE_ARN": "arn:rule",
        "ERROR_CODE": "THROTTLING",
        "RETRY_ATTEMPTS": "4",
        "EXHAUSTED_RETRY_CONDITION": "Age",
    }
    failure = read(store("target"), kept({"detail": {}}, TARGET_ARN=FUNCTION, **told))
    assert failure.way == Invoke(function=FUNCTION, payload='{"detail": {}}')
    assert (failure.attempts, failure.reason, failure.function) == (5, "THROTTLING", "Import")
    assert isinstance(read(store("target"), kept({}, TARGET_ARN="arn:aws:states:x", **told)).way, Nowhere)
    wrapped = {"detail-type": "Lambda Function Invocation Result - Failure", "detail": RECORD}
    assert read(store("target"), kept(wrapped, TARGET_ARN=QUEUE, **told)).way == Send(
        queue=QUEUE, body=json.dumps(wrapped)
    )


def test_a_message_of_a_topic_reaches_a_function_as_sns_would_have_sent_it() -> None:
    body = {
        "Type": "Notification",
        "MessageId": "n",
        "TopicArn": SUBSCRIPTION.rpartition(":")[0],
        "Message": "hello",
        "SigningCertURL": "https://cert",
    }
    failure = read(store("subscription", source=SUBSCRIPTION), kept(body))
    assert isinstance(failure.way, Invoke)
    [record] = json.loads(failure.way.payload)["Records"]
    assert record["EventSubscriptionArn"] == SUBSCRIPTION
    assert (record["Sns"]["Message"], record["Sns"]["SigningCertUrl"]) == ("hello", "https://cert")
    other = SUBSCRIPTION.replace("5e0d", "5e0e")
    both = Store(
        name="Failed",
        kind="queue",
        arn="a:b:c",
        location="l",
        origins=tuple(
            Origin(role="subscription", function=f"{QUEUE}{each[-1]}", source=each) for each in (SUBSCRIPTION, other)
        ),
    )
    told = {**body, "UnsubscribeURL": f"https://sns/?Action=Unsubscribe&SubscriptionArn={other}"}
    assert read(both, kept(told)).way == Send(queue=f"{QUEUE}e", body=json.dumps(told))
    assert isinstance(read(both, kept(body)).way, Nowhere), "nobody knows which of the two it was for"
    bare = read(store("subscription", source=SUBSCRIPTION, function=QUEUE), kept("hello", {"MessageGroupId": "g"}))
    assert bare.way == Send(queue=QUEUE, body="hello", group="g")
    to_queue = read(store("subscription", source=SUBSCRIPTION, function=QUEUE), kept(body))
    assert to_queue.way == Send(queue=QUEUE, body=json.dumps(body))


def test_a_parked_record_goes_back_to_its_stream_and_a_gap_nowhere() -> None:
    parked = {"streamArn": STREAM, "partitionKey": "p", "data": "eyJhIjoxfQ==", "reason": {"error": "E", "reason": "r"}}
    failure = read(store("parked"), kept(parked))
    assert failure.way == Put(stream=STREAM, key="p", data="eyJhIjoxfQ==")
    assert (failure.event, failure.error.type, failure.function) == ({"a": 1}, "E", "Other")
    assert isinstance(read(store("parked"), kept({"startSequenceNumber": "1"})).way, Nowhere)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no JSON",
        "[" * 100_000,
        "null",
        {"requestContext": []},
        {"version": {}},
        {"version": 1, "requestContext": {}, "KinesisBatchInfo": {"batchSize": "many"}},
        {**OF_STREAM, "responseContext": ["Unhandled"]},
        {**OF_STREAM, "payload": '{"Records": 7}'},
    ],
    ids=lambda body: str(body)[:30],
)
def test_nothing_is_too_strange_to_be_listed(body: object) -> None:
    for role in ("asynchronous", "stream", "target", "subscription"):
        failure = read(store(role), kept(body))
        assert isinstance(failure.way, Nowhere)
        assert failure.what == "something else"


def test_an_id_is_of_a_store_a_key_and_a_version() -> None:
    first = read(store("parked"), kept("{}")).id
    assert read(store("parked"), kept("{ }")).id == first
    again = Kept(key="m-1", version="2", body="{}", at=1.0)
    assert read(store("parked"), again).id != first
