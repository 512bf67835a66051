"""Settings that do nothing here: each is named once, and what is known to be harmless is not."""

from pathlib import Path

import pytest

from tests.template_reader.conftest import Reading

FUNCTION = "Type: AWS::Lambda::Function, Properties: {Handler: a.h, Runtime: python3.13, Code: functions/"


def test_a_setting_of_many_functions_is_one_line(reading: Reading) -> None:
    functions = "\n".join(
        f"  F{number}: {{{FUNCTION}, SnapStart: {{ApplyOn: PublishedVersions}}}}}}" for number in range(5)
    )
    assert reading(f"Resources:\n{functions}\n").not_run == (
        (
            "F0, F1, F2 and 2 more (AWS::Lambda::Function): SnapStart left out: "
            "there are no snapshots, each environment is initialized"
        ),
    )


@pytest.mark.parametrize(
    "setting",
    [
        "DurableConfig: {ExecutionTimeout: 60}",
        "TenancyConfig: {TenantIsolationMode: PER_TENANT}",
        "FileSystemConfigs: [{Arn: 'arn:aws:elasticfilesystem:here:1:access-point/a', LocalMountPath: /mnt/a}]",
        "SomethingNew: 1",
    ],
)
def test_a_setting_of_a_function_that_does_nothing_here_is_named(reading: Reading, setting: str) -> None:
    [line] = reading(f"Resources:\n  F: {{{FUNCTION}, {setting}}}}}\n").not_run
    assert line.startswith(f"F (AWS::Lambda::Function): {setting.partition(':')[0]} left out: ")


def test_settings_that_are_off_or_harmless_are_not_named(reading: Reading) -> None:
    settings = (
        "SnapStart: {ApplyOn: None}, Tags: [], FileSystemConfigs: [], VpcConfig: {SubnetIds: [s]}, "
        "TracingConfig: {Mode: Active}, DurableConfig: !Ref AWS::NoValue"
    )
    assert reading(f"Resources:\n  F: {{{FUNCTION}, {settings}}}}}\n").not_run == ()


def test_provisioned_concurrency_is_named(reading: Reading) -> None:
    template = reading(
        """
        Transform: AWS::Serverless-2016-10-31
        Resources:
          F:
            Type: AWS::Serverless::Function
            Properties:
              Handler: a.h
              Runtime: python3.13
              CodeUri: functions/
              AutoPublishAlias: live
              ProvisionedConcurrencyConfig: {ProvisionedConcurrentExecutions: 2}
        """
    )
    [line] = template.not_run
    assert line.startswith("FAliaslive (AWS::Lambda::Alias): ProvisionedConcurrencyConfig left out: ")


@pytest.mark.parametrize(
    ("kind", "named", "harmless"),
    [
        ("AWS::S3::Bucket", "ReplicationConfiguration: {Rules: []}", "LifecycleConfiguration: {Rules: []}"),
        ("AWS::SQS::Queue", "Novelty: 1", "KmsMasterKeyId: alias/a"),
        ("AWS::SNS::Topic", "DataProtectionPolicy: {A: 1}", "DisplayName: a"),
        ("AWS::Kinesis::Stream", "RecordDistributionStrategy: A", "StreamEncryption: {A: 1}"),
        ("AWS::Events::EventBus", "EventSourceName: aws.partner/a", "LogConfig: {A: 1}"),
    ],
)
def test_each_kind_names_what_it_does_not_heed(reading: Reading, kind: str, named: str, harmless: str) -> None:
    name = "Name: a, " if kind == "AWS::Events::EventBus" else ""
    [line] = reading(f"Resources:\n  R: {{Type: {kind}, Properties: {{{name}{named}, {harmless}}}}}\n").not_run
    assert line.startswith(f"R ({kind}): {named.partition(':')[0]} left out: ")


def test_a_function_that_a_makefile_has_yet_to_build_is_named(reading: Reading, template_file: Path) -> None:
    text = f"Resources:\n  F: {{{FUNCTION}}}, Metadata: {{BuildMethod: makefile}}}}\n"
    assert reading(text).not_run == ()
    (template_file.parent / "functions" / "Makefile").touch()
    [line] = reading(text).not_run
    assert line.startswith("F (AWS::Lambda::Function): its Makefile was not run, ")


def test_metric_streams_are_named(reading: Reading) -> None:
    [line] = reading("Resources:\n  Out: {Type: AWS::CloudWatch::MetricStream}\n").not_run
    assert line.startswith("Out (AWS::CloudWatch::MetricStream): ")


def test_a_streams_partition_key_path_is_read(reading: Reading) -> None:
    target = "{Id: s, Arn: !GetAtt S.Arn, KinesisParameters: {PartitionKeyPath: $.detail.id}}"
    rule = f"{{Type: AWS::Events::Rule, Properties: {{EventPattern: {{source: [a]}}, Targets: [{target}]}}}}"
    template = reading(f"Resources:\n  S: {{Type: AWS::Kinesis::Stream}}\n  R: {rule}\n")
    assert template.rules["R"].targets[0].partition_key_path == "$.detail.id"
