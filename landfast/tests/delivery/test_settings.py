"""The points that AWS does not document, as settings."""

from dataclasses import fields

import pytest

from landfast.delivery.errors import Refused
from landfast.delivery.settings import IDS, Backoff, Bisect, OversizedRecords, Settings, from_ids


def test_every_setting_has_an_id_of_its_own() -> None:
    assert list(IDS) == [f"U-{number}" for number in range(1, 33)]
    assert sorted(IDS.values()) == sorted(field.name for field in fields(Settings))


def test_the_ids_are_those_of_the_reference_and_not_the_order_of_the_fields() -> None:
    assert (IDS["U-13"], IDS["U-20"], IDS["U-31"]) == ("stream_backoff", "extend_visibility", "cidr_patterns")


def test_parts_that_are_not_given_keep_their_defaults() -> None:
    assert from_ids({"U-13": {"factor": 3}}).stream_backoff == Backoff(base=1, factor=3, cap=12)
    assert from_ids({"U-14": {"counter": "kept"}}).bisect == Bisect(counter="kept")
    assert from_ids({"U-24": False}).oversized_records == OversizedRecords(drop=False)
    assert from_ids({"U-24": {"condition": "TooLarge"}}).oversized_records == OversizedRecords(condition="TooLarge")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("U-0", 1),
        ("U-33", True),
        ("stream_backoff", {}),
        ("U-1", 1),
        ("U-1", "yes"),
        ("U-5", -1),
        ("U-5", 1.5),
        ("U-5", 10**400),
        ("U-9", 2.1),
        ("U-13", 5),
        ("U-13", {"cap": 0}),
        ("U-13", {"cap": True}),
        ("U-13", {"factor": 1e300}),
        ("U-13", {"floor": 1}),
        ("U-14", True),
        ("U-14", {"order": "right"}),
        ("U-14", {"order": ["left"]}),
        ("U-14", {"middle": 1}),
        ("U-24", "drop"),
        ("U-24", {"drop": 1}),
        ("U-27", None),
        ("U-27", float("inf")),
    ],
)
def test_a_setting_that_cannot_be_is_refused_by_its_id(name: str, value: object) -> None:
    with pytest.raises(Refused) as refused:
        from_ids({name: value})
    assert refused.value.field == f"settings.{name}"
