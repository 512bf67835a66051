import pytest
from botocore.exceptions import ClientError

from landfast.delivery.actions import Deliver
from landfast.delivery.asynchronous import EVENT_LIMIT
from landfast.eventplane import Router
from landfast.journal import Dropped, Settled
from landfast.service.delivery import Deliveries
from tests.service.conftest import ARN, Stage, errored, eventually

BUCKET = "arn:aws:s3:::failures"


@pytest.mark.parametrize(
    ("target", "body", "told"),
    [
        (f"{ARN}orders", {"requestPayload": "x" * EVENT_LIMIT}, "RequestEntityTooLargeException: "),
        (f"{ARN}unknown", {}, f"ResourceNotFoundException: Function not found: {ARN}unknown"),
    ],
)
def test_s_022_what_a_function_does_not_take_is_a_failed_delivery(
    stage: Stage, target: str, body: dict[str, object], told: str
) -> None:
    stage.queue({})
    delivery: Deliver[object] = Deliver("lambda", target, body, [], "S-59")
    refusal = stage.loop.ask(lambda: stage.targets.at_once(delivery, origin="", trace=""))
    assert refusal is not None
    assert refusal.startswith(told)
    assert stage.runtime.calls == []


def test_s_022_what_is_not_run_here_is_a_failed_delivery(stage: Stage) -> None:
    delivery: Deliver[object] = Deliver("kafka", "arn:aws:kafka:us-east-1:123456789012:topic/failed", {}, [], "S-59")
    deliveries = Deliveries(Router(), lambda: stage.targets.buckets)  # type: ignore[arg-type,return-value] # never asked
    refusal = stage.loop.ask(lambda: deliveries.at_once(delivery, origin="", trace=""))
    assert refusal == f"{delivery.target}: Kafka topics are not run locally"


def test_s_022_what_a_bucket_refuses_is_a_failed_delivery_and_not_tried_again(stage: Stage) -> None:
    refusal = {"Error": {"Code": "NoSuchBucket", "Message": "it is gone"}, "ResponseMetadata": {"HTTPStatusCode": 404}}
    stage.targets.buckets.failures = [ClientError(refusal, "PutObject")]  # type: ignore[arg-type] # all that is read
    stage.runtime.handler = lambda _: errored("no stock")
    stage.queue({"DestinationConfig": {"OnFailure": {"Destination": BUCKET}}, "MaximumRetryAttempts": 0})
    stage.accept("orders", b"{}", request_id="e1", origin="invoke", trace="")
    assert eventually(lambda: bool(stage.journal(Settled)))
    [note] = stage.journal(Dropped)
    assert (note.metric, note.error) == ("DestinationDeliveryFailures", "NoSuchBucket: it is gone")
    assert stage.targets.buckets.put == []
