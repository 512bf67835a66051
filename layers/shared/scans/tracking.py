# --- parcel scans ---
"""What a scan does: the newest one is where the parcel is, and each is in its history once."""

from collections.abc import Callable
from typing import Literal

from backoffice.exactly_once import (
    Condition,
    ConditionFailedError,
    ExactlyOnceStore,
    Table,
    UnitOfWork,
    exactly_once,
)
from scans.scan import Scan

type Tracked = Literal["current", "late"]

# Two scans of one moment have an order too, or the parcel's place would depend on which came first.
IS_NEWEST = Condition(
    "is_newest",
    "attribute_not_exists(scannedAt) OR scannedAt < :scannedAt OR (scannedAt = :scannedAt AND scanId < :scanId)",
)


def tracker(store: ExactlyOnceStore, parcels: str, history: str) -> Callable[[Scan], Tracked]:
    """Return what handles a scan, exactly once by its `scanId`, for the tables of these names.

    It answers "current" if the parcel is now where the scan says, and "late" if a newer scan was there already.
    A second scan of the same id that says something else raises Powertools' `IdempotencyValidationError`.
    """
    parcels_table = Table(parcels, partition_key="parcelId")
    history_table = Table(history, partition_key="parcelId", sort_key="scannedAt")

    def append(scan: Scan, unit: UnitOfWork) -> None:
        unit.put(
            history_table,
            {
                "parcelId": scan.parcel_id,
                "scannedAt": f"{scan.moment}#{scan.scan_id}",
                "status": scan.status,
                "place": scan.place,
            },
        )

    def only_append(scan: Scan, _failed: ConditionFailedError, unit: UnitOfWork) -> Tracked:
        append(scan, unit)
        return "late"

    @exactly_once(
        store,
        key_prefix="parcel-scan",
        key="scanId",
        payload_validation="[parcelId, status, place, scannedAt]",
        on_condition_failed=only_append,
    )
    def track(scan: Scan, unit: UnitOfWork) -> Tracked:
        unit.put(
            parcels_table,
            {
                "parcelId": scan.parcel_id,
                "status": scan.status,
                "place": scan.place,
                "scannedAt": scan.moment,
                "scanId": scan.scan_id,
            },
            condition=IS_NEWEST,
            values={":scannedAt": scan.moment, ":scanId": scan.scan_id},
        )
        append(scan, unit)
        return "current"

    return track
