import pytest

from landfast.delivery.destination_records import DeadLetter, dead_letter_message
from landfast.delivery.destinations import (
    SIZE_LIMITS,
    Destination,
    Kind,
    async_body,
    async_destinations,
    dead_letter,
    dead_letter_fits,
    fits,
    parse,
    stream_destination,
)
from landfast.delivery.errors import Refused
from landfast.delivery.settings import Settings

QUEUE = "arn:aws:sqs:eu-west-1:111122223333:failed"
TOPIC = "arn:aws:sns:eu-west-1:111122223333:admins"
FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:notify"
BUS = "arn:aws:events:eu-west-1:111122223333:event-bus/ops"
BUCKET = "arn:aws:s3:::kept-records"
ITSELF = "arn:aws:lambda:eu-west-1:111122223333:function:orders:$LATEST"
MIB = 1024 * 1024


def target(arn: str) -> Destination:
    found = parse(arn)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("arn", "kind", "name", "region"),
    [
        (QUEUE, "sqs", "failed", "eu-west-1"),
        (TOPIC, "sns", "admins", "eu-west-1"),
        (FUNCTION, "lambda", "notify", "eu-west-1"),
        (f"{FUNCTION}:live", "lambda", "notify", "eu-west-1"),
        (f"{FUNCTION}:$LATEST", "lambda", "notify", "eu-west-1"),
        (BUS, "events", "ops", "eu-west-1"),
        (BUCKET, "s3", "kept-records", ""),
        ("arn:aws-cn:sqs:cn-north-1:111122223333:failed", "sqs", "failed", "cn-north-1"),
    ],
)
def test_s_019_an_arn_names_its_kind_of_target(arn: str, kind: str, name: str, region: str) -> None:
    found = target(arn)
    assert (found.kind, found.arn, found.name, found.region) == (kind, arn, name, region)


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "failed",
        "kafka://.orders",
        "arn:aws:kinesis:eu-west-1:111122223333:stream/s",
        "arn:aws:lambda:eu-west-1:111122223333:layer:notify",
        "arn:aws:events:eu-west-1:111122223333:rule/ops",
        "arn:aws:s3:::kept-records/prefix",
        "arn:aws:sqs:eu-west-1:111122223333:",
        "arn:aws:sqs:eu-west-1",
    ],
)
def test_s_019_what_takes_no_records_is_no_target(arn: str) -> None:
    assert parse(arn) is None


def refusal(
    on_success: str, on_failure: str, *, function_arn: str = ITSELF, functions: set[str] | None = None
) -> Refused:
    with pytest.raises(Refused) as caught:
        async_destinations(on_success, on_failure, settings=Settings(), function_arn=function_arn, functions=functions)
    return caught.value


def test_s_019_a_failure_can_go_anywhere_and_a_success_anywhere_but_to_s3() -> None:
    for arn in (QUEUE, TOPIC, FUNCTION, BUS):
        assert async_destinations(arn, arn, settings=Settings()) == (target(arn), target(arn))
    assert async_destinations("", BUCKET, settings=Settings()) == (None, target(BUCKET))
    assert async_destinations("", "", settings=Settings()) == (None, None)


def test_s_019_s3_on_success_is_refused() -> None:
    error = refusal(BUCKET, QUEUE)
    assert (error.field, error.code, error.status) == (
        "DestinationConfig.OnSuccess.Destination",
        "InvalidParameterValueException",
        400,
    )
    assert error.message == (
        f"The provided destination config DestinationConfig(onSuccess=OnSuccess(destination={BUCKET}), "
        f"onFailure=OnFailure(destination={QUEUE})) is invalid."
    )


def test_s_033_an_unsupported_service_is_refused() -> None:
    stream = "arn:aws:kinesis:eu-west-1:111122223333:stream/s"
    error = refusal("", stream)
    assert error.field == "DestinationConfig.OnFailure.Destination"
    assert error.message == (
        "The provided destination config DestinationConfig(onSuccess=null, "
        f"onFailure=OnFailure(destination={stream})) is invalid."
    )


@pytest.mark.parametrize("qualifier", ["", ":live", ":$LATEST"])
def test_s_033_a_function_cannot_be_its_own_destination(qualifier: str) -> None:
    error = refusal("", f"arn:aws:lambda:eu-west-1:111122223333:function:orders{qualifier}")
    assert error.message == "You can't specify the function as a destination for itself."
    assert error.code == "InvalidParameterValueException"


def test_s_033_a_function_of_the_same_name_elsewhere_is_not_itself() -> None:
    elsewhere = "arn:aws:lambda:us-east-1:111122223333:function:orders"
    assert async_destinations("", elsewhere, settings=Settings(), function_arn=ITSELF)[1] == target(elsewhere)


def test_s_033_a_missing_target_function_is_refused() -> None:
    error = refusal(FUNCTION, "", functions={"orders"})
    assert error.message == f"The destination ARN {FUNCTION} is invalid."
    found, _ = async_destinations(FUNCTION, "", settings=Settings(), functions={"notify"})
    assert found == target(FUNCTION)


def test_s_033_what_is_no_arn_or_too_long_is_refused_by_the_model() -> None:
    error = refusal("", "failed")
    assert error.code == "ValidationException"
    assert error.message.startswith(
        "1 validation error detected: Value 'failed' at 'destinationConfig.onFailure.destination' "
        "failed to satisfy constraint: Member must satisfy regular expression pattern: "
    )
    assert refusal("", QUEUE + "x" * 350).message.endswith("Member must have length less than or equal to 350")


def test_s_033_an_arn_has_at_most_350_characters() -> None:
    longest = QUEUE.ljust(350, "x")
    assert async_destinations("", longest, settings=Settings())[1] == parse(longest)
    assert refusal("", f"{longest}x").message.endswith("Member must have length less than or equal to 350")


@pytest.mark.parametrize("arn", [f"{QUEUE}.fifo", f"{TOPIC}.fifo"])
def test_s_020_fifo_targets_are_refused_as_destination_and_as_dead_letter_queue(arn: str) -> None:
    for error in (refusal(arn, ""), refusal("", arn)):
        assert (error.code, error.status) == ("InvalidParameterValueException", 400)
    with pytest.raises(Refused, match="FIFO"):
        dead_letter(arn, settings=Settings())


def test_u_004_the_refusal_of_fifo_targets_has_a_text_of_ones_own() -> None:
    settings = Settings(fifo_destination_text="no FIFO here")
    with pytest.raises(Refused, match="no FIFO here"):
        async_destinations("", f"{QUEUE}.fifo", settings=settings)


def test_s_024_a_dead_letter_queue_is_a_standard_queue_or_topic() -> None:
    assert dead_letter(QUEUE, settings=Settings()) == target(QUEUE)
    assert dead_letter(TOPIC, settings=Settings()) == target(TOPIC)
    assert dead_letter("", settings=Settings()) is None
    for arn in (FUNCTION, BUS, BUCKET, "failed"):
        with pytest.raises(Refused) as caught:
            dead_letter(arn, settings=Settings())
        assert caught.value.field == "DeadLetterConfig.TargetArn"


def test_s_068_a_stream_takes_queues_topics_and_buckets_only() -> None:
    for arn in (QUEUE, TOPIC, BUCKET):
        assert stream_destination(arn, settings=Settings()) == target(arn)
    for arn in (FUNCTION, BUS, f"{QUEUE}.fifo"):
        with pytest.raises(Refused) as caught:
            stream_destination(arn, settings=Settings())
        assert caught.value.field == "DestinationConfig.OnFailure.Destination"
    with pytest.raises(Refused, match=r"The Destination field is required for an OnFailure configuration\."):
        stream_destination("", settings=Settings())


@pytest.mark.parametrize(("kind", "limit"), [("sqs", MIB), ("sns", MIB // 4), ("lambda", MIB), ("events", MIB)])
def test_a_message_fits_up_to_the_limit_of_its_kind_and_no_further(kind: Kind, limit: int) -> None:
    assert SIZE_LIMITS[kind] == limit
    assert fits(kind, limit)
    assert not fits(kind, limit + 1)


def test_s3_takes_anything() -> None:
    assert fits("s3", 100 * MIB)


def body(arn: str, size: int, settings: Settings | None = None) -> object:
    empty = {"requestPayload": "", "responsePayload": None}
    record = {**empty, "requestPayload": "x" * (size - 44)}
    return async_body(
        target(arn),
        record,
        function=target(ITSELF),
        success=False,
        new_id=lambda: "u-1",
        now=1767323045.678,
        settings=settings or Settings(),
    )


@pytest.mark.parametrize("arn", [QUEUE, FUNCTION])
def test_s_023_an_oversized_record_cannot_be_delivered(arn: str) -> None:
    assert isinstance(body(arn, MIB), dict)
    assert body(arn, MIB + 1) is None


def test_s_023_sns_gets_an_oversized_record_without_its_payloads() -> None:
    assert body(TOPIC, MIB // 4) == {"requestPayload": "x" * (MIB // 4 - 44), "responsePayload": None}
    assert body(TOPIC, MIB // 4 + 1) == {}


def test_u_006_sns_can_get_an_oversized_record_with_null_payloads() -> None:
    settings = Settings(oversized_sns_keeps_null_payloads=True)
    assert body(TOPIC, MIB, settings) == {"requestPayload": None, "responsePayload": None}


def test_s_018_an_event_bus_gets_an_entry_and_counts_more_than_its_detail() -> None:
    entry = body(BUS, 1000)
    assert isinstance(entry, dict)
    assert entry["resources"] == [BUS, ITSELF]
    assert entry["id"] == "u-1"
    around = len("lambda" + "Lambda Function Invocation Result - Failure" + BUS + ITSELF)
    assert isinstance(body(BUS, MIB - around), dict)
    assert body(BUS, MIB - around + 1) is None


def test_s_019_a_bucket_gets_an_object_of_any_size() -> None:
    made = body(BUCKET, 2 * MIB)
    assert isinstance(made, dict)
    assert made["bucket"] == "kept-records"
    assert made["key"] == "aws/lambda/async/orders/2026/01/02/2026-01-02T03.04.05-u-1"


def letter(size: int) -> DeadLetter:
    around = len("RequestIDString" + "r-1" + "ErrorCodeNumber" + "200" + "ErrorMessageString" + "no")
    return dead_letter_message("x" * (size - around), request_id="r-1", error_code=200, error_message="no")


def test_s_027_a_dead_letters_attributes_count_as_well() -> None:
    assert dead_letter_fits(target(QUEUE), letter(MIB))
    assert not dead_letter_fits(target(QUEUE), letter(MIB + 1))
    assert dead_letter_fits(target(TOPIC), letter(MIB // 4))
    assert not dead_letter_fits(target(TOPIC), letter(MIB // 4 + 1))


def test_s_135_a_kafka_topic_takes_the_failures_of_streams_and_nothing_else() -> None:
    topic = "kafka://failed-orders"
    assert stream_destination(topic, settings=Settings()).kind == "kafka"
    with pytest.raises(Refused) as refused:
        async_destinations("", topic, settings=Settings())
    assert refused.value.field == "DestinationConfig.OnFailure.Destination"
    with pytest.raises(Refused) as refused:
        async_destinations(topic, "", settings=Settings())
    assert refused.value.field == "DestinationConfig.OnSuccess.Destination"
    with pytest.raises(Refused, match="must be a standard SQS queue or SNS topic"):
        dead_letter(topic, settings=Settings())
