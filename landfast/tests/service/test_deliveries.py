import re
import threading
from typing import Any

import pytest

from landfast.dataplane.errors import DeliveryFailed
from landfast.delivery.actions import Deliver, DeliveryKind
from landfast.delivery.asynchronous import PAYLOAD_LIMIT
from landfast.service.delivery import Deliveries
from landfast.service.patience import Patience
from tests.service.conftest import ARN, FAILURES, Stage, refused

DELIVERY: Deliver[Any] = Deliver("sqs", FAILURES, {"version": "1.0"}, [], "S-04 RetriesExhausted")


@pytest.mark.parametrize(
    ("retries", "refusals", "tries", "lost"), [(0, 1, 1, True), (2, 2, 3, False), (2, 3, 3, True), (2, 0, 1, False)]
)
def test_u_005_a_refused_delivery_is_tried_again_as_often_as_it_is_set(
    stage: Stage, retries: int, refusals: int, tries: int, *, lost: bool
) -> None:
    made: list[Deliver[Any]] = []

    def send(delivery: Deliver[Any]) -> None:
        made.append(delivery)
        if len(made) <= refusals:
            raise refused(delivery)

    deliveries = Deliveries(send, stage.accept, retries=retries)
    patience = Patience("orders", stage.clock, stage.store, threading.Event())
    if lost:
        with pytest.raises(DeliveryFailed, match="AccessDenied"):
            deliveries.deliver(DELIVERY, patience=patience, origin="")
    else:
        deliveries.deliver(DELIVERY, patience=patience, origin="")
    assert made == [DELIVERY] * tries


@pytest.mark.parametrize(
    ("kind", "target", "body"),
    [
        ("kafka", "kafka://failed", {}),
        ("lambda", f"{ARN}orders", {"requestPayload": "x" * PAYLOAD_LIMIT}),
        ("lambda", f"{ARN}unknown", {}),
    ],
)
def test_s_022_what_no_target_takes_is_a_failed_delivery(
    stage: Stage, kind: DeliveryKind, target: str, body: dict[str, object]
) -> None:
    stage.queue({})
    deliveries = Deliveries(stage.targets.send, stage.accept, retries=0)
    patience = Patience("orders", stage.clock, stage.store, threading.Event())
    with pytest.raises(DeliveryFailed, match=re.escape(target)):
        deliveries.deliver(Deliver(kind, target, body, [], "S-59"), patience=patience, origin="")
