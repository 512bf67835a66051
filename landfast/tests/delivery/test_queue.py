import itertools
from collections.abc import Mapping

import pytest

from landfast.delivery.actions import Delete, Invoke, Receive, Retry, Return, Settle
from landfast.delivery.outcomes import Failed, NotReached, Outcome, Succeeded, Unreadable
from landfast.delivery.queue import QueueAction, QueuePoller
from landfast.delivery.queue_config import QueueAttributes, configuration
from landfast.delivery.settings import Settings, from_ids
from landfast.delivery.sqs_events import QueueMessage
from tests.delivery.queue_world import World, ids

REPORT = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
STANDARD = QueueAttributes(visibility_timeout=30, max_receive_count=5)
FIFO = QueueAttributes(visibility_timeout=30, fifo=True, max_receive_count=5)
FAILED = Failed({"errorType": "ValueError"})


def machine(
    properties: Mapping[str, object] | None = None,
    *,
    queue: QueueAttributes = STANDARD,
    timeout: float = 5,
    settings: Settings | None = None,
) -> QueuePoller:
    settings = settings or Settings()
    config = configuration(properties or {}, queue=queue, function_timeout=timeout, settings=settings)
    numbers = itertools.count(1)
    return QueuePoller(config, settings=settings, new_id=lambda: str(next(numbers)))


def message(
    name: str, *, at: float = 0, group: str | None = None, count: int = 1, size: int = 100, body: str = "{}"
) -> QueueMessage:
    return QueueMessage(name, group, count, at, size, {"messageId": name, "body": body})


def messages(count: int, *, at: float = 0, size: int = 100, first: int = 1) -> list[QueueMessage]:
    return [message(f"m{number}", at=at, size=size) for number in range(first, first + count)]


def invoked(actions: list[QueueAction]) -> list[list[str]]:
    return [ids(action.records) for action in actions if isinstance(action, Invoke)]


def returned(actions: list[QueueAction]) -> list[tuple[list[str], float]]:
    return [(ids(action.messages), action.at) for action in actions if isinstance(action, Return)]


def deleted(actions: list[QueueAction]) -> list[str]:
    return [name for action in actions if isinstance(action, Delete) for name in ids(action.messages)]


def settled(actions: list[QueueAction]) -> list[tuple[list[str], str, str]]:
    return [(ids(each.records), each.state, each.rule) for each in actions if isinstance(each, Settle)]


def polls(actions: list[QueueAction]) -> int:
    return sum(isinstance(action, Receive) for action in actions)


def failures(*names: str) -> Outcome:
    return Succeeded({"batchItemFailures": [{"itemIdentifier": name} for name in names]})


def test_s_088_polling_begins_at_once_and_success_deletes_the_batch() -> None:
    poller = machine()
    due = poller.due()
    assert due is not None
    assert due <= 0
    assert poller.advance(0) == [Receive(10)] * 5
    assert poller.due() is None
    assert invoked(poller.received(messages(2), 1)) == [["m1", "m2"]]
    actions = poller.finished("1", Succeeded(), 2)
    assert deleted(actions) == ["m1", "m2"]
    assert settled(actions) == [(["m1", "m2"], "processed", "S-88")]


def test_s_088_every_answered_poll_is_followed_by_another() -> None:
    poller = machine()
    poller.advance(0)
    assert poller.received([], 20) == [Receive(10)]
    assert polls(poller.received(messages(1), 21)) == 0, "one slot of five is taken"
    assert polls(poller.finished("1", Succeeded(), 22)) == 1


def test_s_089_without_a_window_each_receive_is_a_batch() -> None:
    poller = machine({"BatchSize": 4})
    assert poller.advance(0) == [Receive(4)] * 5
    assert invoked(poller.received(messages(3), 0)) == [["m1", "m2", "m3"]]
    assert invoked(poller.received(messages(1, first=4), 0)) == [["m4"]]


def test_s_089_a_window_begins_with_the_first_message() -> None:
    poller = machine({"BatchSize": 20, "MaximumBatchingWindowInSeconds": 10})
    poller.advance(0)
    assert invoked(poller.received(messages(1, at=3), 3)) == []
    assert invoked(poller.received(messages(2, at=5, first=2), 5)) == []
    assert poller.due() == 13
    assert invoked(poller.advance(12.9)) == []
    assert invoked(poller.advance(13)) == [["m1", "m2", "m3"]]


def test_s_089_a_batch_is_complete_before_its_window_ends() -> None:
    poller = machine({"BatchSize": 15, "MaximumBatchingWindowInSeconds": 10})
    poller.advance(0)
    poller.received(messages(10), 0)
    assert invoked(poller.received(messages(10, at=4, first=11), 4)) == [[f"m{number}" for number in range(1, 16)]]
    assert poller.due() == 14, "the window of what is left began at 4"
    assert invoked(poller.advance(14)) == [[f"m{number}" for number in range(16, 21)]]


def test_s_089_a_message_that_comes_again_while_it_is_gathered_is_in_the_batch_once() -> None:
    poller = machine({"MaximumBatchingWindowInSeconds": 60})
    poller.advance(0)
    poller.received([message("m1"), message("m2")], 0)
    poller.received([message("m1", at=30, count=2)], 30)
    (invoke,) = [action for action in poller.advance(60) if isinstance(action, Invoke)]
    assert [(each.id, each.receive_count) for each in invoke.records] == [("m1", 2), ("m2", 1)]
    assert invoke.attempt == 2


def test_s_089_a_payload_has_at_most_6_mb() -> None:
    mebibyte = 1024 * 1024
    poller = machine()
    poller.advance(0)
    names = [f"m{number}" for number in range(1, 11)]
    assert invoked(poller.received(messages(10, size=mebibyte), 0)) == [names[:5], names[5:]]


def test_s_089_the_envelope_and_the_comma_count() -> None:
    poller = machine()
    poller.advance(0)
    room = 6_291_456 - len('{"Records":[,]}')
    assert invoked(poller.received([message("m1", size=1000), message("m2", size=room - 1000)], 0)) == [["m1", "m2"]]
    assert invoked(poller.received([message("m1", size=1000), message("m2", size=room - 999)], 0)) == [["m1"], ["m2"]]


def test_s_089_a_window_closes_early_at_6_mb() -> None:
    poller = machine({"BatchSize": 100, "MaximumBatchingWindowInSeconds": 10})
    poller.advance(0)
    poller.received(messages(5, size=1_000_000), 0)
    assert invoked(poller.received(messages(5, size=1_000_000, first=6), 1)) == [
        [f"m{number}" for number in range(1, 7)]
    ]


def test_s_093_after_a_function_error_all_messages_come_back_when_their_time_is_over() -> None:
    poller = machine()
    poller.advance(0)
    poller.received(messages(2, at=1), 1)
    actions = poller.finished("1", FAILED, 4)
    assert returned(actions) == [(["m1", "m2"], 31)]
    assert deleted(actions) == []
    assert settled(actions) == []


@pytest.mark.parametrize("outcome", [FAILED, failures("m1"), NotReached()])
def test_s_035_whatever_fails_stays_in_its_queue_and_is_sent_nowhere(outcome: Outcome) -> None:
    poller = machine(REPORT, timeout=30)
    poller.advance(0)
    poller.received(messages(1), 0)
    actions = poller.finished("1", outcome, 1)
    assert {type(action) for action in actions} == {Return, Receive}


def test_s_093_messages_of_one_batch_come_back_each_at_its_own_time() -> None:
    poller = machine({"BatchSize": 20, "MaximumBatchingWindowInSeconds": 10})
    poller.advance(0)
    poller.received(messages(2), 0)
    poller.received(messages(1, at=6, first=3), 6)
    poller.advance(10)
    assert returned(poller.finished("1", FAILED, 11)) == [(["m1", "m2"], 30), (["m3"], 36)]


@pytest.mark.parametrize(("outcome", "left"), [(FAILED, 10), (failures("m1"), 20), (Succeeded(), 20)])
def test_s_093_errors_lower_the_concurrency_and_partial_failures_do_not(outcome: Outcome, left: int) -> None:
    poller = machine(REPORT)
    poller.advance(0)
    now = 0.0
    for number in range(1, 21):
        if poller.in_flight >= poller.capacity:
            now = poller.due() or now
            poller.advance(now)
        poller.received([message(f"m{number}", at=now)], now)
    assert poller.capacity == 20
    poller.finished("1", outcome, now)
    assert poller.capacity == left


@pytest.mark.parametrize(
    ("timeout", "expected"), [(5, [1, 3, 7, 15]), (15, [1, 3, 7, 15]), (16, [1, 3, 7]), (29, [1]), (30, [])]
)
def test_s_094_u_021_a_throttled_batch_is_tried_while_it_stays_hidden_for_the_time_out(
    timeout: float, expected: list[float]
) -> None:
    poller = machine(timeout=timeout)
    poller.advance(0)
    actions = poller.received(messages(1), 0)
    tries: list[float] = []
    now = 0.0
    for request in itertools.count(1):
        assert invoked(actions) == [["m1"]]
        actions = poller.finished(str(request), NotReached(), now)
        retry = [action for action in actions if isinstance(action, Retry)]
        if not retry:
            break
        assert poller.due() == retry[0].at
        now = retry[0].at
        tries.append(now)
        actions = poller.advance(now)
    assert tries == expected
    assert returned(actions) == [(["m1"], 30)]


def test_u_021_throttled_batches_can_be_set_to_be_let_go_at_once() -> None:
    poller = machine(settings=Settings(hold_throttled_batches=False))
    poller.advance(0)
    poller.received(messages(1), 0)
    assert returned(poller.finished("1", NotReached(), 0)) == [(["m1"], 30)]


def test_s_094_throttling_alone_can_use_up_all_receives() -> None:
    world = World({}, QueueAttributes(visibility_timeout=5, max_receive_count=2), lambda _: NotReached())
    world.send("m1")
    world.run()
    assert world.states == {"m1": ["dead_lettered"]}
    assert world.now == 10


def test_s_094_nothing_grows_while_throttled_batches_wait() -> None:
    poller = machine({"BatchSize": 1})
    poller.advance(0)
    for number in range(1, 6):
        poller.received([message(f"m{number}")], 0)
        poller.finished(str(number), NotReached("system error"), 0)
    assert poller.due() == 1
    assert poller.capacity == 5


def test_s_095_a_failing_message_is_delivered_exactly_as_often_as_the_redrive_policy_says() -> None:
    world = World({}, QueueAttributes(visibility_timeout=30, max_receive_count=2), lambda _: FAILED)
    world.send("m1")
    world.run()
    assert world.invocations() == [(0, ["m1"], 1), (30, ["m1"], 2)]
    assert world.states == {"m1": ["dead_lettered"]}


def test_s_097_reported_messages_return_and_the_others_are_deleted() -> None:
    poller = machine(REPORT)
    poller.advance(0)
    poller.received(messages(3), 0)
    actions = poller.finished("1", failures("m2"), 4)
    assert settled(actions) == [(["m1", "m3"], "processed", "S-97")]
    assert deleted(actions) == ["m1", "m3"]
    assert returned(actions) == [(["m2"], 30)]


@pytest.mark.parametrize("value", [Unreadable(""), {"batchItemFailures": [{"itemIdentifier": "m9"}]}])
def test_s_097_an_invalid_response_deletes_nothing(value: object) -> None:
    poller = machine(REPORT)
    poller.advance(0)
    poller.received(messages(2), 0)
    actions = poller.finished("1", Succeeded(value), 4)
    assert deleted(actions) == []
    assert returned(actions) == [(["m1", "m2"], 30)]


def test_s_098_without_the_response_type_any_value_deletes_everything() -> None:
    poller = machine()
    poller.advance(0)
    poller.received(messages(2), 0)
    assert deleted(poller.finished("1", failures("m1"), 0)) == ["m1", "m2"]


def test_s_099_a_batch_may_hold_several_groups_in_the_order_of_the_receive() -> None:
    poller = machine(queue=FIFO)
    poller.advance(0)
    batch = [message("a1", group="A"), message("b1", group="B"), message("a2", group="A")]
    assert invoked(poller.received(batch, 0)) == [["a1", "b1", "a2"]]


def test_s_099_a_failing_message_holds_back_only_its_own_group() -> None:
    def function(invoke: Invoke[QueueMessage]) -> Outcome:
        return failures(*[name for name in ids(invoke.records) if name in {"a1", "a2"} and invoke.attempt < 2])

    world = World(REPORT, FIFO, function)
    world.send("a1", "a2", group="A")
    world.send("b1", group="B")
    world.send("a3", group="A", at=1)
    world.send("b2", group="B", at=1)
    world.run()
    assert world.invocations() == [(0, ["a1", "a2", "b1"], 1), (1, ["b2"], 1), (30, ["a1", "a2", "a3"], 2)]
    assert all(states == ["processed"] for states in world.states.values())


def test_s_099_what_does_not_fit_into_a_fifo_batch_follows_it() -> None:
    poller = machine(REPORT, queue=FIFO)
    poller.advance(0)
    size = 1024 * 1024
    batch = [message(f"{name}{part}", group=name, size=size) for part in range(1, 5) for name in "AB"]
    assert invoked(poller.received(batch, 0)) == [["A1", "B1", "A2", "B2", "A3"]]
    actions = poller.finished("1", failures("A3"), 1)
    assert invoked(actions) == [["B3", "B4"]], "the group of the failed message waits"
    assert returned(actions) == [(["A3"], 30), (["A4"], 30)]


def test_s_099_what_follows_too_late_returns_instead() -> None:
    poller = machine(queue=FIFO, timeout=20)
    poller.advance(0)
    size = 4 * 1024 * 1024
    poller.received([message("a1", group="A", size=size), message("b1", group="B", size=size)], 0)
    actions = poller.finished("1", Succeeded(), 15)
    assert invoked(actions) == []
    assert returned(actions) == [(["b1"], 30)]


def test_s_100_a_group_is_handled_by_one_invocation_at_a_time() -> None:
    world = World({"BatchSize": 1}, FIFO, duration=1)
    world.send(*[f"a{number}" for number in range(1, 6)], group="A")
    world.run()
    assert world.most == 1
    assert [at for at, _, _ in world.invocations()] == [0, 1, 2, 3, 4]


def test_s_100_groups_are_handled_side_by_side_without_a_slow_start() -> None:
    world = World({"BatchSize": 1}, FIFO, duration=5)
    for number in range(12):
        world.send(f"m{number}", group=f"g{number}")
    world.run()
    assert {at for at, _, _ in world.invocations()} == {0}


def test_s_101_lambda_honours_the_list_that_it_gets() -> None:
    def function(invoke: Invoke[QueueMessage]) -> Outcome:
        return failures(*(["m2", "m3", "m4"] if invoke.attempt == 1 else ["m4"]))

    world = World(REPORT, QueueAttributes(visibility_timeout=8, fifo=True, max_receive_count=2), function, timeout=6)
    world.send("m1", "m2", "m3", "m4", group="A")
    world.run()
    assert world.invocations() == [(0, ["m1", "m2", "m3", "m4"], 1), (8, ["m2", "m3", "m4"], 2)]
    assert world.states["m4"] == ["dead_lettered"]


def test_s_101_a_fifo_group_whose_second_message_fails_twice() -> None:
    failed_already = itertools.count(1)

    def function(_: Invoke[QueueMessage]) -> Outcome:
        return failures("m2", "m3") if next(failed_already) <= 2 else Succeeded()

    world = World({"BatchSize": 10, **REPORT}, FIFO, function)
    world.send("m1", "m2", "m3", group="A")
    world.run()
    assert world.invocations() == [(0, ["m1", "m2", "m3"], 1), (30, ["m2", "m3"], 2), (60, ["m2", "m3"], 3)]
    assert set(map(tuple, world.states.values())) == {("processed",)}


@pytest.mark.parametrize("fifo", [False, True])
def test_s_102_maximum_concurrency_is_never_exceeded(*, fifo: bool) -> None:
    queue = QueueAttributes(visibility_timeout=300, fifo=fifo)
    world = World({"BatchSize": 1, "ScalingConfig": {"MaximumConcurrency": 3}}, queue, duration=5)
    for number in range(30):
        world.send(f"m{number}", group=f"g{number}" if fifo else None)
    world.run()
    assert world.most == 3
    assert set(map(tuple, world.states.values())) == {("processed",)}
    assert world.now == 50


def test_s_102_thirty_messages_in_batches_of_twenty_are_two_batches() -> None:
    properties = {"BatchSize": 20, "MaximumBatchingWindowInSeconds": 5, "ScalingConfig": {"MaximumConcurrency": 2}}
    world = World(properties, STANDARD, duration=3)
    world.send(*[f"m{number}" for number in range(30)])
    world.run()
    assert [(at, len(names)) for at, names, _ in world.invocations()] == [(0, 20), (5, 10)]


def test_s_103_a_standard_queue_starts_with_five_batches_and_grows_by_300_a_minute() -> None:
    world = World({"BatchSize": 1}, QueueAttributes(visibility_timeout=900), timeout=900, duration=600)
    world.send(*[f"m{number}" for number in range(400)])
    world.run(until=60.1)
    starts = [at for at, _, _ in world.invocations()]
    assert starts.count(0) == 5
    assert starts[5] == pytest.approx(0.2)
    assert len(starts) == 305
    assert starts[-1] == pytest.approx(60)


def test_s_103_growth_ends_at_1250() -> None:
    world = World({"BatchSize": 1}, QueueAttributes(visibility_timeout=900), timeout=900, duration=600)
    world.send(*[f"m{number}" for number in range(1300)])
    world.run(until=599)
    assert world.most == 1250


def test_s_103_at_its_maximum_there_is_nothing_to_wake_for() -> None:
    poller = machine({"BatchSize": 1, "ScalingConfig": {"MaximumConcurrency": 2}})
    poller.advance(0)
    poller.received([message("m1")], 0)
    poller.received([message("m2")], 0)
    assert poller.in_flight == poller.capacity == 2
    assert poller.due() is None


def test_s_103_an_idle_mapping_shrinks() -> None:
    poller = machine({"BatchSize": 1})
    poller.advance(0)
    for number in range(1, 6):
        poller.received([message(f"m{number}")], 0)
    poller.advance(1)
    assert poller.capacity > 5
    for number in range(1, 6):
        poller.finished(str(number), Succeeded(), 2)
    poller.received([], 22)
    assert poller.capacity == 5


def test_s_103_provisioned_pollers_handle_ten_batches_each_from_the_start() -> None:
    properties = {"BatchSize": 1, "ProvisionedPollerConfig": {"MinimumPollers": 3, "MaximumPollers": 4}}
    world = World(properties, QueueAttributes(visibility_timeout=900), timeout=900, duration=600)
    world.send(*[f"m{number}" for number in range(100)])
    world.run(until=500)
    starts = [at for at, _, _ in world.invocations()]
    assert starts.count(0) == 30
    assert len(starts) == 40


def test_s_104_a_message_that_does_not_match_is_deleted() -> None:
    poller = machine({"FilterCriteria": {"Filters": [{"Pattern": '{"body": {"a": [1]}}'}]}})
    poller.advance(0)
    actions = poller.received([message("m1", body='{"a": 2}'), message("m2", body='{"a": 1}')], 0)
    assert deleted(actions) == ["m1"]
    assert settled(actions) == [(["m1"], "filtered", "S-104")]
    assert invoked(actions) == [["m2"]]


def test_s_104_a_receive_without_a_match_invokes_nothing_and_polls_on() -> None:
    poller = machine({"FilterCriteria": {"Filters": [{"Pattern": '{"body": {"a": [1]}}'}]}})
    poller.advance(0)
    actions = poller.received([message("m1")], 0)
    assert invoked(actions) == []
    assert polls(actions) == 1


def test_s_108_the_second_delivery_comes_when_the_visibility_timeout_ends() -> None:
    world = World({}, STANDARD, lambda invoke: FAILED if invoke.attempt == 1 else Succeeded(), duration=4)
    world.send("m1", at=7)
    world.run()
    assert [at for at, _, _ in world.invocations()] == [7, 37]


def test_u_020_receipts_are_extended_unless_it_is_set_otherwise() -> None:
    properties: dict[str, object] = {"MaximumBatchingWindowInSeconds": 60}
    assert machine(properties, settings=from_ids({"U-20": False})).advance(0)[0] == Receive(10)
    extending = machine(properties)
    assert extending.advance(0)[0] == Receive(10, visibility_timeout=95)
    extending.received(messages(1), 0)
    extending.advance(60)
    assert returned(extending.finished("1", FAILED, 61)) == [(["m1"], 95)]


def test_u_028_a_batch_is_in_the_order_of_the_receive() -> None:
    poller = machine()
    poller.advance(0)
    assert invoked(poller.received([message("m3"), message("m1"), message("m2")], 0)) == [["m3", "m1", "m2"]]


@pytest.mark.parametrize(("queue", "order"), [(STANDARD, ["m3", "m2", "m1"]), (FIFO, ["m1", "m2", "m3"])])
def test_u_028_set_otherwise_a_standard_batch_comes_backwards(queue: QueueAttributes, order: list[str]) -> None:
    poller = machine(queue=queue, settings=from_ids({"U-28": False}))
    poller.advance(0)
    assert invoked(poller.received([message(name, group="g") for name in ("m1", "m2", "m3")], 0)) == [order]


def test_a_machine_that_stops_receives_nothing_more_and_finishes_what_it_has_in_hand() -> None:
    poller = machine({"BatchSize": 10, "MaximumBatchingWindowInSeconds": 60})
    poller.advance(0)
    poller.received(messages(2), 1)
    stopping = poller.stop(2)
    assert (invoked(stopping), polls(stopping), poller.is_done) == ([["m1", "m2"]], 0, False)
    late = poller.received([message("m3", at=2)], 2)  # it was on its way
    assert (invoked(late), polls(late)) == ([["m3"]], 0)
    ended = [*poller.finished("1", FAILED, 3), *poller.finished("2", Succeeded(), 3)]
    assert (returned(ended), deleted(ended), polls(ended)) == ([(["m1", "m2"], 95.0)], ["m3"], 0)
    assert (poller.is_done, poller.due()) == (True, None)
