"""What S3 refuses and engines carry out, with moto's S3 behind; tests/contract has some of it, on both engines.

Sources: S3 User Guide, "Naming Amazon S3 objects", "Working with object metadata" and "Categorizing your objects using
tags"; S3 API Reference, CopyObject, CompleteMultipartUpload, DeleteObjects and PutObjectTagging.
"""

from collections.abc import Mapping
from email.utils import formatdate
from types import MappingProxyType
from typing import NamedTuple

import pytest

from landfast.eventplane import notification_xml
from landfast.eventplane.passing import EngineAnswer
from tests.eventplane.s3_engine import S3
from tests.eventplane.test_buckets import bucket, deletion, events, with_versions

TAG = b"<Tag><Key>a</Key><Value>1</Value></Tag>"
OLD, NEW = formatdate(0, usegmt=True), formatdate(4_000_000_000, usegmt=True)
ETAG = '"5d41402abc4b2a76b9719d911017c592"'
OTHER = '"0"'


class Call(NamedTuple):
    method: str
    target: str
    content: bytes = b""
    headers: Mapping[str, str] = MappingProxyType({})


def put(key: str = "a", **headers: str) -> Call:
    return Call("PUT", f"/inbox/{key}", b"hello", headers)


def copy(**headers: str) -> Call:
    return Call("PUT", "/inbox/copy", b"", {"x_amz_copy_source": "/inbox/there", **headers})


def completion(*parts: str) -> bytes:
    inner = "".join(f"<Part><PartNumber>{number}</PartNumber><ETag>e</ETag></Part>" for number in parts)
    return f"<CompleteMultipartUpload>{inner}</CompleteMultipartUpload>".encode()


def complete(*parts: str) -> Call:
    return Call("POST", "/inbox/a?uploadId=u", completion(*parts))


def answer(s3: S3, call: Call) -> EngineAnswer:
    return s3(call.method, call.target, call.content, **call.headers)


def code(answered: EngineAnswer) -> str:
    return notification_xml.text_of(notification_xml.parse(answered.content), "Code") or ""


@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        (put("k" * 1025), "KeyTooLongError"),
        (put("%C3%A9" * 513), "KeyTooLongError"),
        (put(x_amz_meta_ab="v" * 2047), "MetadataTooLarge"),
        (put(x_amz_acl="everybody"), "InvalidArgument"),
        (put(x_amz_tagging="a=1&a=2"), "InvalidTag"),
        (Call("PUT", "/inbox/there?tagging", b"<Tagging><TagSet>%b</TagSet></Tagging>" % (TAG * 2)), "InvalidTag"),
        (Call("PUT", "/inbox/there?tagging", b"no XML"), "MalformedXML"),
        (Call("PUT", "/inbox/there?tagging", b"<!DOCTYPE a><Tagging/>"), "MalformedXML"),
        (Call("PUT", "/inbox/there?tagging", b"<Tagging><TagSet><Tag/></TagSet></Tagging>"), "MalformedXML"),
        (copy(x_amz_copy_source=""), "InvalidArgument"),
        (copy(x_amz_copy_source="/inbox"), "InvalidArgument"),
        (Call("POST", "/inbox?delete", deletion(*map(str, range(1001)))), "MalformedXML"),
        (Call("POST", "/inbox?delete", deletion()), "MalformedXML"),
        (complete(), "MalformedXML"),
        (complete("one"), "MalformedXML"),
        (complete("1" * 5000), "MalformedXML"),
        (complete("2", "1"), "InvalidPartOrder"),
        (complete("1", "1"), "InvalidPartOrder"),
        (copy(x_amz_copy_source_if_match=OTHER), "PreconditionFailed"),
        (copy(x_amz_copy_source_if_none_match=ETAG), "PreconditionFailed"),
        (copy(x_amz_copy_source_if_modified_since=NEW), "PreconditionFailed"),
        (copy(x_amz_copy_source_if_unmodified_since=OLD), "PreconditionFailed"),
        (copy(x_amz_copy_source="inbox/th%65re", x_amz_copy_source_if_match=OTHER), "PreconditionFailed"),
        (copy(x_amz_copy_source_if_none_match=ETAG, x_amz_copy_source_if_modified_since=OLD), "PreconditionFailed"),
        (copy(if_match=ETAG), "NoSuchKey"),
    ],
)
def test_s_142_what_s3_refuses_is_not_done_and_not_told(call: Call, wanted: str) -> None:
    s3 = bucket()
    s3("PUT", "/inbox/there", b"hello")
    before = len(s3.engine.asked)
    assert code(answer(s3, call)) == wanted
    assert {method for method, _ in s3.engine.asked[before:]} <= {"HEAD"}
    assert events(s3) == [("ObjectCreated:Put", "there")]
    assert s3.intents == []


@pytest.mark.parametrize(
    ("call", "condition"),
    [
        (copy(if_none_match="*"), "If-None-Match"),
        (copy(if_match=OTHER), "If-Match"),
        (Call("POST", "/inbox/copy?uploadId=u", completion("1"), {"if_match": OTHER}), "If-Match"),
    ],
)
def test_s_142_an_object_that_is_there_keeps_others_from_its_place(call: Call, condition: str) -> None:
    s3 = bucket()
    for key in ("there", "copy"):
        s3("PUT", f"/inbox/{key}", b"hello")
    refused = answer(s3, call)
    assert (refused.status, code(refused)) == (412, "PreconditionFailed")
    assert f"<Condition>{condition}</Condition>".encode() in refused.content
    assert [name for name, _ in events(s3)] == ["ObjectCreated:Put"] * 2


@pytest.mark.parametrize(
    "call",
    [
        put("k" * 1024),
        put("%C3%A9" * 512),
        put(x_amz_meta_ab="v" * 2046),
        put(x_amz_acl="bucket-owner-full-control"),
        put(x_amz_tagging="a=1&b=1"),
        copy(x_amz_copy_source_if_match=f"{OTHER}, {ETAG}"),
        copy(x_amz_copy_source_if_match="*"),
        copy(x_amz_copy_source_if_none_match=OTHER),
        copy(x_amz_copy_source_if_modified_since=OLD),
        copy(x_amz_copy_source_if_unmodified_since=NEW),
        copy(x_amz_copy_source_if_match=ETAG, x_amz_copy_source_if_unmodified_since=OLD),
        copy(x_amz_copy_source_if_modified_since="whenever"),
        copy(if_none_match="*"),
    ],
)
def test_s_142_what_s3_takes_is_done_and_told(call: Call) -> None:
    s3 = bucket()
    s3("PUT", "/inbox/there", b"hello")
    assert answer(s3, call).status == 200
    assert len(events(s3)) == 2


def test_s_142_a_condition_is_about_the_version_that_is_to_be_copied() -> None:
    s3 = with_versions(bucket())
    version = dict(s3("PUT", "/inbox/there", b"hello").headers)["x-amz-version-id"]
    s3("PUT", "/inbox/there", b"something else")
    assert answer(s3, copy(x_amz_copy_source_if_match=ETAG)).status == 412
    source = f"/inbox/there?versionId={version}"
    assert answer(s3, copy(x_amz_copy_source=source, x_amz_copy_source_if_match=ETAG)).status == 200


def test_s_142_what_is_to_be_copied_and_is_not_there_is_left_to_the_engine() -> None:
    s3 = bucket()
    for source in ("/inbox/none", "/inbox/n\u00f6ne"):
        missing = copy(x_amz_copy_source=source, x_amz_copy_source_if_match=ETAG)
        assert code(answer(s3, missing)) == "NoSuchKey"
        assert s3.engine.asked[-1] == ("PUT", "/inbox/copy")


@pytest.mark.parametrize("call", [put("k" * 1025), copy(x_amz_copy_source_if_match=OTHER), complete("2", "1")])
def test_s_142_it_is_refused_in_buckets_of_which_nobody_is_told_as_well(call: Call) -> None:
    s3 = S3()
    s3("PUT", "/inbox")
    s3("PUT", "/inbox/there", b"hello")
    assert answer(s3, call).status in {400, 412}
    assert s3.recorder.taken == []


def test_a_condition_that_holds_lets_a_copy_into_a_bucket_of_which_nobody_is_told() -> None:
    s3 = S3()
    s3("PUT", "/inbox")
    s3("PUT", "/inbox/there", b"hello")
    assert answer(s3, copy(x_amz_copy_source_if_match=ETAG)).status == 200
    assert s3("GET", "/inbox/copy").content == b"hello"
    assert s3.intents == []
