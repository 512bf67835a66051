import pytest

from landfast.delivery.outcomes import Unreadable
from landfast.delivery.partial_responses import Lowest, Success, WholeBatch, queue_failures, stream_failures
from landfast.delivery.settings import Settings

SEQUENCES = ["11", "12", "13"]
MESSAGES = ["m1", "m2", "m3"]
DEFAULTS = Settings()


def failures(*identifiers: object) -> dict[str, object]:
    return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in identifiers]}


@pytest.mark.parametrize("value", [[], None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}, ""])
def test_s_070_an_empty_response_is_a_success(value: object) -> None:
    assert stream_failures(value, SEQUENCES, DEFAULTS) == Success()


@pytest.mark.parametrize(
    ("identifiers", "index"), [(["11"], 0), (["13"], 2), (["13", "12"], 1), (["12", "12"], 1), (["13", "11", "12"], 0)]
)
def test_s_070_the_lowest_of_the_reported_records_counts(identifiers: list[str], index: int) -> None:
    assert stream_failures(failures(*identifiers), SEQUENCES, DEFAULTS) == Lowest(index)


def test_s_070_the_lowest_is_the_first_in_the_batch_and_not_the_first_in_the_alphabet() -> None:
    assert stream_failures(failures("10", "9"), ["8", "9", "10"], DEFAULTS) == Lowest(1)


@pytest.mark.parametrize(
    "value",
    [
        failures(""),
        failures(None),
        failures(123),
        failures(12),
        failures("12", ""),
        {"batchItemFailures": [{"foo": 123}]},
        {"batchItemFailures": [{"foo": None}]},
        {"batchItemFailures": ["12"]},
        {"batchItemFailures": "12"},
        Unreadable(""),
    ],
)
def test_s_070_an_invalid_response_fails_the_whole_batch(value: object) -> None:
    assert stream_failures(value, SEQUENCES, DEFAULTS) == WholeBatch()


def test_s_070_an_object_without_the_key_is_a_success() -> None:
    assert stream_failures({"statusCode": 200}, SEQUENCES, DEFAULTS) == Success()


def test_u_016_an_id_that_is_not_in_the_batch_fails_all_of_it() -> None:
    assert stream_failures(failures("99"), SEQUENCES, DEFAULTS) == WholeBatch()
    assert stream_failures(failures("12", "99"), SEQUENCES, DEFAULTS) == WholeBatch()


def test_u_016_unknown_ids_can_be_set_to_be_ignored() -> None:
    lenient = Settings(unknown_identifier_fails_batch=False)
    assert stream_failures(failures("99"), SEQUENCES, lenient) == Success()
    assert stream_failures(failures("99", "13"), SEQUENCES, lenient) == Lowest(2)


@pytest.mark.parametrize("value", ["ok", 7, 0, True, [1, 2], "{", "null"])
def test_u_017_other_values_are_a_success(value: object) -> None:
    assert stream_failures(value, SEQUENCES, DEFAULTS) == Success()
    assert queue_failures(value, MESSAGES, DEFAULTS) == frozenset()


@pytest.mark.parametrize("value", ["ok", 7, True, [1, 2]])
def test_u_017_other_values_can_be_set_to_fail_the_batch(value: object) -> None:
    strict = Settings(odd_values_succeed=False)
    assert stream_failures(value, SEQUENCES, strict) == WholeBatch()
    assert queue_failures(value, MESSAGES, strict) == WholeBatch()


def test_u_017_a_list_of_failures_inside_another_value_is_obeyed() -> None:
    assert stream_failures([failures("12")], SEQUENCES, DEFAULTS) == Lowest(1)
    assert stream_failures('{"batchItemFailures": [{"itemIdentifier": "13"}]}', SEQUENCES, DEFAULTS) == Lowest(2)
    assert stream_failures([failures("")], SEQUENCES, DEFAULTS) == WholeBatch()


@pytest.mark.parametrize("value", [{}, None, {"batchItemFailures": []}, {"batchItemFailures": None}])
def test_s_097_an_empty_response_is_a_success(value: object) -> None:
    assert queue_failures(value, MESSAGES, DEFAULTS) == frozenset()


def test_s_097_the_reported_messages_failed_however_often_they_are_named() -> None:
    assert queue_failures(failures("m3", "m1", "m3"), MESSAGES, DEFAULTS) == frozenset({"m1", "m3"})


@pytest.mark.parametrize(
    "value",
    [
        Unreadable(""),
        failures(""),
        failures(None),
        failures("m1", None),
        failures("m9"),
        failures("m1", "m9"),
        failures(1),
        {"batchItemFailures": [{"foo": "notvalid"}]},
        {"batchItemFailures": {"itemIdentifier": "m1"}},
    ],
)
def test_s_097_an_invalid_response_fails_the_whole_batch(value: object) -> None:
    assert queue_failures(value, MESSAGES, DEFAULTS) == WholeBatch()
