import pytest


def test_every_line_of_a_file_is_an_entry(landfast):
    landfast.s3("Uploads").put("in/good.jsonl", '{"id": "1"}\n{"id": "2"}')
    landfast.settle()
    assert sorted(item["id"] for item in landfast.table("Entries").items()) == ["1", "2"]


def test_a_bad_file_lands_in_the_failure_queue(landfast):
    upload = landfast.s3("Uploads").put("in/bad.jsonl", "no JSON")
    landfast.settle()
    landed = landfast.where(upload)
    assert landed.in_queue("Failures")
    assert landed.attempts == 3
    assert "line 1" in landed.reason


def test_it_is_tried_again_after_a_minute_and_after_two_more(landfast):
    upload = landfast.s3("Uploads").put("in/bad.jsonl", "no JSON")
    landfast.advance(seconds=50)
    assert landfast.where(upload).attempts == 1
    landfast.advance(minutes=1)
    assert landfast.where(upload).attempts == 2
    landfast.s3("Uploads").put("in/bad.jsonl", '{"id": "mended"}')
    landfast.advance(minutes=2)
    assert landfast.where(upload).state == "processed"


@pytest.mark.landfast(set={"Import.EventInvokeConfig.MaximumRetryAttempts": 0})
def test_without_retries_a_bad_file_lands_at_once(landfast):
    upload = landfast.s3("Uploads").put("in/bad.jsonl", "no JSON")
    landfast.settle()
    assert landfast.where(upload).attempts == 1
