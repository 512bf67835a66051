"""Parcel scans: a hundred in one call, one of which nobody can read."""

import base64
import json
from pathlib import Path

from demo.landing import Landing, landing
from demo.scenes import Scene as _Scene
from demo.tour import Tour, of_records
from landfast.testing import Invoked

PIPELINE = "parcel scans"

_PARCELS = 8
_SCANS = 100
_POISON = 50


class Scene(_Scene):
    """The scene."""

    keeps = frozenset({"ParkedScans"})

    def __init__(self, tour: Tour, samples: Path) -> None:
        super().__init__(tour, samples)
        self._scans = [_scan(number) for number in range(_SCANS)]
        self._scans[_POISON]["scannedAt"] = "yesterday"
        self._good = [scan for number, scan in enumerate(self._scans) if number != _POISON]

    def play(self) -> None:
        """Put them into the stream and follow the broken one."""
        tour = self._tour
        tour.heading(f"{_SCANS} scans of {_PARCELS} parcels are put into the stream, one of them broken")
        ids = self._shop.put_records("ParcelScans", ((scan["parcelId"], _bytes(scan)) for scan in self._scans))
        told = tour.until_settled(of_records([ids[_POISON]]))
        batches = [str(len(entry.records)) for entry in told if isinstance(entry, Invoked)]
        tour.say(f"the broken one was tried {len(batches)} times, in batches of {', '.join(batches)}")
        for content in self._shop.objects("ParkedScans").values():
            tour.show("replay_scans read it back from the stream and parked it", json.loads(content))
        tour.say(f"{len(self._shop.items('ParcelHistoryTable'))} scans are in the parcels' histories")

    def landings(self) -> list[Landing]:
        """Where all of them must be."""
        history = [(one["parcelId"], one["scannedAt"], one["place"]) for one in self._shop.items("ParcelHistoryTable")]
        newest = {scan["parcelId"]: scan["scanId"] for scan in self._good}
        places = [(one["parcelId"], one["scanId"]) for one in self._shop.items("ParcelsTable")]
        parked = [json.loads(content) for content in self._shop.objects("ParkedScans").values()]
        reasons = [(base64.b64decode(one["data"]), "scannedAt" in one["reason"]["reason"]) for one in parked]
        return [
            landing(
                PIPELINE,
                len(self._good),
                "good scans",
                place="history table, once",
                wanted=[(one["parcelId"], f"{_moment(one)}#{one['scanId']}", one["place"]) for one in self._good],
                found=history,
            ),
            landing(
                PIPELINE,
                len(self._good),
                "good scans",
                place=f"parcels table, newest of {_PARCELS}",
                wanted=newest.items(),
                found=places,
            ),
            landing(
                PIPELINE,
                1,
                "broken scan",
                place="parked scans, data and reason",
                wanted=[(_bytes(self._scans[_POISON]), True)],
                found=reasons,
            ),
        ]


def _scan(number: int) -> dict[str, str]:
    """The scans of a parcel follow each other by the minute."""
    return {
        "scanId": f"S-{number}",
        "parcelId": f"A-{number % _PARCELS}",
        "status": "in_transit",
        "place": f"Depot {number // _PARCELS}",
        "scannedAt": f"2026-01-02T03:{number // _PARCELS:02}:{number % _PARCELS:02}Z",
    }


def _moment(scan: dict[str, str]) -> str:
    """The scan's time as the tables have it."""
    return scan["scannedAt"].replace("Z", ".000000+00:00")


def _bytes(scan: dict[str, str]) -> bytes:
    return json.dumps(scan).encode()
