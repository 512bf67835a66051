"""What is told of the stack: CloudFormation, STS, and what Lambda tells of permissions and tags."""

import json

import pytest
from botocore.exceptions import ClientError

from landfast.service.service import Service
from tests.clients.conftest import STACK, Clients


def test_a_stack_is_described_with_its_outputs(aws: Clients, service: Service) -> None:
    [stack] = aws("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    assert (stack["StackName"], stack["StackStatus"]) == (STACK, "CREATE_COMPLETE")
    assert stack["Description"] == "A stack for clients and tools to ask about."
    assert stack["Parameters"] == [
        {"ParameterKey": "Greeting", "ParameterValue": "hello"},
        {"ParameterKey": "Secret", "ParameterValue": "****"},
    ]
    outputs = {each["OutputKey"]: each for each in stack["Outputs"]}
    jobs = service.running.resource("queue", "Jobs")
    assert outputs["JobsUrl"] == {
        "OutputKey": "JobsUrl",
        "OutputValue": jobs.url,
        "Description": "Where jobs go.",
        "ExportName": f"{STACK}-jobs",
    }
    sent = aws("sqs").send_message(QueueUrl=outputs["JobsUrl"]["OutputValue"], MessageBody="{}")
    assert sent["MessageId"]
    [same] = aws("cloudformation").describe_stacks(StackName=stack["StackId"])["Stacks"]
    assert same == stack
    [summary] = aws("cloudformation").list_stacks(StackStatusFilter=["CREATE_COMPLETE"])["StackSummaries"]
    assert summary["StackId"] == stack["StackId"]
    [export] = aws("cloudformation").list_exports()["Exports"]
    assert (export["Name"], export["Value"]) == (f"{STACK}-jobs", jobs.url)


def test_the_resources_of_a_stack_are_told_by_their_names_at_the_endpoint(aws: Clients, service: Service) -> None:
    api = aws("cloudformation")
    pages = api.get_paginator("list_stack_resources").paginate(StackName=STACK)
    told = {each["LogicalResourceId"]: each for page in pages for each in page["StackResourceSummaries"]}
    worker = service.running.resource("function", "Worker")
    assert told["Worker"]["PhysicalResourceId"] == worker.name
    assert told["Jobs"]["PhysicalResourceId"] == service.running.resource("queue", "Jobs").url
    mappings = {each["UUID"] for each in aws("lambda").list_event_source_mappings()["EventSourceMappings"]}
    assert told["WorkerJobs"]["PhysicalResourceId"] in mappings
    assert {each["ResourceType"] for each in told.values()} >= {"AWS::IAM::Role", "AWS::Lambda::Alias"}
    [described] = api.describe_stack_resources(PhysicalResourceId=worker.name)["StackResources"]
    assert (described["StackName"], described["LogicalResourceId"]) == (STACK, "Worker")
    detail = api.describe_stack_resource(StackName=STACK, LogicalResourceId="Clicks")["StackResourceDetail"]
    assert detail["PhysicalResourceId"] == service.running.resource("stream", "Clicks").name
    events = api.describe_stack_events(StackName=STACK)["StackEvents"]
    assert {each["LogicalResourceId"] for each in events} == {STACK, *told}


@pytest.mark.parametrize(
    ("operation", "params", "status", "told"),
    [
        ("describe_stacks", {"StackName": "other"}, 400, "Stack with id other does not exist"),
        (
            "describe_stack_resource",
            {"StackName": STACK, "LogicalResourceId": "No"},
            400,
            f"Resource No does not exist for stack {STACK}",
        ),
        ("delete_stack", {"StackName": STACK}, 501, "DeleteStack is not available"),
    ],
)
def test_what_cloudformation_cannot_tell_or_do_is_refused_by_name(
    aws: Clients, operation: str, params: dict[str, str], status: int, told: str
) -> None:
    with pytest.raises(ClientError, match=told) as error:
        getattr(aws("cloudformation"), operation)(**params)
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_credentials_are_the_accounts_and_the_engine_gives_others(aws: Clients) -> None:
    identity = aws("sts").get_caller_identity()
    assert (identity["Account"], identity["Arn"]) == ("123456789012", "arn:aws:iam::123456789012:root")
    role = {"RoleArn": "arn:aws:iam::123456789012:role/some", "RoleSessionName": "test"}
    assert aws("sts").assume_role(**role)["Credentials"]["SessionToken"]


def test_a_function_has_no_url_as_http_is_not_served(aws: Clients) -> None:
    with pytest.raises(ClientError) as error:
        aws("cloudcontrol").get_resource(TypeName="AWS::Lambda::Url", Identifier="greeter")
    assert error.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_who_may_call_a_function_and_its_tags_are_told_as_declared(aws: Clients, service: Service) -> None:
    api = aws("lambda")
    policy = json.loads(api.get_policy(FunctionName="greeter", Qualifier="live")["Policy"])
    [statement] = policy["Statement"]
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Condition"]["ArnLike"] == {"AWS:SourceArn": "arn:aws:s3:::uploads"}
    with pytest.raises(ClientError, match="No policy is associated") as error:
        api.get_policy(FunctionName="greeter")
    assert error.value.response["Error"]["Code"] == "ResourceNotFoundException"
    worker = service.running.resource("function", "Worker")
    tags = {"lambda:createdBy": "SAM", "team": "jobs"}
    assert api.list_tags(Resource=worker.arn)["Tags"] == tags
    told = api.get_function(FunctionName=worker.name)
    assert (told["Tags"], told["Configuration"]["Description"]) == (tags, "Works.")


def test_permissions_and_tags_are_kept_as_they_are_given(aws: Clients, service: Service) -> None:
    api, worker = aws("lambda"), service.running.resource("function", "Worker")
    given = {"FunctionName": worker.name, "StatementId": "events", "Action": "lambda:InvokeFunction"}
    added = api.add_permission(**given, Principal="events.amazonaws.com", SourceArn="arn:aws:events:::rule/r")
    with pytest.raises(ClientError, match="already exists"):
        api.add_permission(**given, Principal="events.amazonaws.com")
    [statement] = json.loads(api.get_policy(FunctionName=worker.name)["Policy"])["Statement"]
    assert statement == json.loads(added["Statement"])
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    api.remove_permission(FunctionName=worker.name, StatementId="events")
    with pytest.raises(ClientError, match="not found in resource policy"):
        api.remove_permission(FunctionName=worker.name, StatementId="events")
    api.tag_resource(Resource=worker.arn, Tags={"stage": "test"})
    assert api.list_tags(Resource=worker.arn)["Tags"]["stage"] == "test"
    api.untag_resource(Resource=worker.arn, TagKeys=["stage"])
    assert "stage" not in api.list_tags(Resource=worker.arn)["Tags"]
