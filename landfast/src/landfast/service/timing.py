"""How the time of a running service passes, as it is told to people."""

import msgspec

from landfast.service.clock import Mode
from landfast.service.loop import Loop, Planned


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """The clock of a service at one moment.

    Attributes:
        now: The time, in Unix seconds.
        mode: How time passes.
        speed: The seconds that pass in one real second.
        held: True if time stands.
        jumps_to: The time to which it jumps as soon as nothing is under way; None if no jump was asked for.
        under_way: What is under way: time does not jump meanwhile.
        planned: What is due next, in its order.
    """

    now: float
    mode: Mode
    speed: float
    held: bool
    jumps_to: float | None
    under_way: list[str]
    planned: list[Planned]


def timing(loop: Loop, most: int) -> Timing:
    """Tell how time passes now, with no more than `most` of what is planned; only from the loop's thread."""
    clock = loop.clock
    return Timing(
        now=clock.now(),
        mode=clock.mode,
        speed=clock.speed,
        held=clock.is_held,
        jumps_to=loop.jumps_to,
        under_way=loop.under_way(),
        planned=loop.planned(most),
    )
