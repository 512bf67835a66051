"""What functions log, as CloudWatch Logs tells it."""

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from landfast.service.service import Service
from tests.clients.conftest import Clients, called

GROUP = "/aws/lambda/greeter"


def greet(aws: Clients, *names: str) -> None:
    for name in names:
        called(aws, Payload=json.dumps({"name": name}).encode())


def messages(events: list[Any]) -> list[str]:
    return [event["message"].strip() for event in events]


def test_what_a_function_logs_is_found_by_terms_and_by_time(aws: Clients) -> None:
    api = aws("logs")
    begun = int(time.time() * 1000)
    greet(aws, "ann", "bob", "ann bob")
    found = api.filter_log_events(logGroupName=GROUP, startTime=begun, filterPattern='greeting ann -"ann bob"')
    assert messages(found["events"]) == ["greeting ann"]
    found = api.filter_log_events(logGroupName=GROUP, startTime=begun, filterPattern="?ann ?bob")
    assert messages(found["events"]) == ["greeting ann", "greeting bob", "greeting ann bob"]
    pages = api.get_paginator("filter_log_events").paginate(
        logGroupName=GROUP, startTime=begun, filterPattern="greeting", PaginationConfig={"PageSize": 2}
    )
    assert [len(page["events"]) for page in pages] == [2, 1]
    assert len({event["eventId"] for event in found["events"]}) == 3
    assert api.filter_log_events(logGroupName=GROUP, startTime=int(time.time() * 1000) + 60_000)["events"] == []


def test_a_log_stream_is_that_of_the_worker_and_is_read_on_by_its_tokens(aws: Clients) -> None:
    api = aws("logs")
    greet(aws, "first")
    streams = api.describe_log_streams(logGroupName=GROUP, orderBy="LastEventTime", descending=True)["logStreams"]
    newest = streams[0]["logStreamName"]
    assert "[$LATEST]" in newest
    read = api.get_log_events(logGroupName=GROUP, logStreamName=newest)
    assert "greeting first" in messages(read["events"])
    assert read["events"][-1]["timestamp"] == streams[0]["lastEventTimestamp"]
    greet(aws, "second")
    following = api.get_log_events(logGroupName=GROUP, logStreamName=newest, nextToken=read["nextForwardToken"])
    assert [line for line in messages(following["events"]) if line.startswith("greeting")] == ["greeting second"]
    same = api.get_log_events(logGroupName=GROUP, logStreamName=newest, nextToken=following["nextForwardToken"])
    assert (same["events"], same["nextForwardToken"]) == ([], following["nextForwardToken"])
    back = api.get_log_events(logGroupName=GROUP, logStreamName=newest, nextToken="b/1")
    assert len(back["events"]) == 1


def test_the_log_groups_of_functions_are_listed_and_others_are_the_engines(aws: Clients, service: Service) -> None:
    api = aws("logs")
    worker = service.running.resource("function", "Worker").name
    groups = api.describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"]
    assert [group["logGroupName"] for group in groups] == [f"/aws/lambda/{worker}", GROUP]
    api.create_log_group(logGroupName="mine")
    assert api.describe_log_streams(logGroupName="mine")["logStreams"] == []


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"filterPattern": "[ip, user]"}, "InvalidParameterException"),
        ({"nextToken": "nonsense"}, "InvalidParameterException"),
        ({"logGroupName": "nobodys"}, "ResourceNotFoundException"),
    ],
)
def test_what_cannot_be_found_is_refused_by_name(aws: Clients, params: dict[str, str], code: str) -> None:
    with pytest.raises(ClientError) as error:
        aws("logs").filter_log_events(**{"logGroupName": GROUP, **params})
    assert error.value.response["Error"]["Code"] == code
