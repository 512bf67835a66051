"""Order files that nobody could read, or that met a fault."""

from collections.abc import Mapping
from typing import Final

import pytest

from landfast.testing import Stack
from tests.end_to_end.conftest import ROOT
from tests.end_to_end.runbooks import Rehearsal, replay


def order_files(stack: Stack, _: pytest.MonkeyPatch) -> None:
    stack.fail("ImportOrders", times=3)
    stack.s3("OrderFiles").put("in/good.jsonl", (ROOT / "events" / "import_orders.jsonl").read_bytes())
    stack.settle()
    assert len(stack.queue("S3Failure")) == 1
    replay(stack, "Order files in S3-failure")
    assert len(stack.queue("S3Failure")) == 0
    assert len(stack.queue("S3Success")) == 1


REHEARSALS: Final[Mapping[str, Rehearsal]] = {
    "Order files in S3-failure": order_files,
}
