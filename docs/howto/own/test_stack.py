def test_a_job_without_a_name_is_kept(landfast):
    landfast.queue("Jobs").send({"title": "nameless"})
    landfast.settle()
    [kept] = landfast.queue("JobsFailed")
    assert kept.json() == {"title": "nameless"}
