"""Notification configurations of buckets.

Texts of refusals were recorded of AWS by localstack (tests/aws/services/s3/test_s3_notifications_sqs) and are those of
S-42; what overlaps is from the S3 guide, "Configuring event notifications using object key name filtering".
"""

import botocore.loaders
import pytest

from landfast.sources.notifications import EVENTS, Configuration, InvalidArgument, Notification, check

QUEUE = "arn:aws:sqs:eu-west-1:123456789012:orders"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:news"
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:handle"
CREATED, REMOVED = "s3:ObjectCreated:*", "s3:ObjectRemoved:*"


def told(*events: str, arn: str = QUEUE, identity: str = "", **filters: str) -> Notification:
    return Notification(arn=arn, events=events or (CREATED,), filters=tuple(filters.items()), id=identity)


def refusal(*notifications: Notification) -> InvalidArgument:
    with pytest.raises(InvalidArgument) as caught:
        check(Configuration(notifications=notifications))
    assert caught.value.code == "InvalidArgument"
    return caught.value


def test_s_142_the_events_are_those_of_the_api() -> None:
    model = botocore.loaders.Loader().load_service_model("s3", "service-2")
    assert set(model["shapes"]["Event"]["enum"]) >= EVENTS


@pytest.mark.parametrize(
    ("arn", "kind"),
    [
        (QUEUE, "queue"),
        (TOPIC, "topic"),
        (FUNCTION, "function"),
        (f"{FUNCTION}:live", "function"),
        ("orders", None),
        ("arn:aws:sqs:eu-west-1:123456789012", None),
        ("arn:aws:sqs::123456789012:orders", None),
        ("arn:aws:sqs:eu-west-1:123456789012:", None),
        ("arn:aws:kinesis:eu-west-1:123456789012:stream/clicks", None),
    ],
)
def test_s_042_a_target_is_what_its_arn_says(arn: str, kind: str | None) -> None:
    assert told(arn=arn).kind == kind


def test_s_042_unknown_events_are_refused() -> None:
    found = refusal(told("s3:ObjectCreated:Put", "s3:ObjectEaten:Whole"))
    assert found.message == "A specified event is not supported for notifications."
    assert found.further == {"ArgumentName": "Event", "ArgumentValue": "s3:ObjectEaten:Whole"}


def test_s_042_filters_are_prefixes_and_suffixes_one_of_each() -> None:
    check(Configuration(notifications=(told(prefix="in/", suffix=".txt"),)))
    found = refusal(told(INVALID="x"))
    assert found.message == "filter rule name must be either prefix or suffix"
    assert found.further == {"ArgumentName": "FilterRule.Name", "ArgumentValue": "INVALID"}
    for name in ("prefix", "suffix"):
        twice = Notification(arn=QUEUE, events=(CREATED,), filters=((name, "a"), (name, "b")))
        assert refusal(twice).message == f"Cannot specify more than one {name} rule in a filter."


def test_s_042_a_filter_has_1024_bytes() -> None:
    check(Configuration(notifications=(told(prefix="a" * 1024),)))
    found = refusal(told(prefix="é" * 513))
    assert found.message == "Size of filter rule value cannot exceed 1024 bytes in UTF-8 representation"


def test_s_042_ids_are_unique() -> None:
    one, other = told(REMOVED, identity="a"), told(CREATED, identity="a")
    assert refusal(one, other).message == "Same ID used for multiple configurations. IDs must be unique"
    check(Configuration(notifications=(told(REMOVED), told(CREATED))))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (told(CREATED, prefix="images/"), told(CREATED, prefix="logs/", arn=TOPIC)),
        (told(CREATED, suffix=".jpg"), told(CREATED, suffix=".png")),
        (told(CREATED, prefix="images", suffix=".jpg"), told(CREATED, prefix="images", suffix=".png")),
        (told(CREATED), told(REMOVED)),
        (told("s3:ObjectCreated:Put"), told("s3:ObjectCreated:Copy", arn=FUNCTION)),
    ],
)
def test_s_042_notifications_that_cannot_meet_may_stand_side_by_side(one: Notification, other: Notification) -> None:
    check(Configuration(notifications=(one, other)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (told(CREATED, prefix="images"), told(CREATED, prefix="images/2026")),
        (told(CREATED, suffix=".jpg"), told(CREATED, suffix="jpg")),
        (told(CREATED), told(CREATED, suffix=".jpg")),
        (told(CREATED, prefix="images"), told(CREATED, suffix=".jpg")),
        (told(CREATED, prefix="a b"), told(CREATED, prefix="a+b/c")),
    ],
)
def test_s_042_notifications_that_overlap_are_refused(one: Notification, other: Notification) -> None:
    assert refusal(one, other).message == (
        "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are "
        "overlapping for the same event type."
    )


@pytest.mark.parametrize("event", [CREATED, "s3:ObjectCreated:Put"])
def test_s_042_notifications_without_filters_share_no_event(event: str) -> None:
    expected = "Configurations overlap. Configurations on the same bucket cannot share a common event type."
    assert refusal(told(CREATED), told(event, arn=TOPIC)).message == expected
    assert refusal(told(event), told(CREATED, arn=TOPIC)).message == expected


@pytest.mark.parametrize(
    ("named", "event", "matches"),
    [
        (CREATED, "ObjectCreated:Put", True),
        (CREATED, "ObjectRemoved:Delete", False),
        ("s3:ObjectCreated:Put", "ObjectCreated:Put", True),
        ("s3:ObjectCreated:Put", "ObjectCreated:Post", False),
        (REMOVED, "ObjectRemoved:DeleteMarkerCreated", True),
        ("s3:ObjectRemoved:Delete", "ObjectRemoved:DeleteMarkerCreated", False),
    ],
)
def test_s_142_a_target_is_told_what_it_asked_for(named: str, event: str, *, matches: bool) -> None:
    assert told(named).matches(event, "a") is matches


@pytest.mark.parametrize(
    ("key", "matches"),
    [("in/a.txt", True), ("in/.txt", True), ("in/a.jpg", False), ("out/a.txt", False), ("IN/a.txt", False)],
)
def test_s_142_filters_are_for_the_beginning_and_the_end_of_keys(key: str, *, matches: bool) -> None:
    assert told(prefix="in/", suffix=".txt").matches("ObjectCreated:Put", key) is matches


@pytest.mark.parametrize(("prefix", "key"), [("a+b", "a b"), ("a%2Bb", "a+b"), ("%C3%A9", "é"), ("é", "é")])
def test_s_142_filters_are_encoded_as_keys_in_events_are(prefix: str, key: str) -> None:
    assert told(prefix=prefix).matches("ObjectCreated:Put", f"{key}/c")


def test_who_is_told_nothing_is_known_before_the_key_is() -> None:
    configuration = Configuration(notifications=(told(REMOVED, prefix="in/"),))
    assert configuration.tells(["ObjectRemoved:Delete"], "in/a")
    assert configuration.tells(["ObjectCreated:Put", "ObjectRemoved:Delete"], None)
    assert not configuration.tells(["ObjectRemoved:Delete"], "out/a")
    assert not configuration.tells(["ObjectCreated:Put"], "in/a")
    assert Configuration(event_bus=True).tells(["ObjectCreated:Put"], "any")


def test_ids_are_made_where_none_is_given() -> None:
    made = Configuration(notifications=(told(identity="mine"), told(REMOVED))).with_ids(iter(["one", "two"]))
    assert [each.id for each in made.notifications] == ["mine", "one"]
