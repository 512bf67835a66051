"""What a template names and does not declare: which stand-ins it gets, and what is told of them."""

import pytest

from tests.template_reader.conftest import Reading

HERE = "us-east-1:123456789012"
FUNCTION = """
          F:
            Type: AWS::Lambda::Function
            Properties:
              {Handler: a.h, Runtime: python3.13, Code: functions/, Role: !GetAtt Role.Arn, Timeout: 20SETTINGS}
          Role:
            Type: AWS::IAM::Role
            Properties: {AssumeRolePolicyDocument: {}, Policies: [POLICIES]}
"""


def stack(resources: str = "", settings: str = "", policies: str = "") -> str:
    function = FUNCTION.replace("SETTINGS", settings and f", {settings}").replace("POLICIES", policies)
    return f"""
        Parameters:
          Bus: {{Type: String, Default: shared-bus}}
          Url: {{Type: "AWS::SSM::Parameter::Value<String>", Default: /shared/queue}}
        Resources:{function}{resources}
    """


def mapping(source: str, more: str = "") -> str:
    properties = f"{{FunctionName: !Ref F, EventSourceArn: {source}{more}}}"
    return f"          M: {{Type: AWS::Lambda::EventSourceMapping, Properties: {properties}}}\n"


def rule(properties: str) -> str:
    return f"          R: {{Type: AWS::Events::Rule, Properties: {{EventPattern: {{source: [a]}}, {properties}}}}}\n"


def test_a_bus_that_is_named_by_a_parameter_has_a_stand_in(reading: Reading) -> None:
    template = reading(stack(rule("EventBusName: !Ref Bus, Targets: [{Id: f, Arn: !GetAtt F.Arn}]")))
    assert template.event_buses["shared-bus"].arn == f"arn:aws:events:{HERE}:event-bus/shared-bus"
    assert template.stand_ins == (
        (
            "event bus outside the template, local stand-in: shared-bus (for R); "
            "`landfast send events FILE --bus NAME` puts events"
        ),
    )
    assert template.not_run == ()


def test_a_queue_of_elsewhere_is_read_with_a_visibility_timeout_that_lambda_takes(reading: Reading) -> None:
    template = reading(stack(mapping(f"'arn:aws:sqs:{HERE}:work.fifo'")))
    queue = template.queues["work.fifo"]
    assert (queue.fifo_queue, queue.visibility_timeout, queue.attributes["ContentBasedDeduplication"]) == (
        True,
        120,
        "true",
    )
    assert template.event_source_mappings["M"].source == "work.fifo"


@pytest.mark.parametrize(
    ("source", "kind", "name"),
    [
        (f"'arn:aws:kinesis:{HERE}:stream/clicks'", "streams", "clicks"),
        (f"'arn:aws:dynamodb:{HERE}:table/orders/stream/2024-05-05T10:00:00.000'", "tables", "orders"),
        ("'arn:aws:kinesis:eu-west-1:999999999999:stream/clicks'", "streams", "clicks"),
        ("!ImportValue the-clicks", "streams", "the-clicks"),
        ("!ImportValue OrdersTableStream", "tables", "OrdersTableStream"),
        ("'{{resolve:ssm:/shared/clicks-arn}}'", "streams", "shared-clicks-arn"),
        ("!Sub 'arn:aws:kinesis:${AWS::Region}:${AWS::AccountId}:stream/${Url}'", "streams", "Url"),
    ],
)
def test_a_stream_of_elsewhere_is_read(reading: Reading, source: str, kind: str, name: str) -> None:
    template = reading(stack(mapping(source, ", StartingPosition: LATEST")))
    [stood] = getattr(template, kind).values()
    assert stood.name == name
    assert template.event_source_mappings["M"].source_arn == stood.event_source_arn
    assert template.not_run == ()


def test_what_failures_are_sent_to_has_a_stand_in(reading: Reading) -> None:
    config = (
        "          C: {Type: AWS::Lambda::EventInvokeConfig, Properties: {FunctionName: !Ref F, Qualifier: $LATEST, "
        "DestinationConfig: {OnFailure: {Destination: !ImportValue 'team:failures'}, "
        f"OnSuccess: {{Destination: 'arn:aws:sns:{HERE}:done'}}}}}}}}\n"
        "          Q: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true, "
        "RedrivePolicy: {maxReceiveCount: 3, deadLetterTargetArn: !ImportValue dead}}}\n"
    )
    template = reading(stack(config, settings=f"DeadLetterConfig: {{TargetArn: 'arn:aws:sqs:{HERE}:central-dlq'}}"))
    assert set(template.queues) == {"Q", "central-dlq", "dead.fifo", "team-failures"}
    assert template.topics["done"].arn == f"arn:aws:sns:{HERE}:done"
    queues, topics = template.stand_ins
    assert queues.startswith(
        "queues outside the template, local stand-ins: central-dlq (for F), dead.fifo (for Q), team-failures (for F); "
    )
    assert topics.startswith("topic outside the template, local stand-in: done (for F); ")


def test_the_topic_that_an_alarm_tells_may_be_of_elsewhere(reading: Reading) -> None:
    alarm = (
        "AlarmActions: [!ImportValue pages], OKActions: !If [Here, [!ImportValue pages], []], MetricName: m, "
        "ComparisonOperator: GreaterThanThreshold, EvaluationPeriods: 1, Namespace: n, Period: 60, Statistic: Sum, "
        "Threshold: 1"
    )
    declared = stack(f"          A: {{Type: AWS::CloudWatch::Alarm, Properties: {{{alarm}}}}}\n")
    template = reading(f"        Conditions: {{Here: !Equals [a, a]}}{declared}")
    pages = (template.topics["pages"].arn,)
    assert template.alarms["A"].actions == {"ALARM": pages, "OK": pages, "INSUFFICIENT_DATA": ()}
    assert template.not_run == ()


@pytest.mark.parametrize(
    ("made_by", "value", "name"),
    [
        ("{Type: AWS::CloudFormation::Stack}", "!GetAtt Made.Outputs.Work", "Made-Work"),
        (
            "{Type: AWS::Serverless::Application, Properties: {Location: made.yaml}}",
            "!GetAtt Made.Outputs.Work",
            "Made-Work",
        ),
        ("{Type: AWS::CloudFormation::CustomResource}", "!GetAtt Made.QueueArn", "Made-QueueArn"),
        ("{Type: 'Custom::Queue'}", "!Ref Made", "Made"),
        ("{Type: AWS::CloudFormation::Stack}", f"!Sub 'arn:aws:sqs:{HERE}:${{Made.Outputs.Name}}'", "Made-Name"),
    ],
)
def test_what_another_stack_or_a_custom_resource_makes_has_a_stand_in(
    reading: Reading, made_by: str, value: str, name: str
) -> None:
    made = f"          Made: {made_by}\n"
    template = reading(stack(mapping(value) + made))
    assert template.event_source_mappings["M"].source == name
    assert template.queues[name].arn == f"arn:aws:sqs:{HERE}:{name}"
    assert any(line.startswith("Made (") for line in template.not_run)


def test_another_accounts_resource_is_played_here_wherever_it_is_named(reading: Reading) -> None:
    foreign = "arn:aws:sns:eu-west-1:999999999999:alerts"
    url = "https://sqs.eu-west-1.amazonaws.com/999999999999/jobs"
    template = reading(
        stack(settings=f"Environment: {{Variables: {{TOPIC: '{foreign}', JOBS: '{url}', N: '{foreign}2'}}}}")
    )
    assert template.functions["F"].environment == {
        "TOPIC": f"arn:aws:sns:{HERE}:alerts",
        "JOBS": "https://sqs.us-east-1.amazonaws.com/123456789012/jobs",
        "N": f"arn:aws:sns:{HERE}:alerts2",
    }
    assert template.queues["jobs"].url == template.functions["F"].environment["JOBS"]


def test_another_accounts_bus_is_not_the_own_bus_of_the_same_name(reading: Reading) -> None:
    arn = "arn:aws:events:us-east-1:999999999999:event-bus/default"
    template = reading(stack(rule(f"Targets: [{{Id: central, Arn: '{arn}'}}]")))
    [target] = template.rules["R"].targets
    assert target.arn == template.event_buses["default-999999999999"].arn


def test_what_a_role_allows_tells_what_its_function_uses(reading: Reading) -> None:
    allowed = ", ".join(
        f"'arn:aws:{each}'"
        for each in (
            "s3:::reports/*",
            "sqs:*:*:outbox",
            f"events:{HERE}:event-bus/shared-bus",
            f"dynamodb:{HERE}:table/orders",
            f"lambda:{HERE}:function:billing*",
            f"sns:{HERE}:*",
            f"logs:{HERE}:log-group:x",
        )
    )
    statements = f"{{Effect: Allow, Action: '*', Resource: [{allowed}]}}"
    denied = f"{{Effect: Deny, Action: '*', Resource: 'arn:aws:sqs:{HERE}:never'}}"
    policy = f"{{PolicyName: p, PolicyDocument: {{Statement: [{statements}, {denied}]}}}}"
    template = reading(stack(policies=policy))
    assert set(template.queues) == {"outbox", "function-billing"}
    assert (set(template.buckets), set(template.event_buses)) == ({"reports"}, {"shared-bus"})
    assert (dict(template.topics), dict(template.tables)) == ({}, {})
    assert template.functions_outside == {
        f"arn:aws:lambda:{HERE}:function:billing": template.queues["function-billing"].arn
    }
    assert (
        "not made, for the keys of tables outside the template are not known: orders (for F); declare them here"
        in template.stand_ins
    )


def test_a_function_that_does_not_run_here_keeps_its_place_and_its_events(reading: Reading) -> None:
    arn = f"arn:aws:lambda:{HERE}:function:billing:live"
    properties = "{FunctionName: node, Handler: a.h, Runtime: nodejs22.x, Code: functions/}"
    node = f"          N: {{Type: AWS::Lambda::Function, Properties: {properties}}}\n"
    template = reading(stack(node + rule(f"Targets: [{{Id: a, Arn: '{arn}'}}, {{Id: b, Arn: !GetAtt N.Arn}}]")))
    assert [target.arn for target in template.rules["R"].targets] == [arn, f"arn:aws:lambda:{HERE}:function:node"]
    assert template.stand_ins == (
        (
            "functions that do not run here, their events are kept: billing (for R), node (for R); "
            "`landfast peek function-NAME` shows them"
        ),
    )


def test_a_stand_in_with_the_name_of_a_logical_id_is_known_by_its_arn(reading: Reading) -> None:
    template = reading(stack(mapping(f"'arn:aws:sqs:{HERE}:F'")))
    assert set(template.queues) == {f"arn:aws:sqs:{HERE}:F"}


def test_a_value_that_only_aws_has_is_named_where_its_kind_is_not_known(reading: Reading) -> None:
    template = reading(
        stack(settings="Environment: {Variables: {A: !ImportValue a, B: '{{resolve:ssm:b}}', C: !Ref Url}}")
    )
    assert [line.split(": ")[1] for line in template.not_run] == [
        f"environment variable {name} left out" for name in "ABC"
    ]
    assert template.stand_ins == ()
