"""All scenarios on one running service, at the same time, each sent to its source as a user would."""

import functools
import itertools
import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from boto3.dynamodb.types import TypeSerializer
from botocore.config import Config
from botocore.session import Session
from msgspec import structs

from landfast.dataplane.engine import EngineName
from landfast.delivery.event_sources import Kind
from landfast.delivery.settings import from_ids
from landfast.journal import Entry
from landfast.service.service import Options, Service
from landfast.service.store import read_journal
from landfast.simulate.run import simulate
from landfast.simulate.scenario import Record, Scenario
from landfast.simulate.scenario import read as read_scenario
from tests.faithful.stack.functions import scripted

STACK = Path(__file__).with_name("stack") / "template.yaml"
PATIENCE = 120.0
"""Real seconds until everything rests, at most."""

AHEAD = 60.0
"""Seconds of the service's clock until the first record arrives: long enough to plan all of them."""

SETTINGS: Mapping[str, Any] = {"U-13": {"cap": 300}}
"""Retries of a stream far apart from each other: how many fit into a record's age is then no matter of moments."""

type Door = Kind | Literal["invoke", "s3", "events", "sns", "chain"]
"""How records come in: by a kind of source that a mapping reads, or by what calls the function."""


def scenarios() -> dict[str, Scenario]:
    """What the functions play, by their names."""
    found = {path.stem: read_scenario(path.read_bytes()) for path in sorted(scripted.SCENARIOS.glob("*.json"))}
    return {name: structs.replace(one, settings={**SETTINGS, **one.settings}) for name, one in found.items()}


@dataclass(frozen=True, kw_only=True)
class Call:
    """An invocation, as the function itself noted it."""

    request: str
    records: tuple[str, ...]
    window: Mapping[str, Any]


@dataclass(kw_only=True)
class Played:
    """What happened to one scenario.

    Attributes:
        function: Its name.
        scenario: What was played.
        door: How the records came in.
        arns: Of the function and the source.
        expected: How many records end, and how many invocations there are, in the simulator.
        names: The scenario's name of each record, by its id in the journal.
        identifiers: The item identifier of each record, by its name.
        entries: The journal's.
        calls: The function's own notes.
    """

    function: str
    scenario: Scenario
    door: Door
    arns: Mapping[str, str]
    expected: tuple[int, int]
    names: dict[str, str] = field(default_factory=dict)
    identifiers: dict[str, str] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    def know(self, journal_id: str, name: str, identifier: str | None = None) -> None:
        """Tell what a record is called."""
        self.names[journal_id] = name
        self.identifiers[name] = journal_id if identifier is None else identifier


class Stage:
    """A service that runs the stack."""

    def __init__(self, folder: Path, engine: EngineName) -> None:
        self._ledger = folder / "ledger"
        self._ledger.mkdir()
        self.service = Service.start(
            Options(
                template=STACK,
                state=folder / "state",
                parameters={"Ledger": str(self._ledger)},
                skip_waits=True,
                engine=engine,
                settings=from_ids(SETTINGS),
                sandbox=False,
            )
        )
        self._session = Session()
        self._session.set_credentials("test", "test")
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}
        self._read = 0
        self.left: dict[str, list[Any]] = defaultdict(list)
        self.played = {name: self._cast(name, scenario) for name, scenario in scenarios().items()}
        mappings = self.service.template.event_source_mappings.values()
        self._sources = self.played | {mapping.logical_id: self.played[mapping.function] for mapping in mappings}

    def close(self) -> None:
        """End everything."""
        self.service.stop()
        for client in self._clients.values():
            client.close()

    def play(self) -> None:
        """Let all scenarios happen, and wait until everything rests."""
        senders = [one for one in self.played.values() if one.door != "chain"]
        with ThreadPoolExecutor(len(senders)) as threads:
            list(threads.map(self._warm_up, senders))
        begin = self.service.clock.now() + AHEAD
        for one in senders:
            self._plan(one, begin)
        self.service.settle(PATIENCE)
        self._look()
        self._empty()

    def client(self, name: str) -> Any:
        """A client of an AWS service."""
        with self._lock:
            if name not in self._clients:
                config = Config(
                    retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, max_pool_connections=40
                )
                self._clients[name] = self._session.create_client(
                    name, region_name="us-east-1", endpoint_url=self.service.endpoint, config=config
                )
            return self._clients[name]

    def _cast(self, name: str, scenario: Scenario) -> Played:
        template = self.service.template
        arns = {"function": template.functions[name].arn}
        door: Door = "invoke"
        for mapping in template.event_source_mappings.values():
            if mapping.function == name:
                assert scenario.source.type != "async"
                door, arns["source"] = scenario.source.type, self.service.stack.real_arn(mapping.source_arn)
        for kind, targets in self._targets():
            if arns["function"] in targets:
                door = kind
        if any(
            arns["function"] == config.on_success
            for each in template.functions.values()
            for config in each.event_invoke_configs.values()
        ):
            door = "chain"
        told = simulate(scenario)[0]
        expected = len(told["records"]), len(told["invocations"])
        return Played(function=name, scenario=scenario, door=door, arns=arns, expected=expected)

    def _warm_up(self, played: Played) -> None:
        """Let a worker start before time counts; a function that may not run at all has none."""
        if played.scenario.function.ReservedConcurrentExecutions != 0:
            self.client("lambda").invoke(FunctionName=played.function, Payload=json.dumps(scripted.WARM_UP))

    def _plan(self, played: Played, begin: float) -> None:
        """Let the records of a scenario arrive at their times."""
        window = played.scenario.mapping.get("TumblingWindowInSeconds")
        if window:
            begin += window - begin % window
        send = getattr(self, f"_by_{played.door}")
        groups = [
            (begin + at, list(together))
            for at, together in itertools.groupby(played.scenario.source.all(), key=lambda record: record.at)
        ]
        self._send_first(groups, functools.partial(send, played))

    def _send_first(self, groups: list[tuple[float, list[Record]]], send: Callable[[list[Record]], None]) -> None:
        """Plan the first group, and the others when it was sent: so they come in their order on a busy machine, too."""
        if not groups:
            return
        (at, records), *others = groups

        def work() -> None:
            send(records)
            self._send_first(others, send)

        self.service.at(at, work)

    def _by_invoke(self, played: Played, records: Sequence[Record]) -> None:
        for record in records:
            answer = self.client("lambda").invoke(
                FunctionName=played.function, InvocationType="Event", Payload=_text(record)
            )
            played.know(answer["ResponseMetadata"]["RequestId"], record.id)

    def _by_s3(self, played: Played, records: Sequence[Record]) -> None:
        function = played.arns["function"]
        buckets = self.service.template.buckets.values()
        [bucket] = [one for one in buckets if function in {each.target_arn for each in one.notifications}]
        for record in records:
            self.client("s3").put_object(Bucket=bucket.name, Key=record.id, Body=_text(record).encode())

    def _by_events(self, played: Played, records: Sequence[Record]) -> None:
        entries = [{"Source": "faithful", "DetailType": played.function, "Detail": _text(record)} for record in records]
        assert not self.client("events").put_events(Entries=entries)["FailedEntryCount"]

    def _by_sns(self, played: Played, records: Sequence[Record]) -> None:
        subscriptions = self.service.template.subscriptions
        [topic] = [one for one in subscriptions if one.endpoint == played.arns["function"]]
        for record in records:
            self.client("sns").publish(TopicArn=topic.topic_arn, Message=_text(record))

    def _by_kinesis(self, played: Played, records: Sequence[Record]) -> None:
        stream = played.arns["source"].rpartition("/")[2]
        shards = self.client("kinesis").list_shards(StreamName=stream)["Shards"]
        starts = {number(shard["ShardId"]): shard["HashKeyRange"]["StartingHashKey"] for shard in shards}
        answer = self.client("kinesis").put_records(
            StreamName=stream,
            Records=[
                {"Data": _text(record), "PartitionKey": record.key, "ExplicitHashKey": starts[record.shard]}
                for record in records
            ],
        )
        for record, put in zip(records, answer["Records"], strict=True):
            played.know(f"{put['ShardId']}:{put['SequenceNumber']}", record.id, put["SequenceNumber"])

    def _by_dynamodb(self, played: Played, records: Sequence[Record]) -> None:
        mapping = next(
            one for one in self.service.template.event_source_mappings.values() if one.function == played.function
        )
        table = self.service.template.tables[mapping.source].name
        for record in records:
            data: Any = record.payload
            match data:
                case {"eventName": "REMOVE", "dynamodb": {"Keys": keys}}:
                    self.client("dynamodb").delete_item(TableName=table, Key=keys)
                case {"dynamodb": {"NewImage": image}}:
                    self.client("dynamodb").put_item(TableName=table, Item=image)
                case _:
                    image = {name: TypeSerializer().serialize(value) for name, value in data.items()}
                    self.client("dynamodb").put_item(TableName=table, Item=image)
        for change in self._changes(played.arns["source"]):
            told = change["dynamodb"]
            played.know(change["eventID"], scripted.changed(told), told["SequenceNumber"])

    def _changes(self, arn: str) -> Iterator[Any]:
        """All records of a table's stream."""
        streams = self.client("dynamodbstreams")
        for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            first = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
            yield from streams.get_records(ShardIterator=streams.get_shard_iterator(**first)["ShardIterator"])[
                "Records"
            ]

    def _targets(self) -> Iterator[tuple[Door, set[str]]]:
        """Whom buckets, rules and topics call."""
        template = self.service.template
        yield "s3", {one.target_arn for bucket in template.buckets.values() for one in bucket.notifications}
        yield "events", {target.arn for rule in template.rules.values() for target in rule.targets}
        yield "sns", {one.endpoint for one in template.subscriptions}

    def _by_sqs(self, played: Played, records: Sequence[Record]) -> None:
        url = self._url(played.arns["source"])
        fifo = url.endswith(".fifo")
        for batch in itertools.batched(records, 10, strict=False):
            entries = [
                {"Id": str(index), "MessageBody": _text(record)}
                | ({"MessageGroupId": record.key, "MessageDeduplicationId": record.id} if fifo else {})
                for index, record in enumerate(batch)
            ]
            for sent in self.client("sqs").send_message_batch(QueueUrl=url, Entries=entries)["Successful"]:
                played.know(sent["MessageId"], batch[int(sent["Id"])].id)

    def _url(self, arn: str) -> str:
        [url] = [one.url for one in self.service.running.of_kind("queue") if one.arn == arn]
        return url

    def _look(self) -> None:
        """Take in what is new: the functions' notes, the journal, and what queues have given up."""
        for played in self.played.values():
            played.calls = list(self._calls(played.function))
            if played.scenario.source.type == "async":
                for call in played.calls:
                    played.know(call.request, call.records[0])
        for place, entry in read_journal(self.service.journal, after=self._read):
            self._read = place
            if entry.source in self._sources:
                self._sources[entry.source].entries.append(entry)

    def _empty(self) -> None:
        """Take what has come to the queues for failures and successes, the topic and the bus."""
        for name in ("Failures", "Successes", "DeadLetters", "Heard", "Seen"):
            self.left[name] = list(self._take(self.service.template.queues[name].arn))

    def _take(self, arn: str) -> Iterator[Any]:
        url = self._url(arn)
        request = {"QueueUrl": url, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"]}
        while messages := self.client("sqs").receive_message(**request).get("Messages", []):
            for message in messages:
                self.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                yield message

    def parked(self) -> dict[str, Any]:
        """The objects in the bucket for failures, by their keys."""
        listed = self.client("s3").list_objects_v2(Bucket="parked").get("Contents", [])
        keys = [one["Key"] for one in listed]
        return {key: json.load(self.client("s3").get_object(Bucket="parked", Key=key)["Body"]) for key in keys}

    def _calls(self, function: str) -> Iterator[Call]:
        path = self._ledger / f"{function}.calls"
        for line in path.read_text().splitlines() if path.exists() else ():
            note = json.loads(line)
            yield Call(request=note.pop("request"), records=tuple(note.pop("records")), window=note)


def _text(record: Record) -> str:
    payload = record.payload
    return payload if isinstance(payload, str) else json.dumps(payload, separators=(",", ":"), ensure_ascii=False)


def number(shard_id: str) -> int:
    """The number in a Kinesis shard's name."""
    return int(shard_id.rpartition("-")[2])
