from collections.abc import Mapping
from typing import Any

import pytest

from landfast.template.errors import Mistake
from landfast.template.parameters import Withheld, values


def value(declaration: Mapping[str, Any], given: str | None = None) -> object:
    return values({"P": declaration}, {} if given is None else {"P": given})["P"]


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
        ({"Type": "String"}, None, "has no Default and no value was given; give P=VALUE"),
        ({"Type": "String", "AllowedValues": ["a", "b"]}, "c", "'c' is not one of AllowedValues a, b"),
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, "abc1", "'abc1' does not match AllowedPattern [a-z]+"),
        ({"Type": "String", "AllowedPattern": "("}, "a", "AllowedPattern: is not a regular expression"),
        ({"Type": "String", "MinLength": 2}, "a", "'a' is shorter than MinLength 2"),
        ({"Type": "String", "MaxLength": 2}, "abc", "'abc' is longer than MaxLength 2"),
        ({"Type": "Number"}, "ten", "'ten' is not a number"),
        ({"Type": "Number"}, "nan", "'nan' is not a number"),
        ({"Type": "Number", "MinValue": "two"}, "1", "MinValue: is not a number"),
        ({"Type": "Number", "MinValue": 2}, "1", "'1' is below MinValue 2"),
        ({"Type": "Number", "MaxValue": 2}, "3", "'3' is above MaxValue 2"),
        ({"Type": "CommaDelimitedList", "AllowedValues": ["a"]}, "a,b", "'b' is not one of AllowedValues a"),
        ({"Type": "String", "MaxLength": 1, "ConstraintDescription": "one letter"}, "ab", "MaxLength 1 (one letter)"),
        ({"Default": "a"}, None, "must be a mapping with a Type"),
    ],
)
def test_a_value_that_cloudformation_refuses_is_refused(
    declaration: Mapping[str, Any], given: str | None, problem: str
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
        values({"BatchSize": {"Type": "Number", "Default": 1}}, {"Batchsize": "2"})


def test_a_value_kept_by_systems_manager_is_withheld_until_it_is_given() -> None:
    withheld = value({"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/a"})
    assert isinstance(withheld, Withheld)
    assert withheld.reason == "parameter P is read from the Systems Manager parameter store; give it a value"
