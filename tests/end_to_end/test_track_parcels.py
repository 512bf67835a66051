"""Parcel scans, by their sample event."""

from tests.end_to_end.conftest import RunningShop


def test_the_sample_scans_move_their_parcels_once_however_often_they_are_sent(shop: RunningShop) -> None:
    for _ in range(2):
        assert shop.invoked("track_parcels")["payload"] == {"batchItemFailures": []}
    places = {item["parcelId"]: item["place"] for item in shop.items("ParcelsTable")}
    assert places == {"A-1001-1": "Kassel", "A-1002-1": "Hannover"}
    assert len(shop.items("ParcelHistoryTable")) == 3
