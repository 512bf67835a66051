def test_a_throttled_function_gets_its_file_later(landfast):
    landfast.throttle("Import", times=3)
    upload = landfast.s3("Uploads").put("in/good.jsonl", '{"id": "1"}')
    landfast.settle()
    landed = landfast.where(upload)
    assert landed.state == "processed"
    assert landed.attempts == 1


def test_a_crash_at_any_call_changes_nothing(landfast):
    def upload():
        landfast.s3("Uploads").put("in/good.jsonl", '{"id": "1"}')

    landfast.crash_points("Import", upload).check()
