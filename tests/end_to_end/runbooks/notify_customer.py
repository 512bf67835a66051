"""Notices that met a fault, and records of them that their rule could not deliver."""

from collections.abc import Mapping
from typing import Final

import pytest

from landfast.testing import Stack
from tests.end_to_end.runbooks import Rehearsal, not_delivered, replay
from tests.samples import event


def notices(stack: Stack, _: pytest.MonkeyPatch) -> None:
    stack.fail("NotifyCustomer", times=2)
    stack.function("NotifyCustomer").send(event("notify_customer"))
    stack.settle()
    assert len(stack.queue("NoticesFailed")) == 1
    replay(stack, "Notices that failed")
    assert len(stack.queue("NoticesFailed")) == 0


def notices_not_kept(stack: Stack, _: pytest.MonkeyPatch) -> None:
    stack.fail("NotifyCustomer", times=2)
    stack.function("NotifyCustomer").send(event("notify_customer"))
    stack.settle()
    [failed] = stack.queue("NoticesFailed")
    not_delivered(stack, "NoticesNotDelivered", stack.queue("NoticesFailed").arn, failed.body)
    replay(stack, "Notices that were not kept")
    assert len(stack.queue("NoticesNotDelivered")) == 0
    assert [each.json()["detail"] for each in stack.queue("NoticesFailed")] == [failed.json()["detail"]] * 2


REHEARSALS: Final[Mapping[str, Rehearsal]] = {
    "Notices that failed": notices,
    "Notices that were not kept": notices_not_kept,
}
