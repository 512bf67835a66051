"""JSON in and JSON out, whatever someone sends."""

import json
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landfast.delivery.asynchronous import Event
from landfast.delivery.destination_records import async_record
from landfast.delivery.errors import Refused
from landfast.delivery.outcomes import Succeeded, Unreadable, returned
from landfast.delivery.partial_responses import Success, WholeBatch, queue_failures, stream_failures
from landfast.delivery.settings import Settings
from landfast.delivery.strict_json import DEEPEST, NotJsonError, json_or_text, json_size, json_text, read_json, whole

NOT_JSON = [
    b"",
    b" ",
    b"NaN",
    b'{"batchItemFailures":[],"x":NaN}',
    b'{"x":Infinity}',
    b'{"x":-Infinity}',
    b'{"x":1e999}',
    b'{"x":' + b"1" * 5_000 + b"}",
    b"[" * 100_000,
    b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1),
    b'"\xff"',
    b"\xef\xbb\xbf{}",
    '{"a":1}'.encode("utf-16"),
    b"{} {}",
    b"{'a':1}",
    b'"\x01"',
    b'{"x":"\\ud800","y":NaN}',
    b"\x00\x01\x02",
]


@pytest.mark.parametrize("text", NOT_JSON)
def test_what_is_no_json_is_refused_in_one_line(text: bytes) -> None:
    with pytest.raises(NotJsonError) as error:
        read_json(text)
    assert len(str(error.value).splitlines()) == 1


def test_deep_nesting_ends_no_thread() -> None:
    told: list[str] = []

    def deep() -> None:
        for levels in (DEEPEST, DEEPEST + 1, 2_000, 1_000_000):
            try:
                read_json("[" * levels + "]" * levels)
                told.append("read")
            except NotJsonError:
                told.append("refused")

    thread = threading.Thread(target=deep)
    thread.start()
    thread.join()
    assert told == ["read", "refused", "refused", "refused"]


def test_of_two_members_with_one_name_the_last_counts() -> None:
    assert read_json(b'{"a":1,"a":2}') == {"a": 2}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ("plain", "plain"),
        ("", ""),
        (b"\xff", "\N{REPLACEMENT CHARACTER}"),
        ("[" * 2_000, "[" * 2_000),
    ],
    ids=lambda value: str(value)[:10],
)
def test_what_is_no_json_is_taken_as_the_text_that_it_is(text: bytes | str, value: object) -> None:
    assert json_or_text(text) == value


def test_half_a_surrogate_pair_is_read_as_the_replacement_character() -> None:
    assert read_json(rb'{"a":"\ud800x","b":"\ud83d\ude00"}') == {"a": "\ufffdx", "b": "\U0001f600"}


def test_half_a_surrogate_pair_is_written_so_that_it_can_be_sent() -> None:
    assert json_text({"é": "\udc80"}).encode() == '{"é":"\\udc80"}'.encode()


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], {"x": -float("inf")}])
def test_no_number_is_written_that_json_has_not(value: object) -> None:
    with pytest.raises(ValueError, match="JSON"):
        json_text(value)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters()),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_what_is_written_is_read_back_by_anyone_and_weighs_what_was_said(value: object) -> None:
    text = json_text(value)
    assert json.loads(text) == value
    assert read_json(text) == json.loads(whole(json.dumps(value, ensure_ascii=False)))
    assert json_size(value) == len(text.encode())


@pytest.mark.parametrize("text", [text for text in NOT_JSON if text])
def test_s_070_s_097_u_017_an_answer_that_is_no_json_fails_the_whole_batch(text: bytes) -> None:
    value = returned(text, "$LATEST").value
    assert isinstance(value, Unreadable)
    assert queue_failures(value, ["m1"], Settings()) == WholeBatch()
    assert stream_failures(value, ["1"], Settings()) == WholeBatch()


def test_s_070_s_097_no_answer_at_all_is_a_success() -> None:
    assert returned(b"", "$LATEST") == Succeeded(None)
    assert queue_failures(returned(b"", "$LATEST").value, ["m1"], Settings()) == frozenset()
    assert stream_failures(returned(b"", "$LATEST").value, ["1"], Settings()) == Success()


@pytest.mark.parametrize(
    ("answer", "payload"),
    [
        (b'{"x":NaN}', '{"x":NaN}'),
        (b"\x89PNG", "\ufffdPNG"),
        (b"plain text", "plain text"),
        (b'"text"', "text"),
        (b"", None),
        (rb'{"x":"\ud800"}', {"x": "\ufffd"}),
    ],
)
def test_s_014_a_record_is_json_whatever_the_function_returned(answer: bytes, payload: object) -> None:
    record = async_record(
        request_id="r1",
        function_arn="arn:aws:lambda:eu-west-1:111122223333:function:orders:$LATEST",
        condition="Success",
        attempts=1,
        request_payload={},
        response=returned(answer, "$LATEST"),
        now=0.0,
    )
    assert record["responsePayload"] == payload
    assert read_json(json_text(record).encode()) == record


@pytest.mark.parametrize("text", [text for text in NOT_JSON if text])
def test_s_033_an_event_that_is_no_json_is_refused_as_aws_does(text: bytes) -> None:
    with pytest.raises(Refused) as refused:
        Event.read("r1", text)
    assert (refused.value.status, refused.value.code) == (400, "InvalidRequestContentException")
