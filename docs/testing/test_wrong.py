def test_a_bad_file_has_no_entries_and_no_failure(landfast):
    upload = landfast.s3("Uploads").put("in/bad.jsonl", "no JSON")
    landfast.settle()
    landed = landfast.where(upload)
    assert not landed.in_queue("Failures") and landed.attempts == 1
