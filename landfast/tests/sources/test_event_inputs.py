"""What targets get.

Examples are those of the EventBridge User Guide, "Amazon EventBridge input transformation", and recordings of
LocalStack (``tests/aws/services/events/test_events_inputs.snapshot.json``).
"""

import json
from typing import Any

import pytest

from landfast.sources.event_inputs import InvalidInputError, Occasion, Transformer, check, input_of
from landfast.sources.event_paths import MISSING, Path
from landfast.sources.refusal import Refusal

EVENT: dict[str, Any] = {
    "version": "0",
    "id": "7bf73129-1428-4cd3-a780-95db273d1602",
    "detail-type": "EC2 Instance State-change Notification",
    "source": "aws.ec2",
    "account": "123456789012",
    "time": "2015-11-11T21:29:54Z",
    "region": "us-east-1",
    "resources": ["arn:aws:ec2:us-east-1:123456789012:instance/i-abcd1111"],
    "detail": {
        "instance-id": "i-0123456789",
        "state": "RUNNING",
        "count": 2,
        "tags": ["a", "b"],
        "owner": {"name": "x"},
    },
}
RULE = "arn:aws:events:us-east-2:123456789012:rule/bus/example"
OCCASION = Occasion(RULE, "2015-11-11T21:30:00Z")
PATHS = {"timestamp": "$.time", "instance": "$.detail.instance-id", "state": "$.detail.state"}


def transformed(template: str, **paths: str) -> str:
    transformer = Transformer(input_template=template, input_paths_map={**PATHS, **paths})
    check("t", None, None, transformer)
    return input_of(None, None, transformer)(EVENT, OCCASION)


@pytest.mark.parametrize(
    ("template", "output"),
    [
        ('"instance <instance> is in <state>"', '"instance i-0123456789 is in RUNNING"'),
        (r'"instance \"<instance>\" is in <state>"', r'"instance \"i-0123456789\" is in RUNNING"'),
        ('{\n  "instance" : <instance>,\n  "state": <state>\n}', '{"instance":"i-0123456789","state":"RUNNING"}'),
        (
            r'{"instance": <instance>, "state": "<state>", "instanceStatus": "instance \"<instance>\" is in <state>"}',
            r'{"instance":"i-0123456789","state":"RUNNING","instanceStatus":"instance \"i-0123456789\" is in RUNNING"}',
        ),
        (
            '{"instance" : <instance>, "state": [ 9, <state>, true ], "Transformed" : "Yes"}',
            '{"instance":"i-0123456789","state":[9,"RUNNING",true],"Transformed":"Yes"}',
        ),
        ('"<aws.events.rule-name> triggered"', '"example triggered"'),
        ('{"ruleArn": <aws.events.rule-arn>}', json.dumps({"ruleArn": RULE}, separators=(",", ":"))),
        ('{"at": <aws.events.event.ingestion-time>}', '{"at":"2015-11-11T21:30:00Z"}'),
    ],
)
def test_a_template_of_the_guide_makes_the_output_of_the_guide(template: str, output: str) -> None:
    assert transformed(template) == output


def test_the_event_can_be_put_in_with_and_without_its_detail() -> None:
    made = json.loads(
        transformed('{"originalEvent": <aws.events.event>, "originalEventJson": <aws.events.event.json>}')
    )
    assert made["originalEventJson"] == EVENT
    # Recorded: the order, and that the detail's type has another name
    assert list(made["originalEvent"]) == [
        "id", "account", "detailType", "time", "source", "region", "resources", "version",
    ]  # fmt: skip


def test_what_is_no_string_is_put_in_as_json_outside_of_strings_and_without_quotes_within() -> None:
    paths = {"count": "$.detail.count", "tags": "$.detail.tags", "owner": "$.detail.owner"}
    assert transformed('{"c": <count>, "t": <tags>, "o": <owner>}', **paths) == (
        '{"c":2,"t":["a","b"],"o":{"name":"x"}}'
    )
    assert transformed('{"s": "<count> of <tags> by <owner>"}', **paths) == '{"s":"2 of [a,b] by {name:x}"}'
    assert transformed('"Detail is <owner>"', **paths) == '"Detail is {name:x}"'


def test_a_path_that_finds_nothing_puts_in_nothing() -> None:
    assert transformed('"command <gone>"', gone="$.detail.gone") == '"command "'
    assert transformed('{"command": <gone>}', gone="$.detail.gone") == '{"command":""}'


def test_lines_of_strings_are_handed_on_as_lines() -> None:
    assert transformed('"<instance> stopped"\n"at <timestamp>"') == '"i-0123456789 stopped"\n"at 2015-11-11T21:29:54Z"'


def test_a_value_is_not_escaped_and_can_break_the_json_that_was_promised() -> None:
    transformer = Transformer(input_template='{"text": "<text>"}', input_paths_map={"text": "$.detail.text"})
    make = input_of(None, None, transformer)
    with pytest.raises(InvalidInputError, match="not JSON"):
        make({**EVENT, "detail": {"text": 'say "hi"'}}, OCCASION)
    assert json.loads(make({**EVENT, "detail": {"text": "hi"}}, OCCASION)) == {"text": "hi"}
    unquoted = Transformer(input_template='{"text": <text>}', input_paths_map={"text": "$.detail.text"})
    assert json.loads(input_of(None, None, unquoted)({"detail": {"text": 'say "hi"'}}, OCCASION)) == {
        "text": 'say "hi"'
    }


def test_without_an_input_a_target_gets_the_event() -> None:
    assert json.loads(input_of(None, None, None)(EVENT, OCCASION)) == EVENT


def test_a_constant_is_handed_on_as_it_is() -> None:
    assert input_of('{"a":  1}', None, None)(EVENT, OCCASION) == '{"a":  1}'


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", EVENT),
        ("$.detail", EVENT["detail"]),
        ("$.detail.state", "RUNNING"),  # recorded: a string keeps its quotes
        ("$.detail.instance-id", "i-0123456789"),
        ("$.detail.tags[1]", "b"),
        ("$.detail.tags[-1]", "b"),
        ("$.detail.tags[*]", ["a", "b"]),
        ("$.detail.owner.*", ["x"]),
        ("$['detail']['state']", "RUNNING"),
        ("$.resources[0]", EVENT["resources"][0]),
        ("$.detail.gone", EVENT),
        ("$.detail.tags[5]", EVENT),
        ("$.detail.state.deeper", EVENT),
    ],
)
def test_an_input_path_is_a_part_of_the_event(path: str, found: object) -> None:
    check("t", None, path, None)
    assert json.loads(input_of(None, path, None)(EVENT, OCCASION)) == found


def test_all_elements_are_looked_into() -> None:
    event = {"detail": {"items": [{"sku": "a"}, {"other": 1}, {"sku": "b"}]}}
    assert Path.read("$.detail.items[*].sku").of(event) == ["a", "b"]
    assert Path.read("$.detail[*].sku").of({"detail": 5}) is MISSING


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (("{}", "$.detail", None), "Only one of Input, InputPath, or InputTransformer must be provided for target t."),
        (("{", None, None), "Input for target t is not a valid JSON text."),
        ((None, "detail", None), "Invalid JSONPath detail for target t."),
        ((None, "$..detail", None), "Invalid JSONPath $..detail for target t."),
        (
            (None, None, Transformer(input_template='"<notdefinedkey>"')),
            "InputTemplate for target t contains invalid placeholder notdefinedkey.",
        ),
        (
            (None, None, Transformer(input_template='{"a": }')),
            "Invalid InputTemplate for target t : it is not valid JSON.",
        ),
        (
            (None, None, Transformer(input_template='"x"', input_paths_map={"a": "x"})),
            "Invalid JSONPath x for target t.",
        ),
        (
            (None, None, Transformer(input_template='"x"', input_paths_map={"aws-x": "$.a"})),
            "InputPathsMap for target t contains reserved variable aws-x.",
        ),
    ],
)
def test_a_bad_input_is_refused(given: Any, text: str) -> None:
    with pytest.raises(Refusal) as caught:
        check("t", *given)
    assert (caught.value.code, caught.value.message) == ("ValidationException", text)
