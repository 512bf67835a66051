import pytest

from tests.template_reader.conftest import Naming, Reading

SOURCES = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Batch: {Type: Number, Default: 10}
  Lanes: {Type: String, Default: "10"}
Resources:
  Queue: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 60}}
  Failed: {Type: AWS::SQS::Queue}
  Stream: {Type: AWS::Kinesis::Stream}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      StreamSpecification: {StreamViewType: NEW_IMAGE}
  F:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions
      Handler: a.b
      Runtime: python3.13
      Timeout: 10
      Events:
        E:
          Type: TYPE
          Properties: {PROPERTIES}
"""


def event(kind: str, properties: str) -> str:
    head, _, tail = SOURCES.partition("Type: TYPE")
    return f"{head}Type: {kind}{tail.replace('PROPERTIES', properties)}"


def test_a_kinesis_event_keeps_every_setting(reading: Reading) -> None:
    template = reading(
        event(
            "Kinesis",
            """
            Stream: !GetAtt Stream.Arn, StartingPosition: TRIM_HORIZON, BatchSize: !Ref Batch,
            ParallelizationFactor: !Ref Lanes, TumblingWindowInSeconds: 30, MaximumBatchingWindowInSeconds: 5,
            BisectBatchOnFunctionError: true, MaximumRetryAttempts: 3, MaximumRecordAgeInSeconds: 3600, Enabled: false,
            FunctionResponseTypes: [ReportBatchItemFailures],
            FilterCriteria: {Filters: [{Pattern: '{"data": {"a": [1]}}'}]},
            DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Failed.Arn}}
            """,
        )
    )
    mapping = template.event_source_mappings["FE"]
    stream, function = template.streams["Stream"], template.functions["F"]
    assert (mapping.source, mapping.source_arn, mapping.function, mapping.qualifier) == (
        "Stream",
        stream.arn,
        "F",
        None,
    )
    assert dict(mapping.properties) == {
        "EventSourceArn": stream.arn,
        "FunctionName": function.name,
        "StartingPosition": "TRIM_HORIZON",
        "BatchSize": 10,
        "ParallelizationFactor": 10,
        "TumblingWindowInSeconds": 30,
        "MaximumBatchingWindowInSeconds": 5,
        "BisectBatchOnFunctionError": True,
        "MaximumRetryAttempts": 3,
        "MaximumRecordAgeInSeconds": 3600,
        "Enabled": False,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "FilterCriteria": {"Filters": [{"Pattern": '{"data": {"a": [1]}}'}]},
        "DestinationConfig": {"OnFailure": {"Destination": template.queues["Failed"].arn}},
    }


def test_a_dynamodb_event_reads_the_tables_stream(reading: Reading) -> None:
    template = reading(event("DynamoDB", "Stream: !GetAtt Table.StreamArn, StartingPosition: LATEST"))
    mapping = template.event_source_mappings["FE"]
    assert (mapping.source, mapping.source_arn) == ("Table", template.tables["Table"].stream_arn)


def test_an_sqs_event_keeps_its_scaling(reading: Reading) -> None:
    properties = "Queue: !GetAtt Queue.Arn, ScalingConfig: {MaximumConcurrency: !Ref Lanes}, BatchSize: !Ref Batch"
    mapping = reading(event("SQS", properties), Lanes="7").event_source_mappings["FE"]
    assert mapping.source == "Queue"
    assert mapping.properties["ScalingConfig"] == {"MaximumConcurrency": 7}


def test_an_id_is_the_same_every_time(reading: Reading) -> None:
    text = event("SQS", "Queue: !GetAtt Queue.Arn")
    assert reading(text).event_source_mappings["FE"].uuid == reading(text).event_source_mappings["FE"].uuid


@pytest.mark.parametrize(("visibility", "refused"), [(9, True), (10, False)])
def test_s_091_a_queue_hides_messages_for_the_functions_whole_time(
    reading: Reading, naming: Naming, visibility: int, *, refused: bool
) -> None:
    text = event("SQS", "Queue: !GetAtt Queue.Arn").replace("VisibilityTimeout: 60", f"VisibilityTimeout: {visibility}")
    if refused:
        assert naming(text) == (
            "FE: Properties.EventSourceArn: Queue visibility timeout: 9 seconds is less than Function timeout: "
            "10 seconds; raise VisibilityTimeout of Queue to 60 or more"
        )
    else:
        assert reading(text).event_source_mappings["FE"].source == "Queue"


def test_s_096_s_130_a_queue_has_no_on_failure_destination(naming: Naming) -> None:
    properties = (
        "Queue: !GetAtt Queue.Arn, DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Failed.Arn}}"
    )
    assert naming(event("SQS", properties)) == (
        "FE: Properties.DestinationConfig: Unsupported DestinationConfig parameter for given event source mapping "
        "type. "
        "Give the queue Queue a RedrivePolicy."
    )


PLAIN = """
Resources:
  Stream: {Type: AWS::Kinesis::Stream}
  Failed: {Type: AWS::SQS::Queue}
  F: {Type: AWS::Lambda::Function, Properties: {Code: functions, Handler: a.b, Runtime: python3.13}}
  M:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      {FunctionName: !Ref F, StartingPosition: LATEST, EventSourceArn: SOURCE, DestinationConfig: {DESTINATION}}
"""


@pytest.mark.parametrize(
    ("destination", "message"),
    [
        (
            "OnSuccess: {Destination: !GetAtt Failed.Arn}",
            "Unsupported DestinationConfig parameter for given event source mapping type.",
        ),
        ("OnFailure: {}", "The Destination field is required for an OnFailure configuration."),
        ("OnFailure: {Destination: !GetAtt F.Arn}", "M: Properties.DestinationConfig.OnFailure.Destination: "),
    ],
)
def test_s_068_a_stream_has_an_on_failure_destination_or_none(naming: Naming, destination: str, message: str) -> None:
    text = PLAIN.replace("SOURCE", "!GetAtt Stream.Arn").replace("DESTINATION", destination)
    assert message in naming(text)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (
            "'arn:aws:mq:us-east-1:123456789012:broker:elsewhere'",
            (
                "Properties.EventSourceArn: arn:aws:mq:us-east-1:123456789012:broker:elsewhere is no Kinesis "
                "stream, table's stream or queue that this template runs"
            ),
        ),
        ("!Ref AWS::NoValue", "Properties: only Kinesis, DynamoDB Streams and SQS are read"),
    ],
)
def test_a_source_that_is_not_run_is_named(reading: Reading, source: str, reason: str) -> None:
    template = reading(PLAIN.replace("SOURCE", source).replace("DESTINATION", ""))
    assert (dict(template.event_source_mappings), list(template.functions)) == ({}, ["F"])
    assert template.not_run == (f"M (AWS::Lambda::EventSourceMapping): not run locally: {reason}",)


def test_a_number_that_is_none_is_refused(naming: Naming) -> None:
    text = PLAIN.replace("SOURCE", "!GetAtt Stream.Arn, BatchSize: many").replace("DESTINATION", "")
    assert naming(text).startswith("M: Properties.BatchSize: wants a whole number but is given a text")


def test_texts_become_numbers_and_truth_values(reading: Reading) -> None:
    settings = "!GetAtt Stream.Arn, BatchSize: '7', BisectBatchOnFunctionError: 'true', Enabled: 'false'"
    mapping = reading(PLAIN.replace("SOURCE", settings).replace("DESTINATION", "")).event_source_mappings["M"]
    names = ("BatchSize", "BisectBatchOnFunctionError", "Enabled")
    assert [mapping.properties[name] for name in names] == [7, True, False]


@pytest.mark.parametrize(
    ("alias", "reason"),
    [
        ("Name: live, FunctionName: !Ref F", "FunctionVersion is missing"),
        (
            "Name: '5', FunctionName: !Ref F, FunctionVersion: $LATEST",
            "'5' is no name of an alias; use letters, digits",
        ),
    ],
)
def test_a_mapping_for_an_alias_that_is_not_run_is_named_with_it(reading: Reading, alias: str, reason: str) -> None:
    text = PLAIN.replace("SOURCE", "!GetAtt Stream.Arn").replace("DESTINATION", "").replace("!Ref F", "!Ref A", 1)
    template = reading(f"{text}  A: {{Type: AWS::Lambda::Alias, Properties: {{{alias}}}}}\n")
    assert (dict(template.event_source_mappings), list(template.functions)) == ({}, ["F"])
    first, second = template.not_run
    assert reason in first
    assert (
        "M (AWS::Lambda::EventSourceMapping): not run locally: Properties.FunctionName: F has no version or alias"
        in second
    )
