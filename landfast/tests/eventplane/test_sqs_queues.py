"""Queues of SQS: made, found, changed, listed and deleted, by its API."""

import json
from typing import Any

import pytest

from landfast.journal import Settled
from landfast.protocols.reading import query_model
from tests.eventplane.sqs_client import ACCOUNT, Sqs, arn, url

NAMES = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
FIFO_NAMES = (
    "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo "
    "suffix and be 1 to 80 in length."
)


@pytest.fixture
def sqs() -> Sqs:
    return Sqs()


def refused(sqs: Sqs, attributes: dict[str, str], name: str = "new") -> tuple[str, str]:
    return sqs.refusal("CreateQueue", QueueName=name, Attributes=attributes)


def test_every_operation_of_the_model_is_there(sqs: Sqs) -> None:
    assert set(sqs.api._operations) == set(query_model("sqs").operations)
    assert len(sqs.api._operations) == 23


# Making


def test_a_queue_has_awss_defaults(sqs: Sqs) -> None:
    assert sqs.create("q") == url("q")
    assert sqs.attributes("q") == {
        "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesDelayed": "0",
        "ApproximateNumberOfMessagesNotVisible": "0",
        "CreatedTimestamp": "1767323000",
        "DelaySeconds": "0",
        "LastModifiedTimestamp": "1767323000",
        "MaximumMessageSize": "1048576",
        "MessageRetentionPeriod": "345600",
        "QueueArn": arn("q"),
        "ReceiveMessageWaitTimeSeconds": "0",
        "SqsManagedSseEnabled": "true",
        "VisibilityTimeout": "30",
    }


def test_a_fifo_queue_has_more_of_them(sqs: Sqs) -> None:
    sqs.create("q")
    sqs.create("q.fifo", ContentBasedDeduplication="true")
    more = sqs.attributes("q.fifo").items() - sqs.attributes("q").items()
    assert dict(more) == {
        "ContentBasedDeduplication": "true",
        "DeduplicationScope": "queue",
        "FifoQueue": "true",
        "FifoThroughputLimit": "perQueue",
        "QueueArn": arn("q.fifo"),
    }


@pytest.mark.parametrize("name", ["", "a b", "a.b", "ä", "a" * 81, "q.fifo"])
def test_names_that_no_standard_queue_may_have(sqs: Sqs, name: str) -> None:
    assert sqs.refusal("CreateQueue", QueueName=name) == ("InvalidParameterValue", NAMES)


@pytest.mark.parametrize("name", ["q", ".fifo", "a b.fifo", "a" * 76 + ".fifo"])
def test_names_that_no_fifo_queue_may_have(sqs: Sqs, name: str) -> None:
    assert refused(sqs, {"FifoQueue": "true"}, name) == ("InvalidParameterValue", FIFO_NAMES)


def test_the_longest_names(sqs: Sqs) -> None:
    sqs.create("a" * 80)
    sqs.create("a" * 75 + ".fifo")


def test_the_same_queue_again_is_the_same_queue(sqs: Sqs) -> None:
    first = sqs.create("q", DelaySeconds="5")
    sqs.send("a", DelaySeconds=0)
    assert sqs.create("q", DelaySeconds="5", VisibilityTimeout="30") == first
    assert sqs.create("q") == first
    assert sqs.bodies() == ["a"]


def test_the_same_name_with_other_attributes_is_refused(sqs: Sqs) -> None:
    sqs.create("q", DelaySeconds="1")
    sqs.create("q.fifo")
    told = "A queue already exists with the same name and a different value for attribute"
    assert refused(sqs, {"DelaySeconds": "2"}, "q") == ("QueueNameExists", f"{told} DelaySeconds")
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    assert refused(sqs, attributes, "q.fifo") == ("QueueNameExists", f"{told} ContentBasedDeduplication")


@pytest.mark.parametrize(
    ("attribute", "low", "high"),
    [
        ("DelaySeconds", 0, 900),
        ("KmsDataKeyReusePeriodSeconds", 60, 86_400),
        ("MaximumMessageSize", 1024, 1_048_576),
        ("MessageRetentionPeriod", 60, 1_209_600),
        ("ReceiveMessageWaitTimeSeconds", 0, 20),
        ("VisibilityTimeout", 0, 43_200),
    ],
)
def test_numbers_have_bounds(sqs: Sqs, attribute: str, low: int, high: int) -> None:
    sqs.create("low", **{attribute: str(low)})
    sqs.create("high", **{attribute: str(high)})
    for value in (str(low - 1), str(high + 1), "x", "1.5", ""):
        assert refused(sqs, {attribute: value}) == (
            "InvalidAttributeValue",
            f"Invalid value for the parameter {attribute}.",
        )


@pytest.mark.parametrize(
    ("attributes", "code", "message"),
    [
        ({"FifoQueue": "false"}, "InvalidAttributeName", "Unknown Attribute FifoQueue."),
        (
            {"ContentBasedDeduplication": "true"},
            "InvalidAttributeName",
            "Unknown Attribute ContentBasedDeduplication.",
        ),
        (
            {"DeduplicationScope": "queue"},
            "InvalidAttributeName",
            "You can specify the DeduplicationScope only when FifoQueue is set to true.",
        ),
        ({"QueueArn": "a"}, "InvalidAttributeName", "Unknown Attribute QueueArn."),
        (
            {"SqsManagedSseEnabled": "yes"},
            "InvalidAttributeValue",
            "Invalid value for the parameter SqsManagedSseEnabled.",
        ),
        ({"Policy": "no JSON"}, "InvalidAttributeValue", "Invalid value for the parameter Policy."),
        ({"Policy": '{"Statement": ["s"]}'}, "InvalidAttributeValue", "Invalid value for the parameter Policy."),
        (
            {"SqsManagedSseEnabled": "true", "KmsMasterKeyId": "key"},
            "InvalidAttributeName",
            (
                "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or "
                "SQS SSE."
            ),
        ),
    ],
    ids=str,
)
def test_attributes_that_a_standard_queue_cannot_have(
    sqs: Sqs, attributes: dict[str, str], code: str, message: str
) -> None:
    assert refused(sqs, attributes) == (code, message)


def test_attributes_that_a_fifo_queue_cannot_have(sqs: Sqs) -> None:
    def told(**attributes: str) -> str:
        code, message = refused(sqs, {"FifoQueue": "true", **attributes}, "q.fifo")
        assert code == "InvalidAttributeValue"
        return message

    assert told(DeduplicationScope="group") == "Invalid value for the parameter DeduplicationScope."
    assert told(FifoThroughputLimit="none") == "Invalid value for the parameter FifoThroughputLimit."
    assert "DeduplicationScope is messageGroup" in told(FifoThroughputLimit="perMessageGroupId")


def test_a_key_of_kms_takes_the_place_of_sqss_own(sqs: Sqs) -> None:
    sqs.create("q", KmsMasterKeyId="alias/key")
    names = ("KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled")
    assert sqs.attributes("q", *names) == {
        "KmsMasterKeyId": "alias/key",
        "KmsDataKeyReusePeriodSeconds": "300",
        "SqsManagedSseEnabled": "false",
    }


# Redrive policies


def policy(target: str, receives: object = 3) -> str:
    return json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": receives})


@pytest.mark.parametrize("receives", [1, 1000, "7"])
def test_redrive_policies_that_are_good(sqs: Sqs, receives: object) -> None:
    sqs.create("dlq")
    sqs.create("q", RedrivePolicy=policy(arn("dlq"), receives))
    assert json.loads(sqs.attributes("q")["RedrivePolicy"])["maxReceiveCount"] == receives


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("no JSON", "Redrive policy is not a valid JSON map."),
        ("[]", "Redrive policy is not a valid JSON map."),
        ('{"maxReceiveCount": 1}', "Redrive policy does not contain mandatory attribute: deadLetterTargetArn."),
        (
            json.dumps({"deadLetterTargetArn": arn("dlq")}),
            "Redrive policy does not contain mandatory attribute: maxReceiveCount.",
        ),
        (policy("dummy", 42), "Invalid value for deadLetterTargetArn."),
        (
            policy(arn("dlq"), 0),
            "Invalid value for maxReceiveCount: 0, valid values are from 1 to 1000 both inclusive.",
        ),
        (
            policy(arn("dlq"), 1001),
            "Invalid value for maxReceiveCount: 1001, valid values are from 1 to 1000 both inclusive.",
        ),
        (policy(arn("none")), "Dead letter target does not exist."),
        (policy(arn("dlq.fifo")), "Dead letter queue must be same type of queue as the source."),
    ],
)
def test_redrive_policies_that_are_no_good(sqs: Sqs, given: str, reason: str) -> None:
    sqs.create("dlq")
    sqs.create("dlq.fifo")
    assert refused(sqs, {"RedrivePolicy": given}) == (
        "InvalidParameterValue",
        f"Value {given} for parameter RedrivePolicy is invalid. Reason: {reason}",
    )


def test_a_queue_may_say_whose_dead_letters_it_takes(sqs: Sqs) -> None:
    sqs.create("none", RedriveAllowPolicy={"redrivePermission": "denyAll"})
    sqs.create("some", RedriveAllowPolicy={"redrivePermission": "byQueue", "sourceQueueArns": [arn("q")]})
    sqs.create("all", RedriveAllowPolicy={"redrivePermission": "allowAll"})
    for target, taken in (("none", []), ("some", ["q"]), ("all", ["q", "other"])):
        for name in ("q", "other"):
            if name in taken:
                sqs.create(name, RedrivePolicy=policy(arn(target)))
                sqs.ask("DeleteQueue", QueueUrl=url(name))
            else:
                code, message = refused(sqs, {"RedrivePolicy": policy(arn(target))}, name)
                assert code == "InvalidParameterValue"
                assert "not allowed" in message


@pytest.mark.parametrize(
    "given",
    [
        "x",
        '{"redrivePermission": "some"}',
        '{"redrivePermission": "byQueue"}',
        '{"redrivePermission": "byQueue", "sourceQueueArns": []}',
        '{"redrivePermission": "byQueue", "sourceQueueArns": ["q"]}',
        json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [arn("q")] * 11}),
        json.dumps({"redrivePermission": "denyAll", "sourceQueueArns": [arn("q")]}),
    ],
)
def test_redrive_allow_policies_that_are_no_good(sqs: Sqs, given: str) -> None:
    code, message = refused(sqs, {"RedriveAllowPolicy": given})
    assert code == "InvalidParameterValue"
    assert message.startswith(f"Value {given} for parameter RedriveAllowPolicy is invalid. Reason: ")


# Looking and changing


def test_only_the_attributes_that_are_asked_for_are_told(sqs: Sqs) -> None:
    sqs.create("q")
    assert sqs.attributes("q", "QueueArn", "DelaySeconds") == {"QueueArn": arn("q"), "DelaySeconds": "0"}
    assert sqs.attributes("q", "RedrivePolicy") == {}
    assert sqs.ask("GetQueueAttributes", QueueUrl=url("q")) == {}
    assert sqs.refusal("GetQueueAttributes", QueueUrl=url("q"), AttributeNames=["SentTimestamp"]) == (
        "InvalidAttributeName",
        "Unknown Attribute SentTimestamp.",
    )


def test_attributes_are_set_and_the_time_is_told(sqs: Sqs) -> None:
    sqs.create("q", VisibilityTimeout="20")
    sqs.world.pass_by(100)
    sqs.set(VisibilityTimeout="69", DelaySeconds="420")
    names = ("VisibilityTimeout", "DelaySeconds", "CreatedTimestamp", "LastModifiedTimestamp")
    assert sqs.attributes("q", *names) == {
        "VisibilityTimeout": "69",
        "DelaySeconds": "420",
        "CreatedTimestamp": "1767323000",
        "LastModifiedTimestamp": "1767323100",
    }


def test_an_empty_policy_is_none(sqs: Sqs) -> None:
    sqs.create("dlq")
    sqs.create("q", RedrivePolicy=policy(arn("dlq")), Policy='{"Statement": []}')
    sqs.set(RedrivePolicy="", Policy="")
    assert sqs.attributes("q", "RedrivePolicy", "Policy") == {}
    sqs.create("other", RedrivePolicy="", Policy="")


def test_the_type_of_a_queue_stays(sqs: Sqs) -> None:
    sqs.create("q")
    sqs.create("q.fifo")

    def set_to(name: str, value: str) -> tuple[str, str]:
        return sqs.refusal("SetQueueAttributes", QueueUrl=url(name), Attributes={"FifoQueue": value})

    assert set_to("q", "true") == ("InvalidAttributeName", "Unknown Attribute FifoQueue.")
    assert set_to("q.fifo", "false") == (
        "InvalidAttributeValue",
        "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.",
    )
    sqs.set("q.fifo", FifoQueue="true")


def test_nothing_changes_where_one_attribute_is_refused(sqs: Sqs) -> None:
    sqs.create("q")
    attributes = {"DelaySeconds": "5", "VisibilityTimeout": "-1"}
    sqs.refusal("SetQueueAttributes", QueueUrl=url("q"), Attributes=attributes)
    assert sqs.attributes("q", "DelaySeconds") == {"DelaySeconds": "0"}


def test_a_key_of_kms_can_be_set_later(sqs: Sqs) -> None:
    sqs.create("q", SqsManagedSseEnabled="true")
    sqs.set(KmsMasterKeyId="alias/key")
    assert sqs.attributes("q", "SqsManagedSseEnabled") == {"SqsManagedSseEnabled": "false"}
    sqs.refusal("SetQueueAttributes", QueueUrl=url("q"), Attributes={"SqsManagedSseEnabled": "true"})


def test_a_shorter_retention_ends_what_is_older(sqs: Sqs) -> None:
    sqs.create("q")
    sqs.send("a")
    sqs.world.pass_by(100)
    sqs.send("b")
    sqs.set(MessageRetentionPeriod="60")
    assert sqs.bodies() == ["b"]
    [note] = sqs.world.noted(Settled)
    assert (note.source, note.state, len(note.records)) == ("q", "dropped", 1)


def test_a_longer_retention_keeps_what_is_in_flight(sqs: Sqs) -> None:
    sqs.create("q", MessageRetentionPeriod="60", VisibilityTimeout="100")
    sqs.send("a")
    sqs.receive()
    sqs.world.pass_by(70)
    sqs.set(MessageRetentionPeriod="200")
    sqs.world.pass_by(40)
    assert sqs.bodies() == ["a"]
    sqs.world.pass_by(100)
    assert sqs.counts() == (0, 0, 0)


# Finding


def test_a_queue_is_found_by_its_name(sqs: Sqs) -> None:
    sqs.create("q")
    assert sqs.ask("GetQueueUrl", QueueName="q") == {"QueueUrl": url("q")}
    assert sqs.ask("GetQueueUrl", QueueName="q", QueueOwnerAWSAccountId=ACCOUNT) == {"QueueUrl": url("q")}
    none = ("QueueDoesNotExist", "The specified queue does not exist.")
    assert sqs.refusal("GetQueueUrl", QueueName="none") == none
    assert sqs.refusal("GetQueueUrl", QueueName="q", QueueOwnerAWSAccountId="999999999999") == none


def test_queues_are_listed_by_their_beginning_and_in_pages(sqs: Sqs) -> None:
    assert sqs.ask("ListQueues") == {}
    names = [f"a{number}" for number in range(5)] + ["b"]
    for name in reversed(names):
        sqs.create(name)
    assert sqs.ask("ListQueues") == {"QueueUrls": [url(name) for name in names]}
    seen: list[str] = []
    token: dict[str, Any] = {}
    for _ in range(3):
        answer = sqs.ask("ListQueues", QueueNamePrefix="a", MaxResults=2, **token)
        seen += answer["QueueUrls"]
        token = {"NextToken": answer["NextToken"]} if "NextToken" in answer else {}
    assert (seen, token) == ([url(name) for name in names[:5]], {})


def test_pages_that_there_are_not(sqs: Sqs) -> None:
    for params in ({"MaxResults": 0}, {"MaxResults": 1001}, {"MaxResults": 1, "NextToken": "?"}, {"NextToken": "MQ=="}):
        assert sqs.refusal("ListQueues", **params)[0] == "InvalidParameterValue"


def test_the_sources_of_a_dead_letter_queue_are_listed(sqs: Sqs) -> None:
    for name in ("dlq", "c"):
        sqs.create(name)
    for name in ("b", "a"):
        sqs.create(name, RedrivePolicy=policy(arn("dlq")))
    answer = sqs.ask("ListDeadLetterSourceQueues", QueueUrl=url("dlq"))
    assert answer == {"queueUrls": [url("a"), url("b")]}
    first = sqs.ask("ListDeadLetterSourceQueues", QueueUrl=url("dlq"), MaxResults=1)
    assert first["queueUrls"] == [url("a")]
    assert sqs.ask("ListDeadLetterSourceQueues", QueueUrl=url("a")) == {"queueUrls": []}


# Purging and deleting


def test_a_purge_forgets_all_messages_and_is_noted(sqs: Sqs) -> None:
    sqs.create("q")
    for body in "ab":
        sqs.send(body)
    sqs.send("c", DelaySeconds=5)
    sqs.receive(most=1)
    sqs.ask("PurgeQueue", QueueUrl=url("q"))
    assert sqs.counts() == (0, 0, 0)
    [note] = sqs.world.noted(Settled)
    assert (note.source, note.state, note.rule, len(note.records)) == ("q", "dropped", "PurgeQueue", 3)
    sqs.send("d")
    assert sqs.bodies() == ["d"]


def test_a_queue_is_purged_once_a_minute(sqs: Sqs) -> None:
    sqs.create("q")
    sqs.ask("PurgeQueue", QueueUrl=url("q"))
    again = sqs.restarted()
    assert again.refusal("PurgeQueue", QueueUrl=url("q")) == (
        "PurgeQueueInProgress",
        "Only one PurgeQueue operation on q is allowed every 60 seconds.",
    )
    again.world.pass_by(60)
    again.ask("PurgeQueue", QueueUrl=url("q"))


def test_a_deleted_queue_is_gone_with_everything_in_it(sqs: Sqs) -> None:
    sqs.create("q.fifo", VisibilityTimeout="5")
    sqs.create("left")
    sqs.send("a", "q.fifo", MessageGroupId="g", MessageDeduplicationId="d")
    sqs.receive("q.fifo", ReceiveRequestAttemptId="r")
    sqs.ask("DeleteQueue", QueueUrl=url("q.fifo"))
    none = ("QueueDoesNotExist", "The specified queue does not exist.")
    assert sqs.refusal("GetQueueAttributes", QueueUrl=url("q.fifo")) == none
    assert sqs.refusal("DeleteQueue", QueueUrl=url("q.fifo")) == none
    assert {owner for _, owner, _ in sqs.world.kept} == {"left"}
    sqs.create("q.fifo")
    sqs.send("b", "q.fifo", MessageGroupId="g", MessageDeduplicationId="d")
    assert sqs.bodies("q.fifo") == ["b"]


# Tags and permissions


def test_tags_are_added_listed_and_removed(sqs: Sqs) -> None:
    sqs.ask("CreateQueue", QueueName="q", tags={"tag1": "value1"})
    sqs.ask("TagQueue", QueueUrl=url("q"), Tags={"tag2": "value2", "tag3": ""})
    assert sqs.ask("ListQueueTags", QueueUrl=url("q"))["Tags"] == {"tag1": "value1", "tag2": "value2", "tag3": ""}
    sqs.ask("UntagQueue", QueueUrl=url("q"), TagKeys=["tag1", "tag3", "none"])
    again = sqs.restarted()
    assert again.ask("ListQueueTags", QueueUrl=url("q"))["Tags"] == {"tag2": "value2"}
    again.ask("UntagQueue", QueueUrl=url("q"), TagKeys=["tag2"])
    assert again.ask("ListQueueTags", QueueUrl=url("q")) == {}


def test_a_queue_has_fifty_tags_at_most(sqs: Sqs) -> None:
    sqs.ask("CreateQueue", QueueName="q", tags={f"t{number}": "" for number in range(50)})
    refusal = sqs.refusal("TagQueue", QueueUrl=url("q"), Tags={"one": "more"})
    assert refusal == ("InvalidParameterValue", "Too many tags added for queue.")
    sqs.ask("TagQueue", QueueUrl=url("q"), Tags={"t1": "changed"})


def test_permissions_are_statements_of_the_policy(sqs: Sqs) -> None:
    sqs.create("q")

    def add(label: str, *accounts: str) -> None:
        sqs.ask("AddPermission", QueueUrl=url("q"), Label=label, AWSAccountIds=accounts, Actions=["ReceiveMessage"])

    def remove(label: str) -> None:
        sqs.ask("RemovePermission", QueueUrl=url("q"), Label=label)

    add("first", "668614515564", "111111111111")
    add("second", "111111111111")
    document = json.loads(sqs.attributes("q", "Policy")["Policy"])
    assert (document["Version"], document["Id"]) == ("2008-10-17", f"{arn('q')}/SQSDefaultPolicy")
    assert document["Statement"][0] == {
        "Sid": "first",
        "Effect": "Allow",
        "Principal": {"AWS": ["arn:aws:iam::668614515564:root", "arn:aws:iam::111111111111:root"]},
        "Action": "SQS:ReceiveMessage",
        "Resource": arn("q"),
    }
    assert document["Statement"][1]["Principal"] == {"AWS": "arn:aws:iam::111111111111:root"}
    remove("first")
    assert [each["Sid"] for each in json.loads(sqs.attributes("q")["Policy"])["Statement"]] == ["second"]
    remove("second")
    assert "Policy" not in sqs.attributes("q")


@pytest.mark.parametrize(
    ("params", "code", "message"),
    [
        (
            {"Label": "known"},
            "InvalidParameterValue",
            "Value known for parameter Label is invalid. Reason: Already exists.",
        ),
        (
            {"Label": "a b"},
            "InvalidParameterValue",
            (
                "Value a b for parameter Label is invalid. Reason: Can only include alphanumeric characters, hyphens, "
                "or underscores. 1 to 80 in length."
            ),
        ),
        (
            {"Actions": ["Receive"]},
            "InvalidParameterValue",
            (
                "Value SQS:Receive for parameter ActionName is invalid. Reason: Please refer to the appropriate WSDL "
                "for a list of valid actions. "
            ),
        ),
        ({"Actions": ["*"] * 8}, "OverLimit", "8 Actions were found, maximum allowed is 7."),
        ({"Actions": []}, "MissingParameter", "The request must contain the parameter ActionName."),
        ({"AWSAccountIds": []}, "MissingParameter", "The request must contain the parameter AWSAccountId."),
    ],
    ids=str,
)
def test_permissions_that_cannot_be_given(sqs: Sqs, params: dict[str, Any], code: str, message: str) -> None:
    sqs.create("q")
    asked: dict[str, Any] = {
        "QueueUrl": url("q"),
        "Label": "known",
        "AWSAccountIds": ["111111111111"],
        "Actions": ["*"],
    }
    sqs.ask("AddPermission", **asked)
    assert sqs.refusal("AddPermission", **{**asked, "Label": "new", **params}) == (code, message)


def test_a_permission_that_is_not_there_cannot_be_removed(sqs: Sqs) -> None:
    sqs.create("q")
    assert sqs.refusal("RemovePermission", QueueUrl=url("q"), Label="none") == (
        "InvalidParameterValue",
        "Value none for parameter Label is invalid. Reason: can't find label.",
    )
