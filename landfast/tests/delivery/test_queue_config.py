from collections.abc import Mapping

import pytest

from landfast.delivery.errors import Refused
from landfast.delivery.queue_config import QueueAttributes, QueueConfig, configuration
from landfast.delivery.scaling import Scale
from landfast.delivery.settings import Settings

STANDARD = QueueAttributes()
FIFO = QueueAttributes(fifo=True)
UNSUPPORTED = "Unsupported DestinationConfig parameter for given event source mapping type."


def read(
    properties: Mapping[str, object],
    queue: QueueAttributes = STANDARD,
    *,
    timeout: float = 3,
    settings: Settings | None = None,
) -> QueueConfig:
    return configuration(properties, queue=queue, function_timeout=timeout, settings=settings or Settings())


def refusal(
    properties: Mapping[str, object],
    queue: QueueAttributes = STANDARD,
    *,
    timeout: float = 3,
    settings: Settings | None = None,
) -> Refused:
    with pytest.raises(Refused) as caught:
        read(properties, queue, timeout=timeout, settings=settings)
    return caught.value


def test_s_090_the_defaults_are_those_of_aws() -> None:
    assert read({}) == QueueConfig(
        queue=STANDARD,
        function_timeout=3,
        visibility_timeout=30,
        scale=Scale(start=5, maximum=1250, per_minute=300),
        batch_size=10,
        batching_window=0,
        report_batch_item_failures=False,
        filters=None,
    )


def test_s_090_properties_that_change_no_delivery_are_accepted() -> None:
    properties = {
        "EventSourceArn": "arn:aws:sqs:eu-west-1:111122223333:q",
        "FunctionName": "f",
        "Enabled": True,
        "Tags": [{"Key": "a", "Value": "b"}],
        "KmsKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/1",
        "MetricsConfig": {"Metrics": ["EventCount"]},
        "LoggingConfig": {"SystemLogLevel": "INFO"},
    }
    assert read(properties) == read({})


@pytest.mark.parametrize("size", [1, 10, 15, 100, 1000, 10_000, "20"])
def test_s_089_batch_sizes_of_a_standard_queue(size: object) -> None:
    assert read({"BatchSize": size, "MaximumBatchingWindowInSeconds": 1}).batch_size == int(str(size))


@pytest.mark.parametrize("size", [0, -1, 10_001, 1.5, True, "many", [10]])
def test_s_089_other_batch_sizes_are_refused(size: object) -> None:
    assert refusal({"BatchSize": size, "MaximumBatchingWindowInSeconds": 1}).field == "BatchSize"


def test_s_089_a_batch_above_ten_needs_a_window() -> None:
    refused = refusal({"BatchSize": 11})
    text = "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
    assert (refused.message, refused.code) == (text, "InvalidParameterValueException")


@pytest.mark.parametrize("window", [-1, 301, "x"])
def test_s_089_windows_have_a_range(window: object) -> None:
    assert refusal({"MaximumBatchingWindowInSeconds": window}).field == "MaximumBatchingWindowInSeconds"
    assert read({"MaximumBatchingWindowInSeconds": 300}).batching_window == 300


def test_s_089_a_fifo_queue_has_batches_of_at_most_ten_and_no_window() -> None:
    assert read({"BatchSize": 10, "MaximumBatchingWindowInSeconds": 0}, FIFO).batch_size == 10
    assert refusal({"BatchSize": 11}, FIFO).field == "BatchSize"
    assert refusal({"MaximumBatchingWindowInSeconds": 1}, FIFO).field == "MaximumBatchingWindowInSeconds"


def test_s_091_the_visibility_timeout_is_at_least_the_functions_time_out() -> None:
    assert read({}, timeout=30).function_timeout == 30
    refused = refusal({}, timeout=60)
    assert refused.message == "Queue visibility timeout: 30 seconds is less than Function timeout: 60 seconds"
    assert (refused.code, refused.status) == ("InvalidParameterValueException", 400)


def test_s_096_a_queue_has_no_on_failure_destination() -> None:
    refused = refusal({"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sqs:eu-west-1:111122223333:d"}}})
    assert refused.field == "DestinationConfig.OnFailure"


def test_u_022_the_text_of_that_refusal_is_a_setting() -> None:
    properties: dict[str, object] = {"DestinationConfig": {"OnFailure": {}}}
    assert refusal(properties).message == UNSUPPORTED
    assert refusal(properties, settings=Settings(queue_on_failure_text="no")).message == "no"


def test_s_068_on_success_is_refused() -> None:
    refused = refusal({"DestinationConfig": {"OnSuccess": {"Destination": "x"}}})
    assert (refused.field, refused.message) == ("DestinationConfig.OnSuccess", UNSUPPORTED)


@pytest.mark.parametrize(
    "name",
    [
        "BisectBatchOnFunctionError",
        "MaximumRecordAgeInSeconds",
        "MaximumRetryAttempts",
        "ParallelizationFactor",
        "StartingPosition",
        "StartingPositionTimestamp",
        "Topics",
        "TumblingWindowInSeconds",
    ],
)
def test_s_090_what_belongs_to_streams_is_refused(name: str) -> None:
    assert refusal({name: 1}).field == name


@pytest.mark.parametrize("name", ["DeadLetterConfig", "MaximumEventAgeInSeconds", "VisibilityTimeout", "batchSize"])
def test_s_035_asynchronous_and_unknown_properties_are_refused(name: str) -> None:
    assert refusal({name: 1}).field == name


@pytest.mark.parametrize("value", [["x"], "ReportBatchItemFailures", ["ReportBatchItemFailures"] * 2, 1])
def test_s_097_other_response_types_are_refused(value: object) -> None:
    assert refusal({"FunctionResponseTypes": value}).field == "FunctionResponseTypes"


def test_s_097_partial_responses_are_off_unless_asked_for() -> None:
    assert read({"FunctionResponseTypes": ["ReportBatchItemFailures"]}).report_batch_item_failures
    assert not read({"FunctionResponseTypes": []}).report_batch_item_failures


def test_s_102_maximum_concurrency_caps_the_start_as_well() -> None:
    assert read({"ScalingConfig": {"MaximumConcurrency": 2}}).scale == Scale(start=2, maximum=2)
    assert read({"ScalingConfig": {"MaximumConcurrency": 1000}}).scale == Scale(start=5, maximum=1000)
    assert read({"ScalingConfig": {}}) == read({})


@pytest.mark.parametrize("concurrency", [0, 1, 1001, "x"])
def test_s_102_maximum_concurrency_has_a_range(concurrency: object) -> None:
    refused = refusal({"ScalingConfig": {"MaximumConcurrency": concurrency}})
    assert refused.field == "ScalingConfig.MaximumConcurrency"


def test_s_102_maximum_concurrency_excludes_provisioned_mode() -> None:
    properties = {"ScalingConfig": {"MaximumConcurrency": 5}, "ProvisionedPollerConfig": {}}
    assert refusal(properties).field == "ScalingConfig.MaximumConcurrency"


def test_s_103_provisioned_pollers() -> None:
    pollers = {"MinimumPollers": 4, "MaximumPollers": 50}
    assert read({"ProvisionedPollerConfig": pollers}).scale == Scale(start=40, maximum=500, per_minute=1000)
    assert read({"ProvisionedPollerConfig": {}}).scale == Scale(start=20, maximum=2000, per_minute=1000)


@pytest.mark.parametrize(
    ("pollers", "member"),
    [
        ({"MinimumPollers": 1}, "MinimumPollers"),
        ({"MinimumPollers": 201}, "MinimumPollers"),
        ({"MaximumPollers": 1}, "MaximumPollers"),
        ({"MaximumPollers": 10_001}, "MaximumPollers"),
        ({"MinimumPollers": 20, "MaximumPollers": 10}, "MinimumPollers"),
        ({"Pollers": 1}, "Pollers"),
        ({"Tags": 1}, "Tags"),
    ],
)
def test_s_103_other_numbers_of_pollers_are_refused(pollers: object, member: str) -> None:
    assert refusal({"ProvisionedPollerConfig": pollers}).field == f"ProvisionedPollerConfig.{member}"


def test_s_079_a_bad_filter_is_refused_with_the_mapping() -> None:
    refused = refusal({"FilterCriteria": {"Filters": [{"Pattern": "null"}]}})
    assert refused.message == "Invalid filter pattern definition."


def test_u_020_the_extension_is_the_window_the_time_out_and_half_a_minute() -> None:
    assert read({"MaximumBatchingWindowInSeconds": 60}).visibility_timeout == 93
    assert read({"MaximumBatchingWindowInSeconds": 28}).visibility_timeout == 61
    assert read({"MaximumBatchingWindowInSeconds": 27}).visibility_timeout == 30
    keeping = Settings(extend_visibility=False)
    assert read({"MaximumBatchingWindowInSeconds": 60}, settings=keeping).visibility_timeout == 30


@pytest.mark.parametrize(("given", "enabled"), [(True, True), (False, False), ("false", False), ("True", True)])
def test_a_mapping_can_be_switched_off_in_the_words_of_cloudformation(given: object, *, enabled: bool) -> None:
    assert read({"Enabled": given}).enabled is enabled
