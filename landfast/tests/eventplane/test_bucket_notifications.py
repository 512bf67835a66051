"""Calls about notification configurations, which never reach the engine.

Shapes were recorded of AWS by localstack (tests/aws/services/s3/test_s3_notifications_sqs, _sns, _lambda); S-42.
"""

import json
from typing import Any
from xml.etree import ElementTree as ET

import botocore.loaders
import botocore.model
import botocore.parsers
import botocore.serialize
import pytest

from landfast.aws_errors import AwsError
from landfast.delivery.settings import Settings
from tests.eventplane.fanout import arn
from tests.eventplane.s3_engine import S3

QUEUE, TOPIC = arn("sqs", "orders"), arn("sns", "news")
FUNCTION = arn("lambda", "function:handle")
CREATED, REMOVED = "s3:ObjectCreated:*", "s3:ObjectRemoved:*"
NOT_THERE = AwsError("QueueDoesNotExist", "The specified queue does not exist.")

_MODEL = botocore.model.ServiceModel(botocore.loaders.Loader().load_service_model("s3", "service-2"))


def body(**configuration: Any) -> bytes:
    """What an SDK sends."""
    operation = _MODEL.operation_model("PutBucketNotificationConfiguration")
    serializer = botocore.serialize.create_serializer("rest-xml")
    params = {"Bucket": "inbox", "NotificationConfiguration": configuration}
    sent: bytes = serializer.serialize_to_request(params, operation)["body"]
    return sent


def read(content: bytes) -> Any:
    """What an SDK reads."""
    operation = _MODEL.operation_model("GetBucketNotificationConfiguration")
    parser = botocore.parsers.create_parser("rest-xml")
    answer = {"status_code": 200, "headers": {}, "body": content}
    assert operation.output_shape is not None
    return {key: each for key, each in parser.parse(answer, operation.output_shape).items() if key[0] != "R"}


def error(content: bytes) -> dict[str, str]:
    found = {each.tag: each.text or "" for each in ET.fromstring(content)}  # noqa: S314 - our own answer
    assert found.pop("RequestId")
    return found


def buckets(**options: Any) -> S3:
    s3 = S3(**options)
    s3("PUT", "/inbox")
    s3.engine.asked.clear()
    return s3


def refused(s3: S3, **configuration: Any) -> dict[str, str]:
    before = dict(s3.world.kept)
    answer = s3("PUT", "/inbox?notification", body(**configuration))
    assert answer.status == 400
    assert s3.world.kept == before
    return error(answer.content)


def to_queue(queue: str = QUEUE, *events: str, **more: Any) -> dict[str, Any]:
    return {"QueueArn": queue, "Events": list(events) or [CREATED], **more}


WHOLE = {
    "TopicConfigurations": [{"Id": "t", "TopicArn": TOPIC, "Events": ["s3:ObjectTagging:*"]}],
    "QueueConfigurations": [
        {
            "Id": "q",
            "QueueArn": QUEUE,
            "Events": ["s3:ObjectCreated:Put", "s3:ObjectCreated:Copy"],
            "Filter": {
                "Key": {"FilterRules": [{"Name": "Suffix", "Value": ".t&t"}, {"Name": "Prefix", "Value": "in/"}]}
            },
        }
    ],
    "LambdaFunctionConfigurations": [{"Id": "f", "LambdaFunctionArn": FUNCTION, "Events": [REMOVED]}],
    "EventBridgeConfiguration": {},
}


def test_s_042_a_configuration_is_kept_and_never_reaches_the_engine() -> None:
    s3 = buckets()
    answer = s3("PUT", "/inbox?notification", body(**WHOLE))
    assert (answer.status, answer.content) == (200, b"")
    assert read(s3("GET", "/inbox?notification").content) == WHOLE
    assert read(s3.restarted()("GET", "/inbox?notification").content) == WHOLE
    assert set(s3.engine.asked) == {("HEAD", "/inbox")}


def test_s_042_the_host_may_name_the_bucket() -> None:
    s3 = buckets()
    s3("PUT", "/?notification", body(**WHOLE), host="inbox.localhost:4566")
    assert read(s3("GET", "/?notification", host="inbox.s3.amazonaws.com").content) == WHOLE


def test_s_042_a_bucket_without_a_configuration_has_an_empty_one() -> None:
    assert read(buckets()("GET", "/inbox?notification").content) == {}


def test_s_042_an_empty_configuration_ends_it() -> None:
    s3 = buckets()
    s3("PUT", "/inbox?notification", body(**WHOLE))
    s3("PUT", "/inbox?notification", body())
    assert read(s3("GET", "/inbox?notification").content) == {}
    assert s3.world.kept == {}


def test_s_042_ids_are_made_and_names_of_filters_may_be_written_small() -> None:
    s3 = buckets()
    rules = {"Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}]}}
    s3("PUT", "/inbox?notification", body(QueueConfigurations=[to_queue(Filter=rules)]))
    [found] = read(s3("GET", "/inbox?notification").content)["QueueConfigurations"]
    assert found["Id"].startswith("00000000-")
    assert found["Filter"] == {"Key": {"FilterRules": [{"Name": "Prefix", "Value": "in/"}]}}


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_s_042_a_bucket_that_is_not_there_has_none(method: str) -> None:
    answer = buckets()(method, "/outbox?notification", body() if method == "PUT" else b"")
    assert answer.status == 404
    assert error(answer.content) == {
        "Code": "NoSuchBucket",
        "Message": "The specified bucket does not exist",
        "BucketName": "outbox",
    }


def test_s_042_queues_and_topics_get_a_test_event_and_functions_do_not() -> None:
    s3 = buckets()
    s3("PUT", "/inbox?notification", body(**WHOLE))
    assert [target for target, _ in s3.recorder.taken] == [TOPIC, QUEUE]
    for _, sent in s3.recorder.taken:
        event = json.loads(sent.body)
        assert list(event) == ["Service", "Event", "Time", "Bucket", "RequestId", "HostId"]
        assert (event["Service"], event["Event"], event["Bucket"]) == ("Amazon S3", "s3:TestEvent", "inbox")
    assert s3.recorder.sent_to(TOPIC)[0].subject == "Amazon S3 Notification"


def test_s_042_u_010_functions_get_a_test_event_if_it_is_set_so() -> None:
    s3 = buckets(settings=Settings(s3_test_event_to_lambda=True))
    s3("PUT", "/inbox?notification", body(**WHOLE))
    assert [target for target, _ in s3.recorder.taken] == [TOPIC, QUEUE, FUNCTION]


def test_s_042_targets_that_are_not_there_are_refused() -> None:
    s3 = buckets()
    s3.recorder.refusals = {QUEUE: NOT_THERE, TOPIC: AwsError("NotFound", "Topic does not exist", status=404)}
    topic = {"TopicArn": TOPIC, "Events": [REMOVED]}
    assert refused(s3, QueueConfigurations=[to_queue()], TopicConfigurations=[topic]) == {
        "Code": "InvalidArgument",
        "Message": "Unable to validate the following destination configurations",
        "ArgumentName1": TOPIC,
        "ArgumentValue1": "The destination topic does not exist",
        "ArgumentName2": QUEUE,
        "ArgumentValue2": "The destination queue does not exist",
    }


def test_s_042_a_target_that_does_not_take_it_says_why() -> None:
    s3 = buckets()
    s3.recorder.refusals[QUEUE] = AwsError("MissingParameter", "The request must contain MessageGroupId.")
    found = refused(s3, QueueConfigurations=[to_queue()])
    assert found["ArgumentValue1"] == "The request must contain MessageGroupId."


def test_s_042_functions_that_may_not_be_invoked_are_refused_before_anybody_is_told() -> None:
    s3 = buckets(functions=lambda _: False)
    found = refused(
        s3,
        QueueConfigurations=[to_queue()],
        LambdaFunctionConfigurations=[{"LambdaFunctionArn": FUNCTION, "Events": [REMOVED]}],
    )
    assert found["ArgumentName1"] == f"{FUNCTION}, null"
    assert found["ArgumentValue1"] == f"Not authorized to invoke function [{FUNCTION}]"
    assert s3.recorder.taken == []


def test_s_042_the_targets_need_not_be_tried() -> None:
    s3 = buckets(functions=lambda _: False)
    s3.recorder.refusals[QUEUE] = NOT_THERE
    skip = {"x_amz_skip_destination_validation": "true"}
    assert s3("PUT", "/inbox?notification", body(**WHOLE), **skip).status == 200
    assert s3.recorder.taken == []
    bad = {"LambdaFunctionArn": "handle", "Events": [REMOVED]}
    answer = s3("PUT", "/inbox?notification", body(LambdaFunctionConfigurations=[bad]), **skip)
    assert error(answer.content)["Message"] == "The ARN could not be parsed"


@pytest.mark.parametrize(
    ("configuration", "name", "value"),
    [
        ({"QueueConfigurations": [to_queue("invalid-queue")]}, "Queue", "invalid-queue"),
        ({"TopicConfigurations": [{"TopicArn": QUEUE, "Events": [CREATED]}]}, "Topic", QUEUE),
        (
            {"LambdaFunctionConfigurations": [{"LambdaFunctionArn": "f", "Events": [CREATED]}]},
            "CloudFunction",
            "f",
        ),
    ],
)
def test_s_042_arns_must_be_those_of_their_kind(configuration: Any, name: str, value: str) -> None:
    assert refused(buckets(), **configuration) == {
        "Code": "InvalidArgument",
        "Message": "The ARN could not be parsed",
        "ArgumentName": name,
        "ArgumentValue": value,
    }


def test_s_042_a_refusal_names_what_is_wrong() -> None:
    rules = {"Key": {"FilterRules": [{"Name": "INVALID", "Value": "in/"}]}}
    assert refused(buckets(), QueueConfigurations=[to_queue(Filter=rules)]) == {
        "Code": "InvalidArgument",
        "Message": "filter rule name must be either prefix or suffix",
        "ArgumentName": "FilterRule.Name",
        "ArgumentValue": "INVALID",
    }


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no XML",
        b"<NotificationConfiguration><QueueConfiguration/></NotificationConfiguration>",
        f"<N><QueueConfiguration><Queue>{QUEUE}</Queue></QueueConfiguration></N>".encode(),
    ],
)
def test_s_042_what_is_no_configuration_is_malformed(content: bytes) -> None:
    answer = buckets()("PUT", "/inbox?notification", content)
    assert answer.status == 400
    assert error(answer.content)["Code"] == "MalformedXML"
