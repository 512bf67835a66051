import os
import signal
from collections.abc import Iterator

import pytest

from landfast.service.interrupts import Interrupted, Interrupts

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in ENDING}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_comes_up_where_it_is_allowed_and_once(number: signal.Signals) -> None:
    interrupts = Interrupts()
    interrupts.install()
    with pytest.raises(Interrupted) as raised, interrupts.allowed():
        os.kill(os.getpid(), number)
    assert raised.value.status == 128 + number
    assert raised.value.is_regular == (number != signal.SIGHUP)
    for other in ENDING:
        os.kill(os.getpid(), other)  # while what was started is ended


def test_a_signal_that_arrives_elsewhere_waits_for_the_next_such_place() -> None:
    interrupts = Interrupts()
    interrupts.install()
    assert interrupts.arrived() is None
    with interrupts.allowed():
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGINT)
    assert interrupts.arrived() is not None
    with pytest.raises(Interrupted) as raised, interrupts.allowed():
        raise AssertionError("it did not come up")
    assert raised.value.status == 128 + signal.SIGTERM, "the first one counts"
    with pytest.raises(Interrupted):
        interrupts.check()


def test_a_hang_up_that_nohup_ignores_stays_ignored_and_ctrl_c_does_not() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    interrupts = Interrupts()
    interrupts.install()
    os.kill(os.getpid(), signal.SIGHUP)
    assert interrupts.arrived() is None
    os.kill(os.getpid(), signal.SIGINT)
    assert interrupts.arrived() is not None
