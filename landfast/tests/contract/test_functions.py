"""Events on their way to functions: the stack's, called by topics, rules, buckets and mappings."""

import base64
import json
from typing import Any

import pytest

from tests.contract.aws import ACCOUNT, REGION, Aws, Queue, digest, eventually, refused
from tests.contract.buckets import created_in, without_occasion
from tests.contract.tables import item

pytestmark = [pytest.mark.usefixtures("landfast"), pytest.mark.source("S-19, S-36, S-88")]

PATHS = {"InputPathsMap": {"t": "$.detail.text"}}
ATTRIBUTES: dict[str, Any] = {
    "s": {"DataType": "String", "StringValue": "v"},
    "b": {"DataType": "Binary", "BinaryValue": b"\xff"},
}


def _heard(aws: Aws, text: str, count: int = 1, function: str = "Recorder") -> list[Any]:
    """The function's events with the text in them."""
    notes = eventually(lambda: aws.calls(function, text), lambda notes: len(notes) >= count)
    return [note["event"] for note in notes]


@pytest.mark.source(
    "SNS Developer Guide, Fanout to Lambda; recorded: test_sns.py, test_python_lambda_subscribe_sns_topic"
)
def test_a_topic_calls_a_function(aws: Aws) -> None:
    topic, text = aws.topic(), aws.name("message")
    subscription = aws.subscribe(topic, aws.function("Recorder"))
    told = aws.sns.publish(TopicArn=topic, Message=text, Subject="About it", MessageAttributes=ATTRIBUTES)
    [event] = _heard(aws, text)
    [record] = event["Records"]
    notification = record.pop("Sns")
    assert record == {"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": subscription}
    for name in ("Timestamp", "Signature", "SigningCertUrl", "UnsubscribeUrl", "SignatureVersion"):
        assert notification.pop(name)
    assert notification == {
        "Type": "Notification",
        "MessageId": told["MessageId"],
        "TopicArn": topic,
        "Subject": "About it",
        "Message": text,
        "MessageAttributes": {"s": {"Type": "String", "Value": "v"}, "b": {"Type": "Binary", "Value": "/w=="}},
    }


@pytest.mark.source("SNS Developer Guide, Subscription filter policies: of every kind of subscription")
def test_a_filter_policy_holds_for_functions_too(aws: Aws) -> None:
    topic, text = aws.topic(), aws.name("message")
    aws.subscribe(topic, aws.function("Recorder"), FilterPolicy='{"kind": ["order"]}')
    for kind in ("return", "order"):
        attributes = {"kind": {"DataType": "String", "StringValue": kind}}
        aws.sns.publish(TopicArn=topic, Message=f"{text} {kind}", MessageAttributes=attributes)
    assert [event["Records"][0]["Sns"]["Message"] for event in _heard(aws, text)] == [f"{text} order"]


@pytest.mark.source("EventBridge User Guide, Targets and Input transformation; recorded: test_events_targets.py")
@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({"Input": '{"fixed": "TEXT"}'}, {"fixed": "TEXT"}),
        ({"InputPath": "$.detail"}, {"text": "TEXT", "n": 5}),
        ({"InputTransformer": {**PATHS, "InputTemplate": '{"got": <t>}'}}, {"got": "TEXT"}),
        ({"InputTransformer": {**PATHS, "InputTemplate": '"got <t>"'}}, "got TEXT"),
    ],
    ids=["input", "path", "template", "text"],
)
def test_a_rule_calls_a_function_with_what_its_target_says(aws: Aws, target: Any, expected: Any) -> None:
    text, rule = aws.name("text"), aws.name("rule")
    aws.events.put_rule(Name=rule, EventPattern=json.dumps({"source": [rule]}))
    own = json.loads(json.dumps(target).replace("TEXT", text))
    aws.events.put_targets(Rule=rule, Targets=[{"Id": "f", "Arn": aws.function("Recorder"), **own}])
    entry = {"Source": rule, "DetailType": "made", "Detail": json.dumps({"text": text, "n": 5})}
    aws.events.put_events(Entries=[entry])
    assert _heard(aws, text) == [json.loads(json.dumps(expected).replace("TEXT", text))]


@pytest.mark.source("EventBridge User Guide, Targets: a function gets the whole event")
def test_a_rule_calls_a_function_with_the_event(aws: Aws) -> None:
    text, rule = aws.name("text"), aws.name("rule")
    aws.events.put_rule(Name=rule, EventPattern=json.dumps({"source": [rule]}))
    aws.events.put_targets(Rule=rule, Targets=[{"Id": "f", "Arn": aws.function("Recorder")}])
    entry = {"Source": rule, "DetailType": "made", "Detail": json.dumps({"text": text})}
    told = aws.events.put_events(Entries=[entry])
    [event] = _heard(aws, text)
    assert (event["id"], event["detail"]) == (told["Entries"][0]["EventId"], {"text": text})
    assert set(event) >= {"version", "detail-type", "source", "account", "time", "region", "resources"}


@pytest.mark.source("S-37, S-142: queues, topics and functions get the same record")
@pytest.mark.stored
def test_s_142_a_bucket_calls_a_function_with_the_record_that_a_queue_gets(aws: Aws) -> None:
    bucket, inbox = aws.bucket(), aws.queue()
    configuration = {
        "QueueConfigurations": [{"QueueArn": inbox.arn, **created_in("queue/")}],
        "LambdaFunctionConfigurations": [{"LambdaFunctionArn": aws.function("Recorder"), **created_in("function/")}],
    }
    aws.s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)
    for folder in ("queue", "function"):
        aws.s3.put_object(Bucket=bucket, Key=f"{folder}/a b.csv", Body=b"content")
    [event] = _heard(aws, bucket)
    assert without_occasion(event) == without_occasion(inbox.documents(2)[-1])


@pytest.mark.source("S-42; recorded: localstack s3/test_s3_notifications_lambda.snapshot.json, test_invalid_lambda_arn")
@pytest.mark.stored
def test_s_042_a_bucket_refuses_a_function_that_does_not_exist(aws: Aws) -> None:
    configuration = {
        "LambdaFunctionConfigurations": [
            {"LambdaFunctionArn": aws.function("NoSuchFunction"), "Events": ["s3:ObjectCreated:*"]}
        ]
    }
    put = aws.s3.put_bucket_notification_configuration
    error = refused(put, Bucket=aws.bucket(), NotificationConfiguration=configuration)
    message = "Unable to validate the following destination configurations"
    assert (error.get("Code"), error.get("Message")) == ("InvalidArgument", message)


@pytest.mark.source("S-105; recorded: RQ, test_sqs_event_source_mapping_...")
def test_s_105_a_queue_calls_a_function_with_the_messages_record(aws: Aws) -> None:
    text = aws.name("task")
    queue = Queue.called(aws, aws.sqs.get_queue_url(QueueName="tasks")["QueueUrl"])
    sent = queue.send(text, MessageAttributes=ATTRIBUTES)
    [event] = _heard(aws, text, function="Worker")
    [record] = [record for record in event["Records"] if record["body"] == text]
    assert record.pop("receiptHandle")
    assert set(record["attributes"]) == {
        "ApproximateReceiveCount",
        "SentTimestamp",
        "SenderId",
        "ApproximateFirstReceiveTimestamp",
    }
    assert record.pop("attributes")["ApproximateReceiveCount"] == "1"
    empty: Any = {"stringListValues": [], "binaryListValues": []}
    assert record == {
        "messageId": sent["MessageId"],
        "body": text,
        "md5OfBody": sent["MD5OfMessageBody"],
        "md5OfMessageAttributes": digest(ATTRIBUTES),
        "messageAttributes": {
            "s": {"stringValue": "v", "dataType": "String", **empty},
            "b": {"binaryValue": "/w==", "dataType": "Binary", **empty},
        },
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:tasks",
        "awsRegion": REGION,
    }
    assert eventually(lambda: queue.counts() == (0, 0, 0))


def _open_shards(aws: Aws) -> list[str]:
    shards = aws.kinesis.list_shards(StreamName="clicks", ShardFilter={"Type": "AT_LATEST"})["Shards"]
    return [shard["ShardId"] for shard in shards]


@pytest.mark.source("S-143, S-51: parents before children")
def test_s_143_a_function_gets_the_records_of_shards_that_were_split_and_merged(aws: Aws) -> None:
    text = aws.name("click")
    sent: list[str] = []

    def put() -> None:
        for place in range(4):
            sent.append(f"{text}/{len(sent)}/")
            key = {"PartitionKey": "k", "ExplicitHashKey": str(2**126 * place)}
            aws.kinesis.put_record(StreamName="clicks", Data=sent[-1].encode(), **key)

    put()
    [shard] = _open_shards(aws)
    aws.kinesis.split_shard(StreamName="clicks", ShardToSplit=shard, NewStartingHashKey=str(2**127))
    aws.active("clicks")
    put()
    first, second = _open_shards(aws)
    aws.kinesis.merge_shards(StreamName="clicks", ShardToMerge=first, AdjacentShardToMerge=second)
    aws.active("clicks")
    put()

    def heard() -> list[str]:
        notes = [note["event"] for note in aws.calls("Worker", "aws:kinesis")]
        data = [base64.b64decode(one["kinesis"]["data"]).decode() for event in notes for one in event["Records"]]
        return [one for one in data if one.startswith(f"{text}/")]

    got = eventually(heard, lambda got: len(got) >= len(sent))
    assert sorted(got) == sorted(sent)
    turns = [int(one.split("/")[1]) // 4 for one in got]
    assert turns == sorted(turns), "no child before its parents"


@pytest.mark.source("S-141, S-84")
@pytest.mark.stored
def test_s_141_a_function_gets_each_change_of_a_table_once(aws: Aws) -> None:
    name = aws.name("account")
    key = item(id=name)
    add = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
    aws.dynamodb.update_item(TableName="accounts", Key=key, **add)
    cancelled = [
        {"Update": {"TableName": "accounts", "Key": key, **add}},
        {"Delete": {"TableName": "accounts", "Key": item(id="x"), "ConditionExpression": "attribute_exists(id)"}},
    ]
    assert refused(aws.dynamodb.transact_write_items, TransactItems=cancelled)["Code"] == "TransactionCanceledException"
    aws.dynamodb.update_item(TableName="accounts", Key=key, **add)
    aws.dynamodb.transact_write_items(TransactItems=[{"Delete": {"TableName": "accounts", "Key": key}}])

    def heard() -> list[Any]:
        events = [note["event"] for note in aws.calls("Worker", f'"{name}"')]
        return [record for event in events for record in event["Records"] if record["dynamodb"]["Keys"] == key]

    told = eventually(heard, lambda told: len(told) >= 3)
    one, two = item(id=name, n=1), item(id=name, n=2)
    assert [
        (record["eventName"], record["dynamodb"].get("OldImage"), record["dynamodb"].get("NewImage")) for record in told
    ] == [("INSERT", None, one), ("MODIFY", one, two), ("REMOVE", two, None)]
    assert all(record["eventSourceARN"].startswith(f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/") for record in told)
