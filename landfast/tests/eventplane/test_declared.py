"""What a template declares is made as by a client, and what it declares no more is taken away."""

from functools import partial
from pathlib import Path

import pytest

from landfast.eventplane import EventPlane
from landfast.eventplane.declared import declare
from landfast.eventplane.event_bus import EventsApi
from landfast.eventplane.schedules import Schedules
from landfast.eventplane.timetable import Timetable
from landfast.template import Findings, read
from tests.eventplane.fanout import Recorder, router
from tests.eventplane.world import PlaneInMemory, ids

ACCOUNT, REGION = "123456789012", "us-east-1"
RULE = "{Type: AWS::Events::Rule, Properties: {Name: orders, EventPattern: {source: [shop]}, Targets: [TARGETS]}}"
BUS = "arn:aws:events:us-east-1:123456789012:event-bus/b"


class Stack:
    """A stack whose template changes from start to start."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "template.yaml"
        world = PlaneInMemory()  # what it keeps outlives each start
        routed = router(Recorder(), "events")
        timetable = Timetable(world)
        self.plane = EventPlane()
        self.plane.add(EventsApi(world, routed, ACCOUNT, REGION, ids(), timetable))
        schedules = Schedules(world, routed, self.plane, timetable, ACCOUNT, REGION, ids())
        self._made = partial(declare, plane=self.plane, world=world, schedules=schedules)

    def start(self, *resources: str) -> list[str]:
        """Declare these and no others, and give what is named."""
        named = "".join(f"  R{number}: {each}\n" for number, each in enumerate(resources))
        self._file.write_text(f"Resources:\n{named}  Bus: {{Type: AWS::Events::EventBus, Properties: {{Name: b}}}}\n")
        findings = Findings()
        self._made(read(self._file, stack_name="shop"), findings=findings)
        return findings.lines

    def rules(self) -> dict[str, set[str]]:
        """The ids of the targets of each rule."""
        return {
            rule["Name"]: {
                target["Id"] for target in self.plane.ask("events", "ListTargetsByRule", Rule=rule["Name"])["Targets"]
            }
            for rule in self.plane.ask("events", "ListRules")["Rules"]
        }


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    return Stack(tmp_path)


def targets(*names: str) -> str:
    return RULE.replace("TARGETS", ", ".join(f"{{Id: {name}, Arn: '{BUS}'}}" for name in names))


@pytest.mark.parametrize("before", [(), ("a",), ("a", "b")])
@pytest.mark.parametrize("after", [None, (), ("b", "c")])
def test_a_rule_has_the_targets_that_are_declared_now_and_goes_with_its_resource(
    stack: Stack, before: tuple[str, ...], after: tuple[str, ...] | None
) -> None:
    for declared in (before, after, before):
        assert stack.start(*([] if declared is None else [targets(*declared)])) == []
        assert stack.rules() == ({} if declared is None else {"orders": set(declared)})


@pytest.mark.parametrize(
    ("resource", "told"),
    [
        (
            "{Type: AWS::Events::EventBus, Properties: {Name: two words}}",
            "Value 'two words' at 'name' failed to satisfy",
        ),
        (RULE.replace("orders", "two words").replace("TARGETS", ""), "Value 'two words' at 'name' failed to satisfy"),
        (targets("two words"), "Value 'two words' at 'targets.1.member.id' failed to satisfy"),
    ],
)
def test_what_the_model_of_the_api_does_not_allow_is_refused_as_a_clients_call_is(
    stack: Stack, resource: str, told: str
) -> None:
    [line] = stack.start(resource)
    assert line.startswith("R0 (AWS::Events::")
    assert told in line
