"""Faults that were asked for: which invocations and calls they strike, and what comes of them by the source's rules."""

import json
import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest

from landfast.delivery.errors import Refused
from landfast.journal import Entry, Finished, Injected, Invoked, Retrying, Settled
from landfast.protocols import Request
from landfast.service.faults import (
    AwsCall,
    Calls,
    Fail,
    Faults,
    Kill,
    KillAt,
    Refuse,
    Slow,
    Throttle,
    Twice,
)
from landfast.service.function_calls import FunctionCalls, FunctionKilled, named
from tests.service.conftest import FAILURES, Stage, eventually, to_queue

NOW = 1_000.0


class Asked:
    """Faults on a clock that a test sets, and what they have noted."""

    def __init__(self) -> None:
        self.now = NOW
        self.noted: list[Entry] = []
        self.faults = Faults(lambda: self.now, self.noted.append)

    def strikes(self, function: str = "Ship") -> bool:
        return self.faults.strike(function, f"{function}:live", "r1", ("m1",)) is not None


def put(table: str = "Orders", request_id: str = "r1", function: str = "Ship") -> AwsCall:
    return AwsCall(function, request_id, "dynamodb", "PutItem", table)


def test_a_fault_strikes_as_often_as_was_asked_and_only_its_function() -> None:
    asked = Asked()
    asked.faults.arm("Ship", Throttle(), times=2)
    assert [asked.strikes("Notify"), asked.strikes(), asked.strikes(), asked.strikes()] == [False, True, True, False]
    assert asked.faults.pending() == []


def test_a_fault_can_be_ended_alone() -> None:
    asked = Asked()
    asked.faults.arm("Ship", Throttle(), times=None)
    asked.faults.arm("Ship", Kill(), times=2)
    first, second = asked.faults.armed()
    assert ((first.fault, first.left), (second.fault, second.left)) == ((Throttle(), math.inf), (Kill(), 2))
    assert asked.faults.disarm(first.number)
    assert not asked.faults.disarm(first.number)
    assert asked.strikes()
    assert [(each.number, each.left) for each in asked.faults.armed()] == [(second.number, 1)]


def test_a_fault_ends_when_its_time_is_over_however_often_it_has_struck() -> None:
    asked = Asked()
    asked.faults.arm("Ship", Throttle(), times=None, until=NOW + 60)
    struck = [asked.strikes() for _ in range(3)]
    asked.now += 60
    assert struck == [True] * 3
    assert not asked.strikes()


def test_faults_of_one_function_strike_in_the_order_in_which_they_were_asked_for() -> None:
    asked = Asked()
    asked.faults.arm("Ship", Throttle())
    asked.faults.arm("Ship", Kill())
    kinds = [type(asked.faults.strike("Ship", "Ship", f"r{number}")) for number in range(3)]
    assert kinds == [Throttle, Kill, type(None)]


def test_clearing_ends_all_of_them() -> None:
    asked = Asked()
    asked.faults.arm("Ship", Throttle(), times=None)
    asked.faults.arm_call(Calls("Ship"), KillAt("before"))
    asked.faults.clear()
    assert not asked.strikes()
    assert asked.faults.meet(put()) == (None, [])
    assert not asked.faults.heed_calls


def test_the_journal_says_which_invocation_was_struck_and_by_what() -> None:
    asked = Asked()
    asked.faults.arm("Ship", Fail({"errorType": "OutOfStock"}))
    asked.faults.arm_call(Calls("Ship"), KillAt("after"))
    asked.strikes()
    asked.faults.meet(put())
    notes = [(entry.source, entry.records, entry.fault) for entry in asked.noted if isinstance(entry, Injected)]
    assert notes == [
        ("Ship:live", ("m1",), "failed with OutOfStock"),
        ("Ship:live", ("m1",), "killed after PutItem of Orders"),
    ]


def test_a_fault_of_calls_lets_others_pass_and_strikes_the_one_that_was_counted() -> None:
    asked = Asked()
    asked.faults.arm_call(Calls("Ship", "dynamodb", "PutItem", "Orders"), KillAt("before"), skip=1)
    calls = [put("Markers"), put(), put(function="Notify"), put(), put()]
    assert [asked.faults.meet(call)[0] for call in calls] == [None, None, None, KillAt("before"), None]


def test_calls_that_nobody_named_are_all_calls_of_the_function() -> None:
    asked = Asked()
    asked.faults.arm_call(Calls("Ship"), Refuse("SlowDown", status=503), times=2)
    struck = [asked.faults.meet(put(table))[0] is not None for table in ("Markers", "Orders", "Orders")]
    assert struck == [True, True, False]


def test_a_recording_knows_which_calls_had_no_other_call_of_their_invocation_beside_them() -> None:
    asked = Asked()
    met = asked.faults.record("Ship")
    _, first = asked.faults.meet(put("A"))
    _, second = asked.faults.meet(put("B"))
    asked.faults.meet(put("C", request_id="r2"))
    asked.faults.ended(first)
    asked.faults.ended(second)
    asked.faults.meet(put("D"))
    asked.faults.stop_recording(met)
    asked.faults.meet(put("E"))
    assert [(each.call.target, each.alone) for each in met] == [("A", False), ("B", False), ("C", True), ("D", True)]


def sent(content: object = None, *, target: str = "/", method: str = "POST", **headers: str) -> Request:
    text = urlencode(content) if isinstance(content, list) else json.dumps(content)
    return Request(
        method, target, {name.replace("_", "-").encode(): each.encode() for name, each in headers.items()},
        text.encode(),
    )  # fmt: skip


FORM = "application/x-www-form-urlencoded"
QUEUE = "http://127.0.0.1:4566/123456789012/landfast-payments.fifo"
TOPIC = "arn:aws:sns:us-east-1:123456789012:receipts"


def json_call(action: str, content: Mapping[str, Any]) -> Request:
    return sent(content, x_amz_target=action)


@pytest.mark.parametrize(
    ("service", "request_", "operation", "target"),
    [
        ("dynamodb", json_call("DynamoDB_20120810.PutItem", {"TableName": "Orders", "Item": {}}), "PutItem", "Orders"),
        (
            "dynamodb",
            json_call(
                "DynamoDB_20120810.TransactWriteItems",
                {
                    "TransactItems": [
                        {"Put": {"TableName": "Orders", "Item": {}}},
                        {"Delete": {"TableName": "Markers", "Key": {}}},
                    ]
                },
            ),
            "TransactWriteItems",
            "Markers, Orders",
        ),
        (
            "dynamodb",
            json_call("DynamoDB_20120810.BatchGetItem", {"RequestItems": {"Orders": {"Keys": [{"a": {"S": "1"}}]}}}),
            "BatchGetItem",
            "Orders",
        ),
        (
            "sqs",
            json_call("AmazonSQS.SendMessage", {"QueueUrl": QUEUE, "MessageBody": "x"}),
            "SendMessage",
            "landfast-payments.fifo",
        ),
        (
            "sns",
            sent([("Action", "Publish"), ("TopicArn", TOPIC), ("Message", "x")], content_type=FORM),
            "Publish",
            "receipts",
        ),
        (
            "events",
            json_call(
                "AWSEvents.PutEvents",
                {"Entries": [{"EventBusName": "shop", "Source": "s", "DetailType": "d", "Detail": "{}"}]},
            ),
            "PutEvents",
            "shop",
        ),
        ("kinesis", json_call("Kinesis_20131202.PutRecord", {"StreamName": "scans"}), "PutRecord", ""),
        ("lambda", sent({}, target="/2015-03-31/functions/ship/invocations"), "Invoke", "ship"),
        ("s3", sent(target="/files/in/a.json", method="GET"), "GetObject", "files"),
        ("s3", sent(target="/files/in/a.json?x-id=PutObject", method="PUT"), "PutObject", "files"),
        ("s3", sent(target="/files?list-type=2&prefix=in%2F", method="GET"), "ListObjectsV2", "files"),
        ("s3", sent(target="/files/a?tagging", method="GET"), "GET object tagging", "files"),
        ("s3", sent(target="/files?location", method="GET"), "GET bucket", "files"),
        ("s3", sent(target="/a.json", method="GET", host="files.s3.amazonaws.com"), "GetObject", "files"),
    ],
)
def test_a_call_is_named_by_its_operation_and_by_what_it_is_about(
    service: str, request_: Request, operation: str, target: str
) -> None:
    assert named(request_, service) == (operation, target)


OURS = "f0e1d2"
_NOBODY = 2**22 + 1
"""More than a process id can be."""


class AtWork:
    """One invocation of Ship, in a process that does not exist."""

    @staticmethod
    def at_work(token: str) -> tuple[str, str, int] | None:
        return ("Ship", "r1", _NOBODY) if token == OURS else None


def calls_of(asked: Asked) -> FunctionCalls:
    return FunctionCalls(asked.faults, AtWork)


PUT = json_call("DynamoDB_20120810.PutItem", {"TableName": "Orders", "Item": {}})


def test_as_long_as_no_fault_is_asked_for_no_call_is_looked_at() -> None:
    asked = Asked()
    assert calls_of(asked).heeded("/", OURS) == ""
    asked.faults.arm("Ship", Kill())
    assert calls_of(asked).heeded("/", OURS) == ""


def test_a_call_belongs_to_the_function_whose_session_token_it_has_also_in_a_query() -> None:
    asked = Asked()
    asked.faults.record("Ship")
    calls = calls_of(asked)
    assert calls.heeded("/", OURS) == OURS
    assert calls.heeded("/files/a?X-Amz-Security-Token=f0e1%642&x=1", "") == OURS
    assert calls.met(OURS, PUT, "dynamodb") is not None
    assert calls.met("somebody else's", PUT, "dynamodb") is None


def test_a_function_that_is_killed_before_its_call_never_makes_it_and_one_killed_after_it_is_not_answered() -> None:
    asked = Asked()
    calls, done = calls_of(asked), []
    asked.faults.arm_call(Calls("Ship"), KillAt("before"))
    with pytest.raises(FunctionKilled):
        calls.met(OURS, PUT, "dynamodb")
    asked.faults.arm_call(Calls("Ship"), KillAt("after"))
    met = calls.met(OURS, PUT, "dynamodb")
    assert met is not None
    with pytest.raises(FunctionKilled), met:
        done.append("the call")
    assert done == ["the call"]


def test_a_call_that_is_refused_is_answered_in_the_shape_of_its_protocol() -> None:
    asked = Asked()
    asked.faults.arm_call(Calls("Ship"), Refuse("ProvisionedThroughputExceededException"))
    met = calls_of(asked).met(OURS, PUT, "dynamodb")
    assert met is not None
    assert met.refusal is not None
    assert met.refusal.status == 400
    assert json.loads(met.refusal.content)["__type"] == "ProvisionedThroughputExceededException"


@pytest.fixture
def sending(stage: Stage) -> Stage:
    stage.queue(to_queue(FAILURES))
    return stage


def landed(stage: Stage, request_id: str = "e1") -> dict[str, Any]:
    try:
        stage.accept("orders", b'{"order": 7}', request_id=request_id, origin="invoke", trace="")
    except Refused as refused:
        raise AssertionError(str(refused)) from refused
    assert eventually(lambda: bool(stage.journal(Settled)))
    [delivery] = stage.targets.delivered
    return dict(delivery.body)


def outcomes(stage: Stage) -> list[str]:
    return [entry.outcome for entry in stage.journal(Finished)]


def test_s_006_a_throttled_event_waits_and_is_tried_again(sending: Stage) -> None:
    sending.functions.faults.arm("orders", Throttle(), times=2)
    assert landed(sending)["responsePayload"] == {"order": 7}
    assert outcomes(sending) == ["throttle", "throttle", "succeed"]
    assert len(sending.runtime.calls) == 1


def test_s_004_a_function_that_was_made_to_fail_is_tried_again_after_a_minute(sending: Stage) -> None:
    sending.functions.faults.arm("orders", Fail({"errorType": "OutOfStock", "errorMessage": "none left"}))
    assert landed(sending)["responsePayload"] == {"order": 7}
    assert outcomes(sending) == ["raise", "succeed"]
    [retry] = sending.journal(Retrying)
    assert retry.due - sending.journal(Finished)[0].at == pytest.approx(60, abs=5)


def test_a_killed_function_has_ended_with_a_signal(sending: Stage) -> None:
    sending.functions.faults.arm("orders", Kill())
    landed(sending)
    first = sending.journal(Finished)[0]
    assert first.outcome == "exit"
    assert first.error["errorMessage"].endswith("Runtime exited with error: signal: killed")


def test_a_function_that_is_slower_than_its_timeout_times_out_then_by_the_service_s_clock(sending: Stage) -> None:
    sending.functions.faults.arm("orders", Slow(1_000))
    landed(sending)
    assert outcomes(sending) == ["timeout", "succeed"]
    timeout = sending.functions.find("orders").spec.timeout
    assert sending.journal(Finished)[0].at - sending.journal(Invoked)[0].at >= timeout
    assert len(sending.runtime.calls) == 1


def test_an_event_that_is_delivered_twice_is_handled_twice_with_the_same_id_and_lands_once(sending: Stage) -> None:
    sending.functions.faults.arm("orders", Twice())
    landed(sending)
    assert [call["request_id"] for call in sending.runtime.calls] == ["e1", "e1"]
    assert outcomes(sending) == ["succeed"]


def test_an_event_can_be_delivered_again_after_it_has_landed(sending: Stage) -> None:
    faults = sending.functions.faults
    faults.remember()
    landed(sending)
    assert faults.deliveries is not None
    [delivery] = faults.deliveries
    delivery.again()
    assert eventually(lambda: len(sending.runtime.calls) == 2)
    first, second = sending.runtime.calls
    assert (first["payload"], first["request_id"]) == (second["payload"], second["request_id"])
    assert len(sending.targets.delivered) == 1
