"""What a record of a table's stream looks like, and in which order the records are."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.contract.aws import REGION, Aws, eventually
from tests.contract.tables import between_marks, change, insert, item, key, mark, modify, read, remove, stream_of

pytestmark = pytest.mark.stored


@pytest.mark.source(
    "S-84, S-85; recorded: localstack dynamodb/test_dynamodb.snapshot.json, test_transact_write_items_streaming"
)
def test_s_084_a_record_has_the_fields_and_the_size_that_aws_gives_it(aws: Aws) -> None:
    table = aws.table()
    mark(aws, table, "begin")
    began = time.time()
    aws.dynamodb.put_item(TableName=table, Item=item(id="k1", count=42))
    mark(aws, table, "end")
    [record] = between_marks(aws, table)
    change = record["dynamodb"]
    assert abs(change.pop("ApproximateCreationDateTime").timestamp() - began) < 60
    assert change.pop("SequenceNumber").isdecimal()
    assert len(record.pop("eventID")) == 32
    assert record == {
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": REGION,
        "dynamodb": {
            "Keys": item(id="k1"),
            "NewImage": item(id="k1", count=42),
            "SizeBytes": 4 + 4 + 7,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    }


@pytest.mark.source("DynamoDB Developer Guide, DynamoDB Streams and Time to Live")
@pytest.mark.parametrize("first", ["the item", "the time to live"])
def test_an_item_that_is_over_is_deleted_and_its_record_says_by_whom(aws: Aws, first: str) -> None:
    table, over = aws.table(), item(id="over", t=int(time.time()) - 60)
    kept = [item(id="later", t=int(time.time()) + 3_600), item(id="text", t="1"), item(id="ancient", t=1)]
    steps = [
        lambda: [aws.dynamodb.put_item(TableName=table, Item=each) for each in (over, *kept)],
        lambda: aws.dynamodb.update_time_to_live(
            TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "t"}
        ),
    ]
    for step in steps if first == "the item" else reversed(steps):
        step()
    stream = stream_of(aws, table)
    [record] = eventually(lambda: [each for each in read(aws, stream) if each["eventName"] == "REMOVE"], bool)
    assert record["userIdentity"] == {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}
    assert (record["dynamodb"]["Keys"], record["dynamodb"]["OldImage"]) == (item(id="over"), over)
    left = aws.dynamodb.scan(TableName=table)["Items"]
    assert sorted(each["id"]["S"] for each in left) == ["ancient", "later", "text"]


@pytest.mark.source("DynamoDB API Reference, StreamSpecification; recorded: test_dynamodb_stream_stream_view_type")
@pytest.mark.parametrize("view", ["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"])
def test_a_stream_has_the_images_of_its_view(aws: Aws, view: str) -> None:
    table = aws.table(view)
    mark(aws, table, "begin")
    first, second = item(id="k", n=1), item(id="k", n=2)
    aws.dynamodb.put_item(TableName=table, Item=first)
    aws.dynamodb.put_item(TableName=table, Item=second)
    aws.dynamodb.delete_item(TableName=table, Key=item(id="k"))
    mark(aws, table, "end")
    told = between_marks(aws, table)
    new, old = view in {"NEW_IMAGE", "NEW_AND_OLD_IMAGES"}, view in {"OLD_IMAGE", "NEW_AND_OLD_IMAGES"}
    assert [record["dynamodb"]["StreamViewType"] for record in told] == [view] * 3
    assert [record["dynamodb"]["Keys"] for record in told] == [item(id="k")] * 3
    assert [change(record) for record in told] == [
        ("INSERT", None, first if new else None),
        ("MODIFY", first if old else None, second if new else None),
        ("REMOVE", second if old else None, None),
    ]


@pytest.mark.source("S-141; DynamoDB Developer Guide, Streams: each record appears once, in the order of the changes")
def test_s_141_sequence_numbers_increase_and_never_repeat(aws: Aws) -> None:
    table = aws.table()
    for number in range(3):
        aws.dynamodb.put_item(TableName=table, Item=item(id="put", n=number))
        aws.dynamodb.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": table, "Item": item(id=f"transaction-{one}", n=number)}} for one in range(3)
            ]
        )
        aws.dynamodb.batch_write_item(
            RequestItems={table: [{"PutRequest": {"Item": item(id=f"batch-{one}", n=number)}} for one in range(3)]}
        )
    told = read(aws, stream_of(aws, table))
    sequence = [int(record["dynamodb"]["SequenceNumber"]) for record in told]
    assert len(told) == 3 * 7
    assert sequence == sorted(set(sequence))
    assert len({record["eventID"] for record in told}) == len(told)


@pytest.mark.source("DynamoDB Developer Guide, Streams: for each item the records are in the order of its changes")
def test_changes_of_one_item_by_many_writers_are_told_in_their_order_with_right_images(aws: Aws) -> None:
    table = aws.table()
    mark(aws, table, "begin")
    expression = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}

    def write(number: int) -> None:
        update: dict[str, Any] = {"TableName": table, "Key": item(id="counter"), **expression}
        if number % 3:
            aws.dynamodb.update_item(**update)
        else:
            aws.dynamodb.transact_write_items(TransactItems=[{"Update": update}])

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(40)))
    mark(aws, table, "end")
    images = [change(record) for record in between_marks(aws, table) if key(record) == "counter"]
    counter = [item(id="counter", n=number) for number in range(1, 41)]
    assert [new for _, _, new in images] == counter
    assert [old for _, old, _ in images] == [None, *counter[:-1]]


@pytest.mark.source("DynamoDB API Reference, AttributeValue: each type has its own member")
def test_values_of_every_type_are_told_as_they_are(aws: Aws) -> None:
    table = aws.table()
    mark(aws, table, "begin")
    everything = {
        "id": {"S": "ünï 💥"},
        "big": {"N": "12345678901234567890123456789012345678"},
        "bytes": {"B": b"\x00\xff"},
        "flag": {"BOOL": False},
        "nothing": {"NULL": True},
        "list": {"L": [{"S": ""}, {"M": {"deep": {"N": "0.5"}}}]},
        "numbers": {"NS": ["1", "2"]},
        "pieces": {"BS": [b"a", b"b"]},
    }
    aws.dynamodb.put_item(TableName=table, Item=everything)
    mark(aws, table, "end")
    [record] = between_marks(aws, table)
    assert change(record) == ("INSERT", None, everything)


@pytest.mark.source("DynamoDB Developer Guide, Data types, Number: leading and trailing zeroes are trimmed")
def test_s_141_a_number_is_one_key_however_it_is_written_and_is_told_in_plain_digits(aws: Aws) -> None:
    table, db = aws.table(key="N"), aws.dynamodb
    n = {"S": "n"}
    expression = {"UpdateExpression": "SET v = :v", "ExpressionAttributeValues": {":v": {"N": "2.50"}}}
    db.update_item(TableName=table, Key={"id": {"N": "7.0"}}, **expression)
    db.put_item(TableName=table, Item={"id": {"N": "07"}, "v": {"N": "1E2"}, "n": n})
    db.delete_item(TableName=table, Key={"id": {"N": "7E0"}})
    db.transact_write_items(TransactItems=[{"Put": {"TableName": table, "Item": {"id": {"N": "0.10"}, "n": n}}}])
    assert db.get_item(TableName=table, Key={"id": {"N": ".1"}})["Item"] == {"id": {"N": "0.1"}, "n": n}
    db.batch_write_item(RequestItems={table: [{"DeleteRequest": {"Key": {"id": {"N": "1e-1"}}}}]})
    for _ in range(2):
        adds = {"UpdateExpression": "ADD v :v", "ExpressionAttributeValues": {":v": {"N": "0.50"}}}
        db.update_item(TableName=table, Key={"id": {"N": "3.0"}}, **adds)
    assert db.get_item(TableName=table, Key={"id": {"N": "03"}})["Item"]["v"] == {"N": "1"}
    db.execute_statement(Statement=f'DELETE FROM "{table}" WHERE id = 3.00')  # noqa: S608 - no name of a stranger
    stream = stream_of(aws, table)
    told = eventually(lambda: [change(record) for record in read(aws, stream)], lambda changes: len(changes) >= 8)
    first, second = {"id": {"N": "7"}, "v": {"N": "2.5"}}, {"id": {"N": "7"}, "v": {"N": "100"}, "n": n}
    tenth = {"id": {"N": "0.1"}, "n": n}
    half, whole = ({"id": {"N": "3"}, "v": {"N": number}} for number in ("0.5", "1"))
    assert told == [
        insert(first),
        modify(first, second),
        remove(second),
        insert(tenth),
        remove(tenth),
        insert(half),
        modify(half, whole),
        remove(whole),
    ]
