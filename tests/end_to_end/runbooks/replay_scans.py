"""Scans of a range that `replay_scans` gave up, and scans that it parked."""

import base64
import json
from collections.abc import Mapping
from typing import Final

import pytest

from landfast.testing import Stack
from tests.end_to_end.runbooks import Rehearsal, replay
from tests.samples import event


def scan(**changes: str) -> dict[str, str]:
    [first, *_] = event("track_parcels")["Records"]
    return {**json.loads(base64.b64decode(first["kinesis"]["data"])), **changes}


def park(stack: Stack) -> None:
    """Let `replay_scans` give a range up first, whose scan nobody can read, and then park it."""
    stack.fail("ReplayScans", times=5)
    stack.stream("ParcelScans").put(scan(scannedAt="yesterday"), key="A-1")
    stack.settle()


def scans_not_replayed(stack: Stack, _: pytest.MonkeyPatch) -> None:
    park(stack)
    assert len(stack.queue("ScansNotReplayed")) == 1
    replay(stack, "Scans not replayed")
    assert len(stack.queue("ScansNotReplayed")) == 0
    assert len(stack.s3("ParkedScans").keys()) == 1


def parked_scans(stack: Stack, patch: pytest.MonkeyPatch) -> None:
    park(stack)
    replay(stack, "Scans not replayed")
    patch.setenv("EDITOR", "sed -i s/yesterday/2026-01-02T03:00:00Z/")
    replay(stack, "Parked scans")
    assert stack.s3("ParkedScans").keys() == []
    assert len(stack.table("ParcelHistoryTable").items()) == 1


REHEARSALS: Final[Mapping[str, Rehearsal]] = {
    "Scans not replayed": scans_not_replayed,
    "Parked scans": parked_scans,
}
