"""Waits between attempts."""

import random

import msgspec


class Backoff(msgspec.Struct, frozen=True):
    """Waits before further attempts: exponential with full jitter, in seconds; so callers do not return together."""

    first: float
    longest: float

    def pause(self, attempt: int) -> float:
        """The wait after an attempt, counted from 0."""
        return random.uniform(0, min(self.longest, self.first * 2**attempt))  # noqa: S311 - spreads, guards no secret
