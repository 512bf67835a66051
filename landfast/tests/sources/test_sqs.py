from collections.abc import Sequence

from landfast.delivery.queue_config import QueueAttributes
from landfast.driver.polled_queue import delivery
from landfast.sources.sqs import Received, SqsQueue
from landfast.sources.sqs_message import Message

ARN = "arn:aws:sqs:eu-west-1:111122223333:q"


def queue(
    *, visibility: float = 30, fifo: bool = False, receives: int | None = None, retention: float = 345_600
) -> SqsQueue:
    attributes = QueueAttributes(visibility, fifo, receives, retention)
    return SqsQueue(attributes, arn=f"{ARN}.fifo" if fifo else ARN)


def fill(model: SqsQueue, *names: str, at: float = 0) -> SqsQueue:
    for name in names:
        model.send(name, "{}", at, group=name[0] if model.attributes.fifo else "")
    return model


def ids(received: Received) -> list[str]:
    return [message.id for message in received.messages]


def named(messages: Sequence[Message]) -> list[str]:
    return [message.id for message in messages]


def handles(model: SqsQueue, received: Received) -> dict[str, str]:
    return {message.id: model.handle(message) for message in received.messages}


def deletes(model: SqsQueue, handle: str, now: float) -> bool:
    return model.delete(handle, now) in {"done", "gone"}


def test_s_088_a_receive_returns_at_most_ten_in_the_order_of_sending() -> None:
    model = fill(queue(), *[f"m{number}" for number in range(25)])
    assert ids(model.receive(100, 0)) == [f"m{number}" for number in range(10)]
    assert ids(model.receive(4, 0)) == ["m10", "m11", "m12", "m13"]


def test_s_097_a_received_message_is_hidden_for_the_visibility_timeout() -> None:
    model = fill(queue(visibility=30), "m1")
    assert ids(model.receive(10, 5)) == ["m1"]
    assert ids(model.receive(10, 34.9)) == []
    assert model.due() == 35
    again = model.receive(10, 35)
    assert [(message.id, message.receives, message.received_at) for message in again.messages] == [("m1", 2, 35)]


def test_s_097_a_receive_may_bring_its_own_visibility_timeout() -> None:
    model = fill(queue(visibility=30), "m1")
    model.receive(10, 0, visibility_timeout=95)
    assert model.due() == 95


def test_s_105_deliveries_show_their_times_and_counts() -> None:
    model = SqsQueue(QueueAttributes(), arn=ARN)
    model.send("m1", '{"a":1}', 1.5)
    model.receive(10, 2)
    (message,) = model.receive(10, 40).messages
    shown = delivery(message, model, epoch=1_767_225_600)
    assert shown["Attributes"] == {
        "ApproximateReceiveCount": "2",
        "SentTimestamp": "1767225601500",
        "SenderId": "AIDACKCEVSQ6C2EXAMPLE",
        "ApproximateFirstReceiveTimestamp": "1767225602000",
    }
    assert shown["MD5OfBody"] == "bb6cb5c68df4652941caf652a366f2d8"


def test_s_105_fifo_deliveries_show_their_group_and_sequence() -> None:
    model = fill(queue(fifo=True), "a1", "b1")
    first, second = [delivery(message, model)["Attributes"] for message in model.receive(10, 0).messages]
    assert first["MessageGroupId"] == "a"
    assert len(first["SequenceNumber"]) == 20
    assert first["SequenceNumber"] < second["SequenceNumber"]


def test_s_095_after_the_last_delivery_a_message_goes_to_the_dead_letter_queue() -> None:
    model = fill(queue(receives=2), "m1", "m2")
    model.delete(handles(model, model.receive(10, 0))["m2"], 0)
    assert ids(model.receive(10, 30)) == ["m1"]
    last = model.receive(10, 60)
    assert (ids(last), named(last.dead_lettered)) == ([], ["m1"])
    assert len(model) == 0
    assert model.due() is None


def test_s_095_dead_letters_do_not_count_as_received() -> None:
    model = fill(queue(receives=1), "m1", "m2", "m3")
    model.receive(1, 0)
    received = model.receive(2, 30)
    assert (ids(received), named(received.dead_lettered)) == (["m2", "m3"], ["m1"])


def test_s_095_a_dead_lettered_head_frees_its_group_at_once() -> None:
    model = fill(queue(fifo=True, receives=1), "a1", "a2")
    assert ids(model.receive(1, 0)) == ["a1"]
    received = model.receive(10, 30)
    assert (ids(received), named(received.dead_lettered)) == (["a2"], ["a1"])


def test_s_099_a_group_with_messages_in_flight_gives_nothing() -> None:
    model = fill(queue(fifo=True), "a1", "a2", "b1")
    first = model.receive(1, 0)
    assert ids(first) == ["a1"]
    assert ids(model.receive(10, 1)) == ["b1"]
    assert ids(model.receive(10, 1)) == []
    assert deletes(model, model.handle(first.messages[0]), 2)
    assert ids(model.receive(10, 2)) == ["a2"]


def test_s_099_one_receive_may_take_several_messages_of_a_group() -> None:
    model = fill(queue(fifo=True), "a1", "b1", "a2")
    received = model.receive(10, 0)
    assert ids(received) == ["a1", "b1", "a2"]
    model.delete(model.handle(received.messages[0]), 1)
    fill(model, "a3", at=1)
    assert ids(model.receive(10, 1)) == [], "a2 is still in flight"
    assert ids(model.receive(10, 30)) == ["b1", "a2", "a3"]


def test_s_109_an_old_receipt_deletes_nothing() -> None:
    model = fill(queue(), "m1")
    old = handles(model, model.receive(10, 0))["m1"]
    new = handles(model, model.receive(10, 30))["m1"]
    assert not deletes(model, old, 31)
    assert deletes(model, new, 31)
    assert deletes(model, new, 32), "deleting twice is no error"
    assert len(model) == 0


def test_s_109_a_receipt_whose_time_is_over_still_works_in_a_standard_queue_only() -> None:
    for fifo, works in ((False, True), (True, False)):
        model = fill(queue(fifo=fifo), "m1")
        handle = handles(model, model.receive(10, 0))["m1"]
        assert model.advance(31) == []
        assert deletes(model, handle, 31) is works
        assert ids(model.receive(10, 31)) == ([] if works else ["m1"])


def test_a_message_expires_when_its_retention_ends() -> None:
    model = fill(queue(retention=100), "m1", "m2")
    fill(model, "m3", at=50)
    assert model.due() == 100
    assert model.advance(99) == []
    assert named(model.advance(100)) == ["m1", "m2"]
    assert model.due() == 150
    received = model.receive(10, 150)
    assert (ids(received), named(received.expired)) == ([], ["m3"])
    assert model.due() is None


def test_a_message_in_flight_expires_when_it_would_come_back() -> None:
    for fifo in (False, True):
        model = fill(queue(retention=100, fifo=fifo), "m1")
        model.receive(10, 90)
        assert model.advance(100) == []
        assert model.due() == 120
        assert named(model.advance(120)) == ["m1"]
        assert model.due() is None


def test_an_expired_head_frees_its_group() -> None:
    model = fill(queue(retention=100, fifo=True), "a1")
    fill(model, "a2", at=60)
    assert ids(model.receive(1, 90)) == ["a1"]
    received = model.receive(10, 120)
    assert (ids(received), named(received.expired)) == (["a2"], ["a1"])


def test_twenty_thousand_messages_of_many_groups_are_each_delivered_once() -> None:
    model = queue(fifo=True)
    for number in range(20_000):
        model.send(f"m{number}", "{}", 0, group=str(number % 1000))
    seen = 0
    while messages := model.receive(10, 1).messages:
        seen += len(messages)
        for message in messages:
            assert deletes(model, model.handle(message), 1)
    assert seen == 20_000
    assert len(model) == 0


def _tenants(model: SqsQueue, names: str) -> SqsQueue:
    for number, name in enumerate(names):
        model.send(f"{name}{number}", "{}", 0, group=name if name != "-" else "")
    return model


def test_s_134_the_tenant_with_the_fewest_messages_in_flight_comes_first() -> None:
    model = _tenants(queue(), "aaaaab")
    assert ids(model.receive(3, 0)) == ["a0", "a1", "a2"]
    assert ids(model.receive(2, 0)) == ["b5", "a3"]


def test_s_134_a_tenant_is_quiet_again_when_its_messages_are_deleted_or_come_back() -> None:
    model = _tenants(queue(visibility=30), "aaabb")
    received = model.receive(1, 0)
    model.receive(1, 0)
    assert deletes(model, model.handle(received.messages[0]), 1)
    assert ids(model.receive(1, 1)) == ["a1"]
    assert ids(model.receive(10, 40)) == ["a1", "a2", "b3", "b4"]


def test_s_134_messages_without_a_group_wait_behind_nobody() -> None:
    model = _tenants(queue(), "a--a-")
    assert ids(model.receive(3, 0)) == ["a0", "-1", "-2"]
    assert ids(model.receive(3, 0)) == ["-4", "a3"]


def test_s_134_a_standard_queue_keeps_no_order_of_a_group() -> None:
    model = _tenants(queue(), "aa")
    assert ids(model.receive(1, 0)) == ["a0"]
    assert ids(model.receive(1, 0)) == ["a1"]


def test_s_134_the_group_is_an_attribute_of_the_message() -> None:
    model = _tenants(queue(), "a-")
    attributes = [delivery(message, model)["Attributes"] for message in model.receive(10, 0).messages]
    assert attributes[0]["MessageGroupId"] == "a"
    assert not {"MessageGroupId", "SequenceNumber"} & attributes[1].keys()


def test_s_134_a_long_life_leaves_nothing_behind() -> None:
    model = queue()
    for number in range(5_000):
        model.send(f"m{number}", "{}", number, group=f"t{number % 3}")
        for message in model.receive(10, number).messages:
            assert deletes(model, model.handle(message), number)
    assert len(model) == 0
    assert model.due() is None
    line = model._messages._line
    assert len(line._heads) < 1_100
    assert not line._groups
    assert all(
        len(plans) < 1_100 for plans in (model._messages._hidden, model._messages._awaited, model._messages._ages)
    )
