"""A payment in a currency that is none."""

import json
from collections.abc import Mapping
from typing import Final

import pytest

from landfast.testing import Stack
from tests.end_to_end.runbooks import Rehearsal, replay
from tests.samples import event


def payments(stack: Stack, patch: pytest.MonkeyPatch) -> None:
    [first, *_] = event("post_payments")["Records"]
    payment = {**json.loads(first["body"]), "currency": "EURO"}
    stack.queue("Payments").send(payment, group=payment["account"], deduplication="1")
    stack.settle()
    assert len(stack.queue("PaymentsFailed")) == 1
    patch.setenv("EDITOR", "sed -i s/EURO/EUR/")
    replay(stack, "Payments that failed")
    assert len(stack.queue("PaymentsFailed")) == 0
    assert len(stack.table("EntriesTable").items()) == 1


REHEARSALS: Final[Mapping[str, Rehearsal]] = {
    "Payments that failed": payments,
}
