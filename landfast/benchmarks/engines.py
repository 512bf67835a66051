"""How fast the two engines store: the figures behind the choice of the default engine.

Both are asked directly, by one client, in turns. The table has a thousand items before anything is measured, because
an engine that copies tables for transactions is as slow as they are large.
"""

import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure
from landfast.dataplane import engine as engines
from landfast.dataplane.clients import Clients
from landfast.dataplane.engine import EngineName

TITLE = "What the engines store in a second, one call after the other: moto"
PEER = "ministack"

ROUNDS = 3
SECONDS = 1.0
ITEMS = 1_000
BODY = b"x" * 10_240
TABLE = "items"
BUCKET = "objects"


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is measured.

    Attributes:
        name: What the figure is called.
        make: Makes the call, each time with another number.
    """

    name: str
    make: Callable[[Clients, int], object]


def _item(number: int) -> dict[str, Any]:
    return {"id": {"S": f"item-{number}"}, "text": {"S": "x" * 200}, "n": {"N": f"{number}"}}


def _transact(clients: Clients, number: int, size: int) -> None:
    puts: Any = [{"Put": {"TableName": TABLE, "Item": _item(number * size + each)}} for each in range(size)]
    clients.dynamodb.transact_write_items(TransactItems=puts)


CALLS = (
    Call("put_object of 10 KiB", lambda c, n: c.s3.put_object(Bucket=BUCKET, Key=f"in/{n}", Body=BODY)),
    Call("get_object of 10 KiB", lambda c, _: c.s3.get_object(Bucket=BUCKET, Key="in/there")["Body"].read()),
    Call("PutItem", lambda c, n: c.dynamodb.put_item(TableName=TABLE, Item=_item(n % ITEMS))),
    Call(
        "PutItem on a condition",
        lambda c, n: c.dynamodb.put_item(
            TableName=TABLE, Item=_item(n % ITEMS), ConditionExpression="attribute_exists(id)"
        ),
    ),
    Call("GetItem", lambda c, n: c.dynamodb.get_item(TableName=TABLE, Key={"id": {"S": f"item-{n % ITEMS}"}})),
    Call("TransactWriteItems of 2", lambda c, n: _transact(c, n % (ITEMS // 2), 2)),
    Call("TransactWriteItems of 25", lambda c, n: _transact(c, n % (ITEMS // 25), 25)),
)


def figures() -> Sequence[Figure]:
    """Calls a second of both, time to start and memory; medians of rounds that they take in turn."""
    measured: dict[EngineName, list[dict[str, float]]] = {"moto": [], "ministack": []}
    for _ in range(ROUNDS):
        for engine, rounds in measured.items():
            rounds.append(_round(engine))
    medians = {
        engine: {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
        for engine, rounds in measured.items()
    }
    return [
        Figure(name=name, measured=moto, peer=medians["ministack"][name], ratio=moto / medians["ministack"][name])
        for name, moto in medians["moto"].items()
    ]


def _round(name: EngineName) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="landfast-bench-") as folder:
        began = time.monotonic()
        with engines.start(Path(folder), name, stack="benchmark") as running:
            found = {"seconds until it answers": time.monotonic() - began}
            with closing(Clients(running.url, "us-east-1")) as clients:
                _fill(clients)
                found |= {f"{call.name}, calls/s": _rate(call, clients) for call in CALLS}
            found["memory after that, MiB"] = _memory(running.state.pid)
    return found


def _fill(clients: Clients) -> None:
    clients.s3.create_bucket(Bucket=BUCKET)
    clients.s3.put_object(Bucket=BUCKET, Key="in/there", Body=BODY)
    clients.dynamodb.create_table(
        TableName=TABLE,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for numbers in itertools.batched(range(ITEMS), 25, strict=True):
        puts: Any = [{"PutRequest": {"Item": _item(number)}} for number in numbers]
        clients.dynamodb.batch_write_item(RequestItems={TABLE: puts})


def _rate(call: Call, clients: Clients) -> float:
    call.make(clients, 0)
    began = time.monotonic()
    for number in itertools.count(1):
        call.make(clients, number)
        passed = time.monotonic() - began
        if passed >= SECONDS:
            return number / passed
    raise AssertionError


def _memory(group: int) -> float:
    """What the processes of a group hold in memory, without its watchdog."""
    total = 0.0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
            fields = (status.parent / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
        if int(fields[2]) == group and status.parent.name != str(group):
            total += int(lines.get("VmRSS", "0 kB").split()[0]) / 1024
    return total
