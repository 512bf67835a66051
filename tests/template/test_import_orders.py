"""What is wanted of order files beyond the rules of all pipelines."""

from tests.template.stack import Stack, as_list
from tests.template.wiring import FUNCTION


def test_the_first_pipelines_queues_are_named_after_the_stack(stack: Stack) -> None:
    names = {name: stack.properties(name)["QueueName"] for name in ("S3Success", "S3Failure")}
    assert names == {
        "S3Success": {"Fn::Sub": "${AWS::StackName}-S3-success"},
        "S3Failure": {"Fn::Sub": "${AWS::StackName}-S3-failure"},
    }


def test_only_order_files_may_be_read_and_only_by_their_function(stack: Stack) -> None:
    readers = {
        name
        for name in stack.all(FUNCTION)
        for statement in stack.statements(name)
        if "s3:GetObject" in as_list(statement["Action"])
    }
    assert readers == {"ImportOrders"}
