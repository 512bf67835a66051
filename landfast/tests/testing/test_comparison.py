"""What two runs have left behind, compared although ids and times differ."""

import json
from typing import Any

import pytest

from landfast.testing.comparison import Difference, Left, Place, Undisturbed, parsed

BEGAN = 1_795_000_000.0
ORDER = {"orderId": "A-1", "total": 25}


def table(*items: dict[str, Any], name: str = "Orders") -> Left:
    place = Place("table", name, items, keys=("orderId",))
    return {str(place): place}


def topic(*messages: object) -> Left:
    place = Place("topic", "Receipts", [{"body": json.dumps(each)} for each in messages])
    return {str(place): place}


def undisturbed(first: Left, second: Left, **ignore: list[str]) -> Undisturbed:
    return Undisturbed.of(first, second, began=BEGAN, ignore=ignore)


def told(found: list[Difference]) -> list[str]:
    return [each.what for each in found]


def test_two_runs_that_left_the_same_do_not_differ_in_whatever_order_they_left_it() -> None:
    other = {"orderId": "A-2", "total": 5}
    runs = undisturbed(table(ORDER, other), table(other, ORDER))
    assert not runs.unsteady
    assert not runs.differences(table(other, ORDER))


def test_what_is_missing_is_lost_and_what_is_there_more_often_is_doubled() -> None:
    runs = undisturbed(topic(ORDER), topic(ORDER))
    assert told(runs.differences(topic())) == ["lost"]
    assert told(runs.differences(topic(ORDER, ORDER, ORDER))) == ["doubled", "doubled"]


def test_what_no_undisturbed_run_left_is_added() -> None:
    runs = undisturbed(topic(ORDER), topic(ORDER))
    assert told(runs.differences(topic(ORDER, {"orderId": "A-9"}))) == ["added"]


def test_an_item_of_the_same_key_with_other_attributes_is_half_done_and_each_attribute_is_told() -> None:
    runs = undisturbed(table({**ORDER, "paid": True}), table({**ORDER, "paid": True}))
    [found] = runs.differences(table({"orderId": "A-1", "total": 50}))
    assert str(found) == (
        'table Orders: half done: orderId "A-1": paid is missing, undisturbed true; total is 50, undisturbed 25'
    )


def test_what_differs_between_undisturbed_runs_is_not_compared_and_everything_beside_it_is() -> None:
    runs = undisturbed(topic({**ORDER, "id": "6f1c"}), topic({**ORDER, "id": "a07b"}))
    assert not runs.differences(topic({**ORDER, "id": "33d2"}))
    assert told(runs.differences(topic({"orderId": "A-2", "total": 25, "id": "33d2"}))) == ["lost", "added"]
    assert told(runs.differences(topic({**ORDER, "id": "33d2"}, {**ORDER, "id": "9c1e"}))) == ["doubled"]


def test_undisturbed_runs_that_leave_different_numbers_of_things_cannot_be_compared() -> None:
    assert undisturbed(topic(ORDER), topic(ORDER, ORDER)).unsteady


@pytest.mark.parametrize("at", [BEGAN + 5, (BEGAN + 5) * 1000, "2026-11-19T10:00:00Z", str(int(BEGAN + 90))])
def test_times_since_the_beginning_are_not_compared_even_if_two_runs_had_the_same(at: object) -> None:
    runs = undisturbed(topic({**ORDER, "at": at}), topic({**ORDER, "at": at}))
    assert not runs.differences(topic({**ORDER, "at": BEGAN + 700}))


@pytest.mark.parametrize("at", ["2026-01-02T03:04:05Z", 1_700_000_000, 25, True, "A-1001"])
def test_times_before_the_beginning_and_other_values_are_compared(at: object) -> None:
    runs = undisturbed(topic({**ORDER, "at": at}), topic({**ORDER, "at": at}))
    assert told(runs.differences(topic({**ORDER, "at": "another"}))) == ["lost", "added"]


def test_the_attempts_that_lambda_counts_in_a_record_are_not_compared() -> None:
    def record(count: int) -> dict[str, Any]:
        inner = {"requestContext": {"condition": "Success", "approximateInvokeCount": count}}
        return {"requestPayload": inner, **inner}

    runs = undisturbed(topic(record(1)), topic(record(1)))
    assert not runs.differences(topic(record(2)))


def test_repeats_are_allowed_only_where_they_are_declared() -> None:
    runs = undisturbed({**topic(ORDER), **table(ORDER)}, {**topic(ORDER), **table(ORDER)})
    twice = {**topic(ORDER, ORDER), **table(ORDER)}
    assert not runs.differences(twice, {"Receipts"})
    assert told(runs.differences(twice, {"Orders"})) == ["doubled"]
    assert told(runs.differences({**topic(), **table(ORDER)}, {"Receipts"})) == ["lost"]


def test_an_attribute_that_is_ignored_is_ignored_at_its_place_alone() -> None:
    both = [{**table({**ORDER, "tries": 1}), **table({**ORDER, "tries": 1}, name="Others")} for _ in range(2)]
    runs = undisturbed(*both, Orders=["tries"])
    other = {**table({**ORDER, "tries": 2}), **table({**ORDER, "tries": 2}, name="Others")}
    assert [each.place.name for each in runs.differences(other)] == ["Others"]


def test_json_in_texts_is_looked_into_and_what_only_begins_like_it_is_a_text() -> None:
    assert parsed({"body": '{"a": "[1, {}]"}', "other": "[no"}) == {"body": {"a": [1, {}]}, "other": "[no"}
