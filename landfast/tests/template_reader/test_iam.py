from landfast.template import Statement, Template
from tests.template_reader.conftest import Naming, Reading

EVENTS = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Queue: {Type: AWS::SQS::Queue}
  Failed: {Type: AWS::SQS::Queue}
  Stream: {Type: AWS::Kinesis::Stream}
  F:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions
      Handler: a.b
      Runtime: python3.13
      Events:
        Message: {Type: SQS, Properties: {Queue: !GetAtt Queue.Arn}}
        Scan:
          Type: Kinesis
          Properties:
            Stream: !GetAtt Stream.Arn
            StartingPosition: LATEST
            DestinationConfig: {OnFailure: {TYPE Destination: !GetAtt Failed.Arn}}
"""


def statements(template: Template, function: str = "F") -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    role = template.functions[function].role
    assert role is not None
    return [(each.action, each.resource) for each in role.statements]


def test_s_128_only_a_destination_with_type_gets_a_policy(reading: Reading) -> None:
    with_type = reading(EVENTS.replace("TYPE", "Type: SQS,"))
    assert statements(with_type) == [(("sqs:SendMessage",), (with_type.queues["Failed"].arn,))]
    without = reading(EVENTS.replace("TYPE", ""))
    assert statements(without) == []
    destination = {"OnFailure": {"Destination": without.queues["Failed"].arn}}
    assert without.event_source_mappings["FScan"].properties["DestinationConfig"] == destination


def test_s_127_the_words_of_streams_and_of_functions_differ(reading: Reading, naming: Naming) -> None:
    bucket = "  Parked: {Type: AWS::S3::Bucket}\n"
    text = EVENTS.replace("!GetAtt Failed.Arn", "!GetAtt Parked.Arn") + bucket
    template = reading(text.replace("TYPE", "Type: S3,"))
    actions = {action for granted, _ in statements(template) for action in granted}
    assert actions == {"s3:PutObject", "s3:ListBucket"}
    assert naming(text.replace("TYPE", "Type: S3Bucket,")).startswith("F: event Scan left out: SAM refuses it: ")


def test_s_132_the_role_that_sam_makes_has_managed_policies_for_its_sources(reading: Reading) -> None:
    role = reading(EVENTS.replace("TYPE", "")).functions["F"].role
    assert role is not None
    assert sorted(arn.rpartition("/")[2] for arn in role.managed_policy_arns) == [
        "AWSLambdaBasicExecutionRole",
        "AWSLambdaKinesisExecutionRole",
        "AWSLambdaSQSQueueExecutionRole",
    ]


def test_every_policy_attached_to_a_role_counts(reading: Reading) -> None:
    template = reading(
        """
        Resources:
          Table: {Type: AWS::DynamoDB::Table, Properties: {KeySchema: [{AttributeName: a, KeyType: HASH}]}}
          Role:
            Type: AWS::IAM::Role
            Properties:
              PermissionsBoundary: !Ref Boundary
              ManagedPolicyArns: [!Ref Own, 'arn:aws:iam::aws:policy/ReadOnlyAccess']
              Policies:
                - PolicyName: inline
                  PolicyDocument:
                    Statement: {Sid: Write, Effect: Allow, Action: 'dynamodb:PutItem', Resource: !GetAtt Table.Arn}
          Own:
            Type: AWS::IAM::ManagedPolicy
            Properties: {PolicyDocument: {Statement: [{Effect: Deny, NotAction: ['s3:*'], NotResource: '*'}]}}
          Boundary: {Type: AWS::IAM::ManagedPolicy, Properties: {PolicyDocument: {Statement: []}}}
          Beside:
            Type: AWS::IAM::Policy
            Properties:
              PolicyName: beside
              Roles: [!Ref Role]
              PolicyDocument:
                Statement:
                  - Effect: Allow
                    Action: ['sqs:SendMessage', 'sqs:ReceiveMessage']
                    Resource: [!Sub 'arn:${AWS::Partition}:sqs:*:${AWS::AccountId}:x', !ImportValue queue]
                    Condition: {StringEquals: {'aws:SourceAccount': !Ref AWS::AccountId}}
          Other:
            Type: AWS::IAM::Policy
            Properties: {PolicyName: o, Roles: [other], PolicyDocument: {Statement: [{Effect: Allow, Action: '*'}]}}
          F:
            Type: AWS::Lambda::Function
            Properties: {Code: functions, Handler: a.b, Runtime: python3.13, Role: !GetAtt Role.Arn}
        """
    )
    role = template.functions["F"].role
    assert role == template.roles["Role"]
    assert role.statements == (
        Statement(
            policy="inline",
            sid="Write",
            effect="Allow",
            action=("dynamodb:PutItem",),
            resource=(template.tables["Table"].arn,),
        ),
        Statement(policy="Own", effect="Deny", not_action=("s3:*",), not_resource=("*",)),
        Statement(
            policy="Beside",
            effect="Allow",
            action=("sqs:SendMessage", "sqs:ReceiveMessage"),
            resource=("arn:aws:sqs:*:123456789012:x", '{"Fn::ImportValue": "queue"}'),
            condition={"StringEquals": {"aws:SourceAccount": "123456789012"}},
        ),
    )
    assert role.managed_policy_arns == ("arn:aws:iam::aws:policy/ReadOnlyAccess",)
    assert role.permissions_boundary is not None
    assert role.permissions_boundary.startswith("arn:aws:iam::123456789012:policy/shop-Boundary-")


def test_a_role_of_another_stack_is_unknown(reading: Reading) -> None:
    text = """
    Resources:
      F:
        Type: AWS::Lambda::Function
        Properties: {Code: functions, Handler: a.b, Runtime: python3.13, Role: ROLE}
    """
    for role in ("!ImportValue role", "'arn:aws:iam::123456789012:role/mine'"):
        template = reading(text.replace("ROLE", role))
        assert template.functions["F"].role is None
        assert template.not_run == ()


def test_a_policy_without_statement_costs_its_role(naming: Naming) -> None:
    text = "Resources: {R: {Type: AWS::IAM::Role, Properties: {Policies: [{PolicyName: p, PolicyDocument: {}}]}}}"
    assert naming(text) == "R: Properties.Policies[0].PolicyDocument: wants a Statement"
    nothing = text.replace("{PolicyName: p, PolicyDocument: {}}", "p")
    assert naming(nothing) == "R: Properties.Policies[0]: wants a PolicyName and a PolicyDocument"
