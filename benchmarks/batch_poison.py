"""One bad record in a batch of 100, and a function killed half-way: what each handler does, as JSON.

Against moto in this process; Lambda's part is the loop of `deliver`.
"""

from __future__ import annotations

import contextlib
import io
import json
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any, cast

import boto3
from aws_lambda_powertools.utilities.batch import EventType
from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError
from moto import mock_aws

from benchmarks.batch_handlers import Context, documented, kinesis_event, layered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_dynamodb import DynamoDBClient

    from benchmarks.batch_handlers import Handler, OnScan, Scan

    Build = Callable[[EventType, DynamoDBClient, OnScan], Handler]

RETRIES = 3
RECORDS, KEYS, BAD = 100, 20, 40


class KilledError(BaseException):
    """Nothing of the function runs after it, as after a SIGKILL."""


class _OneAtATime:
    """moto does not isolate transactions from each other, so its calls must not overlap."""

    def __init__(self, client: DynamoDBClient) -> None:
        self._client = client
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the client has
        attribute = getattr(self._client, name)
        if name == "meta":
            return attribute

        def call(**arguments: Any) -> Any:  # noqa: ANN401 - as above
            with self._lock:
                return attribute(**arguments)

        return call


@contextlib.contextmanager
def _dynamodb() -> Iterator[DynamoDBClient]:
    with mock_aws():
        client = boto3.client("dynamodb")
        for table, key in (("markers", "id"), ("parcels", "parcel")):
            client.create_table(
                TableName=table,
                BillingMode="PAY_PER_REQUEST",
                KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
            )
        yield cast("DynamoDBClient", _OneAtATime(client))


def deliver(handler: Handler, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Deliver as Lambda delivers a stream's batch, without bisecting; the records given up in the end.

    It resumes at the lowest reported record, the count of attempts starting anew (S-70, S-72), and gives up the whole
    rest when the retries are exhausted (S-59).
    """
    attempts = 0
    while records:
        failures = _invoke(handler, records)
        resume = next((at for at, r in enumerate(records) if r["kinesis"]["sequenceNumber"] in failures), None)
        if resume is None:
            return []
        attempts = attempts + 1 if resume == 0 else 0
        records = records[resume:]
        if attempts > RETRIES:
            return records
    return []


def _invoke(handler: Handler, records: list[dict[str, Any]], context: Context | None = None) -> set[str]:
    with contextlib.redirect_stdout(io.StringIO()):
        response = handler({"Records": records}, cast("LambdaContext", context or Context()))
    return {failure["itemIdentifier"] for failure in response["batchItemFailures"]}


def poison(build: Build) -> dict[str, Any]:
    """The bad record fails whenever it runs; what was given up is replayed one by one, in order."""
    started: list[int] = []

    def on_scan(scan: Scan) -> None:
        number = int(scan["scan_id"][1:])
        started.append(number)
        if number == BAD:
            raise ValueError

    with _dynamodb() as client:
        records = kinesis_event(RECORDS, KEYS)["Records"]
        handler = build(EventType.KinesisDataStreams, client, on_scan)
        given_up = deliver(handler, records)
        overtaken = sum(number > BAD and number % KEYS == BAD % KEYS for number in set(started))
        for record in given_up:
            with contextlib.suppress(BatchProcessingError):
                _invoke(handler, [record])
        moves = _moves(client)
    runs = Counter(number for number in started if number != BAD)
    return {
        "bad record ran": started.count(BAD),
        "neighbours ran at most": max(runs.values()),
        "neighbours' effects": sum(moves.values()),
        "each parcel right": all(
            moves[f"p{parcel}"] == RECORDS // KEYS - (parcel == BAD % KEYS) for parcel in range(KEYS)
        ),
        "of its key, overtook it": overtaken,
    }


def killed(build: Build) -> dict[str, int]:
    """One record; its function is killed before or after each of its DynamoDB calls, then retried to the end.

    How often the effect happened in the best and in the worst of these cases.
    """
    effects: list[int] = []
    survived = False
    while not survived:
        with _dynamodb() as client:
            killing = _Killing(client, moments=len(effects))
            handler = build(EventType.KinesisDataStreams, cast("DynamoDBClient", killing), lambda _: None)
            records = kinesis_event(1, 1)["Records"]
            try:
                _invoke(handler, records, _Expiring())
                survived = True
            except KilledError:
                _invoke(handler, records, _Expiring())
            effects.append(sum(_moves(client).values()))
    return {"killed at any moment: least effects": min(effects), "killed at any moment: most effects": max(effects)}


class _Expiring(Context):
    """Of an invocation at its end, so that its claim on the record lapses at once and the retry need not wait."""

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 0


class _Killing:
    """Kills its caller when so many moments have passed, of which each call has two: before and after it."""

    def __init__(self, client: DynamoDBClient, moments: int) -> None:
        self._client = client
        self._moments = moments

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the client has
        attribute = getattr(self._client, name)
        if name == "meta":
            return attribute

        def call(**arguments: Any) -> Any:  # noqa: ANN401 - as above
            self._pass_moment()
            answer = attribute(**arguments)
            self._pass_moment()
            return answer

        return call

    def _pass_moment(self) -> None:
        self._moments -= 1
        if self._moments == -1:
            raise KilledError


def _moves(client: DynamoDBClient) -> dict[str, int]:
    items = client.scan(TableName="parcels")["Items"]
    return {item["parcel"]["S"]: int(item["moves"]["N"]) for item in items}


if __name__ == "__main__":
    contenders = {"powertools": documented, "layer": layered}
    print(json.dumps({name: poison(build) | killed(build) for name, build in contenders.items()}))
