import re
import threading
from typing import Any

import pytest

from landfast.dataplane.errors import DeliveryFailed
from landfast.delivery.actions import Deliver
from landfast.delivery.asynchronous import PAYLOAD_LIMIT
from landfast.service.delivery import Deliveries
from landfast.service.engine_retries import EngineRetries
from tests.service.conftest import ARN, FAILURES, Stage, refused

DELIVERY: Deliver[Any] = Deliver("sqs", FAILURES, {"version": "1.0"}, [], "S-04 RetriesExhausted")


@pytest.mark.parametrize(
    ("delivery", "told"),
    [(DELIVERY, "AccessDenied"), (Deliver("kafka", "kafka://failed", {}, [], "S-59"), "kafka://failed: Kafka")],
)
def test_s_022_what_a_target_does_not_take_is_a_failed_delivery(
    stage: Stage, delivery: Deliver[Any], told: str
) -> None:
    def refuse(delivery: Deliver[Any]) -> None:
        raise refused(delivery)

    engine_retries = EngineRetries("orders", stage.clock, stage.store, threading.Event())
    with pytest.raises(DeliveryFailed, match=told):
        Deliveries(refuse, stage.queues.hand_over).send(delivery, engine_retries=engine_retries)


@pytest.mark.parametrize(
    ("target", "body"), [(f"{ARN}orders", {"requestPayload": "x" * PAYLOAD_LIMIT}), (f"{ARN}unknown", {})]
)
def test_s_022_what_a_function_does_not_take_is_a_failed_delivery(
    stage: Stage, target: str, body: dict[str, object]
) -> None:
    stage.queue({})
    delivery: Deliver[Any] = Deliver("lambda", target, body, [], "S-59")
    refusal = stage.loop.ask(lambda: stage.deliveries.hand_over(delivery, origin="", trace=""))
    assert refusal is not None
    assert re.match(re.escape(target), refusal)
    assert stage.runtime.calls == []
