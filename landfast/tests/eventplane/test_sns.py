"""SNS with services around it that only take what is sent.

Texts of refusals and shapes of notifications were recorded from AWS by LocalStack
(``tests/aws/services/sns/test_sns.snapshot.json``) or are given in the Amazon SNS Developer Guide.
"""

import json
from typing import Any

import pytest

from landfast.aws_errors import AwsError
from landfast.eventplane.sns import SnsApi
from landfast.journal import Delivered, Dropped
from landfast.sources.sent import Sent
from tests.eventplane.fanout import ACCOUNT, REGION, Sender, arn, text

QUEUE = arn("sqs", "orders")
FIFO_QUEUE = arn("sqs", "orders.fifo")
DEAD = arn("sqs", "dead")
FUNCTION = arn("lambda", "function:handle:live")
TOPIC = arn("sns", "news")
FIFO_TOPIC = arn("sns", "news.fifo")
NO_QUEUE = AwsError("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")


class Sns(Sender):
    API = SnsApi
    TAKERS = ("sqs", "lambda")

    def topic(self, name: str = "news", **attributes: str) -> str:
        found: str = self("CreateTopic", Name=name, Attributes=attributes)["TopicArn"]
        return found

    def subscribed(self, endpoint: str = QUEUE, topic: str = TOPIC, **attributes: str) -> str:
        protocol = endpoint.split(":")[2]
        found: str = self(
            "Subscribe", TopicArn=topic, Protocol=protocol, Endpoint=endpoint, Attributes=attributes,
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]  # fmt: skip
        return found


@pytest.fixture
def sns() -> Sns:
    made = Sns()
    made.topic()
    return made


@pytest.fixture
def fifo() -> Sns:
    made = Sns()
    made.topic("news.fifo", FifoTopic="true")
    return made


def test_a_queue_gets_a_notification(sns: Sns) -> None:
    subscription = sns.subscribed()
    answer = sns("Publish", TopicArn=TOPIC, Message="hello", Subject="hi", MessageAttributes={"kind": text("order")})
    [sent] = sns.recorder.sent_to(QUEUE)
    assert json.loads(sent.body) == {
        "Type": "Notification",
        "MessageId": answer["MessageId"],
        "TopicArn": TOPIC,
        "Subject": "hi",
        "Message": "hello",
        "Timestamp": "2026-01-02T03:03:20.000Z",
        "SignatureVersion": "1",
        "Signature": "EXAMPLE",
        "SigningCertURL": f"https://sns.{REGION}.amazonaws.com/SimpleNotificationService-{'0' * 32}.pem",
        "UnsubscribeURL": f"https://sns.{REGION}.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={subscription}",
        "MessageAttributes": {"kind": {"Type": "String", "Value": "order"}},
    }
    assert sent.attributes == {}
    assert (sent.group, sent.deduplication_id, sent.origin) == (None, None, "topic news")


def test_a_notification_leaves_out_what_a_message_has_not(sns: Sns) -> None:
    sns.subscribed()
    sns("Publish", TopicArn=TOPIC, Message="hello")
    assert {"Subject", "MessageAttributes", "SequenceNumber"}.isdisjoint(json.loads(sns.recorder.taken[0][1].body))


def test_a_function_gets_an_event(sns: Sns) -> None:
    subscription = sns.subscribed(FUNCTION)
    attributes = {"raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}
    answer = sns("Publish", TopicArn=TOPIC, Message="hello", MessageAttributes=attributes)
    [sent] = sns.recorder.sent_to(FUNCTION)
    [record] = json.loads(sent.body)["Records"]
    assert (record["EventSource"], record["EventVersion"]) == ("aws:sns", "1.0")
    assert record["EventSubscriptionArn"] == subscription
    assert record["Sns"]["MessageId"] == answer["MessageId"]
    assert record["Sns"]["Subject"] is None
    assert record["Sns"]["Message"] == "hello"
    assert record["Sns"]["MessageAttributes"] == {"raw": {"Type": "Binary", "Value": "AP8="}}
    assert {"SigningCertUrl", "UnsubscribeUrl", "Signature", "SignatureVersion", "Timestamp"} <= record["Sns"].keys()


def test_raw_delivery_hands_the_message_and_all_its_attributes_on(sns: Sns) -> None:
    sns.subscribed(RawMessageDelivery="true")
    attributes = {"kind": text("order"), "raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}
    sns("Publish", TopicArn=TOPIC, Message="hello", MessageAttributes=attributes)
    [sent] = sns.recorder.sent_to(QUEUE)
    assert (sent.body, sent.attributes) == ("hello", attributes)


def test_s_034_the_trace_header_goes_on(sns: Sns) -> None:
    sns.subscribed()
    sns.subscribed(FUNCTION)
    sns("Publish", trace="Root=1-a;Lineage=00000000:1", TopicArn=TOPIC, Message="hello")
    sns.api.take(TOPIC, Sent(body="from a bucket", trace="Root=1-b"))
    traces = [sent.trace for _, sent in sns.recorder.taken]
    assert traces == ["Root=1-a;Lineage=00000000:1"] * 2 + ["Root=1-b"] * 2


def test_a_filter_policy_decides_by_attributes_or_by_the_body(sns: Sns) -> None:
    other = arn("sqs", "other")
    sns.subscribed(FilterPolicy='{"kind": ["order"]}')
    sns.subscribed(other, FilterPolicy='{"total": [{"numeric": [">", 10]}]}', FilterPolicyScope="MessageBody")
    sns("Publish", TopicArn=TOPIC, Message='{"total": 5}', MessageAttributes={"kind": text("order")})
    sns("Publish", TopicArn=TOPIC, Message='{"total": 50}', MessageAttributes={"kind": text("other")})
    assert [json.loads(sent.body)["Message"] for sent in sns.recorder.sent_to(QUEUE)] == ['{"total": 5}']
    assert [json.loads(sent.body)["Message"] for sent in sns.recorder.sent_to(other)] == ['{"total": 50}']


def test_each_protocol_gets_its_own_text_of_a_structured_message(sns: Sns) -> None:
    sns.subscribed(RawMessageDelivery="true")
    sns.subscribed(FUNCTION)
    structured = json.dumps({"default": "for all", "sqs": "for queues", "email": 5})
    sns("Publish", TopicArn=TOPIC, Message=structured, MessageStructure="json")
    assert sns.recorder.sent_to(QUEUE)[0].body == "for queues"
    assert json.loads(sns.recorder.sent_to(FUNCTION)[0].body)["Records"][0]["Sns"]["Message"] == "for all"


def test_a_group_of_a_standard_topic_goes_on_to_fair_queues(sns: Sns) -> None:
    sns.subscribed()
    sns.subscribed(FUNCTION)
    sns("Publish", TopicArn=TOPIC, Message="hello", MessageGroupId="tenant")
    assert sns.recorder.sent_to(QUEUE)[0].group == "tenant"
    assert sns.recorder.sent_to(FUNCTION)[0].group is None


def test_what_an_endpoint_refuses_goes_to_the_dead_letter_queue(sns: Sns) -> None:
    sns.subscribed(FUNCTION, RedrivePolicy=json.dumps({"deadLetterTargetArn": DEAD}))
    sns.recorder.refusals[FUNCTION] = AwsError("ResourceNotFoundException", "Function not found", status=404)
    answer = sns("Publish", TopicArn=TOPIC, Message="hello")
    [letter] = sns.recorder.sent_to(DEAD)
    assert json.loads(letter.body)["Message"] == "hello"
    [note] = sns.world.notes
    assert isinstance(note, Delivered)
    assert (note.kind, note.target, note.records) == ("dlq", DEAD, (answer["MessageId"],))
    assert "Function not found" in note.body["error"]


def test_a_raw_dead_letter_keeps_its_attributes(sns: Sns) -> None:
    sns.subscribed(RawMessageDelivery="true", RedrivePolicy=json.dumps({"deadLetterTargetArn": DEAD}))
    sns.recorder.refusals[QUEUE] = NO_QUEUE
    sns("Publish", TopicArn=TOPIC, Message="hello", MessageAttributes={"kind": text("order")})
    [letter] = sns.recorder.sent_to(DEAD)
    assert (letter.body, letter.attributes) == ("hello", {"kind": text("order")})


def test_what_is_refused_without_a_dead_letter_queue_is_dropped_with_the_reason(sns: Sns) -> None:
    sns.subscribed()
    sns.recorder.refusals[QUEUE] = NO_QUEUE
    answer = sns("Publish", TopicArn=TOPIC, Message="hello")
    [note] = sns.world.notes
    assert isinstance(note, Dropped)
    assert (note.metric, note.records) == ("NumberOfNotificationsFailed", (answer["MessageId"],))
    assert QUEUE in note.error
    assert "does not exist" in note.error


def test_a_dead_letter_queue_that_is_not_there_drops_the_message(sns: Sns) -> None:
    sns.subscribed(RedrivePolicy=json.dumps({"deadLetterTargetArn": DEAD}))
    sns.recorder.refusals |= {QUEUE: NO_QUEUE, DEAD: NO_QUEUE}
    sns("Publish", TopicArn=TOPIC, Message="hello")
    [note] = sns.world.notes
    assert isinstance(note, Dropped)
    assert note.metric == "NumberOfNotificationsFailedToRedriveToDlq"
    assert QUEUE in note.error
    assert DEAD in note.error


def test_one_endpoint_that_refuses_keeps_nothing_from_the_others(sns: Sns) -> None:
    sns.subscribed()
    sns.subscribed(FUNCTION)
    sns.recorder.refusals[QUEUE] = NO_QUEUE
    sns("Publish", TopicArn=TOPIC, Message="hello")
    assert len(sns.recorder.sent_to(FUNCTION)) == 1


# FIFO topics


def publish(sns: Sns, message: str = "hello", group: str = "g", **more: Any) -> Any:
    return sns("Publish", TopicArn=FIFO_TOPIC, Message=message, MessageGroupId=group, **more)


def test_s_140_a_fifo_topic_hands_its_groups_and_deduplication_ids_on(fifo: Sns) -> None:
    fifo.subscribed(FIFO_QUEUE, FIFO_TOPIC)
    fifo.subscribed(QUEUE, FIFO_TOPIC)
    answer = publish(fifo, MessageDeduplicationId="once")
    [sent] = fifo.recorder.sent_to(FIFO_QUEUE)
    assert (sent.group, sent.deduplication_id) == ("g", "once")
    notification = json.loads(sent.body)
    assert notification["SequenceNumber"] == answer["SequenceNumber"]
    assert "Signature" not in notification
    [plain] = fifo.recorder.sent_to(QUEUE)
    assert (plain.group, plain.deduplication_id) == (None, None)


def test_s_140_a_deduplication_id_counts_for_five_minutes(fifo: Sns) -> None:
    fifo.subscribed(FIFO_QUEUE, FIFO_TOPIC)
    first = publish(fifo, MessageDeduplicationId="once")
    fifo.world.pass_until(fifo.world.now() + 299)
    assert publish(fifo, "again", "other", MessageDeduplicationId="once") == first
    assert len(fifo.recorder.taken) == 1
    fifo.world.pass_until(fifo.world.now() + 1)
    later = publish(fifo, MessageDeduplicationId="once")
    assert later["MessageId"] != first["MessageId"]
    assert later["SequenceNumber"] > first["SequenceNumber"]
    assert len(fifo.recorder.taken) == 2


def test_s_140_deduplication_counts_within_a_group_where_the_scope_says_so(fifo: Sns) -> None:
    fifo("SetTopicAttributes", TopicArn=FIFO_TOPIC, AttributeName="FifoThroughputScope", AttributeValue="MessageGroup")
    fifo.subscribed(FIFO_QUEUE, FIFO_TOPIC)
    for group in ("a", "b", "a"):
        publish(fifo, group=group, MessageDeduplicationId="once")
    assert [sent.group for sent in fifo.recorder.sent_to(FIFO_QUEUE)] == ["a", "b"]


def test_content_based_deduplication_looks_at_the_message_alone(fifo: Sns) -> None:
    fifo("SetTopicAttributes", TopicArn=FIFO_TOPIC, AttributeName="ContentBasedDeduplication", AttributeValue="true")
    fifo.subscribed(FIFO_QUEUE, FIFO_TOPIC)
    publish(fifo)
    publish(fifo, MessageAttributes={"kind": text("order")})
    publish(fifo, "other")
    bodies = [json.loads(sent.body)["Message"] for sent in fifo.recorder.sent_to(FIFO_QUEUE)]
    assert bodies == ["hello", "other"]
    assert len({sent.deduplication_id for sent in fifo.recorder.sent_to(FIFO_QUEUE)}) == 2


def test_a_fifo_topic_wants_a_group_and_a_deduplication_id(fifo: Sns) -> None:
    missing = fifo.refusal("Publish", TopicArn=FIFO_TOPIC, Message="hello")
    assert missing.message == "Invalid parameter: The MessageGroupId parameter is required for FIFO topics"
    missing = fifo.refusal("Publish", TopicArn=FIFO_TOPIC, Message="hello", MessageGroupId="g")
    assert missing.message == (
        "Invalid parameter: The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId "
        "provided explicitly"
    )


# What is refused


@pytest.mark.parametrize(
    ("params", "code", "message"),
    [
        ({"Message": ""}, "InvalidParameter", "Invalid parameter: Empty message"),
        ({"Message": "m", "Subject": ""}, "InvalidParameter", "Invalid parameter: Subject"),
        ({"Message": "m", "Subject": "a\nb"}, "InvalidParameter", "Invalid parameter: Subject"),
        ({"Message": "m", "Subject": "x" * 101}, "InvalidParameter", "Invalid parameter: Subject"),
        ({"Message": "x" * 262_145}, "InvalidParameter", "Invalid parameter: Message too long"),
        ({"Message": "x" * 262_140, "MessageAttributes": {"a": text("b")}}, "InvalidParameter",
         "Invalid parameter: Message too long"),
        ({"Message": "m", "MessageStructure": "json"}, "InvalidParameter",
         "Invalid parameter: Message Structure - JSON message body failed to parse"),
        ({"Message": '{"sqs": "m"}', "MessageStructure": "json"}, "InvalidParameter",
         "Invalid parameter: Message Structure - No default entry in JSON message body"),
        ({"Message": "m", "MessageDeduplicationId": "d"}, "InvalidParameter",
         ("Invalid parameter: MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter "
         "that is not valid for this topic type")),
        ({"Message": "m", "MessageAttributes": {"a": {"DataType": "String", "StringValue": ""}}},
         "ParameterValueInvalid",
         ("The message attribute 'a' must contain non-empty message attribute value for message attribute type "
         "'String'.")),
        ({"Message": "m", "MessageAttributes": {"a": {"DataType": "Other", "StringValue": "x"}}},
         "ParameterValueInvalid",
         ("The message attribute 'a' has an invalid message attribute type, the set of supported type prefixes is "
         "Binary, Number, and String.")),
        ({"Message": "m", "MessageAttributes": {"a": {"DataType": "Binary", "StringValue": "x"}}},
         "ParameterValueInvalid", "The message attribute 'a' with type 'Binary' must use field 'Binary'."),
        ({"Message": "m", "MessageAttributes": {"a": {"DataType": "Number", "StringValue": "x"}}},
         "ParameterValueInvalid", "Could not cast message attribute 'a' value to number."),
        ({"Message": "m", "MessageAttributes": {"a": {"StringValue": "x"}}}, "ValidationError",
         ("1 validation error detected: Value null at 'messageAttributes.a.member.dataType' failed to satisfy "
         "constraint: Member must not be null")),
        ({"Message": "m", "MessageAttributes": {".a": text("x")}}, "ParameterValueInvalid",
         "Invalid message attribute name starting with character '.' was found."),
        ({"Message": "m", "MessageAttributes": {"a.": text("x")}}, "ParameterValueInvalid",
         "Invalid message attribute name ending with character '.' was found."),
        ({"Message": "m", "MessageAttributes": {"a..b": text("x")}}, "ParameterValueInvalid",
         "Message attribute name can not have successive '.' character."),
        ({"Message": "m", "MessageAttributes": {"a!": text("x")}}, "ParameterValueInvalid",
         ("Invalid non-alphanumeric character '#x21' was found in the message attribute name. Can only include "
         "alphanumeric characters, hyphens, underscores, or dots.")),
        ({"Message": "m", "MessageAttributes": {"a" * 257: text("x")}}, "ParameterValueInvalid",
         "Length of message attribute name must be less than 256 bytes."),
    ],
)  # fmt: skip
def test_a_message_that_sns_does_not_take_is_refused(sns: Sns, params: Any, code: str, message: str) -> None:
    refused = sns.refusal("Publish", TopicArn=TOPIC, **params)
    assert (refused.code, refused.message, refused.status) == (code, message, 400)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"Protocol": "http", "Endpoint": "http://example.com"},
         "Invalid parameter: Protocol Reason: http subscriptions are not run locally; sqs and lambda are"),
        ({"Protocol": "pigeon", "Endpoint": "x"},
         "Invalid parameter: Amazon SNS does not support this protocol string: pigeon"),
        ({"Protocol": "sqs", "Endpoint": "x"}, "Invalid parameter: SQS endpoint ARN"),
        ({"Protocol": "lambda", "Endpoint": QUEUE}, "Invalid parameter: Lambda endpoint ARN"),
        ({"Protocol": "sqs", "Endpoint": FIFO_QUEUE},
         ("Invalid parameter: Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard "
         "SNS topics")),
        ({"Attributes": {"Bogus": "1"}}, "Invalid parameter: Attributes Reason: AttributeName"),
        ({"Attributes": {"RawMessageDelivery": "maybe"}},
         "Invalid parameter: Attributes Reason: RawMessageDelivery: Invalid value [maybe]. Must be true or false."),
        ({"Attributes": {"FilterPolicyScope": "x"}},
         ("Invalid parameter: Attributes Reason: FilterPolicyScope: Invalid value [x]. Please use either MessageBody "
         "or MessageAttributes")),
        ({"Attributes": {"FilterPolicy": '{"a": []}'}},
         "Invalid parameter: Attributes Reason: FilterPolicy: Empty arrays are not allowed"),
        ({"Attributes": {"RedrivePolicy": "{"}},
         "Invalid parameter: Attributes Reason: RedrivePolicy: failed to parse JSON."),
        ({"Attributes": {"RedrivePolicy": '{"deadLetterTargetArn": "x"}'}},
         "Invalid parameter: Attributes Reason: RedrivePolicy: deadLetterTargetArn is an invalid arn"),
    ],
)  # fmt: skip
def test_a_subscription_that_sns_does_not_take_is_refused(sns: Sns, params: Any, message: str) -> None:
    refused = sns.refusal("Subscribe", **{"TopicArn": TOPIC, "Protocol": "sqs", "Endpoint": QUEUE, **params})
    assert (refused.code, refused.message) == ("InvalidParameter", message)


def test_functions_are_delivered_to_neither_raw_nor_from_fifo_topics(sns: Sns, fifo: Sns) -> None:
    params = {"Protocol": "lambda", "Endpoint": FUNCTION}
    raw = sns.refusal("Subscribe", TopicArn=TOPIC, Attributes={"RawMessageDelivery": "true"}, **params)
    assert "does not support raw message delivery" in raw.message
    assert "FIFO SNS topics" in fifo.refusal("Subscribe", TopicArn=FIFO_TOPIC, **params).message


def test_a_fifo_subscription_wants_a_fifo_dead_letter_queue(fifo: Sns) -> None:
    refused = fifo.refusal(
        "Subscribe", TopicArn=FIFO_TOPIC, Protocol="sqs", Endpoint=FIFO_QUEUE,
        Attributes={"RedrivePolicy": json.dumps({"deadLetterTargetArn": DEAD})},
    )  # fmt: skip
    assert refused.message == (
        "Invalid parameter: Attributes Reason: RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to "
        "a FIFO Topic."
    )


@pytest.mark.parametrize("operation", ["Publish", "Subscribe", "GetTopicAttributes", "ListSubscriptionsByTopic"])
def test_a_topic_that_is_not_there_is_told(sns: Sns, operation: str) -> None:
    params = {"TopicArn": arn("sns", "none"), "Message": "m", "Protocol": "sqs", "Endpoint": QUEUE}
    refused = sns.refusal(operation, **params)
    assert (refused.code, refused.message, refused.status) == ("NotFound", "Topic does not exist", 404)
    assert sns.refusal(operation, **{**params, "TopicArn": "x"}).message == (
        "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1"
    )


@pytest.mark.parametrize("operation", ["SetSMSAttributes", "CreatePlatformEndpoint", "PutDataProtectionPolicy"])
def test_an_action_that_is_not_run_is_named(sns: Sns, operation: str) -> None:
    refused = sns.refusal(operation)
    assert (refused.code, refused.status) == ("NotImplementedException", 501)
    assert operation in refused.message
    assert sns.refusal("Publish", PhoneNumber="+1", Message="m").code == "NotImplementedException"
    assert sns.refusal("Publish", TargetArn=arn("sns", "endpoint/GCM/a/b"), Message="m").status == 501


# Batches


def entry(name: str, message: str = "hello", **more: Any) -> dict[str, Any]:
    return {"Id": name, "Message": message, **more}


def test_a_batch_is_published_in_order(sns: Sns) -> None:
    sns.subscribed(RawMessageDelivery="true")
    answer = sns("PublishBatch", TopicArn=TOPIC, PublishBatchRequestEntries=[entry("a", "1"), entry("b", "2")])
    assert [each["Id"] for each in answer["Successful"]] == ["a", "b"]
    assert answer["Failed"] == []
    assert [sent.body for sent in sns.recorder.sent_to(QUEUE)] == ["1", "2"]


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([], "EmptyBatchRequest"),
        ([entry(str(number)) for number in range(11)], "TooManyEntriesInBatchRequest"),
        ([entry("a"), entry("a")], "BatchEntryIdsNotDistinct"),
        ([entry("a b")], "InvalidBatchEntryId"),
        ([entry("x" * 81)], "InvalidBatchEntryId"),
        ([entry("a", "x" * 200_000), entry("b", "x" * 200_000)], "BatchRequestTooLong"),
        ([entry("a"), entry("b", "")], "InvalidParameter"),
    ],
)
def test_a_batch_that_sns_does_not_take_publishes_nothing(sns: Sns, entries: Any, code: str) -> None:
    sns.subscribed()
    assert sns.refusal("PublishBatch", TopicArn=TOPIC, PublishBatchRequestEntries=entries).code == code
    assert sns.recorder.taken == []


def test_a_bad_attribute_of_a_batch_is_told_with_its_place(sns: Sns) -> None:
    entries = [entry("a"), entry("b", MessageAttributes={"x": {"StringValue": "y"}})]
    refused = sns.refusal("PublishBatch", TopicArn=TOPIC, PublishBatchRequestEntries=entries)
    assert "'publishBatchRequestEntries.2.member.messageAttributes.x.member.dataType'" in refused.message


# Topics and subscriptions


def test_a_topic_is_created_once(sns: Sns) -> None:
    assert sns.topic() == TOPIC
    assert sns("ListTopics")["Topics"] == [{"TopicArn": TOPIC}]
    sns.topic("named", DisplayName="a")
    refused = sns.refusal("CreateTopic", Name="named", Attributes={"DisplayName": "b"})
    assert refused.message == "Invalid parameter: Attributes Reason: Topic already exists with different attributes"
    refused = sns.refusal("CreateTopic", Name="named", Tags=[{"Key": "a", "Value": "b"}])
    assert refused.message == "Invalid parameter: Tags Reason: Topic already exists with different tags"


@pytest.mark.parametrize(
    ("name", "attributes"),
    [("a b", {}), ("", {}), ("x" * 257, {}), ("a.fifo", {}), ("a", {"FifoTopic": "true"}), ("a", {"Bogus": "1"}),
     ("a", {"ContentBasedDeduplication": "true"})],
)  # fmt: skip
def test_a_topic_that_sns_does_not_make_is_refused(sns: Sns, name: str, attributes: dict[str, str]) -> None:
    assert sns.refusal("CreateTopic", Name=name, Attributes=attributes).code == "InvalidParameter"


def test_a_topic_tells_its_attributes(fifo: Sns) -> None:
    fifo.subscribed(FIFO_QUEUE, FIFO_TOPIC)
    fifo("SetTopicAttributes", TopicArn=FIFO_TOPIC, AttributeName="DisplayName", AttributeValue="News")
    told = fifo("GetTopicAttributes", TopicArn=FIFO_TOPIC)["Attributes"]
    assert (told["TopicArn"], told["Owner"], told["DisplayName"]) == (FIFO_TOPIC, ACCOUNT, "News")
    assert (told["FifoTopic"], told["ContentBasedDeduplication"]) == ("true", "false")
    assert (told["SubscriptionsConfirmed"], told["SubscriptionsPending"]) == ("1", "0")
    assert json.loads(told["Policy"])["Statement"][0]["Resource"] == FIFO_TOPIC
    assert "http" in json.loads(told["EffectiveDeliveryPolicy"])
    assert fifo.refusal(
        "SetTopicAttributes", TopicArn=FIFO_TOPIC, AttributeName="FifoTopic", AttributeValue="false"
    ).message == "Invalid parameter: AttributeName"  # fmt: skip


def test_permissions_are_statements_of_the_policy(sns: Sns) -> None:
    grant: dict[str, Any] = {
        "TopicArn": TOPIC,
        "Label": "l",
        "AWSAccountId": ["111122223333"],
        "ActionName": ["Publish"],
    }
    sns("AddPermission", **grant)
    added = json.loads(sns("GetTopicAttributes", TopicArn=TOPIC)["Attributes"]["Policy"])["Statement"][-1]
    assert added == {
        "Sid": "l",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
        "Action": "SNS:Publish",
        "Resource": TOPIC,
    }
    assert sns.refusal("AddPermission", **grant).message == "Invalid parameter: Statement already exists"
    sns("RemovePermission", TopicArn=TOPIC, Label="l")
    assert len(json.loads(sns("GetTopicAttributes", TopicArn=TOPIC)["Attributes"]["Policy"])["Statement"]) == 1


def test_a_policy_that_is_set_has_statements_and_gets_more(sns: Sns) -> None:
    named = {"TopicArn": TOPIC, "AttributeName": "Policy"}
    for policy in ("{}", '{"Statement": ["s"]}'):
        refused = sns.refusal("SetTopicAttributes", **named, AttributeValue=policy)
        assert refused.message == "Invalid parameter: Policy Error: null"
    sns("SetTopicAttributes", **named, AttributeValue='{"Statement": {"Sid": "s"}}')
    sns("AddPermission", TopicArn=TOPIC, Label="l", AWSAccountId=["111122223333"], ActionName=["Publish"])
    kept = json.loads(sns("GetTopicAttributes", TopicArn=TOPIC)["Attributes"]["Policy"])
    assert [statement["Sid"] for statement in kept["Statement"]] == ["s", "l"]


def test_a_topic_has_tags(sns: Sns) -> None:
    sns("TagResource", ResourceArn=TOPIC, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    sns("UntagResource", ResourceArn=TOPIC, TagKeys=["a"])
    assert sns("ListTagsForResource", ResourceArn=TOPIC)["Tags"] == [{"Key": "b", "Value": "2"}]
    assert sns.refusal("ListTagsForResource", ResourceArn=arn("sns", "none")).code == "ResourceNotFound"


def test_a_subscription_is_made_once(sns: Sns) -> None:
    first = sns.subscribed(RawMessageDelivery="true")
    assert sns.subscribed() == first
    assert sns.subscribed(RawMessageDelivery="TRUE") == first
    refused = sns.refusal(
        "Subscribe", TopicArn=TOPIC, Protocol="sqs", Endpoint=QUEUE, Attributes={"RawMessageDelivery": "false"}
    )
    assert refused.message == (
        "Invalid parameter: Attributes Reason: Subscription already exists with different attributes"
    )


def test_a_subscription_tells_its_attributes(sns: Sns) -> None:
    subscription = sns.subscribed()
    told = sns("GetSubscriptionAttributes", SubscriptionArn=subscription)["Attributes"]
    assert {"FilterPolicy", "FilterPolicyScope"}.isdisjoint(told)
    assert (told["PendingConfirmation"], told["RawMessageDelivery"], told["Endpoint"]) == ("false", "false", QUEUE)
    sns("SetSubscriptionAttributes", SubscriptionArn=subscription, AttributeName="FilterPolicy",
        AttributeValue='{"kind": ["a"]}')  # fmt: skip
    told = sns("GetSubscriptionAttributes", SubscriptionArn=subscription)["Attributes"]
    assert (told["FilterPolicy"], told["FilterPolicyScope"]) == ('{"kind": ["a"]}', "MessageAttributes")
    assert sns.refusal("GetSubscriptionAttributes", SubscriptionArn=TOPIC + ":none").code == "NotFound"


def test_a_changed_filter_policy_counts_at_once(sns: Sns) -> None:
    subscription = sns.subscribed(FilterPolicy='{"kind": ["a"]}')
    change = {"SubscriptionArn": subscription, "AttributeName": "FilterPolicy"}
    sns("Publish", TopicArn=TOPIC, Message="one")
    sns("SetSubscriptionAttributes", AttributeValue="{}", **change)
    sns("Publish", TopicArn=TOPIC, Message="two")
    assert [json.loads(sent.body)["Message"] for sent in sns.recorder.sent_to(QUEUE)] == ["two"]
    refused = sns.refusal("SetSubscriptionAttributes", AttributeValue='{"a": []}', **change)
    assert refused.message == "Invalid parameter: FilterPolicy: Empty arrays are not allowed"


def test_what_is_unsubscribed_gets_nothing_more(sns: Sns) -> None:
    subscription = sns.subscribed()
    sns("Unsubscribe", SubscriptionArn=subscription)
    sns("Unsubscribe", SubscriptionArn=subscription)
    sns("Publish", TopicArn=TOPIC, Message="hello")
    assert sns.recorder.taken == []
    assert sns("ListSubscriptions")["Subscriptions"] == []
    assert sns.refusal("Unsubscribe", SubscriptionArn=TOPIC).message == "Invalid parameter: SubscriptionId"
    assert sns.refusal("Unsubscribe", SubscriptionArn="x").message == (
        "Invalid parameter: SubscriptionArn Reason: An ARN must have at least 6 elements, not 1"
    )
    assert sns.refusal("ConfirmSubscription", TopicArn=TOPIC, Token="x").message == (  # noqa: S106 - no password
        "Invalid parameter: Token"
    )


def test_a_deleted_topic_takes_its_subscriptions_along(sns: Sns) -> None:
    sns.subscribed()
    sns("DeleteTopic", TopicArn=TOPIC)
    sns("DeleteTopic", TopicArn=TOPIC)
    assert sns.world.kept == {}
    assert sns("ListSubscriptions")["Subscriptions"] == []
    sns.topic()
    sns("Publish", TopicArn=TOPIC, Message="hello")
    assert sns.recorder.taken == []


def test_lists_come_in_pages_of_a_hundred(sns: Sns) -> None:
    for number in range(120):
        sns.topic(f"t{number:03}")
        sns.subscribed(arn("sqs", f"q{number}"))
    for operation, member in (("ListTopics", "Topics"), ("ListSubscriptions", "Subscriptions"),
                              ("ListSubscriptionsByTopic", "Subscriptions")):  # fmt: skip
        first = sns(operation, TopicArn=TOPIC)
        second = sns(operation, TopicArn=TOPIC, NextToken=first["NextToken"])
        assert len(first[member]) == 100
        assert "NextToken" not in second
        every = [each.get("SubscriptionArn", each["TopicArn"]) for each in first[member] + second[member]]
        assert len(set(every)) == len(every) >= 120
    assert sns.refusal("ListTopics", NextToken="nonsense").message == "Invalid parameter: NextToken"


# From other services, and from one run of the service to the next


def test_a_topic_takes_what_another_service_sends(sns: Sns) -> None:
    sns.subscribed()
    sns.api.take(TOPIC, Sent(body="hello", subject="Amazon S3 Notification", attributes={"kind": text("a")}))
    notification = json.loads(sns.recorder.sent_to(QUEUE)[0].body)
    assert (notification["Message"], notification["Subject"]) == ("hello", "Amazon S3 Notification")
    with pytest.raises(AwsError, match="Topic does not exist"):
        sns.api.take(arn("sns", "none"), Sent(body="hello"))
    with pytest.raises(AwsError, match="Message too long"):
        sns.api.take(TOPIC, Sent(body="x" * 262_145))


def test_a_restart_forgets_nothing(fifo: Sns) -> None:
    fifo("TagResource", ResourceArn=FIFO_TOPIC, Tags=[{"Key": "a", "Value": "1"}])
    for number in range(12):
        fifo.subscribed(arn("sqs", f"q{number}.fifo"), FIFO_TOPIC, FilterPolicy='{"kind": ["order"]}')
    first = publish(fifo, MessageDeduplicationId="once", MessageAttributes={"kind": text("order")})
    again = fifo.restarted()
    assert again("ListSubscriptionsByTopic", TopicArn=FIFO_TOPIC) == fifo(
        "ListSubscriptionsByTopic", TopicArn=FIFO_TOPIC
    )
    assert again("GetTopicAttributes", TopicArn=FIFO_TOPIC) == fifo("GetTopicAttributes", TopicArn=FIFO_TOPIC)
    assert again("ListTagsForResource", ResourceArn=FIFO_TOPIC)["Tags"] == [{"Key": "a", "Value": "1"}]
    assert publish(again, MessageDeduplicationId="once") == first
    assert len(again.recorder.taken) == 12
    second = publish(again, MessageDeduplicationId="twice", MessageAttributes={"kind": text("other")})
    assert second["SequenceNumber"] > first["SequenceNumber"]
    assert len(again.recorder.taken) == 12


def test_deduplication_ids_that_no_longer_count_are_forgotten(fifo: Sns) -> None:
    for number in range(5):
        publish(fifo, MessageDeduplicationId=f"d{number}")
    fifo.world.pass_until(fifo.world.now() + 300)
    again = fifo.restarted()
    publish(again, MessageDeduplicationId="last")
    assert sum(key.startswith("seen ") for _, _, key in again.world.kept) == 1
