"""Nothing of one test is left for the next."""

import time

from landfast.testing import Invoked, Stack, read_journal


def invocations(stack: Stack) -> int:
    return sum(isinstance(entry, Invoked) for _, entry in read_journal(stack.service.journal))


def fill(stack: Stack) -> None:
    """Leave something in every part of the stack, with retries and a running function left over."""
    stack.s3("Uploads").put("one", b"1")
    stack.settle()  # what two of them write to the table may be one batch of its stream, or two
    stack.queue("Jobs").send("no", group="a", deduplication="1")
    stack.stream("Ticks").put("tick", key="a")
    stack.topic("News").publish("hello")
    stack.settle()
    stack.queue("Failures").send("by hand", delay=60)
    stack.client("sqs").receive_message(QueueUrl=stack.queue("Readers").url)
    stack.client("ssm").put_parameter(Name="left", Value="over", Type="String")
    stack.client("lambda").put_function_concurrency(
        FunctionName=stack.function("Read").name, ReservedConcurrentExecutions=0
    )
    [mapping] = stack.client("lambda").list_event_source_mappings(FunctionName=stack.function("Work").name)[
        "EventSourceMappings"
    ]
    stack.client("lambda").update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    stack.topic("News").listen()
    stack.advance(hours=2)


def test_everything_is_as_it_was_at_the_start(landfast: Stack) -> None:
    fill(landfast)
    assert landfast.table("Ledger").items()
    assert len(landfast.queue("JobsDead")) == 1
    assert len(landfast.queue("Readers")) == 3
    landfast.reset()
    assert abs(landfast.now - time.time()) < 5
    assert invocations(landfast) == 0
    assert landfast.table("Ledger").items() == []
    versions = landfast.client("s3").list_object_versions(Bucket=landfast.s3("Uploads").name)
    assert "Versions" not in versions
    for queue in ("Failures", "Jobs", "JobsDead", "Readers"):
        assert landfast.queue(queue).messages() == []
    assert landfast.client("ssm").get_parameters(Names=["left"])["Parameters"] == []
    assert len(landfast.client("sns").list_subscriptions()["Subscriptions"]) == 1
    function = landfast.function("Read").name
    assert "ReservedConcurrentExecutions" not in landfast.client("lambda").get_function_concurrency(
        FunctionName=function
    )
    assert not landfast.service.clients.s3.list_objects_v2(Bucket=landfast.s3("Uploads").name)["KeyCount"]


def test_the_same_events_do_the_same_again_whatever_came_before(landfast: Stack) -> None:
    seen = []
    for _ in range(2):
        fill(landfast)
        seen.append((invocations(landfast), len(landfast.queue("Readers")), len(landfast.table("Ledger").items())))
        landfast.reset()
    assert seen[0] == seen[1]
    # The streams are read on from where they were: from the beginning, and from the latest record.
    landfast.settle()
    assert invocations(landfast) == 0


def test_a_function_that_still_runs_is_ended_and_does_nothing_any_more(landfast: Stack) -> None:
    landfast.s3("Uploads").put("a.slow", b"")
    while not invocations(landfast):
        landfast.client("s3").head_bucket(Bucket=landfast.s3("Uploads").name)
    landfast.reset()
    landfast.s3("Uploads").put("b", b"")
    landfast.settle()
    assert [item["id"] for item in landfast.table("Ledger").items()] == ["b"]


def test_a_reset_is_the_work_of_some_milliseconds(landfast: Stack) -> None:
    took = []
    for _ in range(5):
        landfast.queue("Readers").send("hello")
        began = time.process_time()  # of this process, so that others on the machine do not count
        landfast.reset()
        took.append(time.process_time() - began)
    assert min(took) < 0.05, took
