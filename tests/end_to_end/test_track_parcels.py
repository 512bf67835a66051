"""Parcel scans, by their sample event."""

from landfast.testing import Stack
from tests.samples import event


def test_the_sample_scans_move_their_parcels_once_however_often_they_are_sent(landfast: Stack) -> None:
    for _ in range(2):
        answer = landfast.function("TrackParcels").invoke(event("track_parcels"))
        assert answer.payload == {"batchItemFailures": []}
    places = {item["parcelId"]: item["place"] for item in landfast.table("ParcelsTable").items()}
    assert places == {"A-1001-1": "Kassel", "A-1002-1": "Hannover"}
    assert len(landfast.table("ParcelHistoryTable").items()) == 3
