"""Trace headers on their way through the services, and the loops that Lambda stops by them (S-34)."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from landfast.service.service import Service
from tests.contract.aws import Aws, Queue, eventually
from tests.contract.stack.functions.handlers import LONGEST

pytestmark = pytest.mark.source("S-34; X-Ray Developer Guide, Tracing header; SQS Developer Guide, AWSTraceHeader")

ROOT = "Root=1-3152b799-8954dae64eda91bc9a23a7e8"
TRACE = f"{ROOT};Parent=7fa8c0f79203be72;Sampled=1"


@contextmanager
def _traced(aws: Aws, service: str) -> Iterator[Any]:
    """A client whose calls carry a trace header, as those of a traced program do."""
    client = aws.make(service)
    client.meta.events.register(
        "before-sign.*.*", lambda request, **_: request.headers.add_header("X-Amzn-Trace-Id", TRACE)
    )
    yield client
    client.close()


def _trace(queue: Queue) -> Any:
    return queue.take()[0]["Attributes"].get("AWSTraceHeader")


@pytest.mark.source("SQS Developer Guide, Message metadata: the AWSTraceHeader system attribute, sent or by the header")
def test_a_message_keeps_the_trace_header_of_the_call_or_its_own(aws: Aws) -> None:
    queue = aws.queue()
    with _traced(aws, "sqs") as sqs:
        sqs.send_message(QueueUrl=queue.url, MessageBody="x")
        assert _trace(queue) == TRACE
        sqs.send_message_batch(QueueUrl=queue.url, Entries=[{"Id": "1", "MessageBody": "x"}])
        assert _trace(queue) == TRACE
    own = {"AWSTraceHeader": {"DataType": "String", "StringValue": TRACE}}
    queue.send("x", MessageSystemAttributes=own)
    assert _trace(queue) == TRACE
    queue.send("x")
    assert _trace(queue) is None


@pytest.mark.source("SNS Developer Guide, Active tracing: the trace header goes on to SQS and Lambda")
@pytest.mark.parametrize("raw", ["true", "false"])
def test_a_topic_passes_the_trace_header_on(aws: Aws, raw: str) -> None:
    topic, queue = aws.topic(), aws.queue()
    aws.subscribe(topic, queue.arn, RawMessageDelivery=raw)
    with _traced(aws, "sns") as sns:
        sns.publish(TopicArn=topic, Message="x")
        assert ROOT in _trace(queue)
        sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[{"Id": "1", "Message": "x"}])
        assert ROOT in _trace(queue)


@pytest.mark.source(
    "X-Ray Developer Guide, Amazon S3; recorded: localstack s3/test_s3_notifications_sqs.py, test_xray_header"
)
@pytest.mark.stored
def test_a_bucket_passes_the_trace_header_on(aws: Aws) -> None:
    bucket, queue = aws.bucket(), aws.queue()
    configuration = {"QueueConfigurations": [{"QueueArn": queue.arn, "Events": ["s3:ObjectCreated:*"]}]}
    aws.s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)
    with _traced(aws, "s3") as s3:
        s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    traces = [message["Attributes"].get("AWSTraceHeader") for message in queue.take(2) if "Records" in message["Body"]]
    assert traces == [TRACE]


@pytest.mark.source(
    "EventBridge API Reference, PutEventsRequestEntry: TraceHeader; recorded: test_x_ray_trace_propagation"
)
def test_a_bus_passes_an_entrys_trace_header_on(aws: Aws) -> None:
    queue, rule = aws.queue(), aws.name("rule")
    aws.events.put_rule(Name=rule, EventPattern=json.dumps({"source": [rule]}))
    aws.events.put_targets(Rule=rule, Targets=[{"Id": "q", "Arn": queue.arn}])
    entry = {"Source": rule, "DetailType": "made", "Detail": "{}", "TraceHeader": TRACE}
    aws.events.put_events(Entries=[entry])
    assert ROOT in _trace(queue)


@pytest.mark.source("SQS Developer Guide, Dead-letter queues: a message keeps its system attributes")
def test_a_dead_letter_keeps_its_trace_header(aws: Aws) -> None:
    dead = aws.queue()
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 1})
    queue = aws.queue(RedrivePolicy=policy)
    with _traced(aws, "sqs") as sqs:
        sqs.send_message(QueueUrl=queue.url, MessageBody="x")
    queue.receive(VisibilityTimeout=0)
    queue.receive()
    assert _trace(dead) == TRACE


def test_a_function_that_a_topic_calls_has_the_trace_of_the_publisher(aws: Aws, landfast: Service) -> None:
    del landfast
    topic, text = aws.topic(), aws.name("traced")
    aws.subscribe(topic, aws.function("Recorder"))
    with _traced(aws, "sns") as sns:
        sns.publish(TopicArn=topic, Message=text)
    [note] = eventually(lambda: aws.calls("Recorder", text))
    assert ROOT in note["trace"]


def _warm_up(aws: Aws, through: str) -> None:
    """Have the function ready, so that no turn of the loop waits for its start longer than its queue hides it."""
    last = json.dumps({"loop": "warm up", "number": LONGEST})
    aws.client("lambda").invoke(FunctionName=f"{through}Loop", Payload=last)


def _begin(aws: Aws, through: str, turn: dict[str, Any]) -> None:
    text = json.dumps(turn)
    match through:
        case "Lambda":
            aws.client("lambda").invoke(FunctionName="LambdaLoop", InvocationType="Event", Payload=text)
        case "Sqs":
            url = aws.sqs.get_queue_url(QueueName="turns")["QueueUrl"]
            aws.sqs.send_message(QueueUrl=url, MessageBody=text)
        case "Sns":
            [topic] = [
                one["TopicArn"] for one in aws.sns.list_topics()["Topics"] if one["TopicArn"].endswith(":echoes")
            ]
            aws.sns.publish(TopicArn=topic, Message=text)
        case "S3":
            aws.s3.put_object(Bucket="copies", Key=f"{turn['loop']}/{turn['number']}", Body=text)


@pytest.mark.source("S-34; Lambda Developer Guide, Recursive loop detection: stopped after about 16 calls")
@pytest.mark.parametrize("through", ["Lambda", "Sqs", "Sns"])
def test_s_034_a_function_that_calls_itself_is_stopped_after_about_16_calls(
    aws: Aws, landfast: Service, through: str
) -> None:
    del landfast
    assert _calls_until_stopped(aws, through) == pytest.approx(16, abs=1)


@pytest.mark.source("S-34; Lambda Developer Guide, Recursive loop detection: stopped after about 16 calls")
@pytest.mark.stored
def test_s_034_a_function_that_calls_itself_through_a_bucket_is_stopped_as_well(aws: Aws, landfast: Service) -> None:
    del landfast
    assert _calls_until_stopped(aws, "S3") == pytest.approx(16, abs=1)


def _calls_until_stopped(aws: Aws, through: str) -> int:
    name = aws.name("loop")
    _warm_up(aws, through)
    _begin(aws, through, {"loop": name, "number": 1})
    stopped = Queue.called(aws, aws.sqs.get_queue_url(QueueName="stopped")["QueueUrl"])
    stopped.until(lambda message: name in message["Body"])
    return len(aws.calls(f"{through}Loop", name))
