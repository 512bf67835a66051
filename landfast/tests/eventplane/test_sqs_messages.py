"""Messages of SQS: sent, received, hidden, deleted, by its API."""

import hashlib
from typing import Any

import pytest

from landfast.eventplane import Pending
from landfast.sources.sqs import IN_FLIGHT_LIMIT
from tests.eventplane.sqs_client import Sqs, arn, url


@pytest.fixture
def sqs() -> Sqs:
    sqs = Sqs()
    sqs.create("q")
    sqs.create("q.fifo")
    return sqs


def text(value: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": value}


# Sending


def test_a_message_is_sent_with_its_digests(sqs: Sqs) -> None:
    sent = sqs.send("msg", MessageAttributes={"General": text("Kenobi"), "Hello": text("There"), "Help.Me": text("Me")})
    assert sent == {
        "MessageId": sent["MessageId"],
        "MD5OfMessageBody": "6e2baaf3b97dbeef01c0043275f9a0e7",
        "MD5OfMessageAttributes": "4c360f3fdafd970e05fae2f149d997f5",  # both as recorded from AWS
    }
    [message] = sqs.receive()
    assert message["MessageId"] == sent["MessageId"]
    assert message["MD5OfMessageAttributes"] == "4c360f3fdafd970e05fae2f149d997f5"


def test_a_binary_attribute_comes_back_as_it_was_sent(sqs: Sqs) -> None:
    sqs.send("test", MessageAttributes={"attr1": {"DataType": "Binary", "BinaryValue": "AP8Q"}})
    [message] = sqs.receive()
    assert message["MessageAttributes"] == {"attr1": {"DataType": "Binary", "BinaryValue": b"\x00\xff\x10"}}


def test_s_034_the_trace_header_of_the_request_goes_with_the_message(sqs: Sqs) -> None:
    sqs.ask("SendMessage", trace="Root=1-5759e988-bd862e3fe1be46a994272793", QueueUrl=url("q"), MessageBody="a")
    [message] = sqs.receive()
    assert message["Attributes"]["AWSTraceHeader"] == "Root=1-5759e988-bd862e3fe1be46a994272793"


def test_the_system_attribute_has_precedence_and_a_digest(sqs: Sqs) -> None:
    sent = sqs.ask(
        "SendMessage",
        trace="Root=1-other",
        QueueUrl=url("q"),
        MessageBody="a",
        MessageSystemAttributes={"AWSTraceHeader": text("Root=1-own")},
    )
    assert len(sent["MD5OfMessageSystemAttributes"]) == 32
    assert "MD5OfMessageAttributes" not in sent
    assert sqs.receive()[0]["Attributes"]["AWSTraceHeader"] == "Root=1-own"


@pytest.mark.parametrize("body", ["\x00", "a\x0b", "￾", "a￿"])
def test_characters_that_xml_has_not_are_refused(sqs: Sqs, body: str) -> None:
    code, message = sqs.refusal("SendMessage", QueueUrl=url("q"), MessageBody=body)
    assert code == "InvalidMessageContents"
    assert message.startswith("Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20")


def test_all_other_characters_are_taken(sqs: Sqs) -> None:
    body = "\t\n\r ~\x7f퟿�\U00010000\U0010ffff"
    sqs.send(body)
    assert sqs.bodies() == [body]


def test_a_message_may_have_1_mib_with_its_attributes_and_not_a_byte_more(sqs: Sqs) -> None:
    attributes = {"name": text("value")}
    largest = "a" * (1_048_576 - len("nameStringvalue"))
    sqs.send(largest, MessageAttributes=attributes)
    refused = sqs.refusal("SendMessage", QueueUrl=url("q"), MessageBody=largest + "a", MessageAttributes=attributes)
    assert refused == (
        "InvalidParameterValue",
        "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.",
    )


def test_a_queue_may_set_a_smaller_limit_in_bytes(sqs: Sqs) -> None:
    sqs.set(MaximumMessageSize="1024")
    sqs.send("ä" * 512)
    code, message = sqs.refusal("SendMessage", QueueUrl=url("q"), MessageBody="ä" * 512 + "a")
    assert (code, message[-11:]) == ("InvalidParameterValue", "1024 bytes.")


@pytest.mark.parametrize(
    ("params", "code", "message"),
    [
        ({"MessageBody": ""}, "MissingParameter", "The request must contain the parameter MessageBody."),
        (
            {"DelaySeconds": 901},
            "InvalidParameterValue",
            "Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.",
        ),
        (
            {"MessageDeduplicationId": "d"},
            "InvalidParameterValue",
            (
                "Value d for parameter MessageDeduplicationId is invalid. Reason: The request include parameter that "
                "is not valid for this queue type."
            ),
        ),
        (
            {"MessageGroupId": "a b"},
            "InvalidParameterValue",
            (
                "Value a b for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include "
                "alphanumeric and punctuation characters. 1 to 128 in length."
            ),
        ),
        (
            {"MessageAttributes": {f"a{n}": text("a") for n in range(11)}},
            "InvalidParameterValue",
            "Number of message attributes [11] exceeds the allowed maximum [10].",
        ),
        (
            {"MessageAttributes": {"ErrorDetails": text("")}},
            "InvalidParameterValue",
            "Message (user) attribute 'ErrorDetails' must contain a non-empty value of type 'String'.",
        ),
        (
            {"MessageAttributes": {"a": {"DataType": "Text", "StringValue": "a"}}},
            "InvalidParameterValue",
            (
                "The type of message (user) attribute 'a' is invalid. You must use only the following supported type "
                "prefixes: Binary, Number, String."
            ),
        ),
        (
            {"MessageAttributes": {"a": {"DataType": "Number", "StringValue": "twelve"}}},
            "InvalidParameterValue",
            "Can't cast the value of message (user) attribute 'a' to a number.",
        ),
        (
            {"MessageAttributes": {"a": {"DataType": "Number", "StringValue": "1" * 39}}},
            "InvalidParameterValue",
            "Can't cast the value of message (user) attribute 'a' to a number.",
        ),
        (
            {"MessageAttributes": {"a": {"DataType": "String", "StringListValues": ["a"]}}},
            "UnsupportedOperation",
            "Message attribute list values in SendMessage operation are not supported.",
        ),
        (
            {"MessageSystemAttributes": {"AWSTraceHeader": {"DataType": "Number", "StringValue": "1"}}},
            "InvalidParameterValue",
            "Message system attribute 'AWSTraceHeader' must be of type 'String'.",
        ),
    ],
    ids=lambda value: "".join(value)[:40] if isinstance(value, dict) else "",
)
def test_what_cannot_be_sent(sqs: Sqs, params: dict[str, Any], code: str, message: str) -> None:
    asked = {"QueueUrl": url("q"), "MessageBody": "a", **params}
    assert sqs.refusal("SendMessage", **asked) == (code, message)
    assert sqs.counts() == (0, 0, 0)


@pytest.mark.parametrize("name", [".a", "a.", "a..b", "a b", "AWS.a", "amazon.a", "a" * 257, "ä"])
def test_names_that_no_attribute_may_have(sqs: Sqs, name: str) -> None:
    code, message = sqs.refusal("SendMessage", QueueUrl=url("q"), MessageBody="a", MessageAttributes={name: text("a")})
    assert code == "InvalidParameterValue"
    assert message.startswith("Message (user) attribute name")


@pytest.mark.parametrize("number", ["0", "-1.5", "+1", "1e126", ".5", "12345678901234567890123456789012345678"])
def test_numbers_that_an_attribute_may_have(sqs: Sqs, number: str) -> None:
    sqs.send("a", MessageAttributes={"n": {"DataType": "Number.int", "StringValue": number}})
    assert sqs.receive()[0]["MessageAttributes"]["n"]["StringValue"] == number


def test_messages_to_a_queue_that_is_not_there(sqs: Sqs) -> None:
    expected = ("QueueDoesNotExist", "The specified queue does not exist.")
    assert sqs.refusal("SendMessage", QueueUrl=url("none"), MessageBody="a") == expected
    assert sqs.refusal("SendMessage", QueueUrl="http://h/999999999999/q", MessageBody="a") == expected
    assert sqs.refusal("SendMessage", QueueUrl="q", MessageBody="a")[0] == "InvalidAddress"


def test_a_queue_is_found_whatever_its_host_is_called(sqs: Sqs) -> None:
    sqs.ask("SendMessage", QueueUrl="https://sqs.eu-west-1.amazonaws.com/123456789012/q", MessageBody="a")
    assert sqs.bodies() == ["a"]


# Delays


def test_a_delayed_message_is_seen_when_its_time_has_come(sqs: Sqs) -> None:
    sqs.send("a", DelaySeconds=900)
    assert (sqs.bodies(), sqs.counts()) == ([], (0, 0, 1))
    sqs.world.pass_by(899)
    assert sqs.bodies() == []
    sqs.world.pass_by(1)
    assert sqs.counts() == (1, 0, 0)
    assert sqs.bodies() == ["a"]


def test_a_queues_delay_holds_for_messages_that_bring_none(sqs: Sqs) -> None:
    sqs.set(DelaySeconds="10")
    sqs.send("late")
    sqs.send("at once", DelaySeconds=0)
    assert sqs.bodies() == ["at once"]
    sqs.set(DelaySeconds="0")
    assert sqs.bodies() == [], "a standard queue's new delay is for new messages only"
    sqs.world.pass_by(10)
    assert sqs.bodies() == ["late"]


def test_a_fifo_queues_new_delay_holds_for_all_messages(sqs: Sqs) -> None:
    sqs.set("q.fifo", DelaySeconds="60")
    sqs.send("a", "q.fifo", MessageGroupId="g", MessageDeduplicationId="1")
    sqs.set("q.fifo", DelaySeconds="5")
    sqs.world.pass_by(5)
    assert sqs.bodies("q.fifo") == ["a"]


def test_a_fifo_queue_takes_no_delay_for_one_message(sqs: Sqs) -> None:
    asked = {"QueueUrl": url("q.fifo"), "MessageBody": "a", "MessageGroupId": "g", "MessageDeduplicationId": "d"}
    assert sqs.refusal("SendMessage", DelaySeconds=2, **asked) == (
        "InvalidParameterValue",
        (
            "Value 2 for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid "
            "for this queue type."
        ),
    )
    sqs.ask("SendMessage", DelaySeconds=0, **asked)


# FIFO


def test_s_099_a_group_waits_for_its_first_message(sqs: Sqs) -> None:
    for number, group in enumerate("aab"):
        sqs.send(f"{group}{number}", "q.fifo", MessageGroupId=group, MessageDeduplicationId=str(number))
    [first] = sqs.receive("q.fifo", 1)
    assert sqs.bodies("q.fifo") == ["b2"]
    sqs.delete(first, "q.fifo")
    assert sqs.bodies("q.fifo") == ["a1"]


def test_fifo_messages_show_their_ids_and_a_rising_number_of_20_digits(sqs: Sqs) -> None:
    sent = [sqs.send("m", "q.fifo", MessageGroupId="g", MessageDeduplicationId=str(n)) for n in range(2)]
    first, second = sqs.receive("q.fifo")
    assert [first["Attributes"]["SequenceNumber"], second["Attributes"]["SequenceNumber"]] == [
        one["SequenceNumber"] for one in sent
    ]
    assert sent[0]["SequenceNumber"] < sent[1]["SequenceNumber"]
    assert len(sent[0]["SequenceNumber"]) == 20
    assert first["Attributes"]["MessageDeduplicationId"] == "0"
    assert first["Attributes"]["MessageGroupId"] == "g"


def test_s_140_a_deduplication_id_counts_for_five_minutes_from_its_first_send(sqs: Sqs) -> None:
    def send(body: str) -> Any:
        return sqs.send(body, "q.fifo", MessageGroupId="g", MessageDeduplicationId="d")

    first = send("a")
    sqs.delete(sqs.receive("q.fifo")[0], "q.fifo")
    sqs.world.pass_by(200)
    again = send("b")
    assert (again["MessageId"], again["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    assert again["MD5OfMessageBody"] == hashlib.md5(b"b", usedforsecurity=False).hexdigest()
    sqs.world.pass_by(99.9)
    send("c")
    assert sqs.bodies("q.fifo") == []
    sqs.world.pass_by(0.1)
    assert send("d")["MessageId"] != first["MessageId"]
    assert sqs.bodies("q.fifo") == ["d"]


def test_s_140_a_deduplication_id_counts_within_its_scope(sqs: Sqs) -> None:
    sqs.create("each.fifo", DeduplicationScope="messageGroup", FifoThroughputLimit="perMessageGroupId")
    for name in ("q.fifo", "each.fifo"):
        for group in "aab":
            sqs.send(group, name, MessageGroupId=group, MessageDeduplicationId="d")
    assert (sqs.bodies("q.fifo"), sqs.bodies("each.fifo")) == (["a"], ["a", "b"])


def test_s_140_content_based_deduplication_looks_at_the_body(sqs: Sqs) -> None:
    sqs.set("q.fifo", ContentBasedDeduplication="true")
    for body, attribute in (("a", "1"), ("a", "2"), ("b", "1")):
        sqs.send(body, "q.fifo", MessageGroupId="g", MessageAttributes={"x": text(attribute)})
    messages = sqs.receive("q.fifo")
    assert [message["Body"] for message in messages] == ["a", "b"]
    assert messages[0]["Attributes"]["MessageDeduplicationId"] == hashlib.sha256(b"a").hexdigest()


def test_s_140_a_restart_does_not_end_the_window(sqs: Sqs) -> None:
    sqs.send("a", "q.fifo", MessageGroupId="g", MessageDeduplicationId="d")
    again = sqs.restarted()
    again.world.pass_by(299)
    again.send("b", "q.fifo", MessageGroupId="g", MessageDeduplicationId="d")
    assert again.bodies("q.fifo") == ["a"]


def test_what_a_fifo_queue_needs(sqs: Sqs) -> None:
    no_id = (
        "InvalidParameterValue",
        "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
    )
    asked = {"QueueUrl": url("q.fifo"), "MessageBody": "a"}
    assert sqs.refusal("SendMessage", **asked, MessageGroupId="g") == no_id
    assert sqs.refusal("SendMessage", **asked, MessageDeduplicationId="d") == (
        "MissingParameter",
        "The request must contain the parameter MessageGroupId.",
    )


# Receiving


def test_s_095_times_and_counts_of_a_message_are_shown(sqs: Sqs) -> None:
    sqs.send("a")
    sqs.world.pass_by(1.5)
    sqs.receive()
    sqs.world.pass_by(30)
    [message] = sqs.receive()
    assert message["Attributes"] == {
        "ApproximateFirstReceiveTimestamp": "1767323001500",
        "ApproximateReceiveCount": "2",
        "SenderId": "AIDACKCEVSQ6C2EXAMPLE",
        "SentTimestamp": "1767323000000",
    }


def test_only_the_attributes_that_are_asked_for_are_shown(sqs: Sqs) -> None:
    attributes = {"General": text("Kenobi"), "Hello": text("There"), "Help.Me": text("Me")}

    def shown(**params: Any) -> dict[str, Any]:
        sqs.send("msg", MessageAttributes=attributes)
        message: dict[str, Any]
        [message] = sqs.ask("ReceiveMessage", QueueUrl=url("q"), **params)["Messages"]
        sqs.delete(message)
        assert set(message) - {"Attributes", "MessageAttributes", "MD5OfMessageAttributes"} == {
            "Body",
            "MD5OfBody",
            "MessageId",
            "ReceiptHandle",
        }
        return message

    assert not {"Attributes", "MessageAttributes", "MD5OfMessageAttributes"} & set(shown())
    assert set(shown(AttributeNames=["SenderId"])["Attributes"]) == {"SenderId"}
    both = shown(AttributeNames=["SenderId"], MessageSystemAttributeNames=["SentTimestamp"])
    assert set(both["Attributes"]) == {"SenderId", "SentTimestamp"}
    # The digests are recorded from AWS.
    for names, expected, digest in (
        (["All"], {"General", "Hello", "Help.Me"}, "4c360f3fdafd970e05fae2f149d997f5"),
        ([".*"], {"General", "Hello", "Help.Me"}, "4c360f3fdafd970e05fae2f149d997f5"),
        (["Hello", "General"], {"General", "Hello"}, "fca026605781cb4126a1e9044df24232"),
        (["Hello", "Foo"], {"Hello"}, "a311262e065454b75da111d535b8dacd"),
        (["Foo"], set(), None),
        (["Hel.*"], {"Hello", "Help.Me"}, "83fee93c1bcd8b9a5a923ffacdc636c7"),
        (["Hello.*"], {"Hello"}, "a311262e065454b75da111d535b8dacd"),
        ([".invalid"], set(), None),
    ):
        message = shown(MessageAttributeNames=names)
        assert set(message.get("MessageAttributes", {})) == expected, names
        assert message.get("MD5OfMessageAttributes") == digest, names


@pytest.mark.parametrize(
    ("params", "code", "message"),
    [
        (
            {"MaxNumberOfMessages": 11},
            "InvalidParameterValue",
            "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.",
        ),
        (
            {"MaxNumberOfMessages": 0},
            "InvalidParameterValue",
            "Value 0 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.",
        ),
        (
            {"WaitTimeSeconds": 21},
            "InvalidParameterValue",
            "Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.",
        ),
        (
            {"VisibilityTimeout": 43201},
            "InvalidParameterValue",
            "Value 43201 for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200, if provided.",
        ),
        ({"AttributeNames": ["Colour"]}, "InvalidAttributeName", "Unknown Attribute Colour."),
        (
            {"ReceiveRequestAttemptId": "r"},
            "InvalidParameterValue",
            (
                "Value r for parameter ReceiveRequestAttemptId is invalid. Reason: The request include parameter that "
                "is not valid for this queue type."
            ),
        ),
    ],
    ids=lambda value: "".join(value) if isinstance(value, dict) else "",
)
def test_how_nothing_can_be_received(sqs: Sqs, params: dict[str, Any], code: str, message: str) -> None:
    assert sqs.refusal("ReceiveMessage", QueueUrl=url("q"), **params) == (code, message)


def test_a_receive_brings_one_message_unless_it_asks_for_more(sqs: Sqs) -> None:
    for number in range(12):
        sqs.send(str(number))
    assert len(sqs.ask("ReceiveMessage", QueueUrl=url("q"))["Messages"]) == 1
    assert len(sqs.receive()) == 10


def test_an_empty_queue_answers_at_once_without_a_wait(sqs: Sqs) -> None:
    assert sqs.ask("ReceiveMessage", QueueUrl=url("q")) == {}


def test_a_message_is_hidden_for_the_queues_visibility_timeout_or_the_receives_own(sqs: Sqs) -> None:
    sqs.set(VisibilityTimeout="5")
    sqs.send("a")
    sqs.receive()
    sqs.world.pass_by(4.999)
    assert sqs.bodies() == []
    sqs.world.pass_by(0.001)
    assert sqs.bodies(VisibilityTimeout=100) == ["a"]
    sqs.world.pass_by(99)
    assert sqs.counts() == (0, 1, 0)
    sqs.world.pass_by(1)
    assert sqs.bodies(VisibilityTimeout=0) == ["a"]
    assert sqs.bodies(VisibilityTimeout=0) == ["a"]
    assert sqs.receive()[0]["Attributes"]["ApproximateReceiveCount"] == "5"


def test_too_many_messages_in_flight_are_refused_by_a_standard_queue_only(
    sqs: Sqs, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert IN_FLIGHT_LIMIT == 120_000
    for module in ("landfast.sources.sqs", "landfast.eventplane.sqs_requests"):
        monkeypatch.setattr(f"{module}.IN_FLIGHT_LIMIT", 2)
    for number in range(3):
        sqs.send(str(number))
        sqs.send("m", "q.fifo", MessageGroupId=str(number), MessageDeduplicationId=str(number))
    assert (len(sqs.receive()), len(sqs.receive("q.fifo"))) == (2, 2)
    assert sqs.refusal("ReceiveMessage", QueueUrl=url("q"))[0] == "OverLimit"
    assert sqs.receive("q.fifo") == []


def test_a_repeated_request_gets_the_same_messages_and_handles(sqs: Sqs) -> None:
    for number in range(3):
        sqs.send(str(number), "q.fifo", MessageGroupId=str(number), MessageDeduplicationId=str(number))
    first = sqs.receive("q.fifo", 2, ReceiveRequestAttemptId="r")
    sqs.world.pass_by(20)
    assert sqs.receive("q.fifo", 2, ReceiveRequestAttemptId="r") == first
    sqs.world.pass_by(20)
    assert sqs.bodies("q.fifo") == ["2"], "the repetition hides the messages anew"
    again = sqs.restarted()
    assert again.receive("q.fifo", 2, ReceiveRequestAttemptId="r") == first
    again.delete(first[0], "q.fifo")
    assert again.receive("q.fifo", 2, ReceiveRequestAttemptId="r") == []


def test_a_request_is_repeated_for_five_minutes_at_most(sqs: Sqs) -> None:
    sqs.send("a", "q.fifo", MessageGroupId="g", MessageDeduplicationId="d")
    sqs.receive("q.fifo", ReceiveRequestAttemptId="r", VisibilityTimeout=1000)
    sqs.world.pass_by(299)
    assert len(sqs.receive("q.fifo", ReceiveRequestAttemptId="r", VisibilityTimeout=1000)) == 1
    sqs.world.pass_by(1)
    assert sqs.receive("q.fifo", ReceiveRequestAttemptId="r") == []


# Long polls


def test_a_long_poll_is_answered_by_the_next_message(sqs: Sqs) -> None:
    _, answers = sqs.poll()
    sqs.world.pass_by(5)
    assert answers == []
    sqs.send("a")
    sqs.world.settle()
    assert [message["Body"] for message in answers[0]["Messages"]] == ["a"]
    sqs.world.pass_by(30)
    assert len(answers) == 1


def test_a_long_poll_ends_empty(sqs: Sqs) -> None:
    _, answers = sqs.poll(wait=3)
    sqs.world.pass_by(2.9)
    assert answers == []
    sqs.world.pass_by(0.1)
    assert answers == [{}]
    sqs.send("a")
    sqs.world.settle()
    assert sqs.counts() == (1, 0, 0)


def test_a_queue_may_make_every_receive_wait(sqs: Sqs) -> None:
    sqs.set(ReceiveMessageWaitTimeSeconds="7")
    assert isinstance(sqs.ask("ReceiveMessage", QueueUrl=url("q")), Pending)
    assert sqs.ask("ReceiveMessage", QueueUrl=url("q"), WaitTimeSeconds=0) == {}


def test_a_client_that_has_gone_gets_nothing(sqs: Sqs) -> None:
    gone, none = sqs.poll()
    _, answers = sqs.poll()
    gone.abandoned = True
    sqs.send("a")
    sqs.world.settle()
    assert none == []
    assert [message["Body"] for message in answers[0]["Messages"]] == ["a"]


def test_those_who_wait_are_served_in_their_order(sqs: Sqs) -> None:
    _, first = sqs.poll()
    _, second = sqs.poll()
    for body in "ab":
        sqs.send(body)
    assert sqs.bodies() == [], "both are for those who have waited"
    sqs.world.settle()
    assert [answers[0]["Messages"][0]["Body"] for answers in (first, second)] == ["a", "b"]


def test_a_message_that_comes_back_answers_a_long_poll(sqs: Sqs) -> None:
    sqs.send("a")
    sqs.receive(VisibilityTimeout=4)
    _, answers = sqs.poll()
    sqs.world.pass_by(3.9)
    assert answers == []
    sqs.world.pass_by(0.1)
    assert answers[0]["Messages"][0]["Body"] == "a"


def test_a_delayed_message_answers_a_long_poll(sqs: Sqs) -> None:
    sqs.send("a", DelaySeconds=4)
    _, answers = sqs.poll()
    sqs.world.pass_by(4)
    assert answers[0]["Messages"][0]["Body"] == "a"


def test_a_long_poll_of_a_deleted_queue_ends_empty(sqs: Sqs) -> None:
    _, answers = sqs.poll()
    sqs.ask("DeleteQueue", QueueUrl=url("q"))
    assert answers == [{}]


def test_what_a_client_has_in_hand_is_waited_for_by_nobody(sqs: Sqs) -> None:
    sqs.send("a", DelaySeconds=5)
    sqs.send("b")
    sqs.receive()
    assert sqs.world.awaited() == []


# Deleting and hiding


def test_s_109_a_message_is_deleted_by_the_handle_of_its_last_receive(sqs: Sqs) -> None:
    sqs.send("a")
    [old] = sqs.receive(VisibilityTimeout=0)
    [new] = sqs.receive()
    sqs.delete(old)
    assert sqs.counts() == (0, 1, 0), "an old handle is accepted and deletes nothing"
    sqs.delete(new)
    sqs.delete(new)
    assert sqs.counts() == (0, 0, 0)


def test_s_109_a_fifo_queue_refuses_an_expired_handle(sqs: Sqs) -> None:
    sqs.send("a", "q.fifo", MessageGroupId="g", MessageDeduplicationId="d")
    [message] = sqs.receive("q.fifo")
    sqs.world.pass_by(31)
    handle = message["ReceiptHandle"]
    assert sqs.refusal("DeleteMessage", QueueUrl=url("q.fifo"), ReceiptHandle=handle) == (
        "InvalidParameterValue",
        f"Value {handle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.",
    )


@pytest.mark.parametrize("operation", ["DeleteMessage", "ChangeMessageVisibility"])
def test_handles_of_other_queues_and_no_handles_are_refused(sqs: Sqs, operation: str) -> None:
    sqs.create("other")
    sqs.send("a", "other")
    [message] = sqs.receive("other")
    more = {"VisibilityTimeout": 1} if operation == "ChangeMessageVisibility" else {}
    for handle in (message["ReceiptHandle"], "garbage", "", "0-1-x"):
        code, told = sqs.refusal(operation, QueueUrl=url("q"), ReceiptHandle=handle, **more)
        assert code == "ReceiptHandleIsInvalid"
        assert handle in told


def test_a_queue_that_was_made_again_knows_no_handles_of_the_old_one(sqs: Sqs) -> None:
    sqs.send("a")
    [message] = sqs.receive()
    sqs.ask("DeleteQueue", QueueUrl=url("q"))
    sqs.create("q")
    sqs.send("b")
    code, _ = sqs.refusal("DeleteMessage", QueueUrl=url("q"), ReceiptHandle=message["ReceiptHandle"])
    assert code == "ReceiptHandleIsInvalid"
    assert sqs.bodies() == ["b"]


def hide(sqs: Sqs, message: dict[str, Any], seconds: int, name: str = "q") -> None:
    params = {"ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": seconds}
    assert sqs.ask("ChangeMessageVisibility", QueueUrl=url(name), **params) == {}


def test_visibility_can_be_made_longer_and_shorter(sqs: Sqs) -> None:
    sqs.send("a")
    [message] = sqs.receive()
    sqs.world.pass_by(10)
    hide(sqs, message, 60)
    sqs.world.pass_by(59)
    assert sqs.bodies() == []
    hide(sqs, message, 0)
    assert sqs.receive()[0]["Attributes"]["ApproximateReceiveCount"] == "2"


def test_a_message_is_hidden_for_twelve_hours_at_most(sqs: Sqs) -> None:
    sqs.send("a")
    [message] = sqs.receive()
    sqs.world.pass_by(1)
    hide(sqs, message, 43_199)
    asked = {"QueueUrl": url("q"), "ReceiptHandle": message["ReceiptHandle"]}
    assert sqs.refusal("ChangeMessageVisibility", **asked, VisibilityTimeout=43_200) == (
        "InvalidParameterValue",
        (
            "Value 43200 for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message "
            "is beyond the limit [43200 seconds]."
        ),
    )
    assert sqs.refusal("ChangeMessageVisibility", **asked, VisibilityTimeout=43_201)[0] == "InvalidParameterValue"


def test_the_visibility_of_a_message_that_is_visible_again_stays(sqs: Sqs) -> None:
    sqs.send("a")
    [message] = sqs.receive()
    sqs.world.pass_by(31)
    hide(sqs, message, 60)  # AWS answers 200
    assert sqs.counts() == (1, 0, 0)


def test_a_message_that_was_given_back_is_not_in_flight(sqs: Sqs) -> None:
    sqs.send("a")
    [message] = sqs.receive()
    hide(sqs, message, 0)
    asked = {"QueueUrl": url("q"), "ReceiptHandle": message["ReceiptHandle"]}
    for run in (sqs, sqs.restarted()):
        refusal = run.refusal("ChangeMessageVisibility", **asked, VisibilityTimeout=5)
        assert refusal == ("MessageNotInflight", "The specified message isn't in flight.")
    sqs.delete(message)
    assert sqs.counts() == (0, 0, 0)


def test_s_109_a_fifo_message_that_was_given_back_is_not_deleted(sqs: Sqs) -> None:
    sqs.send("a", "q.fifo", MessageGroupId="g", MessageDeduplicationId="d")
    [message] = sqs.receive("q.fifo", VisibilityTimeout=0)
    code, _ = sqs.refusal("DeleteMessage", QueueUrl=url("q.fifo"), ReceiptHandle=message["ReceiptHandle"])
    assert code == "InvalidParameterValue"
    assert sqs.bodies("q.fifo") == ["a"]


def test_empty_lists_of_an_attribute_are_left_out(sqs: Sqs) -> None:
    sqs.send("a", MessageAttributes={"x": {**text("y"), "StringListValues": [], "BinaryListValues": []}})
    assert sqs.receive()[0]["MessageAttributes"] == {"x": text("y")}


def test_the_visibility_of_a_deleted_message_cannot_be_changed(sqs: Sqs) -> None:
    sqs.send("a")
    [message] = sqs.receive()
    sqs.delete(message)
    handle = message["ReceiptHandle"]
    assert sqs.refusal("ChangeMessageVisibility", QueueUrl=url("q"), ReceiptHandle=handle, VisibilityTimeout=1) == (
        "InvalidParameterValue",
        (
            f"Value {handle} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not "
            "available for visibility timeout change."
        ),
    )


# Batches


def test_a_batch_is_sent_message_by_message(sqs: Sqs) -> None:
    answer = sqs.ask(
        "SendMessageBatch",
        QueueUrl=url("q"),
        Entries=[
            {"Id": "1", "MessageBody": "a"},
            {"Id": "2", "MessageBody": "\x00"},
            {"Id": "3", "MessageBody": "b", "DelaySeconds": 5},
        ],
    )
    assert [one["Id"] for one in answer["Successful"]] == ["1", "3"]
    [failed] = answer["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("2", "InvalidMessageContents", True)
    assert sqs.counts() == (1, 0, 1)


@pytest.mark.parametrize("operation", ["SendMessageBatch", "DeleteMessageBatch", "ChangeMessageVisibilityBatch"])
def test_batches_that_cannot_be_taken_apart(sqs: Sqs, operation: str) -> None:
    def refused(*ids: str) -> tuple[str, str]:
        members = {"MessageBody": "a"} if operation.startswith("Send") else {"ReceiptHandle": "h"}
        entries = [{"Id": each, **members} for each in ids]
        return sqs.refusal(operation, QueueUrl=url("q"), Entries=entries)

    not_an_id = (
        "InvalidBatchEntryId",
        (
            "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 "
            "letters long."
        ),
    )
    assert refused() == ("EmptyBatchRequest", f"There should be at least one {operation}RequestEntry in the request.")
    assert refused(*map(str, range(20))) == (
        "TooManyEntriesInBatchRequest",
        "Maximum number of entries per request are 10. You have sent 20.",
    )
    assert refused("a", "b", "a") == ("BatchEntryIdsNotDistinct", "Id a repeated.")
    for each in ("", "a b", "a:b", "a" * 81):
        assert refused(each) == not_an_id
    assert sqs.counts() == (0, 0, 0)


def test_a_batch_may_have_1_mib_together(sqs: Sqs) -> None:
    entries = [{"Id": "1", "MessageBody": "a" * 1_048_575}, {"Id": "2", "MessageBody": "a"}]
    sqs.ask("SendMessageBatch", QueueUrl=url("q"), Entries=entries)
    entries[1]["MessageBody"] = "aa"
    assert sqs.refusal("SendMessageBatch", QueueUrl=url("q"), Entries=entries) == (
        "BatchRequestTooLong",
        "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes.",
    )


def test_a_fifo_batch_in_which_one_message_lacks_something_is_refused(sqs: Sqs) -> None:
    def refused(**second: str) -> tuple[str, str]:
        first = {"Id": "1", "MessageBody": "a", "MessageGroupId": "g", "MessageDeduplicationId": "d"}
        entries = [first, {"Id": "2", "MessageBody": "b", **second}]
        return sqs.refusal("SendMessageBatch", QueueUrl=url("q.fifo"), Entries=entries)

    assert refused(MessageDeduplicationId="e") == (
        "InvalidParameterValue",
        "The request must contain the parameter MessageGroupId.",
    )
    assert refused(MessageGroupId="g")[1].startswith("The queue should either have ContentBasedDeduplication")
    assert sqs.counts("q.fifo") == (0, 0, 0)


def test_a_batch_is_deleted_handle_by_handle(sqs: Sqs) -> None:
    for body in "ab":
        sqs.send(body)
    handles = [message["ReceiptHandle"] for message in sqs.receive()]
    entries = [{"Id": str(n), "ReceiptHandle": handle} for n, handle in enumerate([*handles, "garbage"])]
    answer = sqs.ask("DeleteMessageBatch", QueueUrl=url("q"), Entries=entries)
    assert answer["Successful"] == [{"Id": "0"}, {"Id": "1"}]
    assert [(one["Id"], one["Code"]) for one in answer["Failed"]] == [("2", "ReceiptHandleIsInvalid")]
    assert sqs.counts() == (0, 0, 0)


def test_a_batch_is_made_visible_handle_by_handle(sqs: Sqs) -> None:
    for body in "ab":
        sqs.send(body)
    first, second = sqs.receive()
    entries = [
        {"Id": "1", "ReceiptHandle": first["ReceiptHandle"], "VisibilityTimeout": 0},
        {"Id": "2", "ReceiptHandle": second["ReceiptHandle"], "VisibilityTimeout": 43_201},
    ]
    answer = sqs.ask("ChangeMessageVisibilityBatch", QueueUrl=url("q"), Entries=entries)
    assert answer["Successful"] == [{"Id": "1"}]
    assert [one["Code"] for one in answer["Failed"]] == ["InvalidParameterValue"]
    assert sqs.bodies() == ["a"]


# Looking


def test_peeking_shows_everything_with_due_times_and_changes_nothing(sqs: Sqs) -> None:
    for body in "abc":
        sqs.send(body, MessageAttributes={"x": text(body)})
    sqs.send("d", DelaySeconds=50)
    sqs.receive(most=1)
    before, written = dict(sqs.world.kept), sqs.world.written
    now = sqs.world.now()
    looked = [sqs.api.peek(arn("q"), 10) for _ in range(5)][-1]
    assert [(one.message["Body"], one.state, one.due) for one in looked] == [
        ("a", "in flight", now + 30),
        ("b", "visible", None),
        ("c", "visible", None),
        ("d", "delayed", now + 50),
    ]
    assert looked[0].message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert looked[1].message["MessageAttributes"] == {"x": text("b")}
    assert [one.message["Body"] for one in sqs.api.peek(arn("q"), 2)] == ["a", "b"]
    assert (sqs.world.kept, sqs.world.written) == (before, written)
    sqs.world.pass_by(30)
    assert sqs.api.peek(arn("q"), 1)[0].state == "visible"
