"""The refunds function on moto: a refund is recorded once, and what is none goes to the dead-letter queue at once."""

from copy import deepcopy

import pytest

from tests.unit.functions.conftest import Context, Letters, Load, Sample, failed, items, make_table, reason


@pytest.mark.usefixtures("tables")
def test_a_refund_that_comes_twice_is_recorded_once(load: Load, sample_event: Sample, context: Context) -> None:
    make_table("refunds", "refundId")
    event = sample_event("record_refunds")
    again = deepcopy(event["Records"][0]) | {"messageId": "sent-again"}
    handler = load("record_refunds").handler
    assert failed(handler(event, context)) == []
    assert failed(handler({"Records": [again]}, context)) == []
    assert items("refunds") == [{"refundId": "R-1", "orderId": "A-1001", "amountMinor": 1250}]


@pytest.mark.usefixtures("tables")
def test_what_is_no_refund_is_a_dead_letter_with_its_reason(
    load: Load, sample_event: Sample, context: Context, dead_letters: Letters
) -> None:
    make_table("refunds", "refundId")
    event = sample_event("record_refunds")
    event["Records"][0]["body"] = '{"refundId": "R-1"}'
    ids = {"MessageGroupId": "R-1", "MessageDeduplicationId": "R-1"}  # the dead-letter queue of these tests is FIFO
    event["Records"][0]["attributes"] |= ids
    assert failed(load("record_refunds").handler(event, context)) == []
    assert reason(dead_letters()[0])["ErrorCode"] == "MalformedRefundError"
