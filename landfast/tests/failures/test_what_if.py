"""What other settings would have done, by the simulator's rules."""

from typing import Any
from unittest.mock import Mock

import msgspec
import pytest

from landfast.failures import AwsAccess, FailuresError, Found
from landfast.failures.decoding import Routes
from landfast.failures.model import Failure, Kept, Position, Records, Send
from landfast.failures.what_if import Source, Tries, answers, tries
from landfast.simulate.scenario import ScenarioError

STREAM = "arn:aws:kinesis:eu-west-1:123456789012:stream/scans"
MAPPING = {
    "EventSourceArn": STREAM,
    "FunctionArn": "arn",
    "MaximumRetryAttempts": 3,
    "MaximumRecordAgeInSeconds": 60,
    "BatchSize": 100,
}
OTHERS = ({"FunctionArn": "of Kafka"}, {**MAPPING, "FunctionArn": "other", "MaximumRetryAttempts": 0})
"""Mappings of what has no ARN, and of another function that reads the same stream."""

FOUND = Found(stores=(), routes=Routes(), mappings=(*OTHERS, MAPPING))


def access(hours: int = 24) -> AwsAccess:
    """A stack whose streams keep their records for so long, and of which nothing else is asked."""
    kinesis = Mock(spec_set=["describe_stream_summary"])
    kinesis.describe_stream_summary.return_value = {"StreamDescriptionSummary": {"RetentionPeriodHours": hours}}
    return AwsAccess("shop", "nowhere", {"kinesis": kinesis}.__getitem__)


def failure(name: str, way: Any, **told: Any) -> Failure:
    return Failure(id=name, store="Failed", at=1.0, way=way, kept=Kept(key=name, body="", at=1.0), **told)


POSITION = Position(stream=STREAM, shard="shardId-0", first="1", last="3", count=3)
OF_STREAM = failure("s", Records(function="arn", position=POSITION), what="record", function="Track", position=POSITION)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, Tries(count=3, last=180.0, ends=True)),
        ({"MaximumRetryAttempts": 1}, Tries(count=2, last=60.0, ends=True)),
        ({"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 120}, Tries(count=2, last=60.0, ends=True)),
    ],
)
def test_s_004_the_tries_of_an_asynchronous_event_are_those_of_its_settings(
    settings: dict[str, Any], expected: Tries
) -> None:
    assert tries(Source(name="f", kind="asynchronous events", settings=settings), settings) == expected


def test_s_095_a_message_is_tried_as_often_as_its_queue_says() -> None:
    source = Source(name="f", kind="a queue", settings={"VisibilityTimeout": 30, "maxReceiveCount": 5})
    assert tries(source, source.settings) == Tries(count=5, last=120.0, ends=True)


def test_what_aws_would_refuse_is_no_answer() -> None:
    source = Source(name="f", kind="asynchronous events", settings={})
    with pytest.raises(ScenarioError, match="MaximumRetryAttempts"):
        tries(source, {"MaximumRetryAttempts": 5})


def test_failures_of_one_source_have_one_answer_and_others_are_told() -> None:
    other = failure("q", Send(queue="arn", body=""), what="message of a queue", reason="MalformedError")
    again = msgspec.structs.replace(OF_STREAM, id="t")
    [answer], others = answers(access(), FOUND, [OF_STREAM, again, other], {"MaximumRetryAttempts": 6})
    assert answer.failures == ("s", "t")
    assert (answer.now.count, answer.then and answer.then.count) == (4, 7)
    assert answer.source.name == "Track, stream scans"
    assert [each.id for each in others] == ["q"]
    assert answer.then is not None
    assert answer.saved(answer.then.last)
    assert not answer.saved(answer.then.last + 1)


def test_s_054_a_stream_tries_no_longer_than_it_keeps_its_records() -> None:
    without = {"MaximumRetryAttempts": -1, "MaximumRecordAgeInSeconds": -1}
    lasts = []
    for hours in (1, 2):  # which no stream may have, and which are played in no time
        [answer], _ = answers(access(hours), FOUND, [OF_STREAM], without)
        assert answer.then is not None
        assert answer.then.ends
        lasts.append(answer.then.last / 3600)
    assert [round(last) for last in lasts] == [1, 2]


def test_a_setting_that_no_source_has_is_named() -> None:
    with pytest.raises(FailuresError, match="--set maxReceiveCount: these sources have"):
        answers(access(), FOUND, [OF_STREAM], {"maxReceiveCount": 9})
