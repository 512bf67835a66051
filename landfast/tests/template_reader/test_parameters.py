from collections.abc import Mapping
from typing import Any

import pytest

from landfast.template.errors import Mistake
from landfast.template.findings import Findings
from landfast.template.parameters import Withheld, values


def value(declaration: Any, given: str | None = None, findings: Findings | None = None) -> object:
    return values({"P": declaration}, {} if given is None else {"P": given}, findings or Findings())["P"]


@pytest.mark.parametrize(
    ("declaration", "given", "expected"),
    [
        ({"Type": "String", "Default": "a"}, None, "a"),
        ({"Type": "String", "Default": "a"}, "b", "b"),
        ({"Type": "String", "Default": ""}, None, ""),
        ({"Type": "String", "Default": True}, None, "true"),
        ({"Type": "String", "Default": 7}, None, "7"),
        ({"Type": "Number", "Default": 7}, None, 7),
        ({"Type": "Number"}, "-7", -7),
        ({"Type": "Number"}, "0.5", 0.5),
        ({"Type": "CommaDelimitedList", "Default": "a, b,c"}, None, ["a", "b", "c"]),
        ({"Type": "CommaDelimitedList"}, "", []),
        ({"Type": "List<Number>"}, "1,2.5", [1, 2.5]),
        ({"Type": "List<AWS::EC2::Subnet::Id>"}, "subnet-1,subnet-2", ["subnet-1", "subnet-2"]),
        ({"Type": "AWS::EC2::VPC::Id"}, "vpc-1", "vpc-1"),
        ({"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/a"}, "mine", "mine"),
        ({"Type": "AWS::SSM::Parameter::Value<List<String>>", "Default": "/a"}, "a,b", ["a", "b"]),
        ({"Type": "String", "AllowedValues": [1, "b"]}, "1", "1"),
        ({"Type": "Number", "MinValue": 1, "MaxValue": 3}, "3", 3),
        ({"Type": "String", "AllowedPattern": "[a-z]+", "MinLength": 2, "MaxLength": "3"}, "abc", "abc"),
    ],
)
def test_a_parameter_has_its_default_or_the_value_given(
    declaration: Mapping[str, Any], given: str | None, expected: object
) -> None:
    assert value(declaration, given) == expected


@pytest.mark.parametrize(
    ("declaration", "given", "problem"),
    [
        ({"Type": "String", "AllowedValues": ["a", "b"]}, "c", "'c' is not one of AllowedValues a, b"),
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, "abc1", "'abc1' does not match AllowedPattern [a-z]+"),
        ({"Type": "String", "MinLength": 2}, "a", "'a' is shorter than MinLength 2"),
        ({"Type": "String", "MaxLength": 2}, "abc", "'abc' is longer than MaxLength 2"),
        ({"Type": "Number"}, "ten", "'ten' is not a number"),
        ({"Type": "Number"}, "nan", "'nan' is not a number"),
        ({"Type": "Number", "MinValue": 2}, "1", "'1' is below MinValue 2"),
        ({"Type": "Number", "MaxValue": 2}, "3", "'3' is above MaxValue 2"),
        ({"Type": "CommaDelimitedList", "AllowedValues": ["a"]}, "a,b", "'b' is not one of AllowedValues a"),
        ({"Type": "String", "MaxLength": 1, "ConstraintDescription": "one letter"}, "ab", "MaxLength 1 (one letter)"),
    ],
)
def test_a_value_that_cloudformation_refuses_is_refused(
    declaration: Mapping[str, Any], given: str, problem: str
) -> None:
    with pytest.raises(Mistake) as caught:
        value(declaration, given)
    assert str(caught.value).startswith("Parameters.P")
    assert problem in str(caught.value)


def test_the_value_of_a_no_echo_parameter_is_never_shown() -> None:
    with pytest.raises(Mistake) as caught:
        value({"Type": "String", "NoEcho": True, "MinLength": 20}, "hunter2")
    assert str(caught.value) == "Parameters.P: the value is shorter than MinLength 20"


def test_an_unknown_parameter_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(Mistake, match="no such parameter; did you mean BatchSize"):
        values({"BatchSize": {"Type": "Number", "Default": 1}}, {"Batchsize": "2"}, Findings())


def test_a_value_kept_by_systems_manager_is_withheld_until_it_is_given() -> None:
    withheld = value({"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/a"})
    assert isinstance(withheld, Withheld)
    assert withheld.reason == (
        "parameter P is read from the Systems Manager parameter store; give it a value: --parameter P=VALUE"
    )


def test_a_parameter_without_value_is_withheld_and_says_how_to_give_one() -> None:
    assert value({"Type": "String"}) == Withheld("parameter P has no value; give it one: --parameter P=VALUE")
    assert isinstance(value("String"), Withheld)


def test_a_default_that_cloudformation_refuses_is_used_and_told() -> None:
    findings = Findings()
    assert value({"Type": "Number", "Default": 1, "MinValue": 2}, findings=findings) == 1
    assert findings.lines == [
        "Parameters.P: '1' is below MinValue 2: CloudFormation refuses such a Default; it is used here"
    ]


@pytest.mark.parametrize(
    ("pattern", "right", "wrong"),
    [
        (r"[a-z]++-\d*+", "abc-12", "ABC"),
        (r"\p{Alpha}[\p{Alnum}-]*", "a-1", "1a"),
        (r"[a-z&&[^q]]+", "abc", "q"),
        (r"(?<name>\p{Lower}+)-\d", "a-1", "A-1"),
        (r"\p{IsAlphabetic}+\z", "abc", "1"),
    ],
)
def test_a_pattern_of_javas_is_held_against_the_value(pattern: str, right: str, wrong: str) -> None:
    declaration = {"Type": "String", "AllowedPattern": pattern}
    assert value(declaration, right) == right
    with pytest.raises(Mistake, match="does not match AllowedPattern"):
        value(declaration, wrong)


@pytest.mark.parametrize("pattern", ["[", r"\p{javaLowerCase}", r"\Qa.b\E"])
def test_a_pattern_that_cannot_be_read_refuses_nothing_and_is_told_once(pattern: str) -> None:
    findings = Findings()
    assert value({"Type": "CommaDelimitedList", "AllowedPattern": pattern}, "a,b", findings) == ["a", "b"]
    assert findings.lines == [
        f"Parameters.P.AllowedPattern: {pattern} is not read here, so no value is held against it"
    ]


def test_limits_that_make_no_sense_are_told() -> None:
    findings = Findings()
    assert value({"Type": "Number", "MinValue": "two", "AllowedValues": "x"}, "1", findings) == 1
    assert findings.lines == ["Parameters.P.AllowedValues: is not a list", "Parameters.P.MinValue: is not a number"]
