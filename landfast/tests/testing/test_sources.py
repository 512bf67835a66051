"""What a test can send to and look into, by each kind of source."""

import time

import pytest

from landfast.testing import Stack, StackError


def test_looking_at_a_queue_is_no_receive(landfast: Stack) -> None:
    queue = landfast.queue("Readers")
    queue.send({"n": 1}, attributes={"colour": "red"})
    queue.send("later", delay=60)
    landfast.client("sqs").receive_message(QueueUrl=queue.url)
    [hand] = queue.in_flight
    [later] = queue.delayed
    assert (hand.json(), hand.attributes, hand.receive_count) == ({"n": 1}, {"colour": "red"}, 1)
    assert (later.body, later.receive_count, len(queue), queue.visible) == ("later", 0, 2, [])
    landfast.advance(minutes=1)
    assert [message.state for message in queue] == ["visible", "visible"]


def test_a_bucket_shows_its_objects(landfast: Stack) -> None:
    bucket = landfast.s3("Uploads")
    bucket.put("a", "text")
    bucket.put("b", b"bytes", ContentType="text/plain")
    assert bucket.objects() == {"a": b"text", "b": b"bytes"}
    bucket.delete("a")
    with pytest.raises(StackError, match="Uploads has no object a; there is: b"):
        bucket.get("a")


def test_a_table_takes_and_gives_pythons_values(landfast: Stack) -> None:
    table = landfast.table("Ledger")
    table.put({"id": "1", "count": 2, "price": 1.5, "tags": ["a"], "raw": b"b"})
    changed = table.update({"id": "1"}, count=3, name="one")
    assert table.get({"id": "1"}) == {"id": "1", "count": 3, "price": 1.5, "tags": ["a"], "raw": b"b", "name": "one"}
    landfast.settle()
    assert landfast.where(changed).at("Announce").state == "processed"
    table.delete({"id": "1"})
    assert table.get({"id": "1"}) is None
    assert table.items() == []


def test_a_mailbox_gets_what_is_published_from_then_on(landfast: Stack) -> None:
    landfast.topic("News").publish("before")
    news, events = landfast.topic("News").listen(), landfast.bus("Bus").listen({"detail-type": ["Entered"]})
    landfast.bus("Bus").put({"id": "1"}, source="else", detail_type="Left")
    landfast.s3("Uploads").put("one", b"")
    landfast.settle()
    assert [message.body for message in news] == ["one"]
    assert [message.json()["detail"] for message in events] == [{"id": "one"}]


def test_a_function_is_called_by_its_alias_and_a_schedule_fires(landfast: Stack) -> None:
    read = landfast.function("Read")
    answer = read.invoke({"Records": [{"s3": {"object": {"key": "x.bad"}}}]})
    assert answer.failed
    assert answer.payload["errorType"] == "ValueError"
    assert (read.qualifier, landfast.function("Read", qualifier="$LATEST").qualifier) == ("live", "$LATEST")
    assert landfast.function("Work").invoke({"Records": []}).payload == {"batchItemFailures": []}
    fires = landfast.schedule("CountNightly").fire()
    landfast.settle()
    assert fires > time.time()
    assert landfast.now >= fires
    assert [item["id"] for item in landfast.table("Ledger").items()] == ["night"]


def test_boto3_has_the_rest(landfast: Stack) -> None:
    url = landfast.outputs["ReadersUrl"]
    landfast.resource("sqs").Queue(url).send_message(MessageBody="by boto3")
    assert [message.body for message in landfast.queue("Readers")] == ["by boto3"]


def test_time_does_not_go_back(landfast: Stack) -> None:
    with pytest.raises(StackError, match="advance by -1 s: time does not go back"):
        landfast.advance(seconds=-1)


def test_what_does_not_come_to_rest_is_named(landfast: Stack) -> None:
    landfast.s3("Uploads").put("a.slow", b"")
    with pytest.raises(StackError, match=r"not everything has landed after 0.2 s: under way: function \S+Read\S* runs"):
        landfast.settle(timeout=0.2)


def test_a_cold_start_is_one_that_initialises(landfast: Stack) -> None:
    landfast.function("Work").invoke({"Records": []})
    landfast.cool_down()
    landfast.function("Work").invoke({"Records": []})
    landfast.function("Work").invoke({"Records": []})
    assert [line.count("Init Duration") for line in landfast.logs("Work") if line.startswith("REPORT")][-2:] == [1, 0]


def test_events_to_a_function_are_sent_over_one_connection_and_leave_none_open(landfast: Stack) -> None:
    work = landfast.function("Work")
    for _ in range(3):
        work.send({"Records": []})
    pools = landfast.client("lambda")._endpoint.http_session._manager.pools
    [pool] = [pools[key] for key in pools.keys()]  # noqa: SIM118 - they cannot be iterated over
    assert pool.num_connections == 1
    landfast.settle()
