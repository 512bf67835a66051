import itertools
from collections.abc import Mapping
from typing import cast
from urllib.parse import unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landfast.delivery.s3_events import (
    DELETE_MARKER_ETAG,
    ObjectEvent,
    decode_key,
    encode_key,
    notification,
    sequencer,
)
from landfast.delivery.settings import Settings

PUT = ObjectEvent(
    name="s3:ObjectCreated:Put",
    bucket="inbox",
    key="in/a@b c.txt",
    region="eu-west-1",
    time=1767323045.678,
    sequence=7,
    size=16,
    etag="232d7472010db416df31c55fdc0490a5",
    configuration_id="cfg-1",
    principal_id="AWS:AIDAEXAMPLE",
    source_ip="203.0.113.7",
    request_id="ABC123",
    host_id="host-id",
    owner_id="A1B2",
)

WHOLE = {
    "Records": [
        {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": "eu-west-1",
            "eventTime": "2026-01-02T03:04:05.678Z",
            "eventName": "ObjectCreated:Put",
            "userIdentity": {"principalId": "AWS:AIDAEXAMPLE"},
            "requestParameters": {"sourceIPAddress": "203.0.113.7"},
            "responseElements": {"x-amz-request-id": "ABC123", "x-amz-id-2": "host-id"},
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": "cfg-1",
                "bucket": {
                    "name": "inbox",
                    "ownerIdentity": {"principalId": "A1B2"},
                    "arn": "arn:aws:s3:::inbox",
                },
                "object": {
                    "key": "in/a%40b+c.txt",
                    "size": 16,
                    "eTag": "232d7472010db416df31c55fdc0490a5",
                    "sequencer": "000000000000000007",
                },
            },
        }
    ]
}

keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


def the_record(event: Mapping[str, object]) -> dict[str, object]:
    records = event["Records"]
    assert isinstance(records, list)
    return cast("dict[str, object]", records[0])


def the_object(event: Mapping[str, object]) -> dict[str, object]:
    s3 = the_record(event)["s3"]
    assert isinstance(s3, dict)
    return cast("dict[str, object]", s3["object"])


def test_s_037_the_whole_event_in_its_order() -> None:
    made = notification(PUT, Settings())
    assert made == WHOLE
    assert str(made) == str(WHOLE)


def test_s_037_a_version_id_is_there_only_in_versioned_buckets() -> None:
    versioned = ObjectEvent(name=PUT.name, bucket="inbox", key="a", region="eu-west-1", time=0, version_id="v1")
    assert list(the_object(notification(versioned, Settings()))) == ["key", "size", "eTag", "versionId", "sequencer"]


def test_s_037_a_null_version_is_none() -> None:
    null = ObjectEvent(name=PUT.name, bucket="inbox", key="a", region="eu-west-1", time=0, version_id="null")
    assert "versionId" not in the_object(notification(null, Settings()))


@pytest.mark.parametrize("name", ["ObjectCreated:Put", "s3:ObjectCreated:Put"])
def test_s_037_names_have_no_prefix(name: str) -> None:
    fact = ObjectEvent(name=name, bucket="inbox", key="a", region="eu-west-1", time=0)
    assert the_record(notification(fact, Settings()))["eventName"] == "ObjectCreated:Put"


@pytest.mark.parametrize(("encoded", "key"), [("in%2Fa%20b", "in/a b"), ("in/a+b", "in/a b"), ("%zz%4", "%zz%4")])
def test_s_039_a_key_may_be_encoded_more_or_less_than_it_needs(encoded: str, key: str) -> None:
    assert decode_key(encoded) == key


def test_s_038_u_009_the_event_version_is_a_setting() -> None:
    settings = Settings(s3_event_version="2.5")
    assert the_record(notification(PUT, settings))["eventVersion"] == "2.5"


@pytest.mark.parametrize("name", ["ObjectTagging:Put", "ObjectTagging:Delete", "ObjectAcl:Put"])
def test_s_038_events_about_tags_and_access_lists_are_ahead_of_a_version_that_is_not_common_to_all(name: str) -> None:
    """Recorded of AWS by localstack (test_s3_notifications_sqs): 2.3, when those of puts had 2.1."""
    fact = ObjectEvent(name=name, bucket="b", key="k", region="eu-west-1", time=0, size=1, etag="e")
    assert the_record(notification(fact, Settings()))["eventVersion"] == "2.3"
    assert the_record(notification(fact, Settings(s3_event_version="2.4")))["eventVersion"] == "2.4"
    assert the_record(notification(fact, Settings(s3_event_version="2.10")))["eventVersion"] == "2.10"


@pytest.mark.parametrize(
    ("key", "encoded"),
    [
        ("a@b", "a%40b"),
        ("a b", "a+b"),
        ("a+b", "a%2Bb"),
        ("in/2026/a.txt", "in/2026/a.txt"),
        ("é", "%C3%A9"),
        ("100%", "100%25"),
        ("a (1)_-.txt", "a+%281%29_-.txt"),
    ],
)
def test_s_039_keys_are_encoded_with_a_plus_for_a_space_and_slashes_as_they_are(key: str, encoded: str) -> None:
    assert encode_key(key) == encoded
    assert decode_key(encoded) == key


@given(keys)
def test_s_039_every_key_comes_back_with_unquote_plus(key: str) -> None:
    assert unquote_plus(encode_key(key)) == key
    assert decode_key(encode_key(key)) == key


def test_s_039_bytes_that_are_no_text_come_back_as_they_went() -> None:
    assert encode_key(decode_key("%FFa")) == "%FFa"


def test_s_040_a_deleted_object_has_only_its_key_and_its_sequencer() -> None:
    fact = ObjectEvent(name="ObjectRemoved:Delete", bucket="b", key="k", region="eu-west-1", time=0, size=1, etag="e")
    assert list(the_object(notification(fact, Settings()))) == ["key", "sequencer"]


def test_s_040_a_delete_marker_has_the_empty_etag_and_its_version() -> None:
    fact = ObjectEvent(
        name="ObjectRemoved:DeleteMarkerCreated", bucket="b", key="k", region="eu-west-1", time=0, version_id="v2"
    )
    assert the_object(notification(fact, Settings())) == {
        "key": "k",
        "eTag": DELETE_MARKER_ETAG,
        "versionId": "v2",
        "sequencer": "000000000000000000",
    }


def test_s_041_a_restored_object_is_as_whole_as_a_new_one() -> None:
    """Recorded of AWS by localstack (`test_restore_object`)."""
    fact = ObjectEvent(name="ObjectRestore:Post", bucket="b", key="k", region="eu-west-1", time=0, size=1, etag="e")
    assert list(the_object(notification(fact, Settings()))) == ["key", "size", "eTag", "sequencer"]


def test_s_041_only_puts_and_deletes_have_a_sequencer() -> None:
    tagged = ObjectEvent(name="ObjectTagging:Put", bucket="b", key="k", region="eu-west-1", time=0, size=1, etag="e")
    assert list(the_object(notification(tagged, Settings()))) == ["key", "eTag"]


@given(st.lists(st.integers(0, 16**16), min_size=2, max_size=8))
def test_s_041_later_is_larger_as_text(numbers: list[int]) -> None:
    ordered = sorted(numbers)
    assert all(sequencer(one) <= sequencer(other) for one, other in itertools.pairwise(ordered))
    assert len({sequencer(number) for number in numbers}) == len(set(numbers))
