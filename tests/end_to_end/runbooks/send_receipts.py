"""A receipt that met a fault five times."""

from collections.abc import Mapping
from typing import Final

import pytest

from landfast.testing import Stack
from tests.end_to_end.runbooks import Rehearsal, replay
from tests.samples import event


def receipts(stack: Stack, _: pytest.MonkeyPatch) -> None:
    stack.fail("SendReceipts", times=5)
    [first, *_] = event("send_receipts")["Records"]
    sent = stack.queue("Receipts").send(first["body"])
    stack.settle()
    assert stack.where(sent).in_queue("ReceiptsFailed")
    replay(stack, "Receipts that failed")
    assert len(stack.queue("ReceiptsFailed")) == len(stack.queue("Receipts")) == 0


REHEARSALS: Final[Mapping[str, Rehearsal]] = {
    "Receipts that failed": receipts,
}
