import pytest

from landfast.template import InputTransformer, Notification, Redrive, Subscription, Target
from tests.template_reader.conftest import Naming, Reading


def test_a_queue_is_read_with_all_its_attributes(reading: Reading) -> None:
    template = reading(
        """
        Parameters: {Receives: {Type: String, Default: "5"}}
        Resources:
          Dead: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true, MessageRetentionPeriod: 1209600}}
          Payments:
            Type: AWS::SQS::Queue
            Properties:
              QueueName: !Sub ${AWS::StackName}-payments.fifo
              FifoQueue: "true"
              ContentBasedDeduplication: true
              DeduplicationScope: messageGroup
              FifoThroughputLimit: perMessageGroupId
              DelaySeconds: 0
              KmsMasterKeyId: alias/aws/sqs
              SqsManagedSseEnabled: false
              VisibilityTimeout: "90"
              RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: !Ref Receives}
        """
    )
    dead, payments = template.queues["Dead"], template.queues["Payments"]
    assert dead.name.endswith(".fifo")
    assert (dead.message_retention_period, dead.redrive_policy) == (1_209_600, None)
    assert (payments.name, payments.fifo_queue, payments.content_based_deduplication) == (
        "shop-payments.fifo",
        True,
        True,
    )
    assert (payments.visibility_timeout, payments.message_retention_period) == (90, 345_600)
    assert payments.redrive_policy == Redrive(dead_letter_target_arn=dead.arn, max_receive_count=5)
    assert dict(payments.attributes) == {
        "ContentBasedDeduplication": "true",
        "DeduplicationScope": "messageGroup",
        "DelaySeconds": "0",
        "FifoQueue": "true",
        "FifoThroughputLimit": "perMessageGroupId",
        "VisibilityTimeout": "90",
        "RedrivePolicy": f'{{"deadLetterTargetArn": "{dead.arn}", "maxReceiveCount": 5}}',
    }


def test_a_fifo_queue_keeps_its_ending(naming: Naming) -> None:
    text = "Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: q, FifoQueue: true}}}"
    assert naming(text) == "Q: Properties.QueueName: q names a FIFO queue, so it must end with .fifo"


def test_topics_and_their_subscriptions_are_read_in_both_forms(reading: Reading) -> None:
    template = reading(
        """
        Transform: AWS::Serverless-2016-10-31
        Resources:
          Queue: {Type: AWS::SQS::Queue}
          Dead: {Type: AWS::SQS::Queue}
          Topic:
            Type: AWS::SNS::Topic
            Properties:
              Subscription: [{Protocol: sqs, Endpoint: !GetAtt Queue.Arn}, {Protocol: email, Endpoint: a@b.c}]
          Raw:
            Type: AWS::SNS::Subscription
            Properties:
              TopicArn: !Ref Topic
              Protocol: sqs
              Endpoint: !GetAtt Queue.Arn
              RawMessageDelivery: "true"
              FilterPolicyScope: MessageBody
              FilterPolicy: {kind: [a]}
              RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn}
          F:
            Type: AWS::Serverless::Function
            Properties:
              CodeUri: functions
              Handler: a.b
              Runtime: python3.13
              Events: {E: {Type: SNS, Properties: {Topic: !Ref Topic, FilterPolicy: {n: [{numeric: [">", 1]}]}}}}
          Fifo: {Type: AWS::SNS::Topic, Properties: {FifoTopic: true, ContentBasedDeduplication: true}}
        """
    )
    topic, queue, function = template.topics["Topic"], template.queues["Queue"], template.functions["F"]
    assert list(template.subscriptions) == [
        Subscription(logical_id="Topic", topic_arn=topic.arn, protocol="sqs", endpoint=queue.arn),
        Subscription(
            logical_id="Raw",
            topic_arn=topic.arn,
            protocol="sqs",
            endpoint=queue.arn,
            filter_policy={"kind": ["a"]},
            filter_policy_scope="MessageBody",
            raw_message_delivery=True,
            dead_letter_target_arn=template.queues["Dead"].arn,
        ),
        Subscription(
            logical_id="FE",
            topic_arn=topic.arn,
            protocol="lambda",
            endpoint=function.arn,
            filter_policy={"n": [{"numeric": [">", 1]}]},
        ),
    ]
    fifo = template.topics["Fifo"]
    assert (fifo.fifo_topic, fifo.content_based_deduplication, fifo.name[-5:]) == (True, True, ".fifo")
    assert template.not_run == (
        "Topic (AWS::SNS::Topic): the email subscription left out: only queues and functions are notified",
    )


def test_streams_are_read_in_both_modes(reading: Reading) -> None:
    template = reading(
        """
        Resources:
          Two: {Type: AWS::Kinesis::Stream, Properties: {ShardCount: "2", RetentionPeriodHours: 48}}
          One: {Type: AWS::Kinesis::Stream}
          Any: {Type: AWS::Kinesis::Stream, Properties: {StreamModeDetails: {StreamMode: ON_DEMAND}}}
        """
    )
    read = {key: (each.mode, each.shard_count, each.retention_period_hours) for key, each in template.streams.items()}
    assert read == {"Two": ("PROVISIONED", 2, 48), "One": ("PROVISIONED", 1, 24), "Any": ("ON_DEMAND", None, 24)}


def test_a_table_is_read_with_keys_indexes_stream_and_expiry(reading: Reading) -> None:
    template = reading(
        """
        Transform: AWS::Serverless-2016-10-31
        Resources:
          Orders:
            Type: AWS::DynamoDB::Table
            Properties:
              BillingMode: PAY_PER_REQUEST
              AttributeDefinitions: [{AttributeName: id, AttributeType: S}, {AttributeName: day, AttributeType: N}]
              KeySchema: [{AttributeName: id, KeyType: HASH}]
              GlobalSecondaryIndexes:
                - IndexName: by-day
                  KeySchema: [{AttributeName: day, KeyType: HASH}]
                  Projection: {ProjectionType: INCLUDE, NonKeyAttributes: [total]}
              StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
              TimeToLiveSpecification: {AttributeName: expires, Enabled: true}
              SSESpecification: {SSEEnabled: true}
          Simple:
            Type: AWS::Serverless::SimpleTable
            Properties: {ProvisionedThroughput: {ReadCapacityUnits: 5, WriteCapacityUnits: 6}}
        """
    )
    orders, simple = template.tables["Orders"], template.tables["Simple"]
    assert orders.billing_mode == "PAY_PER_REQUEST"
    assert list(orders.key_schema) == [{"AttributeName": "id", "KeyType": "HASH"}]
    assert list(orders.attribute_definitions) == [
        {"AttributeName": "id", "AttributeType": "S"},
        {"AttributeName": "day", "AttributeType": "N"},
    ]
    assert list(orders.global_secondary_indexes) == [
        {
            "IndexName": "by-day",
            "KeySchema": [{"AttributeName": "day", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["total"]},
        }
    ]
    assert (orders.stream_view_type, orders.time_to_live_attribute) == ("NEW_AND_OLD_IMAGES", "expires")
    assert orders.stream_arn == f"{orders.arn}/stream/2000-01-01T00:00:00.000"
    assert (simple.stream_arn, simple.time_to_live_attribute) == (None, None)
    assert simple.provisioned_throughput == {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}


BUCKET = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Queue: {Type: AWS::SQS::Queue}
  Topic: {Type: AWS::SNS::Topic}
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      VersioningConfiguration: {Status: Enabled}
      LifecycleConfiguration: {Rules: [{Status: Enabled, ExpirationInDays: 1}]}
      NotificationConfiguration:
        EventBridgeConfiguration: {EventBridgeEnabled: true}
        QueueConfigurations: [{Event: 's3:ObjectRemoved:*', Queue: !GetAtt Queue.Arn}]
        TopicConfigurations: [{Event: 's3:ObjectRestore:*', Topic: !Ref Topic}]
  F:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions
      Handler: a.b
      Runtime: python3.13
      Events:
        Upload:
          Type: S3
          Properties:
            Bucket: !Ref Bucket
            Events: ['s3:ObjectCreated:Put', 's3:ObjectCreated:Post']
            Filter: {S3Key: {Rules: [{Name: prefix, Value: in/}, {Name: Suffix, Value: .gz}]}}
"""


def test_s_125_an_s3_event_is_a_notification_of_its_bucket(reading: Reading) -> None:
    template = reading(BUCKET)
    bucket, function = template.buckets["Bucket"], template.functions["F"]
    assert bucket.notifications == (
        Notification(target_arn=function.arn, event="s3:ObjectCreated:Put", prefix="in/", suffix=".gz"),
        Notification(target_arn=function.arn, event="s3:ObjectCreated:Post", prefix="in/", suffix=".gz"),
        Notification(target_arn=template.queues["Queue"].arn, event="s3:ObjectRemoved:*"),
        Notification(target_arn=template.topics["Topic"].arn, event="s3:ObjectRestore:*"),
    )
    assert (bucket.event_bridge, bucket.versioning) == (True, True)


def test_s_125_the_bucket_must_be_in_the_template(naming: Naming) -> None:
    assert naming(BUCKET.replace("Bucket: !Ref Bucket", "Bucket: somewhere")) == (
        "F: event Upload left out: SAM refuses it: S3 events must reference an S3 bucket in the same template."
    )


NOTIFIED = """
Resources:
  F: {Type: AWS::Lambda::Function, Properties: {FunctionName: f, Code: functions, Handler: a.b, Runtime: python3.13}}
  Permission:
    Type: AWS::Lambda::Permission
    Properties: {Action: 'lambda:InvokeFunction', Principal: s3.amazonaws.com, FunctionName: WHOM}
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      NotificationConfiguration: {LambdaConfigurations: [{Event: 's3:ObjectCreated:*', Function: !GetAtt F.Arn}]}
"""


def test_s_043_s3_needs_leave_to_invoke_the_function(reading: Reading, naming: Naming) -> None:
    bucket = reading(NOTIFIED.replace("WHOM", "!Ref F")).buckets["Bucket"]
    assert len(bucket.notifications) == 1
    for other in ("g", "f:live"):
        assert naming(NOTIFIED.replace("WHOM", other)) == (
            "Bucket: target arn:aws:lambda:us-east-1:123456789012:function:f left out: Not authorized to invoke "
            "function "
            "[arn:aws:lambda:us-east-1:123456789012:function:f]; "
            "add an AWS::Lambda::Permission for s3.amazonaws.com"
        )


def test_a_bucket_and_a_function_that_name_each_other_are_a_circle(naming: Naming) -> None:
    text = BUCKET.replace("Handler: a.b", "Handler: a.b\n      Environment: {Variables: {BUCKET: !Ref Bucket}}")
    message = naming(text)
    assert message.endswith("circular dependency Bucket -> F -> Bucket: CloudFormation refuses it")
    assert "F.Properties.Environment.Variables.BUCKET" in message


def test_buses_and_rules_are_read_with_their_targets(reading: Reading) -> None:
    template = reading(
        """
        Transform: AWS::Serverless-2016-10-31
        Resources:
          Bus: {Type: AWS::Events::EventBus, Properties: {Name: !Sub "${AWS::StackName}-orders"}}
          Queue: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true}}
          F:
            Type: AWS::Serverless::Function
            Properties:
              CodeUri: functions
              Handler: a.b
              Runtime: python3.13
              Events:
                Placed:
                  Type: EventBridgeRule
                  Properties:
                    EventBusName: !Ref Bus
                    Pattern: {source: [shop], detail-type: [OrderPlaced]}
                    InputPath: $.detail
                    RetryPolicy: {MaximumRetryAttempts: 4, MaximumEventAgeInSeconds: 900}
                    DeadLetterConfig: {Arn: !GetAtt Queue.Arn}
                Daily: {Type: Schedule, Properties: {Schedule: rate(1 day), Input: '{"a": 1}', Enabled: false}}
          Rule:
            Type: AWS::Events::Rule
            Properties:
              EventPattern: '{"source": ["other"]}'
              Targets:
                - Id: queue
                  Arn: !GetAtt Queue.Arn
                  SqsParameters: {MessageGroupId: g}
                  InputTransformer: {InputPathsMap: {id: $.detail.id}, InputTemplate: '"<id>"'}
                - {Id: task, Arn: !Sub "arn:aws:ecs:${AWS::Region}:${AWS::AccountId}:cluster/c"}
        """
    )
    bus, queue, function = template.event_buses["Bus"], template.queues["Queue"], template.functions["F"]
    placed, daily, rule = template.rules["FPlaced"], template.rules["FDaily"], template.rules["Rule"]
    assert (placed.event_bus_name, bus.name) == ("shop-orders", "shop-orders")
    assert placed.event_pattern == {"source": ["shop"], "detail-type": ["OrderPlaced"]}
    assert placed.targets == (
        Target(
            id="FPlacedLambdaTarget",
            arn=function.arn,
            input_path="$.detail",
            maximum_retry_attempts=4,
            maximum_event_age_in_seconds=900,
            dead_letter_arn=queue.arn,
        ),
    )
    assert (daily.schedule_expression, daily.enabled, daily.event_pattern) == ("rate(1 day)", False, None)
    assert [target.input for target in daily.targets] == ['{"a": 1}']
    assert (rule.event_bus_name, rule.event_pattern) == ("default", {"source": ["other"]})
    assert rule.targets == (
        Target(
            id="queue",
            arn=queue.arn,
            message_group_id="g",
            input_transformer=InputTransformer(input_paths_map={"id": "$.detail.id"}, input_template='"<id>"'),
        ),
    )
    assert template.not_run == (
        (
            "Rule (AWS::Events::Rule): target arn:aws:ecs:us-east-1:123456789012:cluster/c left out: "
            "nothing of this kind is run locally"
        ),
    )


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ("Name: r", "R: Properties: wants an EventPattern or a ScheduleExpression"),
        ("EventPattern: '{'", "R: Properties.EventPattern: is not JSON"),
        ("EventPattern: '[]'", "R: Properties.EventPattern: wants a JSON object"),
        ("EventPattern: {}, State: ON", "R: Properties.State: cannot be 'true'"),
        ("EventPattern: {}, Targets: [{Id: a}]", "R: Properties.Targets[0]: Arn is missing"),
    ],
)
def test_a_rules_mistakes_cost_the_rule(naming: Naming, properties: str, message: str) -> None:
    text = f"Resources: {{R: {{Type: AWS::Events::Rule, Properties: {{{properties}}}}}}}"
    assert naming(text).startswith(message)


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        ("[{Event: x}]", "B: Properties.NotificationConfiguration.QueueConfigurations[0].Queue: is missing"),
        (
            "[{Event: x, Queue: q, Filter: {S3Key: {Rules: [{Name: middle, Value: a}]}}}]",
            "B: Properties.NotificationConfiguration.QueueConfigurations[0].Filter: a key is filtered by prefix",
        ),
    ],
)
def test_a_notifications_mistakes_cost_its_bucket(naming: Naming, configuration: str, message: str) -> None:
    properties = f"{{NotificationConfiguration: {{QueueConfigurations: {configuration}}}}}"
    assert naming(f"Resources: {{B: {{Type: AWS::S3::Bucket, Properties: {properties}}}}}").startswith(message)
