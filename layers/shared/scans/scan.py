# --- parcel scans ---
"""What a scanner reports about a parcel."""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import UTC
from typing import Annotated, Any, Literal

import msgspec

from backoffice.messages import (
    UNREADABLE,
    ForeignEventError,
    Identifier,
    MalformedError,
    Moment,
    ParcelIdentifier,
    text_at,
    why,
)

Status = Literal["accepted", "in_transit", "out_for_delivery", "delivered", "returned"]


class Scan(msgspec.Struct, frozen=True, rename="camel"):
    """One scan of one parcel, at the scanner's own time; scans may arrive late, twice and out of order."""

    scan_id: Identifier
    parcel_id: ParcelIdentifier
    status: Status
    place: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    scanned_at: Moment

    @property
    def moment(self) -> str:
        """The time of the scan as text that sorts by time: UTC, always with microseconds."""
        return self.scanned_at.astimezone(UTC).isoformat(timespec="microseconds")


_DECODER = msgspec.json.Decoder(Scan)


class MalformedScanError(MalformedError):
    """The data of a record is no scan."""


class UnreadableScanError(MalformedScanError):
    """The data of a record is no JSON in UTF-8."""


def parse_scan(data: bytes) -> Scan:
    """Decode the data of a stream record.

    Raises:
        MalformedScanError: naming the field.
        UnreadableScanError: for anything that is not JSON.
    """
    try:
        scan = _DECODER.decode(data)
        _ = scan.moment
    except msgspec.ValidationError as error:
        raise MalformedScanError(why(error)) from None
    except UNREADABLE as error:
        raise UnreadableScanError(why(error)) from None
    except OverflowError:  # in UTC it is before the year 1, or after 9999
        raise MalformedScanError("outside of the calendar in UTC - at `$.scannedAt`") from None
    return scan


def data_of(record: Mapping[str, Any]) -> bytes:
    """Return the data of a Kinesis record as Lambda hands it over.

    Raises:
        ForeignEventError: there is none in base64.
    """
    try:
        return base64.b64decode(text_at(record, "kinesis", "data"), validate=True)
    except (binascii.Error, ValueError):
        raise ForeignEventError("kinesis.data is not base64") from None


def place_in_stream(record: Mapping[str, Any]) -> str | None:
    """Return the shard and sequence number that a Kinesis record is logged under; None if they are not there (S-83)."""
    place = record.get("eventID")
    return place if isinstance(place, str) and re.fullmatch(r"shardId-[0-9]{1,64}:[0-9]{1,129}", place) else None
