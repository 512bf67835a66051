"""The invocation that this process is at, for what has to know how much time there is."""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


class _Current:
    context: "LambdaContext | None" = None


def begin(context: "LambdaContext") -> None:
    """Say that an invocation begins."""
    _Current.context = context


def seconds_left() -> float:
    """Seconds until Lambda ends this invocation; without limit outside of one.

    A thread that an earlier invocation gave up asks about the one that runs now, which is the one that it works in.
    """
    context = _Current.context
    return context.get_remaining_time_in_millis() / 1000 if context else math.inf
