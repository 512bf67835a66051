import math

from landfast.service.clock import Clock


class Watch:
    """A wall clock and a monotonic one that a test turns by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def wall(self) -> float:
        return 1_000.0 + self.seconds

    def monotonic(self) -> float:
        return 5.0 + self.seconds


def make(watch: Watch, speed: float, not_before: float = 0.0) -> Clock:
    return Clock(speed, not_before=not_before, wall=watch.wall, monotonic=watch.monotonic)


def test_time_passes_as_many_times_faster_as_asked() -> None:
    watch = Watch()
    clock = make(watch, 60.0)
    watch.seconds = 2.0
    assert clock.now() == 1_000.0 + 120.0


def test_a_wait_is_as_many_times_shorter() -> None:
    clock = make(Watch(), 60.0)
    assert clock.until(clock.now() + 120.0) == 2.0


def test_what_is_past_is_not_waited_for() -> None:
    clock = make(Watch(), 1.0)
    assert clock.until(clock.now() - 5.0) == 0.0


def test_time_never_goes_back_for_a_restarted_service() -> None:
    assert make(Watch(), 60.0, not_before=5_000.0).now() == 5_000.0


def test_time_stands_while_it_is_held_and_goes_on_from_there() -> None:
    watch = Watch()
    clock = make(watch, 60.0)
    watch.seconds = 1.0
    for on in (True, True):  # it may be told twice
        clock.hold("a debugger", on=on)
    watch.seconds = 11.0
    assert clock.is_held
    assert clock.now() == 1_060.0
    assert clock.until(1_060.0) == 0.0
    assert clock.until(1_061.0) == math.inf
    for on in (False, False):
        clock.hold("a debugger", on=on)
    assert clock.now() == 1_060.0
    watch.seconds = 12.0
    assert clock.now() == 1_120.0


def test_time_stands_until_nobody_holds_it() -> None:
    watch = Watch()
    clock = make(watch, 1.0)
    clock.hold("a debugger", on=True)
    clock.hold("a person", on=True)
    clock.hold("a debugger", on=False)
    watch.seconds = 10.0
    assert clock.now() == 1_000.0
    clock.skip_to(1_500.0)
    assert clock.now() == 1_500.0
    clock.hold("a person", on=False)
    watch.seconds = 11.0
    assert clock.now() == 1_501.0


def test_the_speed_changes_from_now_on_and_time_never_goes_back() -> None:
    watch = Watch()
    clock = make(watch, 60.0)
    watch.seconds = 2.0
    clock.run(1.0, skips=False)
    assert (clock.now(), clock.mode) == (1_120.0, "real")
    clock.skip_to(1_110.0)
    assert clock.now() == 1_120.0
    watch.seconds = 5.0
    assert clock.now() == 1_123.0
    clock.run(0.5, skips=False)
    watch.seconds = 7.0
    assert (clock.now(), clock.mode) == (1_124.0, "fast")
    assert clock.until(1_125.0) == 2.0
    clock.run(1.0, skips=True)
    assert clock.mode == "skip"
