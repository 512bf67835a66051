"""Which S3 calls make which events, with moto's S3 behind.

What AWS sends for which call was recorded by localstack (tests/aws/services/s3/test_s3_notifications_sqs) where nothing
else is said, and is S-142.
"""

import asyncio
import json
from typing import Any

import pytest

from landfast.aws_errors import AwsError
from landfast.delivery.s3_events import DELETE_MARKER_ETAG
from landfast.eventplane import notification_xml
from landfast.eventplane.passing import EngineAnswer
from landfast.journal import Dropped
from landfast.sources.notifications import Configuration, Notification
from tests.eventplane.fanout import ACCOUNT, REGION, arn
from tests.eventplane.s3_engine import S3, GoneError, KilledError, raising
from tests.eventplane.world import START

QUEUE, TOPIC = arn("sqs", "orders"), arn("sns", "news")
FUNCTION = arn("lambda", "function:handle")
BUS = arn("events", "event-bus/default")
EVERYTHING = (
    "s3:ObjectCreated:*",
    "s3:ObjectRemoved:*",
    "s3:ObjectTagging:*",
    "s3:ObjectAcl:Put",
    "s3:ObjectRestore:*",
)
HELLO = "5d41402abc4b2a76b9719d911017c592"
TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793"


def told(*targets: str, events: tuple[str, ...] = EVERYTHING, **filters: str) -> Configuration:
    """Targets beside the first are told about other keys: S3 takes no two that could meet."""
    return Configuration(
        notifications=tuple(
            Notification(arn=each, events=events, filters=tuple(filters.items()), id=f"cfg-{number}")
            for number, each in enumerate(targets)
        )
    )


def bucket(configuration: Configuration | None = None, name: str = "inbox", s3: S3 | None = None) -> S3:
    """A bucket that tells a queue everything, if nothing else is said; its test event is forgotten."""
    made = s3 or S3()
    made("PUT", f"/{name}")
    tell(made, configuration or told(QUEUE), name)
    return made


def tell(s3: S3, configuration: Configuration, name: str = "inbox") -> None:
    assert s3("PUT", f"/{name}?notification", notification_xml.write(configuration)).status == 200
    s3.recorder.taken.clear()


def records(s3: S3, target: str = QUEUE) -> list[Any]:
    return [record for sent in s3.recorder.sent_to(target) for record in json.loads(sent.body)["Records"]]


def events(s3: S3) -> list[tuple[str, str]]:
    return [(record["eventName"], record["s3"]["object"]["key"]) for record in records(s3)]


def objects(s3: S3) -> list[Any]:
    return [record["s3"]["object"] for record in records(s3)]


def with_versions(s3: S3) -> S3:
    s3("PUT", "/inbox?versioning", b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>")
    return s3


def deletion(*keys: str, version: str = "", quiet: bool = False) -> bytes:
    named = f"<VersionId>{version}</VersionId>" if version else ""
    inner = "".join(f"<Object><Key>{key}</Key>{named}</Object>" for key in keys)
    return f"<Delete>{inner}{'<Quiet>true</Quiet>' if quiet else ''}</Delete>".encode()


def test_s_142_a_put_tells_what_was_put() -> None:
    s3 = bucket()
    answer = s3("PUT", "/inbox/in/a%20b.txt", b"hello", x_amzn_trace_id=TRACE)
    assert answer.status == 200
    [sent] = s3.recorder.sent_to(QUEUE)
    assert (sent.trace, sent.origin, sent.subject) == (TRACE, "s3://inbox/in/a b.txt", None)
    [record] = records(s3)
    assert record["eventName"] == "ObjectCreated:Put"
    assert record["awsRegion"] == REGION
    assert record["s3"]["configurationId"] == "cfg-0"
    assert record["s3"]["object"] == {
        "key": "in/a+b.txt",
        "size": 5,
        "eTag": HELLO,
        "sequencer": f"{int(START * 1e9):018X}",
    }
    assert s3.engine.asked[-1] == ("PUT", "/inbox/in/a%20b.txt")
    assert s3.intents == []


def test_s_142_every_kind_of_target_is_told() -> None:
    s3 = bucket(told(QUEUE))
    tell(
        s3,
        Configuration(
            notifications=(
                Notification(arn=QUEUE, events=EVERYTHING, filters=(("suffix", ".q"),)),
                Notification(arn=TOPIC, events=EVERYTHING, filters=(("suffix", ".t"),)),
                Notification(arn=FUNCTION, events=EVERYTHING, filters=(("suffix", ".f"),)),
            ),
            event_bus=True,
        ),
    )
    for key in ("a.q", "a.t", "a.f", "a.x"):
        s3("PUT", f"/inbox/{key}", b"hello", x_amzn_trace_id=TRACE)
    assert [target for target, _ in s3.recorder.taken] == [QUEUE, BUS, TOPIC, BUS, FUNCTION, BUS, BUS]
    [topics] = s3.recorder.sent_to(TOPIC)
    assert topics.subject == "Amazon S3 Notification"
    assert json.loads(topics.body)["Records"][0]["s3"]["object"]["key"] == "a.t"
    [functions] = s3.recorder.sent_to(FUNCTION)
    assert json.loads(functions.body)["Records"][0]["s3"]["object"]["key"] == "a.f"
    bus = s3.recorder.sent_to(BUS)[0]
    assert bus.entry is not None
    assert bus.entry["source"] == "aws.s3"
    assert bus.entry["account"] == ACCOUNT
    assert bus.entry["detail"]["object"]["key"] == "a.q"
    assert bus.trace == TRACE


def test_s_036_a_put_succeeds_whatever_becomes_of_the_functions_event() -> None:
    """S3 invokes functions asynchronously: their event is handed over, and nobody waits for what they do with it."""
    s3 = bucket(told(FUNCTION))
    assert s3("PUT", "/inbox/a", b"hello").status == 200
    assert len(records(s3, FUNCTION)) == 1
    s3.recorder.refusals[FUNCTION] = AwsError("ResourceNotFoundException", "Function not found", status=404)
    assert s3("PUT", "/inbox/a", b"hello").status == 200
    assert [type(note) for note in s3.world.notes] == [Dropped]


def test_s_142_nobody_is_told_what_passes_no_filter_and_the_engine_is_asked_nothing() -> None:
    s3 = bucket(told(QUEUE, events=("s3:ObjectCreated:Copy",), prefix="in/"))
    s3.engine.asked.clear()
    s3("PUT", "/inbox/in/a", b"hello")
    s3("PUT", "/inbox/out/a", b"", x_amz_copy_source="/inbox/in/a")
    s3("PUT", "/outbox")
    s3("PUT", "/outbox/in/a", b"hello")
    assert s3.recorder.taken == []
    assert not any(method == "HEAD" for method, _ in s3.engine.asked)


def test_s_142_a_copy_tells_about_the_copy() -> None:
    s3 = bucket()
    s3("PUT", "/inbox/a", b"hello")
    s3("PUT", "/inbox/b", b"", x_amz_copy_source="/inbox/a")
    assert events(s3) == [("ObjectCreated:Put", "a"), ("ObjectCreated:Copy", "b")]
    assert (objects(s3)[1]["size"], objects(s3)[1]["eTag"]) == (5, HELLO)


def test_s_142_a_multipart_upload_tells_only_its_completion() -> None:
    s3 = bucket()
    upload = s3("POST", "/inbox/big?uploads").content.decode().partition("<UploadId>")[2].partition("<")[0]
    part = s3("PUT", f"/inbox/big?partNumber=1&uploadId={upload}", b"hello")
    tag = part.headers["ETag"]
    done = f"<Part><PartNumber>1</PartNumber><ETag>{tag}</ETag></Part>"
    s3("POST", f"/inbox/big?uploadId={upload}", f"<CompleteMultipartUpload>{done}</CompleteMultipartUpload>".encode())
    assert events(s3) == [("ObjectCreated:CompleteMultipartUpload", "big")]
    assert objects(s3)[0]["size"] == 5
    assert objects(s3)[0]["eTag"].endswith("-1")


def test_s_142_a_forms_upload_is_a_post() -> None:
    s3 = bucket()
    body = (
        b'--edge\r\nContent-Disposition: form-data; name="key"\r\n\r\nin/${filename}\r\n'
        b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n'
        b"Content-Type: text/plain\r\n\r\nhello\r\n--edge--\r\n"
    )
    s3("POST", "/inbox", body, content_type="multipart/form-data; boundary=edge")
    assert events(s3) == [("ObjectCreated:Post", "in/a.txt")]
    assert (objects(s3)[0]["size"], objects(s3)[0]["eTag"]) == (5, HELLO)


def test_s_142_deletions_are_told_also_of_keys_that_were_not_there() -> None:
    s3 = bucket()
    s3("PUT", "/inbox/a", b"hello")
    s3("DELETE", "/inbox/a")
    s3("DELETE", "/inbox/never")
    assert events(s3)[1:] == [("ObjectRemoved:Delete", "a"), ("ObjectRemoved:Delete", "never")]
    assert [list(each) for each in objects(s3)[1:]] == [["key", "sequencer"]] * 2


@pytest.mark.parametrize("quiet", [False, True])
def test_s_142_every_deleted_key_is_told(*, quiet: bool) -> None:
    s3 = bucket()
    s3("PUT", "/inbox/a", b"hello")
    if quiet:
        s3.engine.scripted["POST", "/inbox?delete"] = EngineAnswer(200, {}, b"<DeleteResult/>")
    s3("POST", "/inbox?delete", deletion("a", "b c", "d", quiet=quiet))
    assert events(s3)[1:] == [("ObjectRemoved:Delete", key) for key in ("a", "b+c", "d")]


def test_s_142_keys_that_could_not_be_deleted_are_not_told() -> None:
    s3 = bucket()
    error = b"<DeleteResult><Error><Key>a</Key><Code>AccessDenied</Code></Error></DeleteResult>"
    s3.engine.scripted["POST", "/inbox?delete"] = EngineAnswer(200, {}, error)
    s3("POST", "/inbox?delete", deletion("a", "b", quiet=True))
    assert events(s3) == [("ObjectRemoved:Delete", "b")]


def test_s_142_in_a_bucket_with_versions_a_deletion_makes_a_marker_and_one_of_a_version_does_not() -> None:
    s3 = with_versions(bucket())
    version = s3("PUT", "/inbox/a", b"hello").headers["x-amz-version-id"]
    marker = s3("DELETE", "/inbox/a").headers["x-amz-version-id"]
    s3("DELETE", f"/inbox/a?versionId={version}")
    s3("DELETE", f"/inbox/a?versionId={marker}")
    assert [name for name, _ in events(s3)] == [
        "ObjectCreated:Put",
        "ObjectRemoved:DeleteMarkerCreated",
        "ObjectRemoved:Delete",
        "ObjectRemoved:Delete",
    ]
    put, marked, *deleted = objects(s3)
    assert put["versionId"] == version
    assert marked["versionId"] == marker
    assert marked["eTag"] == DELETE_MARKER_ETAG
    assert [each["versionId"] for each in deleted] == [version, marker]


def test_s_142_several_deletions_in_a_bucket_with_versions_make_markers_or_delete_versions() -> None:
    s3 = with_versions(bucket())
    version = s3("PUT", "/inbox/a", b"hello").headers["x-amz-version-id"]
    s3("POST", "/inbox?delete", deletion("a"))
    s3("POST", "/inbox?delete", deletion("a", version=version))
    assert [name for name, _ in events(s3)[1:]] == ["ObjectRemoved:DeleteMarkerCreated", "ObjectRemoved:Delete"]
    assert objects(s3)[1]["versionId"] not in {"", version}
    assert objects(s3)[2]["versionId"] == version


def test_s_142_a_deleted_marker_is_a_deleted_version() -> None:
    """S3 says of it that it is a marker (S3 API, `DeleteObject`); moto does not."""
    s3 = bucket()
    headers = {"x-amz-delete-marker": "true", "x-amz-version-id": "m1"}
    s3.engine.scripted["DELETE", "/inbox/a?versionId=m1"] = EngineAnswer(204, headers, b"")
    s3("DELETE", "/inbox/a?versionId=m1")
    told = b"<Key>a</Key><VersionId>m2</VersionId><DeleteMarker>true</DeleteMarker>"
    told += b"<DeleteMarkerVersionId>m2</DeleteMarkerVersionId>"
    answer = EngineAnswer(200, {}, b"<DeleteResult><Deleted>" + told + b"</Deleted></DeleteResult>")
    s3.engine.scripted["POST", "/inbox?delete"] = answer
    s3("POST", "/inbox?delete", deletion("a", version="m2"))
    assert events(s3) == [("ObjectRemoved:Delete", "a")] * 2
    assert [each["versionId"] for each in objects(s3)] == ["m1", "m2"]


def test_s_142_a_marker_that_the_engine_does_not_tell_is_asked_for() -> None:
    s3 = with_versions(bucket())
    s3("PUT", "/inbox/a", b"hello")
    s3("DELETE", "/inbox/a")
    s3.engine.scripted["POST", "/inbox?delete"] = EngineAnswer(200, {}, b"<DeleteResult/>")
    s3("POST", "/inbox?delete", deletion("a", quiet=True))
    assert events(s3)[-1] == ("ObjectRemoved:DeleteMarkerCreated", "a")
    assert objects(s3)[-1]["versionId"] == objects(s3)[-2]["versionId"]


def test_s_142_tags_are_told_of_when_they_are_set_and_deleted_and_not_with_a_put() -> None:
    s3 = bucket()
    s3("PUT", "/inbox/a", b"hello", x_amz_tagging="a=b")
    s3("PUT", "/inbox/a?tagging", b"<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>")
    s3("DELETE", "/inbox/a?tagging")
    assert [name for name, _ in events(s3)] == ["ObjectCreated:Put", "ObjectTagging:Put", "ObjectTagging:Delete"]
    assert objects(s3)[1:] == [{"key": "a", "eTag": HELLO}] * 2


def test_s_142_an_access_list_is_told_of_when_it_changes() -> None:
    s3 = bucket()
    s3("PUT", "/inbox/a", b"hello")
    s3("PUT", "/inbox/a?acl", b"", x_amz_acl="public-read")
    s3("PUT", "/inbox/a?acl", b"", x_amz_acl="public-read")
    assert [name for name, _ in events(s3)] == ["ObjectCreated:Put", "ObjectAcl:Put"]
    assert objects(s3)[1] == {"key": "a", "eTag": HELLO}
    assert s3.intents == []


def test_s_142_a_restore_is_told_of_when_it_begins() -> None:
    s3 = bucket()
    s3("PUT", "/inbox/a", b"hello", x_amz_storage_class="GLACIER")
    answer = s3("POST", "/inbox/a?restore", b"<RestoreRequest><Days>1</Days></RestoreRequest>")
    assert answer.status == 202
    assert events(s3)[1:] == [("ObjectRestore:Post", "a")]
    assert list(objects(s3)[1]) == ["key", "size", "eTag", "sequencer"]


def test_s_142_what_the_engine_refuses_is_not_told() -> None:
    s3 = bucket()
    assert s3("PUT", "/inbox/b", b"", x_amz_copy_source="/inbox/none").status == 404
    assert s3("PUT", "/inbox/none?tagging", b"<Tagging><TagSet/></Tagging>").status == 404
    s3.engine.scripted["PUT", "/inbox/c"] = EngineAnswer(200, {}, b"<Error><Code>InternalError</Code></Error>")
    s3("PUT", "/inbox/c", b"", x_amz_copy_source="/inbox/a")
    assert s3.recorder.taken == []
    assert s3.intents == []


def test_s_142_a_form_that_names_no_key_is_left_to_the_engine() -> None:
    s3 = bucket()
    s3.engine.scripted["POST", "/inbox"] = EngineAnswer(400, {}, b"<Error><Code>MalformedPOSTRequest</Code></Error>")
    assert s3("POST", "/inbox", b"no form", content_type="multipart/form-data; boundary=x").status == 400
    assert s3.engine.asked[-1] == ("POST", "/inbox")
    assert s3.recorder.taken == []


def test_s_142_the_size_of_a_chunked_upload_is_that_of_its_content() -> None:
    s3 = bucket()
    s3.engine.scripted["PUT", "/inbox/a"] = EngineAnswer(200, {"ETag": f'"{HELLO}"'}, b"")
    chunked = "aws-chunked"
    s3("PUT", "/inbox/a", b"5;..hello..", content_encoding=chunked, x_amz_decoded_content_length="5")
    assert objects(s3)[0]["size"] == 5


def test_s_142_the_engine_is_asked_for_a_size_that_nobody_tells() -> None:
    s3 = bucket()
    s3.engine.scripted["PUT", "/inbox/a"] = EngineAnswer(200, {"ETag": '"e"'}, b"")
    s3.engine.scripted["HEAD", "/inbox/a"] = EngineAnswer(200, {"ETag": '"e"', "Content-Length": "7"}, b"")
    s3("PUT", "/inbox/a", b"..", content_encoding="aws-chunked")
    assert objects(s3)[0]["size"] == 7


def test_s_142_a_bucket_may_be_named_by_the_host() -> None:
    s3 = bucket()
    assert s3("PUT", "/in/a", b"hello", host="inbox.localhost").status == 200
    assert events(s3) == [("ObjectCreated:Put", "in/a")]


def test_s_041_events_of_a_bucket_have_rising_sequencers_also_when_the_clock_goes_back() -> None:
    s3 = bucket()
    for _ in range(2):
        s3("PUT", "/inbox/a", b"hello")
    s3.world.pass_until(START + 10)
    s3("DELETE", "/inbox/a")
    s3 = s3.restarted()
    s3.world._now = START
    s3("PUT", "/inbox/a", b"hello")
    found = [each["sequencer"] for each in objects(s3)]
    assert found == sorted(set(found))
    assert found[2] == f"{int((START + 10) * 1e9):018X}"


def test_s_142_what_a_target_refuses_is_in_the_journal() -> None:
    s3 = bucket()
    s3.recorder.refusals[QUEUE] = AwsError("QueueDoesNotExist", "The specified queue does not exist.")
    assert s3("PUT", "/inbox/a", b"hello").status == 200
    [note] = s3.world.notes
    assert isinstance(note, Dropped)
    assert (note.source, note.records, note.metric) == ("bucket inbox", ("s3://inbox/a",), "NotificationRefused")
    assert note.error == f"{QUEUE}: QueueDoesNotExist: The specified queue does not exist."


def test_s_142_a_deleted_bucket_tells_nothing_any_more() -> None:
    s3 = bucket()
    s3("PUT", "/inbox/a", b"hello")
    assert s3("DELETE", "/inbox").status == 409
    s3("DELETE", "/inbox/a")
    assert len(records(s3)) == 2
    assert s3("DELETE", "/inbox").status == 204
    assert not [key for kind, _, key in s3.world.kept if kind == "s3"]
    s3("PUT", "/inbox")
    s3("PUT", "/inbox/a", b"hello")
    assert len(records(s3)) == 2


def test_s_142_an_intent_is_kept_before_the_engine_does_anything() -> None:
    s3 = bucket()
    seen: list[int] = []
    s3.engine.before = lambda: seen.append(len(s3.intents))
    s3("PUT", "/inbox/a", b"hello")
    assert seen == [1]


@pytest.mark.parametrize(
    ("method", "target", "event"),
    [
        ("PUT", "/inbox/a", "ObjectCreated:Put"),
        ("DELETE", "/inbox/a", "ObjectRemoved:Delete"),
        ("PUT", "/inbox/a?acl", "ObjectAcl:Put"),
    ],
)
def test_s_142_no_event_is_lost_when_the_service_is_killed_after_the_engine_did_it(
    method: str, target: str, event: str
) -> None:
    s3 = bucket()
    s3("PUT", "/inbox/a", b"hello")
    s3.recorder.taken.clear()
    with raising(s3.engine, "after", KilledError()), pytest.raises(KilledError):
        s3(method, target, b"hello" if method == "PUT" else b"", x_amzn_trace_id=TRACE)
    assert s3.recorder.taken == []
    s3 = s3.restarted()
    s3.recover()
    assert events(s3) == [(event, "a")]
    assert s3.recorder.sent_to(QUEUE)[0].trace == TRACE
    assert s3.intents == []
    s3.recover()
    assert len(records(s3)) == 1


def test_s_142_a_marker_is_told_after_a_kill() -> None:
    s3 = with_versions(bucket(told(QUEUE, events=("s3:ObjectRemoved:*",))))
    version = s3("PUT", "/inbox/a", b"hello").headers["x-amz-version-id"]
    for target in ("/inbox/a", f"/inbox/a?versionId={version}"):
        with raising(s3.engine, "after", KilledError()), pytest.raises(KilledError):
            s3("DELETE", target)
        s3 = s3.restarted()
        s3.recover()
    assert [name for name, _ in events(s3)] == ["ObjectRemoved:DeleteMarkerCreated", "ObjectRemoved:Delete"]
    assert objects(s3)[1]["versionId"] == version


@pytest.mark.parametrize(("method", "body"), [("PUT", b"new"), ("DELETE", b"")])
def test_s_142_no_event_is_made_up_when_the_service_is_killed_before_the_engine_did_anything(
    method: str, body: bytes
) -> None:
    clock = [0.0]
    s3 = bucket(s3=S3(engine_time=lambda: clock[0]))
    s3("PUT", "/inbox/a", b"hello")
    s3.recorder.taken.clear()
    clock[0] = 2e10  # long after what was there had been written
    with raising(s3.engine, "before", KilledError()), pytest.raises(KilledError):
        s3(method, "/inbox/a", body)
    s3 = s3.restarted()
    s3.recover()
    assert s3.recorder.taken == []
    assert s3.intents == []


def test_s_142_a_call_whose_answer_is_lost_is_resolved_at_once() -> None:
    s3 = bucket()
    with raising(s3.engine, "after", GoneError()), pytest.raises(GoneError):
        s3("PUT", "/inbox/a", b"hello")
    assert events(s3) == [("ObjectCreated:Put", "a")]
    assert s3.intents == []


def test_s_142_what_cannot_be_resolved_at_once_is_before_the_next_call() -> None:
    s3 = bucket()

    def disappear() -> None:
        s3.engine.gone = True

    s3("PUT", "/inbox/a", b"hello")
    s3.engine.after = disappear
    with pytest.raises(GoneError):
        s3("PUT", "/inbox/a?tagging", b"<Tagging><TagSet><Tag><Key>a</Key><Value/></Tag></TagSet></Tagging>")
    assert len(s3.intents) == 1
    with pytest.raises(GoneError):
        s3("DELETE", "/inbox/a")
    s3.engine.gone = False
    s3.engine.after = lambda: None
    s3("DELETE", "/inbox/a")
    assert [name for name, _ in events(s3)] == ["ObjectCreated:Put", "ObjectTagging:Put", "ObjectRemoved:Delete"]
    assert s3.intents == []


def test_s_142_a_call_that_its_client_gives_up_is_followed_to_its_end() -> None:
    s3 = bucket()

    async def give_up() -> None:
        call = asyncio.create_task(s3.send("PUT", "/inbox/a", b"hello"))
        await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert s3.recorder.taken == []
        await asyncio.gather(*s3.events._followed)

    asyncio.run(give_up())
    assert events(s3) == [("ObjectCreated:Put", "a")]


def test_s_142_events_of_one_key_have_the_engines_order() -> None:
    s3 = bucket()

    async def at_once() -> None:
        calls = [s3.send("PUT", "/inbox/a", b"x" * size) for size in range(8)]
        calls += [s3.send("POST", "/inbox?delete", deletion("b", "a")), s3.send("DELETE", "/inbox/a")]
        await asyncio.gather(*calls)

    asyncio.run(at_once())
    sizes = [each["size"] for each in objects(s3) if "size" in each]
    assert sizes == list(range(8))
    assert events(s3)[-3:] == [("ObjectRemoved:Delete", key) for key in ("b", "a", "a")]
    assert s3.events._locks._locks == {}
