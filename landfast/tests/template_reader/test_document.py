from pathlib import Path
from typing import Any

import pytest
import yaml

from landfast.template import document
from landfast.template.document import parse, sections, without_what_is_no_resource
from landfast.template.errors import Mistake
from landfast.template.findings import Findings


def read(text: str, findings: Findings | None = None) -> dict[str, Any]:
    told = findings or Findings()
    return without_what_is_no_resource(sections(parse(text, told), told), told)


def value_of(text: str) -> object:
    properties = read(f"Resources: {{R: {{Type: T, Properties: {{P: {text}}}}}}}")["Resources"]["R"]["Properties"]
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


def test_an_unquoted_date_and_a_lone_equals_sign_stay_texts() -> None:
    assert value_of("[2012-10-17, =]") == ["2012-10-17", "="]


def test_numbers_and_truth_values_keep_their_types() -> None:
    assert value_of("[1, 1.5, true, null, '1']") == [1, 1.5, True, None, "1"]


def test_keys_are_texts() -> None:
    assert value_of("{123456789012: a, true: b}") == {"123456789012": "a", "true": "b"}


def test_merge_keys_may_override() -> None:
    text = "Resources: {R: &r {Type: T, Properties: {A: 1}}, S: &s {<<: *r, Type: U}, V: {<<: *s, Type: W}}"
    assert read(text)["Resources"]["V"] == {"Type": "W", "Properties": {"A": 1}}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Resources:\n  A: {Type: S}\n  A: {Type: T}\n", "line 3: key A"),
        ("Resources:\n  A: {Type: S, Type: T}", "line 2: key Type"),
        ('{"Resources": {"A": {"Type": "S"}, "A": {"Type": "T"}}}', "key A"),
        ('{"Resources": {"A": {"Type": "S", "Type": "T"}}}', "key Type"),
    ],
)
def test_of_a_key_given_twice_the_last_counts_as_for_cloudformation(text: str, line: str) -> None:
    findings = Findings()
    assert read(text, findings)["Resources"]["A"]["Type"] == "T"
    meaning = "is given twice: the last one counts, here and for CloudFormation; delete the other"
    assert findings.lines == [f"{line} {meaning}"]


@pytest.mark.parametrize(
    ("resource", "line"),
    [
        ("{Properties: {}}", "A: not run locally: it must be a mapping with a Type; look at the indentation"),
        ("text", "A: not run locally: it must be a mapping with a Type; look at the indentation"),
        ("{Type: '{}'}", "A: not run locally: Type: '{}' is no type; AWS::SQS::Queue is one"),
        (
            "{Type: T, Properties: [x]}",
            "A (T): not run locally: Properties: must be a mapping; look at the indentation",
        ),
    ],
)
def test_what_is_no_resource_costs_itself_alone(resource: str, line: str) -> None:
    findings = Findings()
    assert [*read(f"Resources: {{A: {resource}, B: {{Type: T, Properties:}}}}", findings)["Resources"]] == ["B"]
    assert findings.lines == [line]


def test_a_section_that_is_none_is_left_out_and_an_empty_one_is_nothing() -> None:
    findings = Findings()
    document = read("Parameters:\nOutputs: [a]\nResources: {A: {Type: T}}", findings)
    assert document.keys() == {"Resources"}
    assert findings.lines == ["Outputs: the section left out: it must be a mapping; look at the indentation"]


def test_a_flow_mapping_of_yaml_is_not_taken_for_json() -> None:
    assert [*read("{Resources: {A: {Type: T}}}")["Resources"]] == ["A"]


def test_json_is_read_as_well() -> None:
    document = read('\n{"Resources": {"R": {"Type": "T", "Properties": {"P": {"Ref": "A"}}}}}')
    assert document["Resources"]["R"]["Properties"] == {"P": {"Ref": "A"}}


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="this PyYAML was built without libyaml")
def test_libyamls_loader_reads_every_template_as_pyyamls_own_does() -> None:
    texts = [path.read_text() for path in Path(__file__).parents[1].rglob("template*.yaml")]
    assert len(texts) > 5
    keys_twice = [f"{text}\n{text}" for text in texts if "&" not in text]  # an anchor may be there once
    for text in texts + keys_twice:
        read_by: list[tuple[object, list[str]]] = []
        for loader in (document._Loader, document._QuickLoader):
            twice: list[str] = []
            read_by.append((document._loaded(loader(text), twice), twice))  # type: ignore[call-arg] # as in `_yaml`
        assert read_by[0] == read_by[1]


def test_other_users_of_yaml_are_left_alone() -> None:
    read("Resources: {R: {Type: T, Properties: {P: !Ref A}}}")
    with pytest.raises(yaml.constructor.ConstructorError):
        yaml.safe_load("!Ref A")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Resources:\n  R: [", "line 2, column 7: not YAML: "),
        ("Resources:\n\tA: 1", "line 2, column 1: not YAML: "),
        ('{"Resources": {"A" 1}}', "line 1, column 20: not JSON: "),
        ("just text", "not a template"),
        ("", "not a template"),
        ("Resources: {}", "Resources: the section is missing or empty"),
        ("Resources: [A]", "Resources: must be a mapping; look at the indentation"),
        ("Resources: {A: {Type: T, Properties: {1: \x00}}}", "not YAML: "),
        ('{\n"Resources": {"A": {"Type": "\\ud800"}}}', "line 2: \\ud800 is half a surrogate pair"),
        ('Resources:\n  A:\n    "a\\uDFFFb": c', "line 3: \\uDFFF is half a surrogate pair"),
        ("[" * 5000, "nested too deeply"),
        ("[" * 300 + "]" * 300, "nested too deeply"),
    ],
)
def test_text_that_is_no_template_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(Mistake) as caught:
        read(text)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
