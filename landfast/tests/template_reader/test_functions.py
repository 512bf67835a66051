from pathlib import Path

import pytest

from landfast.template import Alias, Template
from tests.template_reader.conftest import Naming, Reading

SAM = "Transform: AWS::Serverless-2016-10-31\n"
FUNCTION = "Type: AWS::Serverless::Function, Properties: {CodeUri: functions, Handler: a.b, Runtime: python3.13"


def test_a_function_is_read_with_all_its_settings(reading: Reading, template_file: Path) -> None:
    template = reading(
        """
        Transform: AWS::Serverless-2016-10-31
        Parameters:
          Architecture: {Type: String, Default: arm64}
          Reserved: {Type: String, Default: "5"}
        Globals:
          Function:
            Runtime: python3.13
            Timeout: 30
            MemorySize: 512
            CodeUri: functions/
            Architectures: [!Ref Architecture]
            Environment: {Variables: {SHARED: 1, DEBUG: false}}
        Resources:
          Queue: {Type: AWS::SQS::Queue}
          Logs: {Type: AWS::Logs::LogGroup}
          F:
            Type: AWS::Serverless::Function
            Properties:
              FunctionName: !Sub ${AWS::StackName}-import
              Handler: import_orders.app.handler
              Timeout: 60
              ReservedConcurrentExecutions: !Ref Reserved
              RecursiveLoop: Allow
              LoggingConfig: {LogGroup: !Ref Logs}
              Environment: {Variables: {QUEUE_URL: !Ref Queue, RATIO: 0.5}}
          G: {Type: AWS::Serverless::Function, Properties: {Handler: a.b}}
        """,
        Architecture="x86_64",
    )
    function, other = template.functions["F"], template.functions["G"]
    assert (function.name, function.arn) == (
        "shop-import",
        "arn:aws:lambda:us-east-1:123456789012:function:shop-import",
    )
    assert (function.handler, function.runtime) == ("import_orders.app.handler", "python3.13")
    assert function.code == other.code == template_file.parent / "functions"
    assert (function.timeout, other.timeout) == (60, 30)
    assert (function.memory_size, function.architecture) == (512, "x86_64")
    assert (function.reserved_concurrent_executions, other.reserved_concurrent_executions) == (5, None)
    assert (function.recursive_loop, other.recursive_loop) == ("Allow", "Terminate")
    assert dict(function.environment) == {
        "SHARED": "1",
        "DEBUG": "false",
        "QUEUE_URL": template.queues["Queue"].url,
        "RATIO": "0.5",
    }
    assert function.log_group.startswith("shop-Logs-")
    assert other.log_group == f"/aws/lambda/{other.name}"
    assert template.not_run == ()


def test_a_function_has_aws_defaults(reading: Reading) -> None:
    function = reading(f"{SAM}Resources: {{F: {{{FUNCTION}}}}}}}").functions["F"]
    assert (function.timeout, function.memory_size, function.architecture) == (3, 128, "x86_64")
    assert (dict(function.environment), function.layers, function.versions) == ({}, (), ())
    assert (function.dead_letter_target_arn, dict(function.event_invoke_configs)) == (None, {})


def test_s_137_logging_and_storage_are_read_also_from_globals(reading: Reading) -> None:
    template = reading(
        """
        Transform: AWS::Serverless-2016-10-31
        Parameters:
          Level: {Type: String, Default: WARN}
        Globals:
          Function:
            Runtime: python3.13
            CodeUri: functions/
            EphemeralStorage: {Size: 1024}
            LoggingConfig: {LogFormat: JSON, ApplicationLogLevel: !Ref Level, SystemLogLevel: DEBUG}
        Resources:
          F: {Type: AWS::Serverless::Function, Properties: {Handler: a.b, LoggingConfig: {LogGroup: own}}}
          G: {Type: AWS::Serverless::Function, Properties: {Handler: a.b, Timeout: 1800}}
        """
    )
    for function in template.functions.values():
        assert (function.log_format, function.application_log_level, function.system_log_level) == (
            *("JSON", "WARN", "DEBUG"),
        )
        assert function.ephemeral_storage_size == 1024
    assert template.functions["F"].log_group == "own"
    assert template.functions["G"].timeout == 1800


@pytest.mark.parametrize(
    ("properties", "where"),
    [
        ("Timeout: 1801", "Timeout"),
        ("Timeout: 0", "Timeout"),
        ("MemorySize: 127", "MemorySize"),
        ("MemorySize: 10241", "MemorySize"),
        ("EphemeralStorage: {Size: 511}", "EphemeralStorage.Size"),
        ("LoggingConfig: {LogFormat: XML}", "LoggingConfig.LogFormat"),
        ("LoggingConfig: {LogFormat: JSON, ApplicationLogLevel: LOUD}", "LoggingConfig.ApplicationLogLevel"),
        ("LoggingConfig: {LogFormat: JSON, SystemLogLevel: ERROR}", "LoggingConfig.SystemLogLevel"),
        ("LoggingConfig: {ApplicationLogLevel: WARN}", "LoggingConfig.ApplicationLogLevel"),
        ("LoggingConfig: {LogFormat: Text, SystemLogLevel: WARN}", "LoggingConfig.SystemLogLevel"),
    ],
)
def test_settings_that_lambda_refuses_are_refused_in_one_line(naming: Naming, properties: str, where: str) -> None:
    message = naming(f"{SAM}Resources: {{F: {{{FUNCTION}, {properties}}}}}}}")
    assert f"F: Properties.{where}" in message
    assert "\n" not in message


def test_a_plain_cloudformation_function_needs_no_transform(reading: Reading, template_file: Path) -> None:
    function = reading(
        """
        Resources:
          F:
            Type: AWS::Lambda::Function
            Properties: {Code: functions, Handler: a.b, Runtime: python3.12, Layers: [!Ref L]}
          L: {Type: AWS::Lambda::LayerVersion, Properties: {Content: layer}}
        """
    ).functions["F"]
    assert (function.code, function.runtime) == (template_file.parent / "functions", "python3.12")
    assert [layer.content for layer in function.layers] == [template_file.parent / "layer"]


def test_layers_keep_their_order_and_tell_how_they_are_built(reading: Reading, template_file: Path) -> None:
    template = reading(
        SAM
        + """
Resources:
  One: {Type: AWS::Serverless::LayerVersion, Metadata: {BuildMethod: python3.13}, Properties: {ContentUri: layer/}}
  Two: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: functions, LayerName: second}}
  F:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions
      Handler: a.b
      Runtime: python3.13
      Layers: [!Ref Two, !Ref One, 'arn:aws:lambda:us-east-1:017000801446:layer:Powertools:7']
"""
    )
    second, first = template.functions["F"].layers
    assert (first.name, first.content, first.build_method) == ("One", template_file.parent / "layer", "python3.13")
    assert (second.name, second.build_method) == ("second", None)
    assert second.arn == "arn:aws:lambda:us-east-1:123456789012:layer:second:1"
    assert template.not_run == (
        (
            "F (AWS::Lambda::Function): layer arn:aws:lambda:us-east-1:017000801446:layer:Powertools:7 left out: "
            "its content is not on this machine"
        ),
    )


def test_a_path_may_depend_on_a_parameter(reading: Reading, template_file: Path) -> None:
    text = f"""{SAM}
Parameters: {{Folder: {{Type: String, Default: nowhere}}}}
Resources: {{F: {{{FUNCTION.replace("CodeUri: functions", "CodeUri: !Sub '${Folder}/'")}}}}}}}
"""
    assert reading(text, Folder="functions").functions["F"].code == template_file.parent / "functions"


@pytest.mark.parametrize(
    "bucket", ["cdk-hnb659fds-assets-123456789012-us-east-1", "!Sub 'cdk-assets-${AWS::AccountId}'"]
)
def test_the_code_of_a_cdk_asset_is_its_folder_beside_the_template(
    reading: Reading, template_file: Path, bucket: str
) -> None:
    (template_file.parent / "asset.4cc07e0b").mkdir()
    code = f"Code: {{S3Bucket: {bucket}, S3Key: 4cc07e0b.zip}}"
    role = "Role: 'arn:aws:iam::123456789012:role/r'"
    text = f"""
Resources:
  F:
    Type: AWS::Lambda::Function
    Properties: {{Runtime: python3.13, Handler: a.b, {role}, {code}}}
"""
    assert reading(text).functions["F"].code == template_file.parent / "asset.4cc07e0b"
    told = reading(text.replace("4cc07e0b.zip", "../asset.4cc07e0b/gone.zip")).not_run
    assert [line for line in told if "the code is not on this machine" in line]


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        (
            "CodeUri: functions, Handler: a.b, Runtime: nodejs22.x",
            "Properties.Runtime: nodejs22.x is not Python 3, and not run; `sam local",
        ),
        ("CodeUri: gone, Handler: a.b, Runtime: python3.13", "there is no folder gone beside the template"),
        ("CodeUri: s3://b/k, Handler: a.b, Runtime: python3.13", "the code is not on this machine"),
        ("PackageType: Image", "Properties.PackageType: images are not run; package the function as Zip"),
    ],
)
def test_a_function_that_cannot_be_run_is_named_and_the_rest_is_run(
    reading: Reading, properties: str, reason: str
) -> None:
    template = reading(
        f"""{SAM}
Resources:
  Queue: {{Type: AWS::SQS::Queue}}
  Good: {{{FUNCTION}}}}}
  Bad:
    Type: AWS::Serverless::Function
    Properties: {{{properties}, Events: {{E: {{Type: SQS, Properties: {{Queue: !GetAtt Queue.Arn}}}}}}}}
"""
    )
    assert list(template.functions) == ["Good"]
    first, second = template.not_run
    assert first.startswith("Bad (AWS::Lambda::Function): not run locally: ")
    assert reason in first
    assert second.startswith(
        "BadE (AWS::Lambda::EventSourceMapping): not run locally: Properties.FunctionName: shop-Bad"
    )


def test_an_environment_variable_that_only_aws_has_is_left_out_and_named(reading: Reading) -> None:
    text = f"""{SAM}
Resources:
  Pool: {{Type: AWS::Cognito::UserPool}}
  F: {{{FUNCTION}, Environment: {{Variables: {{A: a, B: !ImportValue b, C: !Ref Pool}}}}}}}}
"""
    template = reading(text)
    assert dict(template.functions["F"].environment) == {"A": "a"}
    assert template.not_run[1:] == (
        "F (AWS::Lambda::Function): environment variable B left out: Fn::ImportValue can only be answered by AWS",
        "F (AWS::Lambda::Function): environment variable C left out: Pool (AWS::Cognito::UserPool) is not run locally",
    )


def test_sam_refusals_are_told_in_one_line(naming: Naming) -> None:
    text = f"{SAM}Resources: {{F: {{Type: AWS::Serverless::Function, Properties: {{CodeUri: functions}}}}}}"
    assert naming(text) == (
        "F: SAM refuses it: Runtime and Handler needs to be present when PackageType is of type `Zip`"
    )


def test_what_confuses_the_translator_costs_one_event(naming: Naming) -> None:
    text = f"{SAM}Resources: {{F: {{{FUNCTION}, Events: {{E: {{Type: SQS, Properties: [x]}}}}}}}}}}"
    assert naming(text).startswith("F: event E left out: SAM refuses it: ")


def test_applications_are_set_aside_without_asking_aws(reading: Reading) -> None:
    template = reading(
        f"""{SAM}
Resources:
  App:
    Type: AWS::Serverless::Application
    Properties:
      Location: {{ApplicationId: arn:aws:serverlessrepo:us-east-1:1:applications/a, SemanticVersion: 1.0.0}}
  F: {{{FUNCTION}}}}}
"""
    )
    assert list(template.functions) == ["F"]
    assert template.not_run == (
        (
            "App (AWS::Serverless::Application): not run locally: "
            "nested applications are not read; read their own template"
        ),
    )


def test_apis_and_state_machines_with_local_definitions_are_named_and_do_no_harm(reading: Reading) -> None:
    template = reading(
        f"""{SAM}
Resources:
  Api: {{Type: AWS::Serverless::HttpApi, Properties: {{DefinitionUri: api.yaml}}}}
  Machine: {{Type: AWS::Serverless::StateMachine, Properties: {{DefinitionUri: machine.json}}}}
  F: {{{FUNCTION}, FunctionUrlConfig: {{AuthType: NONE}}}}}}
"""
    )
    assert list(template.functions) == ["F"]
    assert {line.partition(":")[0].partition(" ")[0] for line in template.not_run} == {"Api", "Machine", "FUrl"}


ALIASED = f"""{SAM}
Resources:
  Bucket: {{Type: AWS::S3::Bucket}}
  Failed: {{Type: AWS::SQS::Queue}}
  F:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions
      Handler: a.b
      Runtime: python3.13
      AutoPublishAlias: live
      EventInvokeConfig:
        MaximumRetryAttempts: 1
        MaximumEventAgeInSeconds: "60"
        DestinationConfig: {{OnFailure: {{Type: SQS, Destination: !GetAtt Failed.Arn}}}}
      Events:
        Upload: {{Type: S3, Properties: {{Bucket: !Ref Bucket, Events: 's3:ObjectCreated:*'}}}}
        Message: {{Type: SQS, Properties: {{Queue: !GetAtt Inbox.Arn}}}}
  Inbox: {{Type: AWS::SQS::Queue}}
"""


def test_s_126_with_auto_publish_alias_everything_points_at_the_alias(reading: Reading) -> None:
    template = reading(ALIASED)
    function = template.functions["F"]
    live = f"{function.arn}:live"
    assert function.versions == ("1",)
    assert dict(function.aliases) == {"live": Alias(name="live", arn=live, version="1")}
    assert [each.target_arn for each in template.buckets["Bucket"].notifications] == [live]
    assert template.event_source_mappings["FMessage"].qualifier == "live"
    assert template.function_of(live) == (function, "live")


def test_s_008_settings_belong_to_their_qualifier_alone(reading: Reading) -> None:
    template = reading(ALIASED)
    configs = template.functions["F"].event_invoke_configs
    assert list(configs) == ["live"]
    live = configs["live"]
    assert (live.properties["MaximumRetryAttempts"], live.properties["MaximumEventAgeInSeconds"]) == (1, "60")
    assert (live.on_success, live.on_failure) == (None, template.queues["Failed"].arn)
    assert live.properties["DestinationConfig"] == {"OnFailure": {"Destination": template.queues["Failed"].arn}}
    without_alias = reading(ALIASED.replace("AutoPublishAlias: live", "Timeout: 3"))
    assert list(without_alias.functions["F"].event_invoke_configs) == ["$LATEST"]


def test_a_gradual_deployment_is_read_without_a_warning(reading: Reading, caplog: pytest.LogCaptureFixture) -> None:
    gradual = "AutoPublishAlias: live\n      DeploymentPreference: {Type: Canary10Percent5Minutes}"
    template = reading(ALIASED.replace("AutoPublishAlias: live", gradual))
    assert list(template.functions["F"].aliases) == ["live"]
    assert template.not_run == ()
    assert caplog.records == []


def test_an_alias_may_share_its_calls_among_versions(reading: Reading) -> None:
    template = reading(
        """
Resources:
  F: {Type: AWS::Lambda::Function, Properties: {Code: functions, Handler: a.b, Runtime: python3.13}}
  One: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref F}}
  Two: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref F}}
  Live:
    Type: AWS::Lambda::Alias
    Properties:
      Name: live
      FunctionName: !Ref F
      FunctionVersion: !GetAtt One.Version
      RoutingConfig: {AdditionalVersionWeights: [{FunctionVersion: !GetAtt Two.Version, FunctionWeight: 0.1}]}
"""
    )
    function = template.functions["F"]
    assert (function.versions, function.aliases["live"].version) == (("1", "2"), "1")
    assert dict(function.aliases["live"].weights) == {"2": 0.1}


def test_s_129_a_destination_without_target_is_made_by_sam(reading: Reading) -> None:
    template = reading(
        f"""{SAM}
Resources:
  F:
    {FUNCTION.replace(", Properties: {", chr(10) + "    Properties: {")},
      EventInvokeConfig: {{DestinationConfig: {{OnSuccess: {{Type: SQS}}, OnFailure: {{Type: SNS}}}}}}}}
"""
    )
    config = template.functions["F"].event_invoke_configs["$LATEST"]
    (queue,), (topic,) = template.queues.values(), template.topics.values()
    assert (config.on_success, config.on_failure) == (queue.arn, topic.arn)


def test_s_131_a_dead_letter_queue_is_the_functions_dead_letter_config(reading: Reading) -> None:
    text = f"""{SAM}
Resources:
  Dead: {{Type: AWS::SQS::Queue}}
  F: {{{FUNCTION}, DeadLetterQueue: {{Type: SQS, TargetArn: !GetAtt Dead.Arn}}}}}}
"""
    template = reading(text)
    assert template.functions["F"].dead_letter_target_arn == template.queues["Dead"].arn


def event_invoke(properties: str) -> str:
    return f"""
Resources:
  F:
    Type: AWS::Lambda::Function
    Properties: {{FunctionName: f, Code: functions, Handler: a.b, Runtime: python3.13}}
  Config: {{Type: AWS::Lambda::EventInvokeConfig, Properties: {{FunctionName: f, Qualifier: $LATEST, {properties}}}}}
"""


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ("", "Config: Properties.EventInvokeConfig: You must specify at least one of error handling or destination"),
        (
            "DestinationConfig: {OnFailure: {Destination: 'arn:aws:lambda:us-east-1:123456789012:function:f:live'}}",
            "You can't specify the function as a destination for itself.",
        ),
        (
            "DestinationConfig: {OnFailure: {Destination: 'arn:aws:kinesis:us-east-1:123456789012:stream/s'}}",
            "OnFailure.Destination: ",
        ),
        ("MaximumRetryAttempts: 3", "Config: Properties.MaximumRetryAttempts: "),
        ("MaximumEventAgeInSeconds: 59", "Config: Properties.MaximumEventAgeInSeconds: "),
    ],
)
def test_s_033_settings_that_lambda_refuses_are_refused(naming: Naming, properties: str, message: str) -> None:
    assert message in naming(event_invoke(properties))


def test_a_qualifier_has_one_event_invoke_config(naming: Naming) -> None:
    text = event_invoke("MaximumRetryAttempts: 1")
    twice = text + text.splitlines()[-1].replace("Config:", "Again:", 1)
    assert naming(twice) == "Again: Properties.Qualifier: f:$LATEST already has an EventInvokeConfig"


def test_a_destination_that_is_no_function_of_the_template_is_named_and_its_events_are_kept(reading: Reading) -> None:
    arn = "arn:aws:lambda:us-east-1:123456789012:function:elsewhere"
    template = reading(event_invoke(f"DestinationConfig: {{OnSuccess: {{Destination: '{arn}'}}}}"))
    assert template.functions_outside == {arn: template.queues["function-elsewhere"].arn}
    assert template.stand_ins[0].startswith("function that does not run here, its events are kept: elsewhere (for F); ")


def find(template: Template, reference: str) -> str | None:
    found = template.function_of(reference)
    return found and found[0].logical_id


def test_a_function_is_found_by_the_names_lambda_takes(reading: Reading) -> None:
    template = reading(event_invoke("MaximumRetryAttempts: 1"))
    arn = template.functions["F"].arn
    assert [find(template, each) for each in ("f", "f:7", arn, f"{arn}:live")] == ["F"] * 4
    elsewhere = arn.replace("us-east-1", "eu-west-1")
    assert [find(template, each) for each in ("g", elsewhere, "arn:aws:sqs:us-east-1:1:f")] == [None] * 3


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("Handler: a.b, Code: functions", "F: Properties.Runtime: is missing; for example python3.13"),
        ("Runtime: python3.13, Code: functions", "F: Properties.Handler: is missing; for example app.handler"),
        (
            "Runtime: python3.13, Handler: a.b, Code: functions, Timeout: long",
            "F: Properties.Timeout: wants a whole number but is given a text",
        ),
        (
            "Runtime: python3.13, Handler: a.b, Code: functions, Environment: {Variables: {A: [1]}}",
            "F: Properties.Environment.Variables.A: wants a text but is given a list",
        ),
        (
            "Runtime: python3.13, Handler: a.b, Code: functions, Architectures: [mips]",
            "F: Properties.Architectures[0]: ",
        ),
    ],
)
def test_a_functions_mistakes_are_told_with_their_place(naming: Naming, wrong: str, message: str) -> None:
    assert naming(f"Resources: {{F: {{Type: AWS::Lambda::Function, Properties: {{{wrong}}}}}}}").startswith(message)
