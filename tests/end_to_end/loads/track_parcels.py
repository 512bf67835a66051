"""Parcel scans: in no order, some twice, some that nobody can read."""

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

from demo.landing import Landing, landing
from tests.end_to_end.loads import Load as _Load
from tests.end_to_end.loads import Tolerance, Way, once, poisonous, shuffled

_SCANS_A_PARCEL = 20


@dataclass(frozen=True)
class Scan:
    """A record for the stream; `scan` is None if its data is no scan."""

    key: str
    data: bytes
    scan: dict[str, str] | None


class Load(_Load):
    """The load. `scans` are what is sent, some twice, in no order."""

    share = 0.4
    keeps = frozenset({"ParkedScans"})

    def __init__(self, random: Random, events: int) -> None:
        self.scans = tuple(_scans(random, events))
        self.poison = sum(scan.scan is None for scan in self.scans)

    def send(self) -> None:
        self.shop.put_records("ParcelScans", [(scan.key, scan.data) for scan in self.scans])

    def landings(self, tolerance: Tolerance, way: Way) -> Sequence[Landing]:
        del way
        scans = {one.scan["scanId"]: one.scan for one in self.scans if one.scan is not None}
        newest: dict[str, tuple[str, str]] = {}
        for name, scan in scans.items():
            parcel, at = scan["parcelId"], (_moment(scan), name)
            newest[parcel] = max(newest.get(parcel, at), at)
        parked = [json.loads(content) for content in self.shop.objects("ParkedScans").values()]
        history, parcels = self.shop.items("ParcelHistoryTable"), self.shop.items("ParcelsTable")
        return [
            landing(
                "parcel scans",
                len(self.scans),
                "scans, some twice",
                place="history table, once",
                wanted=[
                    (one["parcelId"], f"{_moment(one)}#{name}", one["place"], one["status"])
                    for name, one in scans.items()
                ],
                found=[(one["parcelId"], one["scannedAt"], one["place"], one["status"]) for one in history],
            ),
            landing(
                "parcel scans",
                len(scans),
                "scans in no order",
                place="parcels table, the newest",
                wanted=[(parcel, *at) for parcel, at in newest.items()],
                found=[(one["parcelId"], one["scannedAt"], one["scanId"]) for one in parcels],
            ),
            landing(
                "parcel scans",
                len(scans),
                "scans",
                place="parcels, newest of own history",
                wanted=_newest(history),
                found=[
                    (one["parcelId"], f"{one['scannedAt']}#{one['scanId']}", one["status"], one["place"])
                    for one in parcels
                ],
            ),
            landing(
                "parcel scans",
                sum(one.scan is None for one in self.scans),
                "unreadable scans",
                place="parked scans, data and reason",
                wanted=[(one.data, True) for one in self.scans if one.scan is None],
                found=once(
                    ((base64.b64decode(one["data"]), "error" in one["reason"]) for one in parked), tolerance.repeats
                ),
            ),
        ]


def _scans(random: Random, events: int) -> list[Scan]:
    poison = poisonous(events)
    parcels = max(1, events // _SCANS_A_PARCEL)
    good = []
    for number in range(events - poison):
        second = random.randrange(3600)
        scan = {
            "scanId": f"S-{number}",
            "parcelId": f"P-{number % parcels}",
            "status": random.choice(["accepted", "in_transit", "delivered"]),
            "place": f"Depot {random.randrange(100)}",
            "scannedAt": f"2026-01-02T03:{second // 60:02}:{second % 60:02}Z",
        }
        good.append(Scan(scan["parcelId"], json.dumps(scan).encode(), scan))
    bad = [_poison_scan(random, number, random.choice(good)) for number in range(poison)]
    return shuffled(random, [*good, *bad], again=good)


def _poison_scan(random: Random, number: int, like: Scan) -> Scan:
    assert like.scan is not None
    scan = {**like.scan, "scanId": f"X-{number}"}
    data = random.choice(
        [
            json.dumps({**scan, "scannedAt": "yesterday"}).encode(),
            json.dumps({**scan, "status": "lost"}).encode(),
            json.dumps({name: value for name, value in scan.items() if name != "place"}).encode(),
            json.dumps(scan).encode()[:-1],
            json.dumps(scan).encode() + b"\xff",
        ]
    )
    return Scan(like.key, data, None)


def _newest(history: Iterable[dict[str, Any]]) -> list[tuple[str, str, str, str]]:
    """The newest scan of each parcel's history."""
    newest: dict[str, dict[str, Any]] = {}
    for one in history:
        newest[one["parcelId"]] = max(newest.get(one["parcelId"], one), one, key=lambda scan: str(scan["scannedAt"]))
    return [(name, one["scannedAt"], one["status"], one["place"]) for name, one in newest.items()]


def _moment(scan: dict[str, str]) -> str:
    return datetime.fromisoformat(scan["scannedAt"]).astimezone(UTC).isoformat(timespec="microseconds")
