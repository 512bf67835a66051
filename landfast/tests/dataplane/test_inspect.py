import uuid

from landfast.dataplane import inspect
from landfast.dataplane.clients import Clients
from landfast.dataplane.queues import Queue
from landfast.dataplane.world import INTERNAL_PREFIX, World


def _queue(clients: Clients) -> str:
    return clients.sqs.create_queue(QueueName=f"look-{uuid.uuid4()}")["QueueUrl"]


def test_internal_queues_are_not_shown(clients: Clients, world: World) -> None:
    shown = {one.name for one in inspect.queues(clients)}
    assert {made.name for made in world.queues.values()} <= shown
    assert world.triggers
    assert not any(name.startswith(INTERNAL_PREFIX) for name in shown)


def test_a_queue_shows_what_is_visible_in_flight_and_delayed(clients: Clients) -> None:
    url = _queue(clients)
    for delay in (0, 0, 0, 300):
        clients.sqs.send_message(QueueUrl=url, MessageBody="x", DelaySeconds=delay)
    assert len(Queue(clients, url).receive(1, wait=1)) == 1
    shown = inspect.queue(clients, url)
    assert (shown.visible, shown.in_flight, shown.delayed) == (2, 1, 1)


def test_peeked_messages_stay_and_can_be_received_at_once(clients: Clients) -> None:
    url = _queue(clients)
    for start in (0, 10):
        clients.sqs.send_message_batch(
            QueueUrl=url, Entries=[{"Id": str(n), "MessageBody": str(start + n)} for n in range(10)]
        )
    assert len(inspect.peek(clients, url, 3)) == 3
    assert sorted(int(one.body) for one in inspect.peek(clients, url, 100)) == list(range(20))
    assert inspect.queue(clients, url).visible == 20
    [message] = Queue(clients, url).receive(1, wait=0)
    assert message.receive_count >= 2


def test_a_bucket_lists_its_objects_and_a_table_counts_its_items(clients: Clients, world: World) -> None:
    clients.s3.create_bucket(Bucket="listed")
    for key in ("b/1", "a/1", "a/2"):
        clients.s3.put_object(Bucket="listed", Key=key, Body=key.encode())
    assert [(one.key, one.size) for one in inspect.objects(clients, "listed", "a/")] == [("a/1", 3), ("a/2", 3)]
    assert len(list(inspect.objects(clients, "listed"))) == 3

    table = world.tables["Orders"].name
    before = inspect.count_items(clients, table)
    clients.dynamodb.put_item(TableName=table, Item={"id": {"S": str(uuid.uuid4())}})
    assert inspect.count_items(clients, table) == before + 1
