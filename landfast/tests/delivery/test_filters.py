import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landfast.delivery.errors import Refused
from landfast.delivery.event_sources import DYNAMODB, KINESIS, SQS, MappedSource
from landfast.delivery.filters import Filter, compile_filters
from landfast.delivery.settings import Settings

DEFAULTS = Settings()


def filters(*patterns: object, source: MappedSource = SQS, settings: Settings = DEFAULTS) -> Filter:
    criteria = {"Filters": [{"Pattern": json.dumps(pattern)} for pattern in patterns]}
    compiled = compile_filters(criteria, source, settings)
    assert compiled is not None
    return compiled


def message(body: str, **fields: object) -> dict[str, object]:
    return {"messageId": "m1", "body": body, "eventSource": "aws:sqs", **fields}


def scan(data: bytes, partition_key: str = "p1") -> dict[str, object]:
    return {
        "kinesis": {"partitionKey": partition_key, "data": base64.b64encode(data).decode()},
        "eventName": "aws:kinesis:record",
    }


def change(**image: Mapping[str, Any]) -> dict[str, object]:
    return {
        "eventName": "INSERT",
        "dynamodb": {"ApproximateCreationDateTime": 1767323039.0, "NewImage": image},
    }


def passes(pattern: object, body: object) -> bool:
    return filters({"body": {"field": pattern}}).matches(message(json.dumps(body)))


def refusal(text: str, source: MappedSource = SQS) -> Refused:
    with pytest.raises(Refused) as caught:
        compile_filters({"Filters": [{"Pattern": text}]}, source, DEFAULTS)
    return caught.value


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        (["a"], "a", "b"),
        (["a"], ["b", "a"], ["b"]),
        ([1], 1, "1"),
        ([1], 1, True),
        ([1], 1, 1.0),
        ([True], True, 1),
        ([""], "", None),
        ([None], None, ""),
        (["a", "b"], "b", "c"),
        ([{"prefix": "ab"}], "abc", "bab"),
        ([{"suffix": ".gz"}], "f.gz", "gz.f"),
        ([{"equals-ignore-case": "aB"}], "Ab", "abc"),
        ([{"anything-but": "a"}], "b", "a"),
        ([{"anything-but": ["a", 1]}], 2, 1),
        ([{"anything-but": {"prefix": "in"}}], "out", "inner"),
        ([{"anything-but": {"suffix": ["x", "y"]}}], "az", "ay"),
        ([{"anything-but": {"equals-ignore-case": "no"}}], "yes", "NO"),
        ([{"numeric": ["=", 5]}], 5.0, 6),
        ([{"numeric": ["<", 5]}], 4, 5),
        ([{"numeric": ["<=", 5]}], 5, 5.1),
        ([{"numeric": [">", 5]}], 6, 5),
        ([{"numeric": [">=", 5]}], 5, "6"),
        ([{"numeric": [">", 0, "<=", 5]}], 5, 0),
        ([{"numeric": [">", 0]}], 1, True),
        ([{"exists": True}], None, {"leaf": 1}),
        ([{"exists": True}], 0, []),
        ([{"exists": False}], {"leaf": 1}, 1),
        ({"inner": ["a"]}, {"inner": "a"}, {"inner": "b"}),
        ({"inner": ["a"]}, [{"inner": "b"}, {"inner": "a"}], "a"),
        ({"x": [1], "y": [2]}, [{"x": 1, "y": 2}], [{"x": 1}, {"y": 2}]),
        ({"inner": [{"exists": False}]}, {"other": 1}, {"inner": None}),
    ],
)
def test_s_078_a_pattern_matches_a_leaf(pattern: object, yes: object, no: object) -> None:
    assert passes(pattern, {"field": yes})
    assert not passes(pattern, {"field": no})


@pytest.mark.parametrize("pattern", [["a"], [None], [{"anything-but": "a"}], [{"exists": True}], {"inner": ["a"]}])
def test_s_078_a_missing_field_matches_nothing_but_its_absence(pattern: object) -> None:
    assert not passes(pattern, {})
    assert passes([{"exists": False}], {})
    assert passes({"inner": [{"exists": False}]}, {})


def test_s_078_fields_are_joined_by_and_patterns_by_or() -> None:
    both = filters({"body": {"a": [1], "b": [2]}})
    either = filters({"body": {"a": [1]}}, {"body": {"b": [2]}})
    assert both.matches(message('{"a": 1, "b": 2}'))
    assert not both.matches(message('{"a": 1}'))
    assert either.matches(message('{"b": 2}'))
    assert not either.matches(message('{"b": 3}'))


def test_s_078_or_joins_fields_of_any_level() -> None:
    inside = filters({"body": {"$or": [{"a": [1]}, {"b": [2]}], "c": [3]}})
    assert inside.matches(message('{"b": 2, "c": 3}'))
    assert not inside.matches(message('{"b": 2}'))
    assert not inside.matches(message('{"c": 3}'))
    outside = filters({"$or": [{"body": {"a": [1]}}, {"messageId": ["m1"]}]})
    assert outside.matches(message("no JSON"))


def test_s_078_there_are_at_most_five_patterns() -> None:
    pattern = {"Pattern": '{"body": {"a": [1]}}'}
    assert compile_filters({"Filters": [pattern] * 5}, SQS, DEFAULTS) is not None
    with pytest.raises(Refused) as caught:
        compile_filters({"Filters": [pattern] * 6}, SQS, DEFAULTS)
    assert caught.value.field == "FilterCriteria.Filters"


def test_s_078_a_pattern_has_at_most_4096_characters() -> None:
    def padded(length: int) -> str:
        frame = '{"body": [""]}'
        return frame.replace('""', json.dumps("x" * (length - len(frame))))

    assert len(padded(4096)) == 4096
    assert compile_filters({"Filters": [{"Pattern": padded(4096)}]}, SQS, DEFAULTS) is not None
    assert refusal(padded(4097)).code == "ValidationException"


@pytest.mark.parametrize(
    "text",
    [
        "null",
        "plain",
        '"plain"',
        '{"eventSource":',
        '{"eventSource":"aws:sqs"}',
        '{"eventSource":[]}',
        "[]",
        "{}",
        "",
        '{"body":{}}',
        '{"body":{"a":[{"unknown":1}]}}',
        '{"body":{"a":[{"prefix":1}]}}',
        '{"body":{"a":[{"prefix":"a","suffix":"b"}]}}',
        '{"body":{"a":[{"exists":1}]}}',
        '{"body":{"a":[{"numeric":[">"]}]}}',
        '{"body":{"a":[{"numeric":["<",5,">",1]}]}}',
        '{"body":{"a":[{"numeric":[">",5,"<",5]}]}}',
        '{"body":{"a":[{"numeric":["=",true]}]}}',
        '{"body":{"a":[{"anything-but":[]}]}}',
        '{"body":{"a":[{"anything-but":null}]}}',
        '{"body":{"a":[["b"]]}}',
        '{"body":{"a":[NaN]}}',
        '{"$or":[{"body":["a"]}]}',
        "[" * 4096,
    ],
)
def test_s_079_a_bad_pattern_is_refused_with_the_text_of_aws(text: str) -> None:
    refused = refusal(text)
    assert refused.message == "Invalid filter pattern definition."
    assert (refused.code, refused.status) == ("InvalidParameterValueException", 400)
    assert refused.field == "FilterCriteria.Filters[0].Pattern"


@pytest.mark.parametrize("criteria", [None, {}, {"Filters": []}])
def test_s_079_no_filters_are_no_filter(criteria: object) -> None:
    assert compile_filters(criteria, SQS, DEFAULTS) is None


@pytest.mark.parametrize(
    "criteria", [[], {"Filter": []}, {"Filters": {}}, {"Filters": [{}]}, {"Filters": [{"P": "{}"}]}, 5]
)
def test_s_079_criteria_of_another_shape_are_refused(criteria: object) -> None:
    with pytest.raises(Refused, match="FilterCriteria"):
        compile_filters(criteria, SQS, DEFAULTS)


def test_s_080_absence_of_a_branch_holds_even_when_it_is_there() -> None:
    absent = filters({"dynamodb": {"NewImage": {"presentKey": [{"exists": False}]}}}, source=DYNAMODB)
    assert absent.matches(change(presentKey={"S": "here"}))
    leaf = filters({"dynamodb": {"NewImage": {"presentKey": {"S": [{"exists": True}]}}}}, source=DYNAMODB)
    assert leaf.matches(change(presentKey={"S": "here"}))
    assert not leaf.matches(change(otherKey={"S": "here"}))


def test_s_080_numbers_of_an_item_are_strings_to_a_filter() -> None:
    pattern = {"dynamodb": {"NewImage": {"n": {"N": [{"numeric": [">", 100]}, {"anything-but": "101"}]}}}}
    matches = filters(pattern, source=DYNAMODB).matches
    assert matches(change(n={"N": "42"}))
    assert not matches(change(n={"N": "101"}))


def test_s_080_the_event_name_and_the_creation_time_can_be_matched() -> None:
    assert filters({"eventName": ["INSERT"]}, source=DYNAMODB).matches(change())
    assert not filters({"eventName": ["REMOVE"]}, source=DYNAMODB).matches(change())
    later = {"dynamodb": {"ApproximateCreationDateTime": [{"numeric": [">", 1767323038]}]}}
    assert filters(later, source=DYNAMODB).matches(change())
    assert filters({"dynamodb": {"NewImage": {"k": {"S": [{"prefix": "h"}]}}}}, source=DYNAMODB).matches(
        change(k={"S": "here"})
    )


def test_s_081_a_data_pattern_looks_into_the_decoded_data() -> None:
    seattle = filters({"data": {"City": ["Seattle"]}}, source=KINESIS)
    assert seattle.matches(scan(b'{"City": "Seattle"}'))
    assert not seattle.matches(scan(b'{"City": "Lyon"}'))


@pytest.mark.parametrize("data", [b"Seattle", b"\xff\xfe", b"", b"[1"])
def test_s_081_data_that_is_no_json_never_matches_an_object(data: bytes) -> None:
    assert not filters({"data": {"City": [{"exists": False}]}}, source=KINESIS).matches(scan(data))


def test_s_081_other_fields_of_a_kinesis_record_can_be_matched_beside_its_data() -> None:
    pattern = {"partitionKey": ["p1"], "data": {"a": [1]}}
    assert filters(pattern, source=KINESIS).matches(scan(b'{"a": 1}'))
    assert not filters(pattern, source=KINESIS).matches(scan(b'{"a": 1}', "p2"))
    assert filters({"kinesis": {"partitionKey": ["p2"]}}, source=KINESIS).matches(scan(b"\xff", "p2"))


def test_s_104_an_object_pattern_never_matches_a_plain_body() -> None:
    pattern = {"body": {"a": [{"exists": False}]}}
    assert filters(pattern).matches(message("{}"))
    assert not filters(pattern).matches(message("plain"))


def test_s_104_a_plain_pattern_never_matches_a_json_body() -> None:
    assert not filters({"body": ["5"]}).matches(message("5"))
    assert not filters({"body": ["{}"]}).matches(message("{}"))


def test_s_104_without_a_body_pattern_the_body_is_not_looked_at() -> None:
    by_attribute = filters({"messageAttributes": {"kind": {"stringValue": ["order"]}}})
    attributes = {"kind": {"stringValue": "order", "dataType": "String"}}
    assert by_attribute.matches(message("plain", messageAttributes=attributes))
    assert by_attribute.matches(message("{}", messageAttributes=attributes))
    assert not by_attribute.matches(message("{}"))


def test_s_104_numbers_of_a_json_body_are_numbers() -> None:
    assert passes([{"numeric": [">", 10, "<", 20]}], {"field": 15})
    assert not passes([{"numeric": [">", 10, "<", 20]}], {"field": 25})


def test_u_023_a_plain_body_equals_one_of_the_listed_strings() -> None:
    plain = filters({"body": ["hello", "world"]})
    assert plain.matches(message("world"))
    assert not plain.matches(message("hello world"))


def test_u_023_plain_patterns_can_be_set_to_match_nothing() -> None:
    plain = filters({"body": ["hello"]}, settings=Settings(plain_body_patterns=False))
    assert not plain.matches(message("hello"))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    )
)
def test_s_080_a_field_exists_or_is_absent_whatever_it_holds(value: object) -> None:
    assert passes([{"exists": True}], {"field": value}) is not passes([{"exists": False}], {"field": value})


@pytest.mark.parametrize(
    ("network", "yes", "no"),
    [
        ("10.0.0.0/24", "10.0.0.255", "10.0.1.0"),
        ("10.0.0.7/24", "10.0.0.1", "10.0.1.7"),
        ("2001:db8::/32", "2001:db8:1::1", "2001:db9::1"),
        ("10.0.0.0/24", "10.0.0.1", "::ffff:10.0.0.1"),
        ("0.0.0.0/0", "192.0.2.1", "no address"),
    ],
)
def test_u_031_cidr_matches_the_addresses_of_a_network(network: str, yes: str, no: str) -> None:
    assert passes([{"cidr": network}], {"field": yes})
    assert not passes([{"cidr": network}], {"field": no})
    assert not passes([{"cidr": network}], {"field": 5})


@pytest.mark.parametrize(
    "network",
    ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/255.0.0.0", "10.0.0/24", "", "::/129", 5, ["10.0.0.0/8"], None],
)
def test_u_031_what_is_no_network_is_refused(network: object) -> None:
    text = json.dumps({"body": {"address": [{"cidr": network}]}})
    assert refusal(text).message == "Invalid filter pattern definition."


def test_u_031_cidr_can_be_set_to_be_refused() -> None:
    with pytest.raises(Refused):
        filters({"body": {"address": [{"cidr": "10.0.0.0/8"}]}}, settings=Settings(cidr_patterns=False))


def test_s_104_a_body_nested_ever_so_deep_ends_nothing() -> None:
    pattern = filters({"body": {"a": [1]}})
    assert not pattern.matches(message("[" * 400 + "]" * 400))
    assert not pattern.matches(message('{"a":' * 100_000))
    assert pattern.matches(message('{"a":' + "[" * 400 + "1" + "]" * 400 + "}"))


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "1e999"])
def test_s_104_a_body_that_only_python_reads_is_no_json(constant: str) -> None:
    assert not filters({"body": {"a": [{"exists": False}]}}).matches(message('{"b":' + constant + "}"))
