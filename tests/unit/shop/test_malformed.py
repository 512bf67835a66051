"""Malformed input, from a seed: every failure has a reason, no payload is logged, nothing is half done.

`make malformed` runs 1,000 payloads for each function from a new seed, which it prints; LANDFAST_MALFORMED and
LANDFAST_SEED set both.
"""

import builtins
import importlib
import io
import json
import os
import sys
from collections.abc import Callable

import pytest
from aws_lambda_powertools.utilities.idempotency.exceptions import IdempotencyKeyError, IdempotencyValidationError
from botocore.exceptions import ClientError

from backoffice.errors import ShopError
from tests.samples import FUNCTIONS
from tests.unit.functions.conftest import Context, Load, make_table
from tests.unit.shop.malformed import Batch, Event, Subject
from tests.unit.shop.mutations import CANARY, chance, spoilt_payload

PAYLOADS = int(os.environ.get("LANDFAST_MALFORMED", "25"))
SEED = int(os.environ.get("LANDFAST_SEED", "20260102"))

NAMED = (ShopError, IdempotencyKeyError, IdempotencyValidationError)
NOT_THERE = {"NoSuchBucket", "NoSuchKey", "NoSuchVersion", "InvalidArgument", "InvalidBucketName"}
"""What S3 itself answers about an object that a well-formed event names, and that is nowhere."""


@pytest.fixture
def subject(
    request: pytest.FixtureRequest,
    load: Load,
    tables: None,  # noqa: ARG001  they are written to
    sample_event: Callable[[str], Event],
) -> Subject:
    make_table("orders", "orderId")
    function = request.param
    made: Subject = importlib.import_module(f"tests.unit.shop.malformed.{function}").Subject(
        load(function), sample_event(function)
    )
    return made


@pytest.mark.parametrize("subject", FUNCTIONS, indirect=True)
def test_malformed_input_fails_with_a_reason_without_its_data_and_as_a_whole_or_not_at_all(
    subject: Subject, log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    name, failures = type(subject).__module__.rpartition(".")[2], 0
    for number in range(PAYLOADS):
        event = subject.event(chance(SEED, name, number), number)
        log.seek(0)
        log.truncate()
        told = f"LANDFAST_SEED={SEED}, {name} {number}: {ascii(event)[:3_000]}"
        try:
            answer = subject.app.handler(json.loads(json.dumps(event)), Context())
        except Exception as error:  # noqa: BLE001  which ones may come is the question
            failures += 1
            assert_named(error, told)
            assert subject.state() == subject.base, told
        else:
            failed = assert_reported(subject, event, answer, log.getvalue(), told)
            failures += failed
            if not failed:
                subject.restore()
        assert CANARY not in log.getvalue(), told
        assert ascii(CANARY)[1:-1] not in log.getvalue(), told
    metrics = capsys.readouterr().out
    assert CANARY not in metrics
    with capsys.disabled():
        sys.stdout.write(f"\n{name}: {PAYLOADS} payloads from seed {SEED}, {failures} failed, each with its reason\n")
    assert PAYLOADS / 4 < failures < PAYLOADS


def assert_named(error: Exception, told: str) -> None:
    if isinstance(error, ClientError):
        assert error.response["Error"]["Code"] in NOT_THERE, f"{error!r}; {told}"
    else:
        assert isinstance(error, NAMED), f"{error!r}; {told}"
    assert str(error), told
    assert CANARY not in str(error), told
    assert len(str(error)) < 2_000, told


def assert_reported(subject: Subject, event: Event, answer: Event, log: str, told: str) -> int:
    """Assert that exactly the spoilt record failed, if any did, with a reason and without an effect; count it."""
    if not isinstance(subject, Batch):
        return 0
    reported = [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
    lines = [line for line in map(json.loads, log.splitlines()) if line["message"] == "record failed"]
    assert len(lines) == len(reported), told
    for line in lines:
        assert line.get("reason"), f"{line}; {told}"
        assert not hasattr(builtins, line["error"]), f"{line}; {told}"
    spoilt_one = event["Records"][len(event["Records"]) // 2]
    if reported:
        identity = json.loads(json.dumps(identity_in(spoilt_one)))
        assert [str(one) for one in reported] == [str(identity)], told
        assert subject.state() == subject.base, told
    else:
        assert subject.state() != subject.base, told
    return len(reported)


def identity_in(record: Event) -> object:
    if "messageId" in record:
        return record["messageId"]
    if "kinesis" in record:
        return record["kinesis"]["sequenceNumber"]
    return record["dynamodb"]["SequenceNumber"]


def test_the_same_seed_makes_the_same_payloads() -> None:
    made = [spoilt_payload(chance(7, n), {"orderId": "A", "lines": [1]}) for n in range(200)]
    assert made == [spoilt_payload(chance(7, n), {"orderId": "A", "lines": [1]}) for n in range(200)]
    assert len(set(made)) > 100
