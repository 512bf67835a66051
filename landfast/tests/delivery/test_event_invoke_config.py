from collections.abc import Mapping

import pytest

from landfast.delivery.destinations import parse
from landfast.delivery.errors import Refused
from landfast.delivery.event_invoke_config import AsynchronousConfig, configuration, in_force
from landfast.delivery.settings import Settings

QUEUE = "arn:aws:sqs:eu-west-1:111122223333:failed"
TOPIC = "arn:aws:sns:eu-west-1:111122223333:admins"


def refusal(properties: Mapping[str, object]) -> Refused:
    with pytest.raises(Refused) as caught:
        configuration(properties, Settings())
    return caught.value


def test_s_007_the_defaults_are_two_retries_and_six_hours() -> None:
    assert configuration({}, Settings()) == AsynchronousConfig(2, 21600, None, None, None)


def test_s_007_every_property_is_read() -> None:
    made = configuration(
        {
            "FunctionName": "orders",
            "Qualifier": "$LATEST",
            "MaximumRetryAttempts": 0,
            "MaximumEventAgeInSeconds": "60",
            "DestinationConfig": {"OnSuccess": {"Destination": TOPIC}, "OnFailure": {"Destination": QUEUE}},
            "DeadLetterConfig": {"TargetArn": QUEUE},
        },
        Settings(),
    )
    assert made == AsynchronousConfig(0, 60, parse(TOPIC), parse(QUEUE), parse(QUEUE))


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("MaximumRetryAttempts", 3, "less than or equal to 2"),
        ("MaximumRetryAttempts", -1, "greater than or equal to 0"),
        ("MaximumEventAgeInSeconds", 59, "greater than or equal to 60"),
        ("MaximumEventAgeInSeconds", 21601, "less than or equal to 21600"),
    ],
)
def test_s_007_numbers_out_of_range_are_refused(name: str, value: int, text: str) -> None:
    error = refusal({name: value})
    assert (error.field, error.code, error.status) == (name, "ValidationException", 400)
    assert error.message == (
        f"1 validation error detected: Value '{value}' at '{name[0].lower()}{name[1:]}' "
        f"failed to satisfy constraint: Member must have value {text}"
    )


def test_s_007_the_ends_of_the_ranges_are_accepted() -> None:
    for retries in (0, 1, 2):
        assert configuration({"MaximumRetryAttempts": retries}, Settings()).maximum_retry_attempts == retries
    for age in (60, 21600):
        assert configuration({"MaximumEventAgeInSeconds": age}, Settings()).maximum_event_age == age


@pytest.mark.parametrize(
    ("properties", "field", "text"),
    [
        ({"MaximumRetryAttempts": True}, "MaximumRetryAttempts", "expected type: Integer, found: Boolean"),
        ({"MaximumRetryAttempts": 1.5}, "MaximumRetryAttempts", "expected type: Integer, found: Number"),
        ({"MaximumRetryAttempts": None}, "MaximumRetryAttempts", "expected type: Integer, found: Null"),
        ({"MaximumRetryAttempts": "two"}, "MaximumRetryAttempts", "expected type: Integer, found: String"),
        ({"DestinationConfig": []}, "DestinationConfig", "expected type: JSONObject, found: JSONArray"),
        (
            {"DestinationConfig": {"OnFailure": QUEUE}},
            "DestinationConfig.OnFailure",
            "expected type: JSONObject, found: String",
        ),
        (
            {"DestinationConfig": {"OnFailure": {"Destination": {"Ref": "Q"}}}},
            "DestinationConfig.OnFailure.Destination",
            "expected type: String, found: JSONObject",
        ),
        ({"DeadLetterConfig": {"TargetArn": 1}}, "DeadLetterConfig.TargetArn", "expected type: String, found: Integer"),
    ],
)
def test_a_property_of_another_type_is_refused_by_name(properties: Mapping[str, object], field: str, text: str) -> None:
    error = refusal(properties)
    assert (error.field, error.message) == (field, text)


@pytest.mark.parametrize(
    ("properties", "field"),
    [
        ({"MaximumRetries": 1}, "MaximumRetries"),
        ({"DestinationConfig": {"OnError": {}}}, "DestinationConfig.OnError"),
        ({"DestinationConfig": {"OnSuccess": {"Type": "SQS"}}}, "DestinationConfig.OnSuccess.Type"),
        ({"DeadLetterConfig": {"Type": "SQS"}}, "DeadLetterConfig.Type"),
    ],
)
def test_an_unknown_property_is_refused_by_name_and_the_known_ones_are_named(
    properties: Mapping[str, object], field: str
) -> None:
    error = refusal(properties)
    assert error.field == field
    assert error.message.startswith(f"Encountered unsupported property {field.rpartition('.')[2]}; there are ")


def test_s_033_a_configuration_that_says_nothing_is_refused() -> None:
    error = refusal({"FunctionName": "orders", "Qualifier": "$LATEST"})
    assert error.message == "You must specify at least one of error handling or destination setting."
    assert error.code == "InvalidParameterValueException"


def test_s_007_empty_sides_are_no_destinations() -> None:
    made = configuration({"DestinationConfig": {"OnSuccess": {}, "OnFailure": {}}}, Settings())
    assert (made.on_success, made.on_failure) == (None, None)


def test_s_033_the_function_itself_is_refused_as_its_destination() -> None:
    itself = "arn:aws:lambda:eu-west-1:111122223333:function:orders"
    properties = {"DestinationConfig": {"OnFailure": {"Destination": itself}}}
    with pytest.raises(Refused, match="You can't specify the function as a destination for itself"):
        configuration(properties, Settings(), function_arn=f"{itself}:$LATEST")


def test_s_033_a_function_that_does_not_exist_is_refused_as_a_destination() -> None:
    missing = "arn:aws:lambda:eu-west-1:111122223333:function:nobody"
    properties = {"DestinationConfig": {"OnFailure": {"Destination": missing}}}
    with pytest.raises(Refused, match=f"The destination ARN {missing} is invalid"):
        configuration(properties, Settings(), functions={"orders"})


LATEST = AsynchronousConfig(maximum_retry_attempts=0)
VERSION = AsynchronousConfig(maximum_retry_attempts=1)


def test_s_008_an_alias_without_its_own_configuration_has_none() -> None:
    given = {"$LATEST": LATEST, "7": VERSION}
    assert in_force(given, "$LATEST", settings=Settings()) == LATEST
    assert in_force(given, "7", settings=Settings()) == VERSION
    assert in_force(given, "live", settings=Settings(), version="7") is None


def test_u_002_an_alias_can_take_its_versions_configuration() -> None:
    settings = Settings(version_config_for_bare_alias=True)
    assert in_force({"7": VERSION}, "live", settings=settings, version="7") == VERSION
    assert in_force({"7": VERSION, "live": LATEST}, "live", settings=settings, version="7") == LATEST
    assert in_force({"$LATEST": LATEST}, "live", settings=settings, version="7") is None
