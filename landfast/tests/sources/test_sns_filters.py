"""Filter policies.

Examples are those of the Amazon SNS Developer Guide: "String value matching", "Numeric value matching", "Attribute key
matching", "AND/OR logic", "Filter policy constraints". Texts of refusals were recorded from AWS by LocalStack
(``tests/aws/services/sns/test_sns_filter_policy.py``).
"""

import json
from typing import Any

import pytest

from landfast.delivery.patterns import PatternError
from landfast.sources.sns_filters import Scope, policy


def attribute(kind: str, value: object) -> dict[str, Any]:
    return {"DataType": kind, "StringValue": value if isinstance(value, str) else json.dumps(value)}


def by_attributes(pattern: object, **attributes: Any) -> bool:
    compiled = policy(json.dumps(pattern), "MessageAttributes")
    assert compiled is not None
    return compiled("no JSON", attributes)


def by_body(pattern: object, body: object) -> bool:
    compiled = policy(json.dumps(pattern), "MessageBody")
    assert compiled is not None
    return compiled(json.dumps(body), {})


STRINGS = [
    (["rugby", "tennis"], "rugby", "baseball"),
    ([{"prefix": "bas"}], "baseball", "rugby"),
    ([{"suffix": "ball"}], "baseball", "rugby"),
    ([{"equals-ignore-case": "tennis"}], "TENNIS", "rugby"),
    ([{"anything-but": ["rugby", "tennis"]}], "football", "rugby"),
    ([{"anything-but": {"prefix": "order-"}}], "data-entry", "order-number"),
    ([{"anything-but": {"suffix": "ball"}}], "rugby", "football"),
    ([{"wildcard": "*ball"}], "baseball", "rugby"),
    ([{"cidr": "10.0.0.0/24"}], "10.0.0.255", "10.1.1.0"),
]


@pytest.mark.parametrize(("pattern", "yes", "no"), STRINGS)
def test_a_policy_matches_a_string_in_both_scopes(pattern: object, yes: str, no: str) -> None:
    assert by_attributes({"it": pattern}, it=attribute("String", yes))
    assert not by_attributes({"it": pattern}, it=attribute("String", no))
    assert by_body({"it": pattern}, {"it": yes})
    assert not by_body({"it": pattern}, {"it": no})


NUMBERS = [
    ([{"numeric": ["=", 301.5]}], 301.5, 301),
    ([{"numeric": ["=", 301.5]}], 3.015e2, 30.15),
    ([{"numeric": [">", 0]}], 1, 0),
    ([{"numeric": ["<", 0]}], -1, 0),
    ([{"numeric": [">", 0, "<=", 150]}], 150, 151),
    ([{"anything-but": [100, 500]}], 101, 100),
    ([100, 50], 100, 101),
    ([1], 1.0, 2),
]


@pytest.mark.parametrize(("pattern", "yes", "no"), NUMBERS)
def test_a_policy_matches_a_number_in_both_scopes(pattern: object, yes: float, no: float) -> None:
    assert by_attributes({"it": pattern}, it=attribute("Number", yes))
    assert not by_attributes({"it": pattern}, it=attribute("Number", no))
    assert by_body({"it": pattern}, {"it": yes})
    assert not by_body({"it": pattern}, {"it": no})


def test_a_number_that_is_a_text_is_no_number() -> None:
    assert not by_attributes({"it": [{"numeric": ["=", 5]}]}, it=attribute("String", "5"))
    assert not by_attributes({"it": ["5"]}, it=attribute("Number", "5"))


def test_an_array_matches_if_one_of_its_elements_does() -> None:
    sports = attribute("String.Array", ["soccer", "rugby"])
    assert by_attributes({"it": ["rugby", "tennis"]}, it=sports)
    assert not by_attributes({"it": ["baseball"]}, it=sports)
    assert by_attributes({"it": [None]}, it=attribute("String.Array", [None, 5]))
    assert by_attributes({"it": [{"numeric": [">", 4]}]}, it=attribute("String.Array", [None, 5]))


def test_an_array_is_unlike_only_if_all_of_its_elements_are() -> None:
    pattern = {"it": [{"anything-but": ["rugby", "tennis"]}]}
    assert by_attributes(pattern, it=attribute("String.Array", ["baseball", "football"]))
    assert not by_attributes(pattern, it=attribute("String.Array", ["rugby", "baseball"]))


def test_binary_attributes_are_not_seen() -> None:
    binary = {"DataType": "Binary", "BinaryValue": b"rugby"}
    assert not by_attributes({"it": [{"exists": True}]}, it=binary)
    assert by_attributes({"it": [{"exists": False}]}, it=binary)


def test_a_key_that_is_missing_matches_nothing_but_its_absence() -> None:
    assert not by_attributes({"it": [{"anything-but": "x"}]})
    assert by_attributes({"it": [{"anything-but": "x"}, {"exists": False}]})
    assert by_attributes({"it": [{"exists": True}]}, it=attribute("String", "any"))


def test_keys_are_joined_by_and_and_branches_by_or() -> None:
    pattern = {
        "source": ["aws.cloudwatch"],
        "$or": [{"metricName": ["CPUUtilization"]}, {"namespace": ["AWS/EC2", "AWS/ES"]}],
    }
    assert by_body(pattern, {"source": "aws.cloudwatch", "namespace": "AWS/ES"})
    assert by_body(pattern, {"source": "aws.cloudwatch", "metricName": "CPUUtilization"})
    assert not by_body(pattern, {"source": "aws.cloudwatch"})
    assert not by_body(pattern, {"metricName": "CPUUtilization"})
    given = {"source": attribute("String", "aws.cloudwatch"), "namespace": attribute("String", "AWS/EC2")}
    assert by_attributes(pattern, **given)


def test_a_body_policy_looks_into_nested_objects_and_lists() -> None:
    pattern = {
        "Records": {"s3": {"object": {"key": [{"prefix": "auto-"}]}}, "eventName": [{"prefix": "ObjectCreated:"}]}
    }
    record = {"eventName": "ObjectCreated:Put", "s3": {"object": {"key": "auto-1"}}}
    assert by_body(pattern, {"Records": [record]})
    assert not by_body(pattern, {"Records": [{**record, "eventName": "ObjectRemoved:Delete"}]})


@pytest.mark.parametrize("body", ["plain", "[1]", '"text"', ""])
def test_a_body_that_is_no_object_passes_no_body_policy(body: str) -> None:
    compiled = policy('{"it": [{"exists": false}]}', "MessageBody")
    assert compiled is not None
    assert not compiled(body, {})
    assert compiled("{}", {})


@pytest.mark.parametrize("document", ["", "{}"])
def test_an_empty_policy_is_none(document: str) -> None:
    assert policy(document, "MessageAttributes") is None


REFUSED = [
    ("{", "FilterPolicy: failed to parse JSON."),
    ('{"a": []}', "FilterPolicy: Empty arrays are not allowed"),
    ('{"a": "b"}', 'FilterPolicy: "a" must be an object or an array'),
    ('{"a": [{"prefix": "x", "suffix": "y"}]}', "FilterPolicy: Only one key allowed in match expression"),
    ('{"a": [{"prefix": 1}]}', "FilterPolicy: prefix match pattern must be a string"),
    ('{"a": [{"exists": "no"}]}', "FilterPolicy: exists match pattern must be either true or false."),
    ('{"a": [{"bogus": 1}]}', "FilterPolicy: Unrecognized match type bogus"),
    ('{"a": [["b"]]}', "FilterPolicy: Match value must be String, number, true, false, or null"),
    ('{"a": [{"anything-but": {"exists": true}}]}', "FilterPolicy: Unsupported anything-but pattern: exists"),
    ('{"a": [{"cidr": "bad-filter"}]}', "FilterPolicy: Malformed CIDR, one '/' required"),
    ('{"a": [{"cidr": "bad-filter/64"}]}', "FilterPolicy: Nonstandard IP address: bad-filter"),
    ('{"a": [{"cidr": "10.0.0.0/a"}]}', "FilterPolicy: Malformed CIDR, mask bits must be an integer"),
    ('{"a": [{"cidr": 1}]}', "FilterPolicy: prefix match pattern must be a string"),
    ('{"a": [{"numeric": []}]}', "FilterPolicy: Invalid member in numeric match: ]"),
    ('{"a": [{"numeric": [1]}]}', "FilterPolicy: Invalid member in numeric match: 1"),
    ('{"a": [{"numeric": ["operator"]}]}', "FilterPolicy: Unrecognized numeric range operator: operator"),
    ('{"a": [{"numeric": ["="]}]}', "FilterPolicy: Value of equals must be numeric"),
    ('{"a": [{"numeric": ["<", "1"]}]}', "FilterPolicy: Value of < must be numeric"),
    ('{"a": [{"numeric": ["<", 1, ">", 0]}]}', "FilterPolicy: Too many elements in numeric expression"),
    ('{"a": [{"numeric": [">", 1, 2]}]}', "FilterPolicy: Bad value in numeric range: 2"),
    ('{"a": [{"numeric": [">", 1, ">", 2]}]}', "FilterPolicy: Bad numeric range operator: >"),
    ('{"a": [{"numeric": [">", 1, "<"]}]}', "FilterPolicy: Value of < must be numeric"),
    ('{"a": [{"numeric": [">", 1, "<", 1]}]}', "FilterPolicy: Bottom must be less than top"),
    ('{"a": [{"numeric": [">", 1, "<", 2, 3]}]}', "FilterPolicy: Too many terms in numeric range expression"),
    ('{"a": [1], "b": [1], "c": [1], "d": [1], "e": [1], "f": [1]}',
     "FilterPolicy: Filter policy can not have more than 5 keys"),
]  # fmt: skip


@pytest.mark.parametrize(("document", "text"), REFUSED)
@pytest.mark.parametrize("scope", ["MessageAttributes", "MessageBody"])
def test_a_bad_policy_is_refused_with_the_words_of_sns(document: str, text: str, scope: Scope) -> None:
    with pytest.raises(PatternError) as caught:
        policy(document, scope)
    assert str(caught.value) == text


def test_attributes_have_no_nested_policy() -> None:
    for pattern in ({"a": {"b": ["c"]}}, {"$or": [{"a": {"b": ["c"]}}, {"d": ["e"]}]}):
        with pytest.raises(PatternError, match="scope MessageAttributes does not support nested filter policy"):
            policy(json.dumps(pattern), "MessageAttributes")
        assert policy(json.dumps(pattern), "MessageBody") is not None


def test_the_combinations_of_values_are_limited() -> None:
    values = [f"v{number}" for number in range(150)]
    assert policy(json.dumps({"a": values}), "MessageBody") is not None
    with pytest.raises(PatternError, match="too complex"):
        policy(json.dumps({"a": [*values, "one more"]}), "MessageBody")
    # The guide's example: 4 values three levels deep, 3 values two levels deep: 4 x 3 x 3 x 2 = 72
    nested = {"key_a": {"key_b": {"key_c": values[:4]}}, "key_d": {"key_e": values[:3]}}
    assert policy(json.dumps(nested), "MessageBody") is not None
    with pytest.raises(PatternError, match="too complex"):
        policy(json.dumps({**nested, "key_f": values[:3]}), "MessageBody")
