"""What the samples of a project can be sent to, and how what is sent is written for boto3."""

import base64
import json
from pathlib import Path

import pytest

from landfast.console.samples import Sample, samples, sent_by
from landfast.console.send import destinations
from landfast.console.sending import (
    Attribute,
    Sending,
    SendingError,
    ToBucket,
    ToBus,
    ToFunction,
    ToQueue,
    ToStream,
    ToTable,
    ToTopic,
    item_of,
)
from landfast.template import Template, read

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Uploads: {Type: AWS::S3::Bucket}
  Jobs: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true}}
  Free: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true, ContentBasedDeduplication: true}}
  Clicks: {Type: AWS::Kinesis::Stream, Properties: {ShardCount: 1}}
  ImportFiles:
    Type: AWS::Serverless::Function
    Properties: &common
      Runtime: python3.13
      Handler: app.handler
      CodeUri: code
      Events:
        File:
          Type: S3
          Properties:
            Bucket: !Ref Uploads
            Events: s3:ObjectCreated:*
            Filter: {S3Key: {Rules: [{Name: prefix, Value: in/}, {Name: suffix, Value: .csv}]}}
  DoJobs:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: app.handler
      CodeUri: code
      Events:
        Job: {Type: SQS, Properties: {Queue: !GetAtt Jobs.Arn, BatchSize: 1}}
        Click: {Type: Kinesis, Properties: {Stream: !GetAtt Clicks.Arn, StartingPosition: LATEST}}
        Ordered: {Type: EventBridgeRule, Properties: {Pattern: {source: [shop]}}}
"""

JOB = {
    "messageId": "m-1",
    "body": '{"job": 1}',
    "attributes": {"MessageGroupId": "g", "MessageDeduplicationId": "d"},
    "messageAttributes": {"colour": {"dataType": "String", "stringValue": "red"}},
    "eventSource": "aws:sqs",
}
CLICK = {"eventSource": "aws:kinesis", "kinesis": {"partitionKey": "k", "data": base64.b64encode(b"hello").decode()}}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    folder = tmp_path_factory.mktemp("project")
    (folder / "template.yaml").write_text(TEMPLATE)
    (folder / "code").mkdir()
    events = folder / "events"
    events.mkdir()
    for name, content in {
        "do_jobs.json": json.dumps({"Records": [JOB, CLICK, {"eventSource": "aws:sqs"}]}),
        "do_jobs.jsonl": '{"job": 2}\n\n{"job": 3}\n',
        "do_jobs-ordered.json": json.dumps({"source": "shop", "detail-type": "Ordered", "detail": {"n": "한"}}),
        "import_files.jsonl": '{"a": 1}\n',
        "import_files-broken.csv": "a;b\n",
        "broken.json": "{}",
        "do_jobs-broken.json": "{",
        "README.md": "# Samples",
    }.items():
        (events / name).write_text(content, encoding="utf-8")
    (events / "do_jobs-binary.json").write_bytes(b"\xff\xfe")
    return read(folder / "template.yaml", stack_name="app")


def of(file: str, found: list[Sample]) -> list[tuple[int, Sending]]:
    return [(sample.part, sample.sending) for sample in found if sample.file == file]


def test_an_events_records_become_what_their_sources_are_sent(template: Template) -> None:
    message, record, invocation = of("do_jobs.json", samples(template))
    colour = {"colour": Attribute("String", "red")}
    assert message == (
        1,
        ToQueue(name="Jobs", body='{"job": 1}', attributes=colour, group="g", deduplication_id="d"),
    )
    assert record == (2, ToStream(name="Clicks", partition_key="k", data="hello"))
    assert isinstance(invocation[1], ToFunction)
    assert json.loads(invocation[1].payload)["Records"][0] == JOB


def test_lines_are_messages_and_a_file_for_a_bucket_is_whole(template: Template) -> None:
    found = samples(template)
    assert of("do_jobs.jsonl", found) == [
        (1, ToQueue(name="Jobs", body='{"job": 2}')),
        (2, ToQueue(name="Jobs", body='{"job": 3}')),
    ]
    content = '{"a": 1}\n'
    assert of("import_files.jsonl", found) == [
        (0, ToBucket(name="Uploads", key="in/import_files.jsonl.csv", content=content))
    ]
    assert of("import_files-broken.csv", found) == [
        (0, ToBucket(name="Uploads", key="in/import_files-broken.csv", content="a;b\n"))
    ]


def test_an_event_of_a_bus_becomes_its_entry(template: Template) -> None:
    entry = of("do_jobs-ordered.json", samples(template))[0]
    assert entry == (0, ToBus(name="default", source="shop", detail_type="Ordered", detail='{"n": "한"}'))


def test_what_is_no_sample_of_a_function_is_left_out(template: Template) -> None:
    files = {sample.file for sample in samples(template)}
    assert files == {
        "do_jobs.json",
        "do_jobs.jsonl",
        "do_jobs-ordered.json",
        "import_files.jsonl",
        "import_files-broken.csv",
    }


def test_a_project_without_samples_has_none(template: Template, tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE)
    (tmp_path / "code").mkdir()
    assert samples(read(path, stack_name="app")) == []
    assert samples(template)


def test_records_of_topics_and_tables_become_a_message_and_an_item() -> None:
    told = {"Message": "hi", "Subject": None, "MessageAttributes": {"b": {"Type": "Binary", "Value": "AP8="}}}
    changed = {"NewImage": {"id": {"S": "1"}}}
    event = {
        "Records": [
            {"EventSource": "aws:sns", "Sns": told},
            {"eventSource": "aws:dynamodb", "dynamodb": changed},
            {"eventSource": "aws:dynamodb", "dynamodb": {"OldImage": {"id": {"S": "2"}}}},
        ]
    }
    message, item = sent_by(event, {"topic": "News", "table": "Orders"})
    assert message == (1, ToTopic(name="News", message="hi", attributes={"b": Attribute("Binary", "AP8=")}))
    assert isinstance(item[1], ToTable)
    assert item_of(item[1].item) == {"id": {"S": "1"}}


def test_destinations_say_what_messages_of_them_need(template: Template) -> None:
    found = {one.name: one for one in destinations(template)}
    assert (found["Jobs"].fifo, found["Jobs"].needs_deduplication_id, found["Jobs"].feeds) == (True, True, True)
    assert (found["Free"].fifo, found["Free"].needs_deduplication_id, found["Free"].feeds) == (True, False, False)
    assert (found["default"].kind, found["DoJobs"].kind, found["DoJobs"].feeds) == ("bus", "function", True)


def test_an_item_may_be_plain_json_or_dynamodbs_own() -> None:
    assert item_of('{"id": "A", "n": 1.5, "on": true, "l": [1, null]}') == {
        "id": {"S": "A"},
        "n": {"N": "1.5"},
        "on": {"BOOL": True},
        "l": {"L": [{"N": "1"}, {"NULL": True}]},
    }
    assert item_of('{"id": {"S": "A"}, "b": {"M": {"x": {"B": "AP8="}}}}') == {
        "id": {"S": "A"},
        "b": {"M": {"x": {"B": b"\x00\xff"}}},
    }


@pytest.mark.parametrize(
    "text", ["", "[1]", '{"id": {"B": "not base64"}}', '{"id": {"M": {"x": 1}}}', '{"id": {"L": 5}}']
)
def test_what_is_no_item_is_told_in_a_line(text: str) -> None:
    with pytest.raises(SendingError, match="item"):
        item_of(text)
