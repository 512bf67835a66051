"""S-143: where records go after a stream's shards were split or merged, and how a consumer follows them."""

import itertools
from typing import Any

import pytest

from tests.contract.aws import Aws, eventually, records, refusal, texts

pytestmark = pytest.mark.source("S-143; Kinesis Data Streams Developer Guide, Resharding and After resharding")

WHOLE = 2**128
ALL = {"ShardIteratorType": "TRIM_HORIZON"}


def _shards(aws: Aws, stream: str) -> dict[str, Any]:
    return {shard["ShardId"]: shard for shard in aws.kinesis.list_shards(StreamName=stream)["Shards"]}


def _open(aws: Aws, stream: str) -> list[str]:
    return [
        name
        for name, shard in _shards(aws, stream).items()
        if "EndingSequenceNumber" not in shard["SequenceNumberRange"]
    ]


def _put(aws: Aws, stream: str, *data: str) -> list[str]:
    """Put records evenly all over the hash keys, and tell their shards."""
    step = WHOLE // len(data)
    return [
        aws.kinesis.put_record(
            StreamName=stream, Data=one.encode(), PartitionKey="k", ExplicitHashKey=str(step * number + step // 2)
        )["ShardId"]
        for number, one in enumerate(data)
    ]


def _split(aws: Aws, stream: str, shard: str, at: int = WHOLE // 2) -> None:
    aws.kinesis.split_shard(StreamName=stream, ShardToSplit=shard, NewStartingHashKey=str(at))
    aws.active(stream)


def _merge(aws: Aws, stream: str, shard: str, adjacent: str) -> None:
    aws.kinesis.merge_shards(StreamName=stream, ShardToMerge=shard, AdjacentShardToMerge=adjacent)
    aws.active(stream)


def _follow(aws: Aws, stream: str) -> list[str]:
    """Read as a consumer does that finds children by GetRecords: every record, parents first."""
    todo = [name for name, shard in _shards(aws, stream).items() if "ParentShardId" not in shard]
    seen: list[str] = []
    for name in todo:
        iterator = aws.kinesis.get_shard_iterator(StreamName=stream, ShardId=name, **ALL)["ShardIterator"]
        while iterator:
            got = aws.kinesis.get_records(ShardIterator=iterator)
            seen += texts(got["Records"])
            iterator = got.get("NextShardIterator")
            todo += [child["ShardId"] for child in got.get("ChildShards", ()) if child["ShardId"] not in todo]
            if not got["Records"] and iterator:
                break
    return seen


def test_s_143_after_a_split_records_go_to_the_children(aws: Aws) -> None:
    stream = aws.stream()
    [parent] = set(_put(aws, stream, "a", "b"))
    _split(aws, stream, parent)
    shards = _shards(aws, stream)
    left, right = _open(aws, stream)
    assert [shards[child]["ParentShardId"] for child in (left, right)] == [parent, parent]
    assert shards[left]["HashKeyRange"] == {"StartingHashKey": "0", "EndingHashKey": str(WHOLE // 2 - 1)}
    assert shards[right]["HashKeyRange"] == {"StartingHashKey": str(WHOLE // 2), "EndingHashKey": str(WHOLE - 1)}
    assert _put(aws, stream, "c", "d") == [left, right]
    assert [texts(records(aws, stream, name, ALL)) for name in (parent, left, right)] == [["a", "b"], ["c"], ["d"]]


def test_s_143_after_a_merge_records_go_to_the_child(aws: Aws) -> None:
    stream = aws.stream(shards=2)
    first, second = _put(aws, stream, "a", "b")
    _merge(aws, stream, first, second)
    [child] = _open(aws, stream)
    told = _shards(aws, stream)[child]
    assert (told["ParentShardId"], told["AdjacentParentShardId"]) == (first, second)
    assert told["HashKeyRange"] == {"StartingHashKey": "0", "EndingHashKey": str(WHOLE - 1)}
    assert _put(aws, stream, "c", "d") == [child, child]
    assert texts(records(aws, stream, child, ALL)) == ["c", "d"]


def test_a_closed_shard_tells_its_last_number_and_ends_for_its_readers(aws: Aws) -> None:
    stream = aws.stream()
    [parent] = set(_put(aws, stream, "a", "b"))
    iterator = aws.kinesis.get_shard_iterator(StreamName=stream, ShardId=parent, **ALL)["ShardIterator"]
    first = aws.kinesis.get_records(ShardIterator=iterator, Limit=1)
    _split(aws, stream, parent)
    bounds = _shards(aws, stream)[parent]["SequenceNumberRange"]
    read = records(aws, stream, parent, ALL)
    assert int(bounds["StartingSequenceNumber"]) <= int(read[0]["SequenceNumber"])
    assert int(read[-1]["SequenceNumber"]) <= int(bounds["EndingSequenceNumber"])
    children = set(_open(aws, stream))
    got = aws.kinesis.get_records(ShardIterator=first["NextShardIterator"])
    if got.get("NextShardIterator"):  # the end may come with a response of its own
        assert texts(got["Records"]) == ["b"]
        got = aws.kinesis.get_records(ShardIterator=got["NextShardIterator"])
    assert "NextShardIterator" not in got
    assert {child["ShardId"] for child in got["ChildShards"]} == children
    assert all(child["ParentShards"] == [parent] for child in got["ChildShards"])


def test_a_consumer_that_follows_the_children_reads_everything_in_order(aws: Aws) -> None:
    stream = aws.stream()
    expected = []
    for turn in range(3):
        data = [f"{turn}-{number}" for number in range(4)]
        _put(aws, stream, *data)
        expected += data
        parents = _open(aws, stream)
        if turn % 2:
            _merge(aws, stream, *parents)
        else:
            _split(aws, stream, parents[0])
    _put(aws, stream, "last")
    read = _follow(aws, stream)
    assert sorted(read) == sorted([*expected, "last"])
    assert [one[0] for one in read] == sorted(one[0] for one in read), "no child before its parents"


@pytest.mark.parametrize(("before", "after"), [(1, 2), (2, 1), (2, 4), (3, 2)])
@pytest.mark.source("Kinesis Data Streams API Reference, UpdateShardCount: the hash keys are divided evenly anew")
def test_update_shard_count_makes_so_many_open_shards_and_keeps_the_records(aws: Aws, before: int, after: int) -> None:
    stream = aws.stream(before)
    _put(aws, stream, "a", "b", "c")
    told = aws.kinesis.update_shard_count(StreamName=stream, TargetShardCount=after, ScalingType="UNIFORM_SCALING")
    assert (told["CurrentShardCount"], told["TargetShardCount"]) == (before, after)
    aws.active(stream)
    assert len(eventually(lambda: _open(aws, stream), lambda found: len(found) == after)) == after
    shards = _shards(aws, stream)
    ranges = sorted(
        (int(shards[name]["HashKeyRange"]["StartingHashKey"]), int(shards[name]["HashKeyRange"]["EndingHashKey"]))
        for name in _open(aws, stream)
    )
    assert [ranges[0][0], ranges[-1][1]] == [0, WHOLE - 1]
    assert all(end + 1 == start for (_, end), (start, _) in itertools.pairwise(ranges))
    assert all(abs((end - start) / WHOLE - 1 / after) < 0.001 for start, end in ranges)
    assert set(_put(aws, stream, *(f"new-{number}" for number in range(after)))) == set(_open(aws, stream))
    read = [one for name in _shards(aws, stream) for one in texts(records(aws, stream, name, ALL))]
    assert sorted(read) == ["a", "b", "c", *(f"new-{number}" for number in range(after))]
    summary = aws.kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
    assert summary["OpenShardCount"] == after


@pytest.mark.source("Kinesis Data Streams API Reference, SplitShard and MergeShards")
def test_what_cannot_be_split_or_merged_is_refused(aws: Aws) -> None:
    stream = aws.stream(shards=3)
    first, second, third = _open(aws, stream)
    split = {"StreamName": stream, "ShardToSplit": first}
    assert refusal(aws.kinesis.split_shard, **split, NewStartingHashKey=str(WHOLE - 1)) == "InvalidArgumentException"
    nowhere = {"StreamName": stream, "ShardToSplit": "shardId-000000000009", "NewStartingHashKey": "5"}
    assert refusal(aws.kinesis.split_shard, **nowhere) == "ResourceNotFoundException"
    apart = {"StreamName": stream, "ShardToMerge": first, "AdjacentShardToMerge": third}
    assert refusal(aws.kinesis.merge_shards, **apart) == "InvalidArgumentException"
    _merge(aws, stream, first, second)
    closed = {"StreamName": stream, "ShardToSplit": first, "NewStartingHashKey": "5"}
    assert refusal(aws.kinesis.split_shard, **closed) in {"InvalidArgumentException", "ResourceInUseException"}
    assert len(_open(aws, stream)) == 2


@pytest.mark.source("Kinesis Data Streams API Reference, ListShards: filters, pages, all shards within the retention")
def test_list_shards_has_the_shards_that_its_filter_names_page_by_page(aws: Aws) -> None:
    stream = aws.stream()
    [parent] = _open(aws, stream)
    _split(aws, stream, parent)
    left, right = _open(aws, stream)

    def listed(**params: Any) -> list[str]:
        return [shard["ShardId"] for shard in aws.kinesis.list_shards(StreamName=stream, **params)["Shards"]]

    assert listed() == [parent, left, right]
    assert listed(ShardFilter={"Type": "AT_LATEST"}) == [left, right]
    assert listed(ShardFilter={"Type": "AT_TRIM_HORIZON"}) == [parent]
    assert listed(ShardFilter={"Type": "FROM_TRIM_HORIZON"}) == [parent, left, right]
    assert listed(ShardFilter={"Type": "AFTER_SHARD_ID", "ShardId": parent}) == [left, right]
    assert listed(ExclusiveStartShardId=left) == [right]
    page = aws.kinesis.list_shards(StreamName=stream, MaxResults=2)
    rest = aws.kinesis.list_shards(NextToken=page["NextToken"])
    assert [shard["ShardId"] for shard in (*page["Shards"], *rest["Shards"])] == [parent, left, right]
    assert "NextToken" not in rest
    both = refusal(aws.kinesis.list_shards, StreamName=stream, NextToken=page["NextToken"])
    assert both == "InvalidArgumentException"


@pytest.mark.source("Kinesis Data Streams API Reference, DescribeStream: Limit, ExclusiveStartShardId, HasMoreShards")
def test_describe_stream_has_open_and_closed_shards_page_by_page(aws: Aws) -> None:
    stream = aws.stream()
    [parent] = _open(aws, stream)
    _split(aws, stream, parent)
    first = aws.kinesis.describe_stream(StreamName=stream, Limit=1)["StreamDescription"]
    assert ([shard["ShardId"] for shard in first["Shards"]], first["HasMoreShards"]) == ([parent], True)
    rest = aws.kinesis.describe_stream(StreamName=stream, ExclusiveStartShardId=parent)["StreamDescription"]
    assert ([shard["ShardId"] for shard in rest["Shards"]], rest["HasMoreShards"]) == (_open(aws, stream), False)
