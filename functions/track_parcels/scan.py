"""What a scanner reports about a parcel."""

from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec

Identifier = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
Status = Literal["accepted", "in_transit", "out_for_delivery", "delivered", "returned"]


class Scan(msgspec.Struct, frozen=True, rename="camel"):
    """One scan of one parcel, at the scanner's own time; scans may arrive late, twice and out of order."""

    scan_id: Identifier
    parcel_id: Identifier
    status: Status
    place: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    scanned_at: Annotated[datetime, msgspec.Meta(tz=True)]

    @property
    def moment(self) -> str:
        """The time of the scan as text that sorts by time: UTC, always with microseconds."""
        return self.scanned_at.astimezone(UTC).isoformat(timespec="microseconds")


_DECODER = msgspec.json.Decoder(Scan)


class UnreadableScanError(ValueError):
    """The data of a record is no JSON in UTF-8."""


def parse_scan(data: bytes) -> Scan:
    """Decode the data of a stream record.

    Raises:
        msgspec.ValidationError: naming the field.
        UnreadableScanError: for anything that is not JSON.
    """
    try:
        return _DECODER.decode(data)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableScanError(str(error)) from None
