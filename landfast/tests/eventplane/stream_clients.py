"""Streams as a client sees them: by their protocol both ways, read and written by botocore, without a socket."""

from typing import Any

from landfast import protocols
from landfast.aws_errors import AwsError
from landfast.eventplane import EventPlane, KinesisApi, Pending, TableStreamsApi
from tests.eventplane.world import PlaneInMemory, ids
from tests.protocols.clients import operation_model, parsed, request

ACCOUNT = "123456789012"
REGION = "eu-west-1"


class StreamClients:
    """One run of the service, and what calls it."""

    def __init__(self, world: PlaneInMemory | None = None) -> None:
        self.world = world or PlaneInMemory()
        self.kinesis_api = KinesisApi(self.world, ACCOUNT, REGION, ids())
        self.tables_api = TableStreamsApi(self.world, ACCOUNT, REGION)
        self._plane = EventPlane()
        self._plane.add(self.kinesis_api)
        self._plane.add(self.tables_api)

    def restarted(self) -> "StreamClients":
        """The next run, after the process was killed."""
        return StreamClients(self.world.restarted())

    def kinesis(self, operation: str, /, **params: Any) -> Any:
        """The answer of Kinesis, or its error's code and text."""
        return self._ask("kinesis", operation, params)

    def tables(self, operation: str, /, **params: Any) -> Any:
        """The answer of DynamoDB streams, or its error's code and text."""
        return self._ask("dynamodbstreams", operation, params)

    def stream(self, name: str = "scans", shards: int = 1, **params: Any) -> str:
        """Make a stream; its name."""
        assert self.kinesis("CreateStream", StreamName=name, ShardCount=shards, **params) == {}
        return name

    def put(self, *data: str, stream: str = "scans", key: str = "k", **params: Any) -> list[Any]:
        """Put records; where each has gone."""
        records = [{"Data": one.encode(), "PartitionKey": key, **params} for one in data]
        put: list[Any] = self.kinesis("PutRecords", StreamName=stream, Records=records)["Records"]
        return put

    def iterator(self, kind: str = "TRIM_HORIZON", shard: int = 0, stream: str = "scans", **params: Any) -> Any:
        """An iterator, or the error's code and text."""
        shard_id = f"shardId-{shard:012d}"
        got = self.kinesis("GetShardIterator", StreamName=stream, ShardId=shard_id, ShardIteratorType=kind, **params)
        return got["ShardIterator"] if isinstance(got, dict) else got

    def read(self, kind: str = "TRIM_HORIZON", shard: int = 0, **params: Any) -> list[str]:
        """The data of what an iterator leads to."""
        return self.texts(self.kinesis("GetRecords", ShardIterator=self.iterator(kind, shard, **params)))

    @staticmethod
    def texts(answer: Any) -> list[str]:
        """The data of the records in an answer."""
        return [record["Data"].decode() for record in answer["Records"]]

    def shards(self, stream: str = "scans", **params: Any) -> list[str]:
        """The ids of a stream's shards, without what all have in common."""
        listed = self.kinesis("ListShards", StreamName=stream, **params)["Shards"]
        return [shard["ShardId"].removeprefix("shardId-00000000000") for shard in listed]

    def _ask(self, service: str, operation: str, params: dict[str, Any]) -> Any:
        model = operation_model(service, "json", operation)
        sent = request(model, params)
        call = protocols.asked(sent, service, "request-1")
        try:
            call = protocols.read(sent, service, "request-1")
            result = self._plane.answer(call)
        except AwsError as error:
            answered = parsed(model, protocols.refused(call, error, "request-1"))
            return answered["Error"]["Code"], answered["Error"]["Message"]
        assert not isinstance(result, Pending)
        answered = parsed(model, protocols.written(call, result))
        answered.pop("ResponseMetadata", None)
        return answered
