"""Which failures are meant, how they are grouped, and what may be changed of them."""

import pytest

from landfast.failures import FailuresError, chosen_by
from landfast.failures.conditions import equal
from landfast.failures.editing import mended
from landfast.failures.grouping import groups
from landfast.failures.model import Failure, Invoke, Kept, Records, Send, Store, Trouble
from landfast.failures.stack import named

STORE = Store(name="Failed", kind="queue", arn="arn:aws:sqs:eu-west-1:123456789012:failed", location="")
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:f"


def failure(name: str, error: str = "", at: float = 1.0, **told: object) -> Failure:
    given = {"what": "record", "function": "Import", "reason": "RetriesExhausted", "store": "Failed"}
    whole = given | {"way": Invoke(function=FUNCTION, payload="{}"), "expires": at + 60} | told
    kept = Kept(key=name, body="", at=at)
    return Failure(id=name, at=at, kept=kept, error=Trouble(type=error, message=f"at {at:g}"), **whole)  # type: ignore[arg-type]


def test_failures_of_one_error_and_function_are_one_group() -> None:
    others = [failure("c", "Late", store="Other"), failure("d", "Wrong", function="Track")]
    found = groups([failure("a", "Wrong", 5.0), failure("b", "Wrong", 9.0), *others])
    assert [(each.function, each.error, each.count) for each in found] == [
        ("Import", "Wrong", 2),
        ("Import", "Late", 1),
        ("Track", "Wrong", 1),
    ]
    first = found[0]
    assert (first.oldest, first.newest, first.expires, first.message) == (5.0, 9.0, 65.0, "at 9")
    assert found[1].stores == ("Other",)


@pytest.mark.parametrize("error", ["Wrong", "", 'it said "no"', "it's wrong", "a and b=c", '"'])
def test_the_condition_of_a_group_chooses_its_failures_and_no_others(error: str) -> None:
    failures = [failure("a", error), failure("b", "Other"), failure("c", error, reason="EventAgeExceeded")]
    [group] = [each for each in groups(failures) if each.error == error and each.reason == "RetriesExhausted"]
    assert [each.id for each in failures if chosen_by(group.where)(each)] == ["a"]
    assert chosen_by(equal("type", error))(failures[0])


def test_a_name_means_one_failure_or_is_refused() -> None:
    every = [(STORE, failure("ab12")), (STORE, failure("ab34")), (STORE, failure("cd56"))]
    assert [*named(every, ["ab3", "cd", "ab3"])] == ["ab34", "cd56"]
    with pytest.raises(FailuresError, match="ab: several failures begin so: ab12, ab34"):
        named(every, ["ab"])
    with pytest.raises(FailuresError, match="zz, yy: there is no such failure"):
        named(every, ["zz", "ab1", "yy"])


def test_a_changed_event_goes_the_way_of_the_old_one() -> None:
    assert mended(failure("a"), '{"n": 1.0}', is_json=True) == Invoke(function=FUNCTION, payload='{"n":1.0}')
    message = failure("b", way=Send(queue=STORE.arn, body="old", group="g"))
    assert mended(message, "no JSON", is_json=False) == Send(queue=STORE.arn, body="no JSON", group="g")
    records = failure("c", way=Records(function=FUNCTION))
    assert mended(records, '{"Records": [{}]}', is_json=True) == Records(function=FUNCTION, records=({},))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{\n "a": 1\n "b": 2}', "this is not JSON: line 3, column 2: expecting ',' delimiter"),
        ("", "this is not JSON: line 1, column 1: expecting value"),
        ("[NaN]", "this is not JSON: "),
        ("[" * 600 + "]" * 600, "nested more than 500 levels"),
    ],
)
def test_what_is_no_json_is_told_by_line_and_column(text: str, told: str) -> None:
    with pytest.raises(FailuresError, match=told):
        mended(failure("a"), text, is_json=True)


@pytest.mark.parametrize("text", ["[]", "{}", '{"Records": {}}', '{"Records": [1]}'])
def test_records_of_a_stream_stay_records(text: str) -> None:
    with pytest.raises(FailuresError, match="a list Records is wanted"):
        mended(failure("a", way=Records(function=FUNCTION)), text, is_json=True)
