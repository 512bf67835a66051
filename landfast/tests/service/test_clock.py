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
    assert clock.real(30.0) == 0.5


def test_what_is_past_is_not_waited_for() -> None:
    clock = make(Watch(), 1.0)
    assert clock.until(clock.now() - 5.0) == 0.0


def test_time_never_goes_back_for_a_restarted_service() -> None:
    assert make(Watch(), 60.0, not_before=5_000.0).now() == 5_000.0


def test_real_times_of_records_are_read_on_the_same_scale() -> None:
    watch = Watch()
    clock = make(watch, 60.0)
    watch.seconds = 10.0
    assert clock.at(1_010.0) == clock.now()
    assert clock.at(990.0) == 990.0


def test_time_stands_while_it_is_held_and_goes_on_from_there() -> None:
    watch = Watch()
    clock = make(watch, 60.0)
    watch.seconds = 1.0
    for on in (True, True):  # it may be told twice
        clock.hold(on=on)
    watch.seconds = 11.0
    assert clock.now() == 1_060.0
    for on in (False, False):
        clock.hold(on=on)
    assert clock.now() == 1_060.0
    watch.seconds = 12.0
    assert clock.now() == 1_120.0
    assert clock.at(watch.wall()) == clock.now()
