"""A stack is deleted as it was deployed: with its data if it is a trial, and without it otherwise."""

import json
from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from deployment.stacks import SETTINGS, DeployedStack, StacksError, delete, main, stack_name, told

KEPT = {"Fn::If": ["KeepData", "RetainExceptOnCreate", "Delete"]}
TEMPLATE = {
    "Parameters": {"Disposable": {"Type": "String", "Default": "false"}},
    "Conditions": {"KeepData": {"Fn::Equals": [{"Ref": "Disposable"}, "false"]}},
    "Resources": {
        "Files": {
            "Type": "AWS::S3::Bucket",
            "DeletionPolicy": KEPT,
            "Properties": {"BucketName": "shop-files"},
        },
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "shop-queue"}},
    },
}


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[boto3.Session]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        yield boto3.Session()


def deployed(session: boto3.Session, disposable: str) -> DeployedStack:
    given = [{"ParameterKey": "Disposable", "ParameterValue": disposable}]
    session.client("cloudformation").create_stack(
        StackName="shop",
        TemplateBody=json.dumps(TEMPLATE),
        Parameters=given,
    )
    s3 = session.client("s3")
    s3.put_bucket_versioning(Bucket="shop-files", VersioningConfiguration={"Status": "Enabled"})
    for content in (b"first", b"second"):
        s3.put_object(Bucket="shop-files", Key="a", Body=content)
    s3.delete_object(Bucket="shop-files", Key="a")
    s3.create_multipart_upload(Bucket="shop-files", Key="unfinished")
    return DeployedStack(session, "shop")


def versions(session: boto3.Session) -> int:
    listed = session.client("s3").list_object_versions(Bucket="shop-files")
    return len([*listed.get("Versions", []), *listed.get("DeleteMarkers", [])])


def sam_deletes(session: boto3.Session) -> int:
    session.client("cloudformation").delete_stack(StackName="shop")
    return 0


def test_a_trial_is_emptied_of_every_version_and_then_deleted(session: boto3.Session) -> None:
    stack, said = deployed(session, "true"), list[str]()
    delete(stack, sam=lambda: sam_deletes(session), say=said.append, ask=lambda _: "shop")
    assert said[0] == "shop was deployed as disposable: everything in it goes, data included."
    assert said[1] == "emptied shop-files of 3 object version(s)"
    assert said[-1].startswith("deleted shop; left behind: nothing")
    assert session.client("s3").list_buckets()["Buckets"] == []


def test_any_other_stack_says_what_it_keeps_and_no_object_is_touched(session: boto3.Session) -> None:
    stack, said = deployed(session, "false"), list[str]()
    delete(stack, sam=lambda: 0, say=said.append, ask=lambda _: "shop")
    for each in said:
        assert each.splitlines()[1:] == ["AWS::S3::Bucket  shop-files"]
    assert said[0] == told(stack, stack.kept())
    assert versions(session) == 3


@pytest.mark.parametrize("disposable", ["true", "false"])
@pytest.mark.parametrize("typed", ["", "y", "another"])
def test_nothing_is_touched_until_the_stacks_name_is_typed(session: boto3.Session, disposable: str, typed: str) -> None:
    stack = deployed(session, disposable)
    with pytest.raises(StacksError, match="nothing was deleted"):
        delete(stack, sam=lambda: pytest.fail("deleted"), say=lambda _: None, ask=lambda _: typed)
    assert versions(session) == 3


def test_a_deletion_that_fails_is_told(session: boto3.Session) -> None:
    with pytest.raises(StacksError, match="shop was not deleted: see above"):
        delete(deployed(session, "true"), sam=lambda: 1, say=lambda _: None, ask=lambda _: "shop")


@pytest.mark.usefixtures("session")
def test_mistakes_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kept", "--env", "nowhere"]) == 1
    assert main(["kept"]) == 1
    told_of = capsys.readouterr().err.splitlines()
    assert told_of == [
        "stacks: there is no environment nowhere in samconfig.toml; there are: default, trial, staging, production",
        f"stacks: there is no stack {stack_name(SETTINGS, 'default')} in eu-west-1",
    ]


def test_each_environment_has_a_stack_of_its_own() -> None:
    names = [stack_name(SETTINGS, each) for each in ("default", "trial", "staging", "production")]
    assert len({*names}) == 4
