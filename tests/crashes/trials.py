# --- payments ---
"""Trials: a batch of payments, delivered until nothing of it fails, while its invocations crash; and what must hold."""

import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import boto3

from tests.crashes.crash import KINDS, Crash, Invocation
from tests.end_to_end.loads.post_payments import ledger

TABLES = {"accounts": ("account",), "entries": ("account", "paymentId"), "idempotency": ("id",)}
DELIVERIES = 12
ROUND = 25
"""Trials on the same tables: moto copies them whole for each transaction."""


class Context:
    """An invocation with a minute to go."""

    function_name = "post_payments"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:post_payments"
    aws_request_id = "0d5c0f3e-2b0f-4b8e-9a53-0c3c4b1f9f10"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 60_000


@dataclass
class Trial:
    """One batch and its crashes, from a seed.

    Attributes:
        payments: In the order of the batch; some of them twice.
        crashes: One for each of the first deliveries.
        deliveries: How many it took.
    """

    seed: str
    payments: list[dict[str, Any]]
    crashes: list[Crash]
    deliveries: int = field(default=0, init=False)

    @staticmethod
    def of(seed: str) -> "Trial":
        random = Random(seed)  # noqa: S311 - a schedule to repeat, no secret
        accounts = [f"{seed}-{letter}" for letter in "abc"[: random.randint(1, 3)]]
        payments: list[dict[str, Any]] = []
        for number in range(random.randint(2, 9)):
            if payments and random.random() < 0.25:
                payments.append(random.choice(payments))
                continue
            amount = random.choice([1, -1]) * random.randint(1, 100) if number > 1 else random.randint(50, 100)
            payments.append(
                {
                    "paymentId": f"{seed}-{number}",
                    "account": random.choice(accounts),
                    "amountMinor": amount,
                    "currency": "EUR" if random.random() < 0.9 else "JPY",
                }
            )
        crashes = [Crash(random.choice(KINDS), random.randint(1, 8)) for _ in range(random.randint(1, 3))]
        return Trial(seed, payments, crashes)

    @property
    def records(self) -> list[dict[str, Any]]:
        return [
            {
                "messageId": f"m{number}",
                "receiptHandle": "h",
                "body": json.dumps(payment),
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "MessageGroupId": payment["account"],
                    "MessageDeduplicationId": str(number),
                    "SequenceNumber": str(number),
                },
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:payments.fifo",
                "awsRegion": "eu-west-1",
            }
            for number, payment in enumerate(self.payments)
        ]


class Shop:
    """The tables at an endpoint, and the function as the template's environment makes it."""

    def __init__(self, endpoint: str) -> None:
        os.environ.update(
            AWS_ENDPOINT_URL=endpoint,
            AWS_DEFAULT_REGION="eu-west-1",
            AWS_ACCESS_KEY_ID="test",
            AWS_SECRET_ACCESS_KEY="test",  # noqa: S106 - the engine's, not a secret
            POWERTOOLS_SERVICE_NAME="crashes",
            POWERTOOLS_METRICS_NAMESPACE="crashes",
            POWERTOOLS_LOG_LEVEL="CRITICAL",
            ACCOUNTS_TABLE="accounts",
            ENTRIES_TABLE="entries",
            IDEMPOTENCY_TABLE="idempotency",
            DEAD_LETTERS_QUEUE=f"{endpoint}/123456789012/payments-failed.fifo",
        )
        from backoffice.dynamodb import client  # noqa: PLC0415 - its region is known only now
        from post_payments.app import handler  # noqa: PLC0415 - its settings are there only now

        self._handler = handler
        self._client = client()
        self._dynamodb = boto3.resource("dynamodb")

    def clear(self) -> None:
        """Make the tables anew."""
        there = {table.name for table in self._dynamodb.tables.all()}
        for name, keys in TABLES.items():
            if name in there:
                self._dynamodb.Table(name).delete()
            self._dynamodb.create_table(
                TableName=name,
                BillingMode="PAY_PER_REQUEST",
                KeySchema=[
                    {"AttributeName": key, "KeyType": kind}  # type: ignore[typeddict-item]
                    for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
                ],
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            )

    def items(self, table: str) -> Iterator[dict[str, Any]]:
        """All items of a table."""
        arguments: dict[str, Any] = {"ConsistentRead": True}
        while True:
            page = self._dynamodb.Table(table).scan(**arguments)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            arguments["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def run(self, trial: Trial) -> None:
        """Deliver the batch until it is done; a frozen invocation goes on beside the next one."""
        left = trial.records
        frozen: Invocation | None = None
        while left or frozen:
            assert trial.deliveries < DELIVERIES, f"after {DELIVERIES} deliveries there is still {len(left)}"
            crash = trial.crashes[trial.deliveries] if trial.deliveries < len(trial.crashes) else Crash("none", 0)
            trial.deliveries += 1
            invocation = self._invoke(left, crash)
            if frozen:
                frozen.go_on()
                frozen.wait()
                frozen = None
            invocation.wait()
            if not invocation.ended:
                frozen = invocation
            elif invocation.answer:
                failed = {one["itemIdentifier"] for one in json.loads(invocation.answer)["batchItemFailures"]}
                left = [record for record in left if record["messageId"] in failed]

    def _invoke(self, records: Sequence[dict[str, Any]], crash: Crash) -> Invocation:
        def run() -> bytes:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            crash.install(self._client)
            answer: Any = self._handler({"Records": [*records]}, Context())  # type: ignore[arg-type]
            return json.dumps(answer).encode()

        return Invocation(run)

    def faults(self, trials: Sequence[Trial]) -> list[str]:
        """What does not hold, of all trials on these tables."""
        found: list[str] = []
        entries = [*self.items("entries")]
        balances = {one["account"]: int(one["balanceMinor"]) for one in self.items("accounts")}
        posted: Counter[str] = Counter()
        results: dict[str, dict[str, str]] = defaultdict(dict)
        for entry in entries:
            results[entry["account"]][entry["paymentId"]] = entry["result"]
            if entry["result"] == "posted":
                posted[entry["account"]] += int(entry["amountMinor"])
        found += [
            f"{account}: balance {balances.get(account)}, its entries say {posted[account]}"
            for account in {*balances, *posted}
            if balances.get(account, 0) != posted[account]
        ]
        for trial in trials:
            wanted, money = ledger(trial.payments)
            entered = {name: result for one in results.values() for name, result in one.items() if name in wanted}
            if entered != wanted:
                found.append(f"{trial.seed}: results {entered}, wanted {wanted}")
            found += [
                f"{account}: balance {balances.get(account)}, wanted {amount}"
                for account, amount in money.items()
                if balances.get(account) != amount
            ]
        markers = sum(1 for _ in self.items("idempotency"))
        if markers != len(entries):
            found.append(f"{markers} markers, {len(entries)} entries")
        return found
