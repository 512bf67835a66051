import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landfast.template.errors import Mistake, Unavailable, Where
from landfast.template.intrinsics import Resolver
from landfast.template.parameters import Withheld

PARAMETERS: Mapping[str, object] = {
    "Name": "shop",
    "Count": 3,
    "Half": 0.5,
    "Empty": "",
    "List": ["a", "b", "c"],
    "Secret": Withheld("parameter Secret is elsewhere"),
    "AWS::Region": "us-east-1",
}
MAPPINGS = {"Sizes": {"us-east-1": {"small": 1, "names": ["x", "y"]}, "123456789012": {"small": 2}}}
CONDITIONS: dict[str, Any] = {
    "Yes": {"Fn::Equals": [{"Ref": "Name"}, "shop"]},
    "No": {"Fn::Not": [{"Condition": "Yes"}]},
    "Number": {"Fn::Equals": [{"Ref": "Count"}, "3"]},
    "Truth": {"Fn::Equals": [True, "true"]},
    "Both": {"Fn::And": [{"Condition": "Yes"}, {"Condition": "No"}]},
    "Either": {"Fn::Or": [{"Condition": "Yes"}, {"Condition": "No"}]},
    "Circle": {"Fn::Not": [{"Condition": "Round"}]},
    "Round": {"Fn::Or": [{"Condition": "No"}, {"Condition": "Circle"}]},
    "Alone": {"Fn::And": [{"Condition": "Yes"}]},
    "Odd": "Yes",
    "Strange": {"Fn::If": ["Yes", True, False]},
}


def attribute(logical_id: str, name: str | None, where: Where) -> object:
    if logical_id != "Queue":
        raise Mistake(where, f"no {logical_id}")
    return {None: "https://queue", "Arn": "arn:queue", "Outputs.A": "out"}[name]


def resolver(*, conditions: Mapping[str, Any] = CONDITIONS) -> Resolver:
    return Resolver(
        parameters=PARAMETERS,
        mappings=MAPPINGS,
        conditions=conditions,
        attribute=attribute,
    )


def ref(name: str) -> dict[str, str]:
    return {"Ref": name}


NO_VALUE = ref("AWS::NoValue")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (ref("Name"), "shop"),
        (ref("Count"), 3),
        (ref("List"), ["a", "b", "c"]),
        (ref("AWS::Region"), "us-east-1"),
        (ref("Queue"), "https://queue"),
        ({"Fn::GetAtt": "Queue.Arn"}, "arn:queue"),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, "arn:queue"),
        ({"Fn::GetAtt": ["Queue", "Outputs", "A"]}, "out"),
        ({"Fn::GetAtt": ["Queue", {"Fn::Join": ["", ["A", "rn"]]}]}, "arn:queue"),
        (
            {"Fn::Sub": "${Name}-${Count}-${Half}-${AWS::Region}-${Queue.Arn}-${Queue}"},
            "shop-3-0.5-us-east-1-arn:queue-https://queue",
        ),
        ({"Fn::Sub": "${!Name} $Name {Name}"}, "${Name} $Name {Name}"),
        ({"Fn::Sub": ["${Name}/${Mine}", {"Name": "mine", "Mine": ref("Count")}]}, "mine/3"),
        ({"Fn::Sub": ["${Name}", {}]}, "shop"),
        ({"Fn::Join": ["-", ["a", ref("Count"), True]]}, "a-3-true"),
        ({"Fn::Join": ["-", ref("List")]}, "a-b-c"),
        ({"Fn::Join": ["-", ["a", NO_VALUE, "b"]]}, "a-b"),
        ({"Fn::Join": ["-", []]}, ""),
        ({"Fn::Select": [1, ref("List")]}, "b"),
        ({"Fn::Select": ["2", ["x", "y", ref("Name")]]}, "shop"),
        ({"Fn::Select": [0, {"Fn::Split": [".", "a.b"]}]}, "a"),
        ({"Fn::Split": [",", {"Fn::Join": [",", ref("List")]}]}, ["a", "b", "c"]),
        ({"Fn::Split": [",", ""]}, [""]),
        ({"Fn::If": ["Yes", ref("Name"), ref("Secret")]}, "shop"),
        ({"Fn::If": ["No", "a", {"Fn::If": ["Number", "b", "c"]}]}, "b"),
        ({"Fn::If": ["No", "a", NO_VALUE]}, None),
        ({"Fn::If": ["Truth", "a", "b"]}, "a"),
        ({"Fn::FindInMap": ["Sizes", ref("AWS::Region"), "small"]}, 1),
        ({"Fn::FindInMap": ["Sizes", "us-east-1", "names"]}, ["x", "y"]),
        ({"Fn::FindInMap": ["Sizes", 123456789012, "small"]}, 2),
        ({"Fn::Base64": {"Fn::Sub": "${Name}ä"}}, base64.b64encode("shopä".encode()).decode()),
        ({"a": NO_VALUE, "b": [NO_VALUE, 1], "c": {"d": NO_VALUE}}, {"b": [1], "c": {}}),
        ({"Condition": "Yes"}, {"Condition": "Yes"}),
        ({"Ref": "Name", "Other": 1}, {"Ref": "Name", "Other": 1}),
    ],
)
def test_intrinsic_functions_give_what_cloudformation_gives(value: object, expected: object) -> None:
    assert resolver().resolve(value, ("R",)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Fn::Length": ref("List")}, 3),
        ({"Fn::Length": [1, {"Fn::If": ["No", 2, NO_VALUE]}]}, 1),
        ({"Fn::ToJsonString": {"a": ref("Count"), "b": [NO_VALUE]}}, '{"a":3,"b":[]}'),
        ({"Fn::FindInMap": ["Sizes", "nowhere", "small", {"DefaultValue": ref("Name")}]}, "shop"),
        ({"Fn::FindInMap": ["Sizes", "us-east-1", "small", {"DefaultValue": ref("Secret")}]}, 1),
    ],
)
def test_language_extensions_are_resolved(value: object, expected: object) -> None:
    assert resolver().resolve(value, ("R",)) == expected


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (ref("Other"), "R.P: no Other"),
        ({"Ref": ["a"]}, "R.P: Ref wants the name"),
        ({"Fn::GetAtt": "Queue"}, "R.P.Fn::GetAtt: wants a logical id and an attribute"),
        ({"Fn::Sub": "${Other.Arn}"}, "R.P.Fn::Sub: no Other"),
        ({"Fn::Sub": "${List}"}, "R.P.Fn::Sub: wants a text but is given a list"),
        ({"Fn::Sub": ["${a}", "b"]}, "R.P.Fn::Sub: wants a text, or a list of a text and a mapping"),
        ({"Fn::Sub": ["${a}", {"a": NO_VALUE}]}, "R.P.Fn::Sub.a: wants a text but is given nothing"),
        ({"Fn::Join": ["-"]}, "R.P.Fn::Join: wants a list of 2"),
        ({"Fn::Join": ["-", "a"]}, "R.P.Fn::Join: wants a list"),
        ({"Fn::Join": [1, ["a"]]}, "R.P.Fn::Join: wants a text as its delimiter"),
        ({"Fn::Join": ["-", [{"a": 1}]]}, "R.P.Fn::Join: wants a text but is given a dict"),
        ({"Fn::Select": [3, ref("List")]}, "R.P.Fn::Select: cannot select index 3 of a list of 3"),
        ({"Fn::Select": [-1, ref("List")]}, "R.P.Fn::Select: cannot select index -1 of a list of 3"),
        ({"Fn::Split": ["", "a"]}, "R.P.Fn::Split: wants a text as its delimiter"),
        ({"Fn::If": ["Yes", "a"]}, "R.P.Fn::If: wants a list of 3"),
        ({"Fn::If": ["Nope", "a", "b"]}, "R.P.Fn::If: the template has no condition Nope"),
        ({"Fn::If": ["Circle", "a", "b"]}, "Conditions.Circle: depends on itself: Circle -> Round -> Circle"),
        ({"Fn::If": ["Alone", "a", "b"]}, "Conditions.Alone.Fn::And: wants a list of 2 to 10"),
        ({"Fn::If": ["Odd", "a", "b"]}, "Conditions.Odd: must be one of Fn::And"),
        ({"Fn::If": ["Strange", "a", "b"]}, "Conditions.Strange.Fn::If: must be one of Fn::And"),
        ({"Fn::Equals": ["a", "b"]}, "R.P.Fn::Equals: is allowed under Conditions only"),
        ({"Fn::FindInMap": ["Sizes", "here", "small"]}, "R.P.Fn::FindInMap: Mappings has no Sizes.here.small"),
        ({"Fn::Jion": []}, "R.P.Fn::Jion: Fn::Jion is not an intrinsic function"),
        ({"Fn::Join": ["-", []], "a": 1}, "R.P.Fn::Join: an intrinsic function stands alone"),
    ],
)
def test_misuse_is_refused_with_its_place(value: object, message: str) -> None:
    with pytest.raises(Mistake) as caught:
        resolver().resolve(value, ("R", "P"))
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    "value",
    [
        ref("Secret"),
        {"Fn::Sub": "x${Secret}"},
        {"Fn::ImportValue": "other-stack-export"},
        {"Fn::GetAZs": ""},
        "{{resolve:ssm:/a}}",
        {"Fn::Sub": "{{resolve:secretsmanager:${Name}}}"},
    ],
)
def test_what_only_aws_knows_is_told_apart_from_a_mistake(value: object) -> None:
    with pytest.raises(Unavailable) as caught:
        resolver().resolve({"P": value}, ("R",))
    assert caught.value.where[:2] == ("R", "P")


def test_a_branch_decides_conditions_and_resolves_nothing() -> None:
    inner = {"Fn::ImportValue": "x"}
    assert resolver().branch({"Fn::If": ["No", 1, {"Fn::If": ["Yes", inner, 2]}]}, ()) == inner


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text().filter(lambda text: "{{resolve:" not in text),
    lambda inner: st.lists(inner) | st.dictionaries(st.text().filter(lambda key: not key.startswith("Fn::")), inner),
)


@given(plain.filter(lambda value: "Ref" not in json.dumps(value)))
def test_a_value_without_intrinsic_functions_is_left_as_it_is(value: object) -> None:
    assert resolver().resolve(value, ()) == value


@given(st.lists(st.text(alphabet="abc"), min_size=1))
def test_split_undoes_join(items: list[str]) -> None:
    assert resolver().resolve({"Fn::Split": ["|", {"Fn::Join": ["|", items]}]}, ()) == items


@given(st.lists(st.text(alphabet="a${}!b ")), st.text(alphabet="xyz"))
def test_sub_replaces_its_variables_and_nothing_else(texts: list[str], value: str) -> None:
    escaped = [text.replace("${", "").replace("{", "").replace("}", "").rstrip("$") for text in texts]
    template = "${v}".join(escaped)
    assert resolver().resolve({"Fn::Sub": [template, {"v": value}]}, ()) == value.join(escaped)


def expression(depth: int) -> st.SearchStrategy[tuple[dict[str, Any], bool]]:
    """A condition and, worked out beside it, whether it holds."""
    leaf = st.booleans().map(lambda holds: ({"Fn::Equals": ["a", "a" if holds else "b"]}, holds))
    if depth == 0:
        return leaf
    inner = expression(depth - 1)
    several = st.lists(inner, min_size=2, max_size=10)
    return st.one_of(
        leaf,
        inner.map(lambda each: ({"Fn::Not": [each[0]]}, not each[1])),
        several.map(lambda each: ({"Fn::And": [node for node, _ in each]}, all(holds for _, holds in each))),
        several.map(lambda each: ({"Fn::Or": [node for node, _ in each]}, any(holds for _, holds in each))),
    )


@given(expression(3))
def test_conditions_follow_logic(drawn: tuple[dict[str, Any], bool]) -> None:
    node, holds = drawn
    assert resolver(conditions={"C": node}).holds("C", ()) is holds
