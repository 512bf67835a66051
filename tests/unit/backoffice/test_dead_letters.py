"""Messages that can never be handled: where they go, with what, and what becomes of the others."""

import json
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from aws_lambda_powertools.utilities.idempotency.exceptions import IdempotencyValidationError
from botocore.exceptions import ClientError
from moto import mock_aws

from backoffice.batches import EventType, ordered_batch
from backoffice.dead_letters import ATTRIBUTES, BYTES, REASON_BYTES, DeadLetterNotSentError, DeadLetterQueue, letter_of
from backoffice.errors import ShopError
from tests.unit.backoffice.events import Event, fifo_event, reported, sqs_event

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_sqs import SQSClient

FIFO = "https://sqs.eu-west-1.amazonaws.com/111122223333/dead.fifo"
STANDARD = "https://sqs.eu-west-1.amazonaws.com/111122223333/dead"


class MalformedError(ShopError):
    """What no delivery mends."""


class Queue:
    """Keeps the entries of each call; refuses the bodies it is told, or every call."""

    def __init__(self, *refused: str, error: Exception | None = None) -> None:
        self.calls: list[list[Any]] = []
        self.refused = {json.dumps(body) for body in refused}
        self.error = error
        self.urls: set[str] = set()

    def send_message_batch(self, *, QueueUrl: str, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803 - SQS's names
        self.calls.append(Entries)
        self.urls.add(QueueUrl)
        if self.error:
            raise self.error
        failed = [entry for entry in Entries if entry["MessageBody"] in self.refused]
        return {
            "Successful": [{"Id": entry["Id"]} for entry in Entries if entry not in failed],
            "Failed": [{"Id": entry["Id"], "Code": "InternalError", "SenderFault": False} for entry in failed],
        }

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(entry["MessageBody"]) for call in self.calls for entry in call]

    def letters(self, url: str) -> DeadLetterQueue:
        return DeadLetterQueue(url, sqs=cast("SQSClient", self))


def handling(*malformed: str) -> "tuple[list[str], Callable[[SQSRecord], None]]":
    handled: list[str] = []

    def handle(record: "SQSRecord") -> None:
        name = json.loads(record.body)
        handled.append(name)
        if name in malformed:
            raise MalformedError(f"the field of message {record.message_id} is malformed")
        if name == "later":
            raise ConnectionError

    return handled, handle


def attributes(entry: Any) -> dict[str, str]:
    return {name: value["StringValue"] for name, value in entry["MessageAttributes"].items()}


def record(body: str = "x", group: str | None = None, **attributes: Any) -> dict[str, Any]:
    one: dict[str, Any] = sqs_event([(group, body)])["Records"][0]
    return one | {"body": body, "messageAttributes": attributes}


def test_a_malformed_message_goes_to_the_dead_letter_queue_at_once_and_its_group_goes_on(
    context: "LambdaContext",
) -> None:
    queue = Queue()
    handled, handle = handling("A2")
    event = fifo_event([("A", "A1"), ("A", "A2"), ("A", "A3"), ("B", "B1")])
    for message in event["Records"]:
        message["attributes"]["MessageDeduplicationId"] = f"dedup-{message['messageId']}"

    invoke = ordered_batch(EventType.SQS, handle, permanent=(MalformedError,), dead_letters=queue.letters(FIFO))

    assert reported(invoke(event, context)) == []
    assert sorted(handled) == ["A1", "A2", "A3", "B1"]
    assert handled.index("A2") < handled.index("A3")
    [[letter]] = queue.calls
    assert queue.urls == {FIFO}
    assert letter["MessageBody"] == '"A2"'
    assert letter["MessageGroupId"] == "A"
    assert letter["MessageDeduplicationId"] == "dedup-m1"
    assert attributes(letter) == {
        "ErrorCode": "MalformedError",
        "ErrorMessage": "the field of message m1 is malformed",
        "OriginalMessageId": "m1",
        "RequestID": "8f0c",
    }
    assert {value["DataType"] for value in letter["MessageAttributes"].values()} == {"String"}


def test_what_may_pass_is_reported_and_holds_its_group_back_as_before(context: "LambdaContext") -> None:
    queue = Queue()
    handled, handle = handling()
    event = fifo_event([("A", "later"), ("A", "A2"), ("B", "B1")])

    invoke = ordered_batch(EventType.SQS, handle, permanent=(MalformedError,), dead_letters=queue.letters(FIFO))

    assert reported(invoke(event, context)) == ["m0", "m1"]
    assert queue.calls == []
    assert sorted(handled) == ["B1", "later"]


@pytest.mark.parametrize(
    "queue",
    [
        Queue("A1"),
        Queue(error=ClientError({"Error": {"Code": "AccessDenied"}}, "SendMessageBatch")),
        Queue(error=ConnectionError()),
    ],
)
def test_a_letter_that_is_not_taken_leaves_the_message_failed_and_its_group_held_back(
    queue: Queue, context: "LambdaContext"
) -> None:
    handled, handle = handling("A1")
    event = fifo_event([("A", "A1"), ("A", "A2"), ("B", "B1")])

    invoke = ordered_batch(EventType.SQS, handle, permanent=(MalformedError,), dead_letters=queue.letters(FIFO))

    assert reported(invoke(event, context)) == ["m0", "m1"]
    assert sorted(handled) == ["A1", "B1"]


def test_letters_of_one_call_that_are_refused_fail_alone(context: "LambdaContext") -> None:
    queue = Queue("2")
    _, handle = handling(*"0123")

    event = sqs_event([(None, str(number)) for number in range(5)])
    invoke = ordered_batch(EventType.SQS, handle, permanent=(MalformedError,), dead_letters=queue.letters(STANDARD))

    assert reported(invoke(event, context)) == ["m2"]
    assert sorted(queue.bodies) == ["0", "1", "2", "3"]


def test_letters_of_a_group_keep_their_order(context: "LambdaContext") -> None:
    queue = Queue()
    names = [f"{group}{number}" for number in range(8) for group in "ABC"]
    _, handle = handling(*names)

    event = fifo_event([(name[0], name) for name in names])
    invoke = ordered_batch(EventType.SQS, handle, permanent=(MalformedError,), dead_letters=queue.letters(FIFO))

    assert reported(invoke(event, context)) == []
    for group in "ABC":
        assert [name for name in queue.bodies if name[0] == group] == [name for name in names if name[0] == group]


def send_together(queue: Queue, records: list[dict[str, Any]]) -> None:
    """Send a letter from a thread each; nothing is sent before all have come."""
    complete = threading.Event()

    def sleep(_: float) -> None:
        while not complete.is_set() and len(letters._shared._gathered) < len(records):
            complete.wait(0.001)
        complete.set()

    letters = DeadLetterQueue(STANDARD, sqs=cast("SQSClient", queue), sleep=sleep)
    threads = [threading.Thread(target=letters.send, args=(each, MalformedError("no"), "r")) for each in records]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
        assert not thread.is_alive()


def test_letters_share_calls_of_ten() -> None:
    queue = Queue()
    send_together(queue, [record(str(number)) for number in range(25)])

    assert [len(call) for call in queue.calls] == [10, 10, 5]
    assert all(len({entry["Id"] for entry in call}) == len(call) for call in queue.calls)
    assert sorted(queue.bodies) == list(range(25))


def test_letters_share_calls_of_a_mebibyte() -> None:
    queue = Queue()
    send_together(queue, [record(json.dumps("x" * 400_000)) for _ in range(5)])

    assert [len(call) for call in queue.calls] == [2, 2, 1]


@pytest.mark.parametrize("source", [EventType.KinesisDataStreams, EventType.DynamoDBStreams])
def test_a_stream_has_no_dead_letter_queue(source: EventType) -> None:
    with pytest.raises(ValueError, match="only queues have dead-letter queues"):
        ordered_batch(source, print, permanent=(MalformedError,), dead_letters=Queue().letters(FIFO))


def test_permanent_errors_and_their_queue_are_given_together() -> None:
    with pytest.raises(ValueError, match="both or neither"):
        ordered_batch(EventType.SQS, print, permanent=(MalformedError,))
    with pytest.raises(ValueError, match="both or neither"):
        ordered_batch(EventType.SQS, print, dead_letters=Queue().letters(FIFO))


def string(value: str, kind: str = "String") -> dict[str, Any]:
    return {"stringValue": value, "stringListValues": [], "binaryListValues": [], "dataType": kind}


def test_the_message_s_own_attributes_and_trace_header_are_kept() -> None:
    told = record(
        tenant=string("t-1"),
        size=string("12.5", "Number.float"),
        picture={"binaryValue": "AAH/", "dataType": "Binary.png", "stringListValues": [], "binaryListValues": []},
    )
    told["attributes"]["AWSTraceHeader"] = "Root=1-2-3"

    entry: Any = letter_of(told, MalformedError("no"), "r-1", fifo=False).entry

    kept = entry["MessageAttributes"]
    assert kept["tenant"] == {"DataType": "String", "StringValue": "t-1"}
    assert kept["size"] == {"DataType": "Number.float", "StringValue": "12.5"}
    assert kept["picture"] == {"DataType": "Binary.png", "BinaryValue": b"\x00\x01\xff"}
    assert entry["MessageSystemAttributes"]["AWSTraceHeader"]["StringValue"] == "Root=1-2-3"
    assert kept["ErrorMessage"]["StringValue"] == "no"


@pytest.mark.parametrize(
    ("own", "ours"),
    [
        (6, ["ErrorCode", "ErrorMessage", "OriginalMessageId", "RequestID"]),
        (7, ["ErrorCode", "ErrorMessage", "OriginalMessageId"]),
        (9, ["ErrorCode"]),
        (10, []),
    ],
)
def test_of_ten_attributes_the_message_s_own_come_first_and_then_the_error(own: int, ours: list[str]) -> None:
    named: dict[str, Any] = {f"own{number}": string("x") for number in range(own)}
    told = record(**named)

    entry: Any = letter_of(told, MalformedError("no"), "r-1", fifo=False).entry

    assert sorted(entry["MessageAttributes"]) == sorted([*ours, *(f"own{number}" for number in range(own))])
    assert len(entry["MessageAttributes"]) <= ATTRIBUTES


@pytest.mark.parametrize("room", [0, 20, 60, 200])
def test_a_message_that_fills_a_mebibyte_leaves_no_room_for_all_of_the_reason(room: int) -> None:
    letter = letter_of(record("x" * (BYTES - room)), MalformedError("no"), "r-1", fifo=False)

    assert BYTES - room <= letter.size <= BYTES
    assert len(cast("Any", letter.entry)["MessageBody"]) == BYTES - room
    assert len(cast("Any", letter.entry)["MessageAttributes"]) == {0: 0, 20: 0, 60: 2, 200: 4}[room]


@pytest.mark.parametrize("text", ["x" * 5_000, "\N{SNOWMAN}" * 5_000, "bell \x07, null \x00, \ud800, \ufffe"])
def test_a_reason_is_at_most_a_kibibyte_of_what_sqs_takes(text: str) -> None:
    entry: Any = letter_of(record(), MalformedError(text), "r", fifo=False).entry

    reason = attributes(entry)["ErrorMessage"]
    assert 0 < len(reason.encode()) <= REASON_BYTES
    assert not set(reason) & {"\x00", "\x07", "\ud800", "\ufffe"}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MalformedError(), "What no delivery mends."),
        (IdempotencyValidationError("Payload does not match stored record for this event key"), "Payload does not"),
        (ValueError("jane@example.com"), "ValueError"),
    ],
)
def test_every_letter_has_a_reason_and_none_has_an_unknown_error_s_text(error: Exception, reason: str) -> None:
    entry: Any = letter_of(record(), error, "r", fifo=False).entry

    assert attributes(entry)["ErrorMessage"].startswith(reason)


def test_a_group_of_a_standard_queue_is_kept_and_a_deduplication_id_is_for_fifo_queues() -> None:
    told = record(group="tenant")
    told["attributes"]["MessageDeduplicationId"] = "d"

    entry: Any = letter_of(told, MalformedError("no"), "r", fifo=False).entry

    assert entry["MessageGroupId"] == "tenant"
    assert "MessageDeduplicationId" not in entry


@pytest.fixture
def fifo_queue() -> Iterator[tuple["SQSClient", str]]:
    with mock_aws():
        sqs = boto3.client("sqs")
        yield sqs, sqs.create_queue(QueueName="dead.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]


def event_of(message: Any) -> Event:
    """A received message as Lambda hands it over."""
    event = fifo_event([(message["Attributes"]["MessageGroupId"], json.loads(message["Body"]))])
    event["Records"][0] |= {
        "messageId": message["MessageId"],
        "attributes": message["Attributes"],
        "messageAttributes": {
            name: string(told["StringValue"]) for name, told in message.get("MessageAttributes", {}).items()
        },
    }
    return event


def test_s_140_a_crash_s_second_copy_is_dropped_and_a_letter_that_was_moved_back_and_fails_again_is_not(
    fifo_queue: "tuple[SQSClient, str]", context: "LambdaContext"
) -> None:
    sqs, url = fifo_queue

    def received() -> list[Any]:
        messages = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"], MessageAttributeNames=["All"]
        ).get("Messages", [])
        return [*messages]

    _, handle = handling("A1")
    event = fifo_event([("A", "A1")])
    event["Records"][0]["attributes"]["MessageDeduplicationId"] = "sent-once"
    invoke = ordered_batch(
        EventType.SQS, handle, permanent=(MalformedError,), dead_letters=DeadLetterQueue(url, sqs=sqs)
    )

    for _ in range(2):
        assert reported(invoke(event, context)) == []
    [letter] = received()
    assert letter["Attributes"]["MessageDeduplicationId"] == "sent-once"

    moved_back = event_of(letter)
    assert reported(invoke(moved_back, context)) == []
    assert reported(invoke(moved_back, context)) == [], "a crash's copy once more"
    sqs.delete_message(QueueUrl=url, ReceiptHandle=letter["ReceiptHandle"])
    [again] = received()
    assert again["Body"] == letter["Body"]
    assert again["MessageAttributes"]["OriginalMessageId"]["StringValue"] == letter["MessageId"]


def test_a_refused_letter_says_so() -> None:
    queue = Queue("x")
    with pytest.raises(DeadLetterNotSentError, match="SQS: InternalError"):
        queue.letters(STANDARD).send(record('"x"'), MalformedError("no"), "r")
