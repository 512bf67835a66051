import pytest
from hypothesis import given
from hypothesis import strategies as st

from landfast.delivery.recursion import CHAIN_LIMIT, COVERED, Lineage, stops

ORDERS = "arn:aws:lambda:eu-west-1:111122223333:function:orders"
NOTIFY = "arn:aws:lambda:eu-west-1:111122223333:function:notify"


def test_s_034_sixteen_calls_are_made_and_the_seventeenth_is_stopped() -> None:
    assert [stops(depth, "Terminate") for depth in (0, 15, 16, 17)] == [False, False, True, True]


def test_s_034_a_function_can_opt_out() -> None:
    assert not stops(1000, "Allow")


def test_s_034_dynamodb_kinesis_and_event_buses_are_not_covered() -> None:
    assert {"sqs", "sns", "s3", "lambda"} == COVERED


def test_s_034_a_chain_is_followed_through_trace_headers() -> None:
    header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    calls = 0
    while calls <= CHAIN_LIMIT and not stops(Lineage.read(header).depth(ORDERS), "Terminate"):
        calls += 1
        header = Lineage.read(header).called(ORDERS).called(NOTIFY).write(header)
    assert calls == CHAIN_LIMIT
    assert header.startswith("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=")
    assert header.count("Lineage=") == 1


def test_s_034_each_function_of_a_chain_is_counted_by_itself_whatever_its_qualifier() -> None:
    lineage = Lineage().called(ORDERS).called(f"{ORDERS}:$LATEST").called(f"{ORDERS}:live").called(NOTIFY)
    assert lineage.depth(ORDERS) == 3
    assert lineage.depth(NOTIFY) == 1


@pytest.mark.parametrize(
    "header", ["", "Root=1-2-3", "Lineage=", "Lineage=x:y|:|", "Lineage=a87bd80c:99999999999", ";;"]
)
def test_s_034_a_foreign_header_begins_a_chain(header: str) -> None:
    assert Lineage.read(header) == Lineage()


def test_s_034_a_header_without_a_lineage_gets_none() -> None:
    assert Lineage().write("Root=1-2-3; Sampled=0") == "Root=1-2-3;Sampled=0"


@given(st.dictionaries(st.from_regex(r"[0-9a-f]{8}", fullmatch=True), st.integers(0, 10**6), max_size=5), st.text())
def test_s_034_what_is_written_is_read_again_whatever_else_the_header_holds(calls: dict[str, int], other: str) -> None:
    assert Lineage.read(Lineage(calls).write(other)) == Lineage(calls)


@given(st.text())
def test_s_034_any_header_can_be_read(header: str) -> None:
    assert all(depth >= 0 for depth in Lineage.read(header).calls.values())


def test_s_034_of_two_chains_the_longer_one_counts_for_each_function() -> None:
    first = Lineage().called(ORDERS).called(ORDERS).called(NOTIFY)
    second = Lineage().called(NOTIFY).called(NOTIFY)
    for both in (first.joined(second), second.joined(first)):
        assert (both.depth(ORDERS), both.depth(NOTIFY)) == (2, 2)
    assert first.joined(Lineage()) == first
