import itertools
from collections import Counter
from collections.abc import Callable, Mapping
from typing import cast
from urllib.parse import quote, quote_plus, unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landfast.delivery.s3_events import (
    DELETE_MARKER_ETAG,
    EXAMPLE_SEQUENCER,
    ObjectEvent,
    decode_key,
    encode_key,
    is_test_event,
    normalise,
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


def moto_event(key: str, **changes: object) -> dict[str, object]:
    """What moto's server sends (s3/notifications.py of moto 5.2.5)."""
    record: dict[str, object] = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "eu-west-1",
        "eventTime": "2026-01-02T03:04:05.678Z",
        "eventName": "ObjectCreated:Put",
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "cfg-1",
            "bucket": {"name": "inbox", "arn": "arn:aws:s3:::inbox"},
            "object": {"key": quote_plus(key), "size": 16, "eTag": "232d7472010db416df31c55fdc0490a5"},
        },
    }
    return {"Records": [record | changes]}


def numbering() -> Callable[[str, str], int]:
    numbers: Counter[tuple[str, str]] = Counter()

    def following(bucket: str, key: str) -> int:
        numbers[bucket, key] += 1
        return numbers[bucket, key]

    return following


def normal(event: Mapping[str, object], settings: Settings | None = None) -> dict[str, object]:
    return normalise(event, next_sequence=numbering(), settings=settings or Settings())


def the_record(event: Mapping[str, object]) -> dict[str, object]:
    records = event["Records"]
    assert isinstance(records, list)
    return cast("dict[str, object]", records[0])


def the_object(event: Mapping[str, object]) -> dict[str, object]:
    s3 = the_record(event)["s3"]
    assert isinstance(s3, dict)
    return cast("dict[str, object]", s3["object"])


def with_object(event: dict[str, object], **changes: object) -> dict[str, object]:
    the_object(event).update(changes)
    return event


def test_s_037_the_whole_event_in_its_order() -> None:
    made = notification(PUT, Settings())
    assert made == WHOLE
    assert str(made) == str(WHOLE)


def test_s_037_a_version_id_is_there_only_in_versioned_buckets() -> None:
    versioned = ObjectEvent(name=PUT.name, bucket="inbox", key="a", region="eu-west-1", time=0, version_id="v1")
    assert list(the_object(notification(versioned, Settings()))) == ["key", "size", "eTag", "versionId", "sequencer"]


def test_s_037_an_engines_null_version_is_none() -> None:
    assert "versionId" not in the_object(normal(with_object(moto_event("a"), versionId="null")))
    assert the_object(normal(with_object(moto_event("a"), versionId="v1")))["versionId"] == "v1"


def test_s_037_what_moto_leaves_out_is_there_and_its_names_are_those_of_s3() -> None:
    made = normal(moto_event("in/a@b c.txt", eventName="s3:ObjectCreated:Put"))
    assert list(the_record(made)) == list(the_record(WHOLE))
    assert the_record(made)["eventName"] == "ObjectCreated:Put"
    assert the_object(made)["key"] == "in/a%40b+c.txt"
    assert the_record(made)["userIdentity"] == {"principalId": ""}


def test_s_037_a_right_event_stays_as_it_is() -> None:
    assert str(normal(WHOLE)) == str(WHOLE)


def test_s_037_sizes_are_numbers_and_etags_have_no_quotes() -> None:
    made = normal(with_object(moto_event("a"), size="16", eTag='"abc"'))
    assert the_object(made)["size"] == 16
    assert the_object(made)["eTag"] == "abc"


def test_s_038_u_009_the_event_version_is_a_setting() -> None:
    settings = Settings(s3_event_version="2.5")
    assert the_record(notification(PUT, settings))["eventVersion"] == "2.5"
    assert the_record(normal(moto_event("a"), settings))["eventVersion"] == "2.5"
    assert the_record(normal(moto_event("a")))["eventVersion"] == "2.1"


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


@given(keys)
def test_s_039_however_much_an_engine_encodes_the_key_ends_as_s3_has_it(key: str) -> None:
    for encoded in (quote_plus(key), quote(key), quote(key, safe="")):
        made = normal(with_object(moto_event("a"), key=encoded))
        assert the_object(made)["key"] == encode_key(key)


def test_s_039_bytes_that_are_no_text_come_back_as_they_went() -> None:
    assert encode_key(decode_key("%FFa")) == "%FFa"


def test_s_040_a_deleted_object_has_only_its_key_and_its_sequencer() -> None:
    fact = ObjectEvent(name="ObjectRemoved:Delete", bucket="b", key="k", region="eu-west-1", time=0, size=1, etag="e")
    assert list(the_object(notification(fact, Settings()))) == ["key", "sequencer"]
    assert list(the_object(normal(moto_event("k", eventName="s3:ObjectRemoved:Delete")))) == ["key", "sequencer"]


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
    assert "sequencer" not in the_object(normal(moto_event("k", eventName="s3:ObjectTagging:Put")))


@pytest.mark.parametrize("sent", [{}, {"sequencer": EXAMPLE_SEQUENCER}, {"sequencer": ""}])
def test_s_041_events_of_one_key_get_rising_sequencers_where_an_engine_has_none(sent: Mapping[str, object]) -> None:
    following = numbering()
    made = [
        the_object(normalise(with_object(moto_event(key), **sent), next_sequence=following, settings=Settings()))
        for key in ("a", "b", "a", "a")
    ]
    found = [str(item["sequencer"]) for item in made]
    assert found[0] < found[2] < found[3]
    assert found[1] == found[0]


def test_s_041_an_engines_own_sequencer_is_kept() -> None:
    assert the_object(normal(with_object(moto_event("a"), sequencer="00AB")))["sequencer"] == "00AB"


def test_s_041_an_event_that_has_no_sequencer_uses_up_no_number() -> None:
    following = numbering()
    for name in ("s3:ObjectTagging:Put", "s3:ObjectCreated:Put"):
        made = normalise(moto_event("k", eventName=name), next_sequence=following, settings=Settings())
    assert the_object(made)["sequencer"] == sequencer(1)


@given(st.lists(st.integers(0, 16**16), min_size=2, max_size=8))
def test_s_041_later_is_larger_as_text(numbers: list[int]) -> None:
    ordered = sorted(numbers)
    assert all(sequencer(one) <= sequencer(other) for one, other in itertools.pairwise(ordered))
    assert len({sequencer(number) for number in numbers}) == len(set(numbers))


def test_s_042_a_test_event_is_recognised() -> None:
    assert is_test_event({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "inbox"})
    assert not is_test_event(WHOLE)


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"Event": "s3:TestEvent"},
        {"Records": []},
        {"Records": "x"},
        {"Records": [1]},
        {"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": {}}}]},
        {"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": "k"}}}]},
        with_object(moto_event("k"), size="many"),
    ],
)
def test_what_is_no_notification_is_refused(event: Mapping[str, object]) -> None:
    with pytest.raises(ValueError, match=r"^not an S3 notification: "):
        normal(event)


def test_the_given_event_is_not_changed() -> None:
    event = moto_event("in/a b")
    before = str(event)
    normal(event)
    assert str(event) == before
