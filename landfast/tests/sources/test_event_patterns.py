"""Event patterns.

Examples are those of the EventBridge User Guide, "Comparison operators", and what LocalStack recorded from AWS
(``tests/aws/services/events/event_pattern_templates`` and ``test_events_patterns.snapshot.json``), named where it is
not in the guide.
"""

import json
from typing import Any

import pytest

from landfast.sources.event_patterns import event_pattern, sample_event
from landfast.sources.refusal import Refusal

EVENT: dict[str, Any] = {
    "version": "0",
    "id": "ddddd4-aaaa-7777-4444-345dd43cc333",
    "detail-type": "EC2 Instance State-change Notification",
    "source": "aws.ec2",
    "account": "012345679012",
    "time": "2017-10-02T16:24:49Z",
    "region": "us-east-1",
    "resources": ["arn:aws:ec2:us-east-1:123456789012:instance/i-000000aaaaaa00000"],
    "detail": {
        "c-count": 5,
        "d-count": 3,
        "x-limit": 301.8,
        "source-ip": "10.0.0.33",
        "instance-id": "i-000000aaaaaa00000",
        "state": "running",
        "file": "dir/sub/photo.PNG",
        "nothing": None,
        "empty": "",
        "list": [],
        "on": True,
    },
}


def matches(pattern: object, event: object = EVENT) -> bool:
    return event_pattern(json.dumps(pattern))(event)  # type: ignore[arg-type] # a test's event is an object


DETAIL = [
    ({"state": ["initializing", "running"]}, True),
    ({"state": ["Running"]}, False),
    ({"state": [{"prefix": "run"}]}, True),
    ({"state": [{"prefix": {"equals-ignore-case": "RUN"}}]}, True),
    ({"state": [{"suffix": "ing"}]}, True),
    ({"file": [{"suffix": ".png"}]}, False),
    ({"file": [{"suffix": {"equals-ignore-case": ".png"}}]}, True),
    ({"state": [{"equals-ignore-case": "RUNNING"}]}, True),
    ({"state": [{"anything-but": "initializing"}]}, True),
    ({"state": [{"anything-but": ["stopped", "running"]}]}, False),
    ({"x-limit": [{"anything-but": [100, 200, 300]}]}, True),
    ({"c-count": [{"anything-but": 5}]}, False),
    ({"state": [{"anything-but": {"prefix": "init"}}]}, True),
    ({"state": [{"anything-but": {"prefix": ["init", "run"]}}]}, False),
    ({"state": [{"anything-but": {"suffix": ["ed", "ing"]}}]}, False),
    ({"state": [{"anything-but": {"equals-ignore-case": ["STOPPED", "RUNNING"]}}]}, False),
    ({"file": [{"anything-but": {"wildcard": "*/lib/*"}}]}, True),
    ({"file": [{"anything-but": {"wildcard": ["*/lib/*", "*/sub/*"]}}]}, False),
    ({"c-count": [{"numeric": [">", 0, "<=", 5]}]}, True),
    ({"d-count": [{"numeric": ["<", 3]}]}, False),
    ({"x-limit": [{"numeric": ["=", 3.018e2]}]}, True),
    ({"source-ip": [{"cidr": "10.0.0.0/24"}]}, True),
    ({"source-ip": [{"cidr": "10.0.1.0/24"}]}, False),
    ({"c-count": [{"exists": True}]}, True),
    ({"e-count": [{"exists": False}]}, True),
    ({"e-count": [{"exists": True}]}, False),
    ({"file": [{"wildcard": "dir/*.PNG"}]}, True),
    ({"file": [{"wildcard": "dir/*/*/photo.PNG"}]}, False),
    ({"file": [{"wildcard": "*"}]}, True),
    ({"nothing": [None]}, True),
    ({"empty": [""]}, True),
    ({"nothing": [""]}, False),
    ({"on": [True]}, True),
    ({"c-count": [5.0]}, False),  # as they are written: the guide, "Creating event patterns"
    ({"$or": [{"c-count": [{"numeric": [">", 10]}]}, {"d-count": [{"numeric": ["<", 10]}]}]}, True),
    ({"state": [{"exists": True}, {"prefix": "IGNORED"}]}, True),  # recorded: operator_multiple_list
    ({"list": [None]}, False),  # recorded: arrays_empty_null_NEG
    ({"nothing": [{"anything-but": "initializing"}]}, True),  # recorded: content_anything_but_string_null
    ({"e-count": [{"anything-but": "initializing"}]}, False),  # recorded: content_anything_but_string_missing_NEG
    ({"c-count": [{"anything-but": {"prefix": ["init", "test"]}}]}, True),  # recorded: content_anything_prefix_list_int
    ({"e": {"S": [{"anything-but": ["roses"]}, {"exists": False}]}}, True),  # recorded: or-exists-parent
]


@pytest.mark.parametrize(("pattern", "expected"), DETAIL)
def test_an_operator_matches_as_the_guide_says(pattern: object, *, expected: bool) -> None:
    assert matches({"detail": pattern}) is expected


def test_a_wildcard_matches_any_characters_or_none() -> None:
    def at(pattern: str, text: str) -> bool:
        return matches({"detail": {"file": [{"wildcard": pattern}]}}, {"detail": {"file": text}})

    # That of content_wildcard_repeating was recorded
    home = "/Users"
    assert at(f"{home}/*/dir/dir/dir/dir/dir/doc.txt", f"{home}/ls_user/dir/dir/dir/dir/dir/doc.txt")
    assert at("h*o", "ho")
    assert not at("h*lo", "helloo")
    assert at("a*b*a", "aba")
    assert not at("ab*ba", "aba")
    assert at("*a*b*", "xaybz")
    assert not at("*b*a*", "xaybz")
    assert at(r"5 \* 3 = *", "5 * 3 = 15")
    assert not at(r"5 \* 3 = *", "5 x 3 = 15")
    assert at(r"c:\\*", "c:\\temp")


def test_a_value_in_an_array_is_enough() -> None:
    assert matches({"resources": [{"prefix": "arn:aws:ec2:"}, "other"]})
    two = {"resources": ["arn:aws:s3:::a", "arn:aws:ec2:::b"]}
    assert matches({"resources": [{"prefix": "arn:aws:ec2:"}]}, two)
    assert matches({"resources": [{"anything-but": "arn:aws:s3:::a"}]}, two)


def test_members_of_one_object_of_a_list_are_matched_together() -> None:
    pattern = {"detail": {"items": {"kind": ["a"], "count": [1]}}}
    assert matches(pattern, {"detail": {"items": [{"kind": "a", "count": 1}, {"kind": "b", "count": 2}]}})
    assert not matches(pattern, {"detail": {"items": [{"kind": "a", "count": 2}, {"kind": "b", "count": 1}]}})


def test_or_is_a_field_like_any_other_where_it_holds_no_choice() -> None:
    assert matches({"detail": {"$or": {"a": [1]}}}, {"detail": {"$or": {"a": 1}}})
    assert matches({"detail": {"$or": ["x"]}}, {"detail": {"$or": "x"}})
    with pytest.raises(Refusal, match="Match value must be String"):
        event_pattern('{"$or": [["x"], ["y"]]}')
    with pytest.raises(Refusal, match="Unrecognized match type metric"):
        event_pattern('{"$or": [{"metric": ["x"]}]}')


REFUSED = [
    ('"text"', "Filter is not an object"),
    ("{", "Filter is not valid JSON"),
    ("{}", "Empty objects are not allowed"),
    ('{"string": "my-value"}', '"string" must be an object or an array'),
    ('{"int": 42}', '"int" must be an object or an array'),
    ('{"resources": []}', "Empty arrays are not allowed"),
    ('{"my_key": [{"EXISTS": true}]}', "Unrecognized match type EXISTS"),
    ('{"detail": {"equal": [{"NUMERIC": ["=", 5]}]}}', "Unrecognized match type NUMERIC"),
    ('{"detail": {"c-count": [{"numeric": [">", 0, ">", 0]}]}}', "Bad numeric range operator: >"),
    ('{"a": [{"numeric": 5}]}', "Value of numeric must be an array."),
    ('{"a": [{"wildcard": 5}]}', "wildcard match pattern must be a string"),
    ('{"a": [{"wildcard": "h**o"}]}', "Consecutive wildcard characters at pos 1"),
    ('{"a": [{"wildcard": "h\\\\o"}]}', "Invalid escape character at pos 1"),
    ('{"a": [{"anything-but": null}]}', "Value of anything-but must be an array or single string/number value."),
    ('{"a": [{"anything-but": {"prefix": ""}}]}', "Null prefix/suffix not allowed"),
    ('{"a": [{"anything-but": {"cidr": "10.0.0.0/8"}}]}', "Unsupported anything-but pattern: cidr"),
    ('{"a": [{"anything-but": []}]}', "Empty arrays are not allowed"),
    ('{"a": [{"anything-but": {"prefix": "a", "suffix": "b"}}]}', "Only one key allowed in match expression"),
    ('{"a": [{"equals-ignore-case": ["x"]}]}', "equals-ignore-case match pattern must be a string"),
]


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_a_bad_pattern_is_refused_with_the_words_of_eventbridge(text: str, reason: str) -> None:
    with pytest.raises(Refusal) as caught:
        event_pattern(text)
    assert caught.value.code == "InvalidEventPatternException"
    assert caught.value.message == f"Event pattern is not valid. Reason: {reason}"


@pytest.mark.parametrize("text", ["", "[]", "5", "{"])
def test_a_sample_event_is_an_object(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        sample_event(text)
    assert caught.value.code == "ValidationException"
