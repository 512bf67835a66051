"""Where each event went, and why."""

import pytest

from landfast.testing import Landed, Stack, StackError


def functions(landed: Landed) -> list[str]:
    """The functions that it came to, each once: what is made of a batch is counted to each record of it."""
    return list(dict.fromkeys(hop.function for hop in landed.hops))


def test_a_failing_event_tells_its_attempts_and_lies_in_the_failure_queue(landfast: Stack) -> None:
    upload = landfast.s3("Uploads").put("june.bad", b"")
    landfast.settle()
    landed = landfast.where(upload)
    assert landed.in_queue("Failures")
    assert (landed.state, landed.attempts) == ("to_destination", 3)
    assert landed.rule == "S-04 RetriesExhausted"
    assert "june.bad, line 1" in landed.reason
    assert "in read" in landed.traceback
    assert landed.logs.count("reading june.bad") == 3
    first, second, third = landed.tries
    assert second.at - first.at >= 60
    assert third.at - second.at >= 120
    assert repr(landed) == (
        "<object june.bad put into Uploads: Read:live: to destination after 3 attempts (S-04 RetriesExhausted)>"
    )


def test_an_event_is_followed_from_function_to_function(landfast: Stack) -> None:
    upload, other = (landfast.s3("Uploads").put(key, b"") for key in ("one", "two"))
    landfast.settle()
    landed = landfast.where(upload)
    assert functions(landed) == ["Read", "Announce", "Tell"]
    assert {hop.state for hop in landed.hops} == {"processed"}
    assert landed.queues == ["Readers"]
    assert landfast.where(other).at("Tell").attempts == 1
    assert sorted(message.body for message in landfast.queue("Readers")) == ["one", "two"]


def test_each_kind_of_source_is_followed(landfast: Stack) -> None:
    job = landfast.queue("Jobs").send("no", group="a", deduplication="1")
    tick = landfast.stream("Ticks").put("tick", key="a")
    news = landfast.topic("News").publish("hello")
    event = landfast.bus("Bus").put({"id": "by hand"}, source="ledger", detail_type="Entered")
    entry = landfast.table("Ledger").put({"id": "entry"})
    called = landfast.function("Count").send({"tick": "called"})
    landfast.settle()
    where = landfast.where
    assert (where(job).state, where(job).attempts, where(job).queues) == ("dead_lettered", 3, ["JobsDead"])
    assert functions(where(tick)) == ["Count", "Announce", "Tell"]
    assert (where(news).hops, where(news).state, where(news).queues) == ([], "delivered", ["Readers"])
    assert functions(where(event)) == ["Tell"]
    assert functions(where(entry)) == ["Announce", "Tell"]
    assert functions(where(called)) == ["Count", "Announce", "Tell"]
    with pytest.raises(StackError, match="message sent to Jobs did not come to Read: it came to Work"):
        where(job).at("Read")
