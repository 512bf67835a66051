"""Random messages, mappings and functions: what must hold whatever happens."""

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from landfast.delivery.actions import Invoke
from landfast.delivery.outcomes import Failed, NotReached, Outcome, Succeeded
from landfast.delivery.queue_config import QueueAttributes
from landfast.delivery.sqs_events import QueueMessage
from tests.delivery.queue_world import World, ids

TIMEOUT = 5


@dataclass(frozen=True)
class Case:
    fifo: bool
    report: bool
    batch_size: int
    window: int
    concurrency: int | None
    receives: int
    duration: float
    arrivals: tuple[tuple[float, str], ...]
    poison: frozenset[str]
    troubles: tuple[str, ...]

    def world(self) -> World:
        properties: dict[str, object] = {"BatchSize": self.batch_size, "MaximumBatchingWindowInSeconds": self.window}
        if self.report:
            properties["FunctionResponseTypes"] = ["ReportBatchItemFailures"]
        if self.concurrency is not None:
            properties["ScalingConfig"] = {"MaximumConcurrency": self.concurrency}
        attributes = QueueAttributes(
            visibility_timeout=6 * TIMEOUT + self.window, fifo=self.fifo, max_receive_count=self.receives
        )
        world = World(properties, attributes, self.function(), timeout=TIMEOUT, duration=self.duration)
        for number, (at, group) in enumerate(self.arrivals):
            world.send(f"m{number}", at=at, group=group if self.fifo else None)
        world.run()
        return world

    def function(self) -> Callable[[Invoke[QueueMessage]], Outcome]:
        """Has its troubles first; then fails for poison, as a whole or by naming it and what follows in its group."""
        troubles = iter(self.troubles)

        def function(invoke: Invoke[QueueMessage]) -> Outcome:
            trouble = next(troubles, None)
            if trouble is not None:
                return NotReached() if trouble == "throttle" else Failed({})
            if not self.poison & set(ids(invoke.records)):
                return Succeeded()
            return Succeeded(self.failures(invoke)) if self.report else Failed({})

        return function

    def failures(self, invoke: Invoke[QueueMessage]) -> object:
        failed: set[str | None] = set()
        names = []
        for message in invoke.records:
            group = message.group or message.id
            if message.id in self.poison or group in failed:
                failed.add(group)
                names.append(message.id)
        return {"batchItemFailures": [{"itemIdentifier": name} for name in names]}

    def sent(self) -> dict[str, list[str]]:
        groups: dict[str, list[str]] = {}
        order = sorted(range(len(self.arrivals)), key=lambda number: self.arrivals[number][0])
        for number in order:
            groups.setdefault(self.arrivals[number][1], []).append(f"m{number}")
        return groups


@st.composite
def cases(draw: st.DrawFn) -> Case:
    fifo = draw(st.booleans())
    window = 0 if fifo else draw(st.sampled_from([0, 0, 1, 20]))
    count = draw(st.integers(0, 40))
    arrivals = st.tuples(st.sampled_from([0, 0, 0, 0.5, 3, 40]), st.sampled_from("ABCDE"))
    return Case(
        fifo=fifo,
        report=draw(st.booleans()),
        batch_size=draw(st.integers(1, 25 if window else 10)),
        window=window,
        concurrency=draw(st.none() | st.integers(2, 8)),
        receives=draw(st.integers(1, 4)),
        duration=draw(st.sampled_from([0, 1, 4.5])),
        arrivals=tuple(draw(st.lists(arrivals, min_size=count, max_size=count))),
        poison=frozenset(f"m{number}" for number in draw(st.sets(st.integers(0, 40), max_size=5))),
        troubles=tuple(draw(st.lists(st.sampled_from(["throttle", "raise"]), max_size=12))),
    )


@given(cases())
@settings(max_examples=60)
def test_every_message_ends_in_exactly_one_state(case: Case) -> None:
    world = case.world()
    assert set(world.states) == {f"m{number}" for number in range(len(case.arrivals))}
    assert all(len(states) == 1 for states in world.states.values())
    assert len(world.queue) == 0
    assert world.poller.in_flight == 0


@given(cases())
@settings(max_examples=60)
def test_poison_is_never_processed_and_reported_neighbours_are(case: Case) -> None:
    world = case.world()
    present = case.poison & set(world.states)
    assert all(world.states[name] == ["dead_lettered"] for name in present)
    if case.report and not case.fifo and not case.troubles:
        assert all(world.states[name] == ["processed"] for name in world.states.keys() - present)


@given(cases())
@settings(max_examples=60)
def test_s_095_no_message_is_delivered_more_often_than_the_redrive_policy_allows(case: Case) -> None:
    world = case.world()
    assert all(count <= case.receives for count in world.receives.values())
    given_up = [name for name, states in world.states.items() if states == ["dead_lettered"]]
    assert all(world.receives[name] == case.receives for name in given_up), "a delivery was left"


@given(cases())
@settings(max_examples=60)
def test_s_099_no_group_is_delivered_while_it_is_in_flight_and_each_ends_in_its_order(case: Case) -> None:
    world = case.world()
    assert world.overlaps == []
    if case.fifo:
        for sent in case.sent().values():
            assert [name for name in world.order if name in set(sent)] == sent


@given(cases())
@settings(max_examples=60)
def test_s_102_concurrency_stays_within_its_bounds(case: Case) -> None:
    world = case.world()
    assert world.most <= (1250 if case.concurrency is None else case.concurrency)


@given(cases())
@settings(deadline=None, max_examples=50)
def test_the_same_case_runs_the_same_way_each_time(case: Case) -> None:
    assert case.world().log == case.world().log
