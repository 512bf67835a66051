"""What each function gets and how it is spoilt: one module a function, named after it, with a class `Subject`."""

import json
from abc import abstractmethod
from copy import deepcopy
from functools import cache
from random import Random
from types import ModuleType
from typing import TYPE_CHECKING, Any

import boto3

from tests.unit.functions.conftest import Context
from tests.unit.shop.mutations import spoilt_event, spoilt_payload

if TYPE_CHECKING:
    from collections.abc import Callable

# What is an identity in AWS's own envelope: it is logged, so that a record can be found.
IDENTITIES = {"messageId", "sequenceNumber", "SequenceNumber", "eventID", "key", "name", "receiptHandle"}

type Event = Any


class Subject:
    """A function and how to spoil what it gets. `number` makes the payload's ids differ from all others'."""

    stores: tuple[str, ...] = ("idempotency",)

    def __init__(self, app: ModuleType, sample: Event) -> None:
        self.app = app
        self.sample = sample
        self.published: list[Any] = []
        self.client: Callable[[str], Any] = cache(boto3.client)  # making one takes longer than a payload does
        self.keys = {name: self._keys(name) for name in self.stores}
        self.prepare()
        self.base = self.state()

    def prepare(self) -> None:
        """Make what is there before."""

    @abstractmethod
    def event(self, random: Random, number: int) -> Event:
        """Return an event of which something may be wrong."""

    def state(self) -> dict[str, Any]:
        """Return all that the function has an effect on."""
        dynamodb = self.client("dynamodb")
        found: dict[str, Any] = {name: dynamodb.scan(TableName=name)["Items"] for name in self.stores}
        return found | {"published": len(self.published)}

    def restore(self) -> None:
        """Take the effects back, so that the tables stay small."""
        self.published.clear()
        dynamodb = self.client("dynamodb")
        for name in self.stores:
            for item in dynamodb.scan(TableName=name)["Items"]:
                if item not in self.base[name]:
                    dynamodb.delete_item(TableName=name, Key={key: item[key] for key in self.keys[name]})

    def _keys(self, table: str) -> list[str]:
        schema = self.client("dynamodb").describe_table(TableName=table)["Table"]["KeySchema"]
        return [key["AttributeName"] for key in schema]


class Batch(Subject):
    """A function of a queue or a stream: a spoilt record, alone or between two good ones that were handled before."""

    def prepare(self) -> None:
        self.neighbours = [[self.record(f"neighbour-{n}")] for n in (1, 2)]
        answer = self.app.handler({"Records": deepcopy([*self.neighbours[0], *self.neighbours[1]])}, Context())
        assert answer == {"batchItemFailures": []}
        self.published.clear()

    def record(self, name: str) -> Event:
        """Return a valid record with ids of this name."""
        record = deepcopy(self.sample["Records"][0])
        self.put(record, json.dumps(self.payload(name)).encode())
        self.identify(record, name)
        return record

    @abstractmethod
    def payload(self, name: str) -> dict[str, Any]: ...

    @abstractmethod
    def put(self, record: Event, payload: bytes) -> None: ...

    @abstractmethod
    def identify(self, record: Event, name: str) -> None: ...

    def event(self, random: Random, number: int) -> Event:
        name = f"spoilt-{number}"
        record = self.record(name)
        if random.random() < 0.7:
            self.put(record, spoilt_payload(random, self.payload(name)))
        else:
            record = spoilt_event(random, record, canary=lambda path: not IDENTITIES & set(map(str, path)))
            if random.random() < 0.1:
                return record
        before, after = self.neighbours if random.random() < 0.3 else ([], [])
        return {"Records": [*before, record, *after]}


class Queue(Batch):
    def put(self, record: Event, payload: bytes) -> None:
        record["body"] = payload.decode("utf-8", random_errors(payload))

    def identify(self, record: Event, name: str) -> None:
        record["messageId"] = name


def random_errors(payload: bytes) -> str:
    """Return how to read bytes that are no UTF-8: what gets into a queue is text, if odd."""
    return "surrogateescape" if len(payload) % 2 else "replace"
