"""The API of Kinesis. Texts of errors are those that mhart/kinesalite recorded from AWS where nothing else is said."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landfast.aws_errors import AwsError
from landfast.protocols import Call
from landfast.sources.sent import Sent
from tests.eventplane.stream_clients import ACCOUNT, REGION, StreamClients
from tests.eventplane.world import START

WHOLE = 2**128
ARN = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/scans"
FIRST = "shardId-000000000000"
TOLD = f"stream scans under account {ACCOUNT}"


@pytest.fixture
def aws() -> StreamClients:
    made = StreamClients()
    made.stream()
    return made


def split(aws: StreamClients, shard: int = 0, at: int = WHOLE // 2) -> Any:
    shard_id = f"shardId-{shard:012d}"
    return aws.kinesis("SplitShard", StreamName="scans", ShardToSplit=shard_id, NewStartingHashKey=str(at))


def test_a_record_is_read_as_it_was_put(aws: StreamClients) -> None:
    data = bytes(range(256))
    put = aws.kinesis("PutRecord", StreamName="scans", Data=data, PartitionKey="ünï")
    assert put == {"ShardId": FIRST, "SequenceNumber": put["SequenceNumber"]}
    got = aws.kinesis("GetRecords", ShardIterator=aws.iterator())
    assert got["Records"] == [
        {
            "SequenceNumber": put["SequenceNumber"],
            "ApproximateArrivalTimestamp": datetime.fromtimestamp(START, UTC),
            "Data": data,
            "PartitionKey": "ünï",
        }
    ]
    assert got["MillisBehindLatest"] == 0


def test_a_stream_that_is_made_anew_while_time_stands_gives_no_sequence_number_again(aws: StreamClients) -> None:
    numbers = []
    for _ in range(3):
        numbers.append(aws.kinesis("PutRecord", StreamName="scans", Data=b"x", PartitionKey="k")["SequenceNumber"])
        aws = aws.restarted()
        aws.kinesis("DeleteStream", StreamName="scans")
        aws.stream()
    assert numbers == sorted(set(numbers))


def test_put_records_tells_where_each_record_went(aws: StreamClients) -> None:
    aws.stream("two", 2)
    records = [{"Data": b"x", "PartitionKey": f"k{number}"} for number in range(20)]
    answer = aws.kinesis("PutRecords", StreamName="two", Records=records)
    assert answer["FailedRecordCount"] == 0
    sequences = [int(one["SequenceNumber"]) for one in answer["Records"]]
    for shard in {one["ShardId"] for one in answer["Records"]}:
        mine = [number for number, one in zip(sequences, answer["Records"], strict=True) if one["ShardId"] == shard]
        assert mine == sorted(set(mine))
    assert len({one["ShardId"] for one in answer["Records"]}) == 2


@pytest.mark.parametrize(
    ("params", "error"),
    [
        (
            {"Data": b"x" * (1024 * 1024), "PartitionKey": "k"},
            (
                "ValidationException",
                (
                    "1 validation error detected: Value at 'data' failed to satisfy constraint: Member must have "
                    "length less than or equal to 1048576"
                ),
            ),
        ),
        (
            {"Data": b"", "PartitionKey": "k", "ExplicitHashKey": str(WHOLE)},
            (
                "InvalidArgumentException",
                (
                    "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was "
                    f"{WHOLE}"
                ),
            ),
        ),
        (
            {"Data": b""},
            (
                "ValidationException",
                (
                    "1 validation error detected: Value null at 'partitionKey' failed to satisfy constraint: Member "
                    "must not be null"
                ),
            ),
        ),
        (
            {"Data": b"", "PartitionKey": "k", "SequenceNumberForOrdering": "7"},
            (
                "InvalidArgumentException",
                f"ExclusiveMinimumSequenceNumber 7 used in PutRecord on {TOLD} is invalid.",
            ),
        ),
        (
            {"Data": b"", "PartitionKey": "k", "DryRun": True},
            ("DryRunOperationException", "Request would have succeeded, but DryRun flag is set."),
        ),
    ],
)
def test_a_record_that_cannot_be_put_is_refused(aws: StreamClients, params: Any, error: Any) -> None:
    assert aws.kinesis("PutRecord", StreamName="scans", **params) == error
    assert aws.read() == []


def test_a_batch_is_put_as_a_whole_or_refused(aws: StreamClients) -> None:
    good, bad = {"Data": b"x", "PartitionKey": "k"}, {"Data": b"x" * 1_100_000, "PartitionKey": "k"}
    assert aws.kinesis("PutRecords", StreamName="scans", Records=[good, bad])[0] == "ValidationException"
    assert aws.kinesis("UpdateMaxRecordSize", StreamARN=ARN, MaxRecordSizeInKiB=10_240) == {}
    assert aws.kinesis("PutRecords", StreamName="scans", Records=[good, bad])["FailedRecordCount"] == 0
    too_much = [{"Data": b"x" * 1_048_000, "PartitionKey": "k"}] * 11
    refused = aws.kinesis("PutRecords", StreamName="scans", Records=too_much)
    assert refused == ("InvalidArgumentException", "Records size exceeds 10 MB limit")
    assert len(aws.read()) == 2


def test_a_record_may_be_put_after_another(aws: StreamClients) -> None:
    [first] = aws.put("a")
    after = {"SequenceNumberForOrdering": first["SequenceNumber"]}
    second = aws.kinesis("PutRecord", StreamName="scans", Data=b"b", PartitionKey="k", **after)
    assert int(second["SequenceNumber"]) > int(first["SequenceNumber"])


def test_a_stream_is_named_by_its_name_or_its_arn(aws: StreamClients) -> None:
    described = aws.kinesis("DescribeStreamSummary", StreamARN=ARN)["StreamDescriptionSummary"]
    assert described == aws.kinesis("DescribeStreamSummary", StreamName="scans")["StreamDescriptionSummary"]
    both = aws.kinesis("DescribeStreamSummary", StreamName="scans", StreamARN=ARN)["StreamDescriptionSummary"]
    assert both == described
    assert described["StreamARN"] == ARN
    assert aws.kinesis("DescribeStreamSummary")[0] == "InvalidArgumentException"
    other = aws.kinesis("DescribeStreamSummary", StreamName="other", StreamARN=ARN)
    assert other[0] == "InvalidArgumentException"
    elsewhere = ARN.replace(REGION, "us-west-2")
    for params in ({"StreamName": "nowhere"}, {"StreamARN": f"{ARN}2"}, {"StreamARN": elsewhere}):
        assert aws.kinesis("DescribeStreamSummary", **params)[0] == "ResourceNotFoundException"
    missing = aws.kinesis("PutRecord", StreamName="nowhere", Data=b"", PartitionKey="k")
    assert missing == ("ResourceNotFoundException", f"Stream nowhere under account {ACCOUNT} not found.")


def test_s_050_an_iterator_begins_where_its_type_says(aws: StreamClients) -> None:
    first, second = aws.put("a", "b")
    aws.world.pass_by(10)
    aws.put("c")
    assert aws.read("TRIM_HORIZON") == ["a", "b", "c"]
    assert aws.read("AT_SEQUENCE_NUMBER", StartingSequenceNumber=second["SequenceNumber"]) == ["b", "c"]
    assert aws.read("AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=first["SequenceNumber"]) == ["b", "c"]
    assert aws.read("AT_TIMESTAMP", Timestamp=datetime.fromtimestamp(START + 5, UTC)) == ["c"]
    assert aws.read("AT_TIMESTAMP", Timestamp=datetime.fromtimestamp(START - 500, UTC)) == ["a", "b", "c"]
    latest = aws.iterator("LATEST")
    assert aws.texts(aws.kinesis("GetRecords", ShardIterator=latest)) == []
    aws.put("d")
    assert aws.texts(aws.kinesis("GetRecords", ShardIterator=latest)) == ["d"]


@given(st.floats(0, 1e5))
def test_s_050_an_iterator_at_the_shown_time_of_a_record_gives_it(later: float) -> None:
    aws = StreamClients()
    aws.stream()
    aws.world.pass_by(later)
    aws.put("a")
    [record] = aws.kinesis("GetRecords", ShardIterator=aws.iterator())["Records"]
    shown = record["ApproximateArrivalTimestamp"]
    assert 0 <= aws.world.now() - shown.timestamp() < 0.0011
    assert aws.read("AT_TIMESTAMP", Timestamp=shown) == ["a"]


def _must(kind: str, also: str) -> tuple[str, str]:
    return (
        "InvalidArgumentException",
        (
            "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) "
            f"TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified {kind} and {also} "
            "StartingSequenceNumber."
        ),
    )


def test_an_iterator_that_cannot_be_is_refused(aws: StreamClients) -> None:
    [put] = aws.put("a")
    sequence = put["SequenceNumber"]
    assert aws.iterator("AT_SEQUENCE_NUMBER") == _must("AT_SEQUENCE_NUMBER", "no")
    assert aws.iterator("LATEST", StartingSequenceNumber=sequence) == _must("LATEST", "also a")
    assert aws.iterator("AT_TIMESTAMP") == (
        "InvalidArgumentException",
        (
            "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no "
            "timestamp parameter."
        ),
    )
    future = aws.iterator("AT_TIMESTAMP", Timestamp=datetime.fromtimestamp(START + 60, UTC))
    assert future[1].startswith("The timestampInMillis parameter cannot be greater than the currentTimestampInMillis.")
    assert aws.iterator("AT_SEQUENCE_NUMBER", StartingSequenceNumber="3") == (
        "InvalidArgumentException",
        f"StartingSequenceNumber 3 used in GetShardIterator on shard {FIRST} in {TOLD} is invalid.",
    )
    split(aws)
    assert aws.iterator("AT_SEQUENCE_NUMBER", 1, StartingSequenceNumber=sequence) == (
        "InvalidArgumentException",
        (
            f"Invalid StartingSequenceNumber. It encodes {FIRST}, while it was used in a call to a shard with "
            "shardId-000000000001"
        ),
    )
    assert aws.iterator(shard=9) == (
        "ResourceNotFoundException",
        f"Shard shardId-000000000009 in {TOLD} does not exist",
    )
    named = aws.kinesis("GetShardIterator", StreamName="scans", ShardId="first", ShardIteratorType="LATEST")
    assert named == ("ResourceNotFoundException", f"Could not find shard first in {TOLD}.")


def test_an_iterator_of_an_earlier_stream_of_the_same_name_leads_nowhere(aws: StreamClients) -> None:
    [put] = aws.put("a")
    iterator = aws.iterator()
    aws.kinesis("DeleteStream", StreamName="scans")
    aws.world.pass_by(5)
    aws.stream()
    assert aws.kinesis("GetRecords", ShardIterator=iterator)[0] == "ResourceNotFoundException"
    other = aws.iterator("AT_SEQUENCE_NUMBER", StartingSequenceNumber=put["SequenceNumber"])
    assert other[1].endswith("is invalid because it did not come from this stream.")


def test_an_iterator_lives_for_five_minutes_also_across_a_restart(aws: StreamClients) -> None:
    aws.put("a", "b")
    first = aws.kinesis("GetRecords", ShardIterator=aws.iterator(), Limit=1)
    aws = aws.restarted()
    aws.world.pass_by(300)
    second = aws.kinesis("GetRecords", ShardIterator=first["NextShardIterator"], Limit=1)
    assert aws.texts(second) == ["b"]
    aws.world.pass_by(300.5)
    assert aws.kinesis("GetRecords", ShardIterator=second["NextShardIterator"]) == (
        "ExpiredIteratorException",
        (
            "Iterator expired. The iterator was created at time Fri Jan 02 03:08:20 UTC 2026 while right now it is "
            "Fri Jan 02 03:13:20 UTC 2026 which is further in the future than the tolerated delay of 300000 "
            "milliseconds."
        ),
    )


@pytest.mark.parametrize("iterator", ["x", "AAAAAAAAAAE=", "AAAAAAAAAAHxxxxxxxxxxx=="])
def test_what_is_no_iterator_is_refused(aws: StreamClients, iterator: str) -> None:
    refused = aws.kinesis("GetRecords", ShardIterator=iterator)
    assert refused == ("InvalidArgumentException", "Invalid ShardIterator.")


def test_get_records_gives_at_most_ten_mebibytes_and_one_record_always(aws: StreamClients) -> None:
    aws.kinesis("UpdateMaxRecordSize", StreamARN=ARN, MaxRecordSizeInKiB=10_240)
    for size in (4_000_000, 4_000_000, 4_000_000, 10_485_000):
        put = aws.kinesis("PutRecord", StreamName="scans", Data=b"x" * size, PartitionKey="k")
        assert put["ShardId"] == FIRST
    sizes, iterator = [], aws.iterator()
    for _ in range(4):
        got = aws.kinesis("GetRecords", ShardIterator=iterator)
        sizes.append([len(record["Data"]) for record in got["Records"]])
        iterator = got["NextShardIterator"]
    assert sizes == [[4_000_000, 4_000_000], [4_000_000], [10_485_000], []]


def test_millis_behind_latest_tells_how_far_a_reader_lags_behind(aws: StreamClients) -> None:
    aws.put("a", "b")
    aws.world.pass_by(7)
    first = aws.kinesis("GetRecords", ShardIterator=aws.iterator(), Limit=1)
    assert first["MillisBehindLatest"] == 7_000
    assert aws.kinesis("GetRecords", ShardIterator=first["NextShardIterator"])["MillisBehindLatest"] == 0


def test_s_143_a_closed_shard_ends_for_its_readers_and_names_its_children(aws: StreamClients) -> None:
    aws.put("a", "b")
    first = aws.kinesis("GetRecords", ShardIterator=aws.iterator(), Limit=1)
    assert split(aws) == {}
    last = aws.kinesis("GetRecords", ShardIterator=first["NextShardIterator"])
    assert aws.texts(last) == ["b"]
    assert "NextShardIterator" not in last
    assert last["ChildShards"] == [
        {
            "ShardId": f"shardId-00000000000{number}",
            "ParentShards": [FIRST],
            "HashKeyRange": {"StartingHashKey": str(start), "EndingHashKey": str(end)},
        }
        for number, start, end in ((1, 0, WHOLE // 2 - 1), (2, WHOLE // 2, WHOLE - 1))
    ]
    assert [aws.put("x", ExplicitHashKey=key)[0]["ShardId"][-1] for key in ("0", str(WHOLE - 1))] == ["1", "2"]


def test_s_143_a_merged_shard_has_two_parents(aws: StreamClients) -> None:
    aws.stream("two", 2)
    pair = {"ShardToMerge": FIRST, "AdjacentShardToMerge": "shardId-000000000001"}
    assert aws.kinesis("MergeShards", StreamName="two", **pair) == {}
    *_, child = aws.kinesis("ListShards", StreamName="two")["Shards"]
    assert (child["ParentShardId"], child["AdjacentParentShardId"]) == (FIRST, "shardId-000000000001")
    described = aws.kinesis("DescribeStream", StreamName="two")["StreamDescription"]["Shards"]
    assert ["EndingSequenceNumber" in shard["SequenceNumberRange"] for shard in described] == [True, True, False]
    again = aws.kinesis("MergeShards", StreamName="two", **pair)
    assert again[0] == "InvalidArgumentException"
    unknown = aws.kinesis("MergeShards", StreamName="two", **{**pair, "ShardToMerge": "shardId-000000000009"})
    assert unknown[0] == "ResourceNotFoundException"


def test_update_shard_count_tells_both_counts(aws: StreamClients) -> None:
    updated = aws.kinesis("UpdateShardCount", StreamName="scans", TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    assert updated == {"StreamName": "scans", "StreamARN": ARN, "CurrentShardCount": 1, "TargetShardCount": 2}
    too_many = aws.kinesis("UpdateShardCount", StreamName="scans", TargetShardCount=5, ScalingType="UNIFORM_SCALING")
    assert too_many == (
        "LimitExceededException",
        (
            "UpdateShardCount cannot scale up over double your current open shard count. Current open shard count: 2, "
            "Target shard count: 5"
        ),
    )


def test_list_shards_gives_what_its_filter_lets_through_page_by_page(aws: StreamClients) -> None:
    aws.world.pass_by(60)
    split(aws)
    aws.world.pass_by(60)
    split(aws, 1, 1000)
    at = {"Timestamp": datetime.fromtimestamp(START + 90, UTC)}
    assert aws.shards() == ["0", "1", "2", "3", "4"]
    for kind, params, expected in (
        ("AT_LATEST", {}, ["2", "3", "4"]),
        ("AT_TRIM_HORIZON", {}, ["0"]),
        ("FROM_TRIM_HORIZON", {}, ["0", "1", "2", "3", "4"]),
        ("AT_TIMESTAMP", at, ["1", "2"]),
        ("FROM_TIMESTAMP", at, ["1", "2", "3", "4"]),
        ("AFTER_SHARD_ID", {"ShardId": "shardId-000000000002"}, ["3", "4"]),
    ):
        assert aws.shards(ShardFilter={"Type": kind, **params}) == expected, kind
    for kind in ("AT_TIMESTAMP", "FROM_TIMESTAMP", "AFTER_SHARD_ID"):
        assert (
            aws.kinesis("ListShards", StreamName="scans", ShardFilter={"Type": kind})[0] == "InvalidArgumentException"
        )
    assert aws.shards(ExclusiveStartShardId="shardId-000000000003") == ["4"]
    latest = {"ShardFilter": {"Type": "AT_LATEST"}}
    page = aws.kinesis("ListShards", StreamName="scans", MaxResults=2, **latest)
    rest = aws.kinesis("ListShards", NextToken=page["NextToken"], MaxResults=2)
    assert [shard["ShardId"][-1] for shard in (*page["Shards"], *rest["Shards"])] == ["2", "3", "4"]
    assert "NextToken" not in rest
    both = aws.kinesis("ListShards", StreamName="scans", NextToken=page["NextToken"])
    assert both == ("InvalidArgumentException", "NextToken and StreamName cannot be provided together.")
    assert aws.kinesis("ListShards", NextToken="none")[0] == "InvalidArgumentException"
    aws.world.pass_by(301)
    assert aws.kinesis("ListShards", NextToken=page["NextToken"])[0] == "ExpiredNextTokenException"
    created = datetime.fromtimestamp(START, UTC)
    assert aws.shards(StreamCreationTimestamp=created) == ["0", "1", "2", "3", "4"]
    other = aws.kinesis("ListShards", StreamName="scans", StreamCreationTimestamp=datetime.fromtimestamp(0, UTC))
    assert other[0] == "ResourceNotFoundException"


def test_s_054_what_has_been_kept_long_enough_leaves_by_itself(aws: StreamClients) -> None:
    aws.put("a")
    split(aws)
    assert aws.world.awaited() == []
    aws.world.pass_by(86_400)
    assert aws.shards() == ["1", "2"]
    kept = {key for kind, _, key in aws.world.kept if kind == "kinesis"}
    assert kept == {"stream", "shard/00000001", "shard/00000002"}
    assert aws.iterator() == ("ResourceNotFoundException", f"Shard {FIRST} in {TOLD} does not exist")


def test_the_retention_changes_within_its_bounds(aws: StreamClients) -> None:
    aws.put("a")

    def change(which: str, hours: int) -> Any:
        return aws.kinesis(f"{which}StreamRetentionPeriod", StreamName="scans", RetentionPeriodHours=hours)

    assert change("Increase", 48) == {}
    aws.world.pass_by(86_400)
    assert aws.read() == ["a"]
    asked = "Requested retention period"
    for which, hours, told in (
        ("Increase", 8_761, f"Maximum allowed retention period is 8760 hours. {asked} (8761 hours) is too long."),
        ("Decrease", 23, f"Minimum allowed retention period is 24 hours. {asked} (23 hours) is too short."),
    ):
        assert change(which, hours) == ("InvalidArgumentException", told)
    for which, hours, how, other in (("Increase", 47, "shorter", "Decrease"), ("Decrease", 49, "longer", "Increase")):
        told = (
            f"{asked} ({hours} hours) for stream scans can not be {how} than existing retention period (48 hours). Use "
            f"{other}RetentionPeriod API."
        )
        assert change(which, hours) == ("InvalidArgumentException", told)
    assert change("Decrease", 24) == {}
    assert aws.read() == []


def test_streams_are_described_and_listed_page_by_page(aws: StreamClients) -> None:
    for name in ("b", "a"):
        aws.stream(name)
    assert aws.kinesis("ListStreams")["StreamNames"] == ["a", "b", "scans"]
    page = aws.kinesis("ListStreams", Limit=2)
    assert (page["StreamNames"], page["HasMoreStreams"]) == (["a", "b"], True)
    rest = aws.kinesis("ListStreams", NextToken=page["NextToken"])
    assert (rest["StreamNames"], rest["HasMoreStreams"]) == (["scans"], False)
    assert rest == aws.kinesis("ListStreams", ExclusiveStartStreamName="b")
    assert rest["StreamSummaries"] == [
        {
            "StreamName": "scans",
            "StreamARN": ARN,
            "StreamStatus": "ACTIVE",
            "StreamModeDetails": {"StreamMode": "PROVISIONED"},
            "StreamCreationTimestamp": datetime.fromtimestamp(START, UTC),
        }
    ]
    split(aws)
    described = aws.kinesis("DescribeStream", StreamName="scans", Limit=1)["StreamDescription"]
    assert (len(described["Shards"]), described["HasMoreShards"]) == (1, True)
    after = aws.kinesis("DescribeStream", StreamName="scans", ExclusiveStartShardId=FIRST)["StreamDescription"]
    assert (len(after["Shards"]), after["HasMoreShards"]) == (2, False)
    assert (after["EncryptionType"], after["EnhancedMonitoring"]) == ("NONE", [{"ShardLevelMetrics": []}])
    summary = aws.kinesis("DescribeStreamSummary", StreamName="scans")["StreamDescriptionSummary"]
    assert (summary["OpenShardCount"], summary["ConsumerCount"], summary["MaxRecordSizeInKiB"]) == (2, 0, 1024)
    limits = aws.kinesis("DescribeLimits")
    assert (limits["OpenShardCount"], limits["ShardLimit"], limits["OnDemandStreamCount"]) == (4, 20_000, 0)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"StreamName": "scans", "ShardCount": 1}, "ResourceInUseException"),
        ({"StreamName": "x"}, "InvalidArgumentException"),
        ({"StreamName": "x", "ShardCount": 20_001}, "LimitExceededException"),
        ({"StreamName": "x y", "ShardCount": 1}, "ValidationException"),
        ({"StreamName": "x", "ShardCount": 1, "StreamModeDetails": {"StreamMode": "ON_DEMAND"}},
         "InvalidArgumentException"),
        ({"StreamName": "x", "ShardCount": 1, "RecordDistributionStrategy": "AUTO"}, "InvalidArgumentException"),
        ({"StreamName": "x", "ShardCount": 1, "Tags": {f"t{number}": "" for number in range(51)}},
         "InvalidArgumentException"),
    ],
)  # fmt: skip
def test_a_stream_that_cannot_be_made_is_refused(aws: StreamClients, params: Any, code: str) -> None:
    assert aws.kinesis("CreateStream", **params)[0] == code
    assert aws.kinesis("ListStreams")["StreamNames"] == ["scans"]


def test_a_stream_on_demand_has_four_shards_and_may_do_without_keys(aws: StreamClients) -> None:
    on_demand = {"StreamModeDetails": {"StreamMode": "ON_DEMAND"}, "RecordDistributionStrategy": "AUTO"}
    assert aws.kinesis("CreateStream", StreamName="auto", **on_demand) == {}
    put = aws.kinesis("PutRecords", StreamName="auto", Records=[{"Data": b"x"}] * 8)
    assert len({record["ShardId"] for record in put["Records"]}) == 4
    arn = ARN.replace("scans", "auto")
    keys = {"StreamARN": arn, "RecordDistributionStrategy": "USER_PARTITION_KEY"}
    assert aws.kinesis("UpdateStreamRecordDistributionStrategy", **keys) == {}
    assert aws.kinesis("PutRecords", StreamName="auto", Records=[{"Data": b"x"}])[0] == "ValidationException"
    provisioned = {"StreamModeDetails": {"StreamMode": "PROVISIONED"}}
    assert aws.kinesis("UpdateStreamMode", StreamARN=arn, **provisioned) == {}
    back = {"StreamARN": arn, "RecordDistributionStrategy": "AUTO"}
    assert aws.kinesis("UpdateStreamRecordDistributionStrategy", **back)[0] == "InvalidArgumentException"
    warm = aws.kinesis("UpdateStreamWarmThroughput", StreamARN=arn, WarmThroughputMiBps=9)
    assert warm["WarmThroughput"] == {"TargetMiBps": 9, "CurrentMiBps": 9}


def test_encryption_and_monitoring_are_taken_and_shown(aws: StreamClients) -> None:
    encryption = {"EncryptionType": "KMS", "KeyId": "alias/mine"}
    assert aws.kinesis("StartStreamEncryption", StreamName="scans", **encryption) == {}
    summary = aws.kinesis("DescribeStreamSummary", StreamName="scans")["StreamDescriptionSummary"]
    assert (summary["EncryptionType"], summary["KeyId"]) == ("KMS", "alias/mine")
    aws.put("a")
    assert aws.kinesis("GetRecords", ShardIterator=aws.iterator())["Records"][0]["EncryptionType"] == "KMS"
    assert aws.kinesis("StopStreamEncryption", StreamName="scans", **encryption) == {}
    none = {**encryption, "EncryptionType": "NONE"}
    assert aws.kinesis("StartStreamEncryption", StreamName="scans", **none)[0] == "InvalidArgumentException"
    enabled = aws.kinesis("EnableEnhancedMonitoring", StreamName="scans", ShardLevelMetrics=["ALL"])
    assert (enabled["CurrentShardLevelMetrics"], len(enabled["DesiredShardLevelMetrics"])) == ([], 7)
    disabled = aws.kinesis("DisableEnhancedMonitoring", StreamName="scans", ShardLevelMetrics=["IncomingBytes"])
    assert "IncomingBytes" not in disabled["DesiredShardLevelMetrics"]
    assert len(disabled["CurrentShardLevelMetrics"]) == 7


def test_tags_and_policies_are_kept_with_their_resource(aws: StreamClients) -> None:
    aws.kinesis("AddTagsToStream", StreamName="scans", Tags={"b": "2", "a": "1"})
    aws.kinesis("TagResource", ResourceARN=ARN, Tags={"c": "3"})
    page = aws.kinesis("ListTagsForStream", StreamName="scans", Limit=2)
    assert (page["Tags"], page["HasMoreTags"]) == ([{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}], True)
    aws.kinesis("RemoveTagsFromStream", StreamName="scans", TagKeys=["a", "missing"])
    aws.kinesis("UntagResource", ResourceARN=ARN, TagKeys=["b"])
    assert aws.restarted().kinesis("ListTagsForResource", ResourceARN=ARN)["Tags"] == [{"Key": "c", "Value": "3"}]
    many = {f"t{number}": "" for number in range(50)}
    assert aws.kinesis("AddTagsToStream", StreamName="scans", Tags=many)[0] == "InvalidArgumentException"
    assert aws.kinesis("PutResourcePolicy", ResourceARN=ARN, Policy="{}") == {}
    assert aws.kinesis("GetResourcePolicy", ResourceARN=ARN) == {"Policy": "{}"}
    assert aws.kinesis("DeleteResourcePolicy", ResourceARN=ARN) == {}
    assert aws.kinesis("DeleteResourcePolicy", ResourceARN=ARN)[0] == "ResourceNotFoundException"


def test_consumers_are_registered_but_nothing_is_pushed_to_them(aws: StreamClients) -> None:
    made = aws.kinesis("RegisterStreamConsumer", StreamARN=ARN, ConsumerName="fan", Tags={"a": "1"})["Consumer"]
    assert made["ConsumerARN"] == f"{ARN}/consumer/fan:{int(START)}"
    assert made["ConsumerStatus"] == "ACTIVE"
    again = aws.kinesis("RegisterStreamConsumer", StreamARN=ARN, ConsumerName="fan")
    assert again[0] == "ResourceInUseException"
    aws = aws.restarted()
    by_name = aws.kinesis("DescribeStreamConsumer", StreamARN=ARN, ConsumerName="fan")["ConsumerDescription"]
    by_arn = aws.kinesis("DescribeStreamConsumer", ConsumerARN=made["ConsumerARN"])["ConsumerDescription"]
    assert by_name == by_arn == {**made, "StreamARN": ARN}
    assert aws.kinesis("ListTagsForResource", ResourceARN=made["ConsumerARN"])["Tags"] == [{"Key": "a", "Value": "1"}]
    assert aws.kinesis("DeleteStream", StreamName="scans")[0] == "ResourceInUseException"
    for number in range(19):
        aws.kinesis("RegisterStreamConsumer", StreamARN=ARN, ConsumerName=f"c{number:02}")
    assert aws.kinesis("RegisterStreamConsumer", StreamARN=ARN, ConsumerName="x")[0] == "LimitExceededException"
    page = aws.kinesis("ListStreamConsumers", StreamARN=ARN, MaxResults=19)
    rest = aws.kinesis("ListStreamConsumers", StreamARN=ARN, NextToken=page["NextToken"])
    assert [one["ConsumerName"] for one in rest["Consumers"]] == ["fan"]
    start = {"ShardId": FIRST, "StartingPosition": {"Type": "LATEST"}}
    with pytest.raises(AwsError, match="SubscribeToShard is not available") as refused:
        aws.kinesis_api.answer(Call("kinesis", "SubscribeToShard", {"ConsumerARN": made["ConsumerARN"], **start}))
    assert (refused.value.code, refused.value.status) == ("NotImplementedException", 501)
    assert aws.kinesis("DeregisterStreamConsumer", ConsumerARN=made["ConsumerARN"]) == {}
    gone = aws.kinesis("DescribeStreamConsumer", ConsumerARN=made["ConsumerARN"])
    assert gone[0] == "ResourceNotFoundException"
    assert aws.kinesis("DescribeStreamConsumer", ConsumerName="fan")[0] == "InvalidArgumentException"
    assert aws.kinesis("DeleteStream", StreamName="scans", EnforceConsumerDeletion=True) == {}
    assert aws.world.kept == {}


def test_an_operation_of_aws_alone_is_named_in_its_error(aws: StreamClients) -> None:
    code, told = aws.kinesis("DescribeAccountSettings")
    assert code == "NotImplementedException"
    assert "DescribeAccountSettings" in told


def test_what_other_services_send_is_put_under_their_key_or_one_of_its_own(aws: StreamClients) -> None:
    aws.kinesis_api.take(ARN, Sent(body='{"a": "ü"}', partition_key="mine"))
    aws.kinesis_api.take(ARN, Sent(body="x"))
    aws.kinesis_api.take(ARN, Sent(body="no text", data=b"\x1f\x8b"))
    records = aws.kinesis("GetRecords", ShardIterator=aws.iterator())["Records"]
    assert [record["Data"] for record in records] == ['{"a": "ü"}'.encode(), b"x", b"\x1f\x8b"]
    assert records[0]["PartitionKey"] == "mine"
    assert records[1]["PartitionKey"] not in {"", "mine"}
    for arn, sent in ((f"{ARN}2", Sent(body="x")), ("arn:aws:kinesis", Sent(body="x")), (ARN, Sent(body="x" * 2**21))):
        with pytest.raises(AwsError):
            aws.kinesis_api.take(arn, sent)


def test_everything_that_a_client_was_told_survives_a_restart(aws: StreamClients) -> None:
    aws.put("a", "b")
    split(aws)
    aws.put("c")
    aws.kinesis("IncreaseStreamRetentionPeriod", StreamName="scans", RetentionPeriodHours=48)
    aws.kinesis("AddTagsToStream", StreamName="scans", Tags={"a": "1"})

    def told(of: StreamClients) -> Any:
        return (
            of.kinesis("DescribeStream", StreamName="scans"),
            of.kinesis("DescribeStreamSummary", StreamName="scans"),
            of.kinesis("ListTagsForStream", StreamName="scans"),
            [of.kinesis("GetRecords", ShardIterator=of.iterator(shard=number))["Records"] for number in range(3)],
        )

    again = aws.restarted()
    assert told(again) == told(aws)
    before, after = aws.put("d")[0], again.put("d")[0]
    assert before == after
