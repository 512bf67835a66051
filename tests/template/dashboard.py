"""The rules of the dashboard: it can be read, names only what is there, and leaves nothing out."""

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from tests.template.alarms import METRICS, watched
from tests.template.stack import Stack, target
from tests.template.wiring import ALARM, FUNCTION, Rule, Violations, failure_queues, queue_mappings, stream_mappings

DASHBOARD = "AWS::CloudWatch::Dashboard"
WIDTH = 24
"""Columns of a dashboard (CloudWatch User Guide, dashboard body structure)."""

MORE_METRICS = {
    ("AWS/Lambda", "Invocations"): {"FunctionName"},
    ("AWS/Lambda", "Duration"): {"FunctionName"},
    ("AWS/Lambda", "Errors"): {"FunctionName"},
}
"""Metrics of Lambda that no alarm of the template needs in this way (Lambda Developer Guide, metrics of functions)."""


def text_of(value: object) -> str:
    """Return a value as CloudFormation would, with `<Name>` or `<Name.Attribute>` for what only it knows."""
    match value:
        case str():
            return value
        case {"Ref": str(name)}:
            return f"<{name}>"
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return f"<{name}.{attribute}>"
        case {"Fn::Join": [str(between), list(parts)]}:
            return between.join(map(text_of, parts))
        case {"Fn::Sub": str(text)}:
            return re.sub(r"\$\{([^}]+)\}", r"<\1>", text)
        case {"Fn::Sub": [str(text), dict(given)]}:
            known = {name: text_of(each) for name, each in given.items()}
            return re.sub(r"\$\{([^}]+)\}", lambda found: known.get(found[1], f"<{found[1]}>"), text)
    raise TypeError(f"not known here: {value}")


def widgets(stack: Stack) -> Iterator[dict[str, Any]]:
    """Yield the widgets of the template's dashboards."""
    for each in stack.all(DASHBOARD).values():
        yield from json.loads(text_of(each["DashboardBody"]))["widgets"]


def there_is_one_dashboard_in_rows(stack: Stack) -> Violations:
    """It is three free dashboards for an account, and one is read."""
    if (number := len(stack.all(DASHBOARD))) != 1:
        yield f"{number} dashboards"
    column = 0
    for before, widget in pairwise([{"height": 0, "width": 0}, *widgets(stack)]):
        if column and before["height"] != widget["height"]:
            yield f"{widget}: is not as high as its neighbour"
        column = (column + widget["width"]) % WIDTH
    if column:
        yield "the last row is not full, so that those of what is added are not in line"


def it_names_only_what_is_there(stack: Stack) -> Violations:
    own = [each for alarm in stack.all(ALARM).values() for each in watched(alarm)]
    for widget in widgets(stack):
        for metric in widget["properties"].get("metrics", []):
            namespace, name, *rest = [each for each in metric if isinstance(each, str)]
            by = dict(zip(rest[::2], rest[1::2], strict=True))
            known = (METRICS | MORE_METRICS).get((namespace, name)) == set(by)
            counted = namespace == "<AWS::StackName>" and any((each.metric, each.by) == (name, by) for each in own)
            if not known and not counted:
                yield f"{namespace} {name}: nothing emits it by {by}"
        if widget["type"] == "metric" and widget["properties"]["region"] != "<AWS::Region>":
            yield f"{widget['properties']['title']}: is about another region"
        for named in re.findall(r"<([^>.]+)[^>]*>", json.dumps(widget)):
            there = stack.wired.get(named, {"Condition": "none"})
            if "Condition" in there and not named.startswith("AWS::"):
                yield f"{named}: is not there, or not always"


def it_leaves_nothing_out(stack: Stack) -> Violations:
    shown = {
        each
        for widget in widgets(stack)
        for each in (
            *widget["properties"].get("alarms", []),
            *((metric[1], metric[3]) for metric in widget["properties"].get("metrics", [])),
        )
    }
    waiting = {*failure_queues(stack), *(queue for _, _, queue in queue_mappings(stack))}
    wanted: set[object] = {
        *(f"<{name}.Arn>" for name in stack.all(ALARM) if "Condition" not in stack.wired[name]),
        *((metric, f"<{name}>") for name in stack.all(FUNCTION) for metric in ("Invocations", "Errors", "Duration")),
        *(("ApproximateNumberOfMessagesVisible", f"<{name}.QueueName>") for name in waiting),
        *(("IteratorAge", f"<{target(mapping['FunctionName'])}>") for _, mapping, _ in stream_mappings(stack)),
    }
    for each in sorted(map(str, wanted - shown)):
        yield f"{each}: is not shown"


RULES: list[Rule] = [there_is_one_dashboard_in_rows, it_names_only_what_is_there, it_leaves_nothing_out]
