"""What is kept in memory of the events that functions were called with."""

from landfast.service.payloads import LONGEST, MOST_BYTES, Payloads


def test_nothing_is_kept_until_somebody_wants_to_look() -> None:
    payloads = Payloads()
    payloads.keep("a", b"{}")
    assert payloads.of("a") is None
    payloads.wanted = True
    payloads.keep("b", b'{"order": 1}')
    kept = payloads.of("b")
    assert kept is not None
    assert (kept.content, kept.size, kept.is_whole) == (b'{"order": 1}', 12, True)


def test_of_a_long_event_the_beginning_is_kept_and_that_is_said() -> None:
    payloads = Payloads()
    payloads.wanted = True
    payloads.keep("a", b"x" * (LONGEST + 1))
    kept = payloads.of("a")
    assert kept is not None
    assert (len(kept.content), kept.size, kept.is_whole) == (LONGEST, LONGEST + 1, False)


def test_the_oldest_go_when_there_are_too_many_and_an_attempt_replaces_the_one_before() -> None:
    payloads = Payloads()
    payloads.wanted = True
    event = b"x" * LONGEST
    fitting = MOST_BYTES // LONGEST
    for number in range(fitting):
        payloads.keep(str(number), event)
    payloads.keep("0", event)
    assert payloads.of("1") is not None
    payloads.keep("new", event)
    assert [name for name in ("0", "1", "2", "new") if payloads.of(name) is None] == ["1"]
