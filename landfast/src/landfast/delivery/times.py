"""Times as Lambda writes them.

Seconds are Unix time. They are read as the decimal number that they print as, and rounded to milliseconds first (half a
millisecond rounds down), so that all forms of one moment agree.
"""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_DOWN, Decimal
from typing import Final

LATEST: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()
"""The last moment that calendars have, in Unix seconds."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso_milliseconds(seconds: float) -> str:
    """ISO 8601 in UTC with milliseconds, e.g. ``2026-01-02T03:04:05.678Z`` (S-14)."""
    return _moment(seconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_seconds(seconds: float) -> str:
    """ISO 8601 in UTC without milliseconds, e.g. ``2026-01-02T03:04:05Z`` (S-63)."""
    return _moment(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def key_time(seconds: float) -> str:
    """Day and second as the keys of S3 destinations have them, e.g. ``2026/01/02/2026-01-02T03.04.05`` (S-19, S-66)."""
    return _moment(seconds).strftime("%Y/%m/%d/%Y-%m-%dT%H.%M.%S")


def _moment(seconds: float) -> datetime:
    milliseconds = (Decimal(repr(seconds)) * 1000).to_integral_value(rounding=ROUND_HALF_DOWN)
    return _EPOCH + timedelta(milliseconds=int(milliseconds))
