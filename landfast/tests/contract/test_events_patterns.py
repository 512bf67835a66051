"""Which events a rule's pattern matches, asked of TestEventPattern and shown by a rule."""

import json
from typing import Any

import pytest

from tests.contract.aws import ACCOUNT, REGION, Aws, refusal

pytestmark = pytest.mark.source(
    "EventBridge User Guide, Event patterns and comparison operators; "
    "recorded: localstack events/test_events_patterns.snapshot.json"
)

CASES: list[tuple[Any, Any, bool]] = [
    ({"kind": ["order"]}, {"kind": "order"}, True),
    ({"kind": ["order"]}, {"kind": "Order"}, False),
    ({"kind": ["order"]}, {}, False),
    ({"kind": ["order", "return"], "shop": ["b"]}, {"kind": "return", "shop": "b", "more": 1}, True),
    ({"order": {"shop": {"id": [5]}}}, {"order": {"shop": {"id": 5}}}, True),
    ({"order": {"shop": {"id": [5]}}}, {"order": {"shop": {"id": "5"}}}, False),
    ({"amount": [5]}, {"amount": 5}, True),
    ({"amount": [5]}, {"amount": 5.0}, False),
    ({"flag": [True]}, {"flag": True}, True),
    ({"flag": [True]}, {"flag": "true"}, False),
    ({"gone": [None]}, {"gone": None}, True),
    ({"gone": [None]}, {}, False),
    ({"empty": [""]}, {"empty": ""}, True),
    ({"tags": ["x"]}, {"tags": ["w", "x"]}, True),
    ({"tags": ["x"]}, {"tags": ["w"]}, False),
    ({"items": {"sku": ["b"]}}, {"items": [{"sku": "a"}, {"sku": "b"}]}, True),
    ({"items": {"sku": ["a"], "n": [2]}}, {"items": [{"sku": "a", "n": 1}, {"sku": "b", "n": 2}]}, False),
    ({"kind": [{"prefix": "ord"}]}, {"kind": "order"}, True),
    ({"kind": [{"prefix": "ord"}]}, {"kind": "reorder"}, False),
    ({"kind": [{"prefix": {"equals-ignore-case": "ORD"}}]}, {"kind": "order"}, True),
    ({"kind": [{"suffix": ".csv"}]}, {"kind": "a.csv"}, True),
    ({"kind": [{"suffix": ".csv"}]}, {"kind": "a.csv.gz"}, False),
    ({"kind": [{"suffix": {"equals-ignore-case": ".CSV"}}]}, {"kind": "a.csv"}, True),
    ({"kind": [{"equals-ignore-case": "ORDER"}]}, {"kind": "Order"}, True),
    ({"kind": [{"wildcard": "in/*/a.csv"}]}, {"kind": "in/x/y/a.csv"}, True),
    ({"kind": [{"wildcard": "in/*/a.csv"}]}, {"kind": "in/a.csv"}, False),
    ({"kind": [{"wildcard": "a\\*b"}]}, {"kind": "a*b"}, True),
    ({"kind": [{"wildcard": "a\\*b"}]}, {"kind": "axb"}, False),
    ({"kind": [{"anything-but": "order"}]}, {"kind": "return"}, True),
    ({"kind": [{"anything-but": "order"}]}, {"kind": "order"}, False),
    ({"kind": [{"anything-but": "order"}]}, {}, False),
    ({"kind": [{"anything-but": ["order", "return"]}]}, {"kind": "return"}, False),
    ({"amount": [{"anything-but": [1, 2]}]}, {"amount": 3}, True),
    ({"kind": [{"anything-but": {"prefix": "ord"}}]}, {"kind": "order"}, False),
    ({"kind": [{"anything-but": {"suffix": "er"}}]}, {"kind": "return"}, True),
    ({"kind": [{"anything-but": {"equals-ignore-case": "ORDER"}}]}, {"kind": "order"}, False),
    ({"kind": [{"anything-but": {"wildcard": "o*r"}}]}, {"kind": "order"}, False),
    ({"amount": [{"numeric": [">", 0, "<=", 5]}]}, {"amount": 5}, True),
    ({"amount": [{"numeric": [">", 0, "<=", 5]}]}, {"amount": 5.01}, False),
    ({"amount": [{"numeric": ["=", 3.018e2]}]}, {"amount": 301.8}, True),
    ({"amount": [{"numeric": [">", 0]}]}, {"amount": "5"}, False),
    ({"kind": [{"exists": True}]}, {"kind": None}, True),
    ({"kind": [{"exists": True}]}, {}, False),
    ({"kind": [{"exists": False}]}, {}, True),
    ({"kind": [{"exists": False}]}, {"kind": "x"}, False),
    ({"order": {"id": [{"exists": False}]}}, {"order": {"shop": 1}}, True),
    ({"ip": [{"cidr": "10.0.0.0/24"}]}, {"ip": "10.0.0.255"}, True),
    ({"ip": [{"cidr": "10.0.0.0/24"}]}, {"ip": "10.0.1.0"}, False),
    ({"ip": [{"cidr": "2001:db8::/32"}]}, {"ip": "2001:db8:1::1"}, True),
    ({"$or": [{"a": [1]}, {"b": [{"numeric": [">", 5]}]}]}, {"b": 6}, True),
    ({"$or": [{"a": [1]}, {"b": [{"numeric": [">", 5]}]}]}, {"a": 2, "b": 5}, False),
    ({"c": [1], "$or": [{"a": [1]}, {"b": [2]}]}, {"b": 2, "c": 2}, False),
    ({"kind": ["order", {"prefix": "re"}]}, {"kind": "return"}, True),
]


def _event(detail: Any) -> str:
    event = {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": "made",
        "source": "tests",
        "account": ACCOUNT,
        "time": "2026-01-02T03:04:05Z",
        "region": REGION,
        "resources": [],
        "detail": detail,
    }
    return json.dumps(event)


def test_test_event_pattern_knows_every_operator(aws: Aws) -> None:
    wrong = []
    for pattern, detail, matches in CASES:
        asked = {"EventPattern": json.dumps({"detail": pattern}), "Event": _event(detail)}
        if aws.events.test_event_pattern(**asked)["Result"] != matches:
            wrong.append((pattern, detail, matches))
    assert wrong == []


def test_a_rule_sends_what_its_pattern_matches_by_every_operator(aws: Aws) -> None:
    queue = aws.queue()
    name = aws.name("case")
    for number, (pattern, _, _) in enumerate([*CASES, ({"last": [True]}, None, True)]):
        whole = {"source": [f"{name}-{number}"], "detail": pattern}
        aws.events.put_rule(Name=f"{name}-{number}", EventPattern=json.dumps(whole))
        target = {"Id": "queue", "Arn": queue.arn, "Input": json.dumps({"case": number})}
        aws.events.put_targets(Rule=f"{name}-{number}", Targets=[target])
    for number, (_, detail, _) in enumerate([*CASES, ({}, {"last": True}, True)]):
        entry = {"Source": f"{name}-{number}", "DetailType": "made", "Detail": json.dumps(detail)}
        assert aws.events.put_events(Entries=[entry])["FailedEntryCount"] == 0
    matched = queue.until(lambda message: json.loads(message["Body"])["case"] == len(CASES))
    found = {json.loads(message["Body"])["case"] for message in matched}
    expected = {number for number, (_, _, matches) in enumerate(CASES) if matches}
    assert [CASES[number] for number in sorted(found ^ expected)] == []


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ({"source": ["tests"], "detail-type": ["made"]}, True),
        ({"source": [{"prefix": "te"}], "account": [ACCOUNT], "region": [REGION]}, True),
        ({"source": ["tests"], "detail-type": ["Made"]}, False),
        ({"resources": [{"prefix": "arn:"}]}, False),
        ({"time": [{"prefix": "2026-01-02"}]}, True),
    ],
)
def test_a_pattern_may_be_about_every_field(aws: Aws, pattern: Any, matches: bool) -> None:  # noqa: FBT001 - a case
    asked = {"EventPattern": json.dumps(pattern), "Event": _event({})}
    assert aws.events.test_event_pattern(**asked)["Result"] is matches


@pytest.mark.source("recorded: localstack events/event_pattern_templates/*_EXC.json5: InvalidEventPatternException")
@pytest.mark.parametrize(
    "pattern",
    [
        "no JSON",
        "[]",
        '{"source": "no list"}',
        '{"source": []}',
        '{"detail": {"a": [{"unheard-of": 1}]}}',
        '{"detail": {"a": [{"numeric": [">", "5"]}]}}',
        '{"detail": {"a": [{"numeric": [">", 5, ">", 6]}]}}',
        '{"detail": {"a": [{"prefix": 5}]}}',
        '{"detail": {"a": [{"exists": "yes"}]}}',
        '{"detail": {"a": [{"cidr": "10.0.0.0/64"}]}}',
        '{"detail": {"a": [{"equals-ignore-case": ["x"]}]}}',
    ],
)
def test_a_pattern_that_cannot_be_is_refused(aws: Aws, pattern: str) -> None:
    rule = {"Name": aws.name("rule"), "EventPattern": pattern}
    assert refusal(aws.events.put_rule, **rule) == "InvalidEventPatternException"
    asked = {"EventPattern": pattern, "Event": _event({})}
    assert refusal(aws.events.test_event_pattern, **asked) == "InvalidEventPatternException"
