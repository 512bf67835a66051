import pytest
import yaml

from landfast.template.document import parse
from landfast.template.errors import Mistake


def value_of(text: str) -> object:
    properties = parse(f"Resources: {{R: {{Type: T, Properties: {{P: {text}}}}}}}")["Resources"]["R"]["Properties"]
    return properties["P"]


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("!Ref A", {"Ref": "A"}),
        ("!GetAtt A.B.C", {"Fn::GetAtt": ["A", "B.C"]}),
        ("!GetAtt [A, B]", {"Fn::GetAtt": ["A", "B"]}),
        ("!Sub 'x-${A}'", {"Fn::Sub": "x-${A}"}),
        ("!Sub ['${a}', {a: !Ref B}]", {"Fn::Sub": ["${a}", {"a": {"Ref": "B"}}]}),
        ("!Join [',', [!Ref A, b]]", {"Fn::Join": [",", [{"Ref": "A"}, "b"]]}),
        ("!If [C, !Ref A, !Ref 'AWS::NoValue']", {"Fn::If": ["C", {"Ref": "A"}, {"Ref": "AWS::NoValue"}]}),
        ("!Not [!Condition C]", {"Fn::Not": [{"Condition": "C"}]}),
        (
            "!Transform {Name: N, Parameters: {a: !Ref B}}",
            {"Fn::Transform": {"Name": "N", "Parameters": {"a": {"Ref": "B"}}}},
        ),
    ],
)
def test_short_tags_are_written_out(short: str, long: object) -> None:
    assert value_of(short) == long


def test_an_unquoted_date_stays_text() -> None:
    assert value_of("2012-10-17") == "2012-10-17"


def test_numbers_and_truth_values_keep_their_types() -> None:
    assert value_of("[1, 1.5, true, null, '1']") == [1, 1.5, True, None, "1"]


def test_keys_are_texts() -> None:
    assert value_of("{123456789012: a, true: b}") == {"123456789012": "a", "true": "b"}


def test_merge_keys_may_override() -> None:
    text = "Resources: {R: &r {Type: T, Properties: {A: 1}}, S: &s {<<: *r, Type: U}, V: {<<: *s, Type: W}}"
    assert parse(text)["Resources"]["V"] == {"Type": "W", "Properties": {"A": 1}}


def test_json_is_read_as_well() -> None:
    document = parse('\n{"Resources": {"R": {"Type": "T", "Properties": {"P": {"Ref": "A"}}}}}')
    assert document["Resources"]["R"]["Properties"] == {"P": {"Ref": "A"}}


def test_other_users_of_yaml_are_left_alone() -> None:
    parse("Resources: {R: {Type: !Ref A}}".replace("!Ref A", "T"))
    with pytest.raises(yaml.constructor.ConstructorError):
        yaml.safe_load("!Ref A")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Resources:\n  R: [", "line 2, column 7: not YAML: "),
        ("Resources:\n  A: {Type: T}\n  A: {Type: T}\n", "line 3, column 3: not YAML: duplicate key A"),
        ("Resources:\n  A: {Type: T, Properties: {p: 1, p: 2}}\n", "line 2, column 35: not YAML: duplicate key p"),
        ("Resources:\n\tA: 1", "line 2, column 1: not YAML: "),
        ('{"Resources": }', "line 1, column 15: not JSON: "),
        ('{"Resources": {"A": 1, "A": 2}}', "not a template: duplicate key A"),
        ("just text", "not a template"),
        ("", "not a template"),
        ("Resources: {}", "Resources: the section is missing or empty"),
        ("Resources: [A]", "Resources: must be a mapping; look at the indentation"),
        ("Resources: {A: {Properties: {}}}", "A: must be a mapping with a Type"),
        ("Resources: {A: {Type: T, Properties: [x]}}", "A.Properties: must be a mapping"),
        ("Resources: {'Fn::ForEach::X': []}", "Fn::ForEach::X: Fn::ForEach is not expanded here"),
        ("Resources: {A: {Type: T, Properties: {1: \x00}}}", "not YAML: "),
        ("[" * 5000, "nested too deeply"),
    ],
)
def test_text_that_is_no_template_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(Mistake) as caught:
        parse(text)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
